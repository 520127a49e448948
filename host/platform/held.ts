// Bytes of bodies that are held in memory: counted for each caller and for all of them, so that no caller takes the memory of
// the others.

import type { HeldLimits } from './limits.js';

/** No room: `caller` has its own part already, or all parts together are full. */
export type NoRoom = 'caller' | 'all';

/** What one message takes. */
export class Share {
  readonly #held: HeldBytes;
  readonly #caller: string;
  #bytes = 0;

  constructor(held: HeldBytes, caller: string) {
    this.#held = held;
    this.#caller = caller;
  }

  /** Counts so many bytes more; undefined: there is room for them. */
  take(bytes: number): NoRoom | undefined {
    const fault = this.#held.add(this.#caller, bytes);
    if (fault === undefined) this.#bytes += bytes;
    return fault;
  }

  /** All of it is free again. */
  release(): void {
    this.#held.remove(this.#caller, this.#bytes);
    this.#bytes = 0;
  }
}

export class HeldBytes {
  readonly #limits: HeldLimits;
  readonly #callers = new Map<string, number>();
  /** Without what is below each caller's floor. */
  #total = 0;

  constructor(limits: HeldLimits) {
    this.#limits = limits;
  }

  /** `caller`: an IMSI or an address. Release it. */
  share(caller: string): Share {
    return new Share(this, caller);
  }

  /** The same for what counts up and down by itself. */
  of(caller: string): { add(bytes: number): NoRoom | undefined; remove(bytes: number): void } {
    return { add: (bytes) => this.add(caller, bytes), remove: (bytes) => this.remove(caller, bytes) };
  }

  /** Bytes of this caller. */
  bytesOf(caller: string): number {
    return this.#callers.get(caller) ?? 0;
  }

  get callers(): number {
    return this.#callers.size;
  }

  add(caller: string, bytes: number): NoRoom | undefined {
    const now = this.#callers.get(caller) ?? 0;
    const then = now + bytes;
    if (then > this.#limits.caller) return 'caller';
    const more = this.#counted(then) - this.#counted(now);
    if (more > 0 && this.#total + more > this.#limits.all) return 'all';
    this.#set(caller, now, then);
    return undefined;
  }

  remove(caller: string, bytes: number): void {
    const now = this.#callers.get(caller) ?? 0;
    this.#set(caller, now, now - bytes);
  }

  #set(caller: string, now: number, then: number): void {
    this.#total += this.#counted(then) - this.#counted(now);
    if (then > 0) this.#callers.set(caller, then);
    else this.#callers.delete(caller);
  }

  /** A caller's first bytes are free: small messages get through while others fill all there is. */
  #counted(bytes: number): number {
    return Math.max(0, bytes - this.#limits.floor);
  }
}
