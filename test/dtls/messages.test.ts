// Messages that a server may send and those it may not: fragments, HelloVerifyRequest, and every refusal with its alert.
import { beforeEach, describe, expect, it } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { concat } from '../../host/bytes.js';
import { DtlsState, loadKit } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { ascii, linkTo, type Faults, type Link } from './link.js';
import { type ServerOptions } from './server.js';
import { Message, Type, message, messages, record, records, u16, u8, vector16, vector8 } from './wire.js';

const kit = await loadKit();
beforeEach(() => kit.dtlsNew());
const link = (options?: Partial<ServerOptions>, faults?: Faults, seed?: string): Link =>
  linkTo(kit, options, faults, seed);

describe('fragments', () => {
  it('in any order, overlapping, repeated: the same message', () => {
    const random = new Random('fragments');
    for (let round = 0; round < 100; round++) {
      kit.dtlsNew();
      const wire = link({ hint: ascii('a hint of some length'), cid: ascii('c') }, {}, `fragments ${round}`);
      wire.begin();
      wire.run(() => wire.server.state === 'exchange');
      const whole = wire.server.flight.flatMap(([, , fragment]) => messages(fragment));
      const pieces = whole.flatMap((each) => {
        const list = each.body.length === 0 ? [message(each)] : [];
        const have = new Set<number>();
        while (have.size < each.body.length) {
          const offset = random.below(each.body.length);
          const length = 1 + random.below(Math.min(40, each.body.length - offset));
          for (let i = 0; i < length; i++) have.add(offset + i);
          list.push(message(each, offset, length));
        }
        return list;
      });
      const shuffled = pieces
        .map((piece) => [random.next(), piece] as const)
        .sort(([a], [b]) => a - b)
        .map(([, piece]) => piece);
      while (shuffled.length > 0) {
        const together = concat(...shuffled.splice(0, 1 + random.below(3)));
        kit.dtlsReceive(wire.now, wire.server.record(Type.Handshake, together, 0));
      }
      expect(kit.dtlsStatus().state, `round ${round}`).toBe(DtlsState.Finished);
      wire.flush();
      expect(wire.handshake()).toBe(DtlsState.Open);
    }
  });

  it('that claim more than they hold, or lie outside their message, are dropped', () => {
    const wire = link();
    wire.begin();
    wire.run(() => wire.server.state === 'exchange');
    const [hello] = wire.server.flight.flatMap(([, , fragment]) => messages(fragment));
    const good = message(hello ?? { type: 2, sequence: 1, body: new Uint8Array(80) });
    const send = (bytes: Uint8Array): void =>
      void kit.dtlsReceive(wire.now, wire.server.record(Type.Handshake, bytes, 0));
    for (const length of [0, 1, 11, 12, 13, good.length - 1]) send(good.slice(0, length));
    const outside = good.slice();
    outside[8] = 200;
    send(outside);
    outside.fill(0xff, 6, 9);
    send(outside);
    const far = good.slice();
    far[5] = 99;
    send(far);
    expect(kit.dtlsStatus()).toMatchObject({ state: DtlsState.Hello });
    expect(kit.dtlsStatus().dropped).toBeGreaterThan(5);
    expect(wire.handshake()).toBe(DtlsState.Open);
  });

  it('a forged head of a message gives way to the true one', () => {
    const wire = link();
    wire.begin();
    wire.run(() => wire.server.state === 'exchange');
    const forged = message({ type: Message.ServerHello, sequence: 1, body: new Uint8Array(200) }, 0, 50);
    kit.dtlsReceive(wire.now, wire.server.record(Type.Handshake, forged, 0));
    const ahead = message({ type: Message.Finished, sequence: 3, body: new Uint8Array(12) });
    kit.dtlsReceive(wire.now, wire.server.record(Type.Handshake, ahead, 0));
    expect(wire.handshake()).toBe(DtlsState.Open);
  });
});
describe('HelloVerifyRequest', () => {
  const request = (recordNumber: number, sequence: number, cookie: string, version = 0xfefd): Uint8Array => {
    const body = concat(u16(version), vector8(ascii(cookie)));
    return record(Type.Handshake, 0, recordNumber, message({ type: 3, sequence, body }), { version });
  };
  const cookieOf = (datagram: Uint8Array | undefined): string => {
    const body = messages(records(datagram ?? new Uint8Array())[0]?.fragment ?? new Uint8Array())[0]?.body;
    return Buffer.from(body?.slice(36, 36 + (body[35] ?? 0)) ?? []).toString();
  };

  it.each([0xfefd, 0xfeff])('of version %i is taken, once', (version) => {
    link().begin();
    kit.dtlsReceive(0, request(0, 0, 'one', version));
    expect(cookieOf(kit.dtlsOutput())).toBe('one');
    kit.dtlsReceive(0, request(0, 0, 'one', version));
    kit.dtlsReceive(0, request(0, 0, 'two', version));
    expect(kit.dtlsOutput()).toBeUndefined();
  });

  it('one that answers the ClientHello with cookie brings another cookie, at most three times', () => {
    link().begin();
    const seen = [0, 1, 2, 3, 4].map((n) => {
      kit.dtlsReceive(0, request(n, n, `c${n}`));
      return cookieOf(kit.dtlsOutput());
    });
    expect(seen).toEqual(['c0', 'c1', 'c2', '', '']);
    expect(kit.dtlsStatus().state).toBe(DtlsState.Hello);
  });

  it.each([
    ['cut', concat(u16(0xfefd), u8(4), ascii('abc'))],
    ['with bytes behind the cookie', concat(u16(0xfefd), vector8(ascii('abc')), u8(0))],
    ['of two bytes', u16(0xfefd)],
    ['of no byte', new Uint8Array()],
  ])('%s is dropped', (_, body) => {
    link().begin();
    kit.dtlsReceive(0, record(Type.Handshake, 0, 0, message({ type: 3, sequence: 0, body })));
    expect(kit.dtlsOutput()).toBeUndefined();
    expect(kit.dtlsStatus().state).toBe(DtlsState.Hello);
  });

  it('after ServerHello says nothing more', () => {
    const wire = link({ fragment: 30, apart: true });
    wire.begin();
    wire.run(() => kit.dtlsStatus().state === DtlsState.Answered);
    kit.dtlsReceive(wire.now, request(99, 1, 'late'));
    expect(kit.dtlsOutput()).toBeUndefined();
    expect(wire.handshake()).toBe(DtlsState.Open);
  });
});

