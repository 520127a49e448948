import { concat } from '../bytes.js';
import type { CardReader } from './reader.js';

/** CLA INS P1 P2 P3. */
const HEADER_BYTES = 5;
const GET_RESPONSE = 0xc0;
/** P3 = 0 asks for so many bytes (ISO 7816-3 10.3.2). */
const LE_MAX = 256;
/** Class of TS 51.011, whose cards say 9Fxx where those of ISO 7816-4 say 61xx. */
const CLASS_2G = 0xa0;
const MORE = 0x61;
const MORE_2G = 0x9f;
const WRONG_LE = 0x6c;

/**
 * A reader that gives whole answers, as one of T=0 gives them (ISO 7816-3 12.2): a command with data has no answer of its own but
 * 61xx (2G: 9Fxx), and GET RESPONSE fetches the data. A command that names its Le, too, is answered at once, as readers do that
 * fetch the data themselves.
 */
export class T0Answers implements CardReader {
  readonly #card: CardReader;
  /** What GET RESPONSE fetches: data, and the status that ends them. */
  #waiting: { readonly data: Uint8Array; readonly status: Uint8Array; readonly more: number } | undefined;

  constructor(card: CardReader) {
    this.#card = card;
  }

  powerOn(): Promise<Uint8Array> {
    this.#waiting = undefined;
    return this.#card.powerOn();
  }

  powerOff(): void {
    this.#waiting = undefined;
    this.#card.powerOff();
  }

  reset(): Promise<Uint8Array> {
    this.#waiting = undefined;
    return this.#card.reset();
  }

  async transmit(command: Uint8Array): Promise<Uint8Array> {
    const [cla = 0, ins, , , p3 = 0] = command;
    if (ins === GET_RESPONSE && command.length === HEADER_BYTES && this.#waiting) return this.#fetch(p3 || LE_MAX);
    this.#waiting = undefined;
    const answer = await this.#card.transmit(command);
    const data = answer.subarray(0, -2);
    const withoutLe = p3 > 0 && command.length === HEADER_BYTES + p3;
    if (!withoutLe || data.length === 0) return answer;
    const more = cla === CLASS_2G ? MORE_2G : MORE;
    this.#waiting = { data, status: answer.subarray(-2), more };
    return Uint8Array.of(more, data.length & 0xff);
  }

  #fetch(length: number): Uint8Array {
    const waiting = this.#waiting;
    if (waiting === undefined) return Uint8Array.of(0x6f, 0x00);
    const { data, status, more } = waiting;
    if (length > data.length && length !== LE_MAX) return Uint8Array.of(WRONG_LE, data.length & 0xff);
    const rest = data.subarray(length);
    this.#waiting = rest.length > 0 ? { data: rest, status, more } : undefined;
    return concat(data.subarray(0, length), rest.length > 0 ? Uint8Array.of(more, rest.length & 0xff) : status);
  }
}
