// One turn of what is done for a server: what has come over its channel, its registration, its notifications, its commands.

import { never } from "../../util/wait";
import { CoapEvent } from "../../net/coap/event";
import { ServerResource } from "../account";
import { ChannelState } from "../channel";
import { logLine } from "../client-log";
import { hasDisable, hasQueue, hasServers } from "../parts";
import { RegistrationState } from "../registration";
import { Session } from "../session";
import { isServer } from "./core";
import { AWAKE_MS, ClientFailures } from "./failures";

/** From a server's wish for a bootstrap until it is begun: the answer leaves the modem meanwhile. */
const ANSWER_S: i32 = 2;


@unmanaged
export class ClientTurn<H, N, S, F> extends ClientFailures<H, N, S, F> {
  protected stepServing(now: i64): void {
    this.again = false;
    let i = 0;
    do {
      const session = this.session(i);
      if (session.index < 0 || this.isLingering(i)) continue;
      if (session.isStarted || this.mayStart(now, session)) this.stepSession(now, session);
    } while (isServer<F>(++i));
    if (this.managed.isGrown) this.list(this.linksVersion);
  }

  private stepSession(now: i64, session: Session<H, N, S, F>): void {
    const channel = session.channel;
    const observations = session.observations;
    const r = session.registration;
    let event: CoapEvent;
    while ((event = channel.next(now)) != CoapEvent.None) {
      if (hasQueue<F>()) session.sleepAt = now + AWAKE_MS;
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
      if (channel.isNew) observations.clear();
      observations.resume(now);
    }
    if (this.oldest != this.linksVersion) this.list(this.oldest);
    r.step(now);
    if (r.wantsLink && channel.state == ChannelState.Closed) {
      const security = this.accounts.active.security(session.ssid);
      if (security) channel.open(security);
    }
    if (r.state != session.seen) this.changed(now, session);
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
      if (!hasQueue<F>()) return;
      observations.look(now);
      if (observations.isDue) {
        r.update(now);
        this.again = true;
      }
    } else if (channel.isFlushed) {
      observations.step(now, channel.endpoint);
      channel.flush(now);
    }
  }

  /** Closes what is not needed: after De-register and between attempts; in queue mode also the socket of a session that outlives it. */
  private rest(now: i64, session: Session<H, N, S, F>): void {
    const channel = session.channel;
    const r = session.registration;
    if (channel.state != ChannelState.Open || !channel.isFlushed) return;
    if (r.isIdle) {
      channel.close(now);
      r.linked = false;
    } else if (hasQueue<F>()) {
      if (!r.server.isQueued || r.state != RegistrationState.Registered || now < session.sleepAt) return;
      session.sleepAt = never();
      if (!channel.isMovable) return;
      channel.suspend();
      r.linked = false;
    }
  }

  private take(now: i64, session: Session<H, N, S, F>, event: CoapEvent): void {
    const endpoint = session.channel.endpoint;
    if (event == CoapEvent.Request) {
      const managed = this.managed;
      managed.command = 0;
      session.observations.handle(now, endpoint);
      if (managed.command != 0) this.command(now, session);
    } else if (event == CoapEvent.Block) {
      this.objects.block(now, endpoint, session.ssid);
    } else if (event == CoapEvent.ResponseBlock) {
      endpoint.keep(now);
    } else if (!session.observations.settled(event, endpoint)) {
      session.registration.answered(now, event);
    }
  }

  /** Disable, Registration Update Trigger, Bootstrap-Request Trigger: resources 4, 8, 9, which may be another server's. */
  private command(now: i64, asking: Session<H, N, S, F>): void {
    const managed = this.managed;
    const session = hasServers<F>() ? this.sessionOf(managed.commandSsid) : asking;
    if (!session) return;
    if (managed.command == ServerResource.Update) {
      session.registration.update(now);
    } else if (hasDisable<F>() && managed.command == ServerResource.Disable) {
      const server = this.accounts.active.server(session.index);
      session.registration.pause(now, server.value(ServerResource.DisableTimeout, 86_400));
    } else if (managed.command == ServerResource.Bootstrap) {
      logLine("bootstrap asked for by the server");
      this.planBootstrap(now, ANSWER_S);
    }
  }
}
