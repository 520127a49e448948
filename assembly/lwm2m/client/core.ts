// What the client is made of: its parts, and where they lie.

import { never } from "../../util/wait";
import { entropy } from "../../board/index";
import { Backoff } from "../../util/backoff";
import { SERVERS_MAX } from "../account";
import { Accounts } from "../accounts";
import { BOOTSTRAP_SIZE, Bootstrap } from "../bootstrap";
import { Channel } from "../channel";
import { ENDPOINT_NAME_SIZE, EndpointName } from "../endpoint-name";
import { Format } from "../fields";
import { Managed } from "../managed";
import { OBJECTS_SIZE, Objects } from "../objects";
import { hasServers } from "../parts";
import { SESSION_SIZE, Session } from "../session";

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


  @inline
  get bootstrap(): Bootstrap<H, F> {
    return changetype<Bootstrap<H, F>>(changetype<usize>(this) + ((offsetof<ClientCore<H, N, S, F>>() + 7) & ~7));
  }


  @inline
  get objects(): Objects<Managed<H, F>, F> {
    return changetype<Objects<Managed<H, F>, F>>(changetype<usize>(this.bootstrap) + ((BOOTSTRAP_SIZE + 7) & ~7));
  }


  @inline
  get managed(): Managed<H, F> {
    return changetype<Managed<H, F>>(changetype<usize>(this.objects) + ((OBJECTS_SIZE + 7) & ~7));
  }


  @inline
  protected get backoff(): Backoff {
    return changetype<Backoff>(changetype<usize>(this.managed) + ((offsetof<Managed<H, F>>() + 7) & ~7));
  }


  @inline
  protected get name(): EndpointName {
    return changetype<EndpointName>(changetype<usize>(this.backoff) + ((offsetof<Backoff>() + 7) & ~7));
  }


  @inline
  protected get links(): usize {
    return changetype<usize>(this.name) + ((ENDPOINT_NAME_SIZE + 7) & ~7);
  }


  @inline
  protected get out(): usize {
    return this.links + LINKS_MAX;
  }


  @inline
  protected session(index: i32): Session<H, N, S, F> {
    const first = this.out + OUT_MAX;
    return changetype<Session<H, N, S, F>>(first + index * SESSION_SIZE);
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

export const CLIENT_SIZE: i32 =
  (<i32>offsetof<ClientCore<usize, usize, usize, usize>>() +
    BOOTSTRAP_SIZE +
    OBJECTS_SIZE +
    <i32>offsetof<Managed<usize, usize>>() +
    <i32>offsetof<Backoff>() +
    ENDPOINT_NAME_SIZE +
    LINKS_MAX +
    OUT_MAX +
    SERVERS_MAX * SESSION_SIZE +
    64) &
  ~7;
