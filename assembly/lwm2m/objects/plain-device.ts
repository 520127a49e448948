// Object 3, Device, in short: what the device is, and what a server may make it do. How it fares, and its clock, are in device.ts.
// LwM2M Core E.4.
//
// The app looks at `wish` when its answers have gone out: a reboot or a factory reset that a server has asked for.

import { Status } from "../../board/index";
import { Ascii } from "../../util/ascii";
import { Access, Of } from "../table";
import { Value } from "../value";
import { News } from "./news";

// prettier-ignore
const TABLE = memory.data<i32>([
  3, 0x0100, 1, 9,
  0 | Of.String | Access.R,
  1 | Of.String | Access.R,
  2 | Of.String | Access.R,
  3 | Of.String | Access.R,
  4 | Access.EM,
  5 | Access.E,
  11 | Of.Integer | Access.RsM,
  16 | Of.String | Access.RM,
  17 | Of.String | Access.R,
]);

/** What a server wants of the device. */
export const enum Wish {
  None,
  Reboot,
  FactoryReset,
}

/** What both kinds have. */
@unmanaged
export class DeviceFacts extends News {
  /** Left to the app, which sets it back to None. */
  wish: Wish;
  private manufacturer: usize;
  private model: usize;
  private version: usize;
  private type: usize;
  protected serial: usize;
  protected serialLen: i32;

  protected describe(manufacturer: Ascii, model: Ascii, version: Ascii, type: Ascii): void {
    this.manufacturer = changetype<usize>(manufacturer);
    this.model = changetype<usize>(model);
    this.version = changetype<usize>(version);
    this.type = changetype<usize>(type);
  }

  protected readFact(resource: i32, value: Value): void {
    switch (resource) {
      case 0:
        value.setText(changetype<Ascii>(this.manufacturer));
        break;
      case 1:
        value.setText(changetype<Ascii>(this.model));
        break;
      case 2:
        value.setString(this.serial, this.serialLen);
        break;
      case 3:
        value.setText(changetype<Ascii>(this.version));
        break;
      case 17:
        value.setText(changetype<Ascii>(this.type));
        break;
      default:
        value.setText("U");
    }
  }

  /** A factory reset is a reboot, too. */
  protected obey(resource: i32): i32 {
    if (this.wish != Wish.FactoryReset) this.wish = resource == 5 ? Wish.FactoryReset : Wish.Reboot;
    return Status.Ok;
  }
}

/** Place with `memory.data(PLAIN_DEVICE_SIZE, 8)`, then `begin`. */
@unmanaged
export class PlainDevice extends DeviceFacts {
  /** The texts are ASCII without quotes. The version is the one that firmware updates tell apart. */
  begin(manufacturer: Ascii, model: Ascii, version: Ascii, type: Ascii): void {
    this.describe(manufacturer, model, version, type);
  }

  /** UTF-8 that stays where and as it is; the IMEI, say. */
  setSerial(ptr: usize, len: i32): void {
    this.serial = ptr;
    this.serialLen = len;
  }

  table(): usize {
    return TABLE;
  }

  has(_instance: i32, resource: i32): bool {
    return resource != 2 || this.serialLen > 0;
  }

  /** Of errors there is one item, "no error". */
  read(_instance: i32, resource: i32, _item: i32, value: Value): void {
    if (resource == 11) value.setInteger(0);
    else this.readFact(resource, value);
  }

  execute(_instance: i32, resource: i32, _ptr: usize, _len: i32): i32 {
    return this.obey(resource);
  }
}

export const PLAIN_DEVICE_SIZE: i32 = <i32>offsetof<PlainDevice>();
