// CoAP on the host, for the servers that devices talk to: a conversation with one endpoint over any carrier of datagrams.
//   message.ts, options.ts  the codec;  exchange.ts, observation.ts, transfer.ts  what takes time;  bodies.ts  a server's
//   bodies in blocks;  peer.ts  all together

export { COAP_LIMITS, type CoapLimits } from './limits.js';
export { type CoapMessage, emit, parse } from './message.js';
export type { CoapOption } from './options.js';
export { type Observation } from './observation.js';
export { findTexts, findUint, Option, textOption, uintOption } from './options.js';
export { CoapPeer, type CoapPeerOptions } from './peer.js';
export {
  CoapError,
  type CoapRequest,
  type CoapResponse,
  type CoapRoom,
  type IncomingRequest,
  Method,
} from './types.js';
