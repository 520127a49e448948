// Numbers of up to eight bytes, as wire formats have them.

/** Most significant byte first. */
export function bigEndian(ptr: usize, bytes: i32): u64 {
  let value: u64 = 0;
  for (let i = 0; i < bytes; i++) value = (value << 8) | load<u8>(ptr + i);
  return value;
}

/** Least significant byte first. */
export function littleEndian(ptr: usize, bytes: i32): u64 {
  let value: u64 = 0;
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8) | load<u8>(ptr + i);
  return value;
}
