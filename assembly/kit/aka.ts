// MILENAGE, TUAK, XOR and the SQN array.

import * as milenage from "../aka/milenage";
import * as sqns from "../aka/sqn";
import * as tuak from "../aka/tuak";
import * as xor from "../aka/xor";
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

/** TOPc of an operator's TOP. */
export function tuakTopc(k: Uint8Array, top: Uint8Array, iterations: i32): Uint8Array {
  const topc = new Uint8Array(tuak.TOPC_BYTES);
  tuak.tuakParameters(iterations, 8, 16, 16);
  tuak.tuakTopc(k.dataStart, k.length, top.dataStart, topc.dataStart);
  return topc;
}

/** All functions of one challenge, in one array: MAC-A, MAC-S, RES, AK 6, AK* 6, CK, IK. `lengths`: those of MAC, RES, CK, IK in bytes. */
export function tuakAll(
  k: Uint8Array,
  topc: Uint8Array,
  rand: Uint8Array,
  sqn: Uint8Array,
  amf: Uint8Array,
  iterations: i32,
  lengths: Uint8Array,
): Uint8Array {
  const mac = <i32>lengths[0];
  const res = <i32>lengths[1];
  const ck = <i32>lengths[2];
  const all = new Uint8Array(2 * mac + res + 12 + ck + lengths[3]);
  let out = all.dataStart;
  tuak.tuakParameters(iterations, res, ck, lengths[3]);
  tuak.tuakBegin(k.dataStart, k.length, topc.dataStart, rand.dataStart);
  tuak.tuakF1(sqn.dataStart, amf.dataStart, out, mac);
  tuak.tuakF1Star(sqn.dataStart, amf.dataStart, out + mac, mac);
  out += 2 * mac;
  tuak.tuakF2F5(out, out + res);
  out += res + 6;
  tuak.tuakF5Star(out);
  tuak.tuakF3(out + 6);
  tuak.tuakF4(out + 6 + ck);
  tuak.tuakEnd();
  return all;
}

/** All of the test algorithm, in one array: MAC 8, RES, AK 6, CK 16, IK 16. */
export function xorAll(k: Uint8Array, rand: Uint8Array, sqn: Uint8Array, amf: Uint8Array, res: i32): Uint8Array {
  const all = new Uint8Array(8 + res + 6 + 32);
  const out = all.dataStart;
  xor.xorBegin(k.dataStart, rand.dataStart);
  xor.xorF1(sqn.dataStart, amf.dataStart, out);
  xor.xorF2(out + 8, res);
  xor.xorF5(out + 8 + res);
  xor.xorF3(out + 14 + res);
  xor.xorF4(out + 30 + res);
  xor.xorEnd();
  return all;
}

/** How many bits of SQN are IND (0..5) to the functions that follow; 5 at first. */
export function sqnIndBits(bits: i32): void {
  sqns.sqnIndBits(bits);
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
