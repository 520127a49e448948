// SORACOM Beam, HTTP entry point: the device sends plain HTTP inside the operator's network, Beam adds who it is and a
// signature, and forwards it over HTTPS. The device holds no key and no certificate.

import { Method } from "../net/http/fields";
import { Ascii } from "../util/ascii";
import { HttpService } from "./http-service";

/** The answer's body is not looked at; a short one is taken so that the connection can be kept. */
const ANSWER_MAX = 512;

/** Place with `place`, then `open`. The destination's answer is the outcome's. */
@unmanaged
export class BeamClient<N> extends HttpService<N> {
  @bytes(ANSWER_MAX) private answer: usize;

  open(net: N): void {
    this.attach(net, "beam.soracom.io", 8888);
  }

  /**
   * Begins to send one message to `http://beam.soracom.io:8888<path>`; only when none is pending. `id` goes into
   * `x-message-id`, by which the destination knows a message it already has. The body stays as it is until the end.
   */
  post(now: i64, path: Ascii, contentType: Ascii, id: usize, idLen: i32, body: usize, bodyLen: i32): void {
    this.begin(Method.Post, path).header("Content-Type", contentType).headerBytes("x-message-id", id, idLen);
    this.send(now, body, bodyLen, this.answer, ANSWER_MAX);
  }
}
