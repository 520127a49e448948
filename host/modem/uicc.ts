// What a modem must understand of a card's files: TS 102 221 11.1.1.3 (FCP), TS 31.102 4.2 (IMSI, AD), TS 102 221
// 13.1 and 13.2 (DIR, ICCID). Everything here comes from the card: nothing is trusted, nothing throws.

import { iccidFault, plainIccid } from '../numbers.js';

/** File identifiers, TS 102 221 and TS 31.102. */
export const Fid = {
  MF: 0x3f00,
  DIR: 0x2f00,
  PL: 0x2f05,
  ARR: 0x2f06,
  UMPC: 0x2f08,
  ICCID: 0x2fe2,
  LI: 0x6f05,
  IMSI: 0x6f07,
  KEYS: 0x6f08,
  KEYSPS: 0x6f09,
  HPPLMN: 0x6f31,
  UST: 0x6f38,
  PSLOCI: 0x6f73,
  ACC: 0x6f78,
  FPLMN: 0x6f7b,
  LOCI: 0x6f7e,
  AD: 0x6fad,
  EPSLOCI: 0x6fe3,
  EPSNSC: 0x6fe4,
} as const;

/** RID of 3GPP and application code of a USIM, TS 101 220 annex E. */
export const USIM_AID_START = Uint8Array.of(0xa0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02);

/** Done, perhaps with a toolkit command waiting (91xx) that this terminal does not fetch. */
export const isOk = (sw: number): boolean => sw === 0x9000 || sw >> 8 === 0x91;

export interface Tlv {
  readonly tag: number;
  readonly value: Uint8Array;
}

/** Simple BER-TLV objects one after the other; stops at the first that does not fit. */
export function parseTlvs(bytes: Uint8Array): Tlv[] {
  const found: Tlv[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const tag = bytes[at++] as number;
    let length = bytes[at++] as number;
    if (length === 0x81) length = bytes[at++] ?? bytes.length;
    else if (length > 0x7f) break;
    if (at + length > bytes.length) break;
    found.push({ tag, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

const find = (tlvs: readonly Tlv[], tag: number): Uint8Array | undefined => tlvs.find((tlv) => tlv.tag === tag)?.value;

export interface Fcp {
  /** Structure of an EF; undefined for a directory. */
  readonly structure: 'transparent' | 'records' | undefined;
  /** Bytes of a transparent EF. */
  readonly size: number;
  readonly recordLength: number;
  readonly recordCount: number;
  /** PIN status template (C6): is the first key reference enabled? undefined when it is not told. */
  readonly pinEnabled: boolean | undefined;
}

export function parseFcp(bytes: Uint8Array): Fcp {
  const fields = parseTlvs(find(parseTlvs(bytes), 0x62) ?? new Uint8Array());
  const descriptor = find(fields, 0x82) ?? new Uint8Array();
  const kind = descriptor[0] ?? 0;
  const size = find(fields, 0x80) ?? new Uint8Array();
  const status = find(fields, 0xc6);
  const bits = status && find(parseTlvs(status), 0x90);
  // TS 102 221 11.1.1.4.3: bits 6..4 = 111 is a directory; the low three bits are the structure.
  const directory = (kind & 0x38) === 0x38;
  const low = kind & 0x07;
  return {
    structure: directory ? undefined : low === 1 ? 'transparent' : low === 2 || low === 6 ? 'records' : undefined,
    size: size.reduce((sum, byte) => sum * 256 + byte, 0),
    recordLength: ((descriptor[2] ?? 0) << 8) | (descriptor[3] ?? 0),
    recordCount: descriptor[4] ?? 0,
    pinEnabled: bits === undefined ? undefined : ((bits[0] ?? 0) & 0x80) !== 0,
  };
}

/** The AID in a record of EF_DIR: `61 L 4F L AID ..`. */
export function aidOfDirRecord(record: Uint8Array): Uint8Array | undefined {
  const template = find(parseTlvs(record), 0x61);
  return template && find(parseTlvs(template), 0x4f);
}

const nibbles = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte & 15).toString(16) + (byte >> 4).toString(16)).join('');

/** EF_IMSI: length, then digits swapped with the parity nibble first. undefined when that is not an IMSI. */
export function parseImsi(file: Uint8Array): string | undefined {
  const length = file[0] ?? 0;
  if (length < 4 || length > 8 || file.length < 1 + length) return undefined;
  const digits = nibbles(file.subarray(1, 1 + length))
    .slice(1)
    .replace(/f+$/, '');
  return /^\d{6,15}$/.test(digits) ? digits : undefined;
}

/** EF_ICCID: swapped digits, F padding. */
export function parseIccid(file: Uint8Array): string | undefined {
  const digits = plainIccid(nibbles(file));
  return iccidFault(digits) === undefined ? digits : undefined;
}

/** What the USIM said to AUTHENTICATE in 3G context, TS 31.102 7.1.2.1. undefined when it is none of the forms. */
export type AuthenticateAnswer =
  | { readonly kind: 'ok'; readonly res: Uint8Array; readonly ck: Uint8Array; readonly ik: Uint8Array }
  | { readonly kind: 'resync'; readonly auts: Uint8Array };

export function parseAuthenticate(data: Uint8Array): AuthenticateAnswer | undefined {
  const fields: Uint8Array[] = [];
  let at = 1;
  while (at < data.length) {
    const length = data[at] as number;
    if (at + 1 + length > data.length) return undefined;
    fields.push(data.slice(at + 1, at + 1 + length));
    at += 1 + length;
  }
  const [first, ck, ik] = fields;
  if (data[0] === 0xdb && first && ck && ik && first.length >= 4 && first.length <= 16) {
    return ck.length === 16 && ik.length === 16 ? { kind: 'ok', res: first, ck, ik } : undefined;
  }
  if (data[0] === 0xdc && first?.length === 14) return { kind: 'resync', auts: first };
  return undefined;
}
