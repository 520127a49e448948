// The card's key record, in the form of assembly/sim/algorithm.ts.

import type { Authentication } from './algorithm-profile.js';
import type { SimProfile } from './profile.js';

const RECORD_BYTES = 176;
const LAYOUT = 2;
const ACTIVATED = 0x05;
const ALGORITHM = { milenage: 1, tuak: 2, xor: 3 } as const;
const MILENAGE_RES_BYTES = 8;
const KEY_BYTES = 16;
/** Offsets. */
const DELTA = 10;
const LIMIT = 18;
const K = 26;
const OPC = 58;
const OWN_CONSTANTS = 90;
const R = 91;
const C = 96;

/** Algorithm, its parameters, K and OPc or TOPc. */
export function keyRecord(profile: Pick<SimProfile, 'k' | 'opc' | keyof Authentication>): Uint8Array {
  const { algorithm, indBits, sqnDelta, sqnLimit } = profile;
  const k = profile.k.reveal();
  const tuak = algorithm.name === 'tuak' ? algorithm : undefined;
  const res = algorithm.name === 'milenage' ? MILENAGE_RES_BYTES : algorithm.resBytes;
  const record = new Uint8Array(RECORD_BYTES);
  const view = new DataView(record.buffer);
  record.set([LAYOUT, ALGORITHM[algorithm.name], ACTIVATED, k.length, res]);
  record.set([tuak?.ckBytes ?? KEY_BYTES, tuak?.ikBytes ?? KEY_BYTES, tuak?.iterations ?? 0, indBits], 5);
  view.setBigInt64(DELTA, BigInt(sqnDelta), true);
  view.setBigInt64(LIMIT, BigInt(sqnLimit), true);
  record.set(k, K);
  if (tuak) record.set(tuak.topc.reveal(), OPC);
  if (algorithm.name === 'milenage') {
    record.set(profile.opc.reveal(), OPC);
    if (algorithm.constants) {
      const { r, c } = algorithm.constants;
      record[OWN_CONSTANTS] = 1;
      record.set(r, R);
      c.forEach((constant, i) => record.set(constant, C + 16 * i));
    }
  }
  return record;
}
