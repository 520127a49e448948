// Where the board keeps firmware images and the record of an update: the imports of the board, as firmware.ts wants them.

import { firmware_commit, firmware_write, store_read, store_write } from "../../board/index";

/** Place with `place` and set the key. */
@unmanaged
export class BoardFlash {
  /** Of the record, in the board's store. */
  key: i32;

  write(offset: i32, ptr: usize, len: i32): i32 {
    return firmware_write(offset, ptr, len);
  }

  commit(len: i32): i32 {
    return firmware_commit(len);
  }

  load(ptr: usize, max: i32): i32 {
    return store_read(this.key, ptr, max);
  }

  save(ptr: usize, len: i32): i32 {
    return store_write(this.key, ptr, len);
  }
}
