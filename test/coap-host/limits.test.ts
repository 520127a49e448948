// What one conversation, and all of them, may take: the answer is CoAP's own, and what is given back is there for others.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import {
  COAP_LIMITS,
  CoapPeer,
  type CoapResponse,
  emit,
  Method,
  Option,
  parse,
  uintOption,
} from '../../host/coap/index.js';
import { blockOption } from '../../host/coap/options.js';
import { HeldBytes } from '../../host/platform/held.js';
import { Random } from '../../host/random.js';
import { answer, type Handle, Pair } from './peers.js';

/** Promises that are resolved have called what waits for them. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A server with raw messages of the other side. */
function serving(handle: Handle, clock = new VirtualClock(0), held?: { of: HeldBytes; caller: string }) {
  const sent: ReturnType<typeof parse>[] = [];
  const peer = new CoapPeer({
    ...{ clock, random: new Random('server'), handle },
    ...(held && { room: held.of.of(held.caller) }),
    send: (bytes) => void sent.push(parse(bytes)),
  });
  let mid = 0;
  const codes = (): string[] => sent.flatMap((one) => ('code' in one && one.code !== '0.00' ? [one.code] : []));
  const say = (
    type: 'CON' | 'NON',
    options: readonly { number: number; value: Uint8Array }[] = [],
    payload = Buffer.alloc(0),
  ): void =>
    peer.receive(
      emit({ type, code: Method.Post, mid: ++mid, token: Buffer.of(mid >> 8, mid & 0xff), options, payload }),
    );
  return { clock, peer, codes, say };
}

describe('requests that are answered at once', () => {
  it.each(['CON', 'NON'] as const)(
    'are so many at most (%s): one more is 4.29, and there is room when one is answered',
    async (type) => {
      const waiting: ((response: CoapResponse) => void)[] = [];
      const { clock, codes, say } = serving(() => new Promise((resolve) => waiting.push(resolve)));
      for (let i = 0; i < 50; i++) say(type);
      await clock.run({ deadline: clock.now() + 100 });
      expect(waiting.length).toBe(COAP_LIMITS.answering);
      expect(codes()).toEqual(Array(50 - COAP_LIMITS.answering).fill('4.29'));
      for (const resolve of waiting.splice(0)) resolve(answer('2.04'));
      await settled();
      await clock.run({ deadline: clock.now() + 100 });
      say(type);
      expect(waiting.length).toBe(1);
    },
  );

  it('whose separate answers nobody acknowledges count until they are given up', async () => {
    const waiting: ((response: CoapResponse) => void)[] = [];
    const { clock, say } = serving(() => new Promise((resolve) => waiting.push(resolve)));
    for (let i = 0; i < 20; i++) say('CON');
    await clock.run({ deadline: clock.now() + 2 * SECOND });
    for (const resolve of waiting.splice(0)) resolve(answer('2.04'));
    await settled();
    await clock.run({ deadline: clock.now() + 10 * SECOND });
    say('CON');
    expect(waiting.length).toBe(0);
    await clock.run({ deadline: clock.now() + 3 * MINUTE });
    say('CON');
    expect(waiting.length).toBe(1);
  });
});

