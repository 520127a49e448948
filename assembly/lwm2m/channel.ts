// The way to one server: a datagram socket of a net, DTLS over it when the account says so, and CoAP over that. It opens by an account's
// URI and credentials, and moves bytes; the caller reads what CoAP brings.
//
// A DTLS session outlives its socket. When the server knows it by a connection ID (RFC 9146), another socket, or another address of the
// device behind a NAT, goes on with it without a word. Otherwise a new handshake offers to resume it.

import { place } from "../place";
import { never } from "../util/wait";
import { NetKind, NetState, Status, entropy } from "../board/index";
import { CoapEvent } from "../net/coap/event";
import { CoapEndpoint } from "../net/coap/endpoint";
import { DATAGRAM_MAX } from "../net/coap/fields";
import { CoapUri } from "../net/coap/uri";
import { DtlsClient } from "../net/dtls/client";
import { DtlsState } from "../net/dtls/session";
import { Security } from "./account";

/** What a record adds to a message at most: header, connection ID, explicit nonce, tag, and inner type. */
const RECORD_MAX: i32 = 13 + 32 + 8 + 16 + 1;
/** More than any flight of a handshake takes (DTLS_OUT_MIN). */
const OUT_MAX: i32 = DATAGRAM_MAX + RECORD_MAX;
/** Some servers fill records up. */
const IN_MAX: i32 = DATAGRAM_MAX + RECORD_MAX + 256;
/** Blocks of bodies are gathered up to that size. */
const BODY_MAX: i32 = 1_536;
/** Name resolution and opening. */
const OPEN_MS: i64 = 150_000;
/** Between two attempts when the net takes no more just now. */
const BLOCKED_MS: i64 = 50;
/** Blocks of 512 bytes: one record in one datagram on NB-IoT and LTE-M. */
const SZX: i32 = 5;

const uri = place<CoapUri>();
const datagram = memory.data(IN_MAX, 8);
const random = memory.data(32, 8);

export const enum ChannelState {
  Closed,
  /** Until the net is ready. */
  Waiting,
  /** Left when the socket is open, or has failed. */
  Opening,
  /** Left when the handshake is over, either way. */
  Shaking,
  Open,
  /** `failure` says why. */
  Failed,
}

/** Place with `place`, then `attach`. `N`: a net (net/transport.ts); `S`: the suites of DTLS. */
@unmanaged
export class Channel<N, S> {
  state: ChannelState;
  /** A Status; KeySuspect when the server has fallen silent once it had to know the key; Refused by an alert. */
  failure: i32;
  /** Of the DTLS alert that ended it, -1 for none. */
  alert: i32;
  /** Where it was when it failed. */
  failedAt: ChannelState;
  /** The server does not know the device by this session: it is another one than the last. */
  isNew: bool;
  private net: N;
  private handle: i32;
  private security: Security;
  /** Over DTLS. */
  isSecure: bool;
  private limit: i64;
  private blockedUntil: i64;
  private more: bool;
  private begun: bool;
  @part endpoint: CoapEndpoint;
  @part dtls: DtlsClient<S>;
  @bytes(OUT_MAX) private out: usize;
  @bytes(BODY_MAX) private body: usize;

  attach(net: N): void {
    this.net = net;
    this.handle = -1;
    this.alert = -1;
    this.dtls.attach(this.out, OUT_MAX);
  }

  /** Begins to open; the account stays as it is while the channel is in use. */
  open(security: Security): void {
    this.shut();
    this.security = security;
    this.isSecure = security.isSecure;
    this.state = ChannelState.Waiting;
  }

  /** Says goodbye and closes. The DTLS session can be resumed. */
  close(now: i64): void {
    if (this.state == ChannelState.Open && this.isSecure) {
      this.dtls.close();
      this.flush(now);
    }
    this.shut();
    this.state = ChannelState.Closed;
  }

