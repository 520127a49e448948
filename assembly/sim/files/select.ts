// SELECT (TS 102 221 11.1.1) and STATUS (11.1.2). A SELECT that fails leaves the selection as it was.

import { Channel } from "../channels";
import { answer, current, data, lc, leFits, p1, p2, responseBuffer, wrongLe } from "../command";
import { SW } from "../status-words";
import { toolkitPolled } from "../toolkit";
import { isStatusWord, makeEfCurrent } from "./current";
import { dfNameWrite, fcpWrite } from "./fcp";
import {
  FID_CURRENT_ADF,
  FID_MF,
  FileKind,
  MF,
  NO_FILE,
  adfByAid,
  childByFid,
  deactivated,
  fidOf,
  isDf,
  kindOf,
  parentOf,
  treeReady,
} from "./tree";

// P1 of SELECT.
const BY_FID: i32 = 0x00;
const CHILD_DF: i32 = 0x01;
const PARENT: i32 = 0x03;
const BY_AID: i32 = 0x04;
const PATH_FROM_MF: i32 = 0x08;
const PATH_FROM_DF: i32 = 0x09;
// P2 of SELECT: occurrence (bits 1, 2), what to return (bits 3, 4), application session (bits 6, 7).
const OCCURRENCE: i32 = 0x03;
const NO_DATA: i32 = 0x0c;
const TERMINATE: i32 = 0x40;

const AID_MAX_BYTES: i32 = 16;

export function select(): i32 {
  const returns = p2 & NO_DATA;
  const byAid = p1 == BY_AID;
  // What to return: 04 the FCP; 00 (an FCI, as interindustry terminals ask) gets the same; 08 is not of this world.
  if (returns == 0x08 || (p2 & ~(OCCURRENCE | NO_DATA | (byAid ? TERMINATE : 0))) != 0) return SW.WrongParameters;
  const occurrence = p2 & OCCURRENCE;
  if (occurrence != 0 && !byAid) return SW.WrongParameters;
  if (!treeReady()) return SW.FileNotFound;

  const c = current();
  let file: i32;
  if (byAid) {
    if (lc > AID_MAX_BYTES) return SW.WrongLength;
    file = adfByAid(data(), lc, occurrence, c.application);
    if (file == NO_FILE) return SW.FileNotFound;
  } else {
    file = named();
    if (isStatusWord(file)) return file;
  }

  if (byAid && (p2 & TERMINATE) != 0) {
    if (c.application != file) return SW.ConditionsNotSatisfied;
    c.application = NO_FILE;
    makeCurrent(c, MF);
    return SW.Ok;
  }
  makeCurrent(c, file);
  if (returns != NO_DATA) answer(fcpWrite(file, responseBuffer));
  return deactivated(file) ? SW.SelectedDeactivated : SW.Ok;
}

/** The file that P1 and the data name, other than by AID; or the status word of the refusal. */
export function named(): i32 {
  const c = current();
  let file: i32;
  if (p1 == BY_FID || p1 == CHILD_DF) {
    if (lc != 2 && (lc != 0 || p1 != BY_FID)) return SW.WrongLength;
    if (lc == 0) return MF;
    file = p1 == BY_FID ? byFid(c, load16(data())) : childByFid(c.df, load16(data()));
    if (p1 == CHILD_DF && file != NO_FILE && !isDf(file)) file = NO_FILE;
  } else if (p1 == PARENT) {
    if (lc != 0) return SW.WrongLength;
    file = parentOf(c.df);
  } else if (p1 == PATH_FROM_MF || p1 == PATH_FROM_DF) {
    if (lc == 0 || (lc & 1) != 0) return SW.WrongLength;
    file = byPath(c, p1 == PATH_FROM_MF ? MF : c.df);
  } else {
    return SW.WrongParameters;
  }
  return file == NO_FILE ? SW.FileNotFound : file;
}

function load16(ptr: usize): i32 {
  return ((<i32>load<u8>(ptr)) << 8) | load<u8>(ptr, 1);
}

/** TS 102 221 8.4.1: children, the DF itself, parent, DFs beside it, MF, the active application's ADF. */
export function byFid(c: Channel, fid: i32): i32 {
  if (fid == FID_MF) return MF;
  if (fid == FID_CURRENT_ADF) return c.application;
  const child = childByFid(c.df, fid);
  if (child != NO_FILE) return child;
  if (fidOf(c.df) == fid) return c.df;
  const parent = parentOf(c.df);
  if (fidOf(parent) == fid) return parent;
  const sibling = childByFid(parent, fid);
  return sibling != NO_FILE && isDf(sibling) ? sibling : NO_FILE;
}

/** 8.4.2: each step must be a child of the one before; 7FFF may stand first, for the active application's ADF. */
function byPath(c: Channel, from: i32): i32 {
  let file = from;
  for (let at = 0; at < lc; at += 2) {
    const fid = load16(data() + at);
    if (!isDf(file)) return NO_FILE;
    file = at == 0 && fid == FID_CURRENT_ADF && p1 == PATH_FROM_MF ? c.application : childByFid(file, fid);
    if (file == NO_FILE) return NO_FILE;
  }
  return file;
}

/** 8.5: a DF takes the current EF away; an ADF also starts its application. */
export function makeCurrent(c: Channel, file: i32): void {
  if (isDf(file)) {
    c.df = file;
    makeEfCurrent(c, NO_FILE);
    if (kindOf(file) == FileKind.Adf) c.application = file;
  } else {
    c.df = parentOf(file);
    makeEfCurrent(c, file);
  }
}

// P1 of STATUS: what the terminal says about the application; P2: what it wants to know.
const APPLICATION_ENDS: i32 = 0x02;
const FCP_OF_DF: i32 = 0x00;
const DF_NAME: i32 = 0x01;

export function status(): i32 {
  toolkitPolled();
  if (p1 > APPLICATION_ENDS) return SW.WrongParameters;
  if (p2 == NO_DATA) return SW.Ok;
  if (p2 != FCP_OF_DF && p2 != DF_NAME) return SW.WrongParameters;
  if (!treeReady()) return SW.ConditionsNotSatisfied;
  const c = current();
  if (p2 == DF_NAME && c.application == NO_FILE) return SW.ReferenceNotFound;
  const len =
    p2 == FCP_OF_DF
      ? fcpWrite(c.df, responseBuffer)
      : <i32>(dfNameWrite(c.application, responseBuffer) - responseBuffer);
  return leFits(len) ? answer(len) : wrongLe(len);
}
