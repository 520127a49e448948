// When the client bootstraps, how one bootstrap session goes, and what follows from it. LwM2M Core 6.1.
//
// The channel stays for a while after the session, so that a lost answer to Finish can be repeated.

import { never } from "../../util/wait";
import { LogLevel, clock_unix_ms } from "../../board/index";
import { CoapEvent } from "../../net/coap/event";
import { Ascii } from "../../util/ascii";
import { endLog } from "../../util/log";
import { SERVERS_MAX } from "../account";
import { hasServer } from "../accounts";
import { BootstrapState } from "../bootstrap";
import { ChannelState } from "../channel";
import { endLine, line, logLine, reason, stepOf } from "../client-log";
import { ClientState, isServer } from "./core";
import { ClientTurn } from "./turn";

/** Waits between attempts to bootstrap, in s. */
const HOLD_OFF_MIN_S: i32 = 3;
const HOLD_OFF_CAP_S: i32 = 3_600;
/** The same while there is an old account to be used in between. */
const WITH_SERVER_S: i32 = 60;
/** MAX_TRANSMIT_SPAN: so long a server repeats its Finish. */
const LINGER_MS: i64 = 45_000;


@unmanaged
export class ClientBootstrap<H, N, S, F> extends ClientTurn<H, N, S, F> {
  /** Waits for a bootstrap. */
  protected hold(now: i64, seconds: i32): void {
    this.state = ClientState.Holding;
    this.planBootstrap(now, seconds);
  }

  protected startBootstrap(now: i64): void {
    this.bootstrapAt = never();
    const account = this.accounts.current.bootstrap;
    if (!account) {
      const isServing = this.state == ClientState.Serving;
      logLine(
        isServing ? "bootstrap is needed, and there is no bootstrap account" : "no server, and no bootstrap account",
      );
      if (!isServing) this.state = ClientState.Off;
      return;
    }
    let i = 0;
    do this.quiet(now, i);
    while (isServer<F>(++i));
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

  protected stepBootstrap(now: i64): void {
    const channel = this.channel;
    const bootstrap = this.bootstrap;
    let event: CoapEvent;
    while ((event = channel.next(now)) != CoapEvent.None) {
      if (event == CoapEvent.Request) bootstrap.serve(now);
      else if (event == CoapEvent.Block || event == CoapEvent.ResponseBlock) channel.endpoint.keep(now);
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
      bootstrap.unixS = clock_unix_ms() / 1_000;
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

  private bootstrapFailed(now: i64, why: i32, step: Ascii): void {
    const known = hasServer(this.accounts.current);
    const base = min(max(this.holdOffS, known ? WITH_SERVER_S : HOLD_OFF_MIN_S), HOLD_OFF_CAP_S);
    const wait = this.backoff.next(base, HOLD_OFF_CAP_S);
    const text = line(step).str(" with the bootstrap server failed: ");
    endLine(reason(text, why, this.channel.alert), <i64>wait * 1_000);
    // A refusal still has to go out.
    this.channel.flush(now);
    this.channel.close(now);
    this.managed.set = this.accounts.active;
    if (known) {
      this.serve(now);
      this.planBootstrap(now, wait);
    } else {
      this.hold(now, wait);
    }
  }

  /** Repeats an answer to Finish that got lost, and refuses anything else. */
  protected linger(now: i64): void {
    const channel = this.channel;
    let event: CoapEvent;
    while ((event = channel.next(now)) != CoapEvent.None)
      if (event == CoapEvent.Request || event == CoapEvent.Block) this.bootstrap.serve(now);
    if (now < this.lingerUntil && channel.state == ChannelState.Open) return;
    channel.close(now);
    channel.forget();
    this.lingerUntil = 0;
  }

  protected purge(): void {
    this.purgeAt = never();
    if (!this.accounts.current.bootstrap) return;
    this.accounts.purge();
    logLine("the bootstrap account is given up");
  }
}
