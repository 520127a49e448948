// Writes SenML records, RFC 8428 5 (JSON) and 6 (CBOR), with the object links of LwM2M.

import { Ascii } from "../util/ascii";
import { Text } from "../util/text";
import { Path } from "./path";
import { shift, writeBigEndian, writeBytes, writePlain } from "./payload-bytes";
import { Kind, Value } from "./value";

const BASE64: Ascii = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Levels from..to of the path: from the root they begin with a slash; `slash`: they end with one. */
function names(out: Text, path: Path, from: i32, to: i32, slash: bool): void {
  for (let level = from; level < to; level++) {
    if (level > from || from == 0) out.byte(0x2f);
    out.num(path.get(level));
  }
  if (slash) out.byte(0x2f);
}

// --- CBOR ---

/** A record: names and value. `base`: levels of the path that stand in the base name, which the first record has. */
export function cborRecord(out: Text, base: i32, path: Path, value: Value, first: bool): void {
  const depth = path.depth;
  const hasBase = first && base > 0;
  const hasName = depth > base;
  out.byte(0xa1 + <u32>hasBase + <u32>hasName);
  if (hasBase) {
    out.byte(0x21);
    cborNames(out, path, 0, base, hasName);
  }
  if (hasName) {
    out.byte(0);
    cborNames(out, path, base, depth, false);
  }
  switch (value.kind) {
    case Kind.Integer:
    case Kind.Unsigned:
    case Kind.Float:
      out.byte(2);
      break;
    case Kind.Boolean:
      out.byte(4);
      break;
    case Kind.Opaque:
      out.byte(8);
      break;
    case Kind.Link:
      out.byte(0x63).str("vlo");
      break;
    default:
      out.byte(3);
  }
  cborValue(out, value);
}

/** The value alone. */
export function cborValue(out: Text, value: Value): void {
  const int = value.int;
  switch (value.kind) {
    case Kind.Integer:
      if (int < 0) cborHead(out, 1, ~(<u64>int));
      else cborHead(out, 0, int);
      break;
    case Kind.Unsigned:
      cborHead(out, 0, int);
      break;
    case Kind.Float: {
      const float = value.float;
      const isShort = <f64>(<f32>float) == float;
      out.byte(isShort ? 0xfa : 0xfb);
      if (isShort) writeBigEndian(out, reinterpret<u32>(<f32>float), 4);
      else writeBigEndian(out, reinterpret<u64>(float), 8);
      break;
    }
    case Kind.Boolean:
      out.byte(0xf4 + <u32>int);
      break;
    case Kind.Opaque:
      cborHead(out, 2, value.len);
      writeBytes(out, value);
      break;
    case Kind.Link: {
      const at = out.length;
      out.byte(0x60);
      writePlain(out, value);
      patch(out, at);
      break;
    }
    default:
      cborHead(out, 3, value.len);
      writeBytes(out, value);
  }
}

/** Text of less than 24 bytes has been written behind its head, which is at `at`: says how long it is. */
function patch(out: Text, at: i32): void {
  if (at < out.capacity) store<u8>(out.ptr + at, 0x60 + (out.length - at - 1));
}

function cborNames(out: Text, path: Path, from: i32, to: i32, slash: bool): void {
  const at = out.length;
  // Four levels of five digits with their slashes are 24 or 25 bytes, beyond what a head of one byte can say.
  out.byte(0x60);
  names(out, path, from, to, slash);
  const len = out.length - at - 1;
  if (len < 24) {
    patch(out, at);
    return;
  }
  shift(out, at + 1, 1);
  if (at + 1 >= out.capacity) return;
  store<u8>(out.ptr + at, 0x78);
  store<u8>(out.ptr + at + 1, len);
}

/** The head of an item. */
function cborHead(out: Text, major: u32, arg: u64): void {
  const bytes = arg < 24 ? 0 : arg < 0x100 ? 1 : arg < 0x10000 ? 2 : arg < 0x100000000 ? 4 : 8;
  out.byte((major << 5) | (bytes == 0 ? <u32>arg : 24 + ctz<u32>(bytes)));
  writeBigEndian(out, arg, bytes);
}

/** The array's head, for which one byte has been left at the beginning. */
export function cborEnd(out: Text, records: i32): void {
  // It may take more bytes than were left for it.
  if (records >= 24) shift(out, 1, records < 256 ? 1 : 2);
  if (!out.fits || out.capacity == 0) return;
  const end = out.length;
  out.length = 0;
  cborHead(out, 4, records);
  out.length = end;
}

// --- JSON ---

/** A record: names and value. `base`: levels of the path that stand in the base name, which the first record has. */
export function jsonRecord(out: Text, base: i32, path: Path, value: Value, first: bool): void {
  const depth = path.depth;
  const hasName = depth > base;
  if (!first) out.byte(0x2c);
  out.byte(0x7b);
  if (first && base > 0) {
    out.str('"bn":"');
    names(out, path, 0, base, hasName);
    out.str('",');
  }
  if (hasName) {
    out.str('"n":"');
    names(out, path, base, depth, false);
    out.str('",');
  }
  switch (value.kind) {
    case Kind.Boolean:
      out.str(value.int ? '"vb":true' : '"vb":false');
      break;
    case Kind.Opaque:
      out.str('"vd":"');
      writeBase64(out, value.ptr, value.len, true);
      out.byte(0x22);
      break;
    case Kind.Link:
      out.str('"vlo":"');
      writePlain(out, value);
      out.byte(0x22);
      break;
    case Kind.String:
      out.str('"vs":"');
      escaped(out, value.ptr, value.len);
      out.byte(0x22);
      break;
    default:
      out.str('"v":');
      writePlain(out, value);
  }
  out.byte(0x7d);
}

function escaped(out: Text, ptr: usize, len: i32): void {
  for (let i = 0; i < len; i++) {
    const c: u32 = load<u8>(ptr + i);
    if (c < 0x20) {
      out.str("\\u00").hex8(c);
      continue;
    }
    if (c == 0x22 || c == 0x5c) out.byte(0x5c);
    out.byte(c);
  }
}

/** RFC 4648 4 with padding, or 5 without. */
export function writeBase64(out: Text, ptr: usize, len: i32, forUrl: bool): void {
  for (let i = 0; i < len; i += 3) {
    const n = min(3, len - i);
    const bits: u32 =
      ((<u32>load<u8>(ptr + i)) << 16) |
      (n > 1 ? (<u32>load<u8>(ptr + i + 1)) << 8 : 0) |
      (n > 2 ? <u32>load<u8>(ptr + i + 2) : 0);
    for (let k = 0; k <= n; k++) {
      const v = (bits >> (18 - 6 * k)) & 63;
      out.byte(v < 62 ? BASE64.charCodeAt(v) : v == 62 ? (forUrl ? 0x2d : 0x2b) : forUrl ? 0x5f : 0x2f);
    }
    if (!forUrl) for (let k = n; k < 3; k++) out.byte(0x3d);
  }
}
