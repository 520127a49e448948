// Our requests: their body in blocks (Block1), their response in blocks (Block2), RFC 7252 5, 7959. One at a time.

import { Status } from "../../board/index";
import { CoapEvent } from "./event";
import { BLOCK_NUM_MAX, CoapCode, CoapType, DATAGRAM_MAX, EXCHANGE_LIFETIME_MS, blockSize, isSuccess } from "./fields";
import { Con } from "./layer";
import { validBlock } from "./message";
import { CoapObserving } from "./observing";
import { CoapWriter } from "./writer";

/** Path and query of our request. */
const OPTIONS_MAX: i32 = 192;
const ETAG_MAX: i32 = 8;
/** How often a body is fetched again because its ETag has changed in between. */
const RESTARTS_MAX: i32 = 3;

/** Our request. */
export const enum Ask {
  /** None. */
  Idle,
  /** Waits until the CON under way has been acknowledged. */
  Queued,
  /** Sent, not acknowledged. Left by ACK, response, RST, or after the last retransmission. */
  Sent,
  /** The response comes later. Left by it, or at `limit`. */
  Waiting,
  /** A block of the response lies with the caller. Left by `keep`, `take`, `cancel`. */
  Paused,
  /** Has failed, and `step` will say so. */
  Failed,
}

/** A request of ours was a NON: see observing.ts for what such a variable is good for. */
let everNon = false;

/** See endpoint.ts. */
@unmanaged
export class CoapClient extends CoapObserving {
  /** Bytes of our tokens, 1..8. Without DTLS they keep others from forging responses, which takes 4 (RFC 7252 5.3.1). */
  tokenBytes: i32;

  protected ask: Ask;
  private askType: CoapType;
  private method: CoapCode;
  private accept: i32;
  private format: i32;
  private askObserve: i32;
  private askToken: u64;
  private askTokenLen: i32;
  private upload: usize;
  private uploadLen: i32;
  private uploadSzx: i32;
  /** Bytes of the upload that the peer has. */
  private uploaded: i32;
  /** Where the next block of the response begins; 0 when none has come. */
  private fetched: i32;
  /** The same, while the block before lies with the caller. */
  private pausedAt: i32;
  private fetchSzx: i32;
  private fetching: bool;
  private isKept: bool;
  private restarts: i32;
  /** Where the response is to begin, for `from`. */
  private askFrom: i32;
  private etag: u64;
  private etagLen: i32;
  private limitMs: i32;
  protected limit: i64;
  protected failure: i32;
  private ofObserved: bool;
  @part private options: CoapWriter;
  @bytes(OPTIONS_MAX) private optionsBuffer: usize;

  protected beginClient(): void {
    this.tokenBytes = 4;
    this.ask = Ask.Idle;
    this.beginObserving();
  }

  /** No request of ours is under way. */
  get idle(): bool {
    return this.ask == Ask.Idle;
  }

  /** Begins a request: write Uri-Host, Uri-Path, Uri-Query (ascending), then `send`. Only while `idle`. */
  request(method: CoapCode): CoapWriter {
    this.method = method;
    this.askFrom = 0;
    return this.options.on(this.optionsBuffer, OPTIONS_MAX);
  }

  /**
   * Before `send` of a GET: the caller has the first `offset` bytes of the response, a whole number of blocks, of the version with that
   * ETag. The blocks behind them are asked for; of another version all of them come.
   */
  from(offset: i32, etag: usize, etagLen: i32): void {
    if (offset % blockSize(this.szx) != 0 || etagLen > ETAG_MAX) return;
    this.askFrom = offset;
    this.etagLen = etagLen;
    memory.copy(changetype<usize>(this) + offsetof<CoapClient>("etag"), etag, etagLen);
  }

  /**
   * Sends the request. `format` and `accept` -1: none. `observe` 0 begins an observation, 1 ends it, -1: neither. The body stays as it
   * is until the event Response. `limitMs`: how long a response may take after the request has been acknowledged; 0: 247 s.
   * Ok; Busy while another is under way; TooLong when the options do not fit.
   */
  send(now: i64, type: CoapType, format: i32, accept: i32, observe: i32, body: usize, bodyLen: i32, limitMs: i32): i32 {
    if (this.ask != Ask.Idle) return Status.Busy;
    if (!this.options.fits) return Status.TooLong;
    if (observe >= 0 && !this.willObserve(observe == 0, this.options, accept)) return Status.TooLong;
    if (type != CoapType.Con) everNon = true;
    this.askType = type;
    this.format = format;
    this.accept = accept;
    this.askObserve = observe;
    this.upload = body;
    this.uploadLen = bodyLen;
    this.uploadSzx = this.szx;
    this.uploaded = 0;
    this.restarts = 0;
    this.limitMs = limitMs > 0 ? limitMs : EXCHANGE_LIFETIME_MS;
    this.ofObserved = false;
    const etagLen = this.etagLen;
    this.beginFetch();
    if (this.askFrom > 0) {
      this.etagLen = etagLen;
      this.fetched = this.askFrom;
      this.fetching = true;
    }
    this.transmit(now);
    return Status.Ok;
  }

