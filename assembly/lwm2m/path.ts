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
    return level == 0 ? this.object : level == 1 ? this.instance : level == 2 ? this.resource : this.item;
  }

  /** Fills the first absent level; false when there is none. */
  append(id: i32): bool {
    if (this.object < 0) this.object = id;
    else if (this.instance < 0) this.instance = id;
    else if (this.resource < 0) this.resource = id;
    else if (this.item < 0) this.item = id;
    else return false;
    return true;
  }

  /** Takes one level of ptr..ptr+len in decimal. Malformed: not a number of 0..65535, or one level too many. */
  appendText(ptr: usize, len: i32): i32 {
    if (len < 1 || len > 5) return Status.Malformed;
    let id = 0;
    for (let i = 0; i < len; i++) {
      const d: u32 = <u32>load<u8>(ptr + i) - 0x30;
      if (d > 9) return Status.Malformed;
      id = id * 10 + <i32>d;
    }
    if (id > 0xffff || (len > 1 && load<u8>(ptr) == 0x30)) return Status.Malformed;
    return this.append(id) ? Status.Ok : Status.Malformed;
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
