// Writes a payload value by value, in any format: text, opaque, TLV, SenML JSON and CBOR.

import { Entry } from "./tlv-reader";
import { Format } from "./fields";
import { Path } from "./path";
import { writeFloat } from "./number";
import { Text } from "../util/text";

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX = "0123456789abcdef";

/**
 * Writes into a buffer it does not own; beyond its end it goes on counting, so `length` tells what it would take. What is
 * written comes in the order of the tree: `instance`, then of each `resource` its value, or `multiple` and of each `item` its value.
 * Place with `memory.data(WRITER_SIZE, 8)`, then `begin`.
 */
@unmanaged
export class Writer {
  format: Format;
  /** A value has no form in this format (NaN as text). */
  failed: bool;
  private records: i32;
  private instanceAt: i32;
  private multipleAt: i32;


  @inline
  private get out(): Text {
    return changetype<Text>(changetype<usize>(this) + offsetof<Writer>());
  }

  /** Where the next value is. */
  @inline
  private get path(): Path {
    return changetype<Path>(changetype<usize>(this.out) + offsetof<Text>());
  }


  @inline
  private get base(): Path {
    return changetype<Path>(changetype<usize>(this.path) + offsetof<Path>());
  }

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
  begin(format: Format, ptr: usize, capacity: i32, base: Path): void {
    this.format = format;
    this.failed = false;
    this.records = 0;
    this.instanceAt = -1;
    this.multipleAt = -1;
    this.base.copy(base);
    this.path.copy(base);
    this.out.on(ptr, capacity);
    // Room for the head of an array of up to 23 records.
    if (format == Format.SenmlCbor) this.out.byte(0x80);
    if (format == Format.SenmlJson) this.out.byte(0x5b);
  }

  /** Only of several objects: in SenML. */
  object(id: i32): void {
    this.path.set(id, -1, -1, -1);
  }

  instance(id: i32): void {
    this.close(1);
    this.path.set(this.path.object, id, -1, -1);
    if (this.format == Format.Tlv && this.base.instance < 0) this.instanceAt = this.length;
  }

  resource(id: i32): void {
    this.close(2);
    this.path.set(this.path.object, this.path.instance, id, -1);
  }

  multiple(id: i32): void {
    this.resource(id);
    if (this.format == Format.Tlv && this.base.resource < 0) this.multipleAt = this.length;
  }

  item(id: i32): void {
    this.path.item = id;
  }

  /** Closes what is open; the payload is complete. */
  end(): void {
    this.close(1);
    const out = this.out;
    if (this.format == Format.SenmlJson) out.byte(0x5d);
    if (this.format != Format.SenmlCbor) return;
    if (this.records >= 24) {
      // The head of the array takes more bytes than were left for it.
      const more = this.records < 256 ? 1 : 2;
      this.shift(1, more);
    }
    if (!out.fits || out.capacity == 0) return;
    if (this.records < 24) {
      store<u8>(out.ptr, 0x80 | this.records);
    } else if (this.records < 256) {
      store<u8>(out.ptr, 0x98);
      store<u8>(out.ptr + 1, this.records);
    } else {
      store<u8>(out.ptr, 0x99);
      store<u16>(out.ptr + 1, bswap<u16>(<u16>this.records));
    }
  }

  // --- Values ---

  /** Integer and time. */
  integer(value: i64): void {
    switch (this.format) {
      case Format.Tlv: {
        const bytes =
          value == <i64>(<i8>value) ? 1 : value == <i64>(<i16>value) ? 2 : value == <i64>(<i32>value) ? 4 : 8;
        this.tlvNumber(<u64>value, bytes);
        break;
      }
      case Format.SenmlCbor:
        this.record();
        this.out.byte(2);
        if (value < 0) this.head(1, ~(<u64>value));
        else this.head(0, value);
        break;
      case Format.SenmlJson:
        this.record();
        this.out.str('"v":').num(value).byte(0x7d);
        break;
      default:
        this.record();
        this.out.num(value);
    }
  }

  unsigned(value: u64): void {
    switch (this.format) {
      case Format.Tlv:
        this.tlvNumber(value, value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8);
        break;
      case Format.SenmlCbor:
        this.record();
        this.out.byte(2);
        this.head(0, value);
        break;
      default: {
        this.record();
        const isJson = this.format == Format.SenmlJson;
        if (isJson) this.out.str('"v":');
        if (value > 9) this.out.num(<i64>(value / 10));
        this.out.byte(0x30 + <u32>(value % 10));
        if (isJson) this.out.byte(0x7d);
      }
    }
  }

