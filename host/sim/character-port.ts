// The I/O line of a card for programs that have a byte stream to it (a pseudo terminal, a TCP connection) and no
// contacts: the characters of T=0 without their etu. No parity bit, no guard time, no error signal; waiting times are real.

import { UartEvent, UartFormat } from '../board/abi.js';
import { Board } from '../board/board.js';
import type { UartDevice } from '../board/uart.js';
import type { Clock } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace/trace.js';
import { Secret } from '../secret.js';
import type { SimCard } from './slot.js';

/** How characters and resets share one stream of bytes. */
export type Framing = 'raw' | 'parmrk';

/** Receive buffer of the card's UART, bytes. What a terminal sends beyond that breaks T=0 anyway. */
const BUFFER_BYTES = 512;

/** What a terminal says on the line. */
export type LineInput =
  { readonly kind: 'character'; readonly byte: number } | { readonly kind: 'reset' } | { readonly kind: 'parity' };

const MARK = 0xff;

/**
 * Takes a terminal's bytes for characters (`raw`), or as PARMRK of termios(3) marks them: FF FF is the character FF,
 * FF 00 00 a break, which is RST here, and FF 00 x a character with a parity error. FF before another byte is itself.
 */
export class LineDecoder {
  readonly #framing: Framing;
  #marked: '' | 'FF' | 'FF 00' = '';

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  push(bytes: Uint8Array): LineInput[] {
    return [...bytes].flatMap((byte) => this.#next(byte));
  }

  #next(byte: number): LineInput[] {
    if (this.#framing === 'raw') return [character(byte)];
    const marked = this.#marked;
    this.#marked = '';
    if (marked === 'FF 00') return [{ kind: byte === 0 ? 'reset' : 'parity' }];
    if (marked === 'FF' && byte === 0) this.#marked = 'FF 00';
    else if (marked === 'FF') return byte === MARK ? [character(MARK)] : [character(MARK), character(byte)];
    else if (byte === MARK) this.#marked = 'FF';
    else return [character(byte)];
    return [];
  }
}

const character = (byte: number): LineInput => ({ kind: 'character', byte });

/** The card's characters as bytes for a terminal. */
export function encodeLine(framing: Framing, bytes: Uint8Array): Uint8Array {
  return framing === 'raw'
    ? bytes
    : Uint8Array.from([...bytes].flatMap((byte) => (byte === MARK ? [MARK, MARK] : [byte])));
}

export interface CharacterCardOptions {
  readonly card: SimCard;
  readonly clock: Clock;
  readonly trace: Trace;
  readonly random: Random;
  readonly framing: Framing;
}

/** A card whose I/O line is a stream of bytes. */
export class CharacterCard {
  /** Gets what the card says. */
  output: ((bytes: Uint8Array) => void) | undefined;
  readonly #options: CharacterCardOptions;
  readonly #board: Board;
  readonly #uart: UartDevice;
  #decoder: LineDecoder;
  #powered = false;
  #rx: number[] = [];
  #events = 0;

  constructor(options: CharacterCardOptions) {
    const { card, clock, trace, random, framing } = options;
    this.#options = options;
    this.#decoder = new LineDecoder(framing);
    this.#uart = {
      activity: undefined,
      open: (_clocksPerEtu, format) => format === UartFormat.Iso7816, // bytes have no rate
      read: (max) => Uint8Array.from(this.#rx.splice(0, max)),
      write: (bytes) => {
        trace.emit({ type: 'line', from: 'card', bytes: new Secret(bytes) });
        this.output?.(encodeLine(framing, bytes));
        return bytes.length;
      },
      takeEvents: () => {
        const events = this.#events;
        this.#events = 0;
        return events;
      },
    };
    this.#board = new Board({
      name: 'sim',
      module: card.module,
      clock,
      trace,
      random,
      store: card.store,
      uarts: [this.#uart],
    });
  }

  /** Cold reset: the card is off, then on, and sends its ATR. */
  powerOn(): void {
    this.powerOff();
    this.#powered = true;
    this.#decoder = new LineDecoder(this.#options.framing);
    this.#options.trace.emit({ type: 'contact', event: 'power-on' });
    this.#board.powerOn();
    this.#reset();
  }

  powerOff(): void {
    if (!this.#powered) return;
    this.#powered = false;
    this.#board.powerOff();
    this.#options.trace.emit({ type: 'contact', event: 'power-off' });
  }

  /** Bytes of the terminal, in the framing. */
  input(bytes: Uint8Array): void {
    if (!this.#powered) return;
    // Which of it is a PIN or a key only T=0 knows: all of it is secret.
    this.#options.trace.emit({ type: 'line', from: 'terminal', bytes: new Secret(Uint8Array.from(bytes)) });
    for (const input of this.#decoder.push(bytes)) {
      if (input.kind === 'reset') this.#reset();
      else if (input.kind === 'parity') this.#raise(UartEvent.Parity);
      else if (this.#rx.length >= BUFFER_BYTES) this.#raise(UartEvent.Overrun);
      else this.#rx.push(input.byte);
    }
    this.#uart.activity?.();
  }

  #reset(): void {
    this.#rx = [];
    this.#events = 0;
    this.#options.trace.emit({ type: 'contact', event: 'reset' });
    this.#raise(UartEvent.Reset);
  }

  #raise(event: number): void {
    this.#events |= event;
    this.#uart.activity?.();
  }
}
