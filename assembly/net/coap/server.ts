// Requests of the peer and their answers: at once or later, in blocks (RFC 7959), and as notifications (RFC 7641).

import { Status } from "../../board/index";
import {
  CoapCode,
  CoapOption,
  CoapType,
  DATAGRAM_MAX,
  EXCHANGE_LIFETIME_MS,
  SZX_MAX,
  blockSize,
  isSuccess,
} from "./fields";
import { CoapAnswer } from "./frame";
import { CoapEvent } from "./event";
import { CoapLayer, Con } from "./layer";
import { CoapMessage, validBlock } from "./message";
import { hashOf } from "./recent";
import { CoapWriter } from "./writer";

/** Bytes of Location-Path and Location-Query options of one response. */
const LOCATION_MAX: i32 = 64;
/** Of NON notifications that a RST may still come for. */
const NON_NOTIFICATIONS: u32 = 4;


@unmanaged
class NonNotification {
  token: u64;
  tokenLen: i32;
  mid: u32;
}


@unmanaged
export class CoapServer extends CoapLayer {
  /** Blocks are of 2^(szx+4) bytes, 0..6: set after `begin` for slow links and small buffers. */
  szx: i32;
  /** Sequence number for the next response, as Observe: the request has begun an observation. -1 for none. */
  observe: i32;

  /** Of an event: the payload or the whole body. */
  body: usize;
  bodyLen: i32;
  /** Where the body's bytes belong in the whole. */
  offset: i32;
  /** Of the event Response, Delivered, Undelivered: Ok, or the Status it failed with. */
  result: i32;
  /** Of the event Delivered or Undelivered. */
  tokenLen: i32;
  protected doneToken: u64;

  /** Gathers the bodies that come in blocks. */
  protected into: usize;
  protected intoMax: i32;
  @part protected current: CoapAnswer;
  @part private deferred: CoapAnswer;
  @part private observer: CoapAnswer;
  @part private locationWriter: CoapWriter;
  @bytes(LOCATION_MAX) private locationBuffer: usize;
  /** Options that are written already: Location-Path of a response, path and query of our request. */
  @part protected others: CoapMessage;
  @bytes(NON_NOTIFICATIONS * offsetof<NonNotification>(), 8) private nons: usize;
  private nonCount: u32;

  // A body that comes in blocks, Block1.
  private partActive: bool;
  protected partKept: bool;
  private partKey: u32;
  private partNext: i32;
  private partExpires: i64;

  // A response of several blocks to something that must not be carried out again.
  private heldKey: u32;
  private held: usize;
  private heldLen: i32;
  private heldCode: CoapCode;
  private heldFormat: i32;

  protected beginServer(): void {
    this.location();
    this.szx = SZX_MAX;
    this.observe = -1;
    this.current.open = false;
    this.deferred.open = false;
    this.partActive = false;
    this.heldLen = 0;
    this.nonCount = 0;
  }

  /** Of the event Delivered or Undelivered: `tokenLen` bytes. */
  get token(): usize {
    return changetype<usize>(this) + offsetof<CoapServer>("doneToken");
  }

  // --- Requests ---

  /** Looks at a request that has just come. */
  protected serve(now: i64): CoapEvent {
    const m = this.message;
    const a = this.current;
    a.to(m);
    this.location();
    this.observe = -1;
    if (m.critical != 0) {
      const proxy = m.critical == CoapOption.ProxyUri || m.critical == CoapOption.ProxyScheme;
      // RFC 7252 5.4.1: a NON with it is dropped.
      if (m.type == CoapType.Con) this.respond(proxy ? CoapCode.ProxyingNotSupported : CoapCode.BadOption, -1, 0, 0);
      return CoapEvent.None;
    }
    if (m.code > CoapCode.IPatch) return this.refuse(CoapCode.MethodNotAllowed);
    if (!validBlock(m.block1) || !validBlock(m.block2)) return this.refuse(CoapCode.BadRequest);
    this.body = m.payload;
    this.bodyLen = m.payloadLen;
    this.offset = 0;
    if (m.block1 >= 0) return this.serveBlock(now);
    this.partActive = false;
    if (m.block2 >> 4 > 0 && m.code != CoapCode.Get) {
      // The rest of a response that is there already: RFC 7959 3.3.
      if (this.heldLen > 0 && a.key == this.heldKey && m.payloadLen == 0) {
        this.respond(this.heldCode, this.heldFormat, this.held, this.heldLen);
        return CoapEvent.None;
      }
      if (m.code != CoapCode.Fetch) return this.refuse(CoapCode.RequestEntityIncomplete);
    }
    if (m.block2 < 16) this.heldLen = 0;
    return CoapEvent.Request;
  }

  private refuse(code: CoapCode): CoapEvent {
    this.respond(code, -1, 0, 0);
    return CoapEvent.None;
  }

