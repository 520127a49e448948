// Writes CoAP messages and sets of options, RFC 7252 3.

import { Ascii } from "../../util/ascii";
import { CoapOption, CoapType } from "./fields";

/**
 * Writes into a buffer it does not own. Beyond the end it goes on counting without writing, so `length` tells the size to provide.
 * Options must come in ascending order of their numbers.
 */
@unmanaged
export class CoapWriter {
  ptr: usize;
  capacity: i32;
  /** Bytes asked for so far; more than `capacity` when they did not fit. */
  length: i32;
  private last: u32;

  /** A set of options without a message around it. */
  on(ptr: usize, capacity: i32): CoapWriter {
    this.ptr = ptr;
    this.capacity = capacity;
    this.length = 0;
    this.last = 0;
    return this;
  }

  /** A message: header and token. */
  begin(ptr: usize, capacity: i32, type: CoapType, code: u32, mid: u32, token: usize, tokenLen: i32): CoapWriter {
    this.on(ptr, capacity);
    this.byte(0x40 | (type << 4) | tokenLen);
    this.byte(code);
    this.byte(mid >> 8);
    this.byte(mid);
    this.bytes(token, tokenLen);
    return this;
  }

  get fits(): bool {
    return this.length <= this.capacity;
  }

  option(number: u32, value: usize, len: i32): CoapWriter {
    this.head(number, len);
    this.bytes(value, len);
    return this;
  }

  /** Options that another has written, before any of one's own. */
  set(from: CoapWriter): CoapWriter {
    this.bytes(from.ptr, from.length);
    this.last = from.last;
    return this;
  }

  /** A number in as few bytes as it takes, none for 0. RFC 7252 3.2. */
  uint(number: u32, value: u32): CoapWriter {
    const len = (39 - clz<u32>(value)) >> 3;
    this.head(number, len);
    for (let shift: i32 = (len - 1) << 3; shift >= 0; shift -= 8) this.byte(value >> shift);
    return this;
  }

  /** An option of ASCII text. */
  text(number: u32, text: Ascii): CoapWriter {
    return this.option(number, changetype<usize>(text), text.length);
  }

  /** One Uri-Path of a number in decimal. */
  pathNumber(number: CoapOption, value: u32): CoapWriter {
    let digits = 1;
    for (let rest = value; rest > 9; rest /= 10) digits++;
    this.head(number, digits);
    let unit: u32 = 1;
    for (let i = 1; i < digits; i++) unit *= 10;
    for (; unit > 0; unit /= 10) this.byte(0x30 + ((value / unit) % 10));
    return this;
  }

  /** An option whose `len` bytes come one by one with `goes`. */
  begins(number: u32, len: i32): void {
    this.head(number, len);
  }

  goes(byte: u32): void {
    this.byte(byte);
  }

  /** The payload and its marker; nothing when there are no bytes. */
  payload(ptr: usize, len: i32): CoapWriter {
    if (len > 0) {
      this.byte(0xff);
      this.bytes(ptr, len);
    }
    return this;
  }

  private head(number: u32, len: i32): void {
    const delta = number - this.last;
    this.last = number;
    this.byte((nibble(delta) << 4) | nibble(len));
    this.extension(delta);
    this.extension(len);
  }

  private extension(value: u32): void {
    if (value < 13) return;
    if (value < 269) {
      this.byte(value - 13);
    } else {
      this.byte((value - 269) >> 8);
      this.byte(value - 269);
    }
  }

  private byte(value: u32): void {
    if (this.length < this.capacity) store<u8>(this.ptr + this.length, value);
    this.length++;
  }

  private bytes(ptr: usize, len: i32): void {
    if (this.length + len <= this.capacity) memory.copy(this.ptr + this.length, ptr, len);
    this.length += len;
  }
}

function nibble(value: u32): u32 {
  return value < 13 ? value : value < 269 ? 13 : 14;
}
