// What the AT client has to know of Quectel's modems (see at.ts).

import { Ascii } from "../../util/ascii";
import { equals } from "../../util/text";
import { AtResult, finalResult } from "../at-result";


@unmanaged
export class Quectel {

  @inline
  get prompt(): u32 {
    return 0x3e; // >
  }


  @inline
  get probe(): Ascii {
    return "AT+CMEE?";
  }


  @inline
  get probeAnswer(): Ascii {
    return "+CMEE:";
  }

  /** Sends end with SEND OK or SEND FAIL, and with no OK (TCP/IP Application Note). */
  @inline
  finalResult(line: usize, len: i32): AtResult {
    const result = finalResult(line, len);
    if (result != AtResult.None) return result;
    if (equals(line, len, "SEND OK")) return AtResult.Sent;
    return equals(line, len, "SEND FAIL") ? AtResult.SendFail : AtResult.None;
  }
}
