// Keeps a device registered with one LwM2M server: Register, Update in time, De-register, and what follows when they fail.
// LwM2M Core 6.2, Transport 6.2.1.1. What carries the CoAP messages, UDP or DTLS, is the caller's; so are requests of the server.

import { never } from "../util/wait";
import { CoapEvent } from "../net/coap/event";
import { CoapEndpoint } from "../net/coap/endpoint";
import { CoapCode, CoapOption, CoapType, isSuccess } from "../net/coap/fields";
import { CoapWriter } from "../net/coap/writer";
import { Status } from "../board/index";
import { Text } from "../util/text";
import { Format } from "./fields";
import { Usual, hasDisable, hasQueue } from "./parts";

export const enum RegistrationState {
  /** Not wanted. Left by `start`. */
  Off,
  /** Register has been sent. Left by the answer to it, or when CoAP gives up. */
  Registering,
  /** Left by `update`, `stop`, or in time before the lifetime ends. */
  Registered,
  Updating,
  /** Waits before the next attempt, or until `pause` is over. Left at the deadline. */
  Waiting,
  /** De-register has been sent. Left by any answer, or 10 s later. */
  Leaving,
  /** All attempts have failed. `start` begins anew; a bootstrap may help. */
  Failed,
}

/** MAX_TRANSMIT_WAIT: what an Update may take at most. */
const MARGIN_S: i32 = 93;
const LEAVE_MS: i32 = 10_000;
const ANSWER_MS: i32 = 60_000;
const LOCATION_MAX: i32 = 64;
/** Of the endpoint's name. */
const NAME_MAX: i32 = 120;
const QUERY_MAX: i32 = NAME_MAX + 8;
/** A delay so long that it means never (resource 19). */
const NEVER_S: i64 = 0xffffffff;

/** Bits of what an Update has to say. */
const enum News {
  Lifetime = 1,
  Objects = 2,
  Binding = 4,
}

/** Place with `memory.data(REGISTRATION_SIZE, 8)`, then `attach`. */
@unmanaged
export class Registration<F = Usual> {
  state: RegistrationState;
  /** When `step` is to be called. */
  deadline: i64;
  /** Why the last attempt failed: a Status below 0, or the code of the server's refusal. */
  failure: i32;
  /** The next attempt needs a new transport session: the old one may be dead. Cleared by the caller. */
  reconnect: bool;
  /** There is a session with the server. Without one nothing is sent: `wantsLink` says that one is needed, `link` that it is there. */
  linked: bool;
  /** When nobody answers, that session counts as gone. */
  relinks: bool;
  /** LwM2M version, 10 or 11; falls to 10 when the server knows no other. */
  version: i32;
  /** Seconds. */
  lifetime: i32;
  queueMode: bool;

  // Resources 17 to 20 of the Server object. Times in seconds.
  retryCount: i32;
  retryTimer: i32;
  sequenceDelay: i64;
  sequenceCount: i32;

  private endpoint: CoapEndpoint;
  private name: usize;
  private nameLen: i32;
  private links: usize;
  private linksLen: i32;
  private news: u32;
  private attempts: i32;
  private sequences: i32;
  private asked: bool;
  private pausedUntil: i64;
  private locationLen: i32;


  @inline
  private get location(): CoapWriter {
    return changetype<CoapWriter>(changetype<usize>(this) + ((offsetof<Registration<F>>() + 7) & ~7));
  }


  @inline
  private get query(): Text {
    return changetype<Text>(changetype<usize>(this.location) + offsetof<CoapWriter>());
  }


  @inline
  private get locationBuffer(): usize {
    return changetype<usize>(this.query) + offsetof<Text>();
  }


  @inline
  private get queryBuffer(): usize {
    return this.locationBuffer + LOCATION_MAX;
  }

  /**
   * The endpoint's name, and the body of Register (CoRE links), which both stay as they are. Retry rules are the standard's defaults.
   * TooLong when the name has more than 120 bytes.
   */
  attach(endpoint: CoapEndpoint, name: usize, nameLen: i32, links: usize, linksLen: i32): i32 {
    if (nameLen < 0 || nameLen > NAME_MAX) return Status.TooLong;
    this.endpoint = endpoint;
    this.name = name;
    this.nameLen = nameLen;
    this.links = links;
    this.linksLen = linksLen;
    this.state = RegistrationState.Off;
    this.deadline = never();
    this.version = 11;
    this.lifetime = 86_400;
    this.retryCount = 5;
    this.retryTimer = 60;
    this.sequenceDelay = 86_400;
    this.sequenceCount = 1;
    this.locationLen = 0;
    this.asked = false;
    this.linked = true;
    return Status.Ok;
  }

