// Reads TLV, LwM2M Core 7.4.3: entries within entries, as they come.

import { Status } from "../board/index";
import { place } from "../place";
import { bigEndian } from "../util/numbers";
import { Mark, Reader } from "./reader";
import { Kind } from "./value";

/** Bits 7-6 of the first byte. */
export const enum Entry {
  Instance = 0,
  Item = 1,
  Multiple = 2,
  Resource = 3,
}


@unmanaged
class Header {
  entry: Entry;
  id: i32;
  value: usize;
  length: i32;

  /** False when the entry does not lie in at..end. */
  read(at: usize, end: usize): bool {
    const left = <i32>(end - at);
    if (left < 2) return false;
    const first: u32 = load<u8>(at);
    const idBytes: i32 = first & 0x20 ? 2 : 1;
    const lengthBytes: i32 = (first >> 3) & 3;
    const size = 1 + idBytes + lengthBytes;
    if (left < size) return false;
    this.entry = <Entry>(first >> 6);
    this.id = <i32>bigEndian(at + 1, idBytes);
    this.length = lengthBytes ? <i32>bigEndian(at + 1 + idBytes, lengthBytes) : first & 7;
    this.value = at + size;
    return this.length <= left - size;
  }
}

const header = place<Header>();

/** Bytes of the header in front of the value of that resource, of which ptr..ptr+len is the beginning; -1 when it is something else. */
export function resourceHead(ptr: usize, len: i32, resource: i32): i32 {
  // The entry itself is longer than what there is of it.
  header.read(ptr, ptr + len);
  const size = <i32>(header.value - ptr);
  return len >= 8 && header.entry == Entry.Resource && header.id == resource ? size : -1;
}

/** `readNext` for TLV. */
export function tlvNext(r: Reader): i32 {
  if (r.at >= r.multipleEnd) r.multipleEnd = 0;
  if (r.at >= r.instanceEnd) r.instanceEnd = 0;
  if (r.at >= r.end) return 0;
  const isInMultiple = r.multipleEnd != 0;
  const base = r.base;
  const path = r.path;
  path.copy(base);
  path.item = -1;
  let start = r.start;
  let end = r.end;
  if (r.instanceEnd != 0) {
    start = r.instanceStart;
    end = r.instanceEnd;
    path.instance = r.instanceId;
  }
  if (isInMultiple) {
    start = r.multipleStart;
    end = r.multipleEnd;
    path.resource = r.multipleId;
  }
  const h = header;
  if (!h.read(r.at, end)) return Status.Malformed;
  const entry = h.entry;
  const id = h.id;
  const value = h.value;
  const length = h.length;
  if (id == 0xffff || isRepeated(start, r.at, end, entry, id)) return Status.Malformed;

  const v = r.value;
  v.kind = Kind.Raw;
  v.ptr = value;
  v.len = length;
  r.at = value + length;
  if (entry == Entry.Item) {
    // Bare ones are the answer to, or the body of a write to, the resource that the path names.
    if (path.resource < 0) return Status.Malformed;
    path.item = id;
  } else {
    if (isInMultiple) return Status.Malformed;
    path.resource = id;
    if (entry != Entry.Resource) {
      // A container: what is in it comes next.
      r.mark = entry == Entry.Multiple ? Mark.Multiple : Mark.Instance;
      v.kind = Kind.None;
      r.at = value;
      if (entry == Entry.Multiple) {
        r.multipleId = id;
        r.multipleStart = value;
        r.multipleEnd = value + length;
      } else {
        if (r.instanceEnd != 0) return Status.Malformed;
        path.resource = -1;
        path.instance = id;
        r.instanceId = id;
        r.instanceStart = value;
        r.instanceEnd = value + length;
      }
    }
  }
  // A container may be above what the path names, a value not.
  return base.holds(path) || (r.mark != Mark.Value && path.holds(base)) ? 1 : Status.Malformed;
}

/** Whether an entry before `at` of the same container has that ID: a resource is either single or multiple. */
function isRepeated(start: usize, at: usize, end: usize, entry: Entry, id: i32): bool {
  for (let p = start; p < at; p = header.value + header.length) {
    header.read(p, end);
    if (header.id == id && (header.entry == entry || (header.entry >= Entry.Multiple && entry >= Entry.Multiple)))
      return true;
  }
  return false;
}
