// The card as a 2G terminal sees it: class A0. TS 51.011 8, 9.
//
// The same files, PINs and commands; other answers to SELECT and STATUS, other status words, CHV2 named 02.

import { Operation, accessLevel } from "./access";
import { gsmAuthenticate } from "./authenticate";
import {
  answer,
  current,
  data,
  ins,
  lc,
  le,
  LE_ANY,
  p1,
  p2,
  parametersBecome,
  responseBuffer,
  wrongLe,
} from "./command";
import {
  activateFile,
  deactivateFile,
  increase,
  readBinary,
  readRecord,
  seek,
  updateBinary,
  updateRecord,
} from "./files";
import { byFid, makeCurrent } from "./files/select";
import {
  FileKind,
  MF,
  NO_FILE,
  childCount,
  deactivated,
  fidOf,
  isDf,
  kindOf,
  recordLengthOf,
  sizeOf,
  treeReady,
} from "./files/tree";
import { Ins } from "./instructions";
import { PIN1, PIN2, changePin, chvStatusWrite, disablePin, enablePin, pin1Off, unblockPin, verifyPin } from "./pin";
import { SW } from "./status-words";
import { envelope, fetch, terminalProfile, terminalResponse, toolkitPolled } from "./toolkit";

const DF_GSM: i32 = 0x7f20;
const RAND_BYTES: i32 = 16;

// Answer to SELECT and STATUS, 9.2.1.
const DF_BYTES: i32 = 22;
const EF_BYTES: i32 = 15;
const TYPE_MF: i32 = 0x01;
const TYPE_DF: i32 = 0x02;
const TYPE_EF: i32 = 0x04;
/** Clock stop allowed, no preferred level; a card of 5 V, 3 V, 1.8 V. */
const CHARACTERISTICS: i32 = 0x31;
const CHV1_OFF: i32 = 0x80;
/** CHV1, CHV2, their UNBLOCK CHVs, and the administrator's. */
const CODES: i32 = 5;
const INCREASABLE: i32 = 0x40;
const NOT_INVALIDATED: i32 = 0x01;

/** Runs a command of class A0. Returns the status word in 2G's own numbers. */
export function gsmExecute(): i32 {
  return gsmStatus(run());
}

function run(): i32 {
  switch (ins) {
    case Ins.Select:
      return select();
    case Ins.Status:
      return status();
    case Ins.ReadBinary:
      return p1 & 0x80 ? SW.WrongParameters : readBinary();
    case Ins.UpdateBinary:
      return p1 & 0x80 ? SW.WrongParameters : updateBinary();
    // P2 has no SFI.
    case Ins.ReadRecord:
      return p2 > 7 ? SW.WrongParameters : readRecord();
    case Ins.UpdateRecord:
      return p2 > 7 ? SW.WrongParameters : updateRecord();
    case Ins.SearchRecord:
      return seek();
    case Ins.Increase:
      return p1 != 0 ? SW.WrongParameters : increase();
    case Ins.Deactivate:
      return p1 != 0 || lc != 0 ? SW.WrongParameters : deactivateFile();
    case Ins.Activate:
      return p1 != 0 || lc != 0 ? SW.WrongParameters : activateFile();
    case Ins.Verify:
      return chv(1) ? verifyPin() : SW.WrongParameters;
    case Ins.ChangePin:
      return chv(1) ? changePin() : SW.WrongParameters;
    case Ins.DisablePin:
      return p2 == 1 && chv(1) ? disablePin() : SW.WrongParameters;
    case Ins.EnablePin:
      return p2 == 1 && chv(1) ? enablePin() : SW.WrongParameters;
    case Ins.UnblockPin:
      return chv(0) ? unblockPin() : SW.WrongParameters;
    case Ins.Authenticate:
      return runGsmAlgorithm();
    case Ins.TerminalProfile:
      return terminalProfile();
    case Ins.Envelope:
      return envelope();
    case Ins.Fetch:
      return fetch();
    case Ins.TerminalResponse:
      return terminalResponse();
    case Ins.Sleep:
      return SW.Ok;
    case Ins.GetResponse:
      return SW.ConditionsNotSatisfied;
    default:
      return SW.UnknownIns;
  }
}

/** P2 02 is CHV2, `first` (01; 00 in UNBLOCK CHV) CHV1. False for others, and without data: there is no asking. */
function chv(first: i32): bool {
  if (p2 != first && p2 != 2) return false;
  parametersBecome(p1, p2 == 2 ? PIN2 : PIN1);
  return lc != 0;
}