  /** Closes the socket alone: a DTLS session goes on over the next one, if it can. */
  suspend(): void {
    this.shut();
    this.state = ChannelState.Closed;
  }

  /** Wipes the session's secrets, also what could be resumed: the credentials are others now. */
  forget(): void {
    this.shut();
    this.dtls.forget();
    this.dtls.sent();
    this.begun = false;
    this.state = ChannelState.Closed;
  }

  /** The session may be dead: the next `open` makes a new one. */
  drop(now: i64): void {
    this.close(now);
    if (this.dtls.state != DtlsState.Closed) this.dtls.close();
    this.dtls.sent();
  }

  private shut(): void {
    if (this.handle >= 0) this.net.close(this.handle);
    this.handle = -1;
    this.more = false;
    this.blockedUntil = 0;
  }

  private fail(why: i32): void {
    this.failedAt = this.state;
    this.shut();
    this.failure = why;
    this.state = ChannelState.Failed;
  }

  /** All that CoAP wanted to say has been said. */
  get isFlushed(): bool {
    return this.state != ChannelState.Open || (this.endpoint.outLen == 0 && this.dtls.outLen == 0);
  }

  /** The session would outlive its socket. */
  get isMovable(): bool {
    return this.isSecure && this.dtls.isMovable;
  }

  // --- Opening ---

  private start(now: i64): void {
    const security = this.security;
    const status = uri.parse(security.uri, security.uriLen);
    if (status != Status.Ok) {
      this.fail(status);
      return;
    }
    const handle = this.net.open(NetKind.Udp, uri.host, uri.hostLen, uri.port);
    if (handle == Status.Again || handle == Status.Busy || handle == Status.NoSpace) {
      // The last socket is not quite closed yet.
      this.blockedUntil = now + BLOCKED_MS;
      return;
    }
    if (handle < 0) {
      this.fail(handle);
      return;
    }
    this.handle = handle;
    this.state = ChannelState.Opening;
    this.limit = now + OPEN_MS;
  }

  private opened(now: i64): void {
    const security = this.security;
    this.alert = -1;
    if (!this.isSecure) {
      this.isNew = true;
      this.enter();
      return;
    }
    const dtls = this.dtls;
    if (this.begun && dtls.isMovable) {
      this.isNew = false;
      this.state = ChannelState.Open;
      return;
    }
    dtls.sent();
    dtls.credentials(security.identity, security.identityLen, security.key, security.keyLen);
    entropy(random, 32);
    const status = dtls.begin(now, random);
    if (status != Status.Ok) this.fail(status);
    else this.state = ChannelState.Shaking;
  }

  /** A session that the endpoint has not been in. */
  private enter(): void {
    entropy(random, 8);
    const endpoint = this.endpoint;
    endpoint.begin(load<u64>(random), this.body, BODY_MAX);
    endpoint.szx = SZX;
    this.begun = true;
    this.state = ChannelState.Open;
  }

  // --- Moving ---

  /** Moves on until something comes of it; to be called again until it says None. After the event is dealt with the channel sends. */
  next(now: i64): CoapEvent {
    if (this.state == ChannelState.Waiting) {
      if (!this.net.ready || now < this.blockedUntil) return CoapEvent.None;
      this.start(now);
    }
    if (this.state < ChannelState.Opening || this.state == ChannelState.Failed) return CoapEvent.None;
    const socket: i32 = this.net.status(this.handle);
    if (this.state == ChannelState.Opening) {
      if (socket == NetState.Opening) {
        if (now >= this.limit) this.fail(Status.Timeout);
        return CoapEvent.None;
      }
      if (socket == NetState.Open) this.opened(now);
    }
    if (this.state == ChannelState.Failed) return CoapEvent.None;
    let event = CoapEvent.None;
    while (event == CoapEvent.None) {
      this.flush(now);
      const taken = this.pull(now);
      if (taken < 0) break;
      if (taken > 0) event = this.endpoint.receive(now, this.data, taken);
      if (this.state == ChannelState.Failed) return CoapEvent.None;
    }
    if (event == CoapEvent.None) {
      if (socket < 0 || socket == NetState.Ended) {
        this.fail(socket < 0 ? socket : Status.Closed);
        return CoapEvent.None;
      }
      if (this.state == ChannelState.Shaking && now >= this.dtls.deadline) this.dtls.step(now);
      if (this.state == ChannelState.Open && now >= this.endpoint.deadline) event = this.endpoint.step(now);
      this.checkSession();
      this.flush(now);
    }
    return event;
  }

