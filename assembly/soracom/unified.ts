// SORACOM Unified Endpoint: one message for every service that the group has switched on: Beam, Funnel, Funk, Harvest
// Data. The answer is the single service's own, or one object about all of them: `{"statusCode":207,"body":{..}}` over
// TCP and UDP. 207 (some have failed) is Refused; the body says which.

import { Method } from "../net/http/fields";
import { TcpMessage } from "../net/message/tcp";
import { UdpMessage } from "../net/message/udp";
import { Ascii } from "../util/ascii";
import { JsonKind, JsonReader } from "../util/json";
import { HttpService } from "./http-service";
import { MessageService } from "./message-service";
import { Outcome, outcomeOf } from "./outcome";

const HOST = "uni.soracom.io";
const PORT = 23_080;
/** A function may be among the services; see funk.ts. */
const WAIT_MS = 45_000;
const MULTI_STATUS = 207;

const json = memory.data(offsetof<JsonReader>());

/** Over HTTP. Place with `place`, then `open`. */
@unmanaged
export class UnifiedHttp<N> extends HttpService<N> {
  open(net: N): void {
    this.attach(net, HOST, 80);
  }

  /** Begins to send, only when nothing is pending. */
  post(now: i64, contentType: Ascii, body: usize, bodyLen: i32, into: usize, intoMax: i32): void {
    this.begin(Method.Post, "/").header("Content-Type", contentType);
    this.send(now, body, bodyLen, into, intoMax);
  }

  /** `step` of the Unified Endpoint. */
  stepAll(now: i64): Outcome {
    const outcome = this.step(now);
    return outcome == Outcome.Delivered && this.code == MULTI_STATUS ? Outcome.Refused : outcome;
  }
}

/** Over TCP. Place with `place`, then `open`. */
@unmanaged
export class UnifiedTcp<N> extends MessageService<TcpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT);
  }

  /** `step` of the Unified Endpoint. */
  stepAll(now: i64): Outcome {
    return unified<TcpMessage<N>>(this, this.step(now));
  }
}

/** Over UDP. Place with `place`, then `open`. */
@unmanaged
export class UnifiedUdp<N> extends MessageService<UdpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT, WAIT_MS);
  }

  /** `step` of the Unified Endpoint. */
  stepAll(now: i64): Outcome {
    return unified<UdpMessage<N>>(this, this.step(now));
  }
}

/** A reply that does not begin with a status may be the object about all. */
function unified<M>(service: MessageService<M>, outcome: Outcome): Outcome {
  if (outcome == Outcome.Pending || outcome == Outcome.Invalid || service.code > 0) return outcome;
  const reader = changetype<JsonReader>(json);
  const len = service.message.replyLength;
  if (reader.find(service.answer, len, "statusCode") != JsonKind.Number) return outcome;
  const code = reader.integer(0);
  if (code < 100 || code > 999) return outcome;
  service.code = code;
  service.answerLength = len;
  return code == MULTI_STATUS ? Outcome.Refused : outcomeOf(service.message.result, code);
}
