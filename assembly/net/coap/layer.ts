// The message layer, RFC 7252 4: what repeats a CON until it is acknowledged, answers duplicates, and numbers messages.

import { Status } from "../../board/index";
import {
  ACK_SPREAD_MS,
  ACK_TIMEOUT_MS,
  CoapCode,
  CoapType,
  DATAGRAM_MAX,
  EXCHANGE_LIFETIME_MS,
  MAX_RETRANSMIT,
  NON_LIFETIME_MS,
} from "./fields";
import { CoapFrame } from "./frame";
import { CoapMessage } from "./message";
import { Recent } from "./recent";
import { CoapWriter } from "./writer";

/** What the CON that is under way is. */
export const enum Con {
  None,
  Request,
  Notification,
  Response,
  Ping,
}

/** What has become of it. */
export const enum Fate {
  Pending,
  Acknowledged,
  Refused,
  Timeout,
}

const NO_MID: u32 = 0x10000;


@unmanaged
export class CoapLayer {
  /** The message that came last. */
  @part message: CoapMessage;
  @part protected writer: CoapWriter;
  @part protected frame: CoapFrame;
  protected recent: Recent;

  // The datagram that goes out once: an answer, a NON.
  protected reply: usize;
  protected replyLen: i32;

  // The CON that is repeated. NSTART = 1: there is one at most.
  protected con: Con;
  protected conBuffer: usize;
  protected conMid: u32;
  protected conToken: u64;
  protected conTokenLen: i32;
  private conLen: i32;
  private conDue: bool;
  /** Of the notification whose place the present one has taken. */
  private conOldMid: u32;
  private conTries: i32;
  private conTimeout: i32;
  private conAt: i64;

  private random: u64;
  private mid: u32;

  /** `reply` and `con` have room for a datagram each. Large, they lie behind the fields of all classes that extend this one. */
  protected beginLayer(seed: u64, recent: Recent, reply: usize, con: usize): void {
    this.random = seed;
    this.mid = <u32>(this.nextRandom() & 0xffff);
    this.recent = recent;
    this.recent.clear();
    this.reply = reply;
    this.conBuffer = con;
    this.replyLen = 0;
    this.con = Con.None;
  }

  /** Bytes of the datagram that is to be sent, 0 for none. */
  get outLen(): i32 {
    return this.replyLen > 0 ? this.replyLen : this.con != Con.None && this.conDue ? this.conLen : 0;
  }

  get outPtr(): usize {
    return this.replyLen > 0 ? this.reply : this.conBuffer;
  }

  /** The datagram has been sent; another may wait. */
  sent(): void {
    if (this.replyLen > 0) this.replyLen = 0;
    else this.conDue = false;
  }

  // --- Numbers ---

  /** splitmix64. */
  protected nextRandom(): u64 {
    this.random += 0x9e3779b97f4a7c15;
    let z = this.random;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  protected nextMid(): u32 {
    this.mid = (this.mid + 1) & 0xffff;
    return this.mid;
  }

  // --- Sending ---

  /** An empty message: ACK, RST. */
  protected empty(type: CoapType, mid: u32): void {
    this.writer.begin(this.reply, DATAGRAM_MAX, type, CoapCode.Empty, mid, 0, 0);
    this.replyLen = this.writer.length;
  }

  /** Acknowledges the message in hand, and its duplicates. */
  protected acknowledge(): void {
    this.empty(CoapType.Ack, this.message.mid);
    this.recent.answered(this.message.mid, this.reply, this.replyLen);
  }

  /** Begins the repeated transmission of the writer's message in the CON buffer. */
  protected startCon(now: i64, con: Con, mid: u32, token: u64, tokenLen: i32): void {
    this.con = con;
    this.conMid = mid;
    this.conOldMid = NO_MID;
    this.conToken = token;
    this.conTokenLen = tokenLen;
    this.conLen = this.writer.length;
    this.restartCon(now);
  }

  private restartCon(now: i64): void {
    this.conTries = 0;
    this.conTimeout = ACK_TIMEOUT_MS + <i32>(this.nextRandom() % <u64>(ACK_SPREAD_MS + 1));
    this.conAt = now + this.conTimeout;
    this.conDue = true;
  }

  /**
   * The CON buffer holds a newer notification of the same observation: it goes out in the older one's place, at its times and
   * with as many tries left. RFC 7641 4.5.2.
   */
  protected replaceCon(mid: u32): void {
    // Of several that were never acknowledged only the last sent counts; one not sent yet leaves no trace.
    if (!this.conDue || this.conTries > 0) this.conOldMid = this.conMid;
    this.conMid = mid;
    this.conLen = this.writer.length;
  }

  // --- What becomes of it ---

  /** An ACK or RST of that message ID has come. */
  protected settle(now: i64, mid: u32, isReset: bool): Fate {
    if (this.con == Con.None) return Fate.Pending;
    if (mid == this.conOldMid && !isReset) {
      // The older notification got through: the newer one is a message of its own now.
      this.conOldMid = NO_MID;
      this.restartCon(now);
      return Fate.Pending;
    }
    if (mid != this.conMid && mid != this.conOldMid) return Fate.Pending;
    // A message that has not been sent yet cannot have been acknowledged, but its RST or ACK does no harm.
    return isReset ? Fate.Refused : Fate.Acknowledged;
  }

  /** Sends the CON again when its time has come; Timeout when that was the last time. RFC 7252 4.2. */
  protected stepCon(now: i64): Fate {
    if (this.con == Con.None || this.conDue || now < this.conAt) return Fate.Pending;
    if (this.conTries >= MAX_RETRANSMIT) return Fate.Timeout;
    this.conTries++;
    this.conTimeout <<= 1;
    this.conAt = now + this.conTimeout;
    this.conDue = true;
    return Fate.Pending;
  }

  protected get conDeadline(): i64 {
    return this.con == Con.None || this.conDue ? i64.MAX_VALUE : this.conAt;
  }

  // --- Receiving ---

  /** True for a message that has come before: it is answered as it was. A GET whose answer is lost is carried out again. */
  protected isDuplicate(now: i64, ptr: usize, len: i32): bool {
    const m = this.message;
    const known = this.recent.find(now, m.mid, ptr, len, this.reply);
    if (known < 0 || (known == 0 && m.type == CoapType.Con && m.code == CoapCode.Get)) {
      this.recent.add(now, m.mid, ptr, len, m.type == CoapType.Con ? EXCHANGE_LIFETIME_MS : NON_LIFETIME_MS);
      return false;
    }
    this.replyLen = known;
    return true;
  }

  /** What a Fate says to the caller. */
  protected resultOf(fate: Fate): i32 {
    return fate == Fate.Acknowledged ? Status.Ok : fate == Fate.Refused ? Status.Refused : Status.Timeout;
  }
}