  /** Gives up the request; no event follows. What still comes of it is refused by RST. */
  cancel(): void {
    if (this.con == Con.Request) this.con = Con.None;
    this.ask = Ask.Idle;
  }

  /** An empty CON; Delivered when the peer answers. Busy while another CON is under way. RFC 7252 4.3. */
  ping(now: i64): i32 {
    if (this.con != Con.None) return Status.Busy;
    const mid = this.nextMid();
    this.writer.begin(this.conBuffer, DATAGRAM_MAX, CoapType.Con, CoapCode.Empty, mid, 0, 0);
    this.startCon(now, Con.Ping, mid, 0, 0);
    return Status.Ok;
  }

  /** After Block or ResponseBlock, at once: gathers the block in our buffer and asks for the next. */
  keep(now: i64): void {
    if (!this.isAnswered) {
      if (this.ask != Ask.Idle && this.fetching && this.isKept) this.respond(CoapCode.ServiceUnavailable, -1, 0, 0);
      else this.keepBlock();
      return;
    }
    if (this.ask != Ask.Paused) return;
    if (this.offset == 0) {
      this.isKept = true;
      this.dropPart();
    }
    if (this.isKept && this.append()) this.more(now);
    else this.fail(Status.TooLong);
  }

  /** After Block (at once) or ResponseBlock (whenever): the caller has dealt with the block; asks for the next. */
  take(now: i64): void {
    if (!this.isAnswered) this.takeBlock();
    else if (this.ask == Ask.Paused) this.more(now);
  }

  private more(now: i64): void {
    this.fetched = this.pausedAt;
    this.transmit(now);
  }

  private append(): bool {
    if (this.offset + this.bodyLen > this.intoMax) return false;
    memory.copy(this.into + this.offset, this.body, this.bodyLen);
    return true;
  }

  private beginFetch(): void {
    this.fetched = 0;
    this.fetchSzx = this.szx;
    this.fetching = false;
    this.isKept = false;
    this.etagLen = 0;
  }

  private fail(why: i32): void {
    this.ask = Ask.Failed;
    this.failure = why;
  }

  protected end(result: i32): CoapEvent {
    this.ask = Ask.Idle;
    this.result = result;
    if (this.isOfObserved) return result == Status.Ok ? CoapEvent.Notification : CoapEvent.None;
    return CoapEvent.Response;
  }

  /** Sends what the request needs next: a block of its body, or the request for the next block of the response. */
  protected transmit(now: i64): void {
    const isCon = this.isConfirmable;
    if (isCon ? this.con != Con.None : this.replyLen > 0) {
      this.ask = Ask.Queued;
      return;
    }
    const frame = this.frame;
    frame.clear();
    frame.accept = this.accept;
    let part = 0;
    const ends = this.isObserving && this.askObserve == 1;
    if (this.fetching) {
      // RFC 7959 2.4: without Observe, and without the body that the peer has.
      frame.block2 = ((this.fetched >> (this.fetchSzx + 4)) << 4) | this.fetchSzx;
    } else {
      if (this.hasObserved) frame.observe = this.askObserve;
      frame.format = this.format;
      part = this.uploadLen - this.uploaded;
      const size = blockSize(this.uploadSzx);
      if (this.uploaded > 0 || part > size) {
        const more = part > size;
        frame.block1 = ((this.uploaded >> (this.uploadSzx + 4)) << 4) | (more ? 8 : 0) | this.uploadSzx;
        if (this.uploaded == 0) frame.size1 = this.uploadLen;
        part = min(part, size);
      }
      // Small buffers and slow links say so at once.
      if (this.method == CoapCode.Get && this.szx < 6) frame.block2 = this.szx;
    }
    // As many bytes of it as the token has.
    this.askToken = ends ? this.observedToken : this.nextRandom();
    const tokenLen = ends ? this.observedTokenLen : this.tokenBytes;
    this.askTokenLen = tokenLen;
    const mid = this.nextMid();
    const into = isCon ? this.conBuffer : this.reply;
    const type = isCon ? CoapType.Con : CoapType.Non;
    const w = this.writer.begin(into, DATAGRAM_MAX, type, this.method, mid, this.askTokenPtr, tokenLen);
    const others = this.others;
    if (this.isOfObserved) others.on(this.observedOptions, this.observedLen);
    else others.on(this.optionsBuffer, this.options.length);
    frame.write(w, others);
    w.payload(this.upload + this.uploaded, part);
    if (!w.fits) {
      this.fail(Status.TooLong);
      return;
    }
    if (isCon) {
      this.startCon(now, Con.Request, mid, this.askToken, tokenLen);
      this.ask = Ask.Sent;
    } else {
      this.replyLen = w.length;
      this.awaits(now);
    }
  }

  private get isConfirmable(): bool {
    return !everNon || this.askType == CoapType.Con;
  }

  /** The request fetches the rest of a notification. */
  private get isOfObserved(): bool {
    return this.hasObserved && this.ofObserved;
  }

  private get askTokenPtr(): usize {
    return changetype<usize>(this) + offsetof<CoapClient>("askToken");
  }