  float(value: f64): void {
    const isShort = <f64>(<f32>value) == value;
    switch (this.format) {
      case Format.Tlv:
        if (isShort) this.tlvNumber(reinterpret<u32>(<f32>value), 4);
        else this.tlvNumber(reinterpret<u64>(value), 8);
        break;
      case Format.SenmlCbor:
        if (!isFinite(value)) {
          this.failed = true;
          break;
        }
        this.record();
        this.out.byte(2).byte(isShort ? 0xfa : 0xfb);
        if (isShort) this.bigEndian(reinterpret<u32>(<f32>value), 4);
        else this.bigEndian(reinterpret<u64>(value), 8);
        break;
      default: {
        if (!isFinite(value)) {
          this.failed = true;
          break;
        }
        this.record();
        const isJson = this.format == Format.SenmlJson;
        if (isJson) this.out.str('"v":');
        writeFloat(this.out, value);
        if (isJson) this.out.byte(0x7d);
      }
    }
  }

  boolean(value: bool): void {
    switch (this.format) {
      case Format.Tlv:
        this.tlvNumber(value, 1);
        break;
      case Format.SenmlCbor:
        this.record();
        this.out.byte(4).byte(value ? 0xf5 : 0xf4);
        break;
      case Format.SenmlJson:
        this.record();
        this.out.str(value ? '"vb":true}' : '"vb":false}');
        break;
      default:
        this.record();
        this.out.byte(value ? 0x31 : 0x30);
    }
  }

  /** UTF-8. */
  string(ptr: usize, len: i32): void {
    switch (this.format) {
      case Format.Tlv:
        this.tlvHead(len);
        this.out.bytes(ptr, len);
        break;
      case Format.SenmlCbor:
        this.record();
        this.out.byte(3);
        this.cborText(ptr, len);
        break;
      case Format.SenmlJson:
        this.record();
        this.out.str('"vs":');
        this.quoted(ptr, len);
        this.out.byte(0x7d);
        break;
      default:
        this.record();
        this.out.bytes(ptr, len);
    }
  }

  opaque(ptr: usize, len: i32): void {
    switch (this.format) {
      case Format.Tlv:
        this.tlvHead(len);
        this.out.bytes(ptr, len);
        break;
      case Format.SenmlCbor:
        this.record();
        this.out.byte(8);
        this.head(2, len);
        this.out.bytes(ptr, len);
        break;
      case Format.SenmlJson:
        this.record();
        this.out.str('"vd":"');
        this.base64(ptr, len, true);
        this.out.str('"}');
        break;
      case Format.Text:
        this.record();
        this.base64(ptr, len, false);
        break;
      default:
        this.record();
        this.out.bytes(ptr, len);
    }
  }

  /** An object link. */
  link(object: u32, instance: u32): void {
    switch (this.format) {
      case Format.Tlv:
        this.tlvNumber((object << 16) | instance, 4);
        break;
      case Format.SenmlCbor: {
        this.record();
        this.head(3, 3);
        this.out.str("vlo");
        this.head(3, digits(object) + 1 + digits(instance));
        this.out.num(object).byte(0x3a).num(instance);
        break;
      }
      case Format.SenmlJson:
        this.record();
        this.out.str('"vlo":"').num(object).byte(0x3a).num(instance).str('"}');
        break;
      default:
        this.record();
        this.out.num(object).byte(0x3a).num(instance);
    }
  }

