// The value of a resource as a payload has it, and as the type of the resource makes it.

import { Status } from "../board/index";
import { place } from "../place";
import { Ascii } from "../util/ascii";
import { bigEndian } from "../util/numbers";
import { Type } from "./fields";
import { Decimal } from "./number";
import { hasCbor, hasJson, hasText, hasTlv } from "./parts";

/** What a payload says of a value. */
export const enum Kind {
  /** No value: a name alone, or the beginning of an instance or of a multiple resource. */
  None,
  /** Bytes whose meaning the type gives: TLV. */
  Raw,
  /** The same in text: text/plain. */
  Text,
  Integer,
  Float,
  Boolean,
  String,
  Opaque,
  /** SenML's vlo, "66:0". */
  Link,
  /** To be written only: `int` without a sign. */
  Unsigned,
}

const decimal = place<Decimal>();


@unmanaged
export class Value {
  kind: Kind;
  /** Bytes of a string or of an opaque; in the payload. */
  ptr: usize;
  len: i32;
  /** Integer, unsigned (as its bits), time; 0 or 1; object << 16 | instance of a link. */
  int: i64;
  float: f64;

  // --- A value to be written ---

  /** Integer and time. */
  setInteger(value: i64): void {
    this.kind = Kind.Integer;
    this.int = value;
  }

  setUnsigned(value: u64): void {
    this.kind = Kind.Unsigned;
    this.int = <i64>value;
  }

  setFloat(value: f64): void {
    this.kind = Kind.Float;
    this.float = value;
  }

  setBoolean(value: bool): void {
    this.kind = Kind.Boolean;
    this.int = value;
  }

  /** UTF-8. */
  setString(ptr: usize, len: i32): void {
    this.setBytes(Kind.String, ptr, len);
  }

  /** ASCII. */
  setText(text: Ascii): void {
    this.setString(changetype<usize>(text), text.length);
  }

  setOpaque(ptr: usize, len: i32): void {
    this.setBytes(Kind.Opaque, ptr, len);
  }

  setLink(object: u32, instance: u32): void {
    this.kind = Kind.Link;
    this.int = ((<i64>object) << 16) | instance;
  }

  private setBytes(kind: Kind, ptr: usize, len: i32): void {
    this.kind = kind;
    this.ptr = ptr;
    this.len = len;
  }

  // --- A value that was read ---

  /** Makes the value one of `type`. Malformed: it cannot be one. Text of an opaque is decoded where it stands. */
  resolve<F>(type: Type): i32 {
    if (hasTlv<F>()) if (this.kind == Kind.Raw) return this.raw(type);
    if (hasText<F>()) if (this.kind == Kind.Text) return this.text(type);
    if (hasCbor<F>() || hasJson<F>()) return this.typed(type);
    return is(this.kind == Kind.Opaque && type == Type.Opaque);
  }

  /** A value that has a type of its own, which may be another's too. */
  private typed(type: Type): i32 {
    switch (this.kind) {
      case Kind.Integer:
        if (type == Type.Float) {
          this.float = <f64>this.int;
          return Status.Ok;
        }
        if (type == Type.Unsigned) return this.int >= 0 ? Status.Ok : Status.Malformed;
        return is(type == Type.Integer || type == Type.Time);
      case Kind.Float:
        if (type == Type.Float) return Status.Ok;
        // 5.0 is a whole number too.
        if (type != Type.Integer && type != Type.Unsigned && type != Type.Time) return Status.Malformed;
        if (!(abs(this.float) < 9007199254740992.0) || this.float != trunc(this.float)) return Status.Malformed;
        this.int = <i64>this.float;
        return is(type != Type.Unsigned || this.int >= 0);
      case Kind.Boolean:
        return is(type == Type.Boolean);
      case Kind.String:
        if (type == Type.Link) return this.link();
        return is(type == Type.String && isUtf8(this.ptr, this.len));
      case Kind.Opaque:
        return is(type == Type.Opaque);
      case Kind.Link:
        return type == Type.Link ? this.link() : Status.Malformed;
      default:
        return Status.Malformed;
    }
  }

