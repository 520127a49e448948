// The handshake against a server that a test commands: flights, timers, resumption, lost datagrams, on a clock of its own.
import { beforeEach, describe, expect, it } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { concat } from '../../host/bytes.js';
import { DtlsState, loadKit } from '../../host/kit/index.js';
import { IDENTITY, ascii, linkTo, talk, type Faults, type Link } from './link.js';
import { type ServerOptions } from './server.js';
import { Type, records } from './wire.js';

const kit = await loadKit();
beforeEach(() => kit.dtlsNew());
const link = (options?: Partial<ServerOptions>, faults?: Faults, seed?: string): Link =>
  linkTo(kit, options, faults, seed);

describe('a handshake', () => {
  const cases: [string, Partial<ServerOptions>, object?][] = [
    ['with HelloVerifyRequest', {}],
    ['without HelloVerifyRequest', { cookie: 0 }],
    ['with a cookie of 255 bytes', { cookie: 255 }],
    ['with a cookie of one byte', { cookie: 1 }],
    ['with an identity hint', { hint: ascii('CoAP') }],
    ['with an identity hint of 128 bytes', { hint: new Uint8Array(128).fill(0x61) }],
    ['with an empty identity hint', { hint: new Uint8Array() }],
    ['without extended master secret', { ems: false }],
    ['without session ID', { sessionId: 0 }],
    ['with GCM', { suite: 0xa8 }],
    ["with the server's connection ID", { cid: ascii('\x01\x02\x03\x04') }],
    ['with a connection ID of 32 bytes', { cid: new Uint8Array(32).fill(7) }],
    ['with an empty connection ID of the server', { cid: new Uint8Array() }],
    ['with connection IDs of both', { cid: ascii('srv'), padding: 11 }, { ownCid: ascii('device') }],
    ['with a connection ID of the client alone', { cid: new Uint8Array(), padding: 1 }, { ownCid: ascii('d') }],
    ['with fragments of one byte, each in its datagram', { fragment: 1, apart: true, hint: ascii('hint') }],
    ['with fragments of 7 bytes in one datagram', { fragment: 7, hint: ascii('hint') }],
    ['without offering a connection ID', { cid: ascii('srv') }, { withoutCid: true }],
    ['with CCM_8 alone', {}, { onlyCcm8: true }],
    ['with a maximum of 512 bytes to a fragment', {}, { maxFragment: 1 }],
  ];
  it.each(cases)('%s', (_, options, choices) => {
    kit.dtlsNew(choices);
    const wire = link(options);
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Open);
    expect(wire.server.state).toBe('open');
    expect(wire.server.identity).toBe(IDENTITY);
    expect(kit.dtlsStatus()).toMatchObject({ alert: -1, resumed: false, dropped: 0 });
    expect(kit.dtlsDeadline()).toBe(Infinity);
    talk(wire);
    talk(wire);
    kit.dtlsClose();
    wire.flush();
    wire.run();
    expect(wire.server.alerts).toEqual([[1, 0]]);
    expect(kit.dtlsStatus()).toMatchObject({ state: DtlsState.Closed, result: Status.Closed });
    expect(kit.dtlsWrite(ascii('x'))).toBe(Status.Closed);
  });

  it('takes identities of 1 and 128 bytes and keys of 1 and 64, and refuses longer ones', () => {
    for (const length of [1, 64]) {
      const key = new Uint8Array(length).fill(9);
      kit.dtlsNew();
      const wire = link({ psk: key });
      const identity = ascii('i'.repeat(2 * length));
      kit.dtlsBegin(0, new Uint8Array(32), identity, key);
      wire.flush();
      expect(wire.handshake()).toBe(DtlsState.Open);
      expect(wire.server.identity.length).toBe(2 * length);
    }
    const begin = (identity: number, key: number): number =>
      kit.dtlsBegin(0, new Uint8Array(32), new Uint8Array(identity), new Uint8Array(key));
    expect([begin(129, 16), begin(1, 65), begin(1, 0)]).toEqual([Status.Invalid, Status.Invalid, Status.Invalid]);
    kit.dtlsNew({ outMax: 300 });
    expect(begin(1, 16)).toBe(Status.Invalid);
    kit.dtlsNew({ ownCid: new Uint8Array(9) });
    expect(begin(1, 16)).toBe(Status.Invalid);
  });

  it('offers what it says it offers, the same twice but for the cookie', () => {
    const wire = link();
    wire.begin();
    wire.handshake();
    const [first, second] = wire.server.hellos;
    expect([first?.sequence, second?.sequence]).toEqual([0, 1]);
    const tail = '0006c0a800a800ff01000009001700000036000100';
    expect(Buffer.from(first?.body ?? []).toString('hex')).toMatch(new RegExp(`^fefd[0-9a-f]{64}0000${tail}$`));
    const cookie = /^(fefd[0-9a-f]{64}00)10[0-9a-f]{32}(.*)$/.exec(Buffer.from(second?.body ?? []).toString('hex'));
    expect(`${cookie?.[1]}00${cookie?.[2]}`).toBe(Buffer.from(first?.body ?? []).toString('hex'));
  });

  it('several records of data in one datagram come out one after the other', () => {
    const wire = link();
    wire.begin();
    wire.handshake();
    const { server } = wire;
    const empty = server.send(new Uint8Array());
    const all = concat(server.send(ascii('a')), empty, server.alert(1, 90), server.send(ascii('b')), ascii('rubbish'));
    expect(kit.dtlsReceive(0, all).map((bytes) => Buffer.from(bytes).toString())).toEqual(['a', 'b']);
  });

  it('data that overtakes the Finished of the server is dropped, and nothing else', () => {
    const wire = link();
    wire.begin();
    wire.run(() => wire.server.state === 'open');
    const early = wire.server.send(ascii('early'));
    expect(kit.dtlsReceive(0, early)).toEqual([]);
    expect(wire.handshake()).toBe(DtlsState.Open);
    talk(wire);
  });

  it('write refuses what does not fit, and a second datagram before the first was sent', () => {
    const wire = link({ cid: ascii('srv') });
    expect(kit.dtlsWrite(ascii('x'))).toBe(Status.Closed);
    wire.begin({ outMax: 500 });
    expect(kit.dtlsWrite(ascii('x'))).toBe(Status.Again);
    wire.handshake();
    const most = kit.dtlsWriteMax();
    expect(most).toBe(500 - 13 - 3 - 8 - 1 - 8);
    expect(kit.dtlsWrite(new Uint8Array(most + 1))).toBe(Status.TooLong);
    expect(kit.dtlsWrite(new Uint8Array(most).fill(1))).toBe(Status.Ok);
    expect(kit.dtlsWrite(ascii('x'))).toBe(Status.Again);
    wire.flush();
    wire.run();
    expect(wire.server.data.map(({ length }) => length)).toEqual([most]);
    expect(wire.sent.at(-1)?.datagram.length).toBe(500);
  });

  it('a maximum fragment length that the server echoes limits what is written', () => {
    const wire = link();
    wire.begin({ maxFragment: 1 });
    wire.handshake();
    expect(kit.dtlsWriteMax()).toBe(512);
  });
});

