// What a compiled format reads from a payload.

import type { Item, Operation } from './format.js';

/** A value as JSON text; undefined when the payload is too short for it. */
export function valueOf(item: Item, payload: Buffer): string | undefined {
  const { byte, bytes } = item;
  if (byte + bytes > payload.length) return undefined;
  const read = payload.subarray(byte, byte + bytes);
  switch (item.type) {
    case 'bool':
      return (((read[0] ?? 0) >> item.bit) & 1) === 1 ? 'true' : 'false';
    case 'char':
      return JSON.stringify(ascii(read));
    case 'float':
      return numberText(operated(floatOf(item, read), item.operations));
    default: {
      const value = integerOf(item, read);
      // Without an operation all 64 bits are there, which a double could not hold.
      return item.operations.length === 0 ? String(value) : numberText(operated(Number(value), item.operations));
    }
  }
}

function integerOf({ type, bits, endianness, offset }: Item & { type: 'int' | 'uint' }, read: Buffer): bigint {
  const bytes = endianness === 'little-endian' ? Buffer.from(read).reverse() : read;
  const after = bytes.length * 8 - (7 - offset) - bits;
  const value = BigInt(`0x${bytes.toString('hex')}`) >> BigInt(after);
  return type === 'int' ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

function floatOf({ bits, endianness }: Item & { type: 'float' }, read: Buffer): number {
  if (bits === 32) return endianness === 'little-endian' ? read.readFloatLE() : read.readFloatBE();
  return endianness === 'little-endian' ? read.readDoubleLE() : read.readDoubleBE();
}

/** From left to right. */
function operated(value: number, operations: readonly Operation[]): number {
  return operations.reduce((left, { sign, operand }) => {
    if (sign === '+') return left + operand;
    if (sign === '-') return left - operand;
    return sign === '*' ? left * operand : left / operand;
  }, value);
}

/** JSON has no NaN and no infinity: null stands for them. */
const numberText = (value: number): string => JSON.stringify(value);

/** Bytes above 0x7f are no ASCII: U+FFFD stands for each. */
const ascii = (bytes: Buffer): string =>
  [...bytes].map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : '\ufffd')).join('');
