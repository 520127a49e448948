import type { Clock, Nanoseconds, Timer } from '../clock/clock.js';
import { SECOND } from '../clock/clock.js';
import { UartEvent, UartFormat } from './abi.js';
import type { UartDevice } from './uart.js';

/** Receive buffer of a board's UART driver, bytes; what comes when it is full is lost, and said so (Overrun). */
const RX_BUFFER = 1024;
/** Transmit buffer of a board's UART driver, bytes. */
const TX_BUFFER = 512;
const DEFAULT_BAUD = 115_200;

/** Bits on the wire for one character: start, 8 data, parity if any, one stop. */
const bitsPerCharacter = (format: number): number => (format === UartFormat.N81 ? 10 : 11);

/**
 * One end of an asynchronous serial line. A board uses it as `UartDevice` (driver buffers, polling); an emulated
 * peripheral sets `received` and calls `send`.
 */
export class SerialEnd implements UartDevice {
  activity: (() => void) | undefined;
  /** When set, received bytes go here at once instead of into the receive buffer. */
  received: ((bytes: Uint8Array) => void) | undefined;

  readonly #clock: Clock;
  #peer: SerialEnd | undefined;
  #baud = DEFAULT_BAUD;
  #format: number = UartFormat.N81;
  #events = 0;
  #rx: number[] = [];
  #tx: Uint8Array[] = [];
  #txWaiting = 0;
  #txHead = 0;
  #txTimer: Timer | undefined;
  #starved = false;
  #cut = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wires two ends together. */
  static join(a: SerialEnd, b: SerialEnd): void {
    a.#peer = b;
    b.#peer = a;
  }

  get baud(): number {
    return this.#baud;
  }

  open(baud: number, format: number): boolean {
    if (baud < 50 || baud > 4_000_000) return false;
    if (format !== UartFormat.N81 && format !== UartFormat.E81 && format !== UartFormat.O81) return false;
    this.#baud = baud;
    this.#format = format;
    return true;
  }

  read(max: number): Uint8Array {
    return Uint8Array.from(this.#rx.splice(0, max));
  }

  write(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, Math.max(0, TX_BUFFER - this.#txWaiting));
    if (taken < bytes.length) this.#starved = true;
    if (taken > 0) this.send(bytes.slice(0, taken));
    return taken;
  }

  takeEvents(): number {
    const events = this.#events;
    this.#events = 0;
    return events;
  }

  /** Queues any number of bytes; they leave at line speed. */
  send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#tx.push(bytes);
    this.#txWaiting += bytes.length;
    if (this.#txTimer === undefined) this.#next(this.#clock.now());
  }

  /** Bytes that have not left yet. */
  get waiting(): number {
    return this.#txWaiting;
  }

  /** Throws away what has not left yet and what was not read: the device behind this end lost power. */
  clear(): void {
    this.#txTimer?.cancel();
    this.#txTimer = undefined;
    this.#tx = [];
    this.#txWaiting = 0;
    this.#txHead = 0;
    this.#rx = [];
    this.#events = 0;
  }

  /** Bytes from nowhere, as interference makes them: this end receives them at once. */
  inject(bytes: Uint8Array): void {
    for (const byte of bytes) this.#receive(byte);
  }

  /** Breaks the wire between the two ends (both ways), or mends it. */
  cut(on: boolean): void {
    for (const end of [this, this.#peer]) {
      if (end === undefined || end.#cut === on) continue;
      end.#cut = on;
      if (on) end.#raise(UartEvent.HangUp);
    }
  }

  #next(start: Nanoseconds): void {
    const end = start + (bitsPerCharacter(this.#format) * SECOND) / this.#baud;
    this.#txTimer = this.#clock.at(end, () => {
      const chunk = this.#tx[0] as Uint8Array;
      const byte = chunk[this.#txHead++] as number;
      if (this.#txHead === chunk.length) {
        this.#tx.shift();
        this.#txHead = 0;
      }
      this.#txWaiting--;
      this.#txTimer = undefined;
      // The next character starts when this one ended, even if a busy real clock came late.
      if (this.#txWaiting > 0) this.#next(end);
      if (!this.#cut && this.#peer) this.#peer.#arrive(byte, this.#baud, this.#format);
      if (this.#starved && this.#txWaiting <= TX_BUFFER / 2) {
        this.#starved = false;
        this.activity?.();
      }
    });
  }

  /** One character as the far end sent it: the same speed gives the same byte, another what its sampling makes of it. */
  #arrive(byte: number, baud: number, format: number): void {
    if (baud === this.#baud && format === this.#format) {
      this.#receive(byte);
      return;
    }
    const sent = waveform(byte, format);
    const level = (bit: number): number => sent[Math.floor(((bit + 0.5) / this.#baud) * baud)] ?? 1;
    let value = 0;
    let ones = 0;
    for (let bit = 0; bit < 8; bit++) {
      value |= level(1 + bit) << bit;
      ones += level(1 + bit);
    }
    if (level(0) !== 0) return; // no start bit in sight
    if (this.#format !== UartFormat.N81) {
      const odd = (ones + level(9)) % 2 === 1;
      if (odd !== (this.#format === UartFormat.O81)) {
        this.#raise(UartEvent.Parity);
        return;
      }
    }
    if (level(bitsPerCharacter(this.#format) - 1) !== 1) return; // framing error
    this.#receive(value);
  }

  #receive(byte: number): void {
    if (this.received) {
      this.received(Uint8Array.of(byte));
      return;
    }
    if (this.#rx.length >= RX_BUFFER) {
      this.#raise(UartEvent.Overrun);
      return;
    }
    this.#rx.push(byte);
    this.activity?.();
  }

  #raise(event: number): void {
    this.#events |= event;
    this.activity?.();
  }
}

/** Levels of a character, start bit first; the line rests at 1. */
function waveform(byte: number, format: number): number[] {
  const bits = [0];
  let ones = 0;
  for (let bit = 0; bit < 8; bit++) {
    const level = (byte >> bit) & 1;
    ones += level;
    bits.push(level);
  }
  if (format === UartFormat.E81) bits.push(ones & 1);
  if (format === UartFormat.O81) bits.push(1 - (ones & 1));
  bits.push(1);
  return bits;
}

/** Two joined ends: `near` for a board, `far` for what is wired to it. */
export class SerialLine {
  readonly near: SerialEnd;
  readonly far: SerialEnd;

  constructor(clock: Clock) {
    this.near = new SerialEnd(clock);
    this.far = new SerialEnd(clock);
    SerialEnd.join(this.near, this.far);
  }
}
