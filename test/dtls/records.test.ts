// Records and alerts once data flows: replay, forgeries, connection IDs, sequence numbers that run out, closing.
import { beforeEach, describe, expect, it } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { DtlsState, loadKit } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { ascii, linkTo, talk, type Faults, type Link } from './link.js';
import { type ServerOptions } from './server.js';
import { Message, Type, message, records, u8 } from './wire.js';

const kit = await loadKit();
beforeEach(() => kit.dtlsNew());
const link = (options?: Partial<ServerOptions>, faults?: Faults, seed?: string): Link =>
  linkTo(kit, options, faults, seed);

describe('records', () => {
  function open(options: Partial<ServerOptions> = {}, choices = {}): Link {
    const wire = link(options);
    wire.begin(choices);
    expect(wire.handshake()).toBe(DtlsState.Open);
    return wire;
  }
  const receive = (datagram: Uint8Array): string[] =>
    kit.dtlsReceive(0, datagram).map((bytes) => Buffer.from(bytes).toString());

  it('each is taken once, in any order, as long as it is among the last 64', () => {
    const { server } = open();
    const sealed = Array.from({ length: 200 }, (_, i) => server.seal(Type.Data, u8(65 + (i % 26)), 10 + i));
    const take = (i: number): number => receive(sealed[i] ?? new Uint8Array()).length;
    expect([take(0), take(0), take(5), take(3), take(3), take(5)]).toEqual([1, 0, 1, 1, 0, 0]);
    expect([take(69), take(5), take(4), take(6), take(6)]).toEqual([1, 0, 0, 1, 0]);
    expect([take(199), take(136), take(136), take(135)]).toEqual([1, 1, 0, 0]);
    expect([take(140), take(139), take(199)]).toEqual([1, 1, 0]);
  });

  it('random order and copies: each exactly once', () => {
    const { server } = open();
    const random = new Random('replay');
    const seen = new Set<string>();
    const list = Array.from({ length: 64 }, (_, i) => server.seal(Type.Data, ascii(`${i}`), 100 + i));
    for (let i = 0; i < 1000; i++) {
      for (const data of receive(list[random.below(list.length)] ?? new Uint8Array())) {
        expect(seen.has(data)).toBe(false);
        seen.add(data);
      }
    }
    expect(seen.size).toBe(64);
  });

  it('a record with a wrong tag, epoch, version or type, or cut short, is dropped, and moves no window', () => {
    const { server } = open();
    const good = server.seal(Type.Data, ascii('good'), 50);
    const { dropped } = kit.dtlsStatus();
    let count = 0;
    for (let at = 0; at < good.length; at++) {
      for (const bit of [0x01, 0x80]) {
        const bad = good.slice();
        bad[at] = (bad[at] ?? 0) ^ bit;
        expect(receive(bad), `byte ${at}`).toEqual([]);
        count++;
      }
    }
    for (let length = 1; length < good.length; length++) {
      expect(receive(good.slice(0, length))).toEqual([]);
      count++;
    }
    expect(kit.dtlsStatus().dropped - dropped).toBeGreaterThanOrEqual(count - 40);
    expect(kit.dtlsStatus().state).toBe(DtlsState.Open);
    expect(receive(good)).toEqual(['good']);
    expect(kit.dtlsOutput()).toBeUndefined();
  });

  it('a record far ahead that is forged does not make older ones too old', () => {
    const { server } = open();
    const bad = server.seal(Type.Data, ascii('x'), 1e6);
    bad[bad.length - 1] = (bad[bad.length - 1] ?? 0) ^ 1;
    expect(receive(bad)).toEqual([]);
    expect(receive(server.send(ascii('y')))).toEqual(['y']);
  });

  it('with a connection ID: one without it, with another one, or of zeros alone, is dropped', () => {
    const wire = open({ cid: ascii('srv'), padding: 3 }, { ownCid: ascii('dev') });
    const { server } = wire;
    const good = server.send(ascii('good'));
    const other = good.slice();
    other.set(ascii('ved'), 11);
    expect(receive(other)).toEqual([]);
    server.clientCid = new Uint8Array();
    expect(receive(server.send(ascii('plain')))).toEqual([]);
    server.clientCid = ascii('dev');
    expect(receive(server.seal(0, new Uint8Array(4)))).toEqual([]);
    expect(receive(server.seal(99, ascii('what')))).toEqual([]);
    expect(receive(good)).toEqual(['good']);
  });

  it('without one: a record of type 25 is dropped', () => {
    const { server } = open();
    server.clientCid = ascii('dev');
    expect(receive(server.send(ascii('x')))).toEqual([]);
  });

  it('when sequence numbers run out the session says goodbye and is closed; none is used twice', () => {
    const wire = open();
    const last = 2 ** 48 - 1;
    kit.dtlsSequence(BigInt(last - 2));
    expect(kit.dtlsWrite(ascii('a'))).toBe(Status.Ok);
    wire.flush();
    expect(kit.dtlsWrite(ascii('b'))).toBe(Status.Ok);
    wire.flush();
    expect(kit.dtlsWrite(ascii('c'))).toBe(Status.NoSpace);
    wire.flush();
    expect(kit.dtlsWrite(ascii('d'))).toBe(Status.Closed);
    wire.run();
    expect(wire.server.data.map((bytes) => Buffer.from(bytes).toString())).toEqual(['a', 'b']);
    expect(wire.server.alerts).toEqual([[1, 0]]);
    expect(kit.dtlsStatus()).toMatchObject({ state: DtlsState.Closed, result: Status.NoSpace });
    const numbers = wire.sent.slice(-3).flatMap(({ datagram }) => records(datagram).map(({ sequence }) => sequence));
    expect(numbers).toEqual([last - 2, last - 1, last]);
    // What is left to resume is good: keys are new then.
    wire.begin();
    expect([wire.handshake(), kit.dtlsStatus().resumed]).toEqual([DtlsState.Open, true]);
  });

  it('even alerts do not use a number twice', () => {
    const wire = open();
    kit.dtlsSequence(2n ** 48n - 1n);
    const request = (): Uint8Array =>
      wire.server.seal(Type.Handshake, message({ type: Message.HelloRequest, sequence: 0, body: new Uint8Array() }));
    kit.dtlsReceive(0, request());
    expect(kit.dtlsOutput()).toBeDefined();
    kit.dtlsReceive(0, request());
    expect(kit.dtlsOutput()).toBeUndefined();
    expect(kit.dtlsWrite(ascii('x'))).toBe(Status.NoSpace);
    expect(kit.dtlsOutput()).toBeUndefined();
  });
});

