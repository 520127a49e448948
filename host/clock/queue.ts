import type { Nanoseconds, Timer } from './clock.js';

class Entry implements Timer {
  cancelled = false;

  constructor(
    readonly time: Nanoseconds,
    readonly order: number,
    readonly action: () => void,
  ) {}

  cancel(): void {
    this.cancelled = true;
  }

  before(other: Entry): boolean {
    return this.time < other.time || (this.time === other.time && this.order < other.order);
  }
}

/** Deadlines in order of time, then of arrival: a binary heap. */
export class DeadlineQueue {
  readonly #heap: Entry[] = [];
  #order = 0;

  add(time: Nanoseconds, action: () => void): Timer {
    const entry = new Entry(time, this.#order++, action);
    const heap = this.#heap;
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!entry.before(above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
    return entry;
  }

  /** Time of the first deadline that still stands. */
  next(): Nanoseconds | undefined {
    while (this.#heap[0]?.cancelled) this.#removeFirst();
    return this.#heap[0]?.time;
  }

  /** Takes the first deadline out and returns its action. */
  take(): (() => void) | undefined {
    if (this.next() === undefined) return undefined;
    return this.#removeFirst().action;
  }

  #removeFirst(): Entry {
    const heap = this.#heap;
    const first = heap[0] as Entry;
    const last = heap.pop() as Entry;
    if (heap.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && (heap[child + 1] as Entry).before(heap[child] as Entry)) child++;
        const below = heap[child] as Entry;
        if (!below.before(last)) break;
        heap[i] = below;
        i = child;
      }
      heap[i] = last;
    }
    return first;
  }
}
