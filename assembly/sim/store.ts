// What the card keeps in its EEPROM (the board's store), and nothing else knows. Multi-byte numbers are little-endian
// (tables) unless a standard fixes them (file contents, SQN: big-endian).
//
// | key     | value                                          | written by the card                      |
// |---------|------------------------------------------------|------------------------------------------|
// | 1 Tree  | file table, files/tree.ts                      | never                                    |
// | 2 Keys  | 01 | 01 (MILENAGE) | K 16 | OPc 16             | never                                    |
// | 3 Sqn   | SEQ_MS array, aka/sqn.ts                       | once for each accepted AUTHENTICATE      |
// | 4 Pins  | PINs with their counters, pin.ts               | before and after each try                |
// | 256 + n | content of file n of the table, its exact size | once for each UPDATE                     |
//
// Each change of state is one write of one key, so a power cut leaves the state before it or the state after it.
// Values are read when they are needed and wiped after use: RAM never keeps a key or a PIN from one command to the next.
// A store that is empty, short or nonsense gives a card that answers its ATR and refuses what it cannot do.

import { store_read } from "../board";

export const enum StoreKey {
  Tree = 1,
  Keys = 2,
  Sqn = 3,
  Pins = 4,
  /** Content of file 0; file n is at FirstFile + n. */
  FirstFile = 256,
}

/** Reads a value whose length must be exactly `len`; false for any other, with ptr..ptr+len undefined. */
export function storeReadExact(key: i32, ptr: usize, len: i32): bool {
  return store_read(key, ptr, len) == len;
}
