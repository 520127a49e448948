// One end of CoAP with one peer, client and server in one: datagrams in, datagrams out, a deadline.
//
// The caller gives each datagram of the peer to `receive` and calls `step` when `deadline` has come; both return a CoapEvent. After any
// call it sends the datagrams that wait (`outLen`, `outPtr`, `sent`). An endpoint has one peer: a new association begins with `begin`.
//
// A request of the peer must be answered by `respond`, or put off by `defer`, before the next `receive`. Bodies of several blocks come
// block by block: `keep` gathers them in the caller's buffer, `take` says that the caller has put the block away itself (firmware), and
// the last block brings the event of the whole. One CON of ours at most is under way (NSTART = 1): a request, a notification or a
// late response. One request of ours at a time, and one observation.

import { Status } from "../../board/index";
import { CoapEvent } from "./event";
import {
  BLOCK_NUM_MAX,
  CoapCode,
  CoapType,
  DATAGRAM_MAX,
  EXCHANGE_LIFETIME_MS,
  TOKEN_MAX,
  blockSize,
  isNewer,
  isRequest,
  isSuccess,
} from "./fields";
import { CoapFrame } from "./frame";
import { Con, Fate } from "./layer";
import { CoapMessage, validBlock } from "./message";
import { RECENT_SIZE } from "./recent";
import { CoapServer, COAP_SERVER_PARTS } from "./server";
import { CoapWriter } from "./writer";

/** Path and query of our request, and of what we observe. */
const OPTIONS_MAX: i32 = 192;
const OBSERVED_MAX: i32 = 96;
const ETAG_MAX: i32 = 8;
/** How often a body is fetched anew because its ETag has changed in between. */
const RESTARTS_MAX: i32 = 3;

