// An LwM2M client that an app calls from its loop: it bootstraps when it has no server, keeps the device registered with those it has,
// and answers them. LwM2M Core 6.1, 6.2; Transport 6.2.1.1, 6.4.
//
// What comes when: without a server among the accounts, a bootstrap, after the hold-off, again and again with growing waits. With
// servers, registrations in their order; a server may ask for an update (/1/x/8), for silence (/1/x/4) or for a bootstrap (/1/x/9). A
// bootstrap's new accounts are on trial until one of their servers has taken a registration; when none can be reached by their retry rules, or
// the keys are refused, the old accounts are in use again. Each step that fails is logged, with its reason and the time of the next try; the
// alert of a failed DTLS session stands in /1/x/11 (51, decrypt_error, when the server has fallen silent on our key).
//
// The bootstrap server's channel is the last server's: a device of SERVERS_MAX servers closes that one's meanwhile. During a bootstrap nobody
// else is listened to. After it the channel stays for a while, so that a lost answer to Finish can be repeated.

import { LogLevel, Status, clock_unix_ms, entropy } from "../board/index";
import { CoapEvent } from "../net/coap/event";
import { Backoff } from "../util/backoff";
import { endLog } from "../util/log";
import { SERVERS_MAX, Security, SecurityResource, Server, ServerResource } from "./account";
import { Accounts, hasServer, isUsable } from "./accounts";
import { BOOTSTRAP_SIZE, Bootstrap, BootstrapState } from "./bootstrap";
import { Channel, ChannelState } from "./channel";
import { endLine, line, logLine, reason, stepOf } from "./client-log";
import { Format } from "./fields";
import { Formats } from "./formats";
import { Managed } from "./managed";
import { OBJECTS_SIZE, Objects } from "./objects";
import { RegistrationState } from "./registration";
import { send } from "./send";
import { SESSION_SIZE, Session, isFinal, isOn } from "./session";

/** Answers, and copies of bodies that are checked. */
const OUT_MAX: i32 = 1_536;
/** The list of objects in Register. */
const LINKS_MAX: i32 = 512;
/** Waits between attempts to bootstrap, in s. */
const HOLD_OFF_MIN_S: i64 = 3;
const HOLD_OFF_CAP_S: i64 = 3_600;
/** The same while there is an old account to be used in between. */
const WITH_SERVER_S: i64 = 60;
/** MAX_TRANSMIT_SPAN: so long a server repeats its Finish. */
const LINGER_MS: i64 = 45_000;
/** Between attempts to write what the store did not take. */
const SAVE_AGAIN_MS: i64 = 10_000;
/** Queue mode: awake for MAX_TRANSMIT_WAIT after the last message. */
const AWAKE_MS: i64 = 93_000;
/** From a server's wish for a bootstrap until it is begun: the answer leaves the modem meanwhile. */
const ANSWER_MS: i64 = 2_000;
/** TLS alert decrypt_error. */
const DECRYPT_ERROR: i32 = 51;

export const enum ClientState {
  Off,
  /** Waits before a bootstrap, without a server. Left in time. */
  Holding,
  /** Left when the session is over, either way. */
  Bootstrapping,
  /** Registrations are kept. Left by a bootstrap that is due. */
  Serving,
}

/** Place with `memory.data(CLIENT_SIZE, 8)`, then `attach`. `H`: the app's objects; `N`: its net; `S`: suites of DTLS; `F`: formats. */
@unmanaged
export class Client<H, N, S, F = Formats> {
  state: ClientState;
  /** 10 or 11. */
  version: i32;
  private accounts: Accounts;
  private name: usize;
  private nameLen: i32;
  private linksLen: i32;
  private linksVersion: i32;
  private bootstrapAt: i64;
  private bootstrapBegun: bool;
  private lingerUntil: i64;
  private purgeAt: i64;
  private saveAt: i64;
  private isFirst: bool;
  /** A registration has come into another state, which may concern the others. */
  private again: bool;


  @inline
  get bootstrap(): Bootstrap<H, F> {
    return changetype<Bootstrap<H, F>>(changetype<usize>(this) + ((offsetof<Client<H, N, S, F>>() + 7) & ~7));
  }


  @inline
  get objects(): Objects<Managed<H>, F> {
    return changetype<Objects<Managed<H>, F>>(changetype<usize>(this.bootstrap) + ((BOOTSTRAP_SIZE + 7) & ~7));
  }


