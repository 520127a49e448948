// Where reading of a payload is, whatever its format; reading.ts goes on from there. The bytes are the caller's, and may be changed: strings
// with escapes and base64 are decoded where they stand.

import { Status } from "../board/index";
import { Format } from "./fields";
import { hasCbor, hasChoice, hasJson, hasText, hasTlv } from "./parts";
import { Path } from "./path";
import { Kind, Value } from "./value";

/** What `readNext` stopped at, beside values. */
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

  /** Of what `readNext` has found. */
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
