// Object 4, Connectivity Monitoring: the link to the network, as the modem driver tells it. LwM2M Core E.5.

import { Ascii } from "../../util/ascii";
import { Path } from "../path";
import { Access, Of, objectTable, rowsOf } from "../table";
import { Value } from "../value";
import { CELL, Cells } from "./cells";

const TABLE = objectTable(4, 0x0100, 1, [
  0 | Of.Integer | Access.RM,
  1 | Of.Integer | Access.RsM,
  2 | Of.Integer | Access.RM,
  4 | Of.String | Access.RsM,
  7 | Of.String | Access.Rs,
  8 | Of.Integer | Access.R,
  9 | Of.Integer | Access.R,
  10 | Of.Integer | Access.R,
  12 | Of.Integer | Access.R,
]);

/** Resource 0. */
export const enum Bearer {
  Gsm = 0,
  Wcdma = 2,
  LteTdd = 5,
  LteFdd = 6,
  NbIot = 7,
  Wlan = 21,
  Ethernet = 41,
}

const ADDRESS_MAX: i32 = 45;

/** Place with `place`, then `begin`. */
@unmanaged
export class Monitoring extends Cells {
  private addressLen: i32;
  @bytes(rowsOf(TABLE) * CELL, 8) private cellsAt: usize;
  @bytes(ADDRESS_MAX) private address: usize;

  /** The APN is ASCII; "" when there is none. */
  begin(bearer: Bearer, apn: Ascii): void {
    this.lay(this.cellsAt);
    // One bearer there is, and it is the one in use.
    this.hold(TABLE, 0, bearer);
    this.hold(TABLE, 1, bearer);
    this.hold(TABLE, 2, 0);
    this.holdText(TABLE, 4, this.address, 0);
    if (apn.length > 0) this.holdText(TABLE, 7, changetype<usize>(apn), apn.length);
  }

  // --- What the app says ---

  setBearer(bearer: Bearer): void {
    this.put(TABLE, 0, bearer);
    this.put(TABLE, 1, bearer);
  }

  /** dBm: RSRP of LTE. */
  setSignal(dbm: i32): void {
    this.put(TABLE, 2, dbm);
  }

  /** Serving cell and tracking area; -1: unknown. */
  setCell(cell: i64, tac: i32): void {
    this.putKnown(TABLE, 8, cell);
    this.putKnown(TABLE, 12, tac);
  }

  /** Country and network of the serving network; -1: unknown. */
  setNetwork(mcc: i32, mnc: i32): void {
    this.putKnown(TABLE, 10, mcc);
    this.putKnown(TABLE, 9, mnc);
  }

  /** The device's own address, as text; what is too long for one is none. */
  setAddress(ptr: usize, len: i32): void {
    if (len > ADDRESS_MAX) len = 0;
    if (len == this.addressLen && memory.compare(this.address, ptr, len) == 0) return;
    this.addressLen = len;
    memory.copy(this.address, ptr, len);
    this.holdText(TABLE, 4, this.address, len);
    this.note(TABLE, 4);
  }

  // --- The object ---

  table(): usize {
    return TABLE;
  }

  news(path: Path): bool {
    return this.next(TABLE, path);
  }

  has(_instance: i32, resource: i32): bool {
    return this.holds(TABLE, resource);
  }

  read(_instance: i32, resource: i32, _item: i32, value: Value): void {
    this.get(TABLE, resource, value);
  }
}