describe('timers', () => {
  const clientTimes = (wire: Link): number[] => wire.sent.filter(({ from }) => from === 'client').map(({ at }) => at);

  it('a ClientHello without answer goes out after 1, 3, 7, 15, 31 seconds; at 50 it is given up', () => {
    const wire = link({}, { loss: 1 });
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Closed);
    expect(clientTimes(wire)).toEqual([0, 1000, 3000, 7000, 15_000, 31_000]);
    expect([wire.now, kit.dtlsStatus().result]).toEqual([50_000, Status.Timeout]);
    const numbers = wire.sent.flatMap(({ datagram }) => records(datagram)).map(({ sequence }) => sequence);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5]);
    const bodies = new Set(wire.sent.map(({ datagram }) => Buffer.from(datagram.slice(13)).toString('hex')));
    expect(bodies.size).toBe(1);
  });

  it('first time-out and patience can be chosen; the time-out stops doubling at 60 seconds', () => {
    const wire = link({}, { loss: 1 });
    wire.begin({ firstTimeout: 9000, patience: 200_000 });
    wire.handshake();
    expect(clientTimes(wire)).toEqual([0, 9000, 27_000, 63_000, 123_000, 183_000]);
    expect(wire.now).toBe(200_000);
  });

  it('flight 5 without answer is reported as its own status: the key is suspect', () => {
    const wire = link({ psk: new Uint8Array(16) });
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Closed);
    expect(kit.dtlsStatus()).toMatchObject({ result: Status.KeySuspect, alert: -1 });
    expect(wire.now).toBe(50_000);
  });

  it('flight 5 is repeated with new record numbers, the same messages, and at once when flight 4 comes again', () => {
    const wire = link({ psk: new Uint8Array(16) });
    wire.begin();
    wire.run(() => kit.dtlsStatus().state === DtlsState.Finished);
    const flights = (): Uint8Array[] => wire.sent.slice(4).filter(({ from }) => from === 'client').map(({ datagram }) => datagram); // prettier-ignore
    expect(flights().length).toBe(1);
    kit.dtlsReceive(wire.now, concat(...wire.server.retransmit(), ...wire.server.retransmit()));
    wire.flush();
    expect(flights().length).toBe(2);
    const [first = [], second = []] = flights().map((datagram) => records(datagram));
    expect(second.map(({ type, epoch, sequence }) => [type, epoch, sequence])).toEqual([
      [Type.Handshake, 0, 4],
      [Type.ChangeCipherSpec, 0, 5],
      [Type.Handshake, 1, 1],
    ]);
    expect(second[0]?.fragment).toEqual(first[0]?.fragment);
    expect(second[2]?.fragment).not.toEqual(first[2]?.fragment);
  });

  it('after a flight that had to be repeated the longer time-out stays for the next', () => {
    const wire = link();
    wire.faults = { loss: 1 };
    wire.begin();
    wire.run(() => wire.now >= 7000, 7000);
    wire.faults = {};
    wire.run(() => kit.dtlsStatus().state === DtlsState.Finished);
    expect(kit.dtlsDeadline() - wire.now).toBe(1000);
    // ClientHello with cookie went out in between: it kept the 16 s, and was answered at once.
    const second = wire.sent.find(({ at, from }) => from === 'client' && at >= 7000);
    expect(second).toBeDefined();
  });
});