describe('bodies that come in blocks', () => {
  const block = (num: number, path: string, more = true) => [
    { number: Option.UriPath, value: Buffer.from(path) },
    blockOption(Option.Block1, { num, more, szx: 6 }),
  ];
  const BLOCK = Buffer.alloc(1024);

  it('are counted for each and for all: 4.29 and 5.03; who is below the floor gets through', () => {
    const held = new HeldBytes({ caller: 4 * 1024, all: 6 * 1024, floor: 1024 });
    const clock = new VirtualClock(0);
    const [a, b, c] = ['a', 'b', 'c'].map((caller) => serving(() => answer('2.04'), clock, { of: held, caller }));
    for (let i = 0; i < 6; i++) a?.say('CON', block(i, 'x'), BLOCK);
    expect(a?.codes()).toEqual(['2.31', '2.31', '2.31', '2.31', '4.29', '4.08']);
    for (const path of ['x', 'y', 'z', 'u']) a?.say('CON', block(0, path), BLOCK);
    for (let i = 0; i < 5; i++) b?.say('CON', block(i, 'x'), BLOCK);
    expect(b?.codes()).toEqual(['2.31', '2.31', '2.31', '2.31', '4.29']);
    for (let i = 0; i < 3; i++) b?.say('CON', block(i, 'x'), BLOCK);
    for (let i = 0; i < 4; i++) c?.say('CON', block(i, 'x'), BLOCK);
    expect(c?.codes()).toEqual(['2.31', '2.31', '5.03', '4.08']);
    // A list of objects in two blocks.
    c?.say('CON', block(0, 'rd'), BLOCK);
    c?.say('CON', block(1, 'rd', false), Buffer.alloc(300));
    expect(c?.codes().slice(-2)).toEqual(['2.31', '2.04']);
    for (const one of [a, b, c]) one?.peer.close();
    expect(held.callers).toBe(0);
  });

  it('that are left take their room until an exchange is over, and no longer', async () => {
    const held = new HeldBytes({ caller: 4096, all: 4096, floor: 0 });
    const { clock, say } = serving(() => answer('2.04'), new VirtualClock(0), { of: held, caller: 'a' });
    for (const path of ['x', 'y', 'z']) say('CON', block(0, path), BLOCK);
    expect(held.callers).toBe(1);
    await clock.run({ deadline: COAP_LIMITS.exchangeLifetime + SECOND });
    expect(held.callers).toBe(0);
  });

  it('in whatever order: nothing is counted that is not held', async () => {
    const step = fc.record({
      path: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      num: fc.nat(5),
      more: fc.boolean(),
      bytes: fc.constantFrom(0, 16, 1023, 1024, 1025),
      wait: fc.constantFrom(0, 0, 0, 300 * SECOND),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const held = new HeldBytes({ caller: 3000, all: 100_000, floor: 0 });
        const { clock, peer, say } = serving(() => answer('2.04'), new VirtualClock(0), { of: held, caller: 'a' });
        for (const { path, num, more, bytes, wait } of steps) {
          say('CON', block(num, path, more), Buffer.alloc(bytes));
          if (wait > 0) await clock.run({ deadline: clock.now() + wait });
        }
        await clock.run({ deadline: clock.now() + 300 * SECOND });
        expect(held.callers).toBe(0);
        say('CON', block(0, 'a'), BLOCK);
        expect(held.callers).toBe(1);
        peer.close();
        expect(held.callers).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

it('of notifications whose blocks are still to be asked for the newest alone is held', async () => {
  const body = (n: number): Buffer => Buffer.alloc(3000, n);
  let state = 0;
  let token: Buffer | undefined;
  const pair = new Pair((request) => {
    const isFirst = request.options.some(({ number }) => number === Option.Observe);
    return answer('2.05', body(state), isFirst ? [uintOption(Option.Observe, 1)] : []);
  });
  const told: number[] = [];
  const { observation } = await pair.await(
    pair.client.observe({ method: Method.Get, path: ['x'] }, ({ payload }) => void told.push(payload[0] ?? -1)),
  );
  expect(observation?.open).toBe(true);
  const first = pair.wire.map(({ bytes }) => parse(bytes)).find((one) => 'code' in one && one.code === '0.01');
  if (first !== undefined && 'token' in first) ({ token } = first);
  state = 7;
  for (let i = 0; i < 200; i++) {
    const options = [uintOption(Option.Observe, 2 + i), blockOption(Option.Block2, { num: 0, more: true, szx: 5 })];
    const payload = body(7).subarray(0, 512);
    pair.client.receive(
      emit({ type: 'NON', code: '2.05', mid: 9000 + i, token: token ?? Buffer.alloc(0), options, payload }),
    );
  }
  // Another request is not refused for those.
  expect((await pair.await(pair.client.request({ method: Method.Get, path: ['x'] }))).payload.length).toBe(3000);
  await pair.clock.run({ deadline: pair.clock.now() + MINUTE });
  expect(told.length).toBeLessThanOrEqual(2);
  expect(told.at(-1)).toBe(7);
});
