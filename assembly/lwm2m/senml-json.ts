// Reads SenML in JSON, RFC 8428 5, with the object links of LwM2M.

import { Status } from "../board/index";
import { place } from "../place";
import { Ascii } from "../util/ascii";
import { equals, startsWith } from "../util/text";
import { Decimal } from "./number";
import { Reader } from "./reader";
import { Kind, Value, decodeBase64 } from "./value";

/** How deep values of labels that we do not know may be nested. */
const DEPTH_MAX: i32 = 8;
const SENML_VERSION: f64 = 10;

const decimal = place<Decimal>();
/** The string read last. */
const text = place<Value>();

/** `readNext` for SenML JSON. */
export function jsonNext(r: Reader): i32 {
  if (!r.started) {
    r.started = true;
    if (!takes(r, 0x5b)) return Status.Malformed;
    if (takes(r, 0x5d)) return atEnd(r);
  } else {
    if (takes(r, 0x5d)) return atEnd(r);
    if (!takes(r, 0x2c)) return Status.Malformed;
  }
  return record(r) ? 1 : Status.Malformed;
}

/** After the array there may be blanks only. */
function atEnd(r: Reader): i32 {
  blanks(r);
  return r.at == r.end ? 0 : Status.Malformed;
}

function record(r: Reader): bool {
  if (!takes(r, 0x7b)) return false;
  r.nameLen = 0;
  r.value.kind = Kind.None;
  if (!takes(r, 0x7d)) {
    do {
      if (!quoted(r)) return false;
      const label = text.ptr;
      const len = text.len;
      if (!takes(r, 0x3a) || !member(r, label, len)) return false;
    } while (takes(r, 0x2c));
    if (!takes(r, 0x7d)) return false;
  }
  r.addBaseValue();
  return true;
}

function member(r: Reader, label: usize, len: i32): bool {
  const value = r.value;
  if (equals(label, len, "n")) {
    if (!quoted(r)) return false;
    r.name = text.ptr;
    r.nameLen = text.len;
    return true;
  }
  if (equals(label, len, "bn")) {
    if (!quoted(r)) return false;
    r.baseName = text.ptr;
    r.baseNameLen = text.len;
    return true;
  }
  if (equals(label, len, "v")) {
    if (value.kind != Kind.None || !numeric(r)) return false;
    value.kind = decimal.isInteger ? Kind.Integer : Kind.Float;
    value.int = decimal.int;
    value.float = decimal.float;
    return true;
  }
  if (equals(label, len, "bv")) {
    if (!numeric(r)) return false;
    r.hasBaseValue = true;
    r.baseIsFloat = !decimal.isInteger;
    r.baseInt = decimal.int;
    r.baseFloat = decimal.float;
    return true;
  }
  if (equals(label, len, "vb")) {
    if (value.kind != Kind.None) return false;
    value.kind = Kind.Boolean;
    value.int = 1;
    if (word(r, "true")) return true;
    value.int = 0;
    return word(r, "false");
  }
  const isString = equals(label, len, "vs");
  const isOpaque = equals(label, len, "vd");
  if (isString || isOpaque || equals(label, len, "vlo")) {
    if (value.kind != Kind.None || !quoted(r)) return false;
    value.kind = isString ? Kind.String : isOpaque ? Kind.Opaque : Kind.Link;
    value.ptr = text.ptr;
    value.len = isOpaque ? decodeBase64(text.ptr, text.len) : text.len;
    return value.len >= 0;
  }
  // RFC 8428 4.4: what ends with _ must be understood.
  if (len > 0 && load<u8>(label + len - 1) == 0x5f) return false;
  // 10.0 is a whole number too.
  if (equals(label, len, "bver"))
    return numeric(r) && decimal.float == trunc(decimal.float) && decimal.float <= SENML_VERSION;
  return skip(r, DEPTH_MAX);
}

