// Text from JavaScript for functions that take text of the program's.

import { Ascii } from "../util/ascii";

/** What is handed over may be used until so many more texts have been. */
const KEPT = 16;
const kept = new Array<ArrayBuffer>();

export function ascii(text: string): Ascii {
  const bytes = bytesOf(text);
  if (kept.length == KEPT) kept.shift();
  kept.push(bytes);
  return changetype<Ascii>(changetype<usize>(bytes));
}

/** An `Ascii` that the caller keeps. What it cannot hold becomes `?`; it ends at the first character 0. */
export function bytesOf(text: string): ArrayBuffer {
  const bytes = new ArrayBuffer(text.length + 1);
  const ptr = changetype<usize>(bytes);
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    store<u8>(ptr + i, c < 0x80 ? c : 0x3f);
  }
  return bytes;
}
