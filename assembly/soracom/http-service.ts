// A service of the platform over HTTP or HTTPS: a request out, its outcome and the answer's body in. What is particular
// to a service is in its own file.

import { NetKind, Status } from "../board/index";
import { HttpClient, Whole } from "../net/http/client";
import { Method } from "../net/http/fields";
import { HttpRequest } from "../net/http/request";
import { Ascii } from "../util/ascii";
import { Outcome, outcomeOf } from "./outcome";

const HEAD_MAX = 512;

/** Place with `place`; the `open` of the service comes first. */
@unmanaged
export class HttpService<N> {
  private host: Ascii;
  private port: i32;
  private pending: bool;
  private valid: bool;
  @part http: HttpClient<N, Whole>;
  @part private request: HttpRequest;
  @bytes(HEAD_MAX) private head: usize;

  attach(net: N, host: Ascii, port: i32, kind: i32 = NetKind.Tcp): void {
    this.host = host;
    this.port = port;
    this.http.attach(net, host, port, kind);
  }

  /** Begins a request; add headers to it, then `send`. Only when none is pending. */
  begin(method: Method, path: Ascii): HttpRequest {
    return this.request.begin(this.head, HEAD_MAX, method, path, this.host, this.port);
  }

  /** The same for a path whose last segment is any bytes. */
  beginAt(method: Method, path: Ascii, segment: usize, segmentLen: i32): HttpRequest {
    return this.request
      .beginPath(this.head, HEAD_MAX, method, path)
      .pathSegment(segment, segmentLen)
      .endPath(this.host, this.port);
  }

  /**
   * Sends the request with this body (`bodyLen` -1: none), which stays as it is until the end. The answer's body goes
   * to into..into+intoMax; of one that is larger only the status counts.
   */
  send(now: i64, body: usize, bodyLen: i32, into: usize, intoMax: i32): void {
    const request = this.request;
    request.end(bodyLen);
    this.pending = true;
    this.valid = request.valid && request.fits;
    if (this.valid) {
      this.http.send(now, this.head, request.length, body, max(0, bodyLen), false, into, intoMax);
    } else {
      this.http.response.begin(false, 0, 0);
      this.http.result = Status.Invalid;
    }
  }

  /** Moves on, and tells what became of the request; once only. */
  step(now: i64): Outcome {
    this.http.step(now);
    if (!this.pending || (this.valid && !this.http.idle)) return Outcome.Pending;
    this.pending = false;
    return this.valid ? outcomeOf(this.http.result, this.code) : Outcome.Invalid;
  }

  get deadline(): i64 {
    return this.pending && this.http.idle ? 0 : this.http.deadline;
  }

  /** Status code of the last answer, 0 if there was none. */
  get code(): i32 {
    return this.http.response.code;
  }

  /** Bytes of the answer's body. */
  get answerLength(): i32 {
    return this.http.response.bodyLength;
  }
}
