// Object 3, Device: what the device is, how it fares, and what a server may make it do. LwM2M Core E.4.
//
// The app sets what it knows, and looks at `wish` when its answers have gone out: a reboot or a factory reset that a server has asked for.
// What a device is, and its wish, are in plain-device.ts, for an app that needs no more.

import { Status } from "../../board/index";
import { Ascii } from "../../util/ascii";
import { Path } from "../path";
import { Access, Of, objectTable, rowsOf } from "../table";
import { Value } from "../value";
import { CELL } from "./cells";
import { DeviceFacts } from "./plain-device";

export { Wish } from "./plain-device";

const TABLE = objectTable(3, 0x0100, 1, [
  0 | Of.String | Access.R,
  1 | Of.String | Access.R,
  2 | Of.String | Access.R,
  3 | Of.String | Access.R,
  4 | Access.EM,
  5 | Access.E,
  6 | Of.Integer | Access.Rs,
  7 | Of.Integer | Access.Rs,
  9 | Of.Integer | Access.R,
  10 | Of.Integer | Access.R,
  11 | Of.Integer | Access.RsM,
  12 | Access.E,
  13 | Of.Time | Access.RW,
  14 | Of.String | Access.RW,
  15 | Of.String | Access.RW,
  16 | Of.String | Access.RM,
  17 | Of.String | Access.R,
  20 | Of.Integer | Access.R,
]);

/** Resource 11. */
export const enum DeviceError {
  None = 0,
  LowBattery = 1,
  NoExternalPower = 2,
  Gps = 3,
  LowSignal = 4,
  OutOfMemory = 5,
  Sms = 6,
  Ip = 7,
  Peripheral = 8,
}

/** Resource 6. */
export const enum PowerSource {
  Dc = 0,
  InternalBattery = 1,
  ExternalBattery = 2,
  FuelCell = 3,
  PowerOverEthernet = 4,
  Usb = 5,
  Mains = 6,
  Solar = 7,
}

/** Resource 20. */
export const enum BatteryStatus {
  Normal = 0,
  Charging = 1,
  Charged = 2,
  Low = 3,
  Damaged = 4,
  NotInstalled = 5,
  Unknown = 6,
}

/** Error codes that are kept; of more the oldest are. */
const ERRORS: i32 = 8;
const OFFSET_MAX: i32 = 6;
const ZONE_MAX: i32 = 40;

/** Place with `place`, then `begin`. */
@unmanaged
export class Device extends DeviceFacts {
  private errorCount: i32;
  /** Seconds since 1970, -1 while unknown; what a server has set it to is ahead of the device's own by `ahead`. */
  private seconds: i64;
  private ahead: i64;
  @bytes(rowsOf(TABLE) * CELL, 8) private cellsAt: usize;
  @bytes(ERRORS) private errors: usize;
  @bytes(OFFSET_MAX) private offset: usize;
  @bytes(ZONE_MAX) private zone: usize;

  /** The texts are ASCII without quotes. The version is the one that firmware updates tell apart. */
  begin(manufacturer: Ascii, model: Ascii, version: Ascii, type: Ascii): void {
    this.lay(this.cellsAt);
    this.describe(TABLE, manufacturer, model, version, type);
    this.seconds = -1;
  }

  // --- What the app says ---

  /** UTF-8 that stays where it is; the IMEI, say. */
  setSerial(ptr: usize, len: i32): void {
    this.text(2, ptr, len);
    this.note(TABLE, 2);
  }

  setPower(source: PowerSource, millivolts: i32): void {
    this.put(TABLE, 6, source);
    this.put(TABLE, 7, millivolts);
  }

  /** Percent. */
  setBattery(level: i32, status: BatteryStatus): void {
    this.put(TABLE, 9, level);
    this.put(TABLE, 20, status);
  }

  setFreeMemory(kilobytes: i32): void {
    this.put(TABLE, 10, kilobytes);
  }

  /** Seconds since 1970, at every turn; -1 while unknown. It is not worth a notification. */
  setTime(seconds: i64): void {
    this.seconds = seconds;
    if (seconds < 0) this.drop(TABLE, 13);
    else this.hold(TABLE, 13, seconds + this.ahead);
  }

  /** Adds an error code, once. */
  raise(error: DeviceError): void {
    const errors = this.errors;
    for (let i = 0; i < this.errorCount; i++) if (load<u8>(errors + i) == error) return;
    if (this.errorCount == ERRORS) {
      memory.copy(errors, errors + 1, ERRORS - 1);
      this.errorCount--;
    }
    store<u8>(errors + this.errorCount++, error);
    this.note(TABLE, 11);
  }

  // --- The object ---

  table(): usize {
    return TABLE;
  }

  news(path: Path): bool {
    return this.next(TABLE, path);
  }

  /** Without an error there is one item, "no error". */
  nextItem(_instance: i32, resource: i32, after: i32): i32 {
    const count = resource == 11 ? max(this.errorCount, 1) : 1;
    return after + 1 < count ? after + 1 : -1;
  }

  has(_instance: i32, resource: i32): bool {
    return this.holds(TABLE, resource);
  }

  read(_instance: i32, resource: i32, item: i32, value: Value): void {
    if (resource == 11 && item < this.errorCount) value.setInteger(load<u8>(this.errors + item));
    else this.get(TABLE, resource, value);
  }

  check(_instance: i32, resource: i32, _item: i32, value: Value): i32 {
    if (resource == 13) return value.int >= 0 ? Status.Ok : Status.Invalid;
    return value.len <= (resource == 14 ? OFFSET_MAX : ZONE_MAX) ? Status.Ok : Status.TooLong;
  }

  write(_instance: i32, resource: i32, _item: i32, value: Value): i32 {
    if (resource == 13) {
      const seconds = max(this.seconds, 0);
      this.ahead = value.int - seconds;
      this.setTime(seconds);
    } else {
      const into = resource == 14 ? this.offset : this.zone;
      memory.copy(into, value.ptr, value.len);
      this.text(resource, into, value.len);
    }
    return Status.Ok;
  }

  /** An empty text is none. */
  private text(resource: i32, ptr: usize, len: i32): void {
    if (len > 0) this.holdText(TABLE, resource, ptr, len);
    else this.drop(TABLE, resource);
  }

  unset(_instance: i32, resource: i32): void {
    if (resource == 13) {
      this.ahead = 0;
      this.setTime(this.seconds);
    } else {
      this.drop(TABLE, resource);
    }
  }

  execute(_instance: i32, resource: i32, _ptr: usize, _len: i32): i32 {
    if (resource == 12) {
      this.errorCount = 0;
      this.note(TABLE, 11);
    } else {
      return this.obey(resource);
    }
    return Status.Ok;
  }
}
