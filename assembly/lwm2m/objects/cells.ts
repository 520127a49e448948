// What a standard object holds: for each resource of its table a cell, with a number, a text, or nothing in it.

import { Type } from "../fields";
import { ObjectTable } from "../table";
import { Value } from "../value";
import { News } from "./news";

/** Of one cell: an integer, or where a text is and how long. */
export const CELL: i32 = 8;


@unmanaged
export class Cells extends News {
  /** Bit k: the cell of the table's resource k holds something. */
  private held: u32;
  private cells: usize;

  /** The cells are at `at`, all empty. */
  protected lay(at: usize): void {
    this.cells = at;
    this.held = 0;
  }

  private cell(table: usize, resource: i32): usize {
    return this.cells + ((<usize>changetype<ObjectTable>(table).find(resource)) << 3);
  }

  private bit(table: usize, resource: i32): u32 {
    return 1 << changetype<ObjectTable>(table).find(resource);
  }

  /** The resource has that number now, which is not worth a notification. */
  protected hold(table: usize, resource: i32, value: i64): void {
    store<i64>(this.cell(table, resource), value);
    this.held |= this.bit(table, resource);
  }

  /** The same of UTF-8 that stays where it is. */
  protected holdText(table: usize, resource: i32, ptr: usize, len: i32): void {
    this.hold(table, resource, ((<i64>len) << 32) | ptr);
  }

  /** It has none. */
  protected drop(table: usize, resource: i32): void {
    this.held &= ~this.bit(table, resource);
  }

  protected holds(table: usize, resource: i32): bool {
    return (this.held & this.bit(table, resource)) != 0;
  }

  /** The resource has that number now, which observers hear of when it is another. */
  protected put(table: usize, resource: i32, value: i64): void {
    if (this.holds(table, resource) && load<i64>(this.cell(table, resource)) == value) return;
    this.hold(table, resource, value);
    this.note(table, resource);
  }

  /** The same of a number that is none when it is below 0. */
  protected putKnown(table: usize, resource: i32, value: i64): void {
    if (value >= 0) {
      this.put(table, resource, value);
    } else if (this.holds(table, resource)) {
      this.drop(table, resource);
      this.note(table, resource);
    }
  }

  protected get(table: usize, resource: i32, value: Value): void {
    const held = load<i64>(this.cell(table, resource));
    const rows = changetype<ObjectTable>(table);
    if (rows.row(rows.find(resource)).type == Type.String) value.setString(<usize>held, <i32>(held >> 32));
    else value.setInteger(held);
  }
}
