// Object 3, Device: what the device is, how it fares, and what a server may make it do. LwM2M Core E.4.
//
// The app sets what it knows, and looks at `wish` when its answers have gone out: a reboot or a factory reset that a server has asked for.
// What a device is, and its wish, are in plain-device.ts, for an app that needs no more.

import { Status } from "../../board/index";
import { Ascii } from "../../util/ascii";
import { Path } from "../path";
import { Access, Of } from "../table";
import { Value } from "../value";
import { DeviceFacts } from "./plain-device";

export { Wish } from "./plain-device";

// prettier-ignore
const TABLE = memory.data<i32>([
  3, 0x0100, 1, 18,
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
/** Absent numbers. */
const UNKNOWN: i32 = i32.MIN_VALUE;

/** Place with `memory.data(DEVICE_SIZE, 8)`, then `begin`. */
@unmanaged
export class Device extends DeviceFacts {
  private source: i32;
  private millivolts: i32;
  private percent: i32;
  private status: i32;
  private freeKb: i32;
  private errorCount: i32;
  /** Seconds since 1970, -1 while unknown; what a server has set it to is ahead of the device's own by `ahead`. */
  private seconds: i64;
  private ahead: i64;
  private offsetLen: i32;
  private zoneLen: i32;


  @inline
  private get errors(): usize {
    return changetype<usize>(this) + offsetof<Device>();
  }


  @inline
  private get offset(): usize {
    return this.errors + ERRORS;
  }


  @inline
  private get zone(): usize {
    return this.offset + OFFSET_MAX;
  }

  /** The texts are ASCII without quotes. The version is the one that firmware updates tell apart. */
  begin(manufacturer: Ascii, model: Ascii, version: Ascii, type: Ascii): void {
    this.describe(manufacturer, model, version, type);
    this.source = UNKNOWN;
    this.millivolts = UNKNOWN;
    this.percent = UNKNOWN;
    this.status = UNKNOWN;
    this.freeKb = UNKNOWN;
    this.seconds = -1;
  }

  // --- What the app says ---

  /** UTF-8 that stays where it is; the IMEI, say. */
  setSerial(ptr: usize, len: i32): void {
    this.serial = ptr;
    this.serialLen = len;
    this.note(TABLE, 2);
  }

  setPower(source: PowerSource, millivolts: i32): void {
    if (this.source != source) this.note(TABLE, 6);
    if (this.millivolts != millivolts) this.note(TABLE, 7);
    this.source = source;
    this.millivolts = millivolts;
  }

  /** Percent. */
  setBattery(level: i32, status: BatteryStatus): void {
    if (this.percent != level) this.note(TABLE, 9);
    if (this.status != status) this.note(TABLE, 20);
    this.percent = level;
    this.status = status;
  }

  setFreeMemory(kilobytes: i32): void {
    if (this.freeKb != kilobytes) this.note(TABLE, 10);
    this.freeKb = kilobytes;
  }

  /** Seconds since 1970, at every turn; -1 while unknown. It is not worth a notification. */
  setTime(seconds: i64): void {
    this.seconds = seconds;
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
    switch (resource) {
      case 2:
        return this.serialLen > 0;
      case 6:
        return this.source != UNKNOWN;
      case 7:
        return this.millivolts != UNKNOWN;
      case 9:
        return this.percent != UNKNOWN;
      case 10:
        return this.freeKb != UNKNOWN;
      case 13:
        return this.seconds >= 0;
      case 14:
        return this.offsetLen > 0;
      case 15:
        return this.zoneLen > 0;
      case 20:
        return this.status != UNKNOWN;
      default:
        return true;
    }
  }

  read(_instance: i32, resource: i32, item: i32, value: Value): void {
    switch (resource) {
      case 6:
        value.setInteger(this.source);
        break;
      case 7:
        value.setInteger(this.millivolts);
        break;
      case 9:
        value.setInteger(this.percent);
        break;
      case 10:
        value.setInteger(this.freeKb);
        break;
      case 11:
        value.setInteger(item < this.errorCount ? load<u8>(this.errors + item) : DeviceError.None);
        break;
      case 13:
        value.setInteger(this.seconds + this.ahead);
        break;
      case 14:
        value.setString(this.offset, this.offsetLen);
        break;
      case 15:
        value.setString(this.zone, this.zoneLen);
        break;
      case 20:
        value.setInteger(this.status);
        break;
      default:
        this.readFact(resource, value);
    }
  }

  check(_instance: i32, resource: i32, _item: i32, value: Value): i32 {
    if (resource == 13) return value.int >= 0 ? Status.Ok : Status.Invalid;
    return value.len <= (resource == 14 ? OFFSET_MAX : ZONE_MAX) ? Status.Ok : Status.TooLong;
  }

  write(_instance: i32, resource: i32, _item: i32, value: Value): i32 {
    if (resource == 13) {
      if (this.seconds < 0) this.seconds = 0;
      this.ahead = value.int - this.seconds;
    } else if (resource == 14) {
      this.offsetLen = value.len;
      memory.copy(this.offset, value.ptr, value.len);
    } else {
      this.zoneLen = value.len;
      memory.copy(this.zone, value.ptr, value.len);
    }
    return Status.Ok;
  }

  unset(_instance: i32, resource: i32): void {
    if (resource == 13) this.ahead = 0;
    else if (resource == 14) this.offsetLen = 0;
    else this.zoneLen = 0;
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

export const DEVICE_SIZE: i32 = <i32>offsetof<Device>() + ERRORS + OFFSET_MAX + ZONE_MAX;