function gsmStatus(sw: i32): i32 {
  switch (sw & 0xff00) {
    case SW.WrongLe:
      return SW.WrongLength | (sw & 0xff);
    case SW.TriesLeft - 0xc0:
      return (sw & 15) == 0 ? SW.ChvBlocked : SW.ChvWrong;
  }
  switch (sw) {
    case SW.NoEfSelected:
      return SW.GsmNoEfSelected;
    case SW.WrongOffset:
    case SW.RecordNotFound:
      return SW.GsmOutOfRange;
    case SW.FileNotFound:
    case SW.NotMatched:
      return SW.GsmNotFound;
    case SW.AgainstFileStructure:
      return SW.GsmInconsistent;
    case SW.SecurityNotSatisfied:
      return SW.ChvWrong;
    case SW.PinBlocked:
      return SW.ChvBlocked;
    case SW.ReferenceNotFound:
      return SW.ChvNone;
    case SW.ConditionsNotSatisfied:
      return SW.ChvContradiction;
    case SW.Deactivated:
      return SW.GsmInvalidated;
    case SW.SelectedDeactivated:
      return SW.Ok;
    case SW.MemoryProblem:
      return SW.GsmMemoryProblem;
    case SW.WrongParameters:
      return SW.WrongOffset;
    case SW.WrongData:
    case SW.ContextUnsupported:
      return SW.GsmProblem;
    default:
      return sw;
  }
}

function select(): i32 {
  if (p1 != 0 || p2 != 0) return SW.WrongParameters;
  if (lc != 2) return SW.WrongLength | 2;
  if (!treeReady()) return SW.FileNotFound;
  const c = current();
  const file = byFid(c, ((<i32>load<u8>(data())) << 8) | load<u8>(data(), 1));
  // Applications are not of this world.
  if (file == NO_FILE || kindOf(file) == FileKind.Adf) return SW.FileNotFound;
  makeCurrent(c, file);
  return answer(headerWrite(file));
}

/** As much of the current directory's answer as is asked for. 8.2. */
function status(): i32 {
  toolkitPolled();
  if (p1 != 0 || p2 != 0) return SW.WrongParameters;
  if (!treeReady()) return SW.FileNotFound;
  if (le > DF_BYTES) return wrongLe(DF_BYTES);
  headerWrite(current().df);
  return answer(le == LE_ANY ? DF_BYTES : le);
}

function put(at: i32, value: i32): void {
  store<u8>(responseBuffer + at, value);
}

/** Writes the answer of SELECT and returns its length. Bytes that are not set are 00: RFU, or no memory left. */
function headerWrite(file: i32): i32 {
  const df = isDf(file);
  memory.fill(responseBuffer, 0, DF_BYTES);
  put(4, fidOf(file) >> 8);
  put(5, fidOf(file));
  if (df) {
    put(6, file == MF ? TYPE_MF : TYPE_DF);
    put(12, DF_BYTES - 13);
    put(13, CHARACTERISTICS | (pin1Off() ? CHV1_OFF : 0));
    put(14, childCount(file, true));
    put(15, childCount(file, false));
    put(16, CODES);
    chvStatusWrite(responseBuffer + 18);
    return DF_BYTES;
  }
  put(2, sizeOf(file) >> 8);
  put(3, sizeOf(file));
  put(6, TYPE_EF);
  const cyclic = kindOf(file) == FileKind.Cyclic;
  const mayIncrease = cyclic ? accessLevel(file, Operation.Increase) : 15;
  put(7, mayIncrease < 15 ? INCREASABLE : 0);
  put(8, (accessLevel(file, Operation.Read) << 4) | accessLevel(file, Operation.Update));
  put(9, mayIncrease << 4);
  put(10, (accessLevel(file, Operation.Activate) << 4) | accessLevel(file, Operation.Deactivate));
  put(11, deactivated(file) ? 0 : NOT_INVALIDATED);
  put(12, EF_BYTES - 13);
  put(13, kindOf(file) == FileKind.Transparent ? 0 : cyclic ? 3 : 1);
  put(14, recordLengthOf(file));
  return EF_BYTES;
}

/** RUN GSM ALGORITHM, 8.16: SRES and Kc of the GSM context, in DF_GSM. */
function runGsmAlgorithm(): i32 {
  if (p1 != 0 || p2 != 0) return SW.WrongParameters;
  if (lc != RAND_BYTES) return SW.WrongLength | RAND_BYTES;
  if (!treeReady() || fidOf(current().df) != DF_GSM) return SW.GsmInconsistent;
  return gsmAuthenticate(data());
}
