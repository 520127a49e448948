// Profiles: one JSON file for one card or for a range of cards. Fields and their forms: profile-schema.ts; keys in a
// file of their own: profile-keys.ts.

import { createCipheriv } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { fromHex, xor } from '../bytes.js';
import { hasLuhnDigit, iccidWarnings, luhnDigit } from '../numbers.js';
import { Secret } from '../secret.js';
import { type Authentication, algorithmFaults, algorithmOf } from './algorithm-profile.js';
import { pinBytes } from './encoding.js';
import { type KeySource, loadKeys } from './profile-keys.js';
import { ProfileError, type ProfileFields, check, isObject, profileSchema } from './profile-schema.js';
import { readJson } from './read-json.js';

/** What makes one SIM different from another. The card is personalised from it, and the HSS knows the same subscriber. */
export interface SimProfile extends Authentication {
  /** 6 to 15 digits. */
  readonly imsi: string;
  /** Digits of the network code in the IMSI: 2 or 3. */
  readonly mncLength: 2 | 3;
  /** 10 to 20 digits, some of which may be letters from A to E, as they are printed on the card. */
  readonly iccid: string;
  /** Subscriber key, 128 bits; with TUAK also 256. */
  readonly k: Secret;
  /** 128 bits of MILENAGE, computed from `op` when the profile gives that; zeros with another algorithm. */
  readonly opc: Secret;
  /** 2 bytes; bit 8 of the first is the separation bit (8000 for EPS). */
  readonly amf: Uint8Array;
  /** 6 bytes: the home network's next SQN starts here; the card starts at its own `cardSqn`. */
  readonly sqn: Uint8Array;
  /** 6 bytes: highest SQN the card has seen (0 on a new card). */
  readonly cardSqn: Uint8Array;
  /** PINs, PUKs and ADM1 are 8 bytes, as the card compares them. */
  readonly pin1: { readonly value: Secret; readonly enabled: boolean };
  readonly puk1: Secret;
  readonly pin2: Secret;
  readonly puk2: Secret;
  readonly adm1: Secret;
  /** Service provider name, up to 16 bytes as EF_SPN has it. */
  readonly spn: string;
  /** Access control class bits (2 bytes). */
  readonly acc: Uint8Array;
  /** Digits, without +. */
  readonly msisdn: string;
  readonly simId: string;
  /** Identities of an ISIM; derived from the IMSI unless the profile gives them. TS 23.003 13. */
  readonly impi: string;
  readonly impu: readonly string[];
  readonly domain: string;
}

/** The cards of one profile. */
export interface SimRange {
  readonly count: number;
  /** What is worth a look, in words. */
  readonly warnings: readonly string[];
  /** The card `index`, 0..count-1. Throws ProfileError for a card whose keys are missing, and beyond the range. */
  card(index: number): SimProfile;
}

/**
 * Makes a profile of parsed JSON: an object with `imsi`, `iccid`, `k` and exactly one of `op` and `opc`; all else has
 * defaults. Of a range, the first card. `source` (a file name) is for messages. Throws ProfileError.
 */
export function parseSimProfile(json: unknown, source: string): SimProfile {
  return parseSimRange(json, source).card(0);
}

/** Reads the card `index` of a profile's JSON file. Throws ProfileError, also for a file that is missing or is not JSON. */
export function loadSimProfile(path: string, index = 0): SimProfile {
  return loadSimRange(path).card(index);
}

/** Reads a profile's JSON file and the key file that it names. Throws ProfileError, as `loadSimProfile`. */
export function loadSimRange(path: string): SimRange {
  return parseSimRange(readJson(path), path, dirname(path));
}

/** `folder`: where the profile's `keys` are looked for. The first and the last card are checked. */
export function parseSimRange(json: unknown, source: string, folder?: string): SimRange {
  const { fields, faults } = check(profileSchema, json);
  if (isObject(json)) faults.push(...keyFaults(json));
  if (fields?.keys !== undefined && folder === undefined) {
    faults.push('"keys" names a file, which only a profile in a file can do');
  }
  if (fields === undefined || faults.length > 0) throw new ProfileError(source, faults);
  const keys = fields.keys === undefined || folder === undefined ? undefined : loadKeys(resolve(folder, fields.keys));
  const range = {
    count: fields.count,
    warnings: iccidWarnings('"iccid"', fields.iccid).map((warning) => `SIM profile ${source}: ${warning}`),
    card: (index: number): SimProfile => nthCard(fields, index, source, keys),
  };
  range.card(0);
  if (fields.count > 1) range.card(fields.count - 1);
  return range;
}

const KEY_NAMES = ['k', 'op', 'opc', 'top', 'topc'] as const;

/** What is wrong with the keys in a profile itself. */
function keyFaults(json: Record<string, unknown>): string[] {
  if (json['keys'] === undefined)
    return [...(json['k'] === undefined ? ['"k" is missing'] : []), ...algorithmFaults(json)];
  const both = KEY_NAMES.filter((name) => json[name] !== undefined).map((name) => `"${name}"`);
  return both.length === 0 ? [] : [`${both.join(', ')} beside "keys": they belong into the key file`];
}

/** The first `fixed` of the digits, and the number of the others raised by `by`; undefined if it grows longer. */
function raised(digits: string, fixed: number, by: number): string | undefined {
  const length = digits.length - fixed;
  if (length <= 0) return by === 0 ? digits : undefined;
  const number = (BigInt(digits.slice(fixed)) + BigInt(by)).toString().padStart(length, '0');
  return number.length === length ? digits.slice(0, fixed) + number : undefined;
}

