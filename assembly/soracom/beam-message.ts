// SORACOM Beam over TCP and UDP: the bytes come to the customer's HTTPS server as a POST of its own, with the headers
// that say who sent them; the server's answer comes back as `<status> <body>`.

import { TCP_MESSAGE_SIZE, TcpMessage } from "../net/message/tcp";
import { UDP_MESSAGE_SIZE, UdpMessage } from "../net/message/udp";
import { MESSAGE_SERVICE_SIZE, MessageService } from "./message-service";

const HOST = "beam.soracom.io";
const PORT = 23_080;
/** The destination is asked before the answer comes. */
const WAIT_MS = 10_000;

/** Place with `memory.data(BEAM_TCP_SIZE, 8)`, then `open`. */
@unmanaged
export class BeamTcp<N> extends MessageService<TcpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT);
  }
}

export const BEAM_TCP_SIZE: i32 = MESSAGE_SERVICE_SIZE + TCP_MESSAGE_SIZE;

/** A message whose answer is lost is posted more than once. Place with `memory.data(BEAM_UDP_SIZE, 8)`, then `open`. */
@unmanaged
export class BeamUdp<N> extends MessageService<UdpMessage<N>> {
  open(net: N, seed: u32): void {
    this.message.attach(net, HOST, PORT, WAIT_MS, seed);
  }
}

export const BEAM_UDP_SIZE: i32 = MESSAGE_SERVICE_SIZE + UDP_MESSAGE_SIZE;
