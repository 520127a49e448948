// SORACOM Beam, HTTP entry point: the device sends plain HTTP inside the operator's network, Beam adds who it is and a
// signature, and forwards it over HTTPS. The device holds no key and no certificate.

import { Status } from "../board/index";
import { HTTP_CLIENT_SIZE, HttpClient, HttpState } from "../net/http/client";
import { Method } from "../net/http/fields";
import { HTTP_REQUEST_SIZE, HttpRequest } from "../net/http/request";

const HOST = "beam.soracom.io";
const PORT = 8888;
const HEAD_MAX = 512;
/** The answer's body is not looked at; a short one is taken so that the connection can be kept. */
const ANSWER_MAX = 512;

/** What became of a message. */
export const enum BeamOutcome {
  /** Still on its way. */
  Pending,
  /** The destination took it (2xx). */
  Delivered,
  /** Not now: 408, 429, 5xx, or no complete answer. Send it again, with the same id. */
  Retry,
  /** Any other answer: sending the same again will not help by itself. */
  Refused,
  /** The request cannot be written: path, content type or id are too long or hold control characters. */
  Invalid,
}

/** Place with `memory.data(BEAM_SIZE)`, then `attach`. */
@unmanaged
export class BeamClient<N> {
  private pending: bool;
  private valid: bool;


  @inline
  get http(): HttpClient<N> {
    return changetype<HttpClient<N>>(changetype<usize>(this) + offsetof<BeamClient<N>>());
  }


  @inline
  private get request(): HttpRequest {
    return changetype<HttpRequest>(changetype<usize>(this.http) + HTTP_CLIENT_SIZE);
  }


  @inline
  private get head(): usize {
    return changetype<usize>(this.request) + HTTP_REQUEST_SIZE;
  }

  attach(net: N): void {
    this.http.attach(net, HOST, PORT);
  }

  /**
   * Begins to send one message to `http://beam.soracom.io:8888<path>`; only when none is pending. `id` goes into
   * `x-message-id`, by which the destination knows a message it already has. The body stays as it is until the end.
   */
  post(now: i64, path: string, contentType: string, id: usize, idLen: i32, body: usize, bodyLen: i32): void {
    const request = this.request
      .begin(this.head, HEAD_MAX, Method.Post, path, HOST, PORT)
      .header("Content-Type", contentType)
      .headerBytes("x-message-id", id, idLen);
    request.end(bodyLen);
    this.pending = true;
    this.valid = request.valid && request.fits;
    if (this.valid) {
      this.http.send(now, this.head, request.length, body, bodyLen, false, this.head + HEAD_MAX, ANSWER_MAX);
    } else {
      this.http.response.begin(false, 0, 0);
      this.http.result = Status.Invalid;
    }
  }

  /** Moves on, and tells what became of the message; once only. */
  step(now: i64): BeamOutcome {
    this.http.step(now);
    if (!this.pending || (this.valid && this.http.state != HttpState.Idle)) return BeamOutcome.Pending;
    this.pending = false;
    return this.valid ? outcome(this.http.result, this.code) : BeamOutcome.Invalid;
  }

  get deadline(): i64 {
    return this.pending && this.http.state == HttpState.Idle ? 0 : this.http.deadline;
  }

  /** Status code of the last answer, 0 if there was none. */
  get code(): i32 {
    return this.http.response.code;
  }
}

export const BEAM_SIZE: i32 = <i32>(
  (offsetof<BeamClient<usize>>() + HTTP_CLIENT_SIZE + HTTP_REQUEST_SIZE + HEAD_MAX + ANSWER_MAX)
);

function outcome(result: i32, code: i32): BeamOutcome {
  // An answer that is larger than wanted is an answer; one that broke off may not be the one that was meant.
  if (result != Status.Ok && result != Status.TooLong) return BeamOutcome.Retry;
  if (code >= 200 && code < 300) return BeamOutcome.Delivered;
  if (code < 300 || code == 408 || code == 429 || code >= 500) return BeamOutcome.Retry;
  return BeamOutcome.Refused;
}
