// Reads CBOR, RFC 8949: one value, and SenML, RFC 8428 6, with the object links of LwM2M. Lengths may be definite or indefinite, keys in any order.

import { Status } from "../board/index";
import { place } from "../place";
import { equals } from "../util/text";
import { scale } from "./number";
import { Reader } from "./reader";
import { Kind, Value } from "./value";

const DEPTH_MAX: i32 = 8;
const SENML_VERSION: i64 = 10;

/** Major types. */
const enum Major {
  Unsigned = 0,
  Negative = 1,
  Bytes = 2,
  Text = 3,
  Array = 4,
  Map = 5,
  Tag = 6,
  Simple = 7,
}

const BREAK: u32 = 0xff;
const TAG_DECIMAL: u64 = 4;


@unmanaged
class Head {
  major: Major;
  info: u32;
  arg: u64;
  indefinite: bool;

  /** The initial byte and its argument, RFC 8949 3. */
  read(r: Reader): bool {
    if (r.at >= r.end) return false;
    const first: u32 = load<u8>(r.at++);
    this.major = <Major>(first >> 5);
    this.info = first & 31;
    this.indefinite = false;
    this.arg = this.info;
    if (this.info < 24) return true;
    if (this.info == 31) {
      this.indefinite = true;
      return this.major >= Major.Bytes && this.major <= Major.Map;
    }
    if (this.info > 27) return false;
    const bytes = 1 << (this.info - 24);
    if (<i32>(r.end - r.at) < bytes) return false;
    this.arg = 0;
    for (let i = 0; i < bytes; i++) this.arg = (this.arg << 8) | load<u8>(r.at++);
    return true;
  }

  /** Items that follow, -1 until a break; -2 for more than there are bytes. */
  count(r: Reader): i32 {
    if (this.indefinite) return -1;
    return this.arg > <u64>(r.end - r.at) ? -2 : <i32>this.arg;
  }
}

const head = place<Head>();
/** The item read last. */
const item = place<Value>();

/** `readNext` for SenML CBOR. */
export function cborNext(r: Reader): i32 {
  if (!r.started) {
    r.started = true;
    if (!head.read(r) || head.major != Major.Array) return Status.Malformed;
    r.left = head.count(r);
    if (r.left < -1) return Status.Malformed;
  }
  if (r.left < 0 ? isBreak(r) : r.left == 0) {
    r.left = 0;
    return r.at == r.end ? 0 : Status.Malformed;
  }
  if (r.left > 0) r.left--;
  return record(r) ? 1 : Status.Malformed;
}

/** `readNext` for CBOR: the one value that there is. */
export function cborSingle(r: Reader): i32 {
  if (!scalar(r) || r.at != r.end) return Status.Malformed;
  memory.copy(changetype<usize>(r.value), changetype<usize>(item), offsetof<Value>());
  return 1;
}

function isBreak(r: Reader): bool {
  if (r.at >= r.end || load<u8>(r.at) != BREAK) return false;
  r.at++;
  return true;
}

function record(r: Reader): bool {
  if (!head.read(r) || head.major != Major.Map) return false;
  let left = head.count(r);
  if (left < -1) return false;
  r.nameLen = 0;
  r.value.kind = Kind.None;
  while (left < 0 ? !isBreak(r) : left-- > 0) {
    if (!scalar(r)) return false;
    if (item.kind == Kind.Integer) {
      if (!member(r, item.int)) return false;
    } else if (item.kind == Kind.String) {
      if (!named(r, item.ptr, item.len)) return false;
    } else {
      return false;
    }
  }
  r.addBaseValue();
  return true;
}

/** RFC 8428 table 4. */
function member(r: Reader, label: i64): bool {
  const value = r.value;
  if (label == 0 || label == -2) {
    if (!scalar(r) || item.kind != Kind.String) return false;
    if (label == 0) {
      r.name = item.ptr;
      r.nameLen = item.len;
    } else {
      r.baseName = item.ptr;
      r.baseNameLen = item.len;
    }
    return true;
  }
  if (label == -5 || label == -1) {
    if (!scalar(r) || (item.kind != Kind.Integer && item.kind != Kind.Float)) return false;
    if (label == -1) return item.kind == Kind.Integer && item.int <= SENML_VERSION;
    r.hasBaseValue = true;
    r.baseIsFloat = item.kind == Kind.Float;
    r.baseInt = item.int;
    r.baseFloat = item.float;
    return true;
  }
  if (label != 2 && label != 3 && label != 4 && label != 8) return skip(r, DEPTH_MAX);
  if (value.kind != Kind.None || !scalar(r)) return false;
  const kind = item.kind;
  const fine =
    label == 2
      ? kind == Kind.Integer || kind == Kind.Float
      : kind == (label == 3 ? Kind.String : label == 4 ? Kind.Boolean : Kind.Opaque);
  memory.copy(changetype<usize>(value), changetype<usize>(item), offsetof<Value>());
  return fine;
}

