// SORACOM Funk: the platform calls a function in a cloud with what the device sends, and the function's answer comes
// back: its status, and its body for the app to act on.

import { Method } from "../net/http/fields";
import { TcpMessage } from "../net/message/tcp";
import { UdpMessage } from "../net/message/udp";
import { Ascii } from "../util/ascii";
import { HttpService } from "./http-service";
import { MessageService } from "./message-service";

const HOST = "funk.soracom.io";
const PORT = 23_080;
/** A function has 30 s, and asking again calls it again: the shortest wait, 75 % of this, is longer. */
const WAIT_MS = 45_000;

/** Over HTTP. Place with `place`, then `open`. The answer's length is `answerLength`. */
@unmanaged
export class FunkHttp<N> extends HttpService<N> {
  open(net: N): void {
    this.attach(net, HOST, 80);
  }

  /** Begins a call, only when none is pending. `contentType`: application/json, text/plain, application/octet-stream. */
  post(now: i64, contentType: Ascii, body: usize, bodyLen: i32, into: usize, intoMax: i32): void {
    this.begin(Method.Post, "/").header("Content-Type", contentType);
    this.send(now, body, bodyLen, into, intoMax);
  }
}

/** Over TCP. Place with `place`, then `open`. */
@unmanaged
export class FunkTcp<N> extends MessageService<TcpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT);
  }
}

/** Over UDP; a call whose answer is lost is made more than once. Place with `place`. */
@unmanaged
export class FunkUdp<N> extends MessageService<UdpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT, WAIT_MS);
  }
}
