// For editors: what the build adds to the language.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference
/// <reference path="./parts.d.ts" />

// What every app exports besides `setup` and `loop`: `export * from "akari/app";`.

import { BOARD_ABI } from "./board/index";

// Where static data ends, at a multiple of 16 bytes, for engines that give an app no more memory than that.
export { __data_end, __heap_base };

/** The board ABI that the app was built for; a board refuses a newer one than its own. */
export function board_abi(): i32 {
  return BOARD_ABI;
}