function named(r: Reader, label: usize, len: i32): bool {
  if (equals(label, len, "vlo")) {
    const value = r.value;
    if (value.kind != Kind.None || !scalar(r) || item.kind != Kind.String) return false;
    memory.copy(changetype<usize>(value), changetype<usize>(item), offsetof<Value>());
    value.kind = Kind.Link;
    return true;
  }
  // RFC 8428 4.4: what ends with _ must be understood.
  if (len > 0 && load<u8>(label + len - 1) == 0x5f) return false;
  return skip(r, DEPTH_MAX);
}

/** A number, string or truth value, into `item`. */
function scalar(r: Reader): bool {
  if (!head.read(r)) return false;
  switch (head.major) {
    case Major.Unsigned:
    case Major.Negative:
      return integer();
    case Major.Bytes:
    case Major.Text:
      item.kind = head.major == Major.Text ? Kind.String : Kind.Opaque;
      return chunks(r);
    case Major.Tag:
      return head.arg == TAG_DECIMAL && decimalFraction(r);
    case Major.Simple:
      return simple();
    default:
      return false;
  }
}

/** Of the head just read. */
function integer(): bool {
  if (head.major > Major.Negative || head.arg > <u64>i64.MAX_VALUE) return false;
  item.kind = Kind.Integer;
  item.int = head.major == Major.Unsigned ? <i64>head.arg : -1 - <i64>head.arg;
  return true;
}

/** The bytes of a string; those of one in pieces are moved together where they stand. */
function chunks(r: Reader): bool {
  item.ptr = r.at;
  if (!head.indefinite) {
    if (head.arg > <u64>(r.end - r.at)) return false;
    item.len = <i32>head.arg;
    r.at += item.len;
    return true;
  }
  const major = head.major;
  let to = r.at;
  while (!isBreak(r)) {
    if (!head.read(r) || head.major != major || head.indefinite || head.arg > <u64>(r.end - r.at)) return false;
    memory.copy(to, r.at, <usize>head.arg);
    to += <usize>head.arg;
    r.at += <usize>head.arg;
  }
  item.len = <i32>(to - item.ptr);
  return true;
}

function simple(): bool {
  item.kind = Kind.Float;
  switch (head.info) {
    case 20:
    case 21:
      item.kind = Kind.Boolean;
      item.int = head.info - 20;
      return true;
    case 25:
      item.float = half(<u32>head.arg);
      break;
    case 26:
      item.float = <f64>reinterpret<f32>(<u32>head.arg);
      break;
    case 27:
      item.float = reinterpret<f64>(head.arg);
      break;
    default:
      return false;
  }
  return isFinite(item.float);
}

/** binary16. */
function half(bits: u32): f64 {
  const exponent: i32 = (bits >> 10) & 31;
  const fraction = <f64>(bits & 0x3ff);
  let value: f64;
  if (exponent == 31) value = fraction == 0 ? Infinity : NaN;
  else if (exponent == 0) value = fraction / 16777216.0;
  else value = ((fraction + 1024) / 33554432.0) * <f64>(1 << exponent);
  return bits & 0x8000 ? -value : value;
}

/** Tag 4: [exponent, mantissa], RFC 8949 3.4.4. */
function decimalFraction(r: Reader): bool {
  if (!head.read(r) || head.major != Major.Array || head.indefinite || head.arg != 2) return false;
  if (!head.read(r) || !integer()) return false;
  const exponent = <i32>max<i64>(min<i64>(item.int, 1_000), -1_000);
  if (!head.read(r) || !integer()) return false;
  if (exponent == 0) return true;
  item.kind = Kind.Float;
  item.float = scale(<f64>item.int, exponent);
  return isFinite(item.float);
}

/** Passes over an item of any kind. */
function skip(r: Reader, depth: i32): bool {
  if (depth == 0 || !head.read(r)) return false;
  const major = head.major;
  switch (major) {
    case Major.Bytes:
    case Major.Text:
      return chunks(r);
    case Major.Array:
    case Major.Map: {
      let left = head.count(r);
      if (left < -1) return false;
      const each = major == Major.Map ? 2 : 1;
      while (left < 0 ? !isBreak(r) : left-- > 0) for (let i = 0; i < each; i++) if (!skip(r, depth - 1)) return false;
      return true;
    }
    case Major.Tag:
      return skip(r, depth - 1);
    default:
      return true;
  }
}
