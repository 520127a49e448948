// An app that is nothing but the DTLS client with CCM_8: what sizes, constant time and wiping of keys are measured on. The caller
// plays the network: datagrams and data are handed over in memory.

import { Ccm8, DtlsClient } from "../net/dtls/index";
import { clear, place } from "../place";

const DATAGRAM_MAX: i32 = 1280;

const client = place<DtlsClient<Ccm8>>();
const OUT: usize = memory.data(DATAGRAM_MAX, 8);
const IN: usize = memory.data(DATAGRAM_MAX, 8);
/** Client random 32, identity 128, key 64, connection ID 8: for the caller to fill, and to clear. */
const CREDENTIALS: usize = memory.data(32 + 128 + 64 + 8, 8);

export function credentials(): usize {
  return CREDENTIALS;
}

/** Where there is room for a datagram, or for data. */
export function input(): usize {
  return IN;
}

/** A new client, with its choices. */
export function choose(
  withoutCid: bool,
  needsExtendedMasterSecret: bool,
  maxFragment: i32,
  firstTimeout: i32,
  patience: i32,
  ownCidLen: i32,
): void {
  clear(client);
  client.attach(OUT, DATAGRAM_MAX);
  client.withoutCid = withoutCid;
  client.needsExtendedMasterSecret = needsExtendedMasterSecret;
  client.maxFragment = maxFragment;
  client.firstTimeout = firstTimeout;
  client.patience = patience;
  client.ownCid = CREDENTIALS + 224;
  client.ownCidLen = ownCidLen;
}

export function begin(now: i64, identityLen: i32, keyLen: i32): i32 {
  client.credentials(CREDENTIALS + 32, identityLen, CREDENTIALS + 160, keyLen);
  return client.begin(now, CREDENTIALS);
}

export function receive(now: i64, ptr: usize, len: i32): i32 {
  return client.receive(now, ptr, len);
}

export function more(now: i64): i32 {
  return client.more(now);
}

export function data(): usize {
  return client.dataPtr;
}

export function step(now: i64): void {
  client.step(now);
}

export function deadline(): i64 {
  return client.deadline;
}

export function output(): usize {
  return client.outPtr;
}

/** Bytes of a datagram that has to be sent. It counts as sent then. */
export function take_output(): i32 {
  const len = client.outLen;
  client.sent();
  return len;
}

export function write(len: i32): i32 {
  return client.write(IN, len);
}

export function close(): void {
  client.close();
}

export function forget(): void {
  client.forget();
}

export function state(): i32 {
  return client.state;
}

export function result(): i32 {
  return client.result;
}

export function alert(): i32 {
  return client.alert;
}

export function resumed(): bool {
  return client.resumed;
}

export function dropped(): u32 {
  return client.dropped;
}

/** Bytes of memory that one session takes. */
export function session_bytes(): i32 {
  return <i32>offsetof<DtlsClient<Ccm8>>();
}
