// What devices and servers say reaches a terminal as text: it neither acts on the terminal nor looks like a line of ours.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import binaryen from 'binaryen';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { platformCommand } from '../../host/cli/commands/platform.js';
import { complain, complainOfFault, JobError, Output } from '../../host/cli/output.js';
import { Story } from '../../host/cli/story.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { visible } from '../../host/visible.js';
import { akari } from './akari.js';

/** First and last code points that must not reach a terminal: controls, separators, bidirectional and invisible characters. */
const FORBIDDEN = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x600, 0x605],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
] as const;

/** Of the text, line feeds apart. */
function forbiddenIn(text: string): string[] {
  return [...text]
    .map((character) => character.codePointAt(0) ?? 0)
    .filter((point) => point !== 0x0a && FORBIDDEN.some(([first, last]) => point >= first && point <= last))
    .map((point) => point.toString(16));
}

/** What a hostile device would say: any character, those that a terminal obeys more often than others. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc
        .constantFrom(...FORBIDDEN.flatMap(([first, last]) => [first, last]))
        .map((point) => String.fromCodePoint(point)),
      fc.constantFrom(
        '\x1b]0;owned\x07',
        '\x1b[2J',
        '\n     9.999  session open: 127.64.0.1',
        '\u009b31m',
        '\u202e',
        '\r',
      ),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe('text for a terminal', () => {
  it('has no character that a terminal obeys or hides, and stays the text it was elsewhere', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = visible(text);
        expect(forbiddenIn(shown)).toEqual([]);
        expect(shown).not.toContain('\n');
        if (forbiddenIn(text).length === 0 && !text.includes('\n') && !/[\p{Cf}\p{DI}]/u.test(text))
          expect(shown).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('as JSON holds the same value', () => {
    fc.assert(
      fc.property(fc.anything({ key: hostile, values: [hostile] }), (value) => {
        const json = JSON.stringify(value);
        if (json === undefined) return;
        expect(JSON.parse(visible(json))).toEqual(JSON.parse(json));
      }),
    );
  });

  it.each([
    ['\x1b]0;owned\x07', '\\u001b]0;owned\\u0007'],
    ['a\nb\tc\r', 'a\\nb\\tc\\r'],
    ['\u009b2J', '\\u009b2J'],
    ['abc\u202egpj', 'abc\\u202egpj'],
    ['\u{e0041}', '\\udb40\\udc41'],
    ['東京 é ñ 😀', '東京 é ñ 😀'],
  ])('%j is shown as %s', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });
});

describe('errors on standard error', () => {
  afterEach(() => vi.restoreAllMocks());

  it('are lines of ours only', () => {
    let told = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => ((told += String(chunk)), true));
    fc.assert(
      fc.property(hostile, (text) => {
        told = '';
        complain(text, ['more', text]);
        expect([forbiddenIn(told), told.split('\n').length]).toEqual([[], 4]);
        told = '';
        complainOfFault(new Error(text));
        expect(forbiddenIn(told)).toEqual([]);
        const [first, ...frames] = told.trimEnd().split('\n');
        expect(first).toBe(`akari: Error: ${visible(text)}`);
        for (const frame of frames) expect(frame).toMatch(/^ {4}at /);
      }),
    );
  });
});

/** One event of each kind, every text in it hostile. */
const events = (t: string): readonly object[] => [
  { type: 'contact', event: t },
  { type: 'atr', bytes: t },
  { type: 'apdu', name: t, header: t, command: t, response: t, sw: t },
  { type: 'at', from: 'device', text: t },
  { type: 'at', from: 'modem', text: Buffer.from(t).toString('hex'), data: true },
  { type: 'nas', from: 'modem', message: t, fields: { [t]: t } },
  { type: 'aka', side: 'modem', ok: false, step: t, fields: { [t]: t } },
  { type: 'registration', state: t, cause: 3 },
  { type: 'session', event: t, imsi: t, ip: t, apn: t, reason: t },
  { type: 'dns', name: t, error: t },
  { type: 'socket', id: 1, event: t, remote: t, error: t },
  { type: 'http', kind: 'request', leg: 'device', method: t, url: t, headers: [[t, t]], body: t },
  { type: 'http', kind: 'response', leg: 'customer', status: 200, headers: [[t, t]], body: t },
  { type: 'service', service: t, event: t, status: 500, reason: t },
  { type: 'verified', ok: true, imsi: t, body: t },
  { type: 'verified', ok: false, reason: t, body: t },
  { type: 'board', app: t, event: t, cause: t, reason: t },
  { type: 'log', level: 'error', text: t },
  { type: 'impairment', event: t },
];

