import type { Clock, Nanoseconds, Timer } from '../clock/clock.js';
import { SECOND } from '../clock/clock.js';
import { UartEvent, UartFormat } from './abi.js';
import type { UartDevice } from './uart.js';

/** Receive buffer of a board's UART driver, bytes; what comes when it is full is lost, and said so (Overrun). */
const RX_BUFFER = 1024;
/** Transmit buffer of a board's UART driver, bytes. */
const TX_BUFFER = 512;
const DEFAULT_BAUD = 115_200;

/**
 * Characters that a receiver's FIFO gathers before its driver is told, unless the line falls silent earlier: the default
 * threshold of ESP-IDF's UART driver (UART_FULL_THRESH_DEFAULT).
 */
const FIFO_THRESHOLD = 120;

/** Bits on the wire for one character: start, 8 data, parity if any, one stop. */
const bitsPerCharacter = (format: number): number => (format === UartFormat.N81 ? 10 : 11);

/**
 * How received characters reach the driver behind a UART: `blocks`, as a FIFO hands them over, at the time at which the last of a block has
 * come; `characters`, each at its own time, for what looks at single ones.
 */
export type UartDelivery = 'blocks' | 'characters';

/** Characters on the wire that one event delivers. */
interface Block {
  /** When the first of them began. */
  readonly start: Nanoseconds;
  readonly length: number;
  /** Of one character. */
  readonly time: Nanoseconds;
  readonly timer: Timer;
  /** Of `length`: were delivered before the end, because something happened on the line in the meantime. */
  gone: number;
}

/**
 * One end of an asynchronous serial line. A board uses it as `UartDevice` (driver buffers, polling); an emulated
 * peripheral sets `received` and calls `send`.
 */
export class SerialEnd implements UartDevice {
  activity: (() => void) | undefined;
  /** When set, received bytes go here at once instead of into the receive buffer. */
  received: ((bytes: Uint8Array) => void) | undefined;

  readonly #clock: Clock;
  readonly #blockLimit: number;
  #peer: SerialEnd | undefined;
  #baud = DEFAULT_BAUD;
  #format: number = UartFormat.N81;
  #events = 0;
  readonly #rx = Buffer.alloc(RX_BUFFER);
  #rxLength = 0;
  #tx: Uint8Array[] = [];
  #txWaiting = 0;
  #txHead = 0;
  #block: Block | undefined;
  #starved = false;
  #cut = false;

