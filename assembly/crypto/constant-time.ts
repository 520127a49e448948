// Comparing and forgetting secrets.

/**
 * Returns 1 if a..a+len and b..b+len hold the same bytes, else 0; a `len` of 0 or less is equal.
 * Always reads all bytes, so that the time taken does not tell how many of them agreed.
 */
export function ctEqual(a: usize, b: usize, len: i32): i32 {
  let difference: u32 = 0;
  for (let i = 0; i < len; i++) difference |= load<u8>(a + i) ^ load<u8>(b + i);
  // 0 borrows from bit 31, any other byte does not.
  return (difference - 1) >>> 31;
}

/**
 * Overwrites ptr..ptr+len with zeros. No optimizer may leave it out: linear memory outlives the call and is visible
 * from outside the module, so that every store counts.
 */
export function wipe(ptr: usize, len: i32): void {
  for (; len >= 8; len -= 8) {
    store<u64>(ptr, 0);
    ptr += 8;
  }
  for (; len > 0; len--) store<u8>(ptr++, 0);
}