function blanks(r: Reader): void {
  while (r.at < r.end) {
    const c: u32 = load<u8>(r.at);
    if (c != 0x20 && c != 0x09 && c != 0x0a && c != 0x0d) return;
    r.at++;
  }
}

/** True, and taken, when the next character but blanks is that one. */
function takes(r: Reader, c: u32): bool {
  blanks(r);
  if (r.at >= r.end || load<u8>(r.at) != c) return false;
  r.at++;
  return true;
}

function word(r: Reader, wanted: Ascii): bool {
  blanks(r);
  if (!startsWith(r.at, <i32>(r.end - r.at), wanted)) return false;
  r.at += wanted.length;
  return true;
}

function numeric(r: Reader): bool {
  blanks(r);
  if (!decimal.parse(r.at, r.end) || !isFinite(decimal.float)) return false;
  r.at += decimal.length;
  return true;
}

/** A string, decoded where it stands, in `text`. RFC 8259 7. */
function quoted(r: Reader): bool {
  if (!takes(r, 0x22)) return false;
  text.ptr = r.at;
  let to = r.at;
  while (r.at < r.end) {
    let c: u32 = load<u8>(r.at++);
    if (c == 0x22) {
      text.len = <i32>(to - text.ptr);
      return true;
    }
    if (c < 0x20) return false;
    if (c == 0x5c) {
      if (r.at >= r.end) return false;
      c = load<u8>(r.at++);
      if (c == 0x75) {
        to = codePoint(r, to);
        if (to == 0) return false;
        continue;
      }
      c = escaped(c);
      if (c == 0) return false;
    }
    store<u8>(to++, c);
  }
  return false;
}

function escaped(c: u32): u32 {
  switch (c) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return c;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return 0;
  }
}

/** \uXXXX, or two of them that are a pair, as UTF-8 to `to`; returns where it ends, 0 when it is none. It is never longer than the escape. */
function codePoint(r: Reader, to: usize): usize {
  let c = hex4(r);
  if (c < 0) return 0;
  if (c >> 10 == 0x36) {
    if (r.end - r.at < 2 || load<u8>(r.at) != 0x5c || load<u8>(r.at + 1) != 0x75) return 0;
    r.at += 2;
    const low = hex4(r);
    if (low < 0 || low >> 10 != 0x37) return 0;
    c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
  } else if (c >> 10 == 0x37) {
    return 0;
  }
  if (c < 0x80) {
    store<u8>(to++, c);
    return to;
  }
  const more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  store<u8>(to++, ((0xff00 >> (more + 1)) & 0xff) | (c >> (6 * more)));
  for (let k = more - 1; k >= 0; k--) store<u8>(to++, 0x80 | ((c >> (6 * k)) & 0x3f));
  return to;
}

function hex4(r: Reader): i32 {
  if (r.end - r.at < 4) return -1;
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const c: u32 = load<u8>(r.at++);
    const d: u32 = c - 0x30 < 10 ? c - 0x30 : (c | 0x20) - 0x61 < 6 ? (c | 0x20) - 0x57 : 16;
    if (d > 15) return -1;
    value = (value << 4) | (<i32>d);
  }
  return value;
}

/** Passes over a value of any kind. */
function skip(r: Reader, depth: i32): bool {
  blanks(r);
  if (r.at >= r.end || depth == 0) return false;
  const c: u32 = load<u8>(r.at);
  if (c == 0x22) return quoted(r);
  if (c == 0x7b || c == 0x5b) {
    const close = c + 2;
    r.at++;
    if (takes(r, close)) return true;
    do {
      if (c == 0x7b && (!quoted(r) || !takes(r, 0x3a))) return false;
      if (!skip(r, depth - 1)) return false;
    } while (takes(r, 0x2c));
    return takes(r, close);
  }
  if (c == 0x74) return word(r, "true");
  if (c == 0x66) return word(r, "false");
  if (c == 0x6e) return word(r, "null");
  return numeric(r);
}
