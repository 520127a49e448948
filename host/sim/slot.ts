import { Board } from '../board/board.js';
import type { AppExports } from '../board/module.js';
import type { UartDelivery } from '../board/serial.js';
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
  /** How characters on I/O are handed over; one by one unless given. */
  readonly delivery?: UartDelivery;
}

const DEFAULT_FREQUENCY = 4_000_000;

/** What is powered by the contacts: a `Board` with a card's program, or a card that a test plays. */
export interface Chip {
  powerOn(): void;
  powerOff(): void;
  /** The running program, if it is one. */
  readonly exports?: AppExports | undefined;
}

/** A card slot: takes one card at a time and switches its contacts. The terminal exchanges characters over them. */
export class CardSlot {
  readonly line: IsoLine;
  /** Called when a card is pulled out. */
  removed: (() => void) | undefined;
  readonly #options: SlotOptions;
  #chip: Chip | undefined;
  #powered = false;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.line = new IsoLine(options.clock, options.frequency ?? DEFAULT_FREQUENCY, options.delivery);
  }

  /** Puts a card in, in place of the one that was there. Throws ModuleError for a program that no board can run. */
  insert(card: SimCard): void {
    const { clock, trace, random } = this.#options;
    const uarts = [this.line.card];
    this.insertChip(new Board({ name: 'sim', module: card.module, clock, trace, random, store: card.store, uarts }));
  }

  /** The same with any chip on the contacts; it talks by `line.card`. */
  insertChip(chip: Chip): void {
    this.remove();
    this.#chip = chip;
  }

  remove(): void {
    if (this.#chip === undefined) return;
    this.powerOff();
    this.#chip = undefined;
    this.removed?.();
  }

  /** The chip of the card in the slot. */
  get card(): Chip | undefined {
    return this.#chip;
  }

  /** VCC and CLK on, RST low. */
  powerOn(): void {
    this.#powered = true;
    this.line.activate();
    this.#chip?.powerOn();
    this.#options.trace.emit({ type: 'contact', event: 'power-on' });
  }

  powerOff(): void {
    if (!this.#powered) return;
    this.#powered = false;
    this.line.deactivate();
    this.#chip?.powerOff();
    this.#options.trace.emit({ type: 'contact', event: 'power-off' });
  }

  rstLow(): void {
    this.line.rstLow();
  }

  /** The card restarts. */
  rstHigh(): void {
    this.#options.trace.emit({ type: 'contact', event: 'reset' });
    this.line.rstHigh();
  }
}