  /** RFC 7959 2.5: blocks of a request come in order, each is taken once. */
  private serveBlock(now: i64): CoapEvent {
    const m = this.message;
    const num = m.block1 >> 4;
    const isLast = (m.block1 & 8) == 0;
    const size = blockSize(m.block1 & 7);
    const at = num * size;
    if (!isLast && m.payloadLen != size) return this.refuse(CoapCode.BadRequest);
    if (m.payloadLen > size) return this.refuse(CoapCode.BadRequest);
    if (num == 0) {
      this.partActive = false;
      this.partKept = false;
      this.heldLen = 0;
      if (isLast) return CoapEvent.Request;
    } else {
      const isOurs = this.partActive && m.key == this.partKey && now < this.partExpires;
      if (isOurs && !isLast && at + size == this.partNext) {
        // The last one again, in a message of its own: what was answered has not come through.
        this.takeBlock();
        return CoapEvent.None;
      }
      if (!isOurs || at != this.partNext) {
        this.partActive = false;
        return this.refuse(CoapCode.RequestEntityIncomplete);
      }
    }
    this.partActive = !isLast;
    this.partKey = m.key;
    this.partNext = at + m.payloadLen;
    this.partExpires = now + EXCHANGE_LIFETIME_MS;
    this.offset = at;
    if (!isLast) return CoapEvent.Block;
    if (this.partKept) {
      if (!this.gather()) return this.tooLarge();
      this.body = this.into;
      this.bodyLen = this.partNext;
      this.offset = 0;
    }
    return CoapEvent.Request;
  }

  /** Gathers the block in hand and asks the peer for the next; 4.13 when the body is too large for our buffer. */
  protected keepBlock(): void {
    if (this.offset == 0) {
      if (this.message.size1 > this.intoMax) {
        this.tooLarge();
        return;
      }
      this.partKept = true;
    }
    if (this.partKept && this.gather()) this.takeBlock();
    else this.tooLarge();
  }

  /** Asks for the next block: RFC 7959 2.3, 2.31. */
  protected takeBlock(): void {
    this.respond(CoapCode.Continue, -1, 0, 0);
  }

  private gather(): bool {
    if (this.offset + this.bodyLen > this.intoMax) return false;
    memory.copy(this.into + this.offset, this.body, this.bodyLen);
    return true;
  }

  private tooLarge(): CoapEvent {
    this.partActive = false;
    this.respond(CoapCode.RequestEntityTooLarge, -1, 0, 0);
    return CoapEvent.None;
  }

  /** The client role needs the buffer. */
  protected dropPart(): void {
    if (this.partKept) this.partActive = false;
  }

  // --- Answers ---

  /** Writes Location-Path for the next response. */
  location(): CoapWriter {
    return this.locationWriter.on(this.locationBuffer, LOCATION_MAX);
  }

  /**
   * Answers the request in hand. `format` -1: none. A body of more than one block is cut: the peer asks for the rest, a GET by the
   * same request again, anything else from the same ptr..ptr+len, which must then stay as it is until the next event.
   */
  respond(code: CoapCode, format: i32, ptr: usize, len: i32): void {
    const a = this.current;
    if (!a.open) return;
    a.open = false;
    if (!isSuccess(code)) this.partActive = false;
    const isCon = a.type == CoapType.Con;
    const mid = isCon ? a.mid : this.nextMid();
    this.replyLen = this.compose(a, this.reply, isCon ? CoapType.Ack : CoapType.Non, mid, code, format, ptr, len);
    if (isCon) this.recent.answered(a.mid, this.reply, this.replyLen);
  }

  /** A CON of ours is under way: a confirmable notification has to wait for what becomes of it. */
  get isBusy(): bool {
    return this.con != Con.None;
  }

  /** There is no request in hand that waits for an answer. */
  get isAnswered(): bool {
    return !this.current.open;
  }

  /** Puts the answer off: `respondLater` gives it. False, and nothing done, while another is put off. RFC 7252 5.2.2. */
  defer(): bool {
    const a = this.current;
    if (!a.open || this.deferred.open) return false;
    memory.copy(changetype<usize>(this.deferred), changetype<usize>(a), offsetof<CoapAnswer>());
    a.open = false;
    if (a.type == CoapType.Con) this.acknowledge();
    return true;
  }

  /** As `respond`, for the request that was put off. Again while another CON is under way; NotFound when none was put off. */
  respondLater(now: i64, code: CoapCode, format: i32, ptr: usize, len: i32): i32 {
    const a = this.deferred;
    if (!a.open) return Status.NotFound;
    const isCon = a.type == CoapType.Con;
    if (isCon ? this.con != Con.None : this.replyLen > 0) return Status.Again;
    a.open = false;
    const mid = this.nextMid();
    if (!isCon) {
      this.replyLen = this.compose(a, this.reply, CoapType.Non, mid, code, format, ptr, len);
      return Status.Ok;
    }
    this.compose(a, this.conBuffer, CoapType.Con, mid, code, format, ptr, len);
    this.startCon(now, Con.Response, mid, a.token, a.tokenLen);
    return Status.Ok;
  }

