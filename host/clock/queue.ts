import type { Nanoseconds, Timer } from './clock.js';

class Entry implements Timer {
  readonly time: Nanoseconds;
  readonly order: number;
  readonly #onCancel: () => void;
  /** Undefined once cancelled: what it would have worked on is let go at once, not at its time. */
  action: (() => void) | undefined;

  constructor(time: Nanoseconds, order: number, action: () => void, onCancel: () => void) {
    this.time = time;
    this.order = order;
    this.action = action;
    this.#onCancel = onCancel;
  }

  cancel(): void {
    if (this.action === undefined) return;
    this.action = undefined;
    this.#onCancel();
  }

  before(other: Entry): boolean {
    return this.time < other.time || (this.time === other.time && this.order < other.order);
  }
}

/** Cancelled deadlines that may lie in a heap, whatever its size. */
const CANCELLED_MIN = 64;

/**
 * Deadlines in order of time, then of arrival: a binary heap. Most are cancelled long before their time (a time-out of
 * each request), so the heap is cleared of those when they are more than half of it.
 */
export class DeadlineQueue {
  #heap: Entry[] = [];
  #order = 0;
  #cancelled = 0;
  readonly #onCancel = (): void => {
    this.#cancelled++;
    if (this.#cancelled > CANCELLED_MIN && 2 * this.#cancelled > this.#heap.length) this.#clear();
  };

  /** Deadlines that are kept, cancelled ones among them. */
  get size(): number {
    return this.#heap.length;
  }

  add(time: Nanoseconds, action: () => void): Timer {
    const entry = new Entry(time, this.#order++, action, this.#onCancel);
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return entry;
  }

  /** Time of the first deadline that still stands. */
  next(): Nanoseconds | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].action === undefined) {
      this.#removeFirst();
      this.#cancelled--;
    }
    return this.#heap[0]?.time;
  }

  /** Takes the first deadline out and returns its action. A later `cancel` of it does nothing. */
  take(): (() => void) | undefined {
    if (this.next() === undefined) return undefined;
    const entry = this.#removeFirst();
    const { action } = entry;
    entry.action = undefined;
    return action;
  }

  #clear(): void {
    this.#heap = this.#heap.filter(({ action }) => action !== undefined);
    this.#cancelled = 0;
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  #removeFirst(): Entry {
    const first = this.#heap[0] as Entry;
    const last = this.#heap.pop() as Entry;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const entry = heap[from] as Entry;
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!entry.before(above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const entry = heap[from] as Entry;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Entry).before(heap[child] as Entry)) child++;
      const below = heap[child] as Entry;
      if (!below.before(entry)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = entry;
  }
}
