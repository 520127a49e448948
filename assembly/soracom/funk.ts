// SORACOM Funk: the platform calls a function in a cloud with what the device sends, and the function's answer comes
// back: its status, and its body for the app to act on.

import { Method } from "../net/http/fields";
import { TCP_MESSAGE_SIZE, TcpMessage } from "../net/message/tcp";
import { UDP_MESSAGE_SIZE, UdpMessage } from "../net/message/udp";
import { Ascii } from "../util/ascii";
import { HTTP_SERVICE_SIZE, HttpService } from "./http-service";
import { MESSAGE_SERVICE_SIZE, MessageService } from "./message-service";

const HOST = "funk.soracom.io";
const PORT = 23_080;
/** A function has 30 s, and asking again calls it again: the shortest wait, 75 % of this, is longer. */
const WAIT_MS = 45_000;

/** Over HTTP. Place with `memory.data(FUNK_HTTP_SIZE, 8)`, then `open`. The answer's length is `answerLength`. */
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

export const FUNK_HTTP_SIZE: i32 = HTTP_SERVICE_SIZE;

/** Over TCP. Place with `memory.data(FUNK_TCP_SIZE, 8)`, then `open`. */
@unmanaged
export class FunkTcp<N> extends MessageService<TcpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT);
  }
}

export const FUNK_TCP_SIZE: i32 = MESSAGE_SERVICE_SIZE + TCP_MESSAGE_SIZE;

/** Over UDP; a call whose answer is lost is made more than once. Place with `memory.data(FUNK_UDP_SIZE, 8)`. */
@unmanaged
export class FunkUdp<N> extends MessageService<UdpMessage<N>> {
  open(net: N, seed: u32): void {
    this.message.attach(net, HOST, PORT, WAIT_MS, seed);
  }
}

export const FUNK_UDP_SIZE: i32 = MESSAGE_SERVICE_SIZE + UDP_MESSAGE_SIZE;