  @inline
  get managed(): Managed<H> {
    return changetype<Managed<H>>(changetype<usize>(this.objects) + ((OBJECTS_SIZE + 7) & ~7));
  }


  @inline
  private get backoff(): Backoff {
    return changetype<Backoff>(changetype<usize>(this.managed) + ((offsetof<Managed<H>>() + 7) & ~7));
  }


  @inline
  private get links(): usize {
    return changetype<usize>(this.backoff) + ((offsetof<Backoff>() + 7) & ~7);
  }


  @inline
  private get out(): usize {
    return this.links + LINKS_MAX;
  }

  private session(index: i32): Session<H, N, S, F> {
    const first = this.out + OUT_MAX;
    return changetype<Session<H, N, S, F>>(first + index * SESSION_SIZE);
  }

  /** Of the bootstrap server. */
  @inline
  private get channel(): Channel<N, S> {
    return this.session(SERVERS_MAX - 1).channel;
  }

  /**
   * The accounts are open. The endpoint's name stays with the caller. `preferred`: format of answers, and of what a bootstrap server
   * is asked to write. TooLong when the name has more than 120 bytes.
   */
  attach(net: N, app: H, accounts: Accounts, name: usize, nameLen: i32, preferred: Format): i32 {
    this.accounts = accounts;
    this.name = name;
    this.nameLen = nameLen;
    this.version = 11;
    const managed = this.managed;
    managed.attach(app, accounts);
    this.objects.attach(managed, preferred, this.out, OUT_MAX);
    const bootstrap = this.bootstrap;
    const status = bootstrap.attach(managed, name, nameLen, this.out, OUT_MAX);
    if (preferred != Format.None) bootstrap.preferred = preferred;
    entropy(this.out, 4);
    this.backoff.seed(load<u32>(this.out));
    for (let i = 0; i < SERVERS_MAX; i++) {
      this.session(i).index = -1;
      this.session(i).channel.attach(net);
    }
    this.state = ClientState.Off;
    this.bootstrapAt = i64.MAX_VALUE;
    this.purgeAt = i64.MAX_VALUE;
    return status;
  }

  start(now: i64): void {
    if (hasServer(this.accounts.active)) this.serve(now);
    else this.hold(now, this.holdOffS);
  }

  /** There are other instances in the app's objects than before: the servers are told. */
  objectsChanged(): void {
    this.managed.isGrown = true;
  }

  /** A server has taken the registration. */
  get isRegistered(): bool {
    for (let i = 0; i < SERVERS_MAX; i++) if (isOn(this.session(i))) return true;
    return false;
  }

  /**
   * Sends a payload that the app has put together (send.ts) to the `index`th server. Ok: an answer will come, which is nobody's; Again: no
   * session is open just now; NotFound: not registered with it; Denied: it is mute, /1/x/23, as it is unless it says otherwise; Busy.
   */
  send(now: i64, index: i32, format: Format, ptr: usize, len: i32): i32 {
    const session = this.session(index);
    if (session.index < 0 || !isOn(session)) return Status.NotFound;
    if (session.channel.state != ChannelState.Open) return Status.Again;
    const isMute = this.accounts.active.server(session.index).value(ServerResource.Mute, 1) != 0;
    return send(now, session.channel.endpoint, format, ptr, len, isMute);
  }

  /** All answers have gone out: what a server has asked for may be done, a restart say. */
  get isFlushed(): bool {
    for (let i = 0; i < SERVERS_MAX; i++)
      if (this.session(i).index >= 0 && !this.session(i).channel.isFlushed) return false;
    return true;
  }

  /** The channel that no server needs just now, for a download; null when there is none. */
  get spare(): Channel<N, S> | null {
    if (this.state != ClientState.Serving || this.lingerUntil > 0 || this.bootstrapAt != i64.MAX_VALUE) return null;
    return this.session(SERVERS_MAX - 1).index < 0 ? this.channel : null;
  }

  /** The account of the first server; null when there is none. */
  get account(): Security | null {
    const session = this.session(0);
    return session.index < 0 ? null : this.accounts.active.security(session.ssid);
  }

