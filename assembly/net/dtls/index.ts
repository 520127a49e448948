// DTLS 1.2 client with a pre-shared key, for a device: codes and limits (fields.ts), hello messages (hello.ts), the key schedule (prf.ts),
// protection of records (record.ts), fragments (reassembly.ts), cipher suites to choose from (suites.ts), and the client in three
// layers: what it is and sends (session.ts), the handshake (handshake.ts), and what comes in (client.ts).
//
// No I/O, no clock, no random source: datagrams go in and out, time and entropy are arguments. Extended master secret and connection
// ID are offered by default, sessions are resumed by their ID. No certificates, no other version, no tickets, no renegotiation.

export { Alert } from "./fields";
export { DTLS_OUT_MIN, DtlsClient } from "./client";
export { DtlsState } from "./session";
export { Ccm8, Ccm8Gcm } from "./suites";
