// What clients over a stream have in common: one exchange at a time over a connection that is opened when it is needed and kept
// between two exchanges. The class that extends it says what goes out and reads what comes in (http/client.ts, message/tcp.ts).

import { NetKind, NetState, Status } from "../board/index";
import { Ascii } from "../util/ascii";
import { openSocket } from "./transport";

/** What a client is doing. */
export const enum ExchangeState {
  /** Ready for the next one. A connection may be kept open, at most KEEP_MS. */
  Idle,
  /** Left when the socket is open, fails, or after OPEN_MS. */
  Opening,
  /** Left when all bytes are handed over, the socket fails, or at the deadline of the exchange. */
  Sending,
  /** Left when the answer is complete, breaks off, or at the deadline of the exchange. */
  Receiving,
}

/** A client's sockets are of another kind than TCP: see modem/socket-buffer.ts for what such a variable is good for. */
let everOther = false;

/** A modem may take 150 s to say that a connection fails. */
const OPEN_MS = 160_000;
/** From the last connection event, or the last part of what is sent, to the answer. */
export const EXCHANGE_MS: i64 = 60_000;
/** How long an idle connection is kept. */
const KEEP_MS = 10_000;


@unmanaged
export class Exchange<N> {
  state: ExchangeState;
  /** After an exchange: Ok, or the Status it failed with. */
  result: i32;
  /** Where the times are set that `step` looks at. */
  deadline: i64;

  protected net: N;
  protected handle: i32;
  protected connected: bool;
  /** The connection has carried an exchange before this one. */
  protected reused: bool;
  protected sentBytes: i32;
  private host: Ascii;
  private kind: i32;
  private port: i32;

  /** `host` and `port` of all exchanges; `kind` is that of the sockets. */
  attach(net: N, host: Ascii, port: i32, kind: i32 = NetKind.Tcp): void {
    this.net = net;
    this.host = host;
    if (kind != NetKind.Tcp) everOther = true;
    this.kind = kind;
    this.port = port;
    this.handle = -1;
    this.deadline = i64.MAX_VALUE;
  }

  get idle(): bool {
    return this.state == ExchangeState.Idle;
  }

  /** Gives up what is under way and the connection. */
  disconnect(): void {
    if (this.handle >= 0) this.net.close(this.handle);
    this.handle = -1;
    this.connected = false;
    this.state = ExchangeState.Idle;
    this.deadline = i64.MAX_VALUE;
  }

  /** From Idle to Sending or Opening. Returns Ok, or why there is no socket. */
  protected connect(now: i64): i32 {
    this.sentBytes = 0;
    if (this.connected) {
      this.goesOn(now, ExchangeState.Sending);
      return Status.Ok;
    }
    this.state = ExchangeState.Opening;
    this.deadline = now + OPEN_MS;
    this.handle = openSocket<N>(this.net, everOther ? this.kind : NetKind.Tcp, this.host, this.port);
    return min(this.handle, Status.Ok);
  }

  /** Looks after Opening. Returns Ok, or what the socket failed with. */
  protected opening(now: i64): i32 {
    if (this.state != ExchangeState.Opening) return Status.Ok;
    const status = this.net.status(this.handle);
    if (status == NetState.Opening || status < 0) return min(status, Status.Ok);
    this.connected = true;
    this.goesOn(now, ExchangeState.Sending);
    return Status.Ok;
  }

  protected goesOn(now: i64, state: ExchangeState): void {
    this.state = state;
    this.deadline = now + EXCHANGE_MS;
  }

  /** Looks after a connection that is kept between exchanges. */
  protected keeping(now: i64): void {
    if (this.connected && (now >= this.deadline || this.net.status(this.handle) != NetState.Open)) this.disconnect();
  }

  /**
   * Ends an exchange. `untouched`: nothing has come back; `keep`: the connection is good for another one; `good`: the far
   * end has answered. True: the far end had given up the kept connection before the request came, and the client is to
   * begin once more, over a new one.
   */
  protected over(now: i64, result: i32, untouched: bool, keep: bool, good: bool): bool {
    const stale = this.reused && untouched && (result == Status.Closed || result == Status.Io);
    const wasOpen = this.connected;
    if (!keep) this.disconnect();
    if (stale) {
      this.reused = false;
      return true;
    }
    this.state = ExchangeState.Idle;
    this.deadline = keep ? now + KEEP_MS : i64.MAX_VALUE;
    this.result = result;
    // A connection that did not open, the net has seen itself.
    if (wasOpen) this.net.report(good);
    return false;
  }
}