  // --- What the caller wants ---

  /** Registers, now. */
  start(now: i64): void {
    this.attempts = 0;
    this.sequences = 0;
    this.register(now);
  }

  /** Says that the device is there (also resource 8, and a wake-up of queue mode). */
  update(now: i64): void {
    if (this.state != RegistrationState.Registered) return;
    this.state = RegistrationState.Updating;
    this.deadline = now;
    this.step(now);
  }

  /** The lifetime has been changed to that: the server is told. */
  setLifetime(now: i64, seconds: i32): void {
    if (seconds == this.lifetime) return;
    this.lifetime = seconds;
    this.news |= News.Lifetime;
    this.update(now);
  }

  /** The device sleeps from now on between its messages, or does so no longer: the server is told. */
  setQueueMode(now: i64, isQueued: bool): void {
    if (isQueued == this.queueMode) return;
    this.queueMode = isQueued;
    this.news |= News.Binding;
    this.update(now);
  }

  /** There are other objects or instances now: the server is told. */
  setLinks(now: i64, links: usize, linksLen: i32): void {
    this.links = links;
    this.linksLen = linksLen;
    this.news |= News.Objects;
    this.update(now);
  }

  /** De-registers and stays off. */
  stop(now: i64): void {
    this.pausedUntil = never();
    this.leave(now);
  }

  /** De-registers and registers again after `seconds`: resources 4 and 5, Disable. */
  pause(now: i64, seconds: i64): void {
    this.pausedUntil = now + seconds * 1_000;
    this.leave(now);
  }

  // --- The session that carries it ---

  /** Something is to be sent, and there is no session. */
  get wantsLink(): bool {
    return !this.linked && !this.asked && this.isBusy;
  }

  /** Nobody is to be talked to just now. */
  get isIdle(): bool {
    return (
      this.state == RegistrationState.Off ||
      this.state == RegistrationState.Waiting ||
      this.state == RegistrationState.Failed
    );
  }

  private get isLeaving(): bool {
    return hasDisable<F>() && this.state == RegistrationState.Leaving;
  }

  private get isBusy(): bool {
    return this.state == RegistrationState.Registering || this.state == RegistrationState.Updating || this.isLeaving;
  }

  /** There is a session now. `isNew`: the server does not know the device by it, and an Update would not do. */
  link(now: i64, isNew: bool): void {
    this.linked = true;
    if (this.state == RegistrationState.Registered) this.state = RegistrationState.Updating;
    if (isNew && this.state == RegistrationState.Updating) this.state = RegistrationState.Registering;
    if (isNew && this.isLeaving) this.left();
    else if (this.isBusy) this.deadline = now;
  }

  /** The session is gone, or could not be had; `why` is a Status. `isFinal`: no other attempt would do better, the credentials are bad. */
  unlink(now: i64, why: i32, isFinal: bool): void {
    if (this.asked) this.endpoint.cancel();
    this.asked = false;
    this.linked = false;
    if (isFinal && this.state != RegistrationState.Off && !this.isLeaving) {
      this.fail(why);
    } else if (this.isLeaving) {
      this.left();
    } else if (this.state == RegistrationState.Registered) {
      this.update(now);
    } else if (this.isBusy) {
      this.failed(now, why, CoapCode.Empty);
      this.reconnect = false;
    }
  }

  /** Nothing more is sent, and the server not told. */
  halt(): void {
    if (this.asked) this.endpoint.cancel();
    this.asked = false;
    this.linked = false;
    this.locationLen = 0;
    this.state = RegistrationState.Off;
    this.deadline = never();
  }

  private leave(now: i64): void {
    const isKnown = this.state == RegistrationState.Registered || this.state == RegistrationState.Updating;
    if (this.asked) this.endpoint.cancel();
    this.asked = false;
    if (!isKnown) {
      this.left();
      return;
    }
    this.state = RegistrationState.Leaving;
    this.deadline = now;
    this.step(now);
  }

