// A client in the hands of somebody who changes, makes up and repeats datagrams, and of a server that holds the key and means harm.
//
// Whatever comes: no trap, no data that the server did not send or sent once, no secret on the wire, a deadline while something is awaited, and a
// client that can start again.
import { expect } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { concat } from '../../host/bytes.js';
import { DtlsState } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { IDENTITY, ascii, linkTo, talk, text, type Client } from './link.js';
import { TestServer } from './server.js';
import { Message, Type, message, record, records, u16, u24, u8 } from './wire.js';

const RESULTS: readonly number[] = [
  ...[Status.Ok, Status.Closed, Status.Timeout, Status.KeySuspect],
  ...[Status.Refused, Status.Malformed, Status.TooLong],
];
const STEPS = 30;

/** What wire formats take for lengths, counts and numbers. */
const EDGES = [0, 1, 2, 7, 8, 11, 12, 13, 0x14, 0x19, 0x20, 0x7f, 0x80, 0xfe, 0xff];

function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(out.length + 1);
    switch (random.below(7)) {
      case 0:
        if (at < out.length) out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        if (at < out.length) out[at] = EDGES[random.below(EDGES.length)] ?? 0;
        break;
      case 2:
        out = out.slice(0, at);
        break;
      case 3:
        out = concat(out.slice(0, at), random.bytes(random.below(20)), out.slice(at));
        break;
      case 4:
        out = concat(out.slice(0, at), out.slice(at + random.below(20)));
        break;
      case 5:
        out = concat(out, out.slice(at));
        break;
      default: {
        // Within a head: a record's or a message's.
        const place = random.below(Math.min(out.length, 25) || 1);
        if (place < out.length) out[place] = EDGES[random.below(EDGES.length)] ?? 0;
      }
    }
  }
  return out;
}

const TYPES = Object.values(Type);
const MESSAGES = [...Object.values(Message), 99];

/** A message, or a part of one, that is well-formed on its outside. */
function madeUpMessage(random: Random): Uint8Array {
  const pick = (list: readonly number[]): number => list[random.below(list.length)] ?? 0;
  const body = random.bytes(random.below(2) === 0 ? random.below(100) : pick([0, 1, 2, 3, 12, 38, 70]));
  const one = { type: pick(MESSAGES), sequence: random.below(6), body };
  if (one.type === Message.ServerHello && body.length >= 38) body.set([0xfe, 0xfd], 0);
  const offset = random.below(body.length + 1);
  return random.below(3) === 0 ? message(one, offset, random.below(body.length - offset + 1)) : message(one);
}

function madeUp(random: Random): Uint8Array {
  if (random.below(4) === 0) return random.bytes(random.below(60));
  const type = random.below(2) === 0 ? Type.Handshake : (TYPES[random.below(TYPES.length)] ?? 0);
  const epoch = random.below(3);
  const fragment =
    type === Type.Handshake && random.below(4) > 0
      ? concat(...Array.from({ length: 1 + random.below(3) }, () => madeUpMessage(random)))
      : random.bytes(random.below(40));
  return record(type, epoch, random.below(100), fragment, { version: random.below(5) === 0 ? 0xfeff : 0xfefd });
}

/** What a server with the keys says: alerts, messages, nonsense, all of it well protected. */
function protectedNonsense(random: Random, server: TestServer): Uint8Array {
  const type = TYPES[random.below(TYPES.length)] ?? 0;
  const lengths = concat(u8(random.below(25)), u24(random.below(40)), u16(random.below(6)), random.bytes(6));
  const choices = [random.bytes(random.below(30)), madeUpMessage(random), lengths, new Uint8Array(random.below(9))];
  return server.seal(type === Type.Data ? Type.Handshake : type, choices[random.below(4)] ?? u8(0));
}

function contains(hay: Uint8Array, needle: Uint8Array): boolean {
  return Buffer.from(hay).includes(Buffer.from(needle));
}

