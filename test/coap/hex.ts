// Shapes that the CoAP tests share.
import { fromHex, toHex } from '../../host/bytes.js';
import type { CoapOptionPair } from '../../host/kit/coap.js';

/** `4.02` as on the wire. */
export function codeOf(dotted: string): number {
  const [c = 0, detail = 0] = dotted.split('.').map(Number);
  return (c << 5) | detail;
}

export const TYPES = ['CON', 'NON', 'ACK', 'RST'] as const;

export const hexOptions = (options: readonly CoapOptionPair[]): [number, string][] =>
  options.map(([number, value]) => [number, toHex(value)]);

export const optionsOf = (options: readonly (readonly [number, string])[]): CoapOptionPair[] =>
  options.map(([number, value]) => [number, fromHex(value)]);

const URI_PATH = 11;
const URI_QUERY = 15;

/** Uri-Path options of `a/b`, Uri-Query options of `x=1&y`. */
export function uri(path: string, query = ''): CoapOptionPair[] {
  const segments = (number: number, text: string, by: string): CoapOptionPair[] =>
    text === '' ? [] : text.split(by).map((part) => [number, Buffer.from(part)] as const);
  return [...segments(URI_PATH, path, '/'), ...segments(URI_QUERY, query, '&')];
}
