// What writers of every format write with.

import { Text } from "../util/text";
import { writeFloat } from "./number";
import { Kind, Value } from "./value";

/** Moves what has been written since `at` on by `by` bytes. */
export function shift(out: Text, at: i32, by: i32): void {
  if (out.length + by <= out.capacity) memory.copy(out.ptr + at + by, out.ptr + at, out.length - at);
  out.length += by;
}

export function writeBigEndian(out: Text, value: u64, bytes: i32): void {
  for (let i = bytes - 1; i >= 0; i--) out.byte((<u32>(value >> ((<u64>i) << 3))) & 0xff);
}

/** The bytes of a string or an opaque. */
export function writeBytes(out: Text, value: Value): void {
  out.bytes(value.ptr, value.len);
}

/** The text of any value but an opaque, LwM2M Core 7.4.1. */
export function writePlain(out: Text, value: Value): void {
  const int = value.int;
  switch (value.kind) {
    case Kind.Integer:
    case Kind.Boolean:
      out.num(int);
      break;
    case Kind.Unsigned:
      if (<u64>int > 9) out.num(<i64>(<u64>int / 10));
      out.byte(0x30 + <u32>(<u64>int % 10));
      break;
    case Kind.Float:
      writeFloat(out, value.float);
      break;
    case Kind.Link:
      out
        .num((int >> 16) & 0xffff)
        .byte(0x3a)
        .num(int & 0xffff);
      break;
    default:
      writeBytes(out, value);
  }
}
