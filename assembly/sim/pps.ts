// Protocol and parameter selection, card's side. ISO 7816-3 9.
//
// PPSS FF, PPS0 (bits 5..7: PPS1..PPS3 follow; low nibble T), PPS1 (Fi << 4 | Di), PPS2, PPS3, PCK (xor of all is 0).

import { clocksPerEtu } from "./timing";

export const PPS_MAX_BYTES: i32 = 6;

const PPSS: i32 = 0xff;
const PPS1_PRESENT: i32 = 0x10;

/** Length of a whole request whose first `len` (1 or more) bytes are at ptr; 2 until PPS0 is there. */
export function ppsLength(ptr: usize, len: i32): i32 {
  return len < 2 ? 2 : 3 + popcnt(((<i32>load<u8>(ptr, 1)) >> 4) & 7);
}

/**
 * Judges a whole request and writes the response to out (at most 4 bytes). Returns its length, or 0 for a request that
 * gets no answer (PCK wrong, T not 0). `ppsEtu` tells the clocks per etu that hold after the response.
 */
export function ppsAnswer(ptr: usize, len: i32, out: usize): i32 {
  let pck = 0;
  for (let i = 0; i < len; i++) pck ^= <i32>load<u8>(ptr + i);
  const pps0 = <i32>load<u8>(ptr, 1);
  if (pck != 0 || (pps0 & 15) != 0) return 0;
  const etu = pps0 & PPS1_PRESENT ? clocksPerEtu(<i32>load<u8>(ptr, 2)) : 0;
  agreedEtu = etu;
  store<u8>(out, PPSS);
  if (etu == 0) {
    // A response without PPS1 keeps the default rate.
    store<u8>(out, 0, 1);
    store<u8>(out, PPSS, 2);
    return 3;
  }
  const pps1 = <i32>load<u8>(ptr, 2);
  store<u8>(out, PPS1_PRESENT, 1);
  store<u8>(out, pps1, 2);
  store<u8>(out, PPSS ^ PPS1_PRESENT ^ pps1, 3);
  return 4;
}

let agreedEtu: i32 = 0;

/** Clocks per etu that the last answered request agreed on, or 0 for no change. */
export function ppsEtu(): i32 {
  return agreedEtu;
}
