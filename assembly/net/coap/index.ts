// CoAP: RFC 7252, 7641 (Observe), 7959 (Block), 8132 (FETCH, PATCH). Codes and times (fields.ts), reading and writing messages
// (message.ts, writer.ts, frame.ts), URIs (uri.ts), and an endpoint in three layers: messages (layer.ts, recent.ts), the server role
// (server.ts), the client role with all that comes in (endpoint.ts). No I/O, no clock, no TCP, no proxy, no multicast.

export { CoapCode, CoapOption, CoapType } from "./fields";
export { CoapEvent } from "./event";
export { CoapMessage } from "./message";
export { CoapWriter } from "./writer";
export { CoapEndpoint } from "./endpoint";
export { CoapUri } from "./uri";