  private left(): void {
    this.asked = false;
    this.locationLen = 0;
    const isPause = this.pausedUntil != never();
    this.state = isPause ? RegistrationState.Waiting : RegistrationState.Off;
    this.deadline = this.pausedUntil;
  }

  // --- Sending ---

  private register(now: i64): void {
    this.state = RegistrationState.Registering;
    this.deadline = now;
    this.step(now);
  }

  private sendRegister(now: i64): i32 {
    const w = this.endpoint.request(CoapCode.Post).text(CoapOption.UriPath, "rd");
    // A Register says all.
    this.news = 0;
    // Content-Format (12) stands between path and query, and is merged in by the endpoint.
    this.option(w, this.query.on(this.queryBuffer, QUERY_MAX).str(this.version > 10 ? "lwm2m=1.1" : "lwm2m=1.0"));
    this.option(w, this.query.on(this.queryBuffer, QUERY_MAX).str("ep=").bytes(this.name, this.nameLen));
    this.optionBinding(w);
    this.optionLifetime(w);
    this.optionQueue(w);
    return this.send(now, this.links, this.linksLen, ANSWER_MS);
  }

  private sendUpdate(now: i64): i32 {
    const w = this.endpoint.request(CoapCode.Post);
    this.writeLocation(w);
    const told = this.news;
    this.news = 0;
    if (told & News.Binding) this.optionBinding(w);
    if (told & News.Lifetime) this.optionLifetime(w);
    if (told & News.Binding) this.optionQueue(w);
    return this.send(now, this.links, told & News.Objects ? this.linksLen : 0, ANSWER_MS);
  }

  private sendLeave(now: i64): i32 {
    this.writeLocation(this.endpoint.request(CoapCode.Delete));
    return this.send(now, 0, 0, LEAVE_MS);
  }

  private send(now: i64, body: usize, bodyLen: i32, limit: i32): i32 {
    return this.endpoint.send(now, CoapType.Con, bodyLen > 0 ? Format.Link : -1, -1, -1, body, bodyLen, limit);
  }

  /** 1.0 has queue mode in the binding, 1.1 in a parameter of its own. */
  private optionBinding(w: CoapWriter): void {
    w.text(CoapOption.UriQuery, hasQueue<F>() && this.queueMode && this.version == 10 ? "b=UQ" : "b=U");
  }

  private optionQueue(w: CoapWriter): void {
    if (hasQueue<F>() && this.queueMode && this.version > 10) w.text(CoapOption.UriQuery, "Q");
  }

  private optionLifetime(w: CoapWriter): void {
    this.option(w, this.query.on(this.queryBuffer, QUERY_MAX).str("lt=").num(this.lifetime));
  }

  private option(w: CoapWriter, text: Text): void {
    w.option(CoapOption.UriQuery, this.queryBuffer, text.length);
  }

  /** Uri-Path of where the server has put us: length and bytes of each part. */
  private writeLocation(w: CoapWriter): void {
    for (let at = 0; at < this.locationLen;) {
      const len: i32 = load<u8>(this.locationBuffer + at++);
      w.option(CoapOption.UriPath, this.locationBuffer + at, len);
      at += len;
    }
  }

  /** Keeps the Location-Path of the answer. False when there is none, or it is too long. */
  private keepLocation(): bool {
    const m = this.endpoint.message;
    this.locationLen = 0;
    m.rewind();
    while (m.next() > 0) {
      if (m.option != CoapOption.LocationPath) continue;
      if (this.locationLen + 1 + m.valueLen > LOCATION_MAX) {
        this.locationLen = 0;
        return false;
      }
      store<u8>(this.locationBuffer + this.locationLen++, m.valueLen);
      memory.copy(this.locationBuffer + this.locationLen, m.value, m.valueLen);
      this.locationLen += m.valueLen;
    }
    return this.locationLen > 0;
  }

  // --- What comes of it ---