  /** Moves on; call in every turn. */
  step(now: i64): void {
    switch (this.state) {
      case ClientState.Holding:
        if (now >= this.bootstrapAt) this.startBootstrap(now);
        break;
      case ClientState.Bootstrapping:
        this.stepBootstrap(now);
        break;
      case ClientState.Serving:
        this.stepServing(now);
        break;
      default:
    }
    if (this.state == ClientState.Serving && now >= this.purgeAt) this.purge();
    if (this.state != ClientState.Bootstrapping && this.accounts.isDirty && now >= this.saveAt) {
      if (this.accounts.save() != Status.Ok) this.saveAt = now + SAVE_AGAIN_MS;
    }
  }

  /** When `step` is to be called even if nothing comes; 0 at once. */
  get deadline(): i64 {
    let soonest = this.state == ClientState.Bootstrapping ? i64.MAX_VALUE : min(this.bootstrapAt, this.purgeAt);
    if (this.accounts.isDirty && this.state != ClientState.Bootstrapping) soonest = min(soonest, this.saveAt);
    if (this.state == ClientState.Bootstrapping) {
      soonest = min(soonest, min(this.bootstrap.deadline, this.channel.deadline));
      return soonest;
    }
    if (this.lingerUntil > 0) soonest = min(soonest, min(this.lingerUntil, this.channel.deadline));
    if (this.state != ClientState.Serving) return soonest;
    if (this.again) return 0;
    for (let i = 0; i < SERVERS_MAX; i++) {
      const session = this.session(i);
      if (session.index < 0 || this.isLingering(i)) continue;
      if (!session.isStarted) {
        soonest = min(soonest, session.startAt);
        continue;
      }
      soonest = min(soonest, min(session.registration.deadline, session.channel.deadline));
      if (session.registration.state == RegistrationState.Registered)
        soonest = min(soonest, session.observations.deadline);
      if (session.registration.queueMode) soonest = min(soonest, session.sleepAt);
    }
    return soonest;
  }

  // --- Bootstrap ---

  private get holdOffS(): i64 {
    const account = this.accounts.current.bootstrap;
    return account ? account.number(SecurityResource.HoldOff) : 0;
  }

  /** Waits for a bootstrap. */
  private hold(now: i64, seconds: i64): void {
    if (!this.accounts.current.bootstrap) {
      this.state = ClientState.Off;
      logLine("no server, and no bootstrap account");
      return;
    }
    this.state = ClientState.Holding;
    this.bootstrapAt = now + seconds * 1_000;
  }

  private startBootstrap(now: i64): void {
    this.bootstrapAt = i64.MAX_VALUE;
    const account = this.accounts.current.bootstrap;
    if (!account) {
      logLine("bootstrap is wanted, and there is no bootstrap account");
      if (this.state != ClientState.Serving) this.state = ClientState.Off;
      return;
    }
    for (let i = 0; i < SERVERS_MAX; i++) this.quiet(now, i);
    this.lingerUntil = 0;
    this.state = ClientState.Bootstrapping;
    this.bootstrapBegun = false;
    this.channel.forget();
    this.channel.open(account);
  }

  /** Nothing more is said to the server, which still knows the device. */
  private quiet(now: i64, index: i32): void {
    const session = this.session(index);
    if (session.index < 0) return;
    session.registration.halt();
    if (session.channel.state == ChannelState.Open) session.channel.suspend();
    else session.channel.drop(now);
    session.index = -1;
  }

  private stepBootstrap(now: i64): void {
    const channel = this.channel;
    const bootstrap = this.bootstrap;
    let event: CoapEvent;
    while ((event = channel.next(now)) != CoapEvent.None) {
      if (event == CoapEvent.Request) bootstrap.serve(now);
      else if (event == CoapEvent.Block) channel.endpoint.keep(now);
      else bootstrap.answered(now, event);
    }
    if (channel.state == ChannelState.Failed) {
      bootstrap.abort(channel.failure);
      this.bootstrapFailed(now, channel.failure, stepOf(channel.failedAt));
      return;
    }
    if (channel.state == ChannelState.Open && !this.bootstrapBegun) {
      this.bootstrapBegun = true;
      const account = this.accounts.current.bootstrap;
      if (account) {
        line("bootstrap from ").bytes(account.uri, account.uriLen);
        endLog(LogLevel.Info);
      }
      const unixMs = clock_unix_ms();
      bootstrap.unixS = unixMs < 0 ? -1 : unixMs / 1_000;
      bootstrap.begin(now, channel.endpoint);
    }
    channel.flush(now);
    if (!this.bootstrapBegun) return;
    const before = bootstrap.state;
    bootstrap.step(now);
    if (bootstrap.state == BootstrapState.Failed) {
      this.bootstrapFailed(now, bootstrap.failure, "bootstrap");
    } else if (before == BootstrapState.Done) {
      this.backoff.reset();
      this.lingerUntil = now + LINGER_MS;
      this.isFirst = true;
      logLine(this.accounts.isTrial ? "bootstrap done, new account on trial" : "bootstrap done");
      // The old server's session is not the new one's.
      for (let i = 0; i < SERVERS_MAX - 1; i++) this.session(i).channel.forget();
      this.serve(now);
    }
  }