  constructor(clock: Clock, delivery: UartDelivery = 'blocks') {
    this.#clock = clock;
    this.#blockLimit = delivery === 'blocks' ? FIFO_THRESHOLD : 1;
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
    if (baud === this.#baud && format === this.#format) return true;
    // What has passed the wire by now was sampled at the speed until now.
    for (const end of this.#ends) end.#catchUp();
    this.#baud = baud;
    this.#format = format;
    this.#restart();
    return true;
  }

  read(max: number): Uint8Array {
    const n = Math.min(max, this.#rxLength);
    const bytes = Uint8Array.from(this.#rx.subarray(0, n));
    this.#rx.copyWithin(0, n, this.#rxLength);
    this.#rxLength -= n;
    return bytes;
  }

  write(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, Math.max(0, TX_BUFFER - this.waiting));
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
    if (this.#block === undefined) this.#next(this.#clock.now());
  }

  /** Bytes that have not left yet. */
  get waiting(): number {
    const block = this.#block;
    return block === undefined ? this.#txWaiting : this.#txWaiting - (this.#passed(block) - block.gone);
  }

  /** Throws away what has not left yet and what was not read: the device behind this end lost power. */
  clear(): void {
    this.#catchUp();
    this.#block?.timer.cancel();
    this.#block = undefined;
    this.#tx = [];
    this.#txWaiting = 0;
    this.#txHead = 0;
    this.#rxLength = 0;
    this.#events = 0;
  }

  /** Bytes from nowhere, as interference makes them: this end receives them at once. */
  inject(bytes: Uint8Array): void {
    for (const end of this.#ends) if (end !== this) end.#catchUp();
    this.#receive(bytes);
  }

  /** Breaks the wire between the two ends (both ways), or mends it. */
  cut(on: boolean): void {
    for (const end of this.#ends) end.#catchUp();
    for (const end of this.#ends) {
      if (end.#cut === on) continue;
      end.#cut = on;
      if (on) end.#raise(UartEvent.HangUp);
    }
  }

  get #ends(): readonly SerialEnd[] {
    return this.#peer === undefined ? [this] : [this, this.#peer];
  }

  /** Characters of a block that have passed the wire by now. */
  #passed({ start, length, time }: Block): number {
    return Math.min(length, Math.max(0, Math.floor((this.#clock.now() - start) / time)));
  }

  #next(start: Nanoseconds): void {
    const time = (bitsPerCharacter(this.#format) * SECOND) / this.#baud;
    const length = Math.min(this.#txWaiting, this.#blockLimit);
    const timer = this.#clock.at(start + length * time, () => this.#ended());
    this.#block = { start, length, time, timer, gone: 0 };
  }

  #ended(): void {
    const { start, length, time, gone } = this.#block as Block;
    this.#block = undefined;
    const bytes = this.#take(length - gone);
    // The next character starts when this one ended, even if a busy real clock came late.
    if (this.#txWaiting > 0) this.#next(start + length * time);
    this.#deliver(bytes);
    if (this.#starved && this.#txWaiting <= TX_BUFFER / 2) {
      this.#starved = false;
      this.activity?.();
    }
  }

  /** Delivers what of the block on the wire has passed by now. */
  #catchUp(): void {
    const block = this.#block;
    if (block === undefined) return;
    const bytes = this.#take(this.#passed(block) - block.gone);
    block.gone += bytes.length;
    this.#deliver(bytes);
  }

  /** The rest of the block goes on at the speed that holds now. */
  #restart(): void {
    if (this.#block === undefined) return;
    this.#block.timer.cancel();
    this.#block = undefined;
    if (this.#txWaiting > 0) this.#next(this.#clock.now());
  }

  /** The next `n` bytes to leave. */
  #take(n: number): Uint8Array {
    const bytes = new Uint8Array(n);
    for (let at = 0; at < n;) {
      const chunk = this.#tx[0] as Uint8Array;
      const part = chunk.subarray(this.#txHead, this.#txHead + n - at);
      bytes.set(part, at);
      at += part.length;
      this.#txHead += part.length;
      if (this.#txHead < chunk.length) continue;
      this.#tx.shift();
      this.#txHead = 0;
    }
    this.#txWaiting -= n;
    return bytes;
  }

  #deliver(bytes: Uint8Array): void {
    const peer = this.#peer;
    if (this.#cut || peer === undefined || bytes.length === 0) return;
    if (this.#baud === peer.#baud && this.#format === peer.#format) peer.#receive(bytes);
    else for (const byte of bytes) peer.#sample(byte, this.#baud, this.#format);
  }

  /** One character as the far end sent it at another speed or in another format: what this end's sampling makes of it. */
  #sample(byte: number, baud: number, format: number): void {
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
    this.#receive(Uint8Array.of(value));
  }

  #receive(bytes: Uint8Array): void {
    if (this.received) {
      this.received(bytes);
      return;
    }
    const taken = bytes.subarray(0, RX_BUFFER - this.#rxLength);
    this.#rx.set(taken, this.#rxLength);
    this.#rxLength += taken.length;
    if (taken.length < bytes.length) this.#raise(UartEvent.Overrun);
    else this.activity?.();
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

  constructor(clock: Clock, delivery: UartDelivery = 'blocks') {
    this.near = new SerialEnd(clock, delivery);
    this.far = new SerialEnd(clock, delivery);
    SerialEnd.join(this.near, this.far);
  }
}
