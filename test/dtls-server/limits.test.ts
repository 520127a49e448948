// Who fills what the server keeps loses what is his own: others do not notice.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../host/bytes.js';
import { SECOND } from '../../host/clock/clock.js';
import { LimitedMap } from '../../host/dtls/limited-map.js';
import { DTLS_LIMITS } from '../../host/dtls/limits.js';
import { DtlsState, loadKit } from '../../host/kit/index.js';
import { message, record, u16, u8, vector16, vector8 } from '../dtls/wire.js';
import { ascii, KEY, Line } from './line.js';

const kit = await loadKit();
const OTHER = 'd-another0another0anot';

function helloBody(random: number, cookie = new Uint8Array()): Uint8Array {
  return concat(
    ...[u16(0xfefd), new Uint8Array(32).fill(random), vector8(new Uint8Array()), vector8(cookie)],
    ...[vector16(u16(0xc0a8)), vector8(u8(0))],
  );
}

/** A hostile client that begins a handshake with a good cookie, and leaves it. */
function leave(line: Line, path: string, random: number): void {
  const say = (datagram: Uint8Array): Uint8Array[] => {
    const back: Uint8Array[] = [];
    line.server.receive(datagram, { key: path, send: (out) => void back.push(out) });
    return back;
  };
  const [verify] = say(record(22, 0, 0, message({ type: 1, sequence: 0, body: helloBody(random) })));
  const cookie = (verify ?? new Uint8Array()).slice(13 + 12 + 3);
  say(record(22, 0, 1, message({ type: 1, sequence: 1, body: helloBody(random, cookie) })));
}

describe('handshakes that are left half done', () => {
  it('of one host are so many at most; a handshake of another host goes on', async () => {
    const line = new Line(kit);
    line.begin({});
    await line.run(() => line.server.counts.handshakes === 1);
    for (let i = 0; i < 3000; i++) leave(line, `6.6.6.6:${1000 + i}`, i & 0xff);
    expect(line.server.counts.handshakes).toBe(DTLS_LIMITS.handshakesPerHost + 1);
    expect(await line.run(() => line.client.dtlsStatus().state === DtlsState.Open, 10 * SECOND)).toBe(true);
    expect(await line.talk('here')).toBe(true);
  });

  it('of many hosts are so many at most; the host that has most makes room, and no other', async () => {
    const line = new Line(kit, { limits: { handshakes: 100, handshakesPerHost: 40 } });
    line.begin({});
    await line.run(() => line.server.counts.handshakes === 1);
    for (let i = 0; i < 2000; i++) leave(line, `6.6.6.${i % 20}:${i}`, i & 0xff);
    expect(line.server.counts.handshakes).toBe(100);
    expect(await line.run(() => line.client.dtlsStatus().state === DtlsState.Open, 10 * SECOND)).toBe(true);
  });

  it('ClientHellos in fragments: those of one host do not push out those of another', async () => {
    const line = new Line(kit);
    const body = helloBody(7);
    const back: Uint8Array[] = [];
    const say = (fragment: Uint8Array, path: string): void =>
      line.server.receive(record(22, 0, 0, fragment), { key: path, send: (out) => void back.push(out) });
    say(message({ type: 1, sequence: 0, body }, 0, 20), '7.7.7.7:7');
    for (let i = 0; i < 1000; i++) say(message({ type: 1, sequence: 0, body }, 0, 10), `6.6.6.6:${1000 + i}`);
    expect(back).toEqual([]);
    say(message({ type: 1, sequence: 0, body }, 20), '7.7.7.7:7');
    // HelloVerifyRequest
    expect(back.map((one) => one[13])).toEqual([3]);
  });
});

it('associations and sessions of one identity are so many at most, the one silent for longest is told that it is over; others stay', async () => {
  const [hostile, good] = [await loadKit(), await loadKit()];
  const line = new Line(hostile, { keys: { [OTHER]: KEY, good: KEY } });
  const goodLine = new Line(good, { keys: { good: KEY } });
  goodLine.path = '10.0.0.2:1';
  // Both at one server, on one clock.
  goodLine.server = line.server;
  const datagrams: Uint8Array[] = [];
  const exchange = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) {
      for (let out = good.dtlsOutput(); out !== undefined; out = good.dtlsOutput()) {
        line.server.receive(out, { key: '10.0.0.2:1', send: (back) => void datagrams.push(back.slice()) });
      }
      for (const one of datagrams.splice(0)) good.dtlsReceive(0, one);
    }
    await line.run(() => false, SECOND);
  };
  good.dtlsNew({});
  good.dtlsBegin(0, line.random.bytes(32), ascii('good'), KEY);
  await exchange();
  expect(good.dtlsStatus().state).toBe(DtlsState.Open);
  for (let i = 0; i < 30; i++) {
    line.path = `6.6.6.6:${1000 + i}`;
    expect(await line.handshake({ withoutCid: i % 2 === 0 }, KEY, OTHER)).toBe(DtlsState.Open);
  }
  const { associationsPerIdentity, sessionsPerIdentity } = DTLS_LIMITS;
  expect(line.server.counts).toEqual({
    ...{ open: associationsPerIdentity + 1, handshakes: 0, sessions: sessionsPerIdentity + 1 },
  });
  expect(line.ended).toEqual(Array(30 - associationsPerIdentity).fill('evicted'));
  // An alert to the first of them.
  const told = line.wire.filter(({ from, path }) => from === 'server' && path === '6.6.6.6:1000').at(-1);
  expect(told?.datagram[0]).toBe(21);
  good.dtlsWrite(ascii('still here'));
  await exchange();
  expect(line.atServer).toContain('still here');
});

it('a map with limits holds to them, and takes from nobody but who has too many', () => {
  const operation = fc.record({ key: fc.nat(30), group: fc.constantFrom('a', 'b', 'c'), isSet: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 200 }),
      fc.constantFrom('largest' as const, 'oldest' as const),
      (all, makesRoom) => {
        const limits = { each: 4, all: 9, makesRoom };
        const map = new LimitedMap<string, string>(limits, (_key, group) => group);
        const model = new Map<string, string>();
        const count = (group: string): number => [...model.values()].filter((one) => one === group).length;
        for (const { key, group, isSet } of all) {
          const name = `${group}${key}`;
          if (!isSet) {
            expect(map.delete(name)).toBe(model.delete(name));
            continue;
          }
          model.delete(name);
          model.set(name, group);
          const most = Math.max(...['a', 'b', 'c'].map(count));
          for (const [gone, of] of map.set(name, group)) {
            expect(gone).not.toBe(name);
            if (count(of) <= limits.each && makesRoom === 'largest') expect(count(of)).toBe(most);
            expect(model.delete(gone)).toBe(true);
          }
          expect([...map.entries()]).toEqual([...model]);
          expect(model.size).toBeLessThanOrEqual(limits.all);
          expect(count(group)).toBeLessThanOrEqual(limits.each);
        }
      },
    ),
  );
});
