// The servers of the accounts: each has a session, begun in its turn, that lives by the rules of its Server instance. LwM2M Core 6.2.

import { never } from "../../util/wait";
import { ServerResource } from "../account";
import { isUsable } from "../accounts";
import { hasQueue, hasServers } from "../parts";
import { RegistrationState } from "../registration";
import { SERVERS_MAX } from "../account";
import { Session } from "../session";
import { ClientCore, ClientState, LINKS_MAX, isServer } from "./core";


@unmanaged
export class ClientServers<H, N, S, F> extends ClientCore<H, N, S, F> {
  /** Begins with the servers of the active accounts. */
  protected serve(now: i64): void {
    this.state = ClientState.Serving;
    const set = this.accounts.active;
    this.managed.set = set;
    let n = 0;
    for (let i = 0; i < SERVERS_MAX; i++) {
      if (!isUsable(set, i)) continue;
      const session = this.session(n);
      const server = set.server(i);
      const channel = session.channel;
      if (session.ssid != server.ssid && !this.isLingering(n)) channel.forget();
      session.index = i;
      session.ssid = server.ssid;
      session.isStarted = false;
      session.isGivenUp = false;
      session.isProven = false;
      session.startAt = now;
      if (hasQueue<F>()) session.sleepAt = never();
      session.seen = RegistrationState.Off;
      session.registration.attach(channel.endpoint, this.name, server, this.version);
      session.observations.attach(this.objects, server);
      n++;
      if (!hasServers<F>()) break;
    }
    for (; n < SERVERS_MAX; n++) this.session(n).index = -1;
    this.list(this.version);
  }

  /** What Register says that there is. All servers are told the same, as the oldest version has it that one of them speaks. */
  protected list(version: i32): void {
    this.managed.isGrown = false;
    this.again = true;
    this.linksVersion = version;
    const len = min(this.objects.writeLinks(this.links, LINKS_MAX, version), LINKS_MAX);
    let i = 0;
    do this.session(i).registration.setLinks(this.links, len);
    while (isServer<F>(++i));
  }

  /** The oldest version that one of the servers speaks. */
  protected get oldest(): i32 {
    let version = this.session(0).registration.version;
    for (let i = 1; isServer<F>(i); i++)
      if (this.session(i).index >= 0) version = min(version, this.session(i).registration.version);
    return version;
  }

  /** The accounts that are in use lie elsewhere now. */
  protected follow(): void {
    const set = this.accounts.active;
    this.managed.set = set;
    let i = 0;
    do {
      const session = this.session(i);
      if (hasServers<F>() && session.index < 0) continue;
      session.registration.server = set.server(session.index);
      session.observations.server = set.server(session.index);
    } while (isServer<F>(++i));
  }

  /** Registration Priority Order, Initial Registration Delay, Registration Failure Block: resources 13, 14, 15. */
  protected mayStart(now: i64, session: Session<H, N, S, F>): bool {
    const server = this.accounts.active.server(session.index);
    if (hasServers<F>() && this.isBehind(session, server.value(ServerResource.Order, -1))) {
      session.startAt = never();
      return false;
    }
    if (hasServers<F>() && session.startAt == never())
      session.startAt = now + (this.isFirst ? server.value(ServerResource.Delay, 0) * 1_000 : 0);
    if (now < session.startAt) return false;
    session.isStarted = true;
    session.isGivenUp = false;
    session.registration.start(now);
    return true;
  }

  /** Another server has its turn before this one of that order, and is not through with it. */
  private isBehind(session: Session<H, N, S, F>, order: i64): bool {
    let isAfter = false;
    for (let i = 0; i < SERVERS_MAX; i++) {
      const other = this.session(i);
      if (other == session) isAfter = true;
      if (order < 0 || other == session || other.index < 0 || other.isProven) continue;
      const before = this.accounts.active.server(other.index);
      const otherOrder = before.value(ServerResource.Order, -1);
      if (otherOrder < 0 || otherOrder > order || (otherOrder == order && isAfter)) continue;
      const hasFailed = other.isGivenUp || (other.isStarted && other.registration.state == RegistrationState.Failed);
      if (!hasFailed || before.value(ServerResource.Block, 0) != 0) return true;
    }
    return false;
  }

  /** The session of a server; null when it has none. */
  protected sessionOf(ssid: i32): Session<H, N, S, F> | null {
    for (let i = 0; i < SERVERS_MAX; i++)
      if (this.session(i).index >= 0 && this.session(i).ssid == ssid) return this.session(i);
    return null;
  }
}
