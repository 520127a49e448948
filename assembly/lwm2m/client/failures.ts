// What becomes of a registration: it is there, it waits, or it has failed for good, and what follows from that for the accounts and for
// the other servers. LwM2M Transport 6.2.1.1.

import { never } from "../../util/wait";
import { LogLevel, Status } from "../../board/index";
import { Ascii } from "../../util/ascii";
import { endLog } from "../../util/log";
import { NEVER_S, RegistrationState } from "../registration";
import { SERVERS_MAX, SecurityResource, Server, ServerResource } from "../account";
import { ChannelState } from "../channel";
import { endLine, line, logLine, reason, stepOf } from "../client-log";
import { hasDisable, hasQueue, hasServers } from "../parts";
import { Session, isFinal } from "../session";
import { isServer } from "./core";
import { ClientServers } from "./servers";

/** TLS alert decrypt_error. */
const DECRYPT_ERROR: i32 = 51;
/** Queue mode: awake for MAX_TRANSMIT_WAIT after the last message. */
export const AWAKE_MS: i64 = 93_000;


@unmanaged
export class ClientFailures<H, N, S, F> extends ClientServers<H, N, S, F> {
  protected get holdOffS(): i32 {
    const account = this.accounts.current.bootstrap;
    return account ? account.number(SecurityResource.HoldOff) : 0;
  }

  protected planBootstrap(now: i64, seconds: i32): void {
    this.bootstrapAt = now + <i64>seconds * 1_000;
  }

  protected channelFailed(now: i64, session: Session<H, N, S, F>): void {
    const channel = session.channel;
    const r = session.registration;
    const why = channel.failure;
    const alert = why == Status.KeySuspect ? DECRYPT_ERROR : channel.alert;
    if (alert >= 0) this.noteAlert(this.accounts.active.server(session.index), alert);
    r.unlink(now, why, why == Status.Refused && isFinal(channel.alert));
    channel.close(now);
    if (r.state == RegistrationState.Registered) return;
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

  private report(now: i64, session: Session<H, N, S, F>, step: Ascii, why: i32): void {
    const r = session.registration;
    const text = line(step).str(" with server ").num(session.ssid).str(" failed: ");
    endLine(reason(text, why, session.channel.alert), r.deadline == never() ? -1 : r.deadline - now);
  }

  /** The registration has come into another state. */
  protected changed(now: i64, session: Session<H, N, S, F>): void {
    const r = session.registration;
    const before = session.seen;
    session.seen = r.state;
    this.again = true;
    switch (r.state) {
      case RegistrationState.Registered:
      case RegistrationState.Updating:
        if (before == RegistrationState.Registering) this.registered(now, session);
        if (hasQueue<F>()) session.sleepAt = now + AWAKE_MS;
        break;
      case RegistrationState.Registering:
        // What was agreed on before holds no longer, Core 6.4.4.
        session.observations.clear();
        break;
      case RegistrationState.Waiting:
        if (before == RegistrationState.Registering) this.report(now, session, "registration", r.failure);
        else if (hasDisable<F>()) endLine(line("off for server ").num(session.ssid), r.deadline - now);
        break;
      case RegistrationState.Failed:
        this.report(now, session, "registration", r.failure);
        this.failed(now, session);
        break;
      default:
    }
  }

  private registered(now: i64, session: Session<H, N, S, F>): void {
    line("registered with server ").num(session.ssid);
    endLog(LogLevel.Info);
    session.isProven = true;
    if (this.accounts.isTrial) {
      this.accounts.prove();
      this.follow();
      // Credentials lie elsewhere now: handshakes under way start again.
      for (let i = 0; hasServers<F>() && i < SERVERS_MAX; i++) {
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
    for (let i = 0; hasServers<F>() && i < SERVERS_MAX; i++)
      if (this.session(i).index >= 0 && !this.session(i).isProven) return;
    this.isFirst = false;
  }

  /** The retry rules are used up, or the credentials are bad. */
  private failed(now: i64, session: Session<H, N, S, F>): void {
    const server = this.accounts.active.server(session.index);
    if (hasServers<F>() && this.isHope(session, server)) {
      this.later(now, session);
      return;
    }
    if (this.accounts.isTrial) {
      logLine("the new account does not work: back to the old one");
      this.accounts.dropTrial();
      let i = 0;
      do {
        const other = this.session(i);
        if (other.index < 0) continue;
        other.registration.halt();
        if (!this.isLingering(i)) other.channel.forget();
        other.index = -1;
      } while (isServer<F>(++i));
      this.serve(now);
    } else if (server.value(ServerResource.BootstrapOnFailure, 1) != 0 && this.accounts.current.bootstrap) {
      // One that is planned already keeps its time.
      if (this.bootstrapAt == never()) this.planBootstrap(now, this.holdOffS);
    } else {
      this.later(now, session);
    }
  }

  /** Another server may do: the accounts are not given up for this one. */
  private isHope(session: Session<H, N, S, F>, server: Server): bool {
    const isBlocked = server.value(ServerResource.Block, 0) != 0;
    for (let i = 0; i < SERVERS_MAX; i++) {
      const other = this.session(i);
      if (other == session || other.index < 0 || other.isGivenUp) continue;
      if (other.isStarted ? other.registration.state != RegistrationState.Failed : !isBlocked) return true;
    }
    return false;
  }

  /** No bootstrap helps: another turn in a day (resource 19). */
  private later(now: i64, session: Session<H, N, S, F>): void {
    const delay = session.registration.server.sequenceDelay;
    if (delay >= NEVER_S) return;
    session.isStarted = false;
    session.isGivenUp = true;
    session.startAt = now + max<i64>(delay, 60) * 1_000;
  }
}
