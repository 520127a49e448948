import { toHex } from '../bytes.js';
import { luhnDigit } from '../numbers.js';
import type { Random } from '../random.js';

/** TS 23.003: MCC 001 and MNC 01 are of test networks. */
const TEST_NETWORK = '00101';
const IMSI_DIGITS = 15;
/** 89 (telecommunications) and 999, which is no country's code. ITU-T E.118. */
const TEST_ISSUER = '8999900';
const ICCID_DIGITS = 19;
const KEY_BYTES = 16;
const MASTER_BYTES = 32;

export interface NewProfileOptions {
  /** Random ones of a test network unless given. */
  readonly imsi?: string;
  readonly iccid?: string;
  /** Cards; their keys are derived from a master key when there are several. */
  readonly count: number;
  /** How the profile names its key file. */
  readonly keys: string;
  /** More fields of the profile. */
  readonly more: Readonly<Record<string, unknown>>;
  readonly random: Random;
}

/** The JSON of a profile and of its key file, with fresh keys. Not checked: the loader does that. */
export function newProfile(options: NewProfileOptions): { profile: unknown; keys: unknown } {
  const { count, random } = options;
  const digits = (length: number): string => Array.from({ length }, () => random.below(10)).join('');
  const hex = (bytes: number): string => toHex(random.bytes(bytes));
  const imsi = options.imsi ?? TEST_NETWORK + digits(IMSI_DIGITS - TEST_NETWORK.length);
  const iccid = options.iccid ?? withLuhn(TEST_ISSUER + digits(ICCID_DIGITS - 1 - TEST_ISSUER.length));
  const range = count > 1 ? { count } : {};
  const card = {
    ...{ k: hex(KEY_BYTES), opc: hex(KEY_BYTES), adm1: digits(8), puk1: digits(8), puk2: digits(8) },
  };
  return {
    profile: { imsi, iccid, ...range, keys: options.keys, ...options.more },
    keys: count > 1 ? { master: hex(MASTER_BYTES) } : { cards: { [iccid]: card } },
  };
}

const withLuhn = (body: string): string => body + luhnDigit(body);
