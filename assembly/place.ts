// Memory for objects: there is no heap.

/**
 * A new object in static memory, all zero; each call in the source has its own. In a constant it costs no code:
 * `const modem = place<Modem>();`
 */
@inline
export function place<T>(): T {
  // 8: what the largest field, of 64 bits, is aligned to. An object without fields has an address, too.
  return changetype<T>(memory.data(offsetof<T>() > 0 ? <i32>offsetof<T>() : 1, 8));
}

/** Bytes from one object to the next in a table: `@bytes(COUNT * strideOf<T>(), 8)`. */
@inline
export function strideOf<T>(): i32 {
  return (<i32>offsetof<T>() + 7) & ~7;
}

/** The object at `index` of such a table. */
@inline
export function elementOf<T>(table: usize, index: i32): T {
  return changetype<T>(table + <usize>(index * strideOf<T>()));
}

/** How many values stand in `const NAME = memory.data<T>([..])`: a constant (host/build/tables.ts). `data` is the name. */
export declare function lengthOf(data: usize): i32;

/** Makes an object what it was when `place` gave it: all zero. */
@inline
export function clear<T>(object: T): void {
  memory.fill(changetype<usize>(object), 0, offsetof<T>());
}