  private bootstrapFailed(now: i64, why: i32, step: string): void {
    const holdOff = max(this.holdOffS, HOLD_OFF_MIN_S);
    const known = hasServer(this.accounts.current);
    const base = known ? max(holdOff, WITH_SERVER_S) : holdOff;
    const wait = <i64>this.backoff.next(<i32>min(base, HOLD_OFF_CAP_S), <i32>HOLD_OFF_CAP_S);
    const text = line(step).str(" with the bootstrap server failed: ");
    endLine(reason(text, why, this.channel.alert), wait * 1_000);
    // A refusal still has to go out.
    this.channel.flush(now);
    this.channel.close(now);
    this.managed.set = this.accounts.active;
    if (known) {
      this.serve(now);
      this.bootstrapAt = now + wait * 1_000;
    } else {
      this.hold(now, wait);
    }
  }

  /** Whether that server's channel is still with the bootstrap server. */
  private isLingering(index: i32): bool {
    return this.lingerUntil > 0 && index == SERVERS_MAX - 1;
  }

  /** Repeats an answer to Finish that got lost, and refuses anything else. */
  private linger(now: i64): void {
    const channel = this.channel;
    let event: CoapEvent;
    while ((event = channel.next(now)) != CoapEvent.None)
      if (event == CoapEvent.Request || event == CoapEvent.Block) this.bootstrap.serve(now);
    if (now < this.lingerUntil && channel.state == ChannelState.Open) return;
    channel.close(now);
    channel.forget();
    this.lingerUntil = 0;
  }

  private purge(): void {
    this.purgeAt = i64.MAX_VALUE;
    if (!this.accounts.current.bootstrap) return;
    this.accounts.purge();
    logLine("the bootstrap account is given up");
  }

  // --- Servers ---

  /** Begins with the servers of the active accounts. */
  private serve(now: i64): void {
    this.state = ClientState.Serving;
    const set = this.accounts.active;
    this.managed.set = set;
    this.list(this.version);
    this.managed.isGrown = false;
    let n = 0;
    for (let i = 0; i < SERVERS_MAX; i++) {
      if (!isUsable(set, i)) continue;
      const session = this.session(n++);
      const server = set.server(i);
      const isSame = session.ssid == server.ssid;
      session.index = i;
      session.ssid = server.ssid;
      session.isStarted = false;
      session.isGivenUp = false;
      session.isProven = false;
      session.startAt = now;
      session.sleepAt = i64.MAX_VALUE;
      session.seen = RegistrationState.Off;
      const channel = session.channel;
      if (!isSame && !this.isLingering(n - 1)) channel.forget();
      const r = session.registration;
      r.attach(channel.endpoint, this.name, this.nameLen, this.links, this.linksLen);
      r.linked = false;
      r.relinks = true;
      r.version = this.version;
      session.observations.attach(this.objects, server.ssid);
      this.applyRules(now, session);
    }
    for (; n < SERVERS_MAX; n++) this.session(n).index = -1;
  }

  /** Lifetime, binding and retry rules of the Server instance. */
  private applyRules(now: i64, session: Session<H, N, S, F>): void {
    const server = this.accounts.active.server(session.index);
    const r = session.registration;
    r.retryCount = <i32>server.value(ServerResource.RetryCount, 5);
    r.retryTimer = <i32>server.value(ServerResource.RetryTimer, 60);
    r.sequenceDelay = server.value(ServerResource.SequenceDelay, 86_400);
    r.sequenceCount = <i32>server.value(ServerResource.SequenceCount, 1);
    const observations = session.observations;
    observations.defaultPmin = <i32>server.value(ServerResource.MinPeriod, 0);
    observations.defaultPmax = <i32>server.value(ServerResource.MaxPeriod, 0);
    observations.storing = server.value(ServerResource.Storing, 1) != 0;
    const lifetime = <i32>min<i64>(server.value(ServerResource.Lifetime, 86_400), i32.MAX_VALUE);
    if (session.isStarted) {
      r.setLifetime(now, lifetime);
      r.setQueueMode(now, server.isQueued);
    } else {
      r.lifetime = lifetime;
      r.queueMode = server.isQueued;
    }
  }

