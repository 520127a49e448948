// What an operator asks of Harvest Data's entries: the right ones for any bounds, and no query that goes through what lies outside them.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Sqlite from 'libsql';
import { expect, it, vi } from 'vitest';
import { Database } from '../../host/platform/index.js';
import { DataStore, type EntryQuery } from '../../host/platform/harvest/store.js';
import { RunningTime } from '../../host/platform/running-time.js';

const SIM = { operatorId: 'OP0012345678', resourceType: 'Subscriber', resourceId: '440103000000001' } as const;

const stored = (database: Database): DataStore =>
  new DataStore({
    ...{ database, retentionDays: 40, unixMs: () => 0 },
    running: new RunningTime(database, { now: () => 0 }),
  });

const time = fc.nat(9);
const category = fc.constantFrom('a', 'b', undefined);
const key = fc.oneof(
  time.map(String),
  fc.tuple(time, fc.nat(3)).map(([ms, n]) => `${ms}-${n}`),
);
const query: fc.Arbitrary<EntryQuery> = fc.record(
  {
    ...{ from: time, to: time, after: key, category: fc.constantFrom('a', 'b', 'c') },
    ...{ sort: fc.constantFrom('asc', 'desc'), limit: fc.integer({ min: 1, max: 8 }) },
  },
  { requiredKeys: [] },
);

/** The same by going through all of them. */
function expected(entries: readonly { ms: number; n: number; of: string | undefined }[], asked: EntryQuery): string[] {
  const [ms = NaN, n = NaN] = (asked.after ?? '').split('-').map((part) => (part === '' ? NaN : Number(part)));
  const up = asked.sort === 'asc';
  const isBehind = (one: { ms: number; n: number }): boolean => {
    if (asked.after === undefined) return true;
    if (one.ms !== ms) return one.ms > ms === up;
    return Number.isNaN(n) ? false : up ? one.n > n : one.n < n;
  };
  const found = entries
    .filter((one) => one.ms >= (asked.from ?? 0) && one.ms <= (asked.to ?? Infinity) && isBehind(one))
    .filter(({ of }) => asked.category === undefined || of === asked.category)
    .toSorted((a, b) => (a.ms - b.ms || a.n - b.n) * (up ? 1 : -1));
  return found.slice(0, asked.limit ?? 10).map((one) => `${one.ms}-${one.n}`);
}

it('any bounds, key, order and category give what a search through all entries gives', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ ms: time, of: category }), { maxLength: 30 }), fc.array(query), (made, asked) => {
      const data = stored(new Database());
      const counts = new Map<number, number>();
      const entries = made.map(({ ms, of }) => {
        const n = counts.get(ms) ?? 0;
        counts.set(ms, n + 1);
        data.add(SIM, [{ timeMs: ms, contentType: 'text/plain', content: `${ms}-${n}`, category: of }]);
        return { ms, n, of };
      });
      for (const one of asked) {
        expect(data.list(SIM, one).entries.map(({ content }) => content)).toEqual(expected(entries, one));
      }
    }),
    { numRuns: 150 },
  );
});

it.each<[string, EntryQuery, RegExp]>([
  ['the newest', {}, /PRIMARY KEY.*\(time_ms,sequence\)<\(\?,\?\)/],
  ['a time range', { from: 1, to: 2 }, /PRIMARY KEY.*time_ms>\? AND \(time_ms,sequence\)<\(\?,\?\)/],
  [
    'a time range, upwards',
    { from: 1, to: 2, sort: 'asc' },
    /PRIMARY KEY.*\(time_ms,sequence\)>\(\?,\?\) AND time_ms<\?/,
  ],
  ['a page', { after: '5-1', from: 1 }, /PRIMARY KEY.*time_ms>\? AND \(time_ms,sequence\)<\(\?,\?\)/],
  ['a category', { category: 'a', to: 3 }, /harvest_entries_category.*category=\?.*\(time_ms,sequence\)<\(\?,\?\)/],
])('%s is looked up, in its order', (_name, asked, plan) => {
  const file = join(mkdtempSync(join(tmpdir(), 'akari-')), 'platform.db');
  const database = new Database(file);
  const data = stored(database);
  const all = vi.spyOn(database, 'all');
  data.list(SIM, asked);
  const [[sql = '', ...values] = []] = all.mock.calls;
  database.close();
  const rows = new Sqlite(file).prepare(`EXPLAIN QUERY PLAN ${sql}`).all(values) as { readonly detail: string }[];
  // One step: nothing is sorted.
  expect(rows.map(({ detail }) => detail)).toEqual([expect.stringMatching(plan)]);
});
