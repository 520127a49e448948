// What Harvest Data keeps: pages, several writers, crashes; JSON text and times as property tests.

import fc from 'fast-check';
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { dataRoutes } from '../../host/platform/harvest/api.js';
import { elements, jsonPointer, valueAt } from '../../host/platform/harvest/json.js';
import { type DataEntry, DataStore, type Resource } from '../../host/platform/harvest/store.js';
import { unixMsOf } from '../../host/platform/harvest/time.js';
import { Database } from '../../host/platform/index.js';
import { RunningTime } from '../../host/platform/running-time.js';
import { Random } from '../../host/random.js';
import { IMSI } from './harness.js';
import { call, operator, OTHER } from './harvest-world.js';

const folder = mkdtempSync(join(tmpdir(), 'akari-harvest-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DEFAULT_LIMITS = { retentionDays: 40, unixMs: () => 1_700_000_000_000 };
const sim: Resource = { operatorId: 'OP0012345678', resourceType: 'Subscriber', resourceId: IMSI };
const entry = (timeMs: number, content = '{}') => ({ timeMs, contentType: 'application/json', content });
const store = (database = new Database()): DataStore =>
  new DataStore({ database, running: new RunningTime(database, { now: () => 0 }), ...DEFAULT_LIMITS });
const contents = (entries: readonly DataEntry[]): string[] => entries.map(({ content }) => content);

describe('the operator’s view', () => {
  function filled(): ReturnType<typeof dataRoutes> {
    const data = store();
    data.add(
      sim,
      [3, 1, 2, 2, 5].map((time, n) => entry(time * 1000, `{"n":${n}}`)),
    );
    data.add({ ...sim, resourceId: OTHER }, [entry(2000, '{"other":true}')]);
    data.add({ ...sim, operatorId: 'OP0099999999' }, [entry(2000, '{"stranger":true}')]);
    return dataRoutes(data);
  }
  const path = `/data/Subscriber/${IMSI}`;
  const listed = async (query = ''): Promise<unknown[]> =>
    ((await call(filled(), 'GET', path + query)).json as DataEntry[]).map(
      ({ content }) => (JSON.parse(content) as { n: number }).n,
    );

  it.each([
    ['', [4, 0, 3, 2, 1]],
    ['?sort=desc', [4, 0, 3, 2, 1]],
    ['?sort=asc', [1, 2, 3, 0, 4]],
    ['?from=2000', [4, 0, 3, 2]],
    ['?to=2000&sort=asc', [1, 2, 3]],
    ['?from=2000&to=3000&sort=asc', [2, 3, 0]],
    ['?from=2001&to=2999', []],
    ['?limit=2', [4, 0]],
    ['?limit=2&last_evaluated_key=3000', [3, 2]],
    ['?sort=asc&last_evaluated_key=2000', [0, 4]],
    ['?sort=asc&last_evaluated_key=2000-0', [3, 0, 4]],
  ])('GET …%s: %j', async (query, order) => {
    expect(await listed(query)).toEqual(order);
  });

  it('the keys of the pages lead through all entries once, whatever the page’s size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 25 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom('asc', 'desc'),
        async (times, limit, sort) => {
          const data = store();
          data.add(
            sim,
            times.map((time, n) => entry(time, String(n))),
          );
          const routes = dataRoutes(data);
          const seen: DataEntry[] = [];
          let next = `${path}?sort=${sort}&limit=${limit}`;
          for (let page = 0; next !== '' && page < 30; page++) {
            const { json, headers } = await call(routes, 'GET', next);
            seen.push(...(json as DataEntry[]));
            const key = headers['x-soracom-next-key'];
            const link = /^<\/?(.*)>; rel=next$/.exec(headers['link'] ?? '')?.[1] ?? '';
            if (key !== undefined) expect(link).toContain(`last_evaluated_key=${key}`);
            next = link === '' ? '' : `/${link}`;
          }
          const order = times.map((time, n) => ({ time, n })).sort((a, b) => a.time - b.time || a.n - b.n);
          if (sort === 'desc') order.reverse();
          expect(contents(seen)).toEqual(order.map(({ n }) => String(n)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('one entry by its time; of several of one millisecond the newest; deletion takes all of it', async () => {
    const routes = filled();
    expect(await call(routes, 'GET', `${path}/3000`)).toMatchObject({
      status: 200,
      json: {
        time: 3000,
        content: '{"n":0}',
        contentType: 'application/json',
        resourceType: 'Subscriber',
        resourceId: IMSI,
      },
    });
    expect(await call(routes, 'GET', `${path}/2000`)).toMatchObject({ json: { content: '{"n":3}' } });
    expect(await call(routes, 'DELETE', `${path}/2000`)).toMatchObject({ status: 204 });
    expect(await call(routes, 'DELETE', `${path}/2000`)).toMatchObject({ status: 404, json: { code: 'HVD0001' } });
    expect(await call(routes, 'GET', `${path}/2000`)).toMatchObject({ status: 404 });
    expect(await call(routes, 'GET', `/data/Subscriber/${OTHER}/2000`)).toMatchObject({ status: 200 });
    const stranger = operator('OP0099999999');
    expect(await call(routes, 'GET', `${path}/2000`, { caller: stranger })).toMatchObject({ status: 200 });
  });

  it('the older address gives the same list', async () => {
    const routes = filled();
    const older = await call(routes, 'GET', `/subscribers/${IMSI}/data?limit=3`);
    expect(older.json).toEqual((await call(routes, 'GET', `${path}?limit=3`)).json);
  });

  it('another operator sees nothing of it and deletes nothing', async () => {
    const routes = filled();
    const caller = operator('OP0000000001');
    expect(await call(routes, 'GET', path, { caller })).toMatchObject({ status: 200, json: [] });
    expect(await call(routes, 'GET', `${path}/3000`, { caller })).toMatchObject({ status: 404 });
    expect(await call(routes, 'DELETE', `${path}/3000`, { caller })).toMatchObject({ status: 404 });
    expect(await call(routes, 'GET', `${path}/3000`)).toMatchObject({ status: 200 });
  });

  it.each(['?limit=x', '?limit=1e3', '?sort=up', '?from=-1', '?last_evaluated_key=1-2-3', '?to=1&to=2'])(
    '%s: 400',
    async (query) => {
      expect((await call(filled(), 'GET', path + query)).status).toBe(400);
    },
  );

  it('a type or time that cannot be: 400', async () => {
    expect((await call(filled(), 'GET', `/data/subscriber/${IMSI}`)).status).toBe(400);
    expect((await call(filled(), 'GET', `${path}/yesterday`)).status).toBe(400);
    expect((await call(filled(), 'DELETE', `${path}/1%20OR%201`)).status).toBe(400);
  });

  it('the category sorts out', () => {
    const data = store();
    data.add(sim, [entry(1), { ...entry(2), category: 'a' }, { ...entry(3), category: 'b' }]);
    expect(data.list(sim, { category: 'a' }).entries).toMatchObject([{ time: 2, category: 'a' }]);
    expect(data.list(sim).entries[2]).not.toHaveProperty('category');
  });
});

/** Writes entries n = 0, 1, .. of `imsi`, telling each that is acknowledged, until it is killed or has written `count`. */
function writer(file: string, imsi: string, count: number): ChildProcess {
  const script = fileURLToPath(new URL('harvest-writer.mjs', import.meta.url));
  return fork(script, [file, imsi, String(count)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

describe('several processes and crashes', () => {
  it('two writers at once on one file and one SIM: nothing lost, nothing twice', async () => {
    const file = join(folder, 'two.db');
    const count = 300;
    const writers = [writer(file, IMSI, count), writer(file, IMSI, count)];
    const codes = await Promise.all(writers.map((child) => new Promise((resolve) => child.once('exit', resolve))));
    expect(codes).toEqual([0, 0]);
    const { entries } = store(new Database(file)).list(sim, { limit: 1000 });
    expect(entries).toHaveLength(2 * count);
    const perNumber = new Map<string, number>();
    for (const content of contents(entries)) perNumber.set(content, (perNumber.get(content) ?? 0) + 1);
    expect(new Set(perNumber.values())).toEqual(new Set([2]));
  });

  it('what was acknowledged is there after SIGKILL at any instant, whole and in its batch', async () => {
    const file = join(folder, 'killed.db');
    const random = new Random('harvest SIGKILL');
    let acknowledged = 0;
    for (let round = 0; round < 8; round++) {
      const child = writer(file, `${IMSI.slice(0, -1)}${round}`, 100_000);
      let last = -1;
      let killAt = 1 + random.below(60);
      await new Promise((resolve) => {
        child.on('message', (n: number) => {
          last = n;
          // Not at the message itself, which would always be the same place in the writer's work.
          if (n >= killAt && killAt > 0) {
            killAt = 0;
            const until = process.hrtime.bigint() + BigInt(random.below(1_500_000));
            while (process.hrtime.bigint() < until);
            child.kill('SIGKILL');
          }
        });
        child.once('exit', resolve);
      });
      const data = store(new Database(file));
      const { entries } = data.list(
        { ...sim, resourceId: `${IMSI.slice(0, -1)}${round}` },
        { sort: 'asc', limit: 1000 },
      );
      const numbers = entries.map(({ content }) => JSON.parse(content) as { n: number; part: number });
      expect(last, `round ${round}`).toBeGreaterThanOrEqual(0);
      // Each write is a batch of three: it is there as a whole or not at all.
      expect(numbers.length % 3, `round ${round}`).toBe(0);
      expect(numbers.length / 3, `round ${round}`).toBeGreaterThanOrEqual(last + 1);
      numbers.forEach(({ n, part }, at) => expect([n, part]).toEqual([Math.floor(at / 3), at % 3]));
      acknowledged += last + 1;
    }
    expect(acknowledged).toBeGreaterThan(20);
  });
});

describe('JSON pointers on text', () => {
  const json = fc.json({ maxDepth: 4 });
  const spaced = (value: unknown, indent: string): string => JSON.stringify(value, undefined, indent);

  it('find what JSON.parse finds, in any layout', () => {
    const step = fc.oneof(fc.string(), fc.nat(4).map(String), fc.constantFrom('', 'a', '~', '/', '__proto__', '"'));
    fc.assert(
      fc.property(
        json,
        fc.array(step, { maxLength: 4 }),
        fc.constantFrom('', ' ', '\t', '\n'),
        (text, tokens, indent) => {
          const value = JSON.parse(text) as unknown;
          const layout = spaced(value, indent);
          const pointer = tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
          expect(jsonPointer(pointer)).toEqual(tokens);
          let expected: unknown = value;
          for (const token of tokens) {
            const below = expected as Record<string, unknown> | null | undefined;
            expected =
              typeof below === 'object' && below !== null && Object.hasOwn(below, token) && token !== 'length'
                ? below[token]
                : undefined;
          }
          const found = valueAt(layout, tokens);
          expect(found === undefined ? undefined : JSON.parse(found)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reach what is there: every path of a value', () => {
    const paths = (value: unknown, path: string[] = []): [string[], unknown][] =>
      typeof value !== 'object' || value === null
        ? [[path, value]]
        : [
            [path, value] as [string[], unknown],
            ...Object.entries(value).flatMap(([key, below]) => paths(below, [...path, key])),
          ];
    fc.assert(
      fc.property(json, (text) => {
        const value = JSON.parse(text) as unknown;
        for (const [path, below] of paths(value)) expect(JSON.parse(valueAt(text, path) ?? '"none"')).toEqual(below);
      }),
      { numRuns: 300 },
    );
  });

  it('take an array apart without changing a byte', () => {
    fc.assert(
      fc.property(fc.array(json), fc.constantFrom('', ' ', '\r\n\t'), (parts, space) => {
        const text = `[${parts.map((part) => `${space}${part.trim()}${space}`).join(',')}]`;
        expect(elements(text)).toEqual(parts.map((part) => part.trim()));
      }),
    );
    expect(elements('{"a":[]}')).toBeUndefined();
  });

  // RFC 6901, 5.
  const document = '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}';
  it.each([
    ['', document],
    ['/foo', '["bar","baz"]'],
    ['/foo/0', '"bar"'],
    ['/', '0'],
    ['/a~1b', '1'],
    ['/c%d', '2'],
    ['/e^f', '3'],
    ['/g|h', '4'],
    ['/i\\j', '5'],
    ['/k"l', '6'],
    ['/ ', '7'],
    ['/m~0n', '8'],
  ])('RFC 6901: %j', (pointer, value) => {
    expect(valueAt(document, jsonPointer(pointer) ?? ['none'])).toBe(value);
  });

  it.each(['foo', '/~', '/~2', '#/foo'])('%j is no pointer', (text) => expect(jsonPointer(text)).toBeUndefined());
  it.each(['/foo/00', '/foo/-', '/foo/2', '/foo/bar', '/foo/0/0'])('%j points at nothing', (text) => {
    expect(valueAt(document, jsonPointer(text) ?? [])).toBeUndefined();
  });
});

describe('times', () => {
  it('every moment from 1970 to 9999 survives its ISO 8601 form, in any zone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 253_402_300_799_999 }),
        fc.integer({ min: -1439, max: 1439 }),
        (ms, zone) => {
          expect(unixMsOf(new Date(ms).toISOString(), 'iso-8601')).toBe(ms);
          const local = ms + zone * 60_000;
          if (local < 0 || local > 253_402_300_799_999) return;
          const two = (n: number): string => String(Math.floor(Math.abs(n))).padStart(2, '0');
          const offset = `${zone < 0 ? '-' : '+'}${two(zone / 60)}:${two(Math.abs(zone) % 60)}`;
          expect(unixMsOf(new Date(local).toISOString().replace('Z', offset), 'iso-8601')).toBe(ms);
        },
      ),
    );
  });

  it.each([
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2024-09-02T12:34', Date.UTC(2024, 8, 2, 12, 34)],
    ['2024-09-02 12:34:56', Date.UTC(2024, 8, 2, 12, 34, 56)],
    ['2024-09-02T12:34:56,7Z', Date.UTC(2024, 8, 2, 12, 34, 56, 700)],
    ['2024-09-02T12:34:56.123456789Z', Date.UTC(2024, 8, 2, 12, 34, 56, 123)],
    ['20240902T123456Z', Date.UTC(2024, 8, 2, 12, 34, 56)],
    ['2024-09-02T12:34:56+09', Date.UTC(2024, 8, 2, 3, 34, 56)],
    ['2000-12-31T23:59:59Z', Date.UTC(2000, 11, 31, 23, 59, 59)],
  ])('%s', (text, ms) => expect(unixMsOf(text, 'iso-8601')).toBe(ms));

  it.each([
    '2023-02-29',
    '2024-13-01',
    '2024-00-01',
    '2024-01-00',
    '2024-04-31',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:60Z',
    '2024-01-01T00:00:00+24:00',
    '2024-01-01T00:00:00+00:60',
    '1969-12-31T23:59:59Z',
    '24-01-01',
    'yesterday',
    '',
  ])('%j is no time', (text) => expect(unixMsOf(text, 'iso-8601')).toBeUndefined());

  it('anything else never throws', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom('iso-8601', 'unix-seconds', 'unix-milliseconds'), (value, format) => {
        const ms = unixMsOf(value, format);
        if (ms !== undefined) expect(Number.isSafeInteger(ms)).toBe(true);
      }),
    );
  });
});
