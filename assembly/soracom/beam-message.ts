// SORACOM Beam over TCP and UDP: the bytes come to the customer's HTTPS server as a POST of its own, with the headers
// that say who sent them; the server's answer comes back as `<status> <body>`.

import { TcpMessage } from "../net/message/tcp";
import { UdpMessage } from "../net/message/udp";
import { MessageService } from "./message-service";

const HOST = "beam.soracom.io";
const PORT = 23_080;
/** The destination is asked before the answer comes. */
const WAIT_MS = 10_000;

/** Place with `place`, then `open`. */
@unmanaged
export class BeamTcp<N> extends MessageService<TcpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT);
  }
}

/** A message whose answer is lost is posted more than once. Place with `place`, then `open`. */
@unmanaged
export class BeamUdp<N> extends MessageService<UdpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT, WAIT_MS);
  }
}
