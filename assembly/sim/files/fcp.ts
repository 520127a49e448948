// File control parameters. TS 102 221 11.1.1.3, objects in the order of real cards.

import { pinStatusWrite } from "../pin";
import {
  FileKind,
  aidLengthOf,
  aidOf,
  arrFidOf,
  arrRecordOf,
  deactivated,
  fidOf,
  isDf,
  kindOf,
  recordCountOf,
  recordLengthOf,
  sfiOf,
  sizeOf,
} from "./tree";

// File descriptor byte, shareable, and data coding byte. 11.1.1.4.3.
const DESCRIPTOR_DF: i32 = 0x78;
const DESCRIPTOR_TRANSPARENT: i32 = 0x41;
const DESCRIPTOR_LINEAR_FIXED: i32 = 0x42;
const DESCRIPTOR_CYCLIC: i32 = 0x46;
// Life cycle status. 11.1.1.4.9.
const ACTIVATED: i32 = 0x05;
const DEACTIVATED: i32 = 0x04;
const DATA_CODING: i32 = 0x21;
/** Clock stop allowed, no preferred level; supply classes A, B, C. 11.1.1.4.6.1. */
const UICC_CHARACTERISTICS: i32 = 0x71;

function put(at: usize, value: i32): usize {
  store<u8>(at, value);
  return at + 1;
}

function put16(at: usize, value: i32): usize {
  return put(put(at, value >> 8), value);
}

/** Tag, length, and one byte. */
function putDo(at: usize, tag: i32, value: i32): usize {
  return put(put(put(at, tag), 1), value);
}

/** DF name, as in FCP and in the answer of STATUS (11.1.2): 84 L AID. */
export function dfNameWrite(adf: i32, out: usize): usize {
  const len = aidLengthOf(adf);
  const at = put(put(out, 0x84), len);
  memory.copy(at, aidOf(adf), len);
  return at + len;
}

/** Writes the FCP template of a file (at most 90 bytes) to out and returns its length. */
export function fcpWrite(file: i32, out: usize): i32 {
  const df = isDf(file);
  let at = out + 2;

  at = put(at, 0x82);
  if (df) {
    at = put16(put(at, 2), (DESCRIPTOR_DF << 8) | DATA_CODING);
  } else if (kindOf(file) == FileKind.Transparent) {
    at = put16(put(at, 2), (DESCRIPTOR_TRANSPARENT << 8) | DATA_CODING);
  } else {
    const descriptor = kindOf(file) == FileKind.Cyclic ? DESCRIPTOR_CYCLIC : DESCRIPTOR_LINEAR_FIXED;
    at = put16(put(at, 5), (descriptor << 8) | DATA_CODING);
    at = put(put16(at, recordLengthOf(file)), recordCountOf(file));
  }
  at = put16(put(put(at, 0x83), 2), fidOf(file));
  if (kindOf(file) == FileKind.Adf) at = dfNameWrite(file, at);
  if (df) at = putDo(put(put(at, 0xa5), 3), 0x80, UICC_CHARACTERISTICS);
  at = putDo(at, 0x8a, deactivated(file) ? DEACTIVATED : ACTIVATED);
  at = put(put16(put(put(at, 0x8b), 3), arrFidOf(file)), arrRecordOf(file));
  if (df) {
    at += pinStatusWrite(at);
  } else {
    at = put16(put(put(at, 0x80), 2), sizeOf(file));
    at = sfiOf(file) == 0 ? put(put(at, 0x88), 0) : putDo(at, 0x88, sfiOf(file) << 3);
  }

  put(put(out, 0x62), <i32>(at - out) - 2);
  return <i32>(at - out);
}