  /** The session of a server; null when it has none. */
  private sessionOf(ssid: i32): Session<H, N, S, F> | null {
    for (let i = 0; i < SERVERS_MAX; i++)
      if (this.session(i).index >= 0 && this.session(i).ssid == ssid) return this.session(i);
    return null;
  }

  private stepServing(now: i64): void {
    this.again = false;
    if (this.lingerUntil > 0) this.linger(now);
    for (let i = 0; i < SERVERS_MAX; i++) {
      const session = this.session(i);
      if (session.index < 0 || this.isLingering(i)) continue;
      if (!session.isStarted && !this.mayStart(now, session)) continue;
      this.stepSession(now, session);
      if (this.state != ClientState.Serving) return;
    }
    if (this.managed.isGrown) {
      this.managed.isGrown = false;
      this.relist(now, this.linksVersion);
    }
    if (this.managed.isChanged) {
      this.managed.isChanged = false;
      for (let i = 0; i < SERVERS_MAX; i++) if (this.session(i).index >= 0) this.applyRules(now, this.session(i));
    }
    if (now >= this.bootstrapAt && this.isFlushed) this.startBootstrap(now);
  }

  /** What Register says that there is. All servers are told the same, as the oldest version has it that one of them speaks. */
  private list(version: i32): void {
    this.linksVersion = version;
    this.linksLen = min(this.objects.writeLinks(this.links, LINKS_MAX, version), LINKS_MAX);
  }

  private relist(now: i64, version: i32): void {
    this.list(version);
    for (let i = 0; i < SERVERS_MAX; i++)
      if (this.session(i).index >= 0) this.session(i).registration.setLinks(now, this.links, this.linksLen);
  }

  /** Registration Priority Order, Initial Registration Delay, Registration Failure Block: resources 13, 14, 15. */
  private mayStart(now: i64, session: Session<H, N, S, F>): bool {
    const set = this.accounts.active;
    const server = set.server(session.index);
    const order = server.value(ServerResource.Order, -1);
    if (order >= 0) {
      for (let i = 0; i < SERVERS_MAX; i++) {
        const other = this.session(i);
        if (other.index < 0 || other == session || other.isProven) continue;
        const before = set.server(other.index);
        const otherOrder = before.value(ServerResource.Order, -1);
        if (otherOrder < 0 || otherOrder > order || (otherOrder == order && i > this.indexOf(session))) continue;
        const hasFailed = other.isGivenUp || (other.isStarted && other.registration.state == RegistrationState.Failed);
        if (hasFailed && before.value(ServerResource.Block, 0) == 0) continue;
        session.startAt = i64.MAX_VALUE;
        return false;
      }
    }
    if (session.startAt == i64.MAX_VALUE)
      session.startAt = now + (this.isFirst ? server.value(ServerResource.Delay, 0) * 1_000 : 0);
    if (now < session.startAt) return false;
    session.isStarted = true;
    session.isGivenUp = false;
    session.registration.start(now);
    return true;
  }

  private indexOf(session: Session<H, N, S, F>): i32 {
    let i = 0;
    while (this.session(i) != session) i++;
    return i;
  }

  private stepSession(now: i64, session: Session<H, N, S, F>): void {
    const channel = session.channel;
    const r = session.registration;
    let event: CoapEvent;
    while ((event = channel.next(now)) != CoapEvent.None) {
      session.sleepAt = now + AWAKE_MS;
      this.take(now, session, event);
    }
    if (channel.state == ChannelState.Failed) this.channelFailed(now, session);
    if (r.reconnect) {
      // Nobody has answered: the session may be dead.
      r.reconnect = false;
      channel.drop(now);
    }
    if (channel.state == ChannelState.Open && !r.linked) {
      r.link(now, channel.isNew);
      if (channel.isNew) session.observations.clear();
      session.observations.resume(now);
    }
    if (channel.state != ChannelState.Open) session.observations.pause();
    if (r.version < this.linksVersion) this.relist(now, r.version);
    r.step(now);
    if (r.wantsLink && channel.state == ChannelState.Closed) this.open(session);
    if (r.state != session.seen) this.changed(now, session);
    if (this.state != ClientState.Serving) return;
    channel.flush(now);
    this.observe(now, session);
    this.rest(now, session);
  }

