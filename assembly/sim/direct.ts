// Whole APDUs handed over in memory, for boards whose modem has no card contacts. ISO 7816-4 5.1, short lengths.

import { Status } from "../board";
import { execute, headerRefusal, statusOf } from "./apdu";
import {
  COMMAND_MAX_BYTES,
  HEADER_BYTES,
  LE_ANY,
  commandBuffer,
  commandWipe,
  responseBuffer,
  responseLength,
  responseWipe,
} from "./command";
import { Direction, directionOf } from "./instructions";
import { SW } from "./status-words";

/** The command in the buffer was put off by a busy store, and is expected again. */
let again: bool = false;

/** The card was reset: what was put off is forgotten. */
export function directReset(): void {
  again = false;
}

/**
 * Runs the command of `len` bytes at `commandBuffer`; its data and SW1 SW2 come back there. Returns their length; or
 * Again while the store is busy, with the buffer as it was: to be called again with the same.
 */
export function directApdu(len: i32): i32 {
  const sw = runApdu(len);
  again = sw == 0;
  if (again) return Status.Again;
  const dataBytes = responseLength;
  commandWipe();
  memory.copy(commandBuffer, responseBuffer, dataBytes);
  responseWipe();
  store<u8>(commandBuffer + dataBytes, sw >> 8);
  store<u8>(commandBuffer + dataBytes, sw, 1);
  return dataBytes + 2;
}

function runApdu(len: i32): i32 {
  // CLA INS P1 P2 | [Lc data] | [Le]
  if (len < HEADER_BYTES - 1 || len > COMMAND_MAX_BYTES) return SW.WrongLength;
  const refusal = headerRefusal();
  if (refusal != 0) return refusal;
  const instruction = <i32>load<u8>(commandBuffer, 1);
  const p3 = len >= HEADER_BYTES ? <i32>load<u8>(commandBuffer, 4) : 0;
  const toCard = directionOf(instruction) == Direction.ToCard;
  if (len <= HEADER_BYTES) {
    if (toCard && p3 != 0) return SW.WrongLength;
    return ended(execute(0, p3 == 0 ? LE_ANY : p3, again));
  }
  const body = HEADER_BYTES + p3;
  if (!toCard || p3 == 0 || len < body || len > body + 1) return SW.WrongLength;
  return ended(execute(p3, LE_ANY, again));
}

function ended(sw: i32): i32 {
  return sw == 0 ? 0 : statusOf(sw);
}
