// MILENAGE and the SQN array.

import * as milenage from "../aka/milenage";
import * as sqns from "../aka/sqn";
import { Status } from "../board/status";

/** OPc of an operator's OP. */
export function milenageOpc(k: Uint8Array, op: Uint8Array): Uint8Array {
  const opc = new Uint8Array(16);
  milenage.milenageOpc(k.dataStart, op.dataStart, opc.dataStart);
  return opc;
}

/**
 * All functions of one challenge, in one array: MAC-A 8, MAC-S 8, RES 8, AK 6, AK* 6, CK 16, IK 16. `r` (5 bytes, in bits) and `c`
 * (5 blocks) are an operator's own constants, or empty.
 */
export function milenageAll(
  k: Uint8Array,
  opc: Uint8Array,
  rand: Uint8Array,
  sqn: Uint8Array,
  amf: Uint8Array,
  r: Uint8Array,
  c: Uint8Array,
): Uint8Array {
  const all = new Uint8Array(68);
  const out = all.dataStart;
  if (r.length && c.length) milenage.milenageConstants(r.dataStart, c.dataStart);
  milenage.milenageBegin(k.dataStart, opc.dataStart, rand.dataStart);
  milenage.milenageF1(sqn.dataStart, amf.dataStart, out, out + 8);
  milenage.milenageF2F5(out + 16, out + 24);
  milenage.milenageF5Star(out + 30);
  milenage.milenageF3(out + 36);
  milenage.milenageF4(out + 52);
  milenage.milenageEnd();
  milenage.milenageConstants(0, 0);
  return all;
}

/** Whether `sqn` is fresh to a card whose array is `array`; limits of 0 are the standard's. */
export function sqnCheck(array: Uint8Array, sqn: Uint8Array, delta: i64, limit: i64): bool {
  sqns.sqnLimits(delta, limit);
  const status = sqns.sqnCheck(array.dataStart, sqn.dataStart);
  sqns.sqnLimits(0, 0);
  return status == Status.Ok;
}

/** The array after `sqn` has been taken. */
export function sqnAccept(array: Uint8Array, sqn: Uint8Array): Uint8Array {
  const next = array.slice();
  sqns.sqnAccept(next.dataStart, sqn.dataStart);
  return next;
}

/** SQN_MS of an array. */
export function sqnHighest(array: Uint8Array): Uint8Array {
  const sqn = new Uint8Array(6);
  sqns.sqnHighest(array.dataStart, sqn.dataStart);
  return sqn;
}
