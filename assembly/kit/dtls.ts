// The DTLS client by itself: datagrams in and out, time as an argument. One client, of either suite; and the functions it is made of.

import { SHA256_CONTEXT_BYTES, sha256Init, sha256Update } from "../crypto/sha256";
import { MASTER_BYTES, RECORD_HEADER, EXPLICIT_NONCE, VERIFY_BYTES } from "../net/dtls/fields";
import { Ccm8Gcm, DtlsClient } from "../net/dtls/index";
import * as prf from "../net/dtls/prf";
import { protect } from "../net/dtls/record";
import { Ccm8 } from "../net/dtls/suites";
import { clear, place } from "../place";

// The two differ in code, not in fields.
const client = place<DtlsClient<Ccm8Gcm>>();
const ccm8 = changetype<DtlsClient<Ccm8>>(changetype<usize>(client));
const transcriptContext = memory.data(SHA256_CONTEXT_BYTES, 8);
let onlyCcm8: bool = false;

// What the client keeps a pointer to must not be collected.
let identity: Uint8Array = changetype<Uint8Array>(0);
let key: Uint8Array = changetype<Uint8Array>(0);
let ownCid: Uint8Array = changetype<Uint8Array>(0);
let datagram: Uint8Array = changetype<Uint8Array>(0);
let out: Uint8Array = changetype<Uint8Array>(0);

/** A new client. `flags`: 1 without connection ID, 2 needs extended master secret, 4 CCM_8 alone. */
export function dtlsNew(
  outMax: i32,
  flags: i32,
  maxFragment: i32,
  firstTimeout: i32,
  patience: i32,
  cid: Uint8Array,
): void {
  clear(client);
  out = new Uint8Array(outMax);
  client.attach(out.dataStart, outMax);
  client.withoutCid = (flags & 1) != 0;
  client.needsExtendedMasterSecret = (flags & 2) != 0;
  onlyCcm8 = (flags & 4) != 0;
  client.maxFragment = maxFragment;
  client.firstTimeout = firstTimeout;
  client.patience = patience;
  ownCid = cid;
  client.ownCid = ownCid.dataStart;
  client.ownCidLen = ownCid.length;
}

export function dtlsBegin(now: f64, random: Uint8Array, id: Uint8Array, psk: Uint8Array): i32 {
  identity = id;
  key = psk;
  client.credentials(identity.dataStart, identity.length, key.dataStart, key.length);
  return onlyCcm8 ? ccm8.begin(<i64>now, random.dataStart) : client.begin(<i64>now, random.dataStart);
}

/** The first application data of a datagram; then `dtlsMore`. */
export function dtlsReceive(now: f64, bytes: Uint8Array): Uint8Array {
  datagram = bytes;
  const ptr = datagram.dataStart;
  return data(onlyCcm8 ? ccm8.receive(<i64>now, ptr, bytes.length) : client.receive(<i64>now, ptr, bytes.length));
}

export function dtlsMore(now: f64): Uint8Array {
  return data(onlyCcm8 ? ccm8.more(<i64>now) : client.more(<i64>now));
}

function data(len: i32): Uint8Array {
  const bytes = new Uint8Array(len);
  memory.copy(bytes.dataStart, client.dataPtr, len);
  return bytes;
}

export function dtlsStep(now: f64): void {
  if (onlyCcm8) ccm8.step(<i64>now);
  else client.step(<i64>now);
}

export function dtlsDeadline(): f64 {
  return client.deadline == i64.MAX_VALUE ? Infinity : <f64>client.deadline;
}

/** Takes the datagram that is to be sent; empty for none. */
export function dtlsOutput(): Uint8Array {
  const bytes = new Uint8Array(client.outLen);
  memory.copy(bytes.dataStart, client.outPtr, client.outLen);
  client.sent();
  return bytes;
}

export function dtlsWrite(bytes: Uint8Array): i32 {
  return onlyCcm8 ? ccm8.write(bytes.dataStart, bytes.length) : client.write(bytes.dataStart, bytes.length);
}

export function dtlsWriteMax(): i32 {
  return client.writeMax;
}

export function dtlsClose(): void {
  if (onlyCcm8) ccm8.close();
  else client.close();
}

export function dtlsForget(): void {
  client.forget();
}

/** [state; result; alert; resumed; dropped] */
export function dtlsStatus(): Int32Array {
  const status = new Int32Array(5);
  status[0] = client.state;
  status[1] = client.result;
  status[2] = client.alert;
  status[3] = client.resumed;
  status[4] = client.dropped;
  return status;
}

/** Sets the number of the next protected record. */
export function dtlsSequence(sequence: i64): void {
  client.sealedSequence = ((<u64>1) << 48) + <u64>sequence;
}

// --- What it is made of ---

/** P_SHA256 over label and seed. */
export function dtlsPrf(secret: Uint8Array, seed: Uint8Array, len: i32): Uint8Array {
  const result = new Uint8Array(len);
  prf.prf(secret.dataStart, secret.length, seed.dataStart, seed.length, result.dataStart, len);
  return result;
}

function transcriptOf(messages: Uint8Array): usize {
  sha256Init(transcriptContext);
  sha256Update(transcriptContext, messages.dataStart, messages.length);
  return transcriptContext;
}

/** Extended when there are messages, else of the random values. */
export function dtlsMaster(premaster: Uint8Array, messages: Uint8Array, randoms: Uint8Array): Uint8Array {
  const master = new Uint8Array(MASTER_BYTES);
  const transcript = messages.length > 0 ? transcriptOf(messages) : 0;
  prf.masterSecret(premaster.dataStart, premaster.length, transcript, randoms.dataStart, master.dataStart);
  return master;
}

export function dtlsKeyBlock(master: Uint8Array, randoms: Uint8Array): Uint8Array {
  const block = new Uint8Array(prf.KEY_BLOCK_BYTES);
  prf.keyBlock(master.dataStart, randoms.dataStart, block.dataStart);
  return block;
}

export function dtlsVerifyData(master: Uint8Array, server: i32, messages: Uint8Array): Uint8Array {
  const verify = new Uint8Array(VERIFY_BYTES);
  prf.verifyData(master.dataStart, server, transcriptOf(messages), verify.dataStart);
  return verify;
}

/** A record whose content of `len` bytes stands in the clear behind its explicit nonce, with room for the tag: protected. */
export function dtlsSeal(
  suite: i32,
  writeKey: Uint8Array,
  salt: Uint8Array,
  record: Uint8Array,
  cid: i32,
  len: i32,
): Uint8Array {
  const sealed = record.slice();
  const at = sealed.dataStart;
  protect<Ccm8Gcm>(false, suite, writeKey.dataStart, salt.dataStart, at, cid, at + RECORD_HEADER + cid, len);
  return sealed;
}

/** A byte that says whether the tag was right, and the content. */
export function dtlsOpen(
  suite: i32,
  writeKey: Uint8Array,
  salt: Uint8Array,
  record: Uint8Array,
  cid: i32,
  len: i32,
): Uint8Array {
  const opened = record.slice();
  const at = opened.dataStart;
  const body = at + RECORD_HEADER + cid;
  const result = new Uint8Array(1 + len);
  result[0] = protect<Ccm8Gcm>(true, suite, writeKey.dataStart, salt.dataStart, at, cid, body, len);
  if (result[0]) memory.copy(result.dataStart + 1, body + EXPLICIT_NONCE, len);
  return result;
}
