// Key files: what a card shares with its home network, apart from its profile.
//
//   { "cards": { "<ICCID>": { "k": "..", "opc": ".." }, .. } }     a record for each card
//   { "master": "..", "op": ".." }                                 derived, for ranges; "op" (TUAK: "top") is optional
//
// Derivation: D(label) = HMAC-SHA-256(master, label | 00 | ICCID in ASCII digits). K is the first 16 bytes of
// D("akari k"), for TUAK all 32. OPc comes from "op", or is the first 16 bytes of D("akari opc"); TOPc comes from "top",
// or is D("akari topc"). ADM1, PUK1 and PUK2 are the last 8 decimal digits of the first 8 bytes (big-endian) of
// D("akari adm1"), D("akari puk1") and D("akari puk2").

import { createHmac } from 'node:crypto';
import { openToOthers } from '../private-file.js';
import { ProfileError, type SecretFields, check, keyFileSchema } from './profile-schema.js';
import { readJson } from './read-json.js';

const WHAT = 'SIM key file';

/** The secret fields of one card. Throws ProfileError, naming the key file. */
export type KeySource = (iccid: string, algorithm: AlgorithmName) => SecretFields;
type AlgorithmName = 'milenage' | 'tuak' | 'xor';

/** Reads the key file `path`. Throws ProfileError; refuses a file that others than its owner can read, as ssh does. */
export function loadKeys(path: string): KeySource {
  const others = openToOthers(path);
  if (others !== undefined) throw new ProfileError(path, [others], WHAT);
  const { fields, faults } = check(keyFileSchema, readJson(path, WHAT));
  if (fields === undefined) throw new ProfileError(path, faults, WHAT);
  const { cards, master, op, top } = fields;
  if ((cards === undefined) === (master === undefined)) {
    throw new ProfileError(path, ['expected exactly one of "cards" and "master"'], WHAT);
  }
  if (master !== undefined) {
    const operator = { ...(op !== undefined && { op }), ...(top !== undefined && { top }) };
    return (iccid, algorithm) => derive(Buffer.from(master, 'hex'), operator, iccid, algorithm);
  }
  if (op !== undefined || top !== undefined) {
    throw new ProfileError(path, ['"op" and "top" belong to "master", or into each of "cards"'], WHAT);
  }
  return (iccid) => {
    const card = cards && Object.hasOwn(cards, iccid) ? cards[iccid] : undefined;
    if (card === undefined) throw new ProfileError(path, [`"cards" has no card ${iccid}`], WHAT);
    return card;
  };
}

function derive(
  master: Uint8Array,
  operator: Pick<SecretFields, 'op' | 'top'>,
  iccid: string,
  algorithm: AlgorithmName,
): SecretFields {
  const d = (label: string): Buffer => createHmac('sha256', master).update(`akari ${label}\0${iccid}`).digest();
  const key = (label: string, bytes: number): string => d(label).toString('hex', 0, bytes);
  const digits = (label: string): string => (d(label).readBigUInt64BE() % 100_000_000n).toString().padStart(8, '0');
  const { op, top } = operator;
  const own = {
    milenage: op === undefined ? { opc: key('opc', 16) } : { op },
    tuak: top === undefined ? { topc: key('topc', 32) } : { top },
    xor: {},
  }[algorithm];
  const pins = { adm1: digits('adm1'), puk1: digits('puk1'), puk2: digits('puk2') };
  return { k: key('k', algorithm === 'tuak' ? 32 : 16), ...own, ...pins };
}