  private data: usize;

  /** Bytes of a CoAP message at `data`; 0 for a datagram that held none; -1 when nothing has come. */
  private pull(now: i64): i32 {
    const dtls = this.dtls;
    let len: i32;
    if (this.more) {
      len = dtls.more(now);
    } else {
      len = this.net.read(this.handle, datagram, IN_MAX);
      if (len <= 0) return -1;
      this.net.report(true);
      if (!this.isSecure) {
        this.data = datagram;
        return this.state == ChannelState.Open ? len : 0;
      }
      len = dtls.receive(now, datagram, len);
    }
    this.more = len > 0;
    this.data = dtls.dataPtr;
    this.checkSession();
    return max(len, 0);
  }

  /** Follows the state of the DTLS session. */
  private checkSession(): void {
    if (!this.isSecure) return;
    const dtls = this.dtls;
    if (this.state == ChannelState.Shaking && dtls.state == DtlsState.Open) {
      // A resumed session is the one that the server knows.
      this.isNew = !dtls.resumed || !this.begun;
      if (this.isNew) this.enter();
      else this.state = ChannelState.Open;
    } else if (
      dtls.state == DtlsState.Closed &&
      (this.state == ChannelState.Shaking || this.state == ChannelState.Open)
    ) {
      this.alert = dtls.alert;
      this.net.report(false);
      // A last alert of ours, as far as the net takes it now.
      if (dtls.outLen > 0) this.net.write(this.handle, dtls.outPtr, dtls.outLen);
      dtls.sent();
      this.fail(dtls.result);
    }
  }

  /** Sends what waits, as far as the net takes it. */
  flush(now: i64): void {
    if (this.handle < 0) return;
    const dtls = this.dtls;
    const endpoint = this.endpoint;
    const isSecure = this.isSecure;
    for (;;) {
      if (isSecure && dtls.outLen > 0) {
        if (!this.write(now, dtls.outPtr, dtls.outLen)) return;
        dtls.sent();
      }
      if (this.state != ChannelState.Open || endpoint.outLen == 0) return;
      if (!isSecure) {
        if (!this.write(now, endpoint.outPtr, endpoint.outLen)) return;
        endpoint.sent();
        continue;
      }
      const status = dtls.write(endpoint.outPtr, endpoint.outLen);
      // What is too long for the session cannot be sent at all.
      if (status == Status.Ok || status == Status.TooLong) endpoint.sent();
      if (status == Status.Closed || status == Status.NoSpace) {
        this.checkSession();
        return;
      }
    }
  }

  private write(now: i64, ptr: usize, len: i32): bool {
    const taken: i32 = this.net.write(this.handle, ptr, len);
    if (taken > 0) return true;
    this.blockedUntil = now + BLOCKED_MS;
    return false;
  }

  /** When `next` is to be called; i64.MAX_VALUE for only when something has come. */
  get deadline(): i64 {
    switch (this.state) {
      case ChannelState.Waiting:
        return this.net.ready ? this.blockedUntil : never();
      case ChannelState.Opening:
        return this.limit;
      case ChannelState.Shaking:
        return this.dtls.outLen > 0 ? min(this.blockedUntil, this.dtls.deadline) : this.dtls.deadline;
      case ChannelState.Open: {
        const at = this.endpoint.deadline;
        return this.isFlushed ? at : min(at, this.blockedUntil);
      }
      default:
        return never();
    }
  }
}
