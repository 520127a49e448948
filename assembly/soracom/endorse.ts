// SORACOM Endorse: a token, signed by the platform, that says which SIM the device has; a third party that has never
// heard of the device verifies it with the platform's public key. Over HTTPS: the net has TLS sockets.

import { NetKind } from "../board/index";
import { Method } from "../net/http/fields";
import { JsonKind, JsonReader } from "../util/json";
import { HttpService } from "./http-service";
import { Outcome } from "./outcome";

/** Longest answer; a token with all claims is some 900 bytes. */
const ANSWER_MAX = 1_536;

/** Place with `place`, then `open`. */
@unmanaged
export class EndorseClient<N> extends HttpService<N> {
  @bytes(ANSWER_MAX) private answer: usize;
  @part private json: JsonReader;

  open(net: N): void {
    this.attach(net, "endorse.soracom.io", 443, NetKind.Tls);
  }

  /** Asks for a token, only when no call is pending. */
  get(now: i64): void {
    this.begin(Method.Get, "/");
    this.send(now, 0, -1, this.answer, ANSWER_MAX);
  }

  /** The same with parameters, a JSON object, which come signed with the token. */
  post(now: i64, json: usize, jsonLen: i32): void {
    this.begin(Method.Post, "/").header("Content-Type", "application/json");
    this.send(now, json, jsonLen, this.answer, ANSWER_MAX);
  }

  /** Moves on; when Delivered, the token is token..token+tokenLength, until the next call. */
  stepToken(now: i64): Outcome {
    const outcome = this.step(now);
    if (outcome != Outcome.Delivered) return outcome;
    const json = this.json;
    const isToken = json.find(this.answer, this.answerLength, "token") == JsonKind.String && isJwt(json.ptr, json.len);
    return isToken ? outcome : Outcome.Retry;
  }

  get token(): usize {
    return this.json.ptr;
  }

  get tokenLength(): i32 {
    return this.json.len;
  }
}

/** RFC 7515 3.1: three parts of base64url, a dot between. */
function isJwt(ptr: usize, len: i32): bool {
  let dots = 0;
  for (let i = 0; i < len; i++) {
    const c: u32 = load<u8>(ptr + i);
    if (c == 0x2e) dots++;
    else if (c - 0x30 > 9 && (c | 0x20) - 0x61 > 25 && c != 0x2d && c != 0x5f) return false;
  }
  return dots == 2;
}
