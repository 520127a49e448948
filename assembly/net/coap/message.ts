// A checked view over a datagram that holds one CoAP message, RFC 7252 3. After `parse` has said Ok no accessor can fail.

import { Status } from "../../board/index";
import { lengthOf } from "../../place";
import { CoapCode, CoapOption, CoapType, SZX_MAX, TOKEN_MAX } from "./fields";

const HEADER_BYTES: i32 = 4;
const PAYLOAD_MARKER: u32 = 0xff;

/** What is known of an option beside its number: bytes of its value at least and at most, what is done with it. */
const OPTION_BYTES: usize = 4;

/** Where the number goes that is its value, an offset in the message; or one of Does. */
const enum Does {
  Nothing = 0,
  /** It may stand more than once. */
  Repeats = 1,
  Tag = 2,
}

// prettier-ignore
const OPTIONS = memory.data<u8>([
  <u8>CoapOption.UriHost, 1, 255, <u8>Does.Nothing,
  <u8>CoapOption.ETag, 1, 8, <u8>Does.Tag,
  <u8>CoapOption.Observe, 0, 3, <u8>offsetof<CoapMessage>("observe"),
  <u8>CoapOption.UriPort, 0, 2, <u8>Does.Nothing,
  <u8>CoapOption.LocationPath, 0, 255, <u8>Does.Repeats,
  <u8>CoapOption.UriPath, 0, 255, <u8>Does.Repeats,
  <u8>CoapOption.ContentFormat, 0, 2, <u8>offsetof<CoapMessage>("format"),
  <u8>CoapOption.MaxAge, 0, 4, <u8>Does.Nothing,
  <u8>CoapOption.UriQuery, 0, 255, <u8>Does.Repeats,
  <u8>CoapOption.Accept, 0, 2, <u8>offsetof<CoapMessage>("accept"),
  <u8>CoapOption.LocationQuery, 0, 255, <u8>Does.Repeats,
  <u8>CoapOption.Block2, 0, 3, <u8>offsetof<CoapMessage>("block2"),
  <u8>CoapOption.Block1, 0, 3, <u8>offsetof<CoapMessage>("block1"),
  <u8>CoapOption.Size2, 0, 4, <u8>offsetof<CoapMessage>("size2"),
  <u8>CoapOption.Size1, 0, 4, <u8>offsetof<CoapMessage>("size1"),
]);
const OPTIONS_KNOWN: i32 = lengthOf(OPTIONS) / <i32>OPTION_BYTES;

/** Those that tell one request from another, RFC 7959 2.5. */
const KEY_OPTIONS: u32 =
  (1 << CoapOption.UriPath) | (1 << CoapOption.ContentFormat) | (1 << CoapOption.UriQuery) | (1 << CoapOption.Accept);

/** What stands in the message lies in the datagram, which must stay as it is as long as the view is used. */
@unmanaged
export class CoapMessage {
  // From here to `size2` as in CoapAnswer, which takes them over.
  type: CoapType;
  code: CoapCode;
  mid: u32;
  /** A number made of code, path, query, Content-Format and Accept: differs when the request is another one. */
  key: u32;
  // Values of options, -1 when absent, from here to `observe`.
  /** NUM << 4 | M << 3 | SZX. */
  block1: i32;
  block2: i32;
  /** At most 0x7fffffff. */
  size2: i32;
  size1: i32;
  /** Content-Format and Accept: 0..65535. */
  format: i32;
  accept: i32;
  /** 0..0xffffff. */
  observe: i32;
  /** Number of the first critical option that is unknown, has a bad length or stands twice; 0 for none. RFC 7252 5.4. */
  critical: u32;
  token: usize;
  tokenLen: i32;
  payload: usize;
  payloadLen: i32;
  /** The first ETag. */
  etag: usize;
  etagLen: i32;

  /** The option that `next` has found. */
  option: u32;
  value: usize;
  valueLen: i32;

  private at: usize;
  private end: usize;
  private options: usize;
  private seen: u32;

  /**
   * Looks at ptr..ptr+len. Short: no header, nothing to answer. Unsupported: another version, to be ignored. Malformed: `type` and
   * `mid` are known, so that a CON can be answered with RST. RFC 7252 3, 4.2.
   */
  parse(ptr: usize, len: i32): i32 {
    if (len < HEADER_BYTES) return Status.Short;
    const first: u32 = load<u8>(ptr);
    if (first >> 6 != 1) return Status.Unsupported;
    this.type = <CoapType>((first >> 4) & 3);
    this.code = <CoapCode>load<u8>(ptr + 1);
    this.mid = bswap<u16>(load<u16>(ptr + 2));
    this.token = ptr + HEADER_BYTES;
    this.tokenLen = first & 15;
    this.payload = ptr + len;
    this.payloadLen = 0;
    this.clear();

    const code: u32 = this.code;
    if (code == CoapCode.Empty) return len == HEADER_BYTES && this.tokenLen == 0 ? Status.Ok : Status.Malformed;
    const kind = code >> 5;
    if (kind == 1 || kind > 5 || this.tokenLen > TOKEN_MAX || this.type == CoapType.Rst) return Status.Malformed;
    if (kind == 0 && this.type == CoapType.Ack) return Status.Malformed;
    if (HEADER_BYTES + this.tokenLen > len) return Status.Malformed;

    this.options = this.token + this.tokenLen;
    this.end = ptr + len;
    this.rewind();
    this.hash(code);
    let found: i32;
    while ((found = this.next()) > 0) this.note();
    if (found < 0) return Status.Malformed;
    if (this.at < this.end) {
      this.payload = this.at + 1;
      this.payloadLen = <i32>(this.end - this.payload);
      // Accessors stop at the marker.
      this.end = this.at;
      if (this.payloadLen == 0) return Status.Malformed;
    }
    return Status.Ok;
  }

