// Object 3, Device, in short: what the device is, and what a server may make it do. How it fares, and its clock, are in device.ts.
// LwM2M Core E.4.
//
// The app looks at `wish` when its answers have gone out: a reboot or a factory reset that a server has asked for.

import { Status } from "../../board/index";
import { Ascii } from "../../util/ascii";
import { Access, Of, objectTable, rowsOf } from "../table";
import { Value } from "../value";
import { CELL, Cells } from "./cells";

const TABLE = objectTable(3, 0x0100, 1, [
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

/** What both kinds have: texts that say what the device is, and the wish. */
@unmanaged
export class DeviceFacts extends Cells {
  /** Left to the app, which sets it back to None. */
  wish: Wish;

  protected describe(table: usize, manufacturer: Ascii, model: Ascii, version: Ascii, type: Ascii): void {
    this.say(table, 0, manufacturer);
    this.say(table, 1, model);
    this.say(table, 3, version);
    this.say(table, 16, "U");
    this.say(table, 17, type);
    // No error.
    this.hold(table, 11, 0);
  }

  private say(table: usize, resource: i32, text: Ascii): void {
    this.holdText(table, resource, changetype<usize>(text), text.length);
  }

  /** A factory reset is a reboot, too. */
  protected obey(resource: i32): i32 {
    if (this.wish != Wish.FactoryReset) this.wish = resource == 5 ? Wish.FactoryReset : Wish.Reboot;
    return Status.Ok;
  }
}

/** Place with `place`, then `begin`. */
@unmanaged
export class PlainDevice extends DeviceFacts {
  @bytes(rowsOf(TABLE) * CELL, 8) private cellsAt: usize;

  /** The texts are ASCII without quotes. The version is the one that firmware updates tell apart. */
  begin(manufacturer: Ascii, model: Ascii, version: Ascii, type: Ascii): void {
    this.lay(this.cellsAt);
    this.describe(TABLE, manufacturer, model, version, type);
  }

  /** UTF-8 that stays where and as it is; the IMEI, say. */
  setSerial(ptr: usize, len: i32): void {
    this.holdText(TABLE, 2, ptr, len);
  }

  table(): usize {
    return TABLE;
  }

  has(_instance: i32, resource: i32): bool {
    return this.holds(TABLE, resource);
  }

  read(_instance: i32, resource: i32, _item: i32, value: Value): void {
    this.get(TABLE, resource, value);
  }

  execute(_instance: i32, resource: i32, _ptr: usize, _len: i32): i32 {
    return this.obey(resource);
  }
}
