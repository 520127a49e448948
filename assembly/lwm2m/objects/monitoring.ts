// Object 4, Connectivity Monitoring: the link to the network, as the modem driver tells it. LwM2M Core E.5.

import { Ascii } from "../../util/ascii";
import { Path } from "../path";
import { Access, Of } from "../table";
import { Value } from "../value";
import { News } from "./news";

// prettier-ignore
const TABLE = memory.data<i32>([
  4, 0x0100, 1, 9,
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

/** Place with `memory.data(MONITORING_SIZE, 8)`, then `begin`. */
@unmanaged
export class Monitoring extends News {
  private bearer: i32;
  private dbm: i32;
  private apn: usize;
  private cell: i64;
  private mcc: i32;
  private mnc: i32;
  private tac: i32;
  private addressLen: i32;


  @inline
  private get address(): usize {
    return changetype<usize>(this) + offsetof<Monitoring>();
  }

  /** The APN is ASCII; "" when there is none. */
  begin(bearer: Bearer, apn: Ascii): void {
    this.bearer = bearer;
    this.apn = changetype<usize>(apn);
    this.cell = -1;
    this.mcc = -1;
    this.mnc = -1;
    this.tac = -1;
  }

  // --- What the app says ---

  setBearer(bearer: Bearer): void {
    if (this.bearer != bearer) this.note(TABLE, 0);
    this.bearer = bearer;
  }

  /** dBm: RSRP of LTE. */
  setSignal(dbm: i32): void {
    if (this.dbm != dbm) this.note(TABLE, 2);
    this.dbm = dbm;
  }

  /** Serving cell and tracking area; -1: unknown. */
  setCell(cell: i64, tac: i32): void {
    if (this.cell != cell) this.note(TABLE, 8);
    if (this.tac != tac) this.note(TABLE, 12);
    this.cell = cell;
    this.tac = tac;
  }

  /** Country and network of the serving network; -1: unknown. */
  setNetwork(mcc: i32, mnc: i32): void {
    if (this.mcc != mcc) this.note(TABLE, 10);
    if (this.mnc != mnc) this.note(TABLE, 9);
    this.mcc = mcc;
    this.mnc = mnc;
  }

  /** The device's own address, as text; what is too long for one is none. */
  setAddress(ptr: usize, len: i32): void {
    if (len > ADDRESS_MAX) len = 0;
    if (len == this.addressLen && memory.compare(this.address, ptr, len) == 0) return;
    this.addressLen = len;
    memory.copy(this.address, ptr, len);
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
    switch (resource) {
      case 7:
        return changetype<Ascii>(this.apn).length > 0;
      case 8:
        return this.cell >= 0;
      case 9:
        return this.mnc >= 0;
      case 10:
        return this.mcc >= 0;
      case 12:
        return this.tac >= 0;
      default:
        return true;
    }
  }

  read(_instance: i32, resource: i32, _item: i32, value: Value): void {
    switch (resource) {
      case 2:
        value.setInteger(this.dbm);
        break;
      case 4:
        value.setString(this.address, this.addressLen);
        break;
      case 7:
        value.setText(changetype<Ascii>(this.apn));
        break;
      case 8:
        value.setInteger(this.cell);
        break;
      case 9:
        value.setInteger(this.mnc);
        break;
      case 10:
        value.setInteger(this.mcc);
        break;
      case 12:
        value.setInteger(this.tac);
        break;
      default:
        // One bearer there is, and it is the one in use.
        value.setInteger(this.bearer);
    }
  }
}

export const MONITORING_SIZE: i32 = <i32>offsetof<Monitoring>() + ADDRESS_MAX;
