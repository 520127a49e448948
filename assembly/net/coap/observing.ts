// What we observe at the peer, RFC 7641: one resource, whose notifications come in an order of their own.

import { isNewer, isSuccess } from "./fields";
import { CoapServer } from "./server";
import { CoapWriter } from "./writer";

/** Path and query of what we observe. */
export const OBSERVED_MAX: i32 = 96;

/** A request of ours has observed. In a program without one the optimizer finds that none ever does, and drops what depends on it. */
let everObserved = false;


@unmanaged
export class CoapObserving extends CoapServer {
  private observing: bool;
  /** A notification of several blocks came while another request was under way. */
  private stale: bool;
  protected observedTokenLen: i32;
  protected observedToken: u64;
  private observedSeq: u32;
  private observedAt: i64;
  protected observedAccept: i32;
  protected observedLen: i32;
  @bytes(OBSERVED_MAX) protected observedOptions: usize;

  protected beginObserving(): void {
    this.forget();
    this.observedLen = 0;
  }

  /** Forgets what we observe: the next notification is refused, which tells the peer. RFC 7641 3.6. */
  forget(): void {
    this.observing = false;
    this.stale = false;
  }

  protected get isObserving(): bool {
    return everObserved && this.observing;
  }

  /** The rest of a notification is to be fetched. */
  protected get isStale(): bool {
    return everObserved && this.stale;
  }

  protected set isStale(yes: bool) {
    this.stale = yes;
  }

  /** A request of ours has asked to observe, or not to any more. */
  protected get hasObserved(): bool {
    return everObserved;
  }

  /** Looks at a request that does: one that `begins` is kept with its options. False when they do not fit. */
  protected willObserve(begins: bool, options: CoapWriter, accept: i32): bool {
    everObserved = true;
    if (!begins) return true;
    if (options.length > OBSERVED_MAX) return false;
    this.forget();
    this.observedAccept = accept;
    this.observedLen = options.length;
    memory.copy(this.observedOptions, options.ptr, this.observedLen);
    return true;
  }

  /** The response in hand to the request with that token says that the peer will notify. */
  protected observes(now: i64, token: u64, tokenLen: i32): void {
    this.observing = true;
    this.observedToken = token;
    this.observedTokenLen = tokenLen;
    this.observedSeq = this.message.observe;
    this.observedAt = now;
  }

  /** The message in hand carries the token of what we observe. */
  protected get isObserved(): bool {
    return this.isObserving && this.message.hasToken(this.observedTokenPtr, this.observedTokenLen);
  }

  protected get observedTokenPtr(): usize {
    return changetype<usize>(this) + offsetof<CoapObserving>("observedToken");
  }

  /** Looks at the notification in hand, RFC 7641 3.4. False for one that is older than what came before. */
  protected isNews(now: i64): bool {
    const m = this.message;
    if (!isSuccess(m.code) || m.observe < 0) {
      this.observing = false;
    } else {
      if (!isNewer(this.observedSeq, m.observe, now - this.observedAt)) return false;
      this.observedSeq = m.observe;
      this.observedAt = now;
    }
    this.stale = false;
    return true;
  }
}