  /** Notifications that are due. Observations end with the session (`open` of a new one) and with the registration. */
  private observe(now: i64, session: Session<H, N, S, F>): void {
    const observations = session.observations;
    const channel = session.channel;
    const r = session.registration;
    if (r.state != RegistrationState.Registered || now < observations.deadline) return;
    if (channel.state != ChannelState.Open) {
      // Asleep: what is worth telling wakes the device, whose Update comes first.
      observations.pause();
      observations.step(now, channel.endpoint);
      if (observations.isDue) {
        r.update(now);
        this.again = true;
      }
    } else if (channel.isFlushed) {
      observations.step(now, channel.endpoint);
      channel.flush(now);
    }
  }

  private open(session: Session<H, N, S, F>): void {
    const security = this.accounts.active.security(session.ssid);
    if (security) session.channel.open(security);
  }

  /** Closes what is not needed: after De-register and between attempts; in queue mode also the socket of a session that outlives it. */
  private rest(now: i64, session: Session<H, N, S, F>): void {
    const channel = session.channel;
    const r = session.registration;
    if (channel.state == ChannelState.Open && channel.isFlushed) {
      const isOver =
        r.state == RegistrationState.Off || r.state == RegistrationState.Waiting || r.state == RegistrationState.Failed;
      if (isOver) {
        channel.close(now);
        r.linked = false;
      } else if (r.queueMode && r.state == RegistrationState.Registered && now >= session.sleepAt) {
        session.sleepAt = i64.MAX_VALUE;
        if (channel.isMovable) {
          channel.suspend();
          r.linked = false;
        }
      }
    }
  }

  private take(now: i64, session: Session<H, N, S, F>, event: CoapEvent): void {
    const endpoint = session.channel.endpoint;
    if (event == CoapEvent.Request) {
      const managed = this.managed;
      managed.command = 0;
      session.observations.handle(now, endpoint);
      if (managed.command != 0) this.command(now);
    } else if (event == CoapEvent.Block) {
      this.objects.block(now, endpoint, session.ssid);
    } else if (event == CoapEvent.ResponseBlock) {
      endpoint.keep(now);
    } else if (!session.observations.settled(event, endpoint)) {
      session.registration.answered(now, event);
    }
  }

  /** Disable, Registration Update Trigger, Bootstrap-Request Trigger: resources 4, 8, 9. */
  private command(now: i64): void {
    const managed = this.managed;
    const session = this.sessionOf(managed.commandSsid);
    if (!session) return;
    if (managed.command == ServerResource.Update) {
      session.registration.update(now);
    } else if (managed.command == ServerResource.Disable) {
      const server = this.accounts.active.server(session.index);
      session.registration.pause(now, server.value(ServerResource.DisableTimeout, 86_400));
    } else if (managed.command == ServerResource.Bootstrap) {
      logLine("bootstrap asked for by the server");
      this.bootstrapAt = now + ANSWER_MS;
    }
  }

  // --- What becomes of a registration ---

  private channelFailed(now: i64, session: Session<H, N, S, F>): void {
    const channel = session.channel;
    const r = session.registration;
    const why = channel.failure;
    const server = this.accounts.active.server(session.index);
    const alert = why == Status.KeySuspect ? DECRYPT_ERROR : channel.alert;
    if (alert >= 0) this.noteAlert(server, alert);
    r.unlink(now, why, why == Status.Refused && isFinal(channel.alert));
    channel.close(now);
    if (r.state == RegistrationState.Updating) return;
    this.report(now, session, stepOf(channel.failedAt), why);
    session.seen = r.state;
    if (r.state == RegistrationState.Failed) this.failed(now, session);
  }

  /** /1/x/11 of the server, in the accounts in use and in those that are used if these are given up. */
  private noteAlert(server: Server, alert: i32): void {
    server.put(ServerResource.Alert, alert);
    if (!this.accounts.isTrial) return;
    const set = this.accounts.current;
    for (let i = 0; i < SERVERS_MAX; i++) if (set.server(i).state != 0) set.server(i).put(ServerResource.Alert, alert);
  }

