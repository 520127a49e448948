// The options of one message: those with numbers for values, merged in ascending order with a set that is written already (paths,
// queries). And the answer to a request: what must be known of the request when the answer is written.

import { CoapMessage } from "./message";
import { CoapCode, CoapOption, CoapType } from "./fields";
import { CoapWriter } from "./writer";

// prettier-ignore
const NUMBERS = memory.data<u8>([
  <u8>CoapOption.ETag, <u8>CoapOption.Observe, <u8>CoapOption.ContentFormat, <u8>CoapOption.Accept, <u8>CoapOption.Block2, <u8>CoapOption.Block1,
  <u8>CoapOption.Size2, <u8>CoapOption.Size1,
]);


@unmanaged
export class CoapFrame {
  // -1: absent. In the order of NUMBERS.
  etag: i32;
  observe: i32;
  format: i32;
  accept: i32;
  block2: i32;
  block1: i32;
  size2: i32;
  size1: i32;
  private from: u32;

  clear(): void {
    memory.fill(changetype<usize>(this), 0xff, offsetof<CoapFrame>("from"));
  }

  /** Writes these options and `others`, which must not have any of the same numbers. */
  write(writer: CoapWriter, others: CoapMessage): void {
    this.from = 0;
    others.rewind();
    while (others.next() > 0) {
      this.upTo(writer, others.option);
      writer.option(others.option, others.value, others.valueLen);
    }
    this.upTo(writer, u32.MAX_VALUE);
  }

  private upTo(writer: CoapWriter, end: u32): void {
    for (let at: usize = 0; at < offsetof<CoapFrame>("from"); at += 4) {
      const number: u32 = load<u8>(NUMBERS + (at >> 2));
      const value = load<i32>(changetype<usize>(this) + at);
      if (value >= 0 && number >= this.from && number < end) writer.uint(number, value);
    }
    this.from = end;
  }
}

/** What an answer needs of the request it answers. */
@unmanaged
export class CoapAnswer {
  token: u64;
  tokenLen: i32;
  /** Nothing has been answered yet. */
  open: bool;
  // From here on as in CoapMessage.
  type: CoapType;
  method: CoapCode;
  mid: u32;
  key: u32;
  block1: i32;
  block2: i32;
  size2: i32;

  /** Takes what is needed from a request. */
  to(message: CoapMessage): void {
    this.toObserver(message.token, message.tokenLen);
    const own = offsetof<CoapAnswer>("type");
    memory.copy(changetype<usize>(this) + own, changetype<usize>(message), offsetof<CoapAnswer>("size2") + 4 - own);
  }

  /** A notification, which answers no request of its own. RFC 7641 4.2. */
  toObserver(token: usize, tokenLen: i32): void {
    this.token = 0;
    memory.copy(changetype<usize>(this), token, tokenLen);
    this.tokenLen = tokenLen;
    this.open = true;
    this.method = CoapCode.Get;
    this.key = 0;
    this.block1 = -1;
    this.block2 = -1;
    this.size2 = -1;
  }

  get tokenPtr(): usize {
    return changetype<usize>(this);
  }
}
