// The app's own object: 3303 of the IPSO Alliance, a temperature, with its lowest and highest value and a reset of both.

import { Status } from "akari/board";
import { Path } from "akari/lwm2m/path";
import { Access, Of, objectTable } from "akari/lwm2m/table";
import { Value } from "akari/lwm2m/value";

const LOWEST = 5601;
const HIGHEST = 5602;
const RESET = 5605;
const VALUE = 5700;
const UNITS = 5701;

const TABLE = objectTable(3303, 0x0100, 1, [
  5601 | Of.Float | Access.R,
  5602 | Of.Float | Access.R,
  5605 | Access.E,
  5700 | Of.Float | Access.RM,
  5701 | Of.String | Access.R,
]);

/** Place with `place`. */
@unmanaged
export class Thermometer {
  /** Tenths of a degree. */
  private now: i32;
  private lowest: i32;
  private highest: i32;
  private isSet: bool;
  private isNews: bool;

  measured(tenths: i32): void {
    this.isNews = this.isNews || tenths != this.now || !this.isSet;
    this.now = tenths;
    this.lowest = this.isSet ? min(this.lowest, tenths) : tenths;
    this.highest = this.isSet ? max(this.highest, tenths) : tenths;
    this.isSet = true;
  }

  table(): usize {
    return TABLE;
  }

  /** There is another value than before: observers hear of it. */
  news(path: Path): bool {
    if (!this.isNews) return false;
    this.isNews = false;
    path.set(3303, 0, VALUE, -1);
    return true;
  }

  read(_instance: i32, resource: i32, _item: i32, value: Value): void {
    switch (resource) {
      case LOWEST:
        return value.setFloat(<f64>this.lowest / 10);
      case HIGHEST:
        return value.setFloat(<f64>this.highest / 10);
      case UNITS:
        return value.setText("Cel");
      default:
        value.setFloat(<f64>this.now / 10);
    }
  }

  execute(_instance: i32, resource: i32, _ptr: usize, _len: i32): i32 {
    if (resource != RESET) return Status.NotFound;
    this.lowest = this.now;
    this.highest = this.now;
    return Status.Ok;
  }
}
