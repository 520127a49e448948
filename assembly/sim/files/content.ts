// Content of EFs: one store value per file. Read whole, changed in RAM, written whole: an UPDATE happens or it does not.

import { wipe } from "../../crypto/constant-time";
import { StoreKey, storeReadExact, storeWrite } from "../store";
import { FILE_MAX_BYTES, contentOf, sizeOf } from "./tree";

const content: usize = memory.data(FILE_MAX_BYTES);

/** Brings a file's content to the returned address (sizeOf(file) bytes, until `contentRelease`), 0 if the store fails. */
export function contentLoad(file: i32): usize {
  return storeReadExact(StoreKey.FirstFile + contentOf(file), content, sizeOf(file)) ? content : 0;
}

/** Writes the loaded content back. */
export function contentSave(file: i32): bool {
  return storeWrite(StoreKey.FirstFile + contentOf(file), content, sizeOf(file));
}

/** Files hold keys too (EF_KEYS): nothing of them stays in RAM. */
export function contentRelease(file: i32): void {
  wipe(content, sizeOf(file));
}
