// The command being executed and the answer being built, whatever link it came by.

import { wipe } from "../crypto/constant-time";
import { SW } from "./status-words";
import { Channel, channel } from "./channels";

/** CLA INS P1 P2 P3, 255 bytes of data, Le. */
export const COMMAND_MAX_BYTES: i32 = 261;
export const HEADER_BYTES: i32 = 5;
/** 256 bytes of data, SW1 SW2. */
export const RESPONSE_MAX_BYTES: i32 = 258;

/** `le` when the link takes whatever comes (the direct call with Le 00 or none). */
export const LE_ANY: i32 = -1;

/** Where a link puts the command; the direct call's answer comes back here. */
export const commandBuffer: usize = memory.data(COMMAND_MAX_BYTES);
/** Where the data of the answer is built. */
export const responseBuffer: usize = memory.data(RESPONSE_MAX_BYTES);

/** Fields of the command, set by `commandBegin`. */
export let ins: i32 = 0;
export let p1: i32 = 0;
export let p2: i32 = 0;
/** Bytes of command data at `data()`. */
export let lc: i32 = 0;
/** Bytes the link will take: 1..256 exactly, or LE_ANY. */
export let le: i32 = 0;
let channelNumber: i32 = 0;
/** Bytes of the answer at `responseBuffer`. */
export let responseLength: i32 = 0;

export function data(): usize {
  return commandBuffer + HEADER_BYTES;
}

/** The channel that CLA names. */
export function current(): Channel {
  return channel(channelNumber);
}

/** Number of the channel that CLA names. */
export function currentNumber(): i32 {
  return channelNumber;
}

/** Takes the header at `commandBuffer`; `lcNow` bytes of data follow it, `leNow` may be answered. */
export function commandBegin(channelOfCla: i32, lcNow: i32, leNow: i32): void {
  channelNumber = channelOfCla;
  ins = load<u8>(commandBuffer, 1);
  p1 = load<u8>(commandBuffer, 2);
  p2 = load<u8>(commandBuffer, 3);
  lc = lcNow;
  le = leNow;
  responseLength = 0;
}

/** P1 P2 as a command of another class would have them. */
export function parametersBecome(newP1: i32, newP2: i32): void {
  p1 = newP1;
  p2 = newP2;
}

/** No PIN and no key stays behind in the buffers. */
export function commandWipe(): void {
  wipe(commandBuffer, COMMAND_MAX_BYTES);
}

export function responseWipe(): void {
  wipe(responseBuffer, RESPONSE_MAX_BYTES);
  responseLength = 0;
}

/** 9000 with the `len` (1..256) bytes that stand in `responseBuffer`, of a command that sent data. */
export function answer(len: i32): i32 {
  responseLength = len;
  return SW.Ok;
}

/** Whether an answer of `len` (1..256) bytes is just what the terminal asked for; if not, answer `wrongLe(len)`. */
export function leFits(len: i32): bool {
  return le == LE_ANY || le == len;
}

/** 6Cxx: ask again with this Le. ISO 7816-4 5.1.3. */
export function wrongLe(len: i32): i32 {
  return SW.WrongLe | (len & 0xff);
}
