// The contacts of a card: VCC, RST, CLK and one I/O wire for both directions. ISO 7816-3 5, 7.
//
// The wire carries whole characters with their true times. A character takes 10 etu (start, 8 data bits lowest first,
// even parity) and the next starts 12 etu or more after it. A receiver that finds the parity wrong pulls I/O low at
// 10.5 etu; the sender sees that at 11 and repeats, three times at most. Levels between characters are not modelled.
//
// Characters that follow each other in one direction may be handed over together, when the last of them has arrived: what
// receives them acts on whole headers, data and statuses. Where a character can go wrong, each is handed over alone.

import { UartEvent, UartFormat } from '../board/abi.js';
import type { UartDelivery } from '../board/serial.js';
import type { UartDevice } from '../board/uart.js';
import type { Clock, Nanoseconds, Timer } from '../clock/clock.js';
import { SECOND } from '../clock/clock.js';
import { DEFAULT_ETU } from './t0.js';

export type Party = 'card' | 'terminal';

/** Receive and transmit buffers of the card's UART, bytes. */
const BUFFER_BYTES = 512;
/** From the leading edge: the receiver has judged parity. 7.3. */
const JUDGED_ETU = 10.5;
/** From leading edge to leading edge, same direction. 7.2. */
const CHARACTER_ETU = 12;
/** The same with an error signal between: 2 etu after it was seen at 11. 7.3. */
const REPEAT_ETU = 13;
/** From leading edge to leading edge, other direction. 10.2. */
const TURNAROUND_ETU = 16;
const REPEATS_MAX = 3;
/** From RST high to the first leading edge of the ATR, at least. 6.2.1. */
const ATR_DELAY_CLOCKS = 400;
/** Slowest and fastest rate that ISO 7816-3 knows, clocks per etu (F 2048 D 1; F 512 D 64). */
const ETU_MAX = 2048;
const ETU_MIN = 8;

/** One character on its way. */
export interface LineCharacter {
  readonly from: Party;
  readonly byte: number;
  /** 0, or the number of the repetition. */
  readonly attempt: number;
}

/** Contacts of a card besides I/O's data. ISO 7816-3 5.1. */
export type Contact = 'VCC' | 'RST' | 'CLK' | 'I/O';

/** What goes wrong on the wire, asked for each character that is sent (also for repetitions). */
export interface LineFaults {
  /** Bits to flip: 0..7 data, 8 parity. */
  flip?(character: LineCharacter): number;
  /** True: it never arrives, and its sender does not know. */
  lose?(character: LineCharacter): boolean;
  /** A character that its receiver hears after it, though nobody sent it. */
  add?(character: LineCharacter): number | undefined;
}

/** What the terminal hears. */
export interface TerminalEvents {
  received(bytes: readonly number[]): void;
  /** All that was handed to `send` has gone out. */
  sent(): void;
  /** A character was lost for good: `from` could not bring it across. */
  failed(from: Party): void;
  /** A parity error was met and the character is being repeated. */
  repeating(character: LineCharacter): void;
}

interface End {
  etu: number;
  readonly queue: number[];
}

export class IsoLine {
  /** The card's end, port 0 of its board. */
  readonly card: UartDevice;
  /** Hz of CLK. */
  readonly frequency: number;
  /** The terminal signals parity errors (a card always does). */
  errorSignal = true;
  /** Bits to flip in a character: 0..7 data, 8 parity. For faults on purpose. */
  noise: ((character: LineCharacter) => number) | undefined;
  /** Faults of more kinds; `seededFaults` makes them. */
  faults: LineFaults | undefined;
  /** Called for each change of a contact's level, in order. I/O: free for data, or held low. */
  contact: ((contact: Contact, high: boolean) => void) | undefined;
  terminal: TerminalEvents | undefined;
  /** TC1: extra guard time of characters to the card, etu. */
  extraGuard = 0;

