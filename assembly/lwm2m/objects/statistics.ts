// Object 7, Connectivity Statistics: what has gone over the link while a server wanted it counted. LwM2M Core E.8.

import { never } from "../../util/wait";
import { Status } from "../../board/index";
import { Path } from "../path";
import { Access, Of, objectTable } from "../table";
import { Value } from "../value";
import { News } from "./news";

const TABLE = objectTable(7, 0x0100, 1, [
  2 | Of.Integer | Access.R,
  3 | Of.Integer | Access.R,
  4 | Of.Integer | Access.R,
  5 | Of.Integer | Access.R,
  6 | Access.EM,
  7 | Access.EM,
  8 | Of.Integer | Access.RW,
]);

const SECOND: i64 = 1_000;

/** Place with `place`; all zero is not counting. */
@unmanaged
export class Statistics extends News {
  private tx: u64;
  private rx: u64;
  private longest: i32;
  private messages: i32;
  private isCounting: bool;
  /** Resource 8, s; 0: until it is stopped. */
  private period: i32;
  private now: i64;
  private until: i64;

  // --- What the app says ---

  /** Bytes that have gone up and come down in one message, 0 for neither; with the time, also when there was none. */
  count(now: i64, up: i32, down: i32): void {
    this.now = now;
    if (this.isCounting && now >= this.until) this.isCounting = false;
    const len = up + down;
    if (!this.isCounting || len == 0) return;
    const kb = (this.tx >> 10) + (this.rx >> 10);
    this.tx += up;
    this.rx += down;
    this.messages++;
    this.longest = max(this.longest, len);
    // Kilobytes are what is told.
    if ((this.tx >> 10) + (this.rx >> 10) == kb) return;
    this.note(TABLE, up > 0 ? 2 : 3);
  }

  // --- The object ---

  table(): usize {
    return TABLE;
  }

  news(path: Path): bool {
    return this.next(TABLE, path);
  }

  read(_instance: i32, resource: i32, _item: i32, value: Value): void {
    switch (resource) {
      case 2:
        value.setInteger(this.tx >> 10);
        break;
      case 3:
        value.setInteger(this.rx >> 10);
        break;
      case 4:
        value.setInteger(this.longest);
        break;
      case 5:
        value.setInteger(this.messages == 0 ? 0 : (this.tx + this.rx) / <u64>this.messages);
        break;
      default:
        value.setInteger(this.period);
    }
  }

  check(_instance: i32, _resource: i32, _item: i32, value: Value): i32 {
    return value.int >= 0 && value.int <= i32.MAX_VALUE ? Status.Ok : Status.Invalid;
  }

  write(_instance: i32, _resource: i32, _item: i32, value: Value): i32 {
    this.period = <i32>value.int;
    return Status.Ok;
  }

  unset(_instance: i32, _resource: i32): void {
    this.period = 0;
  }

  /** 6 starts again, 7 stops. */
  execute(_instance: i32, resource: i32, _ptr: usize, _len: i32): i32 {
    this.isCounting = resource == 6;
    if (!this.isCounting) return Status.Ok;
    this.tx = 0;
    this.rx = 0;
    this.longest = 0;
    this.messages = 0;
    this.until = this.period > 0 ? this.now + <i64>this.period * SECOND : never();
    this.note(TABLE, 2);
    this.note(TABLE, 3);
    return Status.Ok;
  }
}