/** Our request. */
const enum Ask {
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

/** Place with `memory.data(COAP_ENDPOINT_SIZE, 8)`, then `begin`. */
@unmanaged
export class CoapEndpoint extends CoapServer {
  /** Bytes of our tokens, 1..8. Without DTLS they keep others from forging responses, which takes 4 (RFC 7252 5.3.1). */
  tokenBytes: i32;

  private ask: Ask;
  private askType: CoapType;
  private method: CoapCode;
  private accept: i32;
  private format: i32;
  private askObserve: i32;
  private askToken: u64;
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
  private limit: i64;
  private failure: i32;
  /** The request fetches the rest of a notification. */
  private isOfObserved: bool;
  private options: CoapWriter;
  private optionsBuffer: usize;

  // What we observe.
  private observing: bool;
  private observedToken: u64;
  private observedTokenLen: i32;
  private observedSeq: u32;
  private observedAt: i64;
  private observedAccept: i32;
  private observedLen: i32;
  private observedOptions: usize;
  /** A notification of several blocks came while another request was under way. */
  private isStale: bool;

  /** Starts anew with a peer. `seed`: entropy. Bodies of several blocks are gathered in into..into+intoMax. */
  begin(seed: u64, into: usize, intoMax: i32): void {
    const own = (changetype<usize>(this) + offsetof<CoapEndpoint>() + 7) & ~7;
    const at = this.beginServer(own, seed);
    this.options = changetype<CoapWriter>(at);
    this.optionsBuffer = at + offsetof<CoapWriter>();
    this.observedOptions = this.optionsBuffer + OPTIONS_MAX;
    this.into = into;
    this.intoMax = intoMax;
    this.tokenBytes = 4;
    this.ask = Ask.Idle;
    this.observing = false;
    this.isStale = false;
    this.observedLen = 0;
  }

  // --- Our requests ---

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
    memory.copy(changetype<usize>(this) + offsetof<CoapEndpoint>("etag"), etag, etagLen);
  }

  /**
   * Sends the request. `format` and `accept` -1: none. `observe` 0 begins an observation, 1 ends it, -1: neither. The body stays as it
   * is until the event Response. `limitMs`: how long a response may take after the request has been acknowledged; 0: 247 s.
   * Ok; Busy while another is under way; TooLong when the options do not fit.
   */
  send(now: i64, type: CoapType, format: i32, accept: i32, observe: i32, body: usize, bodyLen: i32, limitMs: i32): i32 {
    if (this.ask != Ask.Idle) return Status.Busy;
    if (!this.options.fits) return Status.TooLong;
    if (observe == 0) {
      if (this.options.length > OBSERVED_MAX) return Status.TooLong;
      this.observing = false;
      this.isStale = false;
      this.observedAccept = accept;
      this.observedLen = this.options.length;
      memory.copy(this.observedOptions, this.optionsBuffer, this.observedLen);
    }
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
    this.isOfObserved = false;
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

  /** Forgets what we observe: the next notification is refused, which tells the peer. RFC 7641 3.6. */
  forget(): void {
    this.observing = false;
    this.isStale = false;
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

  private end(result: i32): CoapEvent {
    this.ask = Ask.Idle;
    this.result = result;
    if (this.isOfObserved) return result == Status.Ok ? CoapEvent.Notification : CoapEvent.None;
    return CoapEvent.Response;
  }

  /** Sends what the request needs next: a block of its body, or the request for the next block of the response. */
  private transmit(now: i64): void {
    const isCon = this.askType == CoapType.Con;
    if (isCon ? this.con != Con.None : this.replyLen > 0) {
      this.ask = Ask.Queued;
      return;
    }
    const frame = this.frame;
    frame.clear();
    frame.accept = this.accept;
    let part = 0;
    const ended = this.askObserve == 1 && this.observing;
    if (this.fetching) {
      // RFC 7959 2.4: without Observe, and without the body that the peer has.
      frame.block2 = ((this.fetched >> (this.fetchSzx + 4)) << 4) | this.fetchSzx;
    } else {
      frame.observe = this.askObserve;
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
    const tokenLen = ended ? this.observedTokenLen : this.tokenBytes;
    const mask: u64 = tokenLen == TOKEN_MAX ? u64.MAX_VALUE : ((<u64>1) << (tokenLen << 3)) - 1;
    this.askToken = ended ? this.observedToken : this.nextRandom() & mask;
    const mid = this.nextMid();
    const token = changetype<usize>(this) + offsetof<CoapEndpoint>("askToken");
    const into = isCon ? this.conBuffer : this.reply;
    const w = this.writer.begin(into, DATAGRAM_MAX, this.askType, this.method, mid, token, tokenLen);
    const others = this.others;
    others.on(this.isOfObserved ? this.observedOptions : this.optionsBuffer, this.ownOptionsLen);
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
      this.ask = Ask.Waiting;
      this.limit = now + this.limitMs;
    }
  }

  private get ownOptionsLen(): i32 {
    return this.isOfObserved ? this.observedLen : this.options.length;
  }

  // --- What comes ---

  /** Takes a datagram of the peer. It stays as it is until the event is dealt with. */
  receive(now: i64, ptr: usize, len: i32): CoapEvent {
    const m = this.message;
    this.current.open = false;
    const status = len > DATAGRAM_MAX ? Status.TooLong : m.parse(ptr, len);
    if (status == Status.Malformed && m.type == CoapType.Con) this.empty(CoapType.Rst, m.mid);
    if (status != Status.Ok) return CoapEvent.None;
    if (m.type == CoapType.Ack || m.type == CoapType.Rst) return this.settled(now);
    if (m.code == CoapCode.Empty) {
      // A ping, RFC 7252 4.3; an empty NON has no meaning.
      if (m.type == CoapType.Con) this.empty(CoapType.Rst, m.mid);
      return CoapEvent.None;
    }
    if (this.isDuplicate(now, ptr, len)) return CoapEvent.None;
    return isRequest(m.code) ? this.serve(now) : this.respondedTo(now);
  }

  /** An ACK, with or without a response, or a RST. */
  private settled(now: i64): CoapEvent {
    const m = this.message;
    const isReset = m.type == CoapType.Rst;
    if (m.code != CoapCode.Empty) {
      // Piggybacked.
      if (this.con != Con.Request || m.mid != this.conMid || !this.isOurs) return CoapEvent.None;
      this.con = Con.None;
      return this.responded(now);
    }
    if (isReset && this.refusedNon(m.mid)) {
      this.result = Status.Refused;
      return CoapEvent.Undelivered;
    }
    return this.fateOf(now, this.settle(now, m.mid, isReset));
  }

  /** The CON under way has met its fate. */
  private fateOf(now: i64, fate: Fate): CoapEvent {
    if (fate == Fate.Pending) return CoapEvent.None;
    const con = this.con;
    this.con = Con.None;
    if (con == Con.Request) {
      if (fate != Fate.Acknowledged) return this.end(this.resultOf(fate));
      this.ask = Ask.Waiting;
      this.limit = now + this.limitMs;
      return CoapEvent.None;
    }
    this.doneToken = this.conToken;
    this.tokenLen = this.conTokenLen;
    // A ping is answered by RST.
    const delivered = con == Con.Ping ? fate == Fate.Refused : fate == Fate.Acknowledged;
    this.result = delivered ? Status.Ok : this.resultOf(fate);
    return delivered ? CoapEvent.Delivered : CoapEvent.Undelivered;
  }

  /** The message in hand carries the token of our request. */
  private get isOurs(): bool {
    if (this.ask != Ask.Sent && this.ask != Ask.Waiting) return false;
    const ended = this.askObserve == 1 && this.observing && !this.fetching;
    return this.hasToken(this.askToken, ended ? this.observedTokenLen : this.tokenBytes);
  }

  private hasToken(token: u64, len: i32): bool {
    const m = this.message;
    if (m.tokenLen != len) return false;
    for (let i = 0; i < len; i++) if (load<u8>(m.token + i) != <u8>(token >> (<u64>(i << 3)))) return false;
    return true;
  }

  /** A response in a message of its own: RFC 7252 5.2.2, 5.3.2. */
  private respondedTo(now: i64): CoapEvent {
    const m = this.message;
    const isOurs = this.isOurs;
    const isObserved = !isOurs && this.observing && this.hasToken(this.observedToken, this.observedTokenLen);
    const isKnown = isOurs || isObserved;
    if (!isKnown || m.critical != 0) {
      // Nobody waits for it; of an observation that is forgotten this is how the peer learns of it.
      this.empty(CoapType.Rst, m.mid);
      if (m.type == CoapType.Con) this.recent.answered(m.mid, this.reply, this.replyLen);
      if (!isOurs) return CoapEvent.None;
    } else if (m.type == CoapType.Con) {
      this.acknowledge();
    }
    if (isObserved) return this.notified(now);
    // It may overtake the ACK of the request.
    if (this.con == Con.Request) this.con = Con.None;
    return this.responded(now);
  }

  private responded(now: i64): CoapEvent {
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
    if (this.askObserve == 1) this.forget();
    if (this.askObserve == 0 && !this.fetching && m.observe >= 0 && isSuccess(m.code)) {
      this.observing = true;
      this.observedToken = this.askToken;
      this.observedTokenLen = this.tokenBytes;
      this.observedSeq = m.observe;
      this.observedAt = now;
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

  /** The response, or a block of it. */
  private fetch(now: i64): CoapEvent {
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
    memory.copy(changetype<usize>(this) + offsetof<CoapEndpoint>("etag"), m.etag, m.etagLen);
  }

  private sameTag(): bool {
    const m = this.message;
    const own = changetype<usize>(this) + offsetof<CoapEndpoint>("etag");
    return m.etagLen == this.etagLen && memory.compare(own, m.etag, m.etagLen) == 0;
  }

  /** A notification, RFC 7641 3.4. */
  private notified(now: i64): CoapEvent {
    const m = this.message;
    const ends = !isSuccess(m.code) || m.observe < 0;
    if (!ends) {
      if (!isNewer(this.observedSeq, m.observe, now - this.observedAt)) return CoapEvent.None;
      this.observedSeq = m.observe;
      this.observedAt = now;
    } else {
      this.observing = false;
    }
    this.isStale = false;
    this.body = m.payload;
    this.bodyLen = m.payloadLen;
    this.offset = 0;
    this.result = Status.Ok;
    if (!validBlock(m.block2)) return CoapEvent.None;
    if (m.block2 < 0 || (m.block2 & 8) == 0) return CoapEvent.Notification;
    if (this.ask != Ask.Idle) {
      this.isStale = true;
      return CoapEvent.None;
    }
    this.beginObservedFetch();
    return this.fetch(now);
  }

  private beginObservedFetch(): void {
    this.method = CoapCode.Get;
    this.askType = CoapType.Con;
    this.format = -1;
    this.accept = this.observedAccept;
    this.askObserve = -1;
    this.uploadLen = 0;
    this.uploaded = 0;
    this.restarts = 0;
    this.limitMs = EXCHANGE_LIFETIME_MS;
    this.isOfObserved = true;
    this.beginFetch();
  }

  // --- Time ---

  /** Moves on; call when `deadline` has come. */
  step(now: i64): CoapEvent {
    const fate = this.stepCon(now);
    if (fate != Fate.Pending) return this.fateOf(now, fate);
    switch (this.ask) {
      case Ask.Queued:
        this.transmit(now);
        break;
      case Ask.Waiting:
        if (now >= this.limit) return this.end(Status.Timeout);
        break;
      case Ask.Failed:
        return this.end(this.failure);
      case Ask.Idle:
        if (this.isStale) {
          this.isStale = false;
          this.beginObservedFetch();
          this.transmit(now);
        }
        break;
      default:
    }
    return CoapEvent.None;
  }

  /** When `step` is to be called; a time past: at once. */
  get deadline(): i64 {
    const con = this.conDeadline;
    if (this.ask == Ask.Failed || (this.ask == Ask.Idle && this.isStale)) return 0;
    if (this.ask == Ask.Queued && this.con == Con.None && this.replyLen == 0) return 0;
    return this.ask == Ask.Waiting ? min(con, this.limit) : con;
  }
}

export const COAP_ENDPOINT_SIZE: i32 = <i32>(
  (offsetof<CoapEndpoint>() +
    16 +
    offsetof<CoapMessage>() +
    2 * offsetof<CoapWriter>() +
    offsetof<CoapFrame>() +
    8 +
    RECENT_SIZE +
    2 * DATAGRAM_MAX +
    COAP_SERVER_PARTS +
    OPTIONS_MAX +
    OBSERVED_MAX)
);