  readonly #clock: Clock;
  readonly #delivery: UartDelivery;
  readonly #ends: Record<Party, End> = {
    card: { etu: DEFAULT_ETU, queue: [] },
    terminal: { etu: DEFAULT_ETU, queue: [] },
  };
  #powered = false;
  #rstHigh = false;
  #quietUntil: Nanoseconds = 0;
  #timer: Timer | undefined;
  /** Who sent the last character, and when it started. */
  #last: { from: Party; start: Nanoseconds; etu: number } | undefined;
  // The card's UART.
  #rx: number[] = [];
  #events = 0;
  #nextEtu: number | undefined;
  #starved = false;

  constructor(clock: Clock, frequency: number, delivery: UartDelivery = 'characters') {
    this.#clock = clock;
    this.#delivery = delivery;
    this.frequency = frequency;
    this.card = {
      activity: undefined,
      open: (clocksPerEtu, format) => this.#cardOpen(clocksPerEtu, format),
      read: (max) => Uint8Array.from(this.#rx.splice(0, max)),
      write: (bytes) => this.#cardWrite(bytes),
      takeEvents: () => {
        const events = this.#events;
        this.#events = 0;
        return events;
      },
    };
  }

  /** Nanoseconds that so many clocks take. */
  clocks(count: number): Nanoseconds {
    return (count * SECOND) / this.frequency;
  }

  // --- Terminal's side ---

  /** A character of the card is on its way. */
  get cardTalking(): boolean {
    return this.#timer !== undefined && this.#last?.from === 'card';
  }

  /** Activation: RST low, VCC on, I/O in reception, CLK on. ISO 7816-3 6.2.1. */
  activate(): void {
    this.rstLow();
    this.#powered = true;
    for (const contact of ['VCC', 'I/O', 'CLK'] as const) this.contact?.(contact, true);
  }

  /** Deactivation, in the order that leaves no card half written: RST low, CLK off, I/O low, VCC off. 6.4. */
  deactivate(): void {
    this.rstLow();
    this.#powered = false;
    for (const contact of ['CLK', 'I/O', 'VCC'] as const) this.contact?.(contact, false);
  }

  /** RST low: whatever was on its way is lost, both ends are back at the default rate. */
  rstLow(): void {
    this.#rstHigh = false;
    this.contact?.('RST', false);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#last = undefined;
    for (const end of [this.#ends.card, this.#ends.terminal]) {
      end.queue.length = 0;
      end.etu = DEFAULT_ETU;
    }
    this.extraGuard = 0;
    this.#rx = [];
    this.#events = 0;
    this.#nextEtu = undefined;
  }

  rstHigh(): void {
    if (!this.#powered) return;
    this.#rstHigh = true;
    this.contact?.('RST', true);
    this.#quietUntil = this.#clock.now() + this.clocks(ATR_DELAY_CLOCKS);
    this.#raise(UartEvent.Reset);
  }

  /** Clocks per etu of the terminal, from its next character on. */
  setTerminalEtu(clocksPerEtu: number): void {
    this.#ends.terminal.etu = clocksPerEtu;
  }

  send(bytes: Uint8Array): void {
    this.#ends.terminal.queue.push(...bytes);
    this.#pump(this.#clock.now());
  }

  // --- Card's side ---

  /** A new rate holds once all that was written before has gone out. */
  #cardOpen(clocksPerEtu: number, format: number): boolean {
    if (format !== UartFormat.Iso7816 || clocksPerEtu < ETU_MIN || clocksPerEtu > ETU_MAX) return false;
    this.#nextEtu = clocksPerEtu;
    this.#applyEtu();
    return true;
  }

  #applyEtu(): void {
    const { card } = this.#ends;
    if (this.#nextEtu === undefined || card.queue.length > 0) return;
    card.etu = this.#nextEtu;
    this.#nextEtu = undefined;
  }

  #cardWrite(bytes: Uint8Array): number {
    if (!this.#rstHigh) return bytes.length; // held in reset: the contact is not driven
    const { queue } = this.#ends.card;
    const taken = Math.min(bytes.length, BUFFER_BYTES - queue.length);
    if (taken < bytes.length) this.#starved = true;
    queue.push(...bytes.subarray(0, taken));
    this.#pump(this.#clock.now());
    return taken;
  }

  #raise(event: number): void {
    this.#events |= event;
    this.card.activity?.();
  }

  // --- The wire ---

  /** Starts the next character at `ready` or when the wire is free for it. */
  #pump(ready: Nanoseconds): void {
    if (this.#timer !== undefined || !this.#rstHigh) return;
    // The one that is talking goes on talking.
    const order: Party[] = this.#last?.from === 'terminal' ? ['terminal', 'card'] : ['card', 'terminal'];
    const from = order.find((party) => this.#ends[party].queue.length > 0);
    if (from === undefined) return;
    this.#start(from, ready, 0);
  }

  #start(from: Party, ready: Nanoseconds, attempt: number): void {
    const { etu, queue } = this.#ends[from];
    const count = attempt === 0 && this.#isSure() ? queue.length : 1;
    const first = Math.max(ready, this.#free(from, attempt));
    const start = first + (count - 1) * this.clocks(this.#guard(from) * etu);
    this.#last = { from, start, etu };
    const judged = start + this.clocks(JUDGED_ETU * etu);
    this.#timer = this.#clock.at(judged, () => {
      this.#timer = undefined;
      if (count > 1) return this.#arriveTogether(from, count, start);
      const character = { from, byte: queue[0] ?? 0, attempt };
      const flipped = (this.noise?.(character) ?? 0) ^ (this.faults?.flip?.(character) ?? 0);
      this.#arrive(character, start, flipped & 0x1ff);
    });
  }

  /** Whatever is sent arrives as it is. */
  #isSure(): boolean {
    const { card, terminal } = this.#ends;
    const faults = this.noise ?? this.faults;
    return this.#delivery === 'blocks' && faults === undefined && card.etu === terminal.etu;
  }

  /** From leading edge to leading edge of characters of one sender, etu. */
  #guard(from: Party): number {
    return CHARACTER_ETU + (from === 'terminal' ? this.extraGuard : 0);
  }

  /** Earliest leading edge of a character. */
  #free(from: Party, attempt: number): Nanoseconds {
    if (this.#last === undefined) return this.#quietUntil;
    const etus = attempt > 0 ? REPEAT_ETU : this.#last.from === from ? this.#guard(from) : TURNAROUND_ETU;
    return this.#last.start + this.clocks(etus * this.#last.etu);
  }

  #arrive(character: LineCharacter, start: Nanoseconds, flipped: number): void {
    const { from, byte, attempt } = character;
    const to: Party = from === 'card' ? 'terminal' : 'card';
    const bits = (byte | ((ones(byte) % 2) << 8)) ^ flipped;
    const seen = sample(bits, this.#ends[from].etu, this.#ends[to].etu);
    const good = seen !== undefined && ones(seen) % 2 === 0;
    const signalled = seen !== undefined && !good && (to === 'card' || this.errorSignal);

    if (signalled && attempt < REPEATS_MAX) {
      this.terminal?.repeating(character);
      this.#start(from, start, attempt + 1);
      return;
    }
    this.#ends[from].queue.shift();
    const lost = this.faults?.lose?.(character) ?? false;
    const added = this.faults?.add?.(character);
    if (good && !lost) this.#deliver(to, [seen & 0xff]);
    else if (seen !== undefined && !good) this.#lost(from, signalled);
    if (added !== undefined) this.#deliver(to, [added & 0xff]);
    this.#sent(from, start);
  }

  #arriveTogether(from: Party, count: number, start: Nanoseconds): void {
    const bytes = this.#ends[from].queue.splice(0, count);
    this.#deliver(from === 'card' ? 'terminal' : 'card', bytes);
    this.#sent(from, start);
  }

  /** What follows a character that is through: the next one of its sender's, or of the end that has something to send. */
  #sent(from: Party, start: Nanoseconds): void {
    if (this.#ends[from].queue.length === 0) this.#emptied(from);
    // Characters of one burst follow each other whatever the real time of this event was.
    else this.#pump(start);
    this.#pump(this.#clock.now());
  }

  #deliver(to: Party, bytes: readonly number[]): void {
    if (to === 'terminal') {
      this.terminal?.received(bytes);
      return;
    }
    const room = BUFFER_BYTES - this.#rx.length;
    this.#rx.push(...bytes.slice(0, room));
    if (bytes.length > room) this.#raise(UartEvent.Overrun);
    else this.card.activity?.();
  }

  /** A character did not get across; `repeated`: though it was sent four times. */
  #lost(from: Party, repeated: boolean): void {
    if (from === 'card' && repeated) this.#raise(UartEvent.Parity);
    this.terminal?.failed(from);
  }

  #emptied(from: Party): void {
    if (from === 'terminal') {
      this.terminal?.sent();
      return;
    }
    this.#applyEtu();
    if (this.#starved) {
      this.#starved = false;
      this.card.activity?.();
    }
  }
}

const ones = (value: number): number => value.toString(2).replaceAll('0', '').length;

/**
 * What a receiver at `to` clocks per etu reads of nine bits sent at `from`: the same at the same rate, else what it finds
 * where it looks; undefined when it sees no start bit.
 */
function sample(bits: number, from: number, to: number): number | undefined {
  if (from === to) return bits;
  const level = (bit: number): number => {
    const at = Math.floor(((bit + 0.5) * to) / from);
    return at === 0 ? 0 : at > 9 ? 1 : (bits >> (at - 1)) & 1;
  };
  if (level(0) !== 0) return undefined;
  let seen = 0;
  for (let bit = 0; bit < 9; bit++) seen |= level(bit + 1) << bit;
  return seen;
}