describe('what a server may not say', () => {
  type Change = (body: Uint8Array) => Uint8Array;
  const at =
    (place: number, ...bytes: number[]): Change =>
    (body) => {
      const changed = body.slice();
      changed.set(bytes, place);
      return changed;
    };
  /** Replaces the extensions. */
  const extensions =
    (...list: Uint8Array[]): Change =>
    (body) =>
      concat(body.slice(0, 38 + 32), vector16(concat(...list)));
  const EMS = concat(u16(23), u16(0));
  const hello: [string, Change, number, object?][] = [
    ['another version', at(0, 0xfe, 0xff), 70],
    ['a suite that was not offered', at(67, 0xc0, 0x2b), 47],
    ['GCM to a client without it', at(67, 0x00, 0xa8), 47, { onlyCcm8: true }],
    ['the SCSV as a suite', at(67, 0x00, 0xff), 47],
    ['compression', at(69, 1), 47],
    ['a session ID of 33 bytes', at(34, 33), 50],
    ['a session ID beyond the end', (body) => at(34, 32)(body.slice(0, 50)), 50],
    ['less than a ServerHello has', (body) => body.slice(0, 37), 50],
    ['nothing', () => new Uint8Array(), 50],
    ['one byte of extensions', (body) => concat(body.slice(0, 70), u8(0)), 50],
    ['extensions that are longer', (body) => concat(body.slice(0, 70), u16(9), EMS), 50],
    ['bytes behind the extensions', (body) => concat(body, u8(0)), 50],
    ['an extension beyond the end', extensions(u16(23), u16(1)), 50],
    ['three bytes of an extension', extensions(EMS, new Uint8Array(3)), 50],
    ['an extension twice', extensions(EMS, EMS), 47],
    ['an extension that was not offered', extensions(u16(35), u16(0)), 110],
    ['a connection ID that was not offered', extensions(u16(54), vector16(vector8(u8(1)))), 110, { withoutCid: true }],
    ['a connection ID beyond its extension', extensions(u16(54), vector16(Uint8Array.of(4, 1))), 50],
    ['an empty connection ID extension', extensions(u16(54), u16(0)), 50],
    ['a maximum fragment length that was not offered', extensions(u16(1), vector16(u8(1))), 110],
    ['another maximum fragment length', extensions(u16(1), vector16(u8(2))), 47, { maxFragment: 1 }],
    ['extended master secret with content', extensions(u16(23), vector16(u8(0))), 50],
    ['renegotiation data', extensions(u16(0xff01), vector16(vector8(u8(1)))), 40],
    ['no extended master secret to a client that needs it', extensions(), 40, { needsExtendedMasterSecret: true }],
  ];
  it.each(hello)('ServerHello: %s', (_, change, alert, choices) => {
    kit.dtlsNew(choices);
    const wire = link({
      flight4: (list) => list.map((each) => (each.type === 2 ? { ...each, body: change(each.body) } : each)),
    });
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Closed);
    expect(kit.dtlsStatus()).toMatchObject({ result: Status.Malformed, alert });
    wire.run();
    expect(wire.server.alerts).toEqual([[2, alert]]);
  });

  it('ServerHello without extensions is fine', () => {
    const wire = link({
      ems: false,
      flight4: (list) => list.map((each) => (each.type === 2 ? { ...each, body: each.body.slice(0, 70) } : each)),
    });
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Open);
  });

  it('a connection ID of more than 32 bytes, and a hint that no buffer holds, are told as too long', () => {
    for (const options of [{ cid: new Uint8Array(33) }, { hint: new Uint8Array(600) }]) {
      kit.dtlsNew();
      const wire = link(options);
      wire.begin();
      expect(wire.handshake()).toBe(DtlsState.Closed);
      expect(kit.dtlsStatus()).toMatchObject({ result: Status.TooLong, alert: 80 });
    }
  });

  const NONE = new Uint8Array();
  it.each([
    [
      'a certificate',
      (list: readonly { sequence: number }[]) => ({ type: Message.Certificate, sequence: list.length, body: NONE }),
      10,
    ],
    ['ServerHelloDone with content', () => ({ type: Message.ServerHelloDone, sequence: 2, body: u8(1) }), 50],
    [
      'a hint beyond its message',
      () => ({ type: Message.ServerKeyExchange, sequence: 2, body: Uint8Array.of(0, 5, 1) }),
      50,
    ],
    ['a hint that is cut', () => ({ type: Message.ServerKeyExchange, sequence: 2, body: u8(0) }), 50],
    [
      'a second ServerHello',
      (list: readonly { sequence: number; body: Uint8Array }[]) => ({
        type: Message.ServerHello,
        sequence: 2,
        body: list[0]?.body ?? NONE,
      }),
      10,
    ],
    ['Finished in the clear', () => ({ type: Message.Finished, sequence: 2, body: new Uint8Array(12) }), 10],
  ])('after ServerHello: %s', (_, make, alert) => {
    // prettier-ignore
    const wire = link({ flight4: (list) => [...list.slice(0, 1), make(list), ...list.slice(2)] });
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Closed);
    expect(kit.dtlsStatus()).toMatchObject({ result: Status.Malformed, alert });
  });

  it('two hints, and ServerHelloDone before ServerHello', () => {
    const twice = link({
      hint: ascii('h'),
      flight4: ([first, hint]) => (first && hint ? [first, hint, { ...hint, sequence: hint.sequence + 1 }] : []),
    });
    twice.begin();
    expect([twice.handshake(), kit.dtlsStatus().alert]).toEqual([DtlsState.Closed, 10]);
    const early = link({ flight4: (list) => list.slice(1).map((each) => ({ ...each, sequence: 1 })) });
    early.begin();
    expect([early.handshake(), kit.dtlsStatus().alert]).toEqual([DtlsState.Closed, 10]);
  });

  it('a ticket that nobody asked for', () => {
    const wire = link({ psk: new Uint8Array(16) });
    wire.begin();
    wire.run(() => kit.dtlsStatus().state === DtlsState.Finished);
    const ticket = message({ type: Message.NewSessionTicket, sequence: 3, body: new Uint8Array(6) });
    kit.dtlsReceive(0, wire.server.record(Type.Handshake, ticket, 0));
    expect(kit.dtlsStatus()).toMatchObject({ result: Status.Malformed, alert: 10 });
  });

  it.each([
    ['wrong verify_data', (data: Uint8Array) => data.map((byte, i) => (i === 11 ? byte ^ 1 : byte)), 51],
    ['verify_data of 11 bytes', (data: Uint8Array) => data.slice(1), 50],
    ['verify_data of 13 bytes', (data: Uint8Array) => concat(data, u8(0)), 50],
  ])('Finished: %s', (_, verify, alert) => {
    const wire = link({ verify });
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Closed);
    expect(kit.dtlsStatus()).toMatchObject({ result: Status.Malformed, alert });
    wire.run();
    expect(wire.server.alerts).toEqual([[2, alert]]);
  });

  it('wrong verify_data in a resumed handshake', () => {
    let wrong = false;
    const wire = link({ verify: (data) => (wrong ? data.fill(0) : data) });
    wire.begin();
    wire.handshake();
    wrong = true;
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Closed);
    expect(kit.dtlsStatus()).toMatchObject({ result: Status.Malformed, alert: 51 });
  });
});
