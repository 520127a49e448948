// Brings the firmware that a server has named by a URI: opens a channel to it when the pull (objects/firmware-pull.ts) wants one, and closes it
// when that is done. For coaps the credentials are those of the device's server.

import { CoapEvent } from "../net/coap/event";
import { CoapCode } from "../net/coap/fields";
import { SECURITY_SIZE, Security, SecurityMode, SecurityResource } from "./account";
import { Channel, ChannelState } from "./channel";
import { Firmware } from "./objects/firmware";
import { FirmwarePull } from "./objects/firmware-pull";

/** Place with `memory.data(DOWNLOAD_SIZE, 8)`, then `attach`. */
@unmanaged
export class Download<N, S, B> {
  private firmware: Firmware<B>;
  private pull: FirmwarePull<B>;
  private channel: Channel<N, S> | null;
  private isAsking: bool;


  @inline
  private get account(): Security {
    return changetype<Security>((changetype<usize>(this) + offsetof<Download<N, S, B>>() + 7) & ~7);
  }

  attach(firmware: Firmware<B>, pull: FirmwarePull<B>): void {
    this.firmware = firmware;
    this.pull = pull;
    this.channel = null;
  }

  /** When a channel is wanted; i64.MAX_VALUE: it is not, or there is one. */
  get wanted(): i64 {
    return this.channel ? i64.MAX_VALUE : this.pull.deadline;
  }

  /** The channel is in use. */
  get isBusy(): bool {
    return this.channel != null;
  }

  /** Begins over a channel that nobody else uses. `credentials`: of the device's server, null when there are none. */
  begin(now: i64, channel: Channel<N, S>, credentials: Security | null): void {
    const target = this.pull.target;
    if (!target) {
      this.pull.lost(now);
      return;
    }
    const account = this.account;
    if (credentials) memory.copy(changetype<usize>(account), changetype<usize>(credentials), SECURITY_SIZE);
    account.putBytes(SecurityResource.Uri, this.firmware.uri, this.firmware.uriLen);
    account.put(SecurityResource.Mode, target.secure ? SecurityMode.Psk : SecurityMode.NoSec);
    this.channel = channel;
    this.isAsking = false;
    channel.forget();
    channel.open(account);
  }

  /** Gives the channel back: somebody else needs it. */
  yield(now: i64): void {
    const channel = this.channel;
    if (!channel) return;
    if (this.isAsking && !this.pull.isDone) channel.endpoint.cancel();
    this.pull.lost(now);
    this.end(now, channel);
  }

  private end(now: i64, channel: Channel<N, S>): void {
    channel.close(now);
    channel.forget();
    this.channel = null;
  }

  /** Moves on; call in every turn. */
  step(now: i64): void {
    const channel = this.channel;
    if (!channel) return;
    const pull = this.pull;
    const endpoint = channel.endpoint;
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
    return channel ? channel.deadline : i64.MAX_VALUE;
  }
}

export const DOWNLOAD_SIZE: i32 = <i32>offsetof<Download<usize, usize, usize>>() + 8 + SECURITY_SIZE;