describe('resumption', () => {
  function opened(options: Partial<ServerOptions> = {}, faults: Faults = {}): Link {
    const wire = link({ cid: ascii('srv'), ...options }, faults);
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Open);
    talk(wire);
    kit.dtlsClose();
    wire.flush();
    wire.run();
    return wire;
  }

  it('by session ID, in fewer messages and with new keys', () => {
    const wire = opened();
    const keys = Buffer.from(wire.server.keys).toString('hex');
    const before = wire.sent.length;
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Open);
    expect(kit.dtlsStatus().resumed).toBe(true);
    wire.run();
    expect(wire.sent.length - before).toBe(5);
    expect(wire.server.state).toBe('open');
    expect(Buffer.from(wire.server.keys).toString('hex')).not.toBe(keys);
    talk(wire);
  });

  it('again and again', () => {
    const wire = opened();
    for (let i = 0; i < 5; i++) {
      wire.begin();
      expect([wire.handshake(), kit.dtlsStatus().resumed]).toEqual([DtlsState.Open, true]);
      wire.run();
      talk(wire);
    }
  });

  it('a server that has forgotten makes a full handshake of it, which can be resumed in its turn', () => {
    const wire = opened();
    wire.server.sessions.length = 0;
    wire.begin();
    expect([wire.handshake(), kit.dtlsStatus().resumed]).toEqual([DtlsState.Open, false]);
    talk(wire);
    wire.begin();
    expect([wire.handshake(), kit.dtlsStatus().resumed]).toEqual([DtlsState.Open, true]);
  });

  it("the server's Finished once more brings the client's once more", () => {
    const wire = opened();
    wire.begin();
    wire.run(() => kit.dtlsStatus().state === DtlsState.Open);
    const before = wire.sent.length;
    wire.faults = { loss: 1 };
    wire.run(() => true);
    wire.faults = {};
    for (const datagram of wire.server.retransmit()) kit.dtlsReceive(wire.now, datagram);
    wire.flush();
    const again = wire.sent.slice(before).filter(({ from }) => from === 'client');
    expect(again.length).toBe(1);
    expect(records(again[0]?.datagram ?? new Uint8Array(), 3).map(({ type }) => type)).toEqual([20, 25]);
    wire.run();
    expect(wire.server.state).toBe('open');
  });

  it('a session without its extended master secret is refused', () => {
    const wire = opened();
    wire.server.sessions[0] = { ...(wire.server.sessions[0] as (typeof wire.server.sessions)[0]), ems: false };
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Closed);
    expect(kit.dtlsStatus()).toMatchObject({ result: Status.Malformed, alert: 40 });
  });

  it.each([
    ['a fatal alert', (wire: Link) => wire.send('server', wire.server.alert(2, 80))],
    ['forget', () => kit.dtlsForget()],
  ])('%s leaves nothing to resume', (_, event) => {
    const wire = link();
    wire.begin();
    wire.handshake();
    event(wire);
    wire.run();
    expect(kit.dtlsStatus().state).toBe(DtlsState.Closed);
    wire.begin();
    expect(records(wire.sent.at(-1)?.datagram ?? new Uint8Array())[0]?.fragment[12 + 34]).toBe(0);
  });

  it('a handshake that was given up half-way leaves nothing to resume', () => {
    const wire = link({ fragment: 30, apart: true });
    wire.begin();
    wire.run(() => kit.dtlsStatus().state === DtlsState.Answered);
    kit.dtlsClose();
    wire.begin();
    expect(records(wire.sent.at(-1)?.datagram ?? new Uint8Array())[0]?.fragment[12 + 34]).toBe(0);
  });
});

