// The options of one message: those with numbers for values, merged in ascending order with a set that is written already (paths,
// queries). And the answer to a request: what must be known of the request when the answer is written.

import { CoapMessage } from "./message";
import { CoapCode, CoapOption, CoapType } from "./fields";
import { CoapWriter } from "./writer";


@unmanaged
export class CoapFrame {
  // -1: absent.
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
    this.etag = -1;
    this.observe = -1;
    this.format = -1;
    this.accept = -1;
    this.block2 = -1;
    this.block1 = -1;
    this.size2 = -1;
    this.size1 = -1;
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
    this.one(writer, CoapOption.ETag, this.etag, end);
    this.one(writer, CoapOption.Observe, this.observe, end);
    this.one(writer, CoapOption.ContentFormat, this.format, end);
    this.one(writer, CoapOption.Accept, this.accept, end);
    this.one(writer, CoapOption.Block2, this.block2, end);
    this.one(writer, CoapOption.Block1, this.block1, end);
    this.one(writer, CoapOption.Size2, this.size2, end);
    this.one(writer, CoapOption.Size1, this.size1, end);
    this.from = end;
  }

  private one(writer: CoapWriter, number: CoapOption, value: i32, end: u32): void {
    if (value >= 0 && <u32>number >= this.from && <u32>number < end) writer.uint(number, value);
  }
}

/** What an answer needs of the request it answers. */
@unmanaged
export class CoapAnswer {
  token: u64;
  tokenLen: i32;
  /** Nothing has been answered yet. */
  open: bool;
  type: CoapType;
  mid: u32;
  method: CoapCode;
  key: u32;
  block1: i32;
  block2: i32;
  size2: i32;

  /** Takes what is needed from a request. */
  to(message: CoapMessage): void {
    this.token = 0;
    memory.copy(changetype<usize>(this), message.token, message.tokenLen);
    this.tokenLen = message.tokenLen;
    this.open = true;
    this.type = message.type;
    this.mid = message.mid;
    this.method = message.code;
    this.key = message.key;
    this.block1 = message.block1;
    this.block2 = message.block2;
    this.size2 = message.size2;
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