describe('alerts', () => {
  function open(): Link {
    const wire = link();
    wire.begin();
    expect(wire.handshake()).toBe(DtlsState.Open);
    return wire;
  }

  it('close_notify is answered, and closes', () => {
    const wire = open();
    wire.send('server', wire.server.alert(1, 0));
    wire.run();
    expect(wire.server.alerts).toEqual([[1, 0]]);
    expect(kit.dtlsStatus()).toMatchObject({ state: DtlsState.Closed, result: Status.Closed, alert: 0 });
  });

  it('a fatal one closes without a word', () => {
    const wire = open();
    wire.send('server', wire.server.alert(2, 20));
    wire.run();
    expect(wire.server.alerts).toEqual([]);
    expect(kit.dtlsStatus()).toMatchObject({ state: DtlsState.Closed, result: Status.Refused, alert: 20 });
  });

  it('a warning, one of the wrong size, and one that is not protected change nothing once data flows', () => {
    const wire = open();
    kit.dtlsReceive(0, wire.server.alert(1, 90));
    kit.dtlsReceive(0, wire.server.record(Type.Alert, Uint8Array.of(2)));
    kit.dtlsReceive(0, wire.server.record(Type.Alert, Uint8Array.of(2, 0, 0)));
    kit.dtlsReceive(0, wire.server.alert(2, 20, 0));
    kit.dtlsReceive(0, wire.server.alert(1, 0, 0));
    expect(kit.dtlsStatus()).toMatchObject({ state: DtlsState.Open, alert: -1 });
    talk(wire);
  });

  it.each([
    [2, 40, Status.Refused],
    [1, 0, Status.Refused],
    [2, 115, Status.Refused],
  ])('level %i description %i in the clear ends a handshake', (level, description, result) => {
    const wire = link();
    wire.begin();
    kit.dtlsReceive(0, wire.server.alert(level, description, 0));
    expect(kit.dtlsStatus()).toMatchObject({ state: DtlsState.Closed, result, alert: description });
    expect(kit.dtlsDeadline()).toBe(Infinity);
  });

  it('a warning in the clear does not', () => {
    const wire = link();
    wire.begin();
    kit.dtlsReceive(0, wire.server.alert(1, 115, 0));
    expect(wire.handshake()).toBe(DtlsState.Open);
  });

  it('renegotiation is refused with no_renegotiation, and data goes on', () => {
    const wire = open();
    const request = message({ type: Message.HelloRequest, sequence: 0, body: new Uint8Array() });
    wire.send('server', wire.server.seal(Type.Handshake, request));
    wire.run();
    expect(wire.server.alerts).toEqual([[1, 100]]);
    talk(wire);
  });
});
