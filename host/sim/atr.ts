// Answer to reset and PPS as a terminal sees them. ISO 7816-3 8.2, 8.3, 9.

import { toHex } from '../bytes.js';

/** An answer to reset that breaks ISO 7816-3; the message says where. */
export class AtrError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AtrError';
  }
}

export interface Atr {
  readonly bytes: Uint8Array;
  /** Fi << 4 | Di, 11 when absent: the fastest rate the card offers. */
  readonly ta1: number;
  /** Extra guard time N in etu; FF means 12 etu at T=0, which is 0 here. */
  readonly extraGuard: number;
  /** WI, 10 when absent. */
  readonly waitingInteger: number;
  /** TA2 is there: the card works at TA1 at once and takes no PPS. */
  readonly specific: boolean;
  /** Protocols offered, in order; T=15 is none. */
  readonly protocols: readonly number[];
  readonly historical: Uint8Array;
}

const TS_DIRECT = 0x3b;
/** TS and at most 32 characters. 8.2.1. */
const MAX_BYTES = 33;
const DEFAULT_TA1 = 0x11;
const DEFAULT_WI = 10;

/** How many bytes an ATR that starts like this has, as far as these bytes tell. Complete once it has so many. */
export function atrLength(start: Uint8Array): number {
  let y = start[1];
  if (y === undefined) return 2;
  const historical = y & 15;
  let check = 0;
  let at = 2;
  for (y >>= 4; ; y >>= 4) {
    at += bits(y & 7);
    if ((y & 8) === 0) return at + historical + check;
    const td = start[at++];
    if (td === undefined) return at;
    if ((td & 15) !== 0) check = 1;
    y = td;
  }
}

const bits = (value: number): number => (value & 1) + ((value >> 1) & 1) + ((value >> 2) & 1);

/** Takes a whole ATR apart. Throws AtrError. */
export function parseAtr(bytes: Uint8Array): Atr {
  const fail = (what: string): never => {
    throw new AtrError(`ATR ${toHex(bytes)}: ${what}`);
  };
  if (bytes[0] !== TS_DIRECT) fail('TS is not 3b (direct convention), the only one this terminal has');
  const length = atrLength(bytes);
  if (length > MAX_BYTES) fail(`runs over ${MAX_BYTES} characters`);
  if (length !== bytes.length) fail(`expected ${length} characters`);

  // interface bytes by name: TA1, TB1, .. TA2, ..
  const named = new Map<string, number>();
  const protocols: number[] = [];
  let at = 2;
  let y = (bytes[1] ?? 0) >> 4;
  let check = false;
  for (let i = 1; ; i++) {
    for (const [bit, letter] of [...'ABC'].entries()) if (y & (1 << bit)) named.set(`T${letter}${i}`, bytes[at++] ?? 0);
    if ((y & 8) === 0) break;
    const td = bytes[at++] ?? 0;
    const protocol = td & 15;
    if (protocol !== 0) check = true;
    if (protocol !== 15 && !protocols.includes(protocol)) protocols.push(protocol);
    y = td >> 4;
  }
  if (protocols.length === 0) protocols.push(0);
  if (check && bytes.subarray(1).reduce((sum, byte) => sum ^ byte, 0) !== 0) fail('TCK is wrong');
  const waitingInteger = named.get('TC2') ?? DEFAULT_WI;
  if (waitingInteger === 0) fail('TC2 (WI) is 0');
  const tc1 = named.get('TC1') ?? 0;
  return {
    bytes,
    ta1: named.get('TA1') ?? DEFAULT_TA1,
    extraGuard: tc1 === 255 ? 0 : tc1,
    waitingInteger,
    specific: named.has('TA2'),
    protocols,
    historical: bytes.slice(at, at + ((bytes[1] ?? 0) & 15)),
  };
}

const F = [372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024, 1536, 2048, 0, 0];
const D = [0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0];

/** Clock conversion and rate: `f` clocks hold `d` etu. */
export interface Rate {
  readonly f: number;
  readonly d: number;
  /** Clocks per etu. */
  readonly etu: number;
}

/** What Fi << 4 | Di stands for (tables 7, 8); undefined for reserved values and for an etu that is no whole number. */
export function rateOf(ta1: number): Rate | undefined {
  const f = F[ta1 >> 4] ?? 0;
  const d = D[ta1 & 15] ?? 0;
  if (f === 0 || d === 0 || f % d !== 0) return undefined;
  return { f, d, etu: f / d };
}

/** PPSS PPS0 PPS1 PCK for T=0 at Fi << 4 | Di. */
export function ppsRequest(ta1: number): Uint8Array {
  return Uint8Array.of(0xff, 0x10, ta1, 0xff ^ 0x10 ^ ta1);
}
