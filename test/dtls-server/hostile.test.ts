// Datagrams that nobody should send: the server answers what the standard says or nothing, keeps little, and never throws.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../host/bytes.js';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { DtlsState, loadKit } from '../../host/kit/index.js';
import { message, record, u16, u8, vector16, vector8 } from '../dtls/wire.js';
import { Line } from './line.js';

const kit = await loadKit();

/** Takes a datagram; what comes back. */
function answers(line: Line, datagram: Uint8Array, path = '6.6.6.6:6'): Uint8Array[] {
  const back: Uint8Array[] = [];
  line.server.receive(datagram, { key: path, send: (out) => void back.push(out) });
  return back;
}

interface Hello {
  version?: number;
  suites?: number[];
  cookie?: Uint8Array;
  extensions?: Uint8Array;
  compression?: number;
  random?: number;
  sequence?: number;
}

function hello({
  version = 0xfefd,
  suites = [0xc0a8],
  cookie = new Uint8Array(),
  extensions,
  compression = 0,
  random = 1,
  sequence = 0,
}: Hello = {}): Uint8Array {
  const body = concat(
    ...[u16(version), new Uint8Array(32).fill(random), vector8(new Uint8Array()), vector8(cookie)],
    ...[vector16(concat(...suites.map(u16))), vector8(u8(compression))],
    ...(extensions ? [vector16(extensions)] : []),
  );
  return record(22, 0, sequence, message({ type: 1, sequence: cookie.length > 0 ? 1 : 0, body }));
}

const extension = (type: number, value: Uint8Array): Uint8Array => concat(u16(type), vector16(value));
/** Of a HelloVerifyRequest. */
const cookieOf = (datagram: Uint8Array | undefined): Uint8Array => (datagram ?? new Uint8Array()).slice(13 + 12 + 3);

/** Says hello twice, as a client does. */
function greet(line: Line, what: Hello = {}, path?: string): Uint8Array[] {
  const [verify] = answers(line, hello(what), path);
  return answers(line, hello({ ...what, cookie: cookieOf(verify), sequence: 1 }), path);
}

describe('a ClientHello', () => {
  it('without cookie gets a HelloVerifyRequest with its own record number, shorter than itself, and nothing is kept', () => {
    const line = new Line(kit);
    for (let i = 0; i < 5000; i++) {
      const datagram = hello({ random: i & 0xff, sequence: i });
      const [verify, ...others] = answers(line, datagram, `1.2.${i >> 8}.${i & 0xff}:1`);
      expect(others).toEqual([]);
      expect(verify?.[13]).toBe(3);
      expect(Buffer.from(verify ?? []).readUIntBE(5, 6)).toBe(i);
      expect(verify?.length).toBeLessThan(datagram.length);
    }
    expect(line.server.counts).toEqual({ open: 0, handshakes: 0, sessions: 0 });
  });

  it('with the cookie of another address, another hello, another time, gets a new one', async () => {
    const line = new Line(kit);
    const [verify] = answers(line, hello());
    const cookie = cookieOf(verify);
    expect(answers(line, hello({ cookie }), '7.7.7.7:7')[0]?.[13]).toBe(3);
    expect(answers(line, hello({ cookie, suites: [0xa8] }))[0]?.[13]).toBe(3);
    await line.run(() => false, 3 * MINUTE);
    expect(answers(line, hello({ cookie }))[0]?.[13]).toBe(3);
    expect(line.server.counts.handshakes).toBe(0);
  });

  it.each<[string, Hello, number[]]>([
    ['without a suite of ours', { suites: [0x1301, 0xc0a9] }, [21, 2, 40]],
    ['of DTLS 1.0', { version: 0xfeff }, [21, 2, 70]],
  ])('%s gets an alert, once it has a cookie', (_, what, [type, level, description]) => {
    const [answer] = greet(new Line(kit), what);
    expect([answer?.[0], answer?.[13], answer?.[14]]).toEqual([type, level, description]);
  });

  it.each<[string, Hello]>([
    ['without null compression', { compression: 1 }],
    [
      'with an extension twice',
      { extensions: concat(extension(23, new Uint8Array()), extension(23, new Uint8Array())) },
    ],
    ['with a value where none is', { extensions: extension(23, u8(0)) }],
    ['with a fragment length of its own', { extensions: extension(1, u8(9)) }],
    ['with a renegotiation that was none', { extensions: extension(0xff01, vector8(u8(1))) }],
    ['with a connection ID that is cut', { extensions: extension(54, u8(4)) }],
    ['with an extension that is cut', { extensions: Uint8Array.of(0, 23, 0, 9) }],
  ])('%s gets nothing', (_, what) => {
    expect(answers(new Line(kit), hello(what))).toEqual([]);
  });

  it('of the future, which also speaks DTLS 1.2, is served', () => {
    expect(greet(new Line(kit), { version: 0xfefc })[0]?.[13]).toBe(2);
  });

  it('in fragments, in any order, is put together', () => {
    const line = new Line(kit);
    const whole = hello();
    const body = whole.slice(13 + 12);
    const piece = (offset: number, length: number): Uint8Array =>
      record(22, 0, offset, message({ type: 1, sequence: 0, body }, offset, length));
    expect(answers(line, piece(20, body.length - 20))).toEqual([]);
    expect(answers(line, piece(0, 25))[0]?.[13]).toBe(3);
  });

  it('repeated while the handshake is under way gets the same flight, not another handshake', () => {
    const line = new Line(kit);
    const [verify] = answers(line, hello());
    const second = hello({ cookie: cookieOf(verify) });
    const [first] = answers(line, second);
    const [again] = answers(line, second);
    expect(again?.slice(13, 13 + 60)).toEqual(first?.slice(13, 13 + 60));
    expect(line.server.counts.handshakes).toBe(1);
  });
});

