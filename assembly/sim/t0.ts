// T=0, card's side. ISO 7816-3 10, ISO 7816-4 annex A, TS 102 221 7.3.
//
// Characters in (`t0Receive`), characters out (`t0Output`, `t0OutputLength`, `t0OutputDone`); who carries them is not
// known here. The UART does parity and its error signal.
//
// | state  | leaves on                                                                                    |
// |--------|----------------------------------------------------------------------------------------------|
// | Mute   | reset                                                                                        |
// | Header | FF as the first byte after the ATR: Pps; fifth byte: DataIn, Busy, or an answer and Header   |
// | Pps    | last byte of the request: Header, or Mute for a request that gets no answer                  |
// | DataIn | last byte of the data: Busy, or an answer and Header                                         |
// | Busy   | the store takes the write (`t0Poll`), or has not for ten seconds: an answer and Header       |
//
// A card that is busy says NULL before half of the work waiting time is gone. But for that it has no time limits of its
// own: a terminal that stops in the middle of a command resets it.

import { atrWrite } from "./atr";
import { cardReset, execute, headerRefusal, isGsm, channelOf, statusOf } from "./apdu";
import {
  HEADER_BYTES,
  RESPONSE_MAX_BYTES,
  commandBuffer,
  commandWipe,
  responseBuffer,
  responseLength,
  responseWipe,
} from "./command";
import { Direction, Ins, directionOf } from "./instructions";
import { PPS_MAX_BYTES, ppsAnswer, ppsEtu, ppsLength } from "./pps";
import { SW } from "./status-words";
import { wipe } from "../crypto/constant-time";

const enum State {
  Mute,
  Header,
  Pps,
  DataIn,
  Busy,
}

/** Procedure byte: wait on. */
const NULL: i32 = 0x60;
/**
 * Milliseconds between two NULLs. The work waiting time is 960 x WI x Fi clocks; the shortest that this card can have is
 * 714 ms (WI 10, Fi 372, 5 MHz).
 */
const NULL_EVERY: i32 = 250;
/** Milliseconds after which a store that is still busy counts as broken. */
const BUSY_MAX: i32 = 10_000;

const PPSS: i32 = 0xff;
const LE_MAX: i32 = 256;

/** Procedure byte, 256 bytes, SW1 SW2; the ATR is shorter. */
const OUTPUT_MAX_BYTES: i32 = 1 + RESPONSE_MAX_BYTES;
const output: usize = memory.data(OUTPUT_MAX_BYTES);
let outputLength: i32 = 0;
let newEtu: i32 = 0;

let state: i32 = State.Mute;
/** Bytes of the header, of the PPS request or of the command so far. */
let received: i32 = 0;
let ppsAllowed: bool = false;
const pps: usize = memory.data(PPS_MAX_BYTES);

/** The answer that waits in `responseBuffer` for GET RESPONSE: `waiting` bytes from `waitingFrom`, 0 for none. */
let waiting: i32 = 0;
let waitingFrom: i32 = 0;
/** What CLA of GET RESPONSE must have: the same channel, the same world (2G or not). */
let waitingChannel: i32 = 0;
let waitingGsm: bool = false;
let waitingSw: i32 = 0;

// The command that a busy store has put off.
let busyLc: i32 = 0;
let busyLe: i32 = 0;
let busySince: i64 = 0;
let nullAt: i64 = 0;

/** RST was released: all state is new, and the ATR goes out. */
export function t0Reset(): void {
  cardReset();
  commandWipe();
  dropWaiting();
  state = State.Header;
  received = 0;
  busySince = 0;
  ppsAllowed = true;
  newEtu = 0;
  outputLength = atrWrite(output);
}

/** The line failed beyond repair (a character was refused time and again): silent until reset. */
export function t0Fail(): void {
  commandWipe();
  dropWaiting();
  t0OutputDone();
  state = State.Mute;
}

export function t0Output(): usize {
  return output;
}

export function t0OutputLength(): i32 {
  return outputLength;
}

/** The output has been handed to the line. Returns clocks per etu that hold once it has been sent, 0 for no change. */
export function t0OutputDone(): i32 {
  wipe(output, OUTPUT_MAX_BYTES);
  outputLength = 0;
  const etu = newEtu;
  newEtu = 0;
  return etu;
}

/** One character. The line is half-duplex: what comes while output waits is not for this card. */
export function t0Receive(byte: i32): void {
  if (outputLength > 0) return;
  if (state == State.Header) {
    if (received == 0 && byte == PPSS && ppsAllowed) {
      state = State.Pps;
      receivePps(byte);
      return;
    }
    ppsAllowed = false;
    store<u8>(commandBuffer + received, byte);
    if (++received == HEADER_BYTES) header();
  } else if (state == State.Pps) {
    receivePps(byte);
  } else if (state == State.DataIn) {
    store<u8>(commandBuffer + received, byte);
    if (++received == HEADER_BYTES + p3()) run(p3(), LE_MAX, false);
  }
}

