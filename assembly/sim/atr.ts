// Answer to reset. ISO 7816-3 8.2; historical bytes ISO 7816-4 8.1.1, TS 102 221 6.3.

export const ATR_BYTES: i32 = 21;

// prettier-ignore
const ATR: usize = memory.data<u8>([
  0x3b,       // TS: direct convention
  0x9e,       // T0: TA1, TD1, 14 historical bytes
  0x95,       // TA1: F 512, D 16
  0x80,       // TD1: T=0, TD2 follows
  0x1f,       // TD2: T=15 (global bytes), TA3 follows
  0xc7,       // TA3: clock stop in either state, classes A, B, C
  0x80, 0x31, 0xe0, 0x73, 0xfe, 0x21, 0x00, 0x66,
  0x41, 0x4b, 0x41, 0x53, 0x49, 0x4d, // "AKASIM"
  0xd4,       // TCK
]);

/** Writes the ATR to out..out+21 and returns its length. */
export function atrWrite(out: usize): i32 {
  memory.copy(out, ATR, ATR_BYTES);
  return ATR_BYTES;
}
