// CoAP on the host: known messages, what is answered to what is none, time-outs, repetition, blocks, observation.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { CoapPeer, type CoapResponse, emit, Method, Option, parse, uintOption } from '../../host/coap/index.js';
import { blockOption, findBlock, newer, uintOf, uintValue } from '../../host/coap/options.js';
import { Random } from '../../host/random.js';
import { coapVectors } from '../vectors/read.js';
import { answer, Pair } from './peers.js';

const vectors = coapVectors();

describe('the codec', () => {
  it.each(vectors.messages)('$name ($source)', (vector) => {
    const message = parse(fromHex(vector.hex));
    if ('malformed' in message) {
      // Some vectors show what only a parser without rules about types takes.
      expect(vector.code === '0.00' ? vector.type : vector.code).toMatch(/^(NON|3\.\d\d)$/);
      return;
    }
    expect({
      ...{ type: message.type, code: message.code, mid: message.mid, token: toHex(message.token) },
      ...{
        options: message.options.map(({ number, value }) => [number, toHex(value)]),
        payload: toHex(message.payload),
      },
    }).toEqual({
      ...{ type: vector.type, code: vector.code, mid: vector.mid, token: vector.token },
      ...{ options: vector.options, payload: vector.payload },
    });
    expect(toHex(emit(message))).toBe(vector.hex);
  });

  it.each(vectors.block)('block $num $more $szx', ({ num, more, szx, hex }) => {
    const option = blockOption(Option.Block2, { num, more, szx });
    expect(toHex(option.value)).toBe(hex);
    expect(findBlock([option], Option.Block2)).toEqual({ num, more, szx });
  });

  it.each(vectors.uint)('uint $value', ({ value, hex }) => {
    expect(toHex(uintValue(value))).toBe(hex);
    expect(uintOf(fromHex(hex))).toBe(value);
  });

  it.each(vectors.observe_order)('Observe $v1, $v2', ({ v1, v2, v2_newer }) => {
    expect(newer(v1, v2)).toBe(v2_newer);
  });

  it('takes whatever comes without a fault of its own, and says the same again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const message = parse(bytes);
        if ('malformed' in message) return;
        expect(parse(emit(message))).toEqual(message);
      }),
      { numRuns: 5000 },
    );
  });
});

/** What a server sends back to one datagram. */
async function answersTo(bytes: Uint8Array, handled: CoapResponse = answer('4.05')): Promise<string[]> {
  const clock = new VirtualClock(0);
  const sent: string[] = [];
  const peer = new CoapPeer({
    ...{ clock, random: new Random('x'), handle: () => handled },
    send: (out) => {
      const message = parse(out);
      if (!('malformed' in message)) sent.push(`${message.type} ${message.code} ${message.mid}`);
    },
  });
  peer.receive(bytes);
  await clock.run({ deadline: 5 * SECOND });
  return sent;
}

