// How digits become bytes on the card. TS 31.102 4.2, TS 24.008 10.5.

import { fromHex } from '../bytes.js';

/** Digits two a byte, the first in the low nibble, F after the last. */
export function swappedBcd(digits: string): Uint8Array {
  return fromHex(
    Array.from({ length: Math.ceil(digits.length / 2) }, (_, i) => {
      return (digits[2 * i + 1] ?? 'f') + (digits[2 * i] ?? 'f');
    }).join(''),
  );
}

/** `bytes`, with FF up to `length`. */
export function padded(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length).fill(0xff);
  out.set(bytes.subarray(0, length));
  return out;
}

/** EF_IMSI: length, then parity nibble (9 odd, 1 even count) and digits. TS 31.102 4.2.2. */
export function imsiBytes(imsi: string): Uint8Array {
  const body = swappedBcd((imsi.length % 2 === 1 ? '9' : '1') + imsi);
  return padded(Uint8Array.of(body.length, ...body), 9);
}

/** MCC2 MCC1, MNC3 (F if none) MCC3, MNC2 MNC1. TS 24.008 10.5.1.13. */
export function plmnBytes(mcc: string, mnc: string): Uint8Array {
  return swappedBcd(mcc + (mnc[2] ?? 'f') + mnc.slice(0, 2));
}

/** Bytes of the service provider name in EF_SPN. TS 31.102 4.2.12. */
export const SPN_BYTES = 16;

/** A number of a subscriber: length, TON and NPI 91 (international), digits; 12 bytes and no extension. TS 31.102 4.2.26. */
export function dialledNumber(digits: string): Uint8Array {
  if (digits === '') return new Uint8Array(14).fill(0xff);
  const body = swappedBcd(digits);
  return Uint8Array.of(body.length + 1, 0x91, ...padded(body, 10), 0xff, 0xff);
}

/** A PIN or PUK as the card compares it: ASCII, FF up to 8 bytes. TS 102 221 9.5.1. */
export function pinBytes(digits: string): Uint8Array {
  return padded(new Uint8Array(Buffer.from(digits, 'ascii')), 8);
}
