// Elementary time unit of the contacts. ISO 7816-3 8.3 (F, D) and 9.2 (PPS).

/** Clocks per etu from reset until PPS: F 372, D 1. */
export const DEFAULT_ETU: i32 = 372;

/**
 * Clocks per etu for PPS1 = Fi << 4 | Di, or 0 for a pair this card does not take. It takes all pairs from the default
 * up to TA1 of its ATR: F 372 with D 1, and F 512 with D 1, 2, 4, 8, 16.
 */
export function clocksPerEtu(pps1: i32): i32 {
  const fi = pps1 >> 4;
  const di = pps1 & 15;
  if (fi <= 1) return di == 1 ? DEFAULT_ETU : 0;
  if (fi == 9 && di >= 1 && di <= 5) return 512 >> (di - 1);
  return 0;
}
