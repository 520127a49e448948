// CoRE link format, RFC 6690: `</3/0>;pmin=10,</5>;ver="1.1"`. Reading; written it is plain text.

import { Status } from "../board/index";

/** Place with `memory.data(offsetof<LinkReader>())`, then `begin`. */
@unmanaged
export class LinkReader {
  /** What stands between < and >. */
  target: usize;
  targetLen: i32;
  /** Of the parameter that `nextParameter` has found; a quoted value is without its quotes, with its backslashes. */
  name: usize;
  nameLen: i32;
  value: usize;
  valueLen: i32;
  private at: usize;
  private end: usize;
  private isFirst: bool;

  begin(ptr: usize, len: i32): void {
    this.at = ptr;
    this.end = ptr + len;
    this.isFirst = true;
  }

  /** Goes to the next link, over parameters that were not asked for: 1, 0 at the end, Malformed. */
  next(): i32 {
    if (!this.isFirst) {
      let more: i32;
      while ((more = this.nextParameter()) > 0);
      if (more < 0) return more;
    }
    if (this.at == this.end) return 0;
    if (!this.isFirst && load<u8>(this.at++) != 0x2c) return Status.Malformed;
    this.isFirst = false;
    if (this.at == this.end || load<u8>(this.at++) != 0x3c) return Status.Malformed;
    this.target = this.at;
    while (this.at < this.end && load<u8>(this.at) != 0x3e) this.at++;
    if (this.at == this.end) return Status.Malformed;
    this.targetLen = <i32>(this.at++ - this.target);
    return 1;
  }

  /** Goes to the link's next parameter: 1, 0 when there is none, Malformed. */
  nextParameter(): i32 {
    if (this.at == this.end || load<u8>(this.at) == 0x2c) return 0;
    if (load<u8>(this.at++) != 0x3b) return Status.Malformed;
    this.name = this.at;
    while (this.at < this.end && isToken(load<u8>(this.at))) this.at++;
    this.nameLen = <i32>(this.at - this.name);
    this.value = this.at;
    this.valueLen = 0;
    if (this.nameLen == 0) return Status.Malformed;
    if (this.at == this.end || load<u8>(this.at) != 0x3d) return 1;
    this.value = ++this.at;
    if (this.at < this.end && load<u8>(this.at) == 0x22) return this.quoted();
    while (this.at < this.end && isToken(load<u8>(this.at))) this.at++;
    this.valueLen = <i32>(this.at - this.value);
    return this.valueLen > 0 ? 1 : Status.Malformed;
  }

  private quoted(): i32 {
    this.value = ++this.at;
    while (this.at < this.end && load<u8>(this.at) != 0x22) {
      if (load<u8>(this.at) == 0x5c) this.at++;
      this.at++;
    }
    if (this.at >= this.end) {
      this.at = this.end;
      return Status.Malformed;
    }
    this.valueLen = <i32>(this.at++ - this.value);
    return 1;
  }
}

/** RFC 6690 ptoken and the names' characters: all that prints but what separates. */
function isToken(c: u32): bool {
  return (
    c > 0x20 && c < 0x7f && c != 0x22 && c != 0x2c && c != 0x3b && c != 0x3c && c != 0x3d && c != 0x3e && c != 0x5c
  );
}