  /** LwM2M Core 7.4.3: widths of TLV values. */
  private raw(type: Type): i32 {
    const n = this.len;
    if (type == Type.Opaque) return Status.Ok;
    if (type == Type.String) return is(isUtf8(this.ptr, n));
    // All others are numbers of 1, 2, 4 or 8 bytes.
    if (n > 8 || popcnt(n) != 1) return Status.Malformed;
    const value = bigEndian(this.ptr, n);
    this.int = value;
    switch (type) {
      case Type.Boolean:
        return is(n == 1 && value <= 1);
      case Type.Link:
        return is(n == 4);
      case Type.Float:
        this.float = n == 4 ? <f64>reinterpret<f32>(<u32>value) : reinterpret<f64>(value);
        return is(n >= 4);
      case Type.Unsigned:
        return Status.Ok;
      default: {
        const unused: i64 = 64 - (n << 3);
        this.int = (<i64>(value << unused)) >> unused;
        return Status.Ok;
      }
    }
  }

  /** LwM2M Core 7.4.1: the forms of plain text. */
  private text(type: Type): i32 {
    const p = this.ptr;
    const n = this.len;
    switch (type) {
      case Type.String:
        return is(isUtf8(p, n));
      case Type.Opaque:
        this.len = decodeBase64(p, n);
        return is(this.len >= 0);
      case Type.Boolean:
        if (n != 1 || (load<u8>(p) | 1) != 0x31) return Status.Malformed;
        this.int = load<u8>(p) & 1;
        return Status.Ok;
      case Type.Link:
        return this.link();
      default:
        if (type == Type.Unsigned && n > 0 && n <= 20) {
          // All 64 bits.
          let value: u64 = 0;
          for (let i = 0; i < n; i++) {
            const d: u64 = <u64>load<u8>(p + i) - 0x30;
            if (d > 9 || value > (u64.MAX_VALUE - d) / 10) return Status.Malformed;
            value = value * 10 + d;
          }
          this.int = <i64>value;
          return Status.Ok;
        }
        if (!decimal.parse(p, p + n) || decimal.length != n) return Status.Malformed;
        this.float = decimal.float;
        this.int = decimal.int;
        return is(type == Type.Float ? isFinite(decimal.float) : decimal.isInteger && type != Type.Unsigned);
    }
  }

  /** `66:0`. */
  private link(): i32 {
    let id: u32 = 0;
    let digits = 0;
    let high: i64 = -1;
    for (let i = 0; i < this.len; i++) {
      const c: u32 = load<u8>(this.ptr + i);
      if (c == 0x3a && high < 0 && digits > 0) {
        high = id;
        id = 0;
        digits = 0;
        continue;
      }
      id = id * 10 + (c - 0x30);
      if (c - 0x30 > 9 || ++digits > 5 || id > 0xffff) return Status.Malformed;
    }
    if (high < 0 || digits == 0) return Status.Malformed;
    this.int = (high << 16) | id;
    return Status.Ok;
  }
}


@inline
function is(fine: bool): i32 {
  return fine ? Status.Ok : Status.Malformed;
}

/** RFC 3629: no surrogates, no overlong forms, nothing beyond U+10FFFF. */
export function isUtf8(ptr: usize, len: i32): bool {
  for (let i = 0; i < len;) {
    const c: u32 = load<u8>(ptr + i++);
    if (c < 0x80) continue;
    const more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c < 0xc2 || c > 0xf4 || len - i < more) return false;
    const second: u32 = load<u8>(ptr + i);
    if (c == 0xe0 && second < 0xa0) return false;
    if (c == 0xed && second > 0x9f) return false;
    if (c == 0xf0 && second < 0x90) return false;
    if (c == 0xf4 && second > 0x8f) return false;
    for (let k = 0; k < more; k++) if ((load<u8>(ptr + i++) & 0xc0) != 0x80) return false;
  }
  return true;
}

/** Decodes base64 or base64url, with padding or without, where it stands; returns the bytes, -1 when it is neither. RFC 4648. */
export function decodeBase64(ptr: usize, len: i32): i32 {
  while (len > 0 && (len & 3) == 0 && load<u8>(ptr + len - 1) == 0x3d) {
    len--;
    if (load<u8>(ptr + len - 1) == 0x3d) len--;
    break;
  }
  if ((len & 3) == 1) return -1;
  let bits: u32 = 0;
  let count = 0;
  let n = 0;
  for (let i = 0; i < len; i++) {
    const c: u32 = load<u8>(ptr + i);
    let v: u32;
    if (c - 0x41 < 26) v = c - 0x41;
    else if (c - 0x61 < 26) v = c - 0x61 + 26;
    else if (c - 0x30 < 10) v = c - 0x30 + 52;
    else if (c == 0x2b || c == 0x2d) v = 62;
    else if (c == 0x2f || c == 0x5f) v = 63;
    else return -1;
    bits = (bits << 6) | v;
    count += 6;
    if (count >= 8) {
      count -= 8;
      store<u8>(ptr + n++, bits >> count);
    }
  }
  return n;
}