/** Issuer identifier number of an ICCID, 7 digits at most (ITU-T E.118), and what comes up to a letter. */
const fixedDigits = (iccid: string): number => Math.max(7, iccid.search(/[A-E][0-9]*$/) + 1);

function nthCard(range: ProfileFields, index: number, source: string, keys: KeySource | undefined): SimProfile {
  if (!Number.isInteger(index) || index < 0 || index >= range.count) {
    throw new ProfileError(source, [`has ${range.count} cards, 0 to ${range.count - 1}; there is no card ${index}`]);
  }
  const faults: string[] = [];
  const counted = (name: string, digits: string, fixed: number): string => {
    const value = raised(digits, fixed, index);
    if (value === undefined) faults.push(`"${name}" runs out of digits within "count" cards`);
    return value ?? digits;
  };
  const { imsi: first } = range;
  const mncLength = range.mncLength ?? (THREE_DIGIT_MNC.test(first) ? 3 : 2);
  const imsi = counted('imsi', first, 3 + mncLength);
  // A number without a check digit counts with all its digits.
  const checked = hasLuhnDigit(range.iccid);
  const body = counted('iccid', checked ? range.iccid.slice(0, -1) : range.iccid, fixedDigits(range.iccid));
  const msisdn = range.msisdn === '' ? '' : counted('msisdn', range.msisdn, 0);
  if (range.count > 1) {
    if (range.simId !== undefined) faults.push('"simId" would be the same on all cards; leave it out');
    for (const name of ['impi', 'impu'] as const) {
      const identities = [range[name] ?? []].flat();
      if (identities.some((identity) => !identity.includes('{imsi}'))) {
        faults.push(`"${name}" would be the same on all cards; put {imsi} into it`);
      }
    }
  }
  if (faults.length > 0) throw new ProfileError(source, faults);
  return makeProfile(
    { ...range, imsi, mncLength, iccid: checked ? body + luhnDigit(body) : body, msisdn },
    source,
    keys,
  );
}

function makeProfile(
  given: ProfileFields & { readonly mncLength: 2 | 3 },
  source: string,
  keys: KeySource | undefined,
): SimProfile {
  const file = { ...given, keys: undefined, ...keys?.(given.iccid, given.algorithm) };
  const faults = keyFaults(file);
  if (faults.length > 0 || file.k === undefined) throw new ProfileError(`${source}, card ${file.iccid}`, faults);

  const k = fromHex(file.k);
  const adm1 = file.adm1 ?? DEFAULT_PUK;
  const { imsi, mncLength } = file;
  const domain = file.domain ?? imsDomain(imsi, mncLength);
  const identity = (template: string): string => template.replaceAll('{imsi}', imsi);
  return {
    imsi,
    mncLength,
    iccid: file.iccid,
    k: new Secret(k),
    opc: new Secret(opcOf(file, k)),
    ...algorithmOf({ ...file, k: file.k }),
    amf: fromHex(file.amf),
    sqn: fromHex(file.sqn),
    cardSqn: fromHex(file.cardSqn),
    pin1: { value: new Secret(pinBytes(file.pin1 ?? DEFAULT_PIN)), enabled: file.pin1Enabled },
    puk1: new Secret(pinBytes(file.puk1 ?? DEFAULT_PUK)),
    pin2: new Secret(pinBytes(file.pin2 ?? DEFAULT_PIN)),
    puk2: new Secret(pinBytes(file.puk2 ?? DEFAULT_PUK)),
    adm1: new Secret(adm1.length === 16 ? fromHex(adm1) : pinBytes(adm1)),
    spn: file.spn,
    acc: file.acc === undefined ? accessClassOf(imsi) : fromHex(file.acc),
    msisdn: file.msisdn,
    simId: file.simId ?? file.iccid,
    impi: identity(file.impi ?? `{imsi}@${domain}`),
    impu: (file.impu ?? [`sip:{imsi}@${domain}`]).map(identity),
    domain,
  };
}

const DEFAULT_PIN = '0000';
const DEFAULT_PUK = '00000000';

/** Countries whose network codes have three digits (ITU-T E.212). Others have two; `mncLength` tells where that is wrong. */
const THREE_DIGIT_MNC = /^(302|31[0-6]|334|338|342|344|346|348|352|354|356|358|360|365|376|708|722|732|750)/;

/** Home network domain name of the IMS. TS 23.003 13.2. */
function imsDomain(imsi: string, mncLength: number): string {
  const mnc = imsi.slice(3, 3 + mncLength).padStart(3, '0');
  return `ims.mnc${mnc}.mcc${imsi.slice(0, 3)}.3gppnetwork.org`;
}

/** OPc = OP xor E_K(OP). TS 35.206 4.1. */
function opcOf(file: Pick<ProfileFields, 'op' | 'opc'>, k: Uint8Array): Uint8Array {
  if (file.opc !== undefined) return fromHex(file.opc);
  if (file.op === undefined) return new Uint8Array(16);
  const op = fromHex(file.op);
  const cipher = createCipheriv('aes-128-ecb', k, null).setAutoPadding(false);
  return xor(new Uint8Array(cipher.update(op)), op);
}

/** One class of 0..9 by the last digit of the IMSI. TS 22.011 4.2. */
function accessClassOf(imsi: string): Uint8Array {
  const bits = 1 << Number(imsi.at(-1));
  return Uint8Array.of(bits >> 8, bits & 0xff);
}
