// Options of CoAP: numbers, unsigned integers, blocks (RFC 7252 3.2 and 5.10, RFC 7641 2, RFC 7959 2.2).

export interface CoapOption {
  readonly number: number;
  readonly value: Uint8Array;
}

export const Option = {
  ...{ IfMatch: 1, UriHost: 3, ETag: 4, IfNoneMatch: 5, Observe: 6, UriPort: 7, LocationPath: 8, UriPath: 11 },
  ...{ ContentFormat: 12, MaxAge: 14, UriQuery: 15, Accept: 17, LocationQuery: 20, Block2: 23, Block1: 27 },
  ...{ Size2: 28, Size1: 60 },
} as const;

/** Names by which coap-packet knows options. */
const NAMES: Readonly<Record<string, number>> = {
  ...{ 'If-Match': 1, 'Uri-Host': 3, ETag: 4, 'If-None-Match': 5, Observe: 6, 'Uri-Port': 7, 'Location-Path': 8 },
  ...{ OSCORE: 9, 'Uri-Path': 11, 'Content-Format': 12, 'Max-Age': 14, 'Uri-Query': 15, 'Hop-Limit': 16, Accept: 17 },
  ...{ 'Q-Block1': 19, 'Location-Query': 20, Block2: 23, Block1: 27, Size2: 28, 'Q-Block2': 31, 'Proxy-Uri': 35 },
  ...{ 'Proxy-Scheme': 39, Size1: 60, 'No-Response': 258, 'OCF-Accept-Content-Format-Version': 2049 },
  ...{ 'OCF-Content-Format-Version': 2053 },
};

export const numberOf = (name: string): number => NAMES[name] ?? Number(name);
/** It takes numbers as well. */
export const nameOf = (number: number): string => String(number);

/** Shortest and longest value of the options that are understood here; `many`: may be there more than once. */
const KNOWN: Readonly<Record<number, readonly [min: number, max: number, many?: 'many']>> = {
  [Option.IfMatch]: [0, 8, 'many'],
  [Option.UriHost]: [1, 255],
  [Option.ETag]: [1, 8, 'many'],
  [Option.IfNoneMatch]: [0, 0],
  [Option.Observe]: [0, 3],
  [Option.UriPort]: [0, 2],
  [Option.LocationPath]: [0, 255, 'many'],
  [Option.UriPath]: [0, 255, 'many'],
  [Option.ContentFormat]: [0, 2],
  [Option.MaxAge]: [0, 4],
  [Option.UriQuery]: [0, 255, 'many'],
  [Option.Accept]: [0, 2],
  [Option.LocationQuery]: [0, 255, 'many'],
  [Option.Block2]: [0, 3],
  [Option.Block1]: [0, 3],
  [Option.Size2]: [0, 4],
  [Option.Size1]: [0, 4],
};

/** Those that are understood, and the first that is critical and is not (RFC 7252 5.4.1, 5.4.3 and 5.4.5). */
export function understood(options: readonly CoapOption[]): {
  readonly options: readonly CoapOption[];
  readonly critical: number | undefined;
} {
  const seen = new Set<number>();
  let critical: number | undefined;
  const kept = options.filter(({ number, value }) => {
    const [min, max, many] = KNOWN[number] ?? [1, 0];
    const good = value.length >= min && value.length <= max && (many !== undefined || !seen.has(number));
    seen.add(number);
    if (!good && number % 2 === 1) critical ??= number;
    return good;
  });
  return { options: kept, critical };
}

/** Shortest form: 0 has no bytes. */
export function uintValue(value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
}

export const uintOf = (value: Uint8Array): number => value.reduce((sum, byte) => 256 * sum + byte, 0);

export const uintOption = (number: number, value: number): CoapOption => ({ number, value: uintValue(value) });
export const textOption = (number: number, text: string): CoapOption => ({ number, value: Buffer.from(text) });

export function findUint(options: readonly CoapOption[], number: number): number | undefined {
  const found = options.find((option) => option.number === number);
  return found && uintOf(found.value);
}

export const findTexts = (options: readonly CoapOption[], number: number): string[] =>
  options.filter((option) => option.number === number).map(({ value }) => Buffer.from(value).toString());

/** One block of a body: its number in units of its size, whether more follow, size 2^(szx + 4). */
export interface Block {
  readonly num: number;
  readonly more: boolean;
  /** 0 to 6. */
  readonly szx: number;
}

export const blockSize = (szx: number): number => 2 ** (szx + 4);

/** The largest size exponent whose blocks have at most so many bytes. */
export const szxFor = (bytes: number): number => Math.max(0, Math.min(6, Math.floor(Math.log2(bytes)) - 4));

export const blockOption = (number: number, { num, more, szx }: Block): CoapOption =>
  uintOption(number, num * 16 + (more ? 8 : 0) + szx);

/** Undefined: it is not there. `reserved`: a size exponent of 7. */
export function findBlock(options: readonly CoapOption[], number: number): Block | 'reserved' | undefined {
  const value = findUint(options, number);
  if (value === undefined) return undefined;
  if ((value & 7) === 7) return 'reserved';
  return { num: value >>> 4, more: (value & 8) !== 0, szx: value & 7 };
}

/** Whether the second of two Observe values is newer (RFC 7641 3.4). */
export const newer = (first: number, second: number): boolean => {
  const ahead = (second - first) & 0xffffff;
  return ahead > 0 && ahead < 2 ** 23;
};