  // --- TLV ---

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
    const len = this.length - at;
    const size = headerSize(id, len);
    this.shift(at, size);
    const out = this.out;
    const end = out.length;
    out.length = at;
    this.header(entry, id, len);
    out.length = end;
  }

  /** Moves what has been written since `at` on by `by` bytes. */
  private shift(at: i32, by: i32): void {
    const out = this.out;
    if (out.length + by <= out.capacity) memory.copy(out.ptr + at + by, out.ptr + at, out.length - at);
    out.length += by;
  }

  private tlvHead(len: i32): void {
    this.records++;
    const item = this.path.item;
    if (item >= 0) this.header(Entry.Item, item, len);
    else this.header(Entry.Resource, this.path.resource, len);
  }

  private header(entry: Entry, id: i32, len: i32): void {
    const lengthBytes = len < 8 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;
    this.out.byte((entry << 6) | (id > 0xff ? 0x20 : 0) | (lengthBytes << 3) | (lengthBytes ? 0 : len));
    this.bigEndian(id, id > 0xff ? 2 : 1);
    this.bigEndian(len, lengthBytes);
  }

  private tlvNumber(value: u64, bytes: i32): void {
    this.tlvHead(bytes);
    this.bigEndian(value, bytes);
  }

  private bigEndian(value: u64, bytes: i32): void {
    for (let i = bytes - 1; i >= 0; i--) this.out.byte((<u32>(value >> ((<u64>i) << 3))) & 0xff);
  }

  // --- SenML ---

  /** Begins a record with its names, in a format that has such; the value follows. */
  private record(): void {
    const first = this.records++ == 0;
    const isJson = this.format == Format.SenmlJson;
    if (!isJson && this.format != Format.SenmlCbor) return;
    const base = this.base.depth;
    const depth = this.path.depth;
    const hasBase = first && base > 0;
    const hasName = depth > base;
    const out = this.out;
    if (isJson) {
      if (!first) out.byte(0x2c);
      out.byte(0x7b);
      if (hasBase) {
        out.str('"bn":"');
        this.names(0, base, hasName);
        out.str('",');
      }
      if (hasName) {
        out.str('"n":"');
        this.names(base, depth, false);
        out.str('",');
      }
      return;
    }
    out.byte(0xa1 + <u32>hasBase + <u32>hasName);
    if (hasBase) {
      out.byte(0x21);
      this.head(3, this.namesLength(0, base, hasName));
      this.names(0, base, hasName);
    }
    if (hasName) {
      out.byte(0);
      this.head(3, this.namesLength(base, depth, false));
      this.names(base, depth, false);
    }
  }

  /** Levels from..to of the path: from the root they begin with a slash. */
  private names(from: i32, to: i32, slash: bool): void {
    for (let level = from; level < to; level++) {
      if (level > from || from == 0) this.out.byte(0x2f);
      this.out.num(this.path.get(level));
    }
    if (slash) this.out.byte(0x2f);
  }

  private namesLength(from: i32, to: i32, slash: bool): i32 {
    let length = <i32>slash;
    for (let level = from; level < to; level++)
      length += digits(this.path.get(level)) + <i32>(level > from || from == 0);
    return length;
  }

  /** The head of a CBOR item. */
  private head(major: u32, arg: u64): void {
    const bytes = arg < 24 ? 0 : arg < 0x100 ? 1 : arg < 0x10000 ? 2 : arg < 0x100000000 ? 4 : 8;
    this.out.byte((major << 5) | (bytes == 0 ? <u32>arg : 24 + ctz<u32>(bytes)));
    this.bigEndian(arg, bytes);
  }

  private cborText(ptr: usize, len: i32): void {
    this.head(3, len);
    this.out.bytes(ptr, len);
  }

  private quoted(ptr: usize, len: i32): void {
    const out = this.out;
    out.byte(0x22);
    for (let i = 0; i < len; i++) {
      const c: u32 = load<u8>(ptr + i);
      if (c < 0x20) {
        out
          .str("\\u00")
          .byte(HEX.charCodeAt(c >> 4))
          .byte(HEX.charCodeAt(c & 15));
        continue;
      }
      if (c == 0x22 || c == 0x5c) out.byte(0x5c);
      out.byte(c);
    }
    out.byte(0x22);
  }

  /** RFC 4648 4 with padding, or 5 without. */
  private base64(ptr: usize, len: i32, forUrl: bool): void {
    for (let i = 0; i < len; i += 3) {
      const n = min(3, len - i);
      const bits: u32 =
        ((<u32>load<u8>(ptr + i)) << 16) |
        (n > 1 ? (<u32>load<u8>(ptr + i + 1)) << 8 : 0) |
        (n > 2 ? <u32>load<u8>(ptr + i + 2) : 0);
      for (let k = 0; k <= n; k++) {
        const v = (bits >> (18 - 6 * k)) & 63;
        this.out.byte(v < 62 ? BASE64.charCodeAt(v) : v == 62 ? (forUrl ? 0x2d : 0x2b) : forUrl ? 0x5f : 0x2f);
      }
      if (!forUrl) for (let k = n; k < 3; k++) this.out.byte(0x3d);
    }
  }
}

export const WRITER_SIZE: i32 = <i32>(offsetof<Writer>() + offsetof<Text>() + 2 * offsetof<Path>());

function headerSize(id: i32, len: i32): i32 {
  return 2 + <i32>(id > 0xff) + (len < 8 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3);
}

function digits(value: u32): i32 {
  return value < 10 ? 1 : value < 100 ? 2 : value < 1_000 ? 3 : value < 10_000 ? 4 : 5;
}
