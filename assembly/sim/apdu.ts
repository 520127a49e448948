// Which command is it, may it run, run it. TS 102 221 10.1.

import { authenticate } from "./authenticate";
import { CHANNELS, channel, channelsReset } from "./channels";
import { commandBegin, commandBuffer, currentNumber, ins, responseWipe } from "./command";
import {
  activateFile,
  deactivateFile,
  increase,
  readBinary,
  readRecord,
  searchRecord,
  select,
  status,
  treeLoad,
  updateBinary,
  updateRecord,
} from "./files";
import { gsmExecute } from "./gsm";
import { Direction, Ins, directionOf, isToolkitCommand, isUiccCommand } from "./instructions";
import { manageChannel } from "./manage-channel";
import { changePin, disablePin, enablePin, pinsBegin, pinsReset, unblockPin, verifyPin } from "./pin";
import { SW } from "./status-words";
import { storeBusy } from "./store";
import { envelope, fetch, terminalProfile, terminalResponse, toolkitReset, toolkitStatus } from "./toolkit";

/** Class of a 2G terminal's commands. */
const GSM: i32 = 0xa0;

export function isGsm(cla: i32): bool {
  return cla == GSM;
}

/** The logical channel that CLA names, 0..19. TS 102 221 10.1.1. */
export function channelOf(cla: i32): i32 {
  return cla & 0x40 ? 4 + (cla & 15) : cla & 3;
}

/** State after reset, cold or warm: basic channel on the MF, nothing verified. */
export function cardReset(): void {
  treeLoad();
  channelsReset();
  pinsReset();
  toolkitReset();
  responseWipe();
}

/** What is wrong with a header before any data is taken: 0 or a status word. */
export function headerRefusal(): i32 {
  const cla = <i32>load<u8>(commandBuffer);
  const instruction = <i32>load<u8>(commandBuffer, 1);
  const known = directionOf(instruction) != Direction.Unknown;
  if (isGsm(cla)) return known && instruction != Ins.ManageChannel ? 0 : SW.UnknownIns;
  const extended = (cla & 0x40) != 0;
  // 0X, 4X interindustry; 8X, CX of TS 102 221. Other classes are not this card's.
  if ((cla & 0x30) != 0) return SW.UnknownCla;
  if (!extended && (cla & 0x0c) != 0) return SW.SecureMessagingUnsupported;
  if (!known || instruction == Ins.Sleep) return SW.UnknownIns;
  // GET RESPONSE takes the class of the command that it serves.
  if (instruction != Ins.GetResponse && ((cla & 0x80) != 0) != isUiccCommand(instruction)) return SW.UnknownCla;
  const number = channelOf(cla);
  if (number >= CHANNELS || !channel(number).open) return SW.ChannelUnsupported;
  return number != 0 && isToolkitCommand(instruction) ? SW.ChannelUnsupported : 0;
}

/**
 * Runs the command at `commandBuffer`, whose header was not refused, with `lc` bytes of data; `le` is 1..256 or LE_ANY.
 * Returns SW1 SW2 (of which 9000 may still become 91xx: `statusOf`) and leaves `responseLength` bytes in
 * `responseBuffer`, 0 unless the status is 9000 or a warning.
 *
 * 0: the store is busy, nothing has happened, and the same is to be run `again` (true) a little later.
 */
export function execute(lc: i32, le: i32, again: bool): i32 {
  commandBegin(channelOf(load<u8>(commandBuffer)), lc, le);
  if (!again) pinsBegin();
  storeBusy();
  const sw = isGsm(load<u8>(commandBuffer)) ? gsmExecute() : run();
  if (!storeBusy()) return sw;
  responseWipe();
  return 0;
}

/** The status word that ends the command whose own is `sw`. */
export function statusOf(sw: i32): i32 {
  return toolkitStatus(sw, currentNumber());
}

function run(): i32 {
  switch (ins) {
    case Ins.Select:
      return select();
    case Ins.Status:
      return status();
    case Ins.ReadBinary:
      return readBinary();
    case Ins.UpdateBinary:
      return updateBinary();
    case Ins.ReadRecord:
      return readRecord();
    case Ins.UpdateRecord:
      return updateRecord();
    case Ins.SearchRecord:
      return searchRecord();
    case Ins.Increase:
      return increase();
    case Ins.Activate:
      return activateFile();
    case Ins.Deactivate:
      return deactivateFile();
    case Ins.Verify:
      return verifyPin();
    case Ins.ChangePin:
      return changePin();
    case Ins.DisablePin:
      return disablePin();
    case Ins.EnablePin:
      return enablePin();
    case Ins.UnblockPin:
      return unblockPin();
    case Ins.ManageChannel:
      return manageChannel();
    case Ins.Authenticate:
      return authenticate();
    case Ins.TerminalProfile:
      return terminalProfile();
    case Ins.Fetch:
      return fetch();
    case Ins.TerminalResponse:
      return terminalResponse();
    case Ins.Envelope:
      return envelope();
    case Ins.GetResponse:
      return SW.ConditionsNotSatisfied; // nothing waits; with an answer waiting, t0.ts has served it
    default:
      return SW.UnknownIns;
  }
}