  /** A set of options without a message around it, as CoapWriter has written it. */
  on(ptr: usize, len: i32): void {
    this.options = ptr;
    this.end = ptr + len;
    this.rewind();
  }

  /** `next` begins again at the first option. */
  rewind(): void {
    this.at = this.options;
    this.option = 0;
  }

  /** Goes to the next option: 1 found, 0 no more, -1 malformed (only while parsing). RFC 7252 3.1. */
  next(): i32 {
    if (this.at >= this.end) return 0;
    const head: u32 = load<u8>(this.at);
    if (head == PAYLOAD_MARKER) return 0;
    this.at++;
    const delta = this.extended(head >> 4);
    if (delta < 0) return -1;
    const length = this.extended(head & 15);
    if (length < 0 || <i32>(this.end - this.at) < length) return -1;
    this.option += delta;
    if (this.option > 0xffff) return -1;
    this.value = this.at;
    this.valueLen = length;
    this.at += length;
    return 1;
  }

  /** Goes to the `index`th (from 0) option of that number. */
  find(option: CoapOption, index: i32): bool {
    this.rewind();
    while (this.next() > 0) if (this.option == option && index-- == 0) return true;
    this.valueLen = 0;
    return false;
  }

  /** How many options have that number. */
  count(option: CoapOption): i32 {
    let n = 0;
    this.rewind();
    while (this.next() > 0) if (this.option == option) n++;
    return n;
  }

  hasToken(ptr: usize, len: i32): bool {
    return this.tokenLen == len && memory.compare(this.token, ptr, len) == 0;
  }

  private extended(nibble: u32): i32 {
    if (nibble < 13) return nibble;
    const left = <i32>(this.end - this.at);
    if (nibble == 13 && left >= 1) return <i32>load<u8>(this.at++) + 13;
    if (nibble == 14 && left >= 2) {
      const value = <i32>bswap<u16>(load<u16>(this.at)) + 269;
      this.at += 2;
      return value;
    }
    return -1;
  }

  private clear(): void {
    const values = offsetof<CoapMessage>("block1");
    memory.fill(changetype<usize>(this) + values, 0xff, offsetof<CoapMessage>("critical") - values);
    this.critical = 0;
    this.etagLen = 0;
    this.key = 2166136261;
    this.seen = 0;
    this.options = this.payload;
    this.end = this.payload;
  }

  /** Takes the value of the option just read where it is known; RFC 7252 5.10 table 4. */
  private note(): void {
    const number = this.option;
    if (number < 32 && ((KEY_OPTIONS >> number) & 1) != 0) this.hashOption();
    for (let i = 0; i < OPTIONS_KNOWN; i++) {
      const known = OPTIONS + <usize>i * OPTION_BYTES;
      if (load<u8>(known) != number) continue;
      const does: i32 = load<u8>(known, 3);
      const bit: u32 = does == Does.Repeats ? 0 : 1 << i;
      const isGood = this.valueLen >= <i32>load<u8>(known, 1) && this.valueLen <= <i32>load<u8>(known, 2);
      if (!isGood || (this.seen & bit) != 0) break;
      this.seen |= bit;
      if (does == Does.Tag) {
        // More than one is legal in a request, where it asks for validation, which is never a must.
        this.etag = this.value;
        this.etagLen = this.valueLen;
      } else if (does > Does.Tag) {
        store<i32>(changetype<usize>(this) + does, this.uint());
      }
      return;
    }
    // Unknown, of a bad length, or there twice.
    if ((number & 1) != 0 && this.critical == 0) this.critical = number;
  }

  /** The value as a number, RFC 7252 3.2; at most 0x7fffffff. */
  private uint(): i32 {
    let value: u32 = 0;
    for (let i = 0; i < this.valueLen; i++) value = (value << 8) | load<u8>(this.value + i);
    return <i32>min<u32>(value, i32.MAX_VALUE);
  }

  private hash(byte: u32): void {
    this.key = (this.key ^ byte) * 16777619;
  }

  private hashOption(): void {
    this.hash(this.option);
    this.hash(this.valueLen);
    for (let i = 0; i < this.valueLen; i++) this.hash(load<u8>(this.value + i));
  }
}

/** False when the value of a block option cannot be: SZX 7 is reserved. RFC 7959 2.2. Absent is fine. */
export function validBlock(value: i32): bool {
  return value < 0 || (value & 7) <= SZX_MAX;
}
