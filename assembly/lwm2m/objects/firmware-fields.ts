// Object 5 by its numbers: the table, states and results, and how packages come. LwM2M Core E.6.

import { Access, Of, objectTable } from "../table";

const TABLE = objectTable(5, 0x0100, 1, [
  0 | Of.Opaque | Access.WM,
  1 | Of.String | Access.RWM,
  2 | Access.EM,
  3 | Of.Integer | Access.RM,
  5 | Of.Integer | Access.RM,
  6 | Of.String | Access.R,
  7 | Of.String | Access.R,
  8 | Of.Integer | Access.Rs,
  9 | Of.Integer | Access.RM,
]);
const TABLE_11 = objectTable(5, 0x0100, 1, [
  0 | Of.Opaque | Access.WM,
  1 | Of.String | Access.RWM,
  2 | Access.EM,
  3 | Of.Integer | Access.RM,
  5 | Of.Integer | Access.RM,
  6 | Of.String | Access.R,
  7 | Of.String | Access.R,
  8 | Of.Integer | Access.Rs,
  9 | Of.Integer | Access.RM,
  10 | Access.E,
  11 | Of.Integer | Access.RW,
  12 | Of.Time | Access.R,
  13 | Of.Unsigned | Access.RW,
]);

export function tableOf<M>(): usize {
  return hasLatest<M>() ? TABLE_11 : TABLE;
}

export const PACKAGE = 0;
export const URI = 1;
export const UPDATE = 2;
export const STATE = 3;
export const RESULT = 5;
export const NAME = 6;
export const VERSION = 7;
export const PROTOCOLS = 8;
export const DELIVERY = 9;
export const CANCEL = 10;
export const SEVERITY = 11;
export const CHANGED_AT = 12;

/** Resource 3. */
export const enum FirmwareState {
  /** Left by the first block of a package, or by a URI. */
  Idle = 0,
  /** Left when the package is there and right, by what goes wrong, by an empty URI or package, or by Cancel. */
  Downloading = 1,
  /** Left by Update, an empty URI or package, or Cancel. */
  Downloaded = 2,
  /** Left by the restart, one way or the other. */
  Updating = 3,
}

/** Resource 5. */
export const enum FirmwareResult {
  None = 0,
  Success = 1,
  NoFlash = 2,
  NoMemory = 3,
  ConnectionLost = 4,
  Integrity = 5,
  PackageType = 6,
  Uri = 7,
  Failed = 8,
  Protocol = 9,
  Cancelled = 10,
}

/**
 * How packages come, and whether what LwM2M 1.1 has added is there (`latest`: Cancel, severity, deferral, time of the last change): a class,
 * given as a type parameter, whose methods are marks. What is not marked is not compiled in.
 */
@unmanaged
export class AnyDelivery {
  push(): void {}
  pull(): void {}
  latest(): void {}
}

/** A server writes them, block by block. */
@unmanaged
export class Pushed {
  push(): void {}
}

/** The device fetches them from where a server says (../download.ts). */
@unmanaged
export class Pulled {
  pull(): void {}
}


@inline
export function hasPush<M>(): bool {
  return isDefined(changetype<M>(0).push);
}


@inline
export function hasPull<M>(): bool {
  return isDefined(changetype<M>(0).pull);
}


@inline
export function hasLatest<M>(): bool {
  return isDefined(changetype<M>(0).latest);
}
