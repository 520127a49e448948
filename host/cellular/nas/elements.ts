// Information elements shared by several messages: identities, areas, names, addresses. TS 24.301 9.9, TS 24.008 10.5.

import { concat } from '../../bytes.js';
import { NasError, NasReader } from './bytes.js';

/** Digits of MCC and MNC, 5 or 6, as `44010`. */
export type PlmnDigits = string;

/** 3 BCD bytes: MCC2 MCC1, MNC3 (F if none) MCC3, MNC2 MNC1. Throws RangeError unless 5 or 6 digits. */
export function encodePlmn(digits: PlmnDigits): Uint8Array {
  if (!/^\d{5,6}$/.test(digits)) throw new RangeError(`PLMN "${digits}": expected 5 or 6 digits`);
  const d = (i: number): number => Number(digits[i]);
  const mnc3 = digits.length === 6 ? d(5) : 0xf;
  return Uint8Array.of((d(1) << 4) | d(0), (mnc3 << 4) | d(2), (d(4) << 4) | d(3));
}

export function decodePlmn(bytes: Uint8Array): PlmnDigits {
  const [a = 0, b = 0, c = 0] = bytes;
  const digits = [a & 15, a >> 4, b & 15, c & 15, c >> 4, ...(b >> 4 === 0xf ? [] : [b >> 4])];
  return digits.map(digit).join('');
}

function digit(value: number): string {
  if (value > 9) throw new NasError('bad-element', `${value.toString(16)} is not a decimal digit`);
  return String(value);
}

/** Globally unique temporary identity (TS 23.003 2.8). */
export interface Guti {
  readonly plmn: PlmnDigits;
  readonly mmeGroup: number;
  readonly mmeCode: number;
  readonly mTmsi: number;
}

export type MobileIdentity =
  { readonly kind: 'imsi' | 'imei'; readonly digits: string } | { readonly kind: 'guti'; readonly guti: Guti };

/** Type of identity, the same numbers in IDENTITY REQUEST and in the element itself but for GUTI. */
export const IdentityType = { imsi: 1, imei: 2 } as const;
const GUTI_TYPE = 6;
/** In the EPS mobile identity of ATTACH REQUEST an IMEI has its own number (9.9.3.12); in IDENTITY RESPONSE it is 2. */
const EPS_IMEI_TYPE = 3;

/** Value part of EPS mobile identity (9.9.3.12) and mobile identity (TS 24.008 10.5.1.4). */
export function encodeIdentity(identity: MobileIdentity): Uint8Array {
  if (identity.kind === 'guti') {
    const { plmn, mmeGroup, mmeCode, mTmsi } = identity.guti;
    const tail = new Uint8Array(7);
    const view = new DataView(tail.buffer);
    view.setUint16(0, mmeGroup);
    view.setUint8(2, mmeCode);
    view.setUint32(3, mTmsi);
    return concat(Uint8Array.of(0xf0 | GUTI_TYPE), encodePlmn(plmn), tail);
  }
  const { kind, digits } = identity;
  if (!/^\d{1,15}$/.test(digits))
    throw new RangeError(`${kind}: expected 1 to 15 digits, got ${digits.length} characters`);
  const odd = digits.length % 2;
  const nibbles = [...digits].map(Number);
  if (!odd) nibbles.push(0xf);
  const out = [((nibbles[0] as number) << 4) | (odd << 3) | IdentityType[kind]];
  for (let i = 1; i < nibbles.length; i += 2) out.push(((nibbles[i + 1] as number) << 4) | (nibbles[i] as number));
  return Uint8Array.from(out);
}

export function decodeIdentity(bytes: Uint8Array): MobileIdentity {
  const reader = new NasReader(bytes);
  const first = reader.u8('mobile identity');
  const type = first & 7;
  if (type === GUTI_TYPE) {
    const plmn = decodePlmn(reader.take(3, 'GUTI'));
    const tail = reader.take(7, 'GUTI');
    const view = new DataView(tail.buffer);
    const guti = { plmn, mmeGroup: view.getUint16(0), mmeCode: view.getUint8(2), mTmsi: view.getUint32(3) };
    return { kind: 'guti', guti };
  }
  if (type !== IdentityType.imsi && type !== IdentityType.imei && type !== EPS_IMEI_TYPE) {
    throw new NasError('bad-element', `mobile identity of type ${type}`);
  }
  const nibbles = [first >> 4];
  for (const byte of reader.rest()) nibbles.push(byte & 15, byte >> 4);
  if (!(first & 8) && nibbles.pop() !== 0xf)
    throw new NasError('bad-element', 'mobile identity: no filler after an even count');
  if (nibbles.length > 15) throw new NasError('bad-element', `mobile identity of ${nibbles.length} digits`);
  return { kind: type === IdentityType.imsi ? 'imsi' : 'imei', digits: nibbles.map(digit).join('') };
}

