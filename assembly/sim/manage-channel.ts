// MANAGE CHANNEL. TS 102 221 11.1.17.

import { CHANNELS, channel, channelFree, channelOpen } from "./channels";
import { answer, current, currentNumber, leFits, p1, p2, responseBuffer, wrongLe } from "./command";
import { SW } from "./status-words";

const OPEN: i32 = 0x00;
const CLOSE: i32 = 0x80;

export function manageChannel(): i32 {
  if (p1 == OPEN) return open();
  if (p1 != CLOSE) return SW.WrongParameters;
  // P2 00 closes the channel that CLA names; the basic channel stays.
  const number = p2 == 0 ? currentNumber() : p2;
  if (number == 0 || number >= CHANNELS) return SW.WrongParameters;
  if (!channel(number).open) return SW.ChannelUnsupported;
  channel(number).open = false;
  return SW.Ok;
}

/** P2 00: the card chooses and tells the number in one byte; else the terminal has chosen. */
function open(): i32 {
  if (p2 >= CHANNELS) return SW.WrongParameters;
  if (p2 != 0) {
    if (channel(p2).open) return SW.FunctionUnsupported;
    openAs(p2);
    return SW.Ok;
  }
  const number = channelFree();
  if (number == 0) return SW.FunctionUnsupported;
  if (!leFits(1)) return wrongLe(1);
  openAs(number);
  store<u8>(responseBuffer, number);
  return answer(1);
}

/** From the basic channel: on the MF. From another: where that one is. */
function openAs(number: i32): void {
  channelOpen(number);
  if (currentNumber() == 0) return;
  const from = current();
  channel(number).df = from.df;
  channel(number).application = from.application;
}
