// Lines of text without a heap: a writer over somebody's buffer, a reader over received fields, and comparisons.

import { Ascii } from "./ascii";

/** Digits of the longest number, last first. */
const digits = memory.data(20);

/** A hexadecimal digit, of the four lowest bits. */
function hex(value: u32): u32 {
  value &= 15;
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/**
 * Writes ASCII text into a buffer it does not own. Beyond the end it goes on counting without writing, so the same
 * calls on a buffer of no size answer "how long will it be?".
 */
@unmanaged
export class Text {
  ptr: usize;
  capacity: i32;
  /** Bytes asked for so far; more than `capacity` when it did not fit. */
  length: i32;

  /** Starts again on ptr..ptr+capacity. */
  on(ptr: usize, capacity: i32): Text {
    this.ptr = ptr;
    this.capacity = capacity;
    this.length = 0;
    return this;
  }

  get fits(): bool {
    return this.length <= this.capacity;
  }

  byte(value: u32): Text {
    if (this.length < this.capacity) store<u8>(this.ptr + this.length, value);
    this.length++;
    return this;
  }

  str(text: Ascii): Text {
    return this.bytes(changetype<usize>(text), text.length);
  }

  bytes(ptr: usize, len: i32): Text {
    // Nearly all that a device writes comes through here: the bounds are looked at once, not for each character.
    const to = this.ptr + this.length;
    const n = min(len, this.capacity - this.length);
    for (let i = 0; i < n; i++) store<u8>(to + i, load<u8>(ptr + i));
    this.length += len;
    return this;
  }

  /** Decimal. */
  num(value: i64): Text {
    let rest: u64 = value < 0 ? 0 - <u64>value : <u64>value;
    if (value < 0) this.byte(0x2d);
    let n = 0;
    // 64 bits are divided in software on a small core.
    for (; rest > <u64>u32.MAX_VALUE; rest /= 10) store<u8>(digits + n++, <u32>(rest % 10) + 0x30);
    let small = <u32>rest;
    do {
      store<u8>(digits + n++, (small % 10) + 0x30);
      small /= 10;
    } while (small > 0);
    while (n > 0) this.byte(load<u8>(digits + --n));
    return this;
  }

  /** `value` tenths as a decimal number: 215 is written 21.5. */
  tenths(value: i32): Text {
    if (value < 0) this.byte(0x2d);
    const size = value < 0 ? 0 - <u32>value : <u32>value;
    return this.num(size / 10)
      .byte(0x2e)
      .byte((size % 10) + 0x30);
  }

  /** Two hexadecimal digits. */
  hex8(value: u32): Text {
    return this.byte(hex(value >> 4)).byte(hex(value));
  }

  /** Bytes in hexadecimal, two digits each. */
  hex(ptr: usize, len: i32): Text {
    for (let i = 0; i < len; i++) this.hex8(load<u8>(ptr + i));
    return this;
  }

  /** 16 bits as two bytes, most significant first. */
  be16(value: u32): Text {
    return this.byte(value >> 8).byte(value);
  }

  /** 16 hexadecimal digits, most significant first. */
  hex64(value: u64): Text {
    for (let shift = 60; shift >= 0; shift -= 4) this.byte(hex(<u32>(value >> (<u64>shift))));
    return this;
  }
}

/** Longest text of a `Draft`: a line, or a small JSON object, as long as one that the outbox takes. */
const DRAFT_MAX = 128;

/** A text with memory of its own. Place with `place`. */
@unmanaged
export class Draft extends Text {
  @bytes(DRAFT_MAX) private memory: usize;

  /** Begins the text. */
  compose(): Text {
    return this.on(this.memory, DRAFT_MAX);
  }
}

/** Reads the comma-separated fields of an AT line, TS 27.007 4: numbers and quoted strings, each of which may be absent. */
@unmanaged
export class Fields {
  ptr: usize;
  end: usize;

  /** Starts at the first field after `skip` bytes (the prefix) and blanks. */
  on(ptr: usize, len: i32, skip: i32): Fields {
    this.ptr = ptr + min(skip, len);
    this.end = ptr + len;
    this.blanks();
    return this;
  }

  /** A field 0..999999999 and the comma behind it; -1 (nothing taken) when the next field is anything else. */
  num(): i32 {
    let value = 0;
    let p = this.ptr;
    while (p < this.end && p - this.ptr < 9) {
      const d = <u32>load<u8>(p) - 0x30;
      if (d > 9) break;
      value = value * 10 + <i32>d;
      p++;
    }
    if (p == this.ptr || (p < this.end && load<u8>(p) != 0x2c)) return -1;
    this.ptr = p;
    this.comma();
    return value;
  }

  /** True, and taken, when the next field is exactly this quoted string. */
  quoted(text: Ascii): bool {
    const n = text.length;
    const p = this.ptr;
    if (<i32>(this.end - p) < n + 2 || load<u8>(p) != 0x22 || load<u8>(p + n + 1) != 0x22) return false;
    if (!startsWith(p + 1, n, text)) return false;
    this.ptr = p + n + 2;
    this.comma();
    return true;
  }

  /** Goes behind the next comma. */
  skip(): void {
    while (this.ptr < this.end && load<u8>(this.ptr) != 0x2c) this.ptr++;
    this.comma();
  }

  /** Goes on by at most n bytes. */
  over(n: i32): void {
    this.ptr = min(this.ptr + n, this.end);
  }

  /** Two decimal digits at the reading position, taken; or -1. */
  two(): i32 {
    if (this.end - this.ptr < 2) return -1;
    const tens = <u32>load<u8>(this.ptr) - 0x30;
    const ones = <u32>load<u8>(this.ptr + 1) - 0x30;
    if (tens > 9 || ones > 9) return -1;
    this.ptr += 2;
    return tens * 10 + ones;
  }

  private comma(): void {
    if (this.ptr < this.end && load<u8>(this.ptr) == 0x2c) this.ptr++;
    this.blanks();
  }

  private blanks(): void {
    while (this.ptr < this.end && load<u8>(this.ptr) == 0x20) this.ptr++;
  }
}

/** True when ptr..ptr+len begins with the ASCII text. */
export function startsWith(ptr: usize, len: i32, text: Ascii): bool {
  let i = 0;
  for (let c = text.charCodeAt(0); c != 0; c = text.charCodeAt(++i)) {
    if (i >= len || load<u8>(ptr + i) != c) return false;
  }
  return true;
}

/** True when ptr..ptr+len is the ASCII text. */
export function equals(ptr: usize, len: i32, text: Ascii): bool {
  return len == text.length && startsWith(ptr, len, text);
}

/** Like `equals`; the text is in lower case, the bytes in either. */
export function equalsAnyCase(ptr: usize, len: i32, text: Ascii): bool {
  if (len != text.length) return false;
  for (let i = 0; i < len; i++) {
    let c: u32 = load<u8>(ptr + i);
    if (c - 0x41 < 26) c |= 0x20;
    if (c != text.charCodeAt(i)) return false;
  }
  return true;
}
