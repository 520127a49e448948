// What a standard object has of its own: which of its resources have changed since observations last asked.

import { Path } from "../path";
import { ObjectTable } from "../table";


@unmanaged
export class News {
  /** Bit k: the table's resource k. */
  protected fresh: u32;

  /** The resource has another value now. */
  protected note(table: usize, resource: i32): void {
    this.fresh |= 1 << changetype<ObjectTable>(table).find(resource);
  }

  /** Sets the path to one of them, of instance 0; false when there is none. */
  protected next(table: usize, path: Path): bool {
    if (this.fresh == 0) return false;
    const k = ctz(this.fresh);
    this.fresh &= this.fresh - 1;
    const object = changetype<ObjectTable>(table);
    path.set(object.id, 0, object.row(k).id, -1);
    return true;
  }
}