/** Tracking area identity list with one area (9.9.3.33): type 000, one element. */
export function encodeTaiList(plmn: PlmnDigits, tac: number): Uint8Array {
  return concat(Uint8Array.of(0x00), encodePlmn(plmn), Uint8Array.of(tac >> 8, tac & 0xff));
}

/** The first area of the list. */
export function decodeTaiList(bytes: Uint8Array): { readonly plmn: PlmnDigits; readonly tac: number } {
  const reader = new NasReader(bytes);
  reader.u8('TAI list');
  const plmn = decodePlmn(reader.take(3, 'TAI list'));
  return { plmn, tac: (reader.u8('TAI list') << 8) | reader.u8('TAI list') };
}

/** Access point name as DNS labels (TS 24.008 10.5.6.1, TS 23.003 9.1): at most 100 bytes. RangeError if it is no name. */
export function encodeApn(name: string): Uint8Array {
  const labels = name.split('.');
  if (name.length > 99 || labels.some((label) => !/^[A-Za-z0-9_-]{1,63}$/.test(label))) {
    throw new RangeError(`"${name}" is no access point name`);
  }
  return concat(...labels.map((label) => concat(Uint8Array.of(label.length), Buffer.from(label, 'latin1'))));
}

export function decodeApn(bytes: Uint8Array): string {
  const reader = new NasReader(bytes);
  const labels: string[] = [];
  while (reader.left > 0) {
    const label = Buffer.from(reader.lv('access point name')).toString('latin1');
    if (!/^[A-Za-z0-9_-]{1,63}$/.test(label))
      throw new NasError('bad-element', 'access point name: a label is no label');
    labels.push(label);
  }
  if (labels.length === 0) throw new NasError('bad-element', 'access point name: empty');
  return labels.join('.');
}

/** Four bytes of a dotted IPv4 address. RangeError if it is none. */
export function encodeIp(ip: string): Uint8Array {
  const parts = ip.split('.').map(Number);
  if (parts.length !== 4 || parts.some((p) => !Number.isInteger(p) || p < 0 || p > 255)) {
    throw new RangeError(`"${ip}" is no IPv4 address`);
  }
  return Uint8Array.from(parts);
}

export function decodeIp(bytes: Uint8Array): string {
  if (bytes.length !== 4) throw new NasError('bad-element', `an IPv4 address of ${bytes.length} bytes`);
  return bytes.join('.');
}

/** PDN types of 9.9.4.10. */
export const PdnType = { ipv4: 1, ipv6: 2, ipv4v6: 3, nonIp: 5 } as const;

/** EPS bearer identities are 5 to 15 (9.3.2). */
const FIRST_BEARER = 5;
const LAST_BEARER = 15;

/** EPS bearer context status (9.9.2.1): two octets, a bit for each bearer that is active; EBI 0 is bit 1 of the first. */
export function encodeBearers(active: readonly number[]): Uint8Array {
  let bits = 0;
  for (const bearer of active) {
    if (bearer < FIRST_BEARER || bearer > LAST_BEARER) throw new RangeError(`${bearer} is no EPS bearer identity`);
    bits |= 1 << bearer;
  }
  return Uint8Array.of(bits & 0xff, bits >> 8);
}

/** Identities in rising order; the spare bits of 0 to 4 are not looked at. */
export function decodeBearers(value: Uint8Array): number[] {
  const [low, high] = value;
  if (low === undefined || high === undefined || value.length !== 2) {
    throw new NasError('bad-element', `EPS bearer context status of ${value.length} bytes, expected 2`);
  }
  const bits = (high << 8) | low;
  const active: number[] = [];
  for (let bearer = FIRST_BEARER; bearer <= LAST_BEARER; bearer++) if ((bits >> bearer) & 1) active.push(bearer);
  return active;
}

/** GPRS timer (TS 24.008 10.5.7.3): 2 s, 1 min or 6 min steps, whichever first holds the value exactly, else rounded up. */
export function encodeGprsTimer(seconds: number): number {
  for (const [unit, step] of GPRS_TIMER_STEPS.entries()) {
    const steps = Math.ceil(seconds / step);
    if (steps <= 31 && (steps * step === seconds || step === 360)) return (unit << 5) | steps;
  }
  throw new RangeError(`a GPRS timer cannot hold ${seconds} s`);
}

/** Seconds; undefined: deactivated. */
export function decodeGprsTimer(octet: number): number | undefined {
  const unit = octet >> 5;
  if (unit === 7) return undefined;
  return (octet & 31) * (GPRS_TIMER_STEPS[unit] ?? 60);
}

const GPRS_TIMER_STEPS = [2, 60, 360] as const;