describe('the story', () => {
  const told = (text: string, color: boolean): string[] => {
    const lines: string[] = [];
    const output = new Output(false, (line) => lines.push(line), color);
    const story = new Story((...line) => output.text(...line));
    for (const event of events(text)) story.sink({ t: 0, ...event } as unknown as TraceEvent);
    return lines;
  };

  it('of any event has one line for each thing that it tells, and nothing that a terminal obeys', () => {
    const plain = told('x', false).length;
    fc.assert(
      fc.property(hostile, (text) => {
        // Data of the AT dialogue is shown line by line.
        const atLines = text.split(/\r?\n/).filter((line) => line !== '').length - 1;
        const lines = told(text, false);
        expect(forbiddenIn(lines.join(''))).toEqual([]);
        expect(lines.some((line) => line.includes('\n'))).toBe(false);
        expect(lines.length).toBeLessThanOrEqual(plain + 2 * Math.max(0, atLines));
      }),
    );
  });

  it('colours its own text, and no text of others can', () => {
    const ours = /\x1b\[\d+m/g; // eslint-disable-line no-control-regex
    const count = (text: string): number => (told(text, true).join('').match(ours) ?? []).length;
    expect(count('\x1b[31mred')).toBe(count('red'));
  });

  it('as lines of JSON is the same JSON without such characters', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const event of events(text)) {
          const line = toJsonLine(event as unknown as TraceEvent);
          expect(forbiddenIn(line)).toEqual([]);
          expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(event)));
        }
      }),
    );
  });
});

