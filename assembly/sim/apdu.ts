// Which command is it, may it run, run it. TS 102 221 10.1.

import { authenticate } from "./authenticate";
import { CHANNELS, channel, channelsReset } from "./channels";
import { commandBegin, commandBuffer, ins, responseWipe } from "./command";
import { readBinary, readRecord, select, status, treeLoad, updateBinary, updateRecord } from "./files";
import { manageChannel } from "./manage-channel";
import { changePin, disablePin, enablePin, pinsReset, unblockPin, verifyPin } from "./pin";
import { SW } from "./status-words";

export const enum Ins {
  TerminalProfile = 0x10,
  Verify = 0x20,
  ChangePin = 0x24,
  DisablePin = 0x26,
  EnablePin = 0x28,
  UnblockPin = 0x2c,
  ManageChannel = 0x70,
  Authenticate = 0x88,
  Select = 0xa4,
  ReadBinary = 0xb0,
  ReadRecord = 0xb2,
  GetResponse = 0xc0,
  UpdateBinary = 0xd6,
  UpdateRecord = 0xdc,
  Status = 0xf2,
}

/** Which way the data of a command goes: P3 is Lc (ToCard) or Le (FromCard). */
export const enum Direction {
  Unknown,
  ToCard,
  FromCard,
}

export function directionOf(instruction: i32): i32 {
  switch (instruction) {
    case Ins.TerminalProfile:
    case Ins.Verify:
    case Ins.ChangePin:
    case Ins.DisablePin:
    case Ins.EnablePin:
    case Ins.UnblockPin:
    case Ins.Authenticate:
    case Ins.Select:
    case Ins.UpdateBinary:
    case Ins.UpdateRecord:
      return Direction.ToCard;
    case Ins.ManageChannel:
    case Ins.ReadBinary:
    case Ins.ReadRecord:
    case Ins.GetResponse:
    case Ins.Status:
      return Direction.FromCard;
    default:
      return Direction.Unknown;
  }
}

/** Whether the command is TS 102 221's own (class 8X) rather than interindustry (class 0X). */
function isUiccCommand(instruction: i32): bool {
  return instruction == Ins.Status || instruction == Ins.TerminalProfile;
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
  responseWipe();
}

/** What is wrong with a header before any data is taken: 0 or a status word. */
export function headerRefusal(): i32 {
  const cla = <i32>load<u8>(commandBuffer);
  const instruction = <i32>load<u8>(commandBuffer, 1);
  const extended = (cla & 0x40) != 0;
  // 0X, 4X interindustry; 8X, CX of TS 102 221. All other classes (A0: a 2G SIM's) are not this card's.
  if ((cla & 0x30) != 0) return SW.UnknownCla;
  if (!extended && (cla & 0x0c) != 0) return SW.SecureMessagingUnsupported;
  if (directionOf(instruction) == Direction.Unknown) return SW.UnknownIns;
  // GET RESPONSE takes the class of the command that it serves.
  if (instruction != Ins.GetResponse && ((cla & 0x80) != 0) != isUiccCommand(instruction)) return SW.UnknownCla;
  const number = channelOf(cla);
  if (number >= CHANNELS || !channel(number).open) return SW.ChannelUnsupported;
  return 0;
}

/**
 * Runs the command at `commandBuffer`, whose header was not refused, with `lc` bytes of data; `le` is 1..256 or LE_ANY.
 * Returns SW1 SW2 and leaves `responseLength` bytes in `responseBuffer`, 0 unless the status is 9000.
 */
export function execute(lc: i32, le: i32): i32 {
  commandBegin(channelOf(load<u8>(commandBuffer)), lc, le);
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
      return SW.Ok; // no toolkit: the profile is of no use to this card
    case Ins.GetResponse:
      return SW.ConditionsNotSatisfied; // nothing waits; with an answer waiting, t0.ts has served it
    default:
      return SW.UnknownIns;
  }
}
