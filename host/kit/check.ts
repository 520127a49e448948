// Checks at the kit's edge: behind it nothing looks at lengths again.

/** Throws a RangeError unless the argument has one of the lengths. The bytes are not shown: they may be a key. */
export function wants(name: string, bytes: Uint8Array, ...lengths: readonly number[]): void {
  if (lengths.includes(bytes.length)) return;
  throw new RangeError(`${name}: ${bytes.length} bytes given, expected ${lengths.join(' or ')}`);
}

/** The lengths of pieces that are handed over as one array. */
export function lengthsOf(pieces: readonly Uint8Array[]): Uint32Array {
  return Uint32Array.from(pieces, (piece) => piece.length);
}

/** Throws a RangeError unless `value` is a whole number from `min` to `max`; returns it. */
export function within(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name}: ${value} given, expected a whole number from ${min} to ${max}`);
}

/** Throws a RangeError unless `value` is one of those. */
export function oneOf(name: string, value: number, ...values: readonly number[]): void {
  if (!values.includes(value)) throw new RangeError(`${name}: ${value} given, expected ${values.join(' or ')}`);
}
