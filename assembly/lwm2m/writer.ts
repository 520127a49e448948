// Writes a payload value by value: text, opaque and TLV here, CBOR, SenML CBOR and SenML JSON in senml-writer.ts; of those the app has
// (parts.ts).

import { Text } from "../util/text";
import { Format } from "./fields";
import { hasCbor, hasChoice, hasJson, hasText, hasTlv } from "./parts";
import { Path } from "./path";
import { shift, writeBigEndian, writeBytes, writePlain } from "./payload-bytes";
import { cborEnd, cborRecord, cborValue, jsonRecord, writeBase64 } from "./senml-writer";
import { Entry } from "./tlv-reader";
import { Kind, Value } from "./value";

/**
 * Writes into a buffer it does not own; beyond its end it goes on counting, so `length` tells what it would take. What is
 * written comes in the order of the tree: `instance`, then of each `resource` its value, or `multiple` and of each `item` its value.
 * Place with `place`, then `begin`.
 */
@unmanaged
export class Writer {
  format: Format;
  /** A value has no form in this format (NaN as text). */
  failed: bool;
  private records: i32;
  private instanceAt: i32;
  private multipleAt: i32;
  @part out: Text;

  /** Where the next value is. */
  @part path: Path;
  @part base: Path;

  get length(): i32 {
    return this.out.length;
  }

  get fits(): bool {
    return this.out.fits;
  }

  /** How many values have been written. */
  get count(): i32 {
    return this.records;
  }

  /** `base` (copied) is what the request reads; the format is one that can hold it. */
  begin<F>(format: Format, ptr: usize, capacity: i32, base: Path): void {
    this.format = format;
    if (hasOthers<F>()) this.failed = false;
    this.records = 0;
    this.instanceAt = -1;
    this.multipleAt = -1;
    this.base.copy(base);
    this.path.copy(base);
    this.out.on(ptr, capacity);
    // Room for the head of an array of up to 23 records.
    if (hasCbor<F>() && format == Format.SenmlCbor) this.out.byte(0x80);
    if (hasJson<F>() && format == Format.SenmlJson) this.out.byte(0x5b);
  }

  /** Where there are several values, TLV is all that an app without SenML has. */
  @inline
  private isTlv<F>(): bool {
    return hasTlv<F>() && (!hasChoice<F>() || this.format == Format.Tlv);
  }

  /** Only of several objects: in SenML. */
  object(id: i32): void {
    this.path.set(id, -1, -1, -1);
  }

  instance<F>(id: i32): void {
    this.close(1);
    this.path.set(this.path.object, id, -1, -1);
    if (this.isTlv<F>() && this.base.instance < 0) this.instanceAt = this.length;
  }

  resource(id: i32): void {
    this.close(2);
    this.path.set(this.path.object, this.path.instance, id, -1);
  }

  multiple<F>(id: i32): void {
    this.resource(id);
    if (this.isTlv<F>() && this.base.resource < 0) this.multipleAt = this.length;
  }

  item(id: i32): void {
    this.path.item = id;
  }

  /** A value in its place. */
  put<F>(value: Value): void {
    const first = this.records == 0;
    if (hasOthers<F>() && value.kind == Kind.Float && this.format != Format.Tlv && !isFinite(value.float)) {
      this.failed = true;
      return;
    }
    this.records++;
    if (hasTlv<F>())
      if (this.format == Format.Tlv) {
        this.tlv(value);
        return;
      }
    if (hasCbor<F>()) {
      if (this.format == Format.SenmlCbor) {
        cborRecord(this.out, this.base.depth, this.path, value, first);
        return;
      }
      if (this.format == Format.Cbor) {
        cborValue(this.out, value);
        return;
      }
    }
    if (hasJson<F>())
      if (this.format == Format.SenmlJson) {
        jsonRecord(this.out, this.base.depth, this.path, value, first);
        return;
      }
    this.plain<F>(value);
  }

  /** Closes what is open; the payload is complete. */
  end<F>(): void {
    this.close(1);
    if (hasJson<F>() && this.format == Format.SenmlJson) this.out.byte(0x5d);
    if (hasCbor<F>()) if (this.format == Format.SenmlCbor) cborEnd(this.out, this.records);
  }

  // --- Text and opaque ---

  private plain<F>(value: Value): void {
    const out = this.out;
    if (hasText<F>() && value.kind != Kind.Opaque) writePlain(out, value);
    else if (hasText<F>() && this.format == Format.Text) writeBase64(out, value.ptr, value.len, false);
    else out.bytes(value.ptr, value.len);
  }

  // --- TLV ---

  private tlv(value: Value): void {
    const int = value.int;
    switch (value.kind) {
      case Kind.Integer:
        // What a sign can be told from is left of as many bits again.
        this.tlvNumber(int, widthOf(int ^ (int << 1)));
        break;
      case Kind.Unsigned:
        this.tlvNumber(int, widthOf(int));
        break;
      case Kind.Float:
        if (<f64>(<f32>value.float) == value.float) this.tlvNumber(reinterpret<u32>(<f32>value.float), 4);
        else this.tlvNumber(reinterpret<u64>(value.float), 8);
        break;
      case Kind.Boolean:
        this.tlvNumber(int, 1);
        break;
      case Kind.Link:
        this.tlvNumber(int, 4);
        break;
      default:
        this.tlvHead(value.len);
        writeBytes(this.out, value);
    }
  }

  /** Closes containers from that level on: 1 instance, 2 multiple resource. */
  private close(level: i32): void {
    if (this.multipleAt >= 0) {
      this.wrap(this.multipleAt, Entry.Multiple, this.path.resource);
      this.multipleAt = -1;
    }
    if (level == 1 && this.instanceAt >= 0) {
      this.wrap(this.instanceAt, Entry.Instance, this.path.instance);
      this.instanceAt = -1;
    }
  }

  /** Puts a header before what has been written since `at`. */
  private wrap(at: i32, entry: Entry, id: i32): void {
    const out = this.out;
    const len = out.length - at;
    shift(out, at, 2 + <i32>(id > 0xff) + lengthBytes(len));
    const end = out.length;
    out.length = at;
    this.header(entry, id, len);
    out.length = end;
  }

  private tlvHead(len: i32): void {
    const item = this.path.item;
    if (item >= 0) this.header(Entry.Item, item, len);
    else this.header(Entry.Resource, this.path.resource, len);
  }

  private header(entry: Entry, id: i32, len: i32): void {
    const more = lengthBytes(len);
    this.out.byte((entry << 6) | (id > 0xff ? 0x20 : 0) | (more << 3) | (more ? 0 : len));
    writeBigEndian(this.out, id, id > 0xff ? 2 : 1);
    writeBigEndian(this.out, len, more);
  }

  private tlvNumber(value: u64, bytes: i32): void {
    this.tlvHead(bytes);
    writeBigEndian(this.out, value, bytes);
  }
}

/** Whether there are formats that not every number has a form in. */
@inline
function hasOthers<F>(): bool {
  return hasText<F>() || hasChoice<F>();
}

/** 1, 2, 4 or 8: bytes of a number. */
function widthOf(value: u64): i32 {
  let bytes = 1;
  while (bytes < 8 && value >> ((<u64>bytes) << 3) != 0) bytes <<= 1;
  return bytes;
}

/** Bytes of a TLV length that does not go into the first byte. */
function lengthBytes(len: i32): i32 {
  return len < 8 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;
}
