// Keeps a device registered with one LwM2M server: Register, Update in time, De-register, and what follows when they fail.
// LwM2M Core 6.2, Transport 6.2.1.1. What carries the CoAP messages, UDP or DTLS, is the caller's; so are requests of the server. What the
// messages say is in registration/messages.ts.
//
// Each registration that starts again, since there is none yet, or the server has lost the device or cannot be reached any more, tries the
// newest version: a server that has refused it may have learned it meanwhile.

import { never } from "../util/wait";
import { CoapEvent } from "../net/coap/event";
import { CoapEndpoint } from "../net/coap/endpoint";
import { CoapCode, isSuccess } from "../net/coap/fields";
import { Status } from "../board/index";
import { Server, ServerResource } from "./account";
import { EndpointName } from "./endpoint-name";
import { Usual, hasDisable } from "./parts";
import { LEAVE_MS, Location, RegistrationMessages } from "./registration/messages";

/** In three groups: idle; the server knows the device; a message is under way, to which Updating belongs, too. */
export const enum RegistrationState {
  /** Not wanted. Left by `start`. */
  Off,
  /** Waits before the next attempt, or until `pause` is over. Left at the deadline. */
  Waiting,
  /** All attempts have failed. `start` starts again; a bootstrap may help. */
  Failed,
  /** Left by `update`, by news, by `stop`, or in time before the lifetime ends. */
  Registered,
  Updating,
  /** Register has been sent. Left by the answer to it, or when CoAP gives up. */
  Registering,
  /** De-register has been sent. Left by any answer, or 10 s later. */
  Leaving,
}

/** MAX_TRANSMIT_WAIT: what an Update may take at most. */
const MARGIN_S: i32 = 93;
/** Until a message behind another one of ours is tried again. */
const BUSY_MS: i64 = 100;
/** A delay so long that it means never (resource 19). */
export const NEVER_S: i64 = 0xffffffff;

/** Place with `place`, then `attach`. */
@unmanaged
export class Registration<F = Usual> extends RegistrationMessages<F> {
  state: RegistrationState;
  /** When `step` is to be called. */
  deadline: i64;
  /** Why the last attempt failed: a Status below 0, or the code of the server's refusal. */
  failure: i32;
  /** The next attempt needs a new transport session: the old one may be dead. Cleared by the caller. */
  reconnect: bool;
  /** There is a session with the server. Without one nothing is sent: `wantsLink` says that one is needed, `link` that it is there. */
  linked: bool;
  private asked: bool;
  /** LwM2M version that is tried first. */
  private newest: i32;
  private attempts: i32;
  private sequences: i32;
  private pausedUntil: i64;
  @part private location: Location;

  /** Over that endpoint, by the rules of that Server instance; `setLinks` says what there is. `newest`: LwM2M version, 10 or 11. */
  attach(endpoint: CoapEndpoint, name: EndpointName, server: Server, newest: i32): void {
    this.endpoint = endpoint;
    this.name = name;
    this.server = server;
    this.newest = newest;
    this.version = newest;
    this.halt();
  }

  // --- What the caller wants; `step` does it ---

  /** Registers, now. */
  start(now: i64): void {
    this.attempts = 0;
    this.sequences = 0;
    this.version = this.newest;
    this.state = RegistrationState.Registering;
    this.deadline = now;
  }

  /** Says that the device is there (also resource 8, and a wake-up of queue mode). */
  update(now: i64): void {
    if (this.state == RegistrationState.Registered) this.deadline = now;
  }

  /** De-registers and stays off. */
  stop(now: i64): void {
    this.leave(now, never());
  }

  /** De-registers and registers again after `seconds`: resources 4 and 5, Disable. */
  pause(now: i64, seconds: i64): void {
    this.leave(now, now + seconds * 1_000);
  }

  // --- The session that carries it ---

  /** Something is to be sent, and there is no session. */
  get wantsLink(): bool {
    return !this.linked && !this.asked && this.isBusy;
  }

  /** Nobody is to be talked to just now. */
  get isIdle(): bool {
    return this.state < RegistrationState.Registered;
  }

  /** The server has taken the registration. */
  get isOn(): bool {
    return <u32>(this.state - RegistrationState.Registered) < 2;
  }

  private get isBusy(): bool {
    return this.state > RegistrationState.Registered;
  }

  private get isLeaving(): bool {
    return hasDisable<F>() && this.state == RegistrationState.Leaving;
  }

  /** There is a session now. `isNew`: the server does not know the device by it, and an Update would not do. */
  link(now: i64, isNew: bool): void {
    this.linked = true;
    if (isNew && this.isLeaving) this.left();
    else if (isNew && this.isOn) this.start(now);
    else if (!this.isIdle) this.deadline = now;
  }

