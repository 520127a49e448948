// Values of resources by their types (OMA LwM2M Core, appendix C), as the platform holds them and as bytes of TLV or text.

export const RESOURCE_TYPES = [
  'string',
  'integer',
  'unsigned',
  'float',
  'boolean',
  'opaque',
  'time',
  'objlnk',
] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** Integers beyond 2^53 are bigint; opaque is bytes; a link to an object is `66:0`. */
export type Value = string | number | bigint | boolean | Uint8Array;

/** What a device sent, or somebody wants to send, cannot be. */
export class ContentError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ContentError';
  }
}

const bytesOf = (value: Uint8Array): Buffer => Buffer.from(value.buffer, value.byteOffset, value.length);

/** As few of 1, 2, 4 or 8 bytes as it fits. */
function integerBytes(value: number | bigint, signed: boolean): Buffer {
  const number = BigInt(value);
  for (const width of [1, 2, 4, 8]) {
    const bits = BigInt(8 * width - (signed ? 1 : 0));
    const least = signed ? -(1n << bits) : 0n;
    if (number < least || number >= 1n << bits) continue;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt.asIntN(64, number));
    return bytes.subarray(8 - width);
  }
  throw new ContentError('an integer has 64 bits at most');
}

const narrow = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

function integerOf(bytes: Buffer, signed: boolean): number | bigint {
  if (![1, 2, 4, 8].includes(bytes.length)) throw new ContentError(`an integer of ${bytes.length} bytes`);
  const value = BigInt(`0x${bytes.toString('hex')}`);
  return narrow(signed ? BigInt.asIntN(8 * bytes.length, value) : value);
}

/** The bytes of a value in TLV. Throws ContentError for a value that is none of this type. */
export function toTlv(type: ResourceType, value: Value): Buffer {
  switch (type) {
    case 'string':
      return Buffer.from(wanted(value, 'string'));
    case 'integer':
    case 'time':
      return integerBytes(wholeNumber(value), true);
    case 'unsigned':
      return integerBytes(wholeNumber(value), false);
    case 'float': {
      const number = Number(wanted(value, 'number', 'bigint'));
      const bytes = Buffer.alloc(8);
      // Half the bytes where they say the same.
      if (Math.fround(number) === number) return bytes.subarray(0, bytes.writeFloatBE(number));
      bytes.writeDoubleBE(number);
      return bytes;
    }
    case 'boolean':
      return Buffer.of(wanted(value, 'boolean') ? 1 : 0);
    case 'opaque':
      if (!(value instanceof Uint8Array)) throw new ContentError('expected bytes');
      return bytesOf(value);
    case 'objlnk': {
      const [object, instance] = link(wanted(value, 'string'));
      const bytes = Buffer.alloc(4);
      bytes.writeUInt16BE(object, 0);
      bytes.writeUInt16BE(instance, 2);
      return bytes;
    }
  }
}

/** Throws ContentError for bytes that are none of this type. */
export function fromTlv(type: ResourceType, value: Uint8Array): Value {
  const bytes = bytesOf(value);
  switch (type) {
    case 'string':
      return utf8(bytes);
    case 'integer':
    case 'time':
      return integerOf(bytes, true);
    case 'unsigned':
      return integerOf(bytes, false);
    case 'float':
      if (bytes.length === 4) return bytes.readFloatBE();
      if (bytes.length === 8) return bytes.readDoubleBE();
      throw new ContentError(`a float of ${bytes.length} bytes`);
    case 'boolean':
      if (bytes.length !== 1 || bytes.readUInt8() > 1) throw new ContentError('a boolean is one byte, 0 or 1');
      return bytes.readUInt8() === 1;
    case 'opaque':
      return Buffer.from(bytes);
    case 'objlnk':
      if (bytes.length !== 4) throw new ContentError(`an object link of ${bytes.length} bytes`);
      return `${bytes.readUInt16BE(0)}:${bytes.readUInt16BE(2)}`;
  }
}

/** The value as plain text. Throws ContentError. */
export function toText(type: ResourceType, value: Value): string {
  if (type === 'opaque') return toTlv(type, value).toString('base64');
  if (type === 'boolean') return wanted(value, 'boolean') ? '1' : '0';
  toTlv(type, value); // throws for what is none of this type
  return String(value);
}

/** Throws ContentError. */
export function fromText(type: ResourceType, bytes: Uint8Array): Value {
  const text = utf8(bytesOf(bytes));
  switch (type) {
    case 'string':
      return text;
    case 'integer':
    case 'time':
      if (!/^[+-]?\d{1,20}$/.test(text)) throw new ContentError('expected a decimal integer');
      return narrow(checked64(BigInt(text.replace('+', '')), true));
    case 'unsigned':
      if (!/^\d{1,20}$/.test(text)) throw new ContentError('expected a decimal number');
      return narrow(checked64(BigInt(text), false));
    case 'float':
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text)) throw new ContentError('expected a decimal number');
      return Number(text);
    case 'boolean':
      if (text !== '0' && text !== '1') throw new ContentError('expected 0 or 1');
      return text === '1';
    case 'opaque':
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new ContentError('expected base64');
      return Buffer.from(text, 'base64');
    case 'objlnk':
      return link(text).join(':');
  }
}

function checked64(value: bigint, signed: boolean): bigint {
  integerBytes(value, signed);
  return value;
}

export function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ContentError('text that is not UTF-8');
  }
}

interface Kinds {
  string: string;
  number: number;
  bigint: bigint;
  boolean: boolean;
}

function wanted<K extends keyof Kinds>(value: Value, ...kinds: readonly K[]): Kinds[K] {
  if (!(kinds as readonly string[]).includes(typeof value)) throw new ContentError(`expected a ${kinds.join(' or ')}`);
  return value as Kinds[K];
}

function wholeNumber(value: Value): number | bigint {
  const number = wanted(value, 'number', 'bigint');
  if (typeof number === 'number' && !Number.isSafeInteger(number)) throw new ContentError('expected a whole number');
  return number;
}

function link(text: string): [number, number] {
  const [, object, instance] = /^(\d{1,5}):(\d{1,5})$/.exec(text) ?? [];
  const ids: [number, number] = [Number(object), Number(instance)];
  if (object === undefined || ids.some((id) => id > 0xffff)) throw new ContentError('expected object:instance');
  return ids;
}