  // --- Their responses ---

  /** The message in hand carries the token of our request. */
  protected get isOurs(): bool {
    if (this.ask != Ask.Sent && this.ask != Ask.Waiting) return false;
    return this.message.hasToken(this.askTokenPtr, this.askTokenLen);
  }

  /** The request has been acknowledged, and its response comes later. */
  protected awaits(now: i64): void {
    this.ask = Ask.Waiting;
    this.limit = now + this.limitMs;
  }

  protected responded(now: i64): CoapEvent {
    const m = this.message;
    // A response with a critical option that we do not know is not taken, RFC 7252 5.4.1; asking again would not help.
    if (m.critical != 0) return this.end(Status.Unsupported);
    if (!validBlock(m.block1) || !validBlock(m.block2)) return this.end(Status.Malformed);
    if (!this.fetching && this.uploadLen - this.uploaded > blockSize(this.uploadSzx)) {
      if (m.code == CoapCode.Continue) return this.uploadedBlock(now);
      // RFC 7959 2.9.3: too large, but smaller blocks would do.
      const szx = m.block1 & 7;
      if (m.code == CoapCode.RequestEntityTooLarge && m.block1 >= 0 && this.uploaded == 0 && szx < this.uploadSzx) {
        this.uploadSzx = szx;
        this.transmit(now);
        return CoapEvent.None;
      }
    } else if (m.code == CoapCode.Continue) {
      return this.end(Status.Malformed);
    }
    if (this.hasObserved) {
      if (this.askObserve == 1) this.forget();
      const begins = this.askObserve == 0 && !this.fetching && m.observe >= 0 && isSuccess(m.code);
      if (begins) this.observes(now, this.askToken, this.askTokenLen);
    }
    return this.fetch(now);
  }

  /** 2.31: the peer has the block, and may want smaller ones from now on. */
  private uploadedBlock(now: i64): CoapEvent {
    const m = this.message;
    const szx = m.block1 & 7;
    const num = this.uploaded >> (this.uploadSzx + 4);
    if (m.block1 < 0 || m.block1 >> 4 != num || szx > this.uploadSzx) return this.end(Status.Malformed);
    this.uploaded += blockSize(this.uploadSzx);
    this.uploadSzx = szx;
    if (this.uploaded >> (szx + 4) > BLOCK_NUM_MAX) return this.end(Status.TooLong);
    this.transmit(now);
    return CoapEvent.None;
  }

  /** Asks for the rest of a notification. */
  protected beginObservedFetch(): void {
    this.method = CoapCode.Get;
    this.askType = CoapType.Con;
    this.format = -1;
    this.accept = this.observedAccept;
    this.askObserve = -1;
    this.uploadLen = 0;
    this.uploaded = 0;
    this.restarts = 0;
    this.limitMs = EXCHANGE_LIFETIME_MS;
    this.ofObserved = true;
    this.beginFetch();
  }

  /** The response, or a block of it. */
  protected fetch(now: i64): CoapEvent {
    const m = this.message;
    this.body = m.payload;
    this.bodyLen = m.payloadLen;
    this.offset = 0;
    if (m.block2 < 0 || !isSuccess(m.code)) {
      // Without Block2 it is the whole, and no part of what came before.
      return this.end(Status.Ok);
    }
    const szx = m.block2 & 7;
    const isLast = (m.block2 & 8) == 0;
    const at = (m.block2 >> 4) << (szx + 4);
    const size = blockSize(szx);
    if (this.fetched > 0 && !this.sameTag()) {
      // Another state than the one whose beginning we have: from the start. RFC 7959 2.4.
      if (this.restarts++ >= RESTARTS_MAX) return this.end(Status.Malformed);
      this.beginFetch();
      this.fetching = true;
      this.transmit(now);
      return CoapEvent.None;
    }
    const fits = isLast ? m.payloadLen <= size : m.payloadLen == size;
    if (at != this.fetched || !fits) return this.end(Status.Malformed);
    if (this.fetched == 0) this.noteTag();
    this.fetchSzx = min(szx, this.fetchSzx);
    this.offset = at;
    if (!isLast) {
      // In the smaller blocks the next one has to begin at a number of its own.
      if (at >> (szx + 4) >= BLOCK_NUM_MAX) return this.end(Status.TooLong);
      this.fetching = true;
      this.ask = Ask.Paused;
      this.pausedAt = at + size;
      return CoapEvent.ResponseBlock;
    }
    if (this.isKept) {
      if (!this.append()) return this.end(Status.TooLong);
      this.body = this.into;
      this.bodyLen += at;
      this.offset = 0;
    }
    return this.end(Status.Ok);
  }

  private noteTag(): void {
    const m = this.message;
    this.etagLen = m.etagLen;
    memory.copy(changetype<usize>(this) + offsetof<CoapClient>("etag"), m.etag, m.etagLen);
  }

  private sameTag(): bool {
    const m = this.message;
    const own = changetype<usize>(this) + offsetof<CoapClient>("etag");
    return m.etagLen == this.etagLen && memory.compare(own, m.etag, m.etagLen) == 0;
  }
}
