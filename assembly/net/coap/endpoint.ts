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
import { Ask, CoapClient } from "./client";
import { CoapEvent } from "./event";
import { CoapCode, CoapType, DATAGRAM_MAX, isRequest } from "./fields";
import { Con, Fate } from "./layer";
import { validBlock } from "./message";
import { Recent } from "./recent";

/** Place with `place`, then `begin`. */
@unmanaged
export class CoapEndpoint extends CoapClient {
  @part private known: Recent;
  @bytes(DATAGRAM_MAX) private replies: usize;
  @bytes(DATAGRAM_MAX) private repeated: usize;

  /** Starts again with a peer. `seed`: entropy. Bodies of several blocks are gathered in into..into+intoMax. */
  begin(seed: u64, into: usize, intoMax: i32): void {
    this.beginLayer(seed, this.known, this.replies, this.repeated);
    this.beginServer();
    this.beginClient();
    this.into = into;
    this.intoMax = intoMax;
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
      this.awaits(now);
      return CoapEvent.None;
    }
    this.doneToken = this.conToken;
    this.tokenLen = this.conTokenLen;
    // A ping is answered by RST.
    const delivered = con == Con.Ping ? fate == Fate.Refused : fate == Fate.Acknowledged;
    this.result = delivered ? Status.Ok : this.resultOf(fate);
    return delivered ? CoapEvent.Delivered : CoapEvent.Undelivered;
  }

  /** A response in a message of its own: RFC 7252 5.2.2, 5.3.2. */
  private respondedTo(now: i64): CoapEvent {
    const m = this.message;
    const isOurs = this.isOurs;
    const isObserved = !isOurs && this.isObserved;
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

  /** A notification, RFC 7641 3.4. */
  private notified(now: i64): CoapEvent {
    const m = this.message;
    if (!this.isNews(now)) return CoapEvent.None;
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
