// Final result codes of V.250 and TS 27.007 9.

import { equals, startsWith } from "../util/text";

/** How a command ended. */
export const enum AtResult {
  None,
  Ok,
  /** ERROR, or NO CARRIER and its like. */
  Error,
  /** +CME ERROR or +CMS ERROR; the code is in `code`. */
  Cme,
  /** The modem has not taken a payload, and may take it later. */
  SendFail,
  /** No answer in time; the line is in step again. */
  Timeout,
  /** No answer in time, and none to the probes either. */
  Silent,
  /** Of a line: the modem has taken a payload. The command then ends with Ok. */
  Sent,
}

/** None: the line is no final result code. */
export function finalResult(line: usize, len: i32): AtResult {
  if (equals(line, len, "OK")) return AtResult.Ok;
  if (equals(line, len, "ERROR") || equals(line, len, "NO CARRIER")) return AtResult.Error;
  if (startsWith(line, len, "+CME ERROR:") || startsWith(line, len, "+CMS ERROR:")) return AtResult.Cme;
  return AtResult.None;
}

/** Of +CME ERROR; -1 when it is text (CMEE 2) or nonsense. */
export function cmeCode(line: usize, len: i32): i32 {
  let code = 0;
  let i = 11;
  while (i < len && load<u8>(line + i) == 0x20) i++;
  if (i == len || len - i > 4) return -1;
  for (; i < len; i++) {
    const d = <u32>load<u8>(line + i) - 0x30;
    if (d > 9) return -1;
    code = code * 10 + <i32>d;
  }
  return code;
}
