import { Board } from '../board/board.js';
import type { Store } from '../board/store.js';
import type { Clock } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace/trace.js';
import { IsoLine } from './line.js';

/** A card as one holds it in the hand: its chip's program and what its EEPROM holds. */
export interface SimCard {
  readonly module: Uint8Array | WebAssembly.Module;
  readonly store: Store;
}

export interface SlotOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly random: Random;
  /** Hz of CLK, 1 to 5 MHz; default 4 MHz. ISO 7816-3 5.2.3. */
  readonly frequency?: number;
}

const DEFAULT_FREQUENCY = 4_000_000;

/** A card slot: takes one card at a time and switches its contacts. What is said over them is the terminal's affair. */
export class CardSlot {
  readonly line: IsoLine;
  /** Called when a card is pulled out. */
  removed: (() => void) | undefined;
  readonly #options: SlotOptions;
  #board: Board | undefined;
  #powered = false;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.line = new IsoLine(options.clock, options.frequency ?? DEFAULT_FREQUENCY);
  }

  /** Puts a card in, in place of the one that was there. Throws ModuleError for a program that no board can run. */
  insert(card: SimCard): void {
    this.remove();
    const { clock, trace, random } = this.#options;
    const uarts = [this.line.card];
    this.#board = new Board({ name: 'sim', module: card.module, clock, trace, random, store: card.store, uarts });
  }

  remove(): void {
    if (this.#board === undefined) return;
    this.powerOff();
    this.#board = undefined;
    this.removed?.();
  }

  /** The chip of the card in the slot. */
  get card(): Board | undefined {
    return this.#board;
  }

  /** VCC and CLK on, RST low. */
  powerOn(): void {
    this.#powered = true;
    this.line.power(true);
    this.#board?.powerOn();
    this.#options.trace.emit({ type: 'contact', event: 'power-on' });
  }

  powerOff(): void {
    if (!this.#powered) return;
    this.#powered = false;
    this.line.power(false);
    this.#board?.powerOff();
    this.#options.trace.emit({ type: 'contact', event: 'power-off' });
  }

  rstLow(): void {
    this.line.rstLow();
  }

  /** The card starts anew. */
  rstHigh(): void {
    this.#options.trace.emit({ type: 'contact', event: 'reset' });
    this.line.rstHigh();
  }
}
