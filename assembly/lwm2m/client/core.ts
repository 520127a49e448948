// What the client is made of: its parts, and where they lie.

import { strideOf } from "../../place";
import { never } from "../../util/wait";
import { entropy } from "../../board/index";
import { Backoff } from "../../util/backoff";
import { SERVERS_MAX } from "../account";
import { Accounts } from "../accounts";
import { Bootstrap } from "../bootstrap";
import { Channel } from "../channel";
import { EndpointName } from "../endpoint-name";
import { Format } from "../fields";
import { Managed } from "../managed";
import { Objects } from "../objects";
import { hasServers } from "../parts";
import { Session } from "../session";

/** Answers, and copies of bodies that are checked. */
const OUT_MAX: i32 = 1_536;
/** The list of objects in Register. */
export const LINKS_MAX: i32 = 512;

export const enum ClientState {
  Off,
  /** Waits before a bootstrap, without a server. Left in time. */
  Holding,
  /** Left when the session is over, either way. */
  Bootstrapping,
  /** Registrations are kept. Left by a bootstrap that is due. */
  Serving,
}

/** Whether there may be an `i`th server: `do { .. } while (isServer<F>(++i))` goes over all of them. */
@inline
export function isServer<F>(i: i32): bool {
  return hasServers<F>() && i < SERVERS_MAX;
}


@unmanaged
export class ClientCore<H, N, S, F> {
  state: ClientState;
  /** 10 or 11. */
  version: i32;
  protected accounts: Accounts;
  protected linksLen: i32;
  protected linksVersion: i32;
  protected bootstrapAt: i64;
  protected bootstrapBegun: bool;
  protected lingerUntil: i64;
  protected purgeAt: i64;
  protected saveAt: i64;
  /** No server of the accounts has taken a registration since the last bootstrap. */
  protected isFirst: bool;
  /** A registration has come into another state, which may concern the others. */
  protected again: bool;
  @part bootstrap: Bootstrap<H, F>;
  @part objects: Objects<Managed<H, F>, F>;
  @part managed: Managed<H, F>;
  @part protected backoff: Backoff;
  @part protected name: EndpointName;
  @bytes(LINKS_MAX) protected links: usize;
  @bytes(OUT_MAX) protected out: usize;
  @bytes(SERVERS_MAX * strideOf<Session<H, N, S, F>>(), 8) private sessions: usize;


  @inline
  protected session(index: i32): Session<H, N, S, F> {
    return changetype<Session<H, N, S, F>>(this.sessions + index * strideOf<Session<H, N, S, F>>());
  }

  /** Of the bootstrap server: the last server's, which that does without meanwhile; a device with one server has another one for it. */
  @inline
  protected get channel(): Channel<N, S> {
    return this.session(SERVERS_MAX - 1).channel;
  }

  /** Whether that server's channel is still with the bootstrap server. */
  @inline
  protected isLingering(index: i32): bool {
    return hasServers<F>() && this.lingerUntil > 0 && index == SERVERS_MAX - 1;
  }

  /**
   * The accounts are open. `preferred`: format of answers, and of what a bootstrap server
   * is asked to write. TooLong when the name has more than 120 bytes.
   */
  attach(net: N, app: H, accounts: Accounts, name: usize, nameLen: i32, preferred: Format): i32 {
    this.accounts = accounts;
    this.version = 11;
    const managed = this.managed;
    managed.attach(app, accounts);
    this.objects.attach(managed, preferred, this.out, OUT_MAX);
    const bootstrap = this.bootstrap;
    bootstrap.attach(managed, this.objects, this.name);
    if (preferred != Format.None) bootstrap.preferred = preferred;
    entropy(this.out, 4);
    this.backoff.seed(load<u32>(this.out));
    for (let i = 0; i < SERVERS_MAX; i++) {
      this.session(i).index = -1;
      this.session(i).channel.attach(net);
    }
    this.state = ClientState.Off;
    this.bootstrapAt = never();
    this.purgeAt = never();
    return this.name.set(name, nameLen);
  }

  /** There are other instances in the app's objects than before: the servers are told. */
  objectsChanged(): void {
    this.managed.isGrown = true;
  }

  /** A server has taken the registration. */
  get isRegistered(): bool {
    let i = 0;
    do {
      if (this.session(i).registration.isOn) return true;
    } while (isServer<F>(++i));
    return false;
  }

  /** All answers have gone out: what a server has asked for may be done, a restart say. */
  get isFlushed(): bool {
    let i = 0;
    do {
      if (this.session(i).index >= 0 && !this.session(i).channel.isFlushed) return false;
    } while (isServer<F>(++i));
    return true;
  }
}
