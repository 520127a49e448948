// An LwM2M client that an app calls from its loop: it bootstraps when it has no server, keeps the device registered with those it has,
// and answers them. LwM2M Core 6.1, 6.2; Transport 6.2.1.1, 6.4.
//
// What comes when: without a server among the accounts, a bootstrap, after the hold-off, again and again with growing waits. With
// servers, registrations in their order; a server may ask for an update (/1/x/8), for silence (/1/x/4) or for a bootstrap (/1/x/9). A
// bootstrap's new accounts are on trial until one of their servers has taken a registration; when none can be reached by their retry rules, or
// the keys are refused, the old accounts are in use again. Each step that fails is logged, with its reason and the time of the next try; the
// alert of a failed DTLS session stands in /1/x/11 (51, decrypt_error, when the server has fallen silent on our key).
//
// During a bootstrap nobody else is listened to. The folder client/ has the steps: core.ts what it is made of, servers.ts their order,
// failures.ts, turn.ts what is done for a server, bootstrapping.ts.

import { Status } from "../board/index";
import { earlier, never } from "../util/wait";
import { SERVERS_MAX, Security, ServerResource } from "./account";
import { hasServer } from "./accounts";
import { Channel, ChannelState } from "./channel";
import { ClientBootstrap } from "./client/bootstrapping";
import { ClientState, isServer } from "./client/core";
import { Format } from "./fields";
import { Usual, hasQueue } from "./parts";
import { RegistrationState } from "./registration";
import { send } from "./send";

export { ClientState } from "./client/core";

/** Between attempts to write what the store did not take. */
const SAVE_AGAIN_MS: i64 = 10_000;

/** Place with `place`, then `attach`. `H`: the app's objects; `N`: its net; `S`: suites of DTLS; `F`: parts.ts. */
@unmanaged
export class Client<H, N, S, F = Usual> extends ClientBootstrap<H, N, S, F> {
  start(now: i64): void {
    if (hasServer(this.accounts.active)) this.serve(now);
    else this.hold(now, this.holdOffS);
  }

  /**
   * Sends a payload that the app has put together (send.ts) to the `index`th server. Ok: an answer will come, which is dropped; Again: no
   * session is open just now; NotFound: not registered with it; Denied: it is mute, /1/x/23, as it is unless it says otherwise; Busy.
   */
  send(now: i64, index: i32, format: Format, ptr: usize, len: i32): i32 {
    const session = this.session(index);
    if (session.index < 0 || !session.registration.isOn) return Status.NotFound;
    if (session.channel.state != ChannelState.Open) return Status.Again;
    const isMute = this.accounts.active.server(session.index).value(ServerResource.Mute, 1) != 0;
    return send(now, session.channel.endpoint, format, ptr, len, isMute);
  }

  /** The channel that no server needs just now, for a download; null when there is none. */
  get spare(): Channel<N, S> | null {
    if (this.state != ClientState.Serving || this.lingerUntil > 0 || this.bootstrapAt != never()) return null;
    return this.session(SERVERS_MAX - 1).index < 0 ? this.channel : null;
  }

  /** The account of the first server; null when there is none. */
  get account(): Security | null {
    const session = this.session(0);
    return session.index < 0 ? null : this.accounts.active.security(session.ssid);
  }

  /** Moves on; call in every turn. */
  step(now: i64): void {
    if (this.state == ClientState.Bootstrapping) {
      this.stepBootstrap(now);
    } else if (now >= this.bootstrapAt && this.isFlushed) {
      // A turn after it became due: a download has given the channel back by then.
      this.startBootstrap(now);
    } else if (this.state == ClientState.Serving) {
      if (this.lingerUntil > 0) this.linger(now);
      this.stepServing(now);
    }
    if (this.state == ClientState.Bootstrapping) return;
    if (this.state == ClientState.Serving && now >= this.purgeAt) this.purge();
    if (this.accounts.isDirty && now >= this.saveAt && this.accounts.save() != Status.Ok)
      this.saveAt = now + SAVE_AGAIN_MS;
  }

  /** When `step` is to be called even if nothing comes; 0 at once. */
  get deadline(): i64 {
    if (this.state == ClientState.Bootstrapping) return earlier(this.bootstrap.deadline, this.channel.deadline);
    let soonest = earlier(this.bootstrapAt, this.purgeAt);
    if (this.accounts.isDirty) soonest = earlier(soonest, this.saveAt);
    if (this.lingerUntil > 0) soonest = earlier(soonest, earlier(this.lingerUntil, this.channel.deadline));
    if (this.state != ClientState.Serving) return soonest;
    if (this.again) return 0;
    let i = 0;
    do {
      const session = this.session(i);
      if (session.index < 0 || this.isLingering(i)) continue;
      const r = session.registration;
      if (!session.isStarted) {
        soonest = earlier(soonest, session.startAt);
        continue;
      }
      soonest = earlier(soonest, earlier(r.deadline, session.channel.deadline));
      if (r.state == RegistrationState.Registered) soonest = earlier(soonest, session.observations.deadline);
      if (hasQueue<F>() && r.server.isQueued) soonest = earlier(soonest, session.sleepAt);
    } while (isServer<F>(++i));
    return soonest;
  }
}