  /**
   * Sends a new state to an observer, RFC 7641 4.2: the first block of it, the peer asks for the rest. Confirmable ones
   * take the place of an older one that is not acknowledged yet. Ok; Again while something else is under way.
   */
  notify(
    now: i64,
    confirmable: bool,
    token: usize,
    tokenLen: i32,
    sequence: i32,
    code: CoapCode,
    format: i32,
    ptr: usize,
    len: i32,
  ): i32 {
    const a = this.observer;
    a.toObserver(token, tokenLen);
    const replaces = this.con == Con.Notification && this.conToken == a.token && this.conTokenLen == tokenLen;
    if (replaces ? false : confirmable ? this.con != Con.None : this.replyLen > 0) return Status.Again;
    this.location();
    this.observe = isSuccess(code) ? sequence & 0xffffff : -1;
    const mid = this.nextMid();
    if (confirmable || replaces) {
      this.compose(a, this.conBuffer, CoapType.Con, mid, code, format, ptr, len);
      if (replaces) this.replaceCon(mid);
      else this.startCon(now, Con.Notification, mid, a.token, tokenLen);
      return Status.Ok;
    }
    this.replyLen = this.compose(a, this.reply, CoapType.Non, mid, code, format, ptr, len);
    const non = this.non(this.nonCount++ % NON_NOTIFICATIONS);
    non.token = a.token;
    non.tokenLen = tokenLen;
    non.mid = mid;
    return Status.Ok;
  }

  private non(i: u32): NonNotification {
    return changetype<NonNotification>(this.nons + i * offsetof<NonNotification>());
  }

  /** The observer that refuses a NON notification by a RST of that ID is named in `token`. */
  protected refusedNon(mid: u32): bool {
    for (let i: u32 = 0; i < min(this.nonCount, NON_NOTIFICATIONS); i++) {
      const non = this.non(i);
      if (non.mid != mid) continue;
      this.doneToken = non.token;
      this.tokenLen = non.tokenLen;
      non.mid = u32.MAX_VALUE;
      return true;
    }
    return false;
  }

  /** Writes an answer, cut to the block that was requested. RFC 7959 2.4. */
  private compose(
    a: CoapAnswer,
    into: usize,
    type: CoapType,
    mid: u32,
    code: CoapCode,
    format: i32,
    ptr: usize,
    len: i32,
  ): i32 {
    const frame = this.frame;
    frame.clear();
    frame.format = format;
    let from = 0;
    let part = len;
    if (a.block2 >= 0 || len > blockSize(this.szx)) {
      const szx = a.block2 >= 0 ? min(a.block2 & 7, this.szx) : this.szx;
      const size = blockSize(szx);
      from = a.block2 >= 0 ? (a.block2 >> 4) * blockSize(a.block2 & 7) : 0;
      if (from > 0 && from >= len) {
        // Nothing is there. The body may have become shorter since the first block.
        if (isSuccess(code)) code = CoapCode.BadRequest;
        frame.format = -1;
        from = 0;
        part = 0;
      } else {
        part = min(size, len - from);
        const more = from + part < len;
        frame.block2 = ((from >> (szx + 4)) << 4) | (more ? 8 : 0) | szx;
        if (more || from > 0) frame.etag = <i32>((hashOf(ptr, len) & 0x7fffffff) | 1);
        if (a.size2 >= 0) frame.size2 = len;
        if (more && a.method != CoapCode.Get) this.hold(a.key, code, format, ptr, len);
      }
    }
    if (a.block1 >= 0) {
      const more = code == CoapCode.Continue ? 8 : 0;
      frame.block1 = (a.block1 & ~15) | more | min(a.block1 & 7, this.szx);
      if (code == CoapCode.RequestEntityTooLarge) frame.size1 = this.intoMax;
    }
    if (from == 0 && isSuccess(code)) frame.observe = this.observe;
    this.observe = -1;
    const w = this.writer.begin(into, DATAGRAM_MAX, type, code, mid, a.tokenPtr, a.tokenLen);
    const others = this.others;
    others.on(this.locationBuffer, this.locationWriter.fits ? this.locationWriter.length : 0);
    frame.write(w, others);
    w.payload(ptr + from, part);
    return w.length;
  }

  private hold(key: u32, code: CoapCode, format: i32, ptr: usize, len: i32): void {
    this.heldKey = key;
    this.heldCode = code;
    this.heldFormat = format;
    this.held = ptr;
    this.heldLen = len;
  }
}