  /** The session is gone, or could not be had; `why` is a Status. `isFinal`: no other attempt would do better, the credentials are bad. */
  unlink(now: i64, why: i32, isFinal: bool): void {
    this.hush();
    if (this.isLeaving) {
      this.left();
    } else if (isFinal && this.state != RegistrationState.Off) {
      this.fail(why);
    } else if (this.isBusy) {
      this.failed(now, why);
      this.reconnect = false;
    } else {
      this.update(now);
    }
  }

  /** Nothing more is sent, and the server not told. */
  halt(): void {
    this.hush();
    this.state = RegistrationState.Off;
    this.deadline = never();
  }

  private hush(): void {
    if (this.asked) this.endpoint.cancel();
    this.asked = false;
    this.linked = false;
  }

  private leave(now: i64, until: i64): void {
    this.pausedUntil = until;
    const isOn = this.isOn;
    if (this.asked) this.endpoint.cancel();
    this.asked = false;
    this.state = RegistrationState.Leaving;
    this.deadline = now;
    if (!isOn) this.left();
  }

  private left(): void {
    this.asked = false;
    this.state = this.pausedUntil == never() ? RegistrationState.Off : RegistrationState.Waiting;
    this.deadline = this.pausedUntil;
  }

  // --- What comes of it ---

  /** Takes an event of the endpoint; true when it was the answer to ours. */
  answered(now: i64, event: CoapEvent): bool {
    if (event != CoapEvent.Response || !this.asked) return false;
    this.asked = false;
    const result = this.endpoint.result;
    /** A Status below 0, or the server's code. */
    const answer: i32 = result == Status.Ok ? <i32>this.endpoint.message.code : result;
    if (this.isLeaving) {
      this.left();
    } else if (this.state == RegistrationState.Updating) {
      if (isSuccess(answer)) {
        this.registered(now);
      } else {
        // Unknown to the server (4.04), or nobody answers: from the start, in the latter case over a new session.
        this.blame(answer);
        this.start(now);
      }
    } else if (answer == CoapCode.Created && this.keepLocation(this.location)) {
      this.registered(now);
    } else if ((answer == CoapCode.PreconditionFailed || answer == CoapCode.BadRequest) && this.version > 10) {
      // No common version, or a server of 1.0 was told what it does not know: in the next step, as 1.0 has it.
      this.version = 10;
      this.deadline = now;
    } else {
      this.failed(now, answer);
    }
    return true;
  }

  private registered(now: i64): void {
    this.state = RegistrationState.Registered;
    this.attempts = 0;
    this.sequences = 0;
    this.failure = 0;
    const lifetime = this.server.lifetime;
    const wait = max(lifetime - MARGIN_S, max(lifetime >> 1, 1));
    this.deadline = lifetime > 0 ? now + <i64>wait * 1_000 : never();
  }

  /** Transport 6.2.1.1: attempts with doubling waits make a sequence, sequences make a failure. */
  private failed(now: i64, why: i32): void {
    const server = this.server;
    this.blame(why);
    this.state = RegistrationState.Waiting;
    if (++this.attempts < <i32>server.value(ServerResource.RetryCount, 5)) {
      const shift: i64 = min(this.attempts - 1, 20);
      this.deadline = now + ((server.value(ServerResource.RetryTimer, 60) * 1_000) << shift);
      return;
    }
    this.attempts = 0;
    const delay = server.sequenceDelay;
    if (++this.sequences >= <i32>server.value(ServerResource.SequenceCount, 1) || delay >= NEVER_S) this.fail(why);
    else this.deadline = now + delay * 1_000;
  }

  private blame(why: i32): void {
    this.failure = why;
    // Nobody answers: the session may be dead.
    if (why < 0) {
      this.reconnect = true;
      this.linked = false;
    }
  }

  private fail(why: i32): void {
    this.failure = why;
    this.state = RegistrationState.Failed;
    this.deadline = never();
  }

  /** Moves on; call in every turn, and when `deadline` has come, after the endpoint's own `step`. */
  step(now: i64): void {
    if (this.state == RegistrationState.Registered && this.hasNews) this.deadline = now;
    if (now < this.deadline) return;
    this.deadline = never();
    if (this.state == RegistrationState.Waiting) this.state = RegistrationState.Registering;
    if (this.state == RegistrationState.Registered) this.state = RegistrationState.Updating;
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
      this.deadline = now + BUSY_MS;
      return;
    }
    const status = isLeaving
      ? this.takeLeave(now, this.location)
      : this.tell(now, this.state == RegistrationState.Registering, this.location);
    if (status != Status.Ok) {
      // Name or location are longer than a request can hold.
      this.failed(now, status);
      return;
    }
    this.asked = true;
    if (isLeaving) this.deadline = now + LEAVE_MS;
  }
}