  private report(now: i64, session: Session<H, N, S, F>, step: string, why: i32): void {
    const r = session.registration;
    const text = line(step).str(" with server ").num(session.ssid).str(" failed: ");
    endLine(reason(text, why, session.channel.alert), r.deadline == i64.MAX_VALUE ? -1 : r.deadline - now);
  }

  /** The registration has come into another state. */
  private changed(now: i64, session: Session<H, N, S, F>): void {
    const r = session.registration;
    const before = session.seen;
    session.seen = r.state;
    this.again = true;
    switch (r.state) {
      case RegistrationState.Registered:
        if (before != RegistrationState.Updating) this.registered(now, session);
        session.sleepAt = now + AWAKE_MS;
        break;
      case RegistrationState.Registering:
        // What was agreed on before holds no longer, Core 6.4.4.
        session.observations.clear();
        break;
      case RegistrationState.Waiting:
        if (before == RegistrationState.Registering) this.report(now, session, "registration", r.failure);
        else this.disabled(now, session);
        break;
      case RegistrationState.Failed:
        this.report(now, session, "registration", r.failure);
        this.failed(now, session);
        break;
      default:
    }
  }

  private disabled(now: i64, session: Session<H, N, S, F>): void {
    endLine(line("off for server ").num(session.ssid), session.registration.deadline - now);
  }

  private registered(now: i64, session: Session<H, N, S, F>): void {
    line("registered with server ").num(session.ssid);
    endLog(LogLevel.Info);
    session.isProven = true;
    if (this.accounts.isTrial) {
      this.accounts.prove();
      this.managed.set = this.accounts.active;
      // Credentials lie elsewhere now: handshakes under way begin anew.
      for (let i = 0; i < SERVERS_MAX; i++) {
        const other = this.session(i);
        const state = other.channel.state;
        if (other != session && other.index >= 0 && !this.isLingering(i) && state != ChannelState.Open)
          other.channel.drop(now);
      }
      logLine("the new account is proven");
    }
    const account = this.accounts.current.bootstrap;
    const timeout: i64 = account ? account.number(SecurityResource.Timeout) : 0;
    if (timeout > 0) this.purgeAt = now + timeout * 1_000;
    for (let i = 0; i < SERVERS_MAX; i++) if (this.session(i).index >= 0 && !this.session(i).isProven) return;
    this.isFirst = false;
  }

  /** The retry rules are used up, or the credentials are bad. */
  private failed(now: i64, session: Session<H, N, S, F>): void {
    for (let i = 0; i < SERVERS_MAX; i++) {
      const other = this.session(i);
      if (other == session || other.index < 0) continue;
      // As long as another server may do, the accounts are not given up.
      const waits = !other.isStarted && this.accounts.active.server(session.index).value(ServerResource.Block, 0) == 0;
      if (!other.isGivenUp && (other.isStarted ? other.registration.state != RegistrationState.Failed : waits)) {
        this.later(now, session);
        return;
      }
    }
    if (this.accounts.isTrial) {
      logLine("the new account does not work: back to the old one");
      this.accounts.dropTrial();
      for (let i = 0; i < SERVERS_MAX; i++) {
        const other = this.session(i);
        if (other.index < 0) continue;
        other.registration.halt();
        if (!this.isLingering(i)) other.channel.forget();
        other.index = -1;
      }
      this.serve(now);
      return;
    }
    const server = this.accounts.active.server(session.index);
    if (server.value(ServerResource.BootstrapOnFailure, 1) != 0 && this.accounts.current.bootstrap) {
      // One that is planned already keeps its time.
      if (this.bootstrapAt == i64.MAX_VALUE) this.bootstrapAt = now + this.holdOffS * 1_000;
      return;
    }
    this.later(now, session);
  }

  /** No bootstrap helps: another turn in a day (resource 19). */
  private later(now: i64, session: Session<H, N, S, F>): void {
    const r = session.registration;
    if (r.sequenceDelay >= 0xffffffff) return;
    session.isStarted = false;
    session.isGivenUp = true;
    session.startAt = now + max<i64>(r.sequenceDelay, 60) * 1_000;
  }
}

export const CLIENT_SIZE: i32 =
  (<i32>offsetof<Client<usize, usize, usize>>() +
    BOOTSTRAP_SIZE +
    OBJECTS_SIZE +
    <i32>offsetof<Managed<usize>>() +
    <i32>offsetof<Backoff>() +
    LINKS_MAX +
    OUT_MAX +
    SERVERS_MAX * SESSION_SIZE +
    64) &
  ~7;
