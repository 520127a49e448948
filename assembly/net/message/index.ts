// One message and its answer over a bare socket: over TCP (tcp.ts), over UDP with repetitions (udp.ts), and the form of
// the answers of the platform's services (reply.ts). No framing, no encryption.

export { TcpMessage } from "./tcp";
export { UdpMessage } from "./udp";
export { replyStatus } from "./reply";