/** One client through `STEPS` events; then a handshake that nobody disturbs. */
export function hostileCase(kit: Client, seed: string): void {
  const random = new Random(seed);
  const psk = random.bytes(8 + random.below(57));
  const server = new TestServer({
    ...{ psk, seed, suite: random.below(4) === 0 ? 0xa8 : 0xc0a8, ems: random.below(4) > 0 },
    ...(random.below(2) === 0 ? { cid: random.bytes(random.below(33)), padding: random.below(20) } : {}),
    ...(random.below(2) === 0 ? { fragment: 1 + random.below(60), apart: random.below(2) === 0 } : {}),
    ...(random.below(2) === 0 ? { hint: random.bytes(random.below(129)) } : {}),
    ...{ cookie: random.below(3) === 0 ? 0 : 1 + random.below(255), sessionId: 32 * random.below(2) },
  });
  kit.dtlsNew({ ownCid: random.bytes(random.below(3) === 0 ? random.below(9) : 0), maxFragment: random.below(3) });
  let now = 0;
  const sent = new Set<string>();
  const pending: Uint8Array[] = [];
  const past: Uint8Array[] = [];
  const secrets: Uint8Array[] = [psk];

  const flush = (): void => {
    for (let datagram = kit.dtlsOutput(); datagram; datagram = kit.dtlsOutput()) {
      if (server.keys.length > 0) secrets.push(server.master, server.keys.slice(0, 16), server.keys.slice(16, 32));
      for (const secret of secrets) expect(contains(datagram, secret), `${seed}: a secret on the wire`).toBe(false);
      records(datagram, server.options.cid?.length); // a client that sends nonsense throws here
      pending.push(...server.receive(datagram));
    }
    const { state, result } = kit.dtlsStatus();
    const awaiting = state !== DtlsState.Closed && state !== DtlsState.Open;
    expect(kit.dtlsDeadline() === Infinity, `${seed}: a deadline in state ${state}`).toBe(!awaiting);
    expect(RESULTS, `${seed}: result ${result}`).toContain(result);
  };
  const give = (datagram: Uint8Array): void => {
    for (const data of kit.dtlsReceive(now, datagram))
      expect(sent.delete(text(data)), `${seed}: forged or repeated data`).toBe(true);
    flush();
  };
  const send = (data: Uint8Array): void => {
    sent.add(text(data));
    pending.push(server.send(data));
  };

  expect(kit.dtlsBegin(now, random.bytes(32), ascii(IDENTITY), psk)).toBe(Status.Ok);
  flush();
  for (let step = 0; step < STEPS; step++) {
    const next = pending.shift();
    switch (random.below(12)) {
      case 0:
        give(madeUp(random));
        if (next) pending.unshift(next);
        break;
      case 1:
        if (next) give(mutate(random, next));
        break;
      case 2:
        if (next) give(mutate(random, next));
        if (next) pending.unshift(next);
        break;
      case 3:
        if (past.length > 0) give(past[random.below(past.length)] ?? u8(0));
        if (next) pending.unshift(next);
        break;
      case 4:
        if (server.keys.length > 0) give(protectedNonsense(random, server));
        if (next) pending.unshift(next);
        break;
      case 5:
        if (server.state === 'open') send(concat(u16(step), random.bytes(6 + random.below(50))));
        if (next) pending.unshift(next);
        break;
      case 6:
        if (kit.dtlsStatus().state === DtlsState.Open) kit.dtlsWrite(random.bytes(random.below(60)));
        flush();
        if (next) pending.push(next);
        break;
      case 7:
        if (random.below(4) === 0 && kit.dtlsDeadline() !== Infinity) {
          now = kit.dtlsDeadline();
          kit.dtlsStep(now);
          flush();
        }
        if (next) pending.unshift(next);
        break;
      default:
        if (next) {
          past.push(next);
          give(next);
        }
    }
    if (kit.dtlsStatus().state === DtlsState.Closed && random.below(3) === 0) {
      kit.dtlsBegin(now, random.bytes(32), ascii(IDENTITY), psk);
      flush();
    }
  }
  const wire = linkTo(kit, { psk, cid: ascii('srv'), sessionId: 0 }, {}, seed);
  wire.begin(undefined, psk);
  expect(wire.handshake(), `${seed}: a handshake afterwards`).toBe(DtlsState.Open);
  talk(wire);
}
