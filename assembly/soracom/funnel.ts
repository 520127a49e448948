// SORACOM Funnel: the platform hands what the device sends to a cloud's intake (AWS, Azure, Google), with the
// credentials that the operator stored. Delivered means that the cloud has accepted it.

import { Method } from "../net/http/fields";
import { TCP_MESSAGE_SIZE, TcpMessage } from "../net/message/tcp";
import { UDP_MESSAGE_SIZE, UdpMessage } from "../net/message/udp";
import { Ascii } from "../util/ascii";
import { HTTP_SERVICE_SIZE, HttpService } from "./http-service";
import { MESSAGE_SERVICE_SIZE, MessageService } from "./message-service";

const HOST = "funnel.soracom.io";
const PORT = 23_080;
/** The cloud is asked before the answer comes. */
const WAIT_MS = 10_000;

/** Over HTTP. Place with `memory.data(FUNNEL_HTTP_SIZE, 8)`, then `open`. */
@unmanaged
export class FunnelHttp<N> extends HttpService<N> {
  open(net: N): void {
    this.attach(net, HOST, 80);
  }

  /** Begins to send, only when nothing is pending. `contentType`: application/json, text/plain, application/xml. */
  post(now: i64, contentType: Ascii, body: usize, bodyLen: i32, into: usize, intoMax: i32): void {
    this.begin(Method.Post, "/").header("Content-Type", contentType);
    this.send(now, body, bodyLen, into, intoMax);
  }
}

export const FUNNEL_HTTP_SIZE: i32 = HTTP_SERVICE_SIZE;

/** Over TCP. Place with `memory.data(FUNNEL_TCP_SIZE, 8)`, then `open`. */
@unmanaged
export class FunnelTcp<N> extends MessageService<TcpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT);
  }
}

export const FUNNEL_TCP_SIZE: i32 = MESSAGE_SERVICE_SIZE + TCP_MESSAGE_SIZE;

/** Over UDP; a message whose answer is lost is handed over more than once. Place with `memory.data(FUNNEL_UDP_SIZE, 8)`. */
@unmanaged
export class FunnelUdp<N> extends MessageService<UdpMessage<N>> {
  open(net: N, seed: u32): void {
    this.message.attach(net, HOST, PORT, WAIT_MS, seed);
  }
}

export const FUNNEL_UDP_SIZE: i32 = MESSAGE_SERVICE_SIZE + UDP_MESSAGE_SIZE;
