// Where something is: /object/instance/resource/resource instance, each absent from some level on.

import { Status } from "../board/index";
import { Text } from "../util/text";


@unmanaged
export class Path {
  /** IDs 0..65535, -1 from the first absent level on. */
  object: i32;
  instance: i32;
  resource: i32;
  item: i32;

  /** The root, which holds all objects. */
  clear(): Path {
    return this.set(-1, -1, -1, -1);
  }

  set(object: i32, instance: i32, resource: i32, item: i32): Path {
    this.object = object;
    this.instance = instance;
    this.resource = resource;
    this.item = item;
    return this;
  }

  copy(from: Path): Path {
    return this.set(from.object, from.instance, from.resource, from.item);
  }

  /** 0 root, 1 object, 2 instance, 3 resource, 4 resource instance. */
  get depth(): i32 {
    return <i32>(this.object >= 0) + <i32>(this.instance >= 0) + <i32>(this.resource >= 0) + <i32>(this.item >= 0);
  }

  get(level: i32): i32 {
    return load<i32>(changetype<usize>(this) + ((<usize>level) << 2));
  }

  /** Fills the first absent level; false when there is none. */
  append(id: i32): bool {
    const depth = this.depth;
    if (depth > 3) return false;
    store<i32>(changetype<usize>(this) + ((<usize>depth) << 2), id);
    return true;
  }

  /** Takes one level of ptr..ptr+len in decimal. Malformed: not a number of 0..65535, or one level too many. */
  appendText(ptr: usize, len: i32): i32 {
    let id: u32 = 0;
    for (let i = 0; i < len; i++) {
      const d: u32 = <u32>load<u8>(ptr + i) - 0x30;
      // Nor does it begin with a zero that is not all of it.
      if (d > 9 || (i > 0 && id == 0)) return Status.Malformed;
      id = id * 10 + d;
      if (id > 0xffff) return Status.Malformed;
    }
    return len > 0 && this.append(id) ? Status.Ok : Status.Malformed;
  }

  /** Whether `other` is this or below it. */
  holds(other: Path): bool {
    for (let level = 0; level < 4; level++) {
      const id = this.get(level);
      if (id < 0) return true;
      if (other.get(level) != id) return false;
    }
    return true;
  }

  /** Writes `/3/0/9`; the root is `/`. */
  write(text: Text): void {
    if (this.object < 0) text.byte(0x2f);
    for (let level = 0; level < 4 && this.get(level) >= 0; level++) text.byte(0x2f).num(this.get(level));
  }
}
