// What the card keeps in its EEPROM (the board's store), and nothing else knows. Multi-byte numbers are little-endian
// (tables) unless a standard fixes them (file contents, SQN: big-endian).
//
// | key     | value                                          | written by the card                      |
// |---------|------------------------------------------------|------------------------------------------|
// | 1 Tree  | file table, files/tree.ts                      | never                                    |
// | 2 Keys  | algorithm and its keys, algorithm.ts           | never                                    |
// | 3 Sqn   | SEQ_MS array, aka/sqn.ts                       | once for each accepted AUTHENTICATE      |
// | 4 Pins  | PINs with their counters, pin.ts               | before and after each try                |
// | 16 LifeCycle | a bit for each file: deactivated          | once for each ACTIVATE, DEACTIVATE FILE  |
// | 256 + n | content of file n of the table, its exact size | once for each UPDATE or INCREASE         |
//
// Each change of state is one write of one key, so a power cut leaves the state before it or the state after it.
// Values are read when they are needed and wiped after use: RAM never keeps a key or a PIN from one command to the next.
// A store that is empty, short or nonsense gives a card that answers its ATR and refuses what it cannot do.
//
// A board whose memory is at work answers a write with `Status.Again`. The command then fails inside, `storeBusy` tells
// the link, and the link runs the same command again a little later: a command has no effect before its last write.

import { Status, store_read, store_write } from "../board";

export const enum StoreKey {
  Tree = 1,
  Keys = 2,
  Sqn = 3,
  Pins = 4,
  LifeCycle = 16,
  /** Content of file 0; file n is at FirstFile + n. */
  FirstFile = 256,
}

let busy: bool = false;

/** Reads a value whose length must be exactly `len`; false for any other, with ptr..ptr+len undefined. */
export function storeReadExact(key: i32, ptr: usize, len: i32): bool {
  return store_read(key, ptr, len) == len;
}

/** Replaces a value; false if that did not happen, for good or (`storeBusy`) for now. */
export function storeWrite(key: i32, ptr: usize, len: i32): bool {
  const status = store_write(key, ptr, len);
  if (status == Status.Again) busy = true;
  return status == Status.Ok;
}

/** Whether a write was put off since the last call. */
export function storeBusy(): bool {
  const was = busy;
  busy = false;
  return was;
}