describe('what is no message, or none for a server', () => {
  it.each(vectors.malformed)('$name: $action', async ({ hex, action, stage }) => {
    const bytes = fromHex(hex);
    const confirmable = bytes.length >= 4 && ((bytes[0] ?? 0) & 0xf0) === 0x40;
    const mid = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    const [sent, ...others] = await answersTo(bytes);
    expect(others).toEqual([]);
    if (stage === 'format') expect(sent).toBe(confirmable ? `RST 0.00 ${mid}` : undefined);
    else if (/4\.0[25]/.test(action)) expect(sent).toBe(`ACK ${/4\.0[25]/.exec(action)?.[0]} ${mid}`);
    else expect(sent).toBeUndefined();
  });

  it('a ping is answered with a Reset; responses that nobody waits for are rejected or dropped', async () => {
    expect(await answersTo(fromHex('40000007'))).toEqual(['RST 0.00 7']);
    expect(await answersTo(fromHex('4145000799ff31'))).toEqual(['RST 0.00 7']);
    expect(await answersTo(fromHex('5145000799ff31'))).toEqual([]);
    expect(await answersTo(fromHex('6145000799ff31'))).toEqual([]);
  });

  it('random datagrams bring no fault', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        await answersTo(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

const GET = { method: Method.Get, path: ['x'] };

describe('messages on their way', () => {
  it('a confirmable message goes out at t, 3t, 7t and 15t, and is given up at 31t', async () => {
    const pair = new Pair(() => answer('2.05'));
    pair.faults = { loss: 1 };
    await expect(pair.await(pair.client.request(GET))).rejects.toMatchObject({ code: 'timeout' });
    const times = pair.wire.map(({ t }) => t);
    const t = times[1] ?? 0;
    expect(t).toBeGreaterThanOrEqual(2 * SECOND);
    expect(t).toBeLessThanOrEqual(3 * SECOND);
    expect(times.map((time) => Math.round(time / t))).toEqual([0, 1, 3, 7, 15]);
    expect(Math.round(pair.clock.now() / t)).toBe(31);
  });

  it('a request that comes twice is done once, and answered twice with the same', async () => {
    let done = 0;
    const pair = new Pair(() => answer('2.04', `${++done}`));
    pair.faults = { repeat: 1 };
    expect(
      Buffer.from((await pair.await(pair.client.request({ ...GET, method: Method.Post }))).payload).toString(),
    ).toBe('1');
    await pair.clock.run({ deadline: pair.clock.now() + SECOND });
    expect(done).toBe(1);
    const sent = pair.wire.filter(({ from }) => from === 'server').map(({ bytes }) => toHex(bytes));
    expect(new Set(sent).size).toBe(1);
  });

  it('an answer that takes long comes after the Acknowledgement', async () => {
    const pair = new Pair(async () => {
      await pair.clock.sleep(20 * SECOND);
      return answer('2.05', 'late');
    });
    pair.faults = { loss: 0.3 };
    expect(Buffer.from((await pair.await(pair.client.request(GET))).payload).toString()).toBe('late');
    expect(pair.requests.length).toBe(1);
  });

  it('one request after the other', async () => {
    const pair = new Pair(({ path }) => answer('2.05', path.join('/')));
    const all = await pair.await(
      Promise.all(['a', 'b', 'c'].map((path) => pair.client.request({ ...GET, path: [path] }))),
    );
    expect(all.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['a', 'b', 'c']);
    expect(pair.wire.map(({ from }) => from).join(' ')).toBe('client server client server client server');
  });

  it('ping, and what is closed', async () => {
    const pair = new Pair(() => answer('2.05'));
    expect(await pair.await(pair.client.ping())).toBe(true);
    pair.faults = { loss: 1 };
    expect(await pair.await(pair.client.ping())).toBe(false);
    const waiting = [pair.client.request(GET), pair.client.request(GET)];
    pair.client.close();
    const settled = await pair.await(Promise.allSettled(waiting));
    for (const one of settled) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
    await expect(pair.await(pair.client.request(GET))).rejects.toMatchObject({ code: 'closed' });
  });

  it('a handler that throws is 5.00', async () => {
    const pair = new Pair(() => {
      throw new Error('secret');
    });
    expect(await pair.await(pair.client.request(GET))).toMatchObject({ code: '5.00', payload: Buffer.alloc(0) });
  });
});

describe('blocks', () => {
  const body = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i & 0xff));

  it('bodies of every length, both ways, over lines of every kind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 4000 }),
        fc.integer({ min: 0, max: 4000 }),
        fc.constantFrom(16, 64, 512, 1024),
        fc.constantFrom(0, 0.3),
        fc.nat(),
        async (up, down, blockBytes, fault, seed) => {
          const faults = { loss: fault / 3, repeat: fault, delay: fault * SECOND };
          const options = { seed: `${seed}`, limits: { blockBytes } };
          const writing = new Pair(() => answer('2.04'), options);
          writing.faults = faults;
          const put = { method: Method.Put, path: ['x'], payload: body(up) };
          expect((await writing.await(writing.client.request(put))).code).toBe('2.04');
          expect(writing.requests.map(({ payload }) => payload)).toEqual([body(up)]);
          const reading = new Pair(() => answer('2.05', body(down)), options);
          reading.faults = faults;
          expect(Buffer.from((await reading.await(reading.client.request(GET))).payload)).toEqual(body(down));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('a state that changes in the middle is read again', async () => {
    let [state, reads] = [1, 0];
    const pair = new Pair(() => {
      if (++reads === 2) state = 2;
      return answer('2.05', Buffer.alloc(1500, state));
    });
    expect(Buffer.from((await pair.await(pair.client.request(GET))).payload)).toEqual(Buffer.alloc(1500, 2));
  });

  it('a body without end is refused, and so is one that is too long', async () => {
    const pair = new Pair(() => answer('2.04'), { limits: { bodyBytes: 2000, blockBytes: 256 } });
    const put = pair.client.request({ method: Method.Put, path: ['x'], payload: body(5000) });
    expect((await pair.await(put)).code).toBe('4.13');
    const long = new Pair(() => answer('2.05', body(9000)), { limits: { bodyBytes: 2000 } });
    await expect(long.await(long.client.request(GET))).rejects.toMatchObject({ code: 'malformed' });
  });

  it.each([
    ['a block out of turn', { num: 3, more: true, szx: 2 }, 64, '4.08'],
    ['a block in the middle that is not full', { num: 0, more: true, szx: 2 }, 63, '4.08'],
    ['a last block longer than it says', { num: 0, more: false, szx: 2 }, 65, '4.08'],
    ['the last of one block', { num: 0, more: false, szx: 2 }, 10, '2.04'],
    ['the first of many', { num: 0, more: true, szx: 2 }, 64, '2.31'],
  ])('%s', async (_, block, length, code) => {
    const pair = new Pair(() => answer('2.04'));
    const options = [blockOption(Option.Block1, block)];
    const { code: got } = await pair.await(
      pair.client.request({ method: Method.Put, path: ['x'], options, payload: body(length) }),
    );
    expect(got).toBe(code);
  });

  it('size exponent 7 is 4.00', async () => {
    const pair = new Pair(() => answer('2.04'));
    const options = [uintOption(Option.Block1, 7)];
    expect(
      (await pair.await(pair.client.request({ ...GET, method: Method.Put, options, payload: body(3) }))).code,
    ).toBe('4.00');
  });
});