describe('a line that loses, repeats and reorders 30 of 100 datagrams', () => {
  it.each([
    ['whole messages', {}, {}],
    ['fragments of 20 bytes', { fragment: 20, apart: true, hint: ascii('hint') }, {}],
    ['connection IDs', { cid: ascii('srv'), padding: 5 }, { ownCid: ascii('dev') }],
    ['GCM', { suite: 0xa8, apart: true }, {}],
  ] as const)('%s: handshakes come through', (name, options, choices) => {
    let open = 0;
    for (let i = 0; i < 60; i++) {
      kit.dtlsNew(choices);
      const wire = link(options, { loss: 0.3, repeat: 0.3, delay: 400 }, `${name} ${i}`);
      wire.begin();
      if (wire.handshake() !== DtlsState.Open) continue;
      wire.faults = {};
      wire.run();
      talk(wire);
      open++;
    }
    expect(open).toBeGreaterThan(55);
  });

  it('bits that turn besides: every handshake ends, none in another way than it may, and one more try comes through', () => {
    const ends = new Set<number>();
    for (let i = 0; i < 60; i++) {
      kit.dtlsNew();
      const wire = link({ cid: ascii('srv') }, { loss: 0.3, repeat: 0.3, delay: 400, corrupt: 0.3 }, `corrupt ${i}`);
      let tries = 0;
      do {
        wire.begin();
        wire.handshake();
        ends.add(kit.dtlsStatus().result);
      } while (kit.dtlsStatus().state !== DtlsState.Open && ++tries < 20);
      wire.faults = {};
      wire.run();
      talk(wire);
    }
    const may = [Status.Ok, Status.Timeout, Status.KeySuspect, Status.Malformed, Status.TooLong, Status.Refused];
    expect(may).toEqual(expect.arrayContaining([...ends]));
  });

  it('resumption as well', () => {
    let resumed = 0;
    for (let i = 0; i < 40; i++) {
      kit.dtlsNew();
      const wire = link({ cid: ascii('srv') }, {}, `resumption ${i}`);
      wire.begin();
      expect(wire.handshake()).toBe(DtlsState.Open);
      wire.faults = { loss: 0.3, repeat: 0.3, delay: 400 };
      wire.begin();
      if (wire.handshake() !== DtlsState.Open) continue;
      wire.faults = {};
      wire.run();
      talk(wire);
      resumed += kit.dtlsStatus().resumed ? 1 : 0;
    }
    expect(resumed).toBeGreaterThan(35);
  });
});
