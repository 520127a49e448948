// Log lines, put together without a heap.

import { log } from "../board/index";
import { Ascii } from "./ascii";
import { Text } from "./text";

const LINE_MAX = 160;

const buffer = memory.data(LINE_MAX);
const line = memory.data(offsetof<Text>());

/** Begins a line; `endLog` writes it. What is longer than 160 bytes is cut off. */
export function beginLog(text: Ascii): Text {
  return changetype<Text>(line).on(buffer, LINE_MAX).str(text);
}

export function endLog(level: i32): void {
  log(level, buffer, min(changetype<Text>(line).length, LINE_MAX));
}

/** A line that needs no putting together. */
export function logText(level: i32, text: Ascii): void {
  beginLog(text);
  endLog(level);
}
