// A DTLS 1.2 server for devices with a pre-shared key, on node:crypto: TLS_PSK_WITH_AES_128_CCM_8 and
// TLS_PSK_WITH_AES_128_GCM_SHA256, extended master secret, connection IDs, resumption. Datagrams in, datagrams out: sockets
// are up to the caller, and so is what the bytes mean.
//   fields.ts, reader.ts  the standards' numbers and vectors;  messages.ts, record.ts, key-schedule.ts  the codec
//   handshake.ts  one handshake;  association.ts  one client;  server.ts  all of them;  kept.ts  what outlives the process

export { Association, type DtlsPath, type EndReason } from './association.js';
export { Alert, CipherSuite } from './fields.js';
export type { PskKey } from './handshake.js';
export type { AssociationKeeper, KeptAssociation, Marks } from './kept.js';
export { DTLS_LIMITS, type DtlsLimits } from './limits.js';
export { DtlsServer, type DtlsServerOptions, type KeptEntry } from './server.js';
