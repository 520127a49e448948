// Reads a payload value by value, whatever its format: text, opaque, TLV (tlv-reader.ts), SenML JSON and CBOR (senml-json.ts,
// senml-cbor.ts), of those the app has (parts.ts). The bytes are the caller's, and may be changed: strings with escapes and base64 are decoded where they stand.

import { Status } from "../board/index";
import { cborNext, cborSingle } from "./senml-cbor";
import { Format } from "./fields";
import { hasCbor, hasChoice, hasJson, hasText, hasTlv } from "./parts";
import { jsonNext } from "./senml-json";
import { Path } from "./path";
import { tlvNext } from "./tlv-reader";
import { Kind, Value } from "./value";

/** What `next` stopped at, beside values. */
export const enum Mark {
  Value,
  /** An instance begins (TLV): it may be empty. */
  Instance,
  /** A multiple resource begins (TLV): it may be empty. */
  Multiple,
}

/** Place with `place`, then `begin`. */
@unmanaged
export class Reader {
  format: Format;
  mark: Mark;
  /** Where reading goes on, and ends. */
  at: usize;
  end: usize;
  start: usize;
  started: bool;

  // TLV: the containers that reading is in.
  instanceStart: usize;
  instanceEnd: usize;
  instanceId: i32;
  multipleStart: usize;
  multipleEnd: usize;
  multipleId: i32;

  // SenML: base name and base value, and records left (-1: until a break).
  baseName: usize;
  baseNameLen: i32;
  hasBaseValue: bool;
  baseInt: i64;
  baseFloat: f64;
  baseIsFloat: bool;
  left: i32;
  name: usize;
  nameLen: i32;

  /** Of what `next` has found. */
  @part path: Path;

  /** What the request speaks of; nothing outside it is accepted. */
  @part base: Path;
  @part value: Value;

  /** `base` is copied. Unsupported: no such format, or none that can be read for that path. */
  begin<F>(format: Format, ptr: usize, len: i32, base: Path): i32 {
    this.format = format;
    this.start = ptr;
    this.at = ptr;
    this.end = ptr + len;
    this.base.copy(base);
    this.started = false;
    this.instanceEnd = 0;
    this.multipleEnd = 0;
    if (hasChoice<F>()) {
      this.baseNameLen = 0;
      this.hasBaseValue = false;
      this.left = 0;
    }
    return this.canBegin<F>(base.depth) ? Status.Ok : Status.Unsupported;
  }

  private canBegin<F>(depth: i32): bool {
    const format = this.format;
    if (hasTlv<F>() && format == Format.Tlv) return depth > 0;
    if (hasJson<F>() && format == Format.SenmlJson) return true;
    if (hasCbor<F>() && format == Format.SenmlCbor) return true;
    const isSingle =
      format == Format.Opaque || (hasText<F>() && format == Format.Text) || (hasCbor<F>() && format == Format.Cbor);
    return isSingle && depth > 2;
  }

  /** Goes to the next value or container: 1; 0 at the end; Malformed. After those nothing more is to be asked. */
  next<F>(): i32 {
    this.mark = Mark.Value;
    if (hasTlv<F>()) if (this.format == Format.Tlv) return tlvNext(this);
    if (hasJson<F>()) if (this.format == Format.SenmlJson) return this.inside(jsonNext(this));
    if (hasCbor<F>()) if (this.format == Format.SenmlCbor) return this.inside(cborNext(this));
    return this.single<F>();
  }

  private single<F>(): i32 {
    if (this.started) return 0;
    this.started = true;
    this.path.copy(this.base);
    if (hasCbor<F>()) if (this.format == Format.Cbor) return cborSingle(this);
    const value = this.value;
    value.kind = hasText<F>() && this.format == Format.Text ? Kind.Text : Kind.Opaque;
    value.ptr = this.start;
    value.len = <i32>(this.end - this.start);
    return 1;
  }

  /** A SenML record: its path from base name and name, which must lie in the request's. RFC 8428 4.5.1. */
  private inside(status: i32): i32 {
    if (status <= 0) return status;
    const path = this.path.clear();
    const total = this.baseNameLen + this.nameLen;
    let levelStart = -1;
    let digits = 0;
    let id = 0;
    // Both parts as one text; each level is a number between slashes.
    for (let i = 0; i <= total; i++) {
      const c: u32 =
        i == total
          ? 0x2f
          : i < this.baseNameLen
            ? load<u8>(this.baseName + i)
            : load<u8>(this.name + (i - this.baseNameLen));
      if (i == 0) {
        if (c != 0x2f || total == 0) return Status.Malformed;
        levelStart = 1;
        continue;
      }
      if (c == 0x2f) {
        // "/" alone, or a slash at the end.
        if (digits == 0) {
          if (i == total) break;
          return Status.Malformed;
        }
        if (!path.append(id)) return Status.Malformed;
        digits = 0;
        id = 0;
        continue;
      }
      if (c - 0x30 > 9 || (digits > 0 && id == 0) || ++digits > 5) return Status.Malformed;
      id = id * 10 + <i32>(c - 0x30);
      if (id > 0xffff) return Status.Malformed;
    }
    return levelStart > 0 && this.base.holds(path) ? 1 : Status.Malformed;
  }

  /** Takes the base value into account, RFC 8428 4.5.2. */
  addBaseValue(): void {
    const value = this.value;
    if (!this.hasBaseValue || (value.kind != Kind.Integer && value.kind != Kind.Float)) return;
    if (value.kind == Kind.Integer && !this.baseIsFloat) {
      value.int += this.baseInt;
      return;
    }
    value.float =
      (value.kind == Kind.Integer ? <f64>value.int : value.float) +
      (this.baseIsFloat ? this.baseFloat : <f64>this.baseInt);
    value.kind = Kind.Float;
  }
}
