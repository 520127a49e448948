// Brings the firmware that a server has named by a URI: opens a channel to it when the pull (objects/firmware-pull.ts) wants one, and closes it
// when that is done. For coaps the credentials are those of the device's server.
//
// The channel is one that the client (client.ts) needs for no server just now, its `spare`. It is given back as soon as the client wants it.

import { CoapEvent } from "../net/coap/event";
import { CoapCode } from "../net/coap/fields";
import { Security, SecurityMode, SecurityResource } from "./account";
import { Channel, ChannelState } from "./channel";
import { Firmware } from "./objects/firmware";
import { FirmwarePull } from "./objects/firmware-pull";

/** Until the client is asked again for a channel that it needs itself. */
const AGAIN_MS: i64 = 1_000;

/** Place with `place`, then `attach`. `N`: the net; `S`: the suites of DTLS; `B`, `M`: of the firmware. */
@unmanaged
export class Download<N, S, B, M> {
  private firmware: Firmware<B, M>;
  private channel: Channel<N, S> | null;
  private isAsking: bool;
  private askAt: i64;
  @part private pull: FirmwarePull<B, M>;
  @part private account: Security;

  attach(firmware: Firmware<B, M>): void {
    this.firmware = firmware;
    this.pull.attach(firmware);
    this.channel = null;
    this.askAt = 0;
  }

  /** Begins over a channel that nobody else uses. `credentials`: of the device's server, null when there are none. */
  private begin(now: i64, channel: Channel<N, S>, credentials: Security | null): void {
    const target = this.pull.target;
    if (!target) {
      this.pull.lost(now);
      return;
    }
    const account = this.account;
    if (credentials) memory.copy(changetype<usize>(account), changetype<usize>(credentials), offsetof<Security>());
    account.putBytes(SecurityResource.Uri, this.firmware.uri, this.firmware.uriLen);
    account.put(SecurityResource.Mode, target.secure ? SecurityMode.Psk : SecurityMode.NoSec);
    this.channel = channel;
    this.isAsking = false;
    channel.forget();
    channel.open(account);
  }

  private end(now: i64, channel: Channel<N, S>): void {
    channel.close(now);
    channel.forget();
    this.channel = null;
  }

  /** Moves on; call in every turn, after the client's `step`. */
  step<C>(now: i64, client: C): void {
    const spare = client.spare;
    if (!this.channel && now >= this.pull.deadline) {
      if (spare) this.begin(now, spare, client.account);
      else this.askAt = now + AGAIN_MS;
    }
    const channel = this.channel;
    if (!channel) return;
    const pull = this.pull;
    const endpoint = channel.endpoint;
    if (!spare) {
      // Somebody else needs it.
      if (this.isAsking && !pull.isDone) endpoint.cancel();
      pull.lost(now);
      this.end(now, channel);
      return;
    }
    let event: CoapEvent;
    while ((event = channel.next(now)) != CoapEvent.None) {
      if (event == CoapEvent.Request || event == CoapEvent.Block) endpoint.respond(CoapCode.NotFound, -1, 0, 0);
      else pull.took(now, event, endpoint);
      channel.flush(now);
    }
    if (channel.state == ChannelState.Failed) {
      pull.unreachable(now, channel.failure);
      this.end(now, channel);
    } else if (channel.state == ChannelState.Open && !this.isAsking) {
      this.isAsking = true;
      pull.begin(now, endpoint);
      channel.flush(now);
    } else if (this.isAsking && pull.isDone) {
      this.end(now, channel);
    }
  }

  get deadline(): i64 {
    const channel = this.channel;
    return channel ? channel.deadline : max(this.pull.deadline, this.askAt);
  }
}
