// T=0, terminal's side: reset, PPS and TPDUs as procedures that ask for characters and time, and do not know who gives
// them. ISO 7816-3 6.2, 9.3, 10.3; TS 102 221 7.3.

import { concat, toHex } from '../bytes.js';
import { atrLength, ppsRequest } from './atr.js';
import { CardError } from './reader.js';

/** What a procedure asks of the line. `secret`: the characters are secret. Times in clocks of CLK. */
export type Step =
  | { readonly kind: 'wait'; readonly clocks: number }
  | { readonly kind: 'send'; readonly bytes: Uint8Array; readonly secret?: boolean }
  | Receive;

/** One character within a time; or so many, each within it, which are appended to `into`. */
export interface Receive {
  readonly kind: 'receive';
  readonly within: number;
  readonly late: CardFaultText;
  readonly secret?: boolean;
  readonly several?: { readonly count: number; readonly into: number[] };
}

/** What is wrong when no character comes in time. */
interface CardFaultText {
  readonly code: 'mute' | 'timeout';
  readonly message: string;
}

/** Yields steps, is resumed with the character received (the last of `several`) or anything. */
export type Procedure<T> = Generator<Step, T, number>;

/** The ATR starts 400 to 40,000 clocks after RST goes high. ISO 7816-3 6.2.1. */
const ATR_START_CLOCKS = 40_000;
/** Most between two characters of an ATR. 8.1. */
const ATR_GAP_ETU = 9_600;
export const DEFAULT_ETU = 372;
/**
 * NULLs that one command may have: no standard limits them, but a card that sends nothing else would hold the terminal
 * for ever. A card sends one when half of the waiting time is gone; at WI 10 that many are half an hour.
 */
const NULLS_MAX = 4096;
/** TS and 32 characters. */
const ATR_MAX_BYTES = 33;

/** Receives an ATR, as long as it says it is. Rejected by nothing but silence: judge it with `parseAtr`. */
export function* receiveAtr(): Procedure<Uint8Array> {
  const mute = { code: 'mute', message: 'the card does not answer to reset' } as const;
  const short = { code: 'timeout', message: 'the ATR stopped in the middle' } as const;
  const atr = [yield { kind: 'receive', within: ATR_START_CLOCKS, late: mute }];
  while (atr.length < Math.min(atrLength(Uint8Array.from(atr)), ATR_MAX_BYTES)) {
    atr.push(yield { kind: 'receive', within: ATR_GAP_ETU * DEFAULT_ETU, late: short });
  }
  return Uint8Array.from(atr);
}

/** Asks for the rate `ta1`. Returns true if the card agreed, false if it wants to stay at the default. */
export function* selectRate(ta1: number): Procedure<boolean> {
  const late = { code: 'timeout', message: 'no answer to PPS' } as const;
  const receive = { kind: 'receive', within: ATR_GAP_ETU * DEFAULT_ETU, late } as const;
  const request = ppsRequest(ta1);
  yield { kind: 'send', bytes: request };
  const response = [yield receive, yield receive];
  const length = 3 + [0x10, 0x20, 0x40].filter((bit) => (response[1] ?? 0) & bit).length;
  while (response.length < length) response.push(yield receive);
  const hex = toHex(Uint8Array.from(response));
  if (hex === toHex(request)) return true;
  if (hex === 'ff00ff') return false;
  throw new CardError('protocol', `PPS request ${toHex(request)} was answered ${hex}`);
}

/** Splits a command into header `CLA INS P1 P2 P3` and data. Throws CardError 'protocol' for what T=0 cannot carry. */
export function toTpdu(command: Uint8Array): { header: Uint8Array; data: Uint8Array } {
  // A case 1 APDU has no P3; the Le of a case 4 APDU does not go on the line.
  const header = command.length === 4 ? concat(command, Uint8Array.of(0)) : command.slice(0, 5);
  const data = command.slice(5);
  const p3 = header[4] ?? 0;
  if (header.length < 5 || header[0] === 0xff) {
    throw new CardError('protocol', `a command is CLA (not ff) INS P1 P2 [P3 [data]], got ${command.length} bytes`);
  }
  if (data.length > 0 && data.length !== p3 && !(p3 > 0 && data.length === p3 + 1)) {
    throw new CardError('protocol', `P3 says ${p3} bytes of data, ${data.length} follow`);
  }
  return { header, data: data.slice(0, data.length === 0 ? 0 : p3) };
}

/** One command. `waitingTime`: most between two characters of the card, in clocks. Returns data, SW1 SW2. */
export function* exchangeTpdu(
  tpdu: { readonly header: Uint8Array; readonly data: Uint8Array },
  waitingTime: number,
  secrecy: { readonly command: boolean; readonly response: boolean },
): Procedure<Uint8Array> {
  const { header, data } = tpdu;
  const ins = header[1] ?? 0;
  const toCard = data.length > 0;
  const total = toCard ? data.length : header[4] || 256;
  const late = { code: 'timeout', message: 'no answer within the work waiting time' } as const;
  const receive = { kind: 'receive', within: waitingTime, late } as const;
  const answer: number[] = [];
  let done = 0;
  let nulls = 0;

  yield { kind: 'send', bytes: header };
  for (;;) {
    const procedure = yield receive;
    if (procedure === 0x60) {
      if (++nulls > NULLS_MAX) throw new CardError('timeout', `the card asked for time ${NULLS_MAX} times`);
      continue;
    }
    // Before INS: a status word is a status word, also to an INS of 6X or 9X, which no card may have. 10.3.2.
    if ((procedure & 0xf0) === 0x60 || (procedure & 0xf0) === 0x90) {
      return Uint8Array.of(...answer, procedure, yield receive);
    } else if (procedure === ins || procedure === (ins ^ 0xff)) {
      if (done === total) throw new CardError('protocol', `the card asks for more than the ${total} bytes of P3`);
      const count = procedure === ins ? total - done : 1;
      if (toCard) {
        yield { kind: 'send', bytes: data.subarray(done, done + count), secret: secrecy.command };
      } else {
        yield { ...receive, secret: secrecy.response, several: { count, into: answer } };
      }
      done += count;
    } else {
      throw new CardError(
        'protocol',
        `procedure byte ${toHex(Uint8Array.of(procedure))} to INS ${toHex(Uint8Array.of(ins))}`,
      );
    }
  }
}
