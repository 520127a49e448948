// SORACOM Beam TCP to TCP: a stream of bytes to the customer's own TCP server and back. Beam puts one line with the
// caller's identity and signature before the device's first byte. The stream is opened again when it breaks, after waits
// that double; what was under way then is lost, and the customer's protocol has to see to it.

import { NetKind, NetState } from "../board/index";
import { openSocket } from "../net/transport";
import { Backoff } from "../util/backoff";
import { drawSeed } from "../util/seed";

const HOST = "beam.soracom.io";
const PORT = 8023;
const OPEN_MS = 160_000;
const BACKOFF_MS = 2_000;
const BACKOFF_CAP_MS = 300_000;

export const enum StreamState {
  /** Left by `open`. */
  Closed,
  /** Left when the socket is open, or when it fails: to Waiting. */
  Opening,
  /** Left when the far end closes or the connection breaks: to Waiting. */
  Open,
  /** Left after the wait, once the net is ready: to Opening. */
  Waiting,
}

/** Place with `place`, then `open`. */
@unmanaged
export class BeamStream<N> {
  state: StreamState;
  /** Status of the last failure; 0 none. */
  error: i32;
  private until: i64;
  private net: N;
  private handle: i32;
  @part private backoff: Backoff;

  open(net: N): void {
    this.net = net;
    this.handle = -1;
    this.backoff.seed(drawSeed());
    this.state = StreamState.Waiting;
    this.until = 0;
  }

  /** Ends the stream for good, until `open`. */
  close(): void {
    this.drop();
    this.state = StreamState.Closed;
    this.until = i64.MAX_VALUE;
  }

  /** Milliseconds of the clock that `step` gets; a net that is not ready brings input when it is. */
  get deadline(): i64 {
    return this.state == StreamState.Waiting && !this.net.ready ? i64.MAX_VALUE : this.until;
  }

  /** Moves on; call when the net has moved on, and when `deadline` has come. */
  step(now: i64): void {
    switch (this.state) {
      case StreamState.Waiting:
        if (now < this.until || !this.net.ready) return;
        this.handle = openSocket<N>(this.net, NetKind.Tcp, HOST, PORT);
        this.state = StreamState.Opening;
        this.until = now + OPEN_MS;
        if (this.handle < 0) this.fail(now, this.handle);
        return;
      case StreamState.Opening: {
        const status = this.net.status(this.handle);
        if (status == NetState.Opening && now < this.until) return;
        if (status != NetState.Open) {
          this.fail(now, status);
          return;
        }
        this.state = StreamState.Open;
        this.until = i64.MAX_VALUE;
        this.net.report(true);
        return;
      }
      case StreamState.Open: {
        const status = this.net.status(this.handle);
        if (status != NetState.Open) this.fail(now, status);
        return;
      }
      default:
        return;
    }
  }

  /** Bytes taken, 0 while the stream is not open. */
  write(ptr: usize, len: i32): i32 {
    return this.state == StreamState.Open ? max(0, this.net.write(this.handle, ptr, len)) : 0;
  }

  /** Bytes received, 0 for none now. The first ones show that the far end is there: waits start again. */
  read(ptr: usize, limit: i32): i32 {
    if (this.state != StreamState.Open) return 0;
    const n = max(0, this.net.read(this.handle, ptr, limit));
    if (n > 0) this.backoff.reset();
    return n;
  }

  private fail(now: i64, status: i32): void {
    this.error = min(status, 0);
    this.drop();
    this.state = StreamState.Waiting;
    this.until = now + this.backoff.next(BACKOFF_MS, BACKOFF_CAP_MS);
  }

  private drop(): void {
    if (this.handle >= 0) this.net.close(this.handle);
    this.handle = -1;
  }
}