  /** Takes an event of the endpoint; true when it was the answer to ours. */
  answered(now: i64, event: CoapEvent): bool {
    if (event != CoapEvent.Response || !this.asked) return false;
    this.asked = false;
    const result = this.endpoint.result;
    const code: CoapCode = result == Status.Ok ? this.endpoint.message.code : CoapCode.Empty;
    switch (this.state) {
      case RegistrationState.Registering:
        if (code == CoapCode.Created && this.keepLocation()) {
          this.registered(now);
        } else if ((code == CoapCode.PreconditionFailed || code == CoapCode.BadRequest) && this.version > 10) {
          // No common version, or a server of 1.0 was told what it does not know: in the next step, as 1.0 has it.
          this.version = 10;
          this.deadline = now;
        } else {
          this.failed(now, result, code);
        }
        break;
      case RegistrationState.Updating:
        if (isSuccess(code)) {
          this.registered(now);
        } else {
          // Unknown to the server (4.04), or nobody answers: from the start, in the latter case over a new session.
          if (code == CoapCode.Empty) this.lost();
          this.failure = code == CoapCode.Empty ? result : code;
          this.attempts = 0;
          this.sequences = 0;
          this.register(now);
        }
        break;
      case RegistrationState.Leaving:
        if (hasDisable<F>()) this.left();
        break;
      default:
    }
    return true;
  }

  private registered(now: i64): void {
    this.state = RegistrationState.Registered;
    this.attempts = 0;
    this.sequences = 0;
    this.failure = 0;
    if (this.news != 0) {
      // There is more to say since that message went out.
      this.state = RegistrationState.Updating;
      this.deadline = now;
      return;
    }
    const lifetime = this.lifetime;
    if (lifetime <= 0) {
      // Without end (LwM2M 1.2).
      this.deadline = never();
      return;
    }
    const wait = lifetime >= 2 * MARGIN_S ? lifetime - MARGIN_S : max(1, lifetime >> 1);
    this.deadline = now + <i64>wait * 1_000;
  }

  /** Transport 6.2.1.1: attempts with doubling waits make a sequence, sequences make a failure. */
  private failed(now: i64, result: i32, code: CoapCode): void {
    this.failure = code == CoapCode.Empty ? result : code;
    if (code == CoapCode.Empty) this.lost();
    this.attempts++;
    this.state = RegistrationState.Waiting;
    if (this.attempts < this.retryCount) {
      const shift: i64 = min(this.attempts - 1, 20);
      this.deadline = now + ((<i64>this.retryTimer * 1_000) << shift);
      return;
    }
    this.attempts = 0;
    this.sequences++;
    if (this.sequences >= this.sequenceCount || this.sequenceDelay >= NEVER_S) {
      this.fail(this.failure);
      return;
    }
    this.deadline = now + this.sequenceDelay * 1_000;
  }

  private lost(): void {
    this.reconnect = true;
    if (this.relinks) this.linked = false;
  }

  private fail(why: i32): void {
    this.failure = why;
    this.state = RegistrationState.Failed;
    this.deadline = never();
  }

  /** Moves on; call when `deadline` has come, after the endpoint's own `step`. */
  step(now: i64): void {
    if (now < this.deadline) return;
    if (this.state == RegistrationState.Waiting) return this.register(now);
    if (this.state == RegistrationState.Registered) this.state = RegistrationState.Updating;
    this.deadline = never();
    const isLeaving = this.isLeaving;
    if (this.asked) {
      // De-register is a courtesy: nobody waits for its answer for long.
      if (isLeaving) {
        this.endpoint.cancel();
        this.left();
      }
      return;
    }
    if (!this.isBusy || !this.linked) return;
    if (!this.endpoint.idle) {
      // Another request of ours goes first.
      this.deadline = now + 100;
      return;
    }
    let status: i32;
    if (isLeaving) status = this.sendLeave(now);
    else if (this.state == RegistrationState.Updating) status = this.sendUpdate(now);
    else status = this.sendRegister(now);
    if (status != Status.Ok) {
      // Name or location are longer than a request can hold.
      this.failed(now, status, CoapCode.Empty);
      return;
    }
    this.asked = true;
    if (isLeaving) this.deadline = now + LEAVE_MS;
  }
}

export const REGISTRATION_SIZE: i32 = <i32>(
  (offsetof<Registration>() + 8 + offsetof<CoapWriter>() + offsetof<Text>() + LOCATION_MAX + QUERY_MAX)
);
