// Object 6, Location: where the device is. LwM2M Core E.7.

import { Path } from "../path";
import { Access, Of, objectTable } from "../table";
import { Value } from "../value";
import { News } from "./news";

const TABLE = objectTable(6, 0x0100, 1, [
  0 | Of.Float | Access.RM,
  1 | Of.Float | Access.RM,
  2 | Of.Float | Access.R,
  3 | Of.Float | Access.R,
  5 | Of.Time | Access.RM,
  6 | Of.Float | Access.R,
]);

/** Place with `place`, then `begin`. */
@unmanaged
export class Location extends News {
  private latitude: f64;
  private longitude: f64;
  private altitude: f64;
  private radius: f64;
  private speed: f64;
  private seconds: i64;

  begin(): void {
    this.altitude = NaN;
    this.radius = NaN;
    this.speed = NaN;
  }

  /** Degrees; metres, metres and metres per second, NaN where unknown; seconds since 1970. */
  set(latitude: f64, longitude: f64, altitude: f64, radius: f64, speed: f64, seconds: i64): void {
    this.latitude = latitude;
    this.longitude = longitude;
    this.altitude = altitude;
    this.radius = radius;
    this.speed = speed;
    this.seconds = seconds;
    for (let resource = 0; resource <= 6; resource++) if (resource != 4) this.note(TABLE, resource);
  }

  table(): usize {
    return TABLE;
  }

  news(path: Path): bool {
    return this.next(TABLE, path);
  }

  has(_instance: i32, resource: i32): bool {
    return resource == 5 || !isNaN(this.value(resource));
  }

  private value(resource: i32): f64 {
    switch (resource) {
      case 0:
        return this.latitude;
      case 1:
        return this.longitude;
      case 2:
        return this.altitude;
      case 3:
        return this.radius;
      default:
        return this.speed;
    }
  }

  read(_instance: i32, resource: i32, _item: i32, value: Value): void {
    if (resource == 5) value.setInteger(this.seconds);
    else value.setFloat(this.value(resource));
  }
}
