// INS: the commands of this card. TS 102 221 10.1.2, TS 51.011 9.2.

export const enum Ins {
  Deactivate = 0x04,
  TerminalProfile = 0x10,
  Fetch = 0x12,
  TerminalResponse = 0x14,
  Verify = 0x20,
  ChangePin = 0x24,
  DisablePin = 0x26,
  EnablePin = 0x28,
  UnblockPin = 0x2c,
  Increase = 0x32,
  Activate = 0x44,
  ManageChannel = 0x70,
  Authenticate = 0x88,
  SearchRecord = 0xa2,
  Select = 0xa4,
  ReadBinary = 0xb0,
  ReadRecord = 0xb2,
  GetResponse = 0xc0,
  Envelope = 0xc2,
  UpdateBinary = 0xd6,
  UpdateRecord = 0xdc,
  Status = 0xf2,
  /** 2G only. */
  Sleep = 0xfa,
}

/** Which way the data of a command goes: P3 is Lc (ToCard) or Le (FromCard). */
export const enum Direction {
  Unknown,
  ToCard,
  FromCard,
}

export function directionOf(instruction: i32): i32 {
  switch (instruction) {
    case Ins.Deactivate:
    case Ins.TerminalProfile:
    case Ins.TerminalResponse:
    case Ins.Verify:
    case Ins.ChangePin:
    case Ins.DisablePin:
    case Ins.EnablePin:
    case Ins.UnblockPin:
    case Ins.Increase:
    case Ins.Activate:
    case Ins.Authenticate:
    case Ins.SearchRecord:
    case Ins.Select:
    case Ins.Envelope:
    case Ins.UpdateBinary:
    case Ins.UpdateRecord:
    case Ins.Sleep:
      return Direction.ToCard;
    case Ins.Fetch:
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

/** Whether the command is of TS 102 221's own class (8X) rather than interindustry (0X). 10.1.2. */
export function isUiccCommand(instruction: i32): bool {
  switch (instruction) {
    case Ins.Status:
    case Ins.Increase:
      return true;
    default:
      return isToolkitCommand(instruction);
  }
}

/** Commands of the toolkit go over the basic channel alone. */
export function isToolkitCommand(instruction: i32): bool {
  switch (instruction) {
    case Ins.TerminalProfile:
    case Ins.Fetch:
    case Ins.TerminalResponse:
    case Ins.Envelope:
      return true;
    default:
      return false;
  }
}
