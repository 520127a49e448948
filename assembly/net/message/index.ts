// One message and its answer over a bare socket: over TCP (tcp.ts), over UDP with repetitions (udp.ts), and the form of
// the answers of the platform's services (reply.ts). No framing, no encryption.

export { TcpMessage, TCP_MESSAGE_SIZE } from "./tcp";
export { UdpMessage, UDP_MESSAGE_SIZE } from "./udp";
export { replyStatus } from "./reply";