describe('akari run', () => {
  it('prints what an app logs as text', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'akari-test-'));
    try {
      const text = '\x1b]0;owned\x07\n     9.999  info   forged';
      const data = [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
      const module = binaryen.parseText(`(module
        (import "board" "log" (func $log (param i32 i32 i32)))
        (memory (export "memory") 1) (data (i32.const 16) "${data}")
        (func (export "board_abi") (result i32) (i32.const 1))
        (func (export "setup") (call $log (i32.const 1) (i32.const 16) (i32.const ${Buffer.byteLength(text)})))
        (func (export "loop") (result i32) (i32.const -1)))`);
      const app = join(folder, 'liar.wasm');
      writeFileSync(app, module.emitBinary());
      const { stdout, stderr, code } = await akari(['run', app, '--for', '1s']);
      expect([code, stderr]).toEqual([0, '']);
      expect(forbiddenIn(stdout)).toEqual([]);
      expect(stdout.split('\n')[0]).toContain('\\u001b]0;owned\\u0007\\n     9.999  info   forged');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Answers as the management API does, with `text` wherever there is text. */
const answerTo = (path: string, t: string): unknown => {
  const subscriber = {
    ...{ imsi: t, status: t, speedClass: t, groupId: t, tags: { name: t, [t]: t } },
    sessionStatus: { online: true, ueIpAddress: t },
  };
  const group = { groupId: t, tags: { name: t }, configuration: { [t]: { [t]: t } } };
  const device = { deviceId: t, endpoint: t, online: false };
  const tables: readonly (readonly [RegExp, unknown])[] = [
    [/^\/v1\/auth$/, { apiKey: 'key', token: 'token', operatorId: t }],
    [/^\/v1\/(subscribers|groups\/1\/subscribers)$/, [subscriber, subscriber]],
    [/^\/v1\/subscribers\//, subscriber],
    [/^\/v1\/groups$/, [group]],
    [/^\/v1\/groups\//, group],
    [/^\/v1\/credentials$/, [{ credentialsId: t, type: t, description: t }]],
    [/^\/v1\/credentials\//, { credentialsId: t, type: t, description: t }],
    [/^\/v1\/data\//, [{ time: 0, content: t, [t]: t }]],
    [/^\/v1\/files$/, [{ filePath: t, contentLength: 3 }]],
    [/^\/v1\/devices$/, [device]],
    [/^\/v1\/devices\/1\/requests$/, [{ requestId: t, state: t, operation: t, path: t, code: { [t]: t } }]],
    [/^\/v1\/device_object_models$/, [{ id: t, name: t }]],
    [/^\/v1\//, device],
  ];
  return tables.find(([pattern]) => pattern.test(path))?.[1];
};

const VERBS: readonly (readonly string[])[] = [
  ['auth'],
  ['subscribers', 'list'],
  ['subscribers', 'list', '--group', '1'],
  ['subscribers', 'get', '1'],
  ['subscribers', 'activate', '1'],
  ['subscribers', 'tags', '1', 'a=b'],
  ['subscribers', 'group', '1', '2'],
  ['groups', 'list'],
  ['groups', 'get', '1'],
  ['groups', 'configure', '1', 'SoracomAir', 'a=1'],
  ['credentials', 'list'],
  ['data', 'get', '1'],
  ['files', 'list'],
  ['devices', 'list'],
  ['devices', 'get', '1'],
  ['devices', 'read', '1', '/3/0'],
  ['devices', 'readings', '1'],
  ['devices', 'requests', '1'],
  ['devices', 'models', 'list'],
  ['devices', 'rotate', '1'],
];

describe('akari platform', () => {
  let server: Server;
  let api: string;
  let text = 'x';
  let refusal: number | undefined;
  let raw: string | undefined;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://x').pathname;
      request.resume();
      const status = path === '/v1/auth' || path === '/v1/auth/logout' ? 200 : (refusal ?? 200);
      response.writeHead(status, { 'content-type': 'application/json' });
      if (raw !== undefined && path !== '/v1/auth/logout') response.end(raw);
      else response.end(JSON.stringify(status === 200 ? answerTo(path, text) : { code: text, message: text }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    vi.stubEnv('AKARI_AUTH_KEY_ID', 'keyId-x').stubEnv('AKARI_AUTH_KEY', 'secret-x');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    server.close();
    server.closeAllConnections();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    refusal = raw = undefined;
  });

  /** Both streams, as they would reach the terminal. */
  async function printed(args: readonly string[]): Promise<{ out: string; error: unknown }> {
    let out = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((out += String(chunk)), true));
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => ((out += String(chunk)), true));
    let error: unknown;
    try {
      await platformCommand().parseAsync([...args, '--api', api], { from: 'user' });
    } catch (thrown) {
      error = thrown;
      complain((thrown as Error).message);
    }
    vi.restoreAllMocks();
    return { out, error };
  }

  it.each(VERBS.map((verb) => [verb] as const))(
    '%j prints whatever the server says as text, on as many lines as ever',
    async (args) => {
      for (const json of [[], ['--json']]) {
        text = 'x';
        const plain = await printed([...args, ...json]);
        expect(plain.error).toBeUndefined();
        const lines = plain.out.split('\n').length;
        await fc.assert(
          fc.asyncProperty(hostile, async (said) => {
            text = said;
            const { out, error } = await printed([...args, ...json]);
            expect(error).toBeUndefined();
            expect(forbiddenIn(out)).toEqual([]);
            // Tags of one name are one tag.
            if (said !== 'name') expect(out.split('\n').length).toBe(lines);
          }),
          { numRuns: 15 },
        );
      }
    },
  );

  it('prints the reason of a refusal as text on one line', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom(...VERBS.slice(1)), async (said, args) => {
        text = said;
        refusal = 400;
        const { out, error } = await printed(args);
        expect(error).toBeInstanceOf(JobError);
        expect([forbiddenIn(out), out.split('\n').length]).toEqual([[], 2]);
      }),
      { numRuns: 60 },
    );
  });

  it.each(VERBS.map((verb) => [verb] as const))(
    '%j says that this is not the management API when the answer is something else',
    async (args) => {
      for (const body of ['', '{', 'null', '[]', '{}', '[null]', '[{}]', '"x"', '[[1]]', '\x1b[2J']) {
        raw = body;
        const { out, error } = await printed(args);
        if (error === undefined) continue; // an empty list is a list
        expect([body, error]).toEqual([body, expect.any(JobError)]);
        expect(out).toMatch(/does not answer as the management API: /);
        expect(forbiddenIn(out)).toEqual([]);
      }
    },
  );

  it('auth prints two lines that a shell may evaluate, or ends with an error', async () => {
    const { out } = await printed(['auth']);
    expect(out).toBe('export AKARI_API_KEY=key\nexport AKARI_TOKEN=token\n');
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), hostile, fc.constantFrom('x; touch FILE; :', '$(id)', '`id`', "a'b", 'a b', 'a\nb', '')),
        fc.boolean(),
        async (value, isToken) => {
          raw = JSON.stringify({
            apiKey: 'key',
            token: 'token',
            operatorId: 'o',
            [isToken ? 'token' : 'apiKey']: value,
          });
          const { out: said, error } = await printed(['auth']);
          if (/^[\w.~-]+$/.test(value) && !value.includes('\n')) {
            expect(said.split('\n')[isToken ? 1 : 0]).toBe(
              `export ${isToken ? 'AKARI_TOKEN' : 'AKARI_API_KEY'}=${value}`,
            );
          } else {
            expect(error).toBeInstanceOf(JobError);
            expect(said).not.toMatch(/export/);
          }
        },
      ),
      { numRuns: 80 },
    );
  });
});
