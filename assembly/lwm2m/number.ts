// Decimal numbers with a fraction, read and written without a heap.

import { Text } from "../util/text";

/** Powers that a double holds exactly. */
// prettier-ignore
@lazy
const POWERS = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);
const EXACT: i32 = 22;
/** Whole numbers up to this one are exact. */
const MANTISSA_MAX: f64 = 9007199254740992.0;

function power(n: i32): f64 {
  return load<f64>(POWERS + ((<usize>n) << 3));
}

/** value * 10^exponent; exact while it can be (a mantissa below 2^53, a power up to 22), else within a few units of the last place. */
export function scale(value: f64, exponent: i32): f64 {
  if (exponent < -700) return 0;
  if (exponent > 700) return value == 0 ? 0 : Infinity;
  while (exponent > EXACT) {
    value *= power(EXACT);
    exponent -= EXACT;
  }
  while (exponent < -EXACT) {
    value /= power(EXACT);
    exponent += EXACT;
  }
  return exponent < 0 ? value / power(-exponent) : value * power(exponent);
}

/** What `Decimal` has found. */
@unmanaged
export class Decimal {
  /** Bytes taken. */
  length: i32;
  isInteger: bool;
  /** Of an integer that fits. */
  int: i64;
  float: f64;

  /**
   * Reads a number of JSON's grammar at the beginning of ptr..end (RFC 8259 6); false when there is none. An integer beyond 64 bits is
   * a float.
   */
  parse(ptr: usize, end: usize): bool {
    let p = ptr;
    const negative = p < end && load<u8>(p) == 0x2d;
    if (negative) p++;
    let mantissa: u64 = 0;
    let exponent = 0;
    const first = p;
    let overflow = false;
    for (; p < end && digit(p) < 10; p++) {
      if (mantissa < 900_000_000_000_000_000) {
        mantissa = mantissa * 10 + digit(p);
      } else if (!overflow && fits(mantissa, digit(p), negative)) {
        mantissa = mantissa * 10 + digit(p);
      } else {
        overflow = true;
        exponent++;
      }
    }
    if (p == first || (load<u8>(first) == 0x30 && p > first + 1)) return false;
    this.isInteger = !overflow;
    if (p < end && load<u8>(p) == 0x2e) {
      const point = ++p;
      this.isInteger = false;
      for (; p < end && digit(p) < 10; p++) {
        if (mantissa < 900_000_000_000_000_000 && !overflow) {
          mantissa = mantissa * 10 + digit(p);
          exponent--;
        }
      }
      if (p == point) return false;
    }
    if (p < end && (load<u8>(p) | 0x20) == 0x65) {
      p++;
      this.isInteger = false;
      const down = p < end && load<u8>(p) == 0x2d;
      if (p < end && (down || load<u8>(p) == 0x2b)) p++;
      const from = p;
      let e = 0;
      for (; p < end && digit(p) < 10; p++) e = min(e * 10 + <i32>digit(p), 99_999);
      if (p == from) return false;
      exponent += down ? -e : e;
    }
    this.length = <i32>(p - ptr);
    this.int = negative ? 0 - <i64>mantissa : <i64>mantissa;
    // Trailing zeros of a fraction would hide that the rest is exact.
    while (mantissa > <u64>MANTISSA_MAX && mantissa % 10 == 0) {
      mantissa /= 10;
      exponent++;
    }
    const size = scale(<f64>mantissa, exponent);
    this.float = negative ? -size : size;
    return true;
  }
}

function digit(p: usize): u32 {
  return <u32>load<u8>(p) - 0x30;
}

function fits(mantissa: u64, digit: u32, negative: bool): bool {
  const limit: u64 = negative ? 0x8000000000000000 : 0x7fffffffffffffff;
  return mantissa <= (limit - digit) / 10;
}

/**
 * Writes a finite number so that reading it gives the same again where 15 digits and a power of ten up to 22 say it, else 17 digits
 * that are within 1e-14 of it. Others (NaN, infinity) have no such form: false, nothing written.
 */
export function writeFloat(text: Text, value: f64): bool {
  if (!isFinite(value)) return false;
  if (value < 0) text.byte(0x2d);
  const size = abs(value);
  for (let places = 0; places <= EXACT; places++) {
    const whole = nearest(size * power(places));
    if (whole >= MANTISSA_MAX) break;
    if (whole / power(places) == size) {
      fixed(text, <u64>whole, places);
      return true;
    }
  }
  // d.dddde±n
  let exponent = 0;
  let rest = size;
  // In the largest steps that are exact powers: each rounds once.
  for (let step = EXACT; step > 0; step = step > 1 ? step >> 1 : 0) {
    while (rest >= 1e16 * power(step)) {
      rest /= power(step);
      exponent += step;
    }
    while (rest < 1e17 / power(step)) {
      rest *= power(step);
      exponent -= step;
    }
  }
  let digits = <u64>nearest(rest);
  while (digits % 10 == 0) {
    digits /= 10;
    exponent++;
  }
  text.num(digits).byte(0x65).num(exponent);
  return true;
}

/** A whole number with the point `places` digits from its end. */
function fixed(text: Text, whole: u64, places: i32): void {
  let unit: u64 = 1;
  let behind = places;
  while (behind > 0 && unit <= 1_000_000_000_000_000_000) {
    unit *= 10;
    behind--;
  }
  if (behind > 0) {
    // Smaller than 10^-19: all digits are zeros that far.
    text.num(whole).str("e-").num(places);
    return;
  }
  text.num(whole / unit);
  if (places == 0) return;
  text.byte(0x2e);
  let rest = whole % unit;
  for (unit /= 10; unit > 0; unit /= 10) {
    text.byte(0x30 + <u32>(rest / unit));
    rest %= unit;
  }
}