function receivePps(byte: i32): void {
  store<u8>(pps + received, byte);
  received++;
  if (received < ppsLength(pps, received)) return;
  const len = ppsAnswer(pps, received, output);
  ppsAllowed = false;
  received = 0;
  outputLength = len;
  newEtu = ppsEtu();
  state = len > 0 ? State.Header : State.Mute;
}

function p3(): i32 {
  return load<u8>(commandBuffer, 4);
}

function header(): void {
  const instruction = <i32>load<u8>(commandBuffer, 1);
  const refusal = headerRefusal();
  if (refusal != 0) {
    dropWaiting();
    finish(refusal);
  } else if (instruction == Ins.GetResponse && waiting > 0) {
    getResponse();
  } else if (directionOf(instruction) == Direction.ToCard && p3() > 0) {
    dropWaiting();
    put(instruction); // procedure byte: all the data now
    state = State.DataIn;
  } else {
    dropWaiting();
    run(0, p3() == 0 ? LE_MAX : p3(), false);
  }
}

/** Executes the command and says its answer as T=0 does. */
function run(lc: i32, le: i32, again: bool): void {
  const cla = <i32>load<u8>(commandBuffer);
  const instruction = <i32>load<u8>(commandBuffer, 1);
  const sw = execute(lc, le, again);
  if (sw == 0) {
    busyLc = lc;
    busyLe = le;
    state = State.Busy;
  } else if (responseLength == 0) {
    finish(statusOf(sw));
  } else if (directionOf(instruction) == Direction.FromCard) {
    put(instruction);
    putResponse(0, responseLength);
    responseWipe();
    finish(statusOf(sw));
  } else {
    waiting = responseLength;
    waitingFrom = 0;
    waitingChannel = channelOf(cla);
    waitingGsm = isGsm(cla);
    waitingSw = sw;
    finish(bytesWaiting());
  }
}

function bytesWaiting(): i32 {
  return (waitingGsm ? SW.GsmBytesWaiting : SW.BytesWaiting) | (waiting & 0xff);
}

/** A command waits for the store: call `t0Poll` within a few milliseconds. */
export function t0Busy(): bool {
  return state == State.Busy;
}

/** Tries a command again that was put off. `now`: milliseconds that never run back. */
export function t0Poll(now: i64): void {
  if (state != State.Busy || outputLength > 0) return;
  if (busySince == 0) {
    busySince = max<i64>(now, 1);
    nullAt = now + NULL_EVERY;
  }
  if (now - busySince >= BUSY_MAX) {
    finish(SW.MemoryProblem);
    return;
  }
  run(busyLc, busyLe, true);
  if (state != State.Busy || now < nullAt) return;
  put(NULL);
  nullAt = now + NULL_EVERY;
}

/** ISO 7816-4 7.6.1: on the channel of the command that it serves, whole or in parts. */
function getResponse(): void {
  const cla = <i32>load<u8>(commandBuffer);
  if (channelOf(cla) != waitingChannel || isGsm(cla) != waitingGsm) {
    dropWaiting();
    finish(SW.ConditionsNotSatisfied);
    return;
  }
  if (load<u16>(commandBuffer, 2) != 0) {
    dropWaiting();
    finish(SW.WrongParameters);
    return;
  }
  const le = p3() == 0 ? LE_MAX : p3();
  if (le > waiting) {
    finish((waitingGsm ? SW.WrongLength : SW.WrongLe) | (waiting & 0xff));
    return;
  }
  put(Ins.GetResponse);
  putResponse(waitingFrom, le);
  waitingFrom += le;
  waiting -= le;
  if (waiting > 0 && !waitingGsm) {
    finish(bytesWaiting());
    return;
  }
  const sw = waitingSw;
  dropWaiting();
  finish(statusOf(sw));
}

function dropWaiting(): void {
  waiting = 0;
  responseWipe();
}

function put(byte: i32): void {
  store<u8>(output + outputLength, byte);
  outputLength++;
}

function putResponse(from: i32, len: i32): void {
  memory.copy(output + outputLength, responseBuffer + from, len);
  outputLength += len;
}

/** SW1 SW2 end the command. */
function finish(sw: i32): void {
  put(sw >> 8);
  put(sw);
  commandWipe();
  received = 0;
  busySince = 0;
  state = State.Header;
}