describe('what is kept has bounds', () => {
  it('of a thousand handshakes under way, the oldest makes room, and all end by themselves', async () => {
    const line = new Line(kit, { limits: { handshakes: 20 } });
    for (let i = 0; i < 100; i++) greet(line, { random: i }, `9.9.9.${i}:1`);
    expect(line.server.counts.handshakes).toBe(20);
    await line.run(() => false, 3 * MINUTE);
    expect(line.server.counts.handshakes).toBe(0);
    expect(line.ended).toEqual([]);
  });

  it('of open associations, the one silent for longest', async () => {
    const line = new Line(kit, { limits: { associations: 2, sessions: 3 } });
    for (let i = 0; i < 5; i++) {
      line.path = `10.0.0.${i}:1`;
      expect(await line.handshake({})).toBe(DtlsState.Open);
      expect(await line.talk(`${i}`)).toBe(true);
    }
    expect(line.server.counts).toMatchObject({ open: 2, sessions: 3 });
    expect(line.ended).toEqual(['evicted', 'evicted', 'evicted']);
  });
});

describe('records', () => {
  it('that were seen already, or are too old, are not taken again', async () => {
    const line = new Line(kit);
    await line.handshake();
    for (let i = 0; i < 80; i++) line.write(`${i}`);
    await line.run(() => line.atServer.length === 80);
    const sent = line.wire.filter(({ from }) => from === 'client').slice(-80);
    for (const { datagram } of sent) line.toServer(datagram);
    await line.run(() => false, SECOND);
    expect(line.atServer.length).toBe(80);
  });

  it('alerts in the clear end nothing', async () => {
    const line = new Line(kit);
    await line.handshake({ withoutCid: true });
    answers(line, record(21, 0, 50, Uint8Array.of(2, 40)), line.path);
    expect(await line.talk('still here')).toBe(true);
  });
});

/** Datagrams of a whole session, to be changed. */
async function samples(): Promise<Uint8Array[]> {
  const line = new Line(await loadKit());
  await line.handshake();
  await line.talk('hello');
  line.client.dtlsClose();
  line.flush();
  await line.run(() => line.ended.length > 0);
  return line.wire.filter(({ from }) => from === 'client').map(({ datagram }) => datagram);
}
const known = await samples();

describe('whatever comes', () => {
  it('random datagrams are dropped', () => {
    const line = new Line(kit);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (datagram) => {
        for (const out of answers(line, datagram)) expect(out.length).toBeLessThan(200);
      }),
      { numRuns: 2000 },
    );
  });

  it('records and messages with all fields at will', () => {
    const line = new Line(kit);
    const messages = fc.record({
      type: fc.integer({ min: 0, max: 25 }),
      sequence: fc.integer({ min: 0, max: 4 }),
      body: fc.uint8Array({ maxLength: 120 }),
      offset: fc.integer({ min: 0, max: 140 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 18, max: 27 }),
        fc.integer({ min: 0, max: 3 }),
        fc.nat(100),
        fc.array(messages, { maxLength: 4 }),
        fc.constantFrom(0xfefd, 0xfeff, 0x0303),
        (type, epoch, sequence, list, version) => {
          const content = concat(...list.map((one) => message(one, Math.min(one.offset, one.body.length))));
          answers(line, record(type, epoch, sequence, content, { version }));
        },
      ),
      { numRuns: 2000 },
    );
    expect(line.server.counts.open).toBe(0);
  });

  it('a session in which any byte of any datagram was changed, cut or put elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            which: fc.nat(known.length - 1),
            at: fc.nat(),
            value: fc.integer({ min: 1, max: 255 }),
            cut: fc.nat(400),
          }),
          { maxLength: 12 },
        ),
        async (changes) => {
          const line = new Line(kit);
          await line.handshake({ withoutCid: true });
          for (const { which, at, value, cut } of changes) {
            const datagram = (known[which] ?? new Uint8Array()).slice(0, cut);
            const place = at % Math.max(1, datagram.length);
            if (datagram.length > 0) datagram[place] = (datagram[place] ?? 0) ^ value;
            answers(line, datagram, line.path);
          }
          // Whoever sends it, the device that is there goes on.
          expect(await line.talk('still here')).toBe(true);
          expect(line.opened.length).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });
});
