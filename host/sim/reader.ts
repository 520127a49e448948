import { concat } from '../bytes.js';

/** Why a card did not answer. */
export type CardFault = 'no-card' | 'mute' | 'timeout' | 'protocol';

export class CardError extends Error {
  constructor(
    readonly code: CardFault,
    message: string,
  ) {
    super(message);
    this.name = 'CardError';
  }
}

/** What a modem (or a person's tool) can do with a card slot. Nothing else of the card is visible to it. */
export interface CardReader {
  /** Cold reset; resolves to the ATR. Rejects with CardError when the slot is empty or the card is mute. */
  powerOn(): Promise<Uint8Array>;
  powerOff(): void;
  /** Warm reset; resolves to the ATR. */
  reset(): Promise<Uint8Array>;
  /**
   * One command at the T=0 interface: `CLA INS P1 P2 P3 [data]` in, `[data] SW1 SW2` out, just as the card said it
   * (61xx and 6Cxx are not followed). Commands queue: a second call waits for the first.
   */
  transmit(command: Uint8Array): Promise<Uint8Array>;
}

/** An answer taken apart. */
export interface CardAnswer {
  readonly data: Uint8Array;
  /** SW1 << 8 | SW2. */
  readonly sw: number;
}

/** An answer has at most 65,536 bytes, and a part of it at most 256: more parts than this are a card gone wrong. */
const FOLLOW_UPS_MAX = 256;

/**
 * `transmit`, with what T=0 leaves to the terminal done: 61xx (9Fxx in class A0) fetched by GET RESPONSE on the same
 * channel, 6Cxx repeated with the right length. ISO 7816-3 12.2, TS 102 221 7.3.1. Throws CardError 'protocol' for a
 * card that never comes to an end.
 */
export async function exchange(reader: CardReader, command: Uint8Array): Promise<CardAnswer> {
  const parts: Uint8Array[] = [];
  let next = command;
  for (let followUps = 0; followUps <= FOLLOW_UPS_MAX; followUps++) {
    const answer = await reader.transmit(next);
    if (answer.length < 2) throw new CardError('protocol', `an answer of ${answer.length} bytes has no status word`);
    const sw1 = answer[answer.length - 2] ?? 0;
    const sw2 = answer[answer.length - 1] ?? 0;
    parts.push(answer.subarray(0, -2));
    const corrected = sw1 === 0x6c ? withLe(next, sw2) : undefined;
    if (sw1 === 0x61 || (sw1 === 0x9f && command[0] === CLA_2G)) {
      next = Uint8Array.of(getResponseClass(command[0] ?? 0), 0xc0, 0, 0, sw2);
    } else if (corrected !== undefined) {
      next = corrected;
    } else {
      return { data: concat(...parts), sw: (sw1 << 8) | sw2 };
    }
  }
  throw new CardError('protocol', `the card has more to say after ${FOLLOW_UPS_MAX} commands for the rest`);
}

const CLA_2G = 0xa0;

/** GET RESPONSE is an interindustry command (class 0X or 4X) on the channel of the command it serves. TS 102 221 10.1.1. */
function getResponseClass(cla: number): number {
  if (cla === CLA_2G) return cla;
  return cla & 0x40 ? 0x40 | (cla & 0x0f) : cla & 0x03;
}

/** The command with another Le; undefined if it has none or that very one. */
function withLe(command: Uint8Array, le: number): Uint8Array | undefined {
  const at = command.length === 5 ? 4 : command.length - 1;
  const hasLe = command.length === 5 || command.length === 6 + (command[4] ?? 0);
  if (!hasLe || command[at] === le) return undefined;
  const corrected = Uint8Array.from(command);
  corrected[at] = le;
  return corrected;
}
