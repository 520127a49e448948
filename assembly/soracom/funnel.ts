// SORACOM Funnel: the platform hands what the device sends to a cloud's intake (AWS, Azure, Google), with the
// credentials that the operator stored. Delivered means that the cloud has accepted it.

import { Method } from "../net/http/fields";
import { TcpMessage } from "../net/message/tcp";
import { UdpMessage } from "../net/message/udp";
import { Ascii } from "../util/ascii";
import { HttpService } from "./http-service";
import { MessageService } from "./message-service";

const HOST = "funnel.soracom.io";
const PORT = 23_080;
/** The cloud is asked before the answer comes. */
const WAIT_MS = 10_000;

/** Over HTTP. Place with `place`, then `open`. */
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

/** Over TCP. Place with `place`, then `open`. */
@unmanaged
export class FunnelTcp<N> extends MessageService<TcpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT);
  }
}

/** Over UDP; a message whose answer is lost is handed over more than once. Place with `place`. */
@unmanaged
export class FunnelUdp<N> extends MessageService<UdpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT, WAIT_MS);
  }
}
