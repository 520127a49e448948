// JSON without a heap: strings are written escaped, members of an object are found in the text and read in place
// (RFC 8259). Reading looks at the outermost object only; what is nested is passed over, not checked.

import { Ascii } from "./ascii";
import { Text, equals } from "./text";

/** What a member's value is. */
export const enum JsonKind {
  /** There is no such member, or the text is no object. */
  None,
  /** `ptr`, `len`: the characters between the quotes, escapes as they came. */
  String,
  /** A number as it was written. */
  Number,
  True,
  False,
  Null,
  /** An object or array, with its brackets. */
  Nested,
}

/** Largest whole number that `integer` gives: 9 digits. */
const WHOLE_MAX: i64 = 999_999_999;
/** No text of a device's memory has so many digits that a larger exponent would tell another number. */
const EXPONENT_MAX: i32 = 99_999_999;

/** Writes a string with its quotes; bytes 80..ff go as they are (UTF-8). */
export function writeJsonString(text: Text, ptr: usize, len: i32): void {
  text.byte(0x22);
  for (let i = 0; i < len; i++) {
    const c: u32 = load<u8>(ptr + i);
    if (c < 0x20) text.str("\\u00").hex8(c);
    else if (c == 0x22 || c == 0x5c) text.byte(0x5c).byte(c);
    else text.byte(c);
  }
  text.byte(0x22);
}

/** Looks for members of an object. */
@unmanaged
export class JsonReader {
  /** The value that `find` found: ptr..ptr+len. */
  ptr: usize;
  len: i32;
  private at: usize;
  private end: usize;

  /**
   * Looks for the first member of the object in text..text+textLen whose name is written exactly like `name` (ASCII, no
   * escapes).
   */
  find(text: usize, textLen: i32, name: Ascii): JsonKind {
    this.at = text;
    this.end = text + textLen;
    this.len = 0;
    if (!this.take(0x7b)) return JsonKind.None;
    if (this.take(0x7d)) return JsonKind.None;
    do {
      this.blanks();
      if (this.value() != JsonKind.String) return JsonKind.None;
      const isWanted = this.isText(name);
      if (!this.take(0x3a)) return JsonKind.None;
      const kind = this.value();
      if (isWanted || kind == JsonKind.None) return kind;
    } while (this.take(0x2c));
    return JsonKind.None;
  }

  /**
   * The last value as a whole number, whichever way it is written (RFC 8259 6): 60, 60.0, 6e1 and 600e-1 are the same;
   * `otherwise` when it is none, or has more than 9 digits.
   */
  integer(otherwise: i32): i32 {
    let at = this.ptr;
    const end = at + this.len;
    const isNegative = at < end && load<u8>(at) == 0x2d;
    if (isNegative) at++;
    // value * 10^zeros is what the digits say, without the point; the zeros wait until another digit follows them.
    let value: i64 = 0;
    let zeros = 0;
    let exponent = 0;
    const first = at;
    let point: usize = 0;
    for (; at < end; at++) {
      const d = <u32>load<u8>(at) - 0x30;
      if (d > 9) {
        if (load<u8>(at) != 0x2e || point != 0 || at == first) break;
        point = at;
        continue;
      }
      if (point != 0) exponent--;
      else if (at == first + 1 && load<u8>(first) == 0x30) return otherwise;
      zeros++;
      if (d == 0) continue;
      value = shift(value, zeros) + d;
      zeros = 0;
      if (value > WHOLE_MAX) return otherwise;
    }
    // A digit comes first, and one stands last.
    if (at == first || at - 1 == point) return otherwise;
    if (at < end) {
      if ((load<u8>(at) | 0x20) != 0x65) return otherwise;
      at++;
      const isDown = at < end && load<u8>(at) == 0x2d;
      if (isDown || (at < end && load<u8>(at) == 0x2b)) at++;
      if (at == end) return otherwise;
      let size = 0;
      for (; at < end; at++) {
        const d = <u32>load<u8>(at) - 0x30;
        if (d > 9) return otherwise;
        size = min(size * 10 + <i32>d, EXPONENT_MAX);
      }
      exponent += isDown ? -size : size;
    }
    if (value == 0) return 0;
    exponent += zeros;
    value = shift(value, exponent);
    if (exponent < 0 || value > WHOLE_MAX) return otherwise;
    return <i32>(isNegative ? -value : value);
  }

  /** True when the last value is exactly this text (ASCII). */
  isText(text: Ascii): bool {
    return equals(this.ptr, this.len, text);
  }

  private blanks(): void {
    while (this.at < this.end && isBlank(load<u8>(this.at))) this.at++;
  }

  private take(c: u32): bool {
    this.blanks();
    if (this.at == this.end || load<u8>(this.at) != c) return false;
    this.at++;
    return true;
  }

  /** Goes over one value, which is then ptr..ptr+len. */
  private value(): JsonKind {
    this.blanks();
    this.ptr = this.at;
    this.len = 0;
    if (this.at == this.end) return JsonKind.None;
    const c: u32 = load<u8>(this.at);
    let kind = JsonKind.None;
    if (c == 0x22) {
      if (!this.string()) return JsonKind.None;
      this.ptr++;
      this.len = <i32>(this.at - this.ptr) - 1;
      return JsonKind.String;
    } else if (c == 0x7b || c == 0x5b) {
      if (!this.nested()) return JsonKind.None;
      kind = JsonKind.Nested;
    } else {
      while (this.at < this.end && isWord(load<u8>(this.at))) this.at++;
    }
    this.len = <i32>(this.at - this.ptr);
    if (kind != JsonKind.None) return kind;
    if (c == 0x2d || c - 0x30 < 10) return JsonKind.Number;
    if (this.isText("true")) return JsonKind.True;
    if (this.isText("false")) return JsonKind.False;
    return this.isText("null") ? JsonKind.Null : JsonKind.None;
  }

  private string(): bool {
    this.at++;
    while (this.at < this.end) {
      const c: u32 = load<u8>(this.at++);
      if (c == 0x22) return true;
      if (c == 0x5c && this.at < this.end) this.at++;
    }
    return false;
  }

  private nested(): bool {
    let depth = 0;
    while (this.at < this.end) {
      const c: u32 = load<u8>(this.at);
      if (c == 0x22) {
        if (!this.string()) return false;
        continue;
      }
      this.at++;
      if (c == 0x7b || c == 0x5b) depth++;
      else if (c == 0x7d || c == 0x5d) if (--depth == 0) return true;
    }
    return false;
  }
}


@inline
function isBlank(c: u32): bool {
  return c == 0x20 || c == 0x09 || c == 0x0a || c == 0x0d;
}

/** value * 10^places, as long as that is at most WHOLE_MAX; else a number above it. */
function shift(value: i64, places: i32): i64 {
  while (places-- > 0 && value > 0 && value <= WHOLE_MAX) value *= 10;
  return value;
}

/** Characters of numbers, true, false and null. */
function isWord(c: u32): bool {
  return c - 0x30 < 10 || (c | 0x20) - 0x61 < 26 || c == 0x2d || c == 0x2b || c == 0x2e;
}
