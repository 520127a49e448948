// Key schedule: the PRF of TLS 1.2 (RFC 5246 5) and what it is used for. Nothing secret stays behind in memory.

import { wipe } from "../../crypto/constant-time";
import { HMAC_BYTES, HMAC_CONTEXT_BYTES, hmacFinal, hmacInit, hmacUpdate } from "../../crypto/hmac";
import { SHA256_BYTES, SHA256_CONTEXT_BYTES, sha256Final } from "../../crypto/sha256";
import { MASTER_BYTES, RANDOM_BYTES, VERIFY_BYTES } from "./fields";

/** Client write key 16, server write key 16, client write IV 4, server write IV 4. */
export const KEY_BLOCK_BYTES: i32 = 40;

// prettier-ignore
/** "extended master secret", of which the last 13 are "master secret" */
const MASTER_LABEL: usize = memory.data<u8>([
  0x65, 0x78, 0x74, 0x65, 0x6e, 0x64, 0x65, 0x64, 0x20,
  0x6d, 0x61, 0x73, 0x74, 0x65, 0x72, 0x20, 0x73, 0x65, 0x63, 0x72, 0x65, 0x74,
]);
const MASTER_LABEL_BYTES: i32 = 13;
const EXTENDED_BYTES: i32 = 9;
// prettier-ignore
/** "key expansion" */
const KEY_LABEL: usize = memory.data<u8>([
  0x6b, 0x65, 0x79, 0x20, 0x65, 0x78, 0x70, 0x61, 0x6e, 0x73, 0x69, 0x6f, 0x6e,
]);
const KEY_LABEL_BYTES: i32 = 13;
// prettier-ignore
/** "client finished" and "server finished" */
const FINISHED_LABELS: usize = memory.data<u8>([
  0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x20, 0x66, 0x69, 0x6e, 0x69, 0x73, 0x68, 0x65, 0x64,
  0x73, 0x65, 0x72, 0x76, 0x65, 0x72, 0x20, 0x66, 0x69, 0x6e, 0x69, 0x73, 0x68, 0x65, 0x64,
]);
const FINISHED_LABEL_BYTES: i32 = 15;

const CONTEXT: usize = memory.data(HMAC_CONTEXT_BYTES, 8);
/** Label and seed: the longest has a label of 22 bytes and a digest, or one of 13 and two random values. */
const SEED: usize = memory.data(80, 8);
/** A(i), and a block of output. */
const A: usize = memory.data(2 * HMAC_BYTES, 8);
const BLOCK: usize = A + HMAC_BYTES;

/** P_SHA256: fills out..out+len. `seed` is label and seed. */
export function prf(secret: usize, secretLen: i32, seed: usize, seedLen: i32, out: usize, len: i32): void {
  let from = seed;
  let fromLen = seedLen;
  while (len > 0) {
    hmacInit(CONTEXT, secret, secretLen);
    hmacUpdate(CONTEXT, from, fromLen);
    hmacFinal(CONTEXT, A);
    from = A;
    fromLen = HMAC_BYTES;

    hmacInit(CONTEXT, secret, secretLen);
    hmacUpdate(CONTEXT, A, HMAC_BYTES);
    hmacUpdate(CONTEXT, seed, seedLen);
    hmacFinal(CONTEXT, BLOCK);
    const n = min(len, HMAC_BYTES);
    memory.copy(out, BLOCK, n);
    out += n;
    len -= n;
  }
  wipe(A, 2 * HMAC_BYTES);
}

/** The digest of what `transcript` has taken so far; the transcript goes on. */
export function transcriptHash(transcript: usize, out: usize): void {
  // The MAC's context is free here.
  memory.copy(CONTEXT, transcript, SHA256_CONTEXT_BYTES);
  sha256Final(CONTEXT, out);
}

/**
 * Writes the 48 bytes of the master secret to `out`: RFC 7627 4 over the transcript when it is not 0, else RFC 5246 8.1 over the
 * client's random value and the server's, which stand at `randoms` in this order.
 */
export function masterSecret(premaster: usize, premasterLen: i32, transcript: usize, randoms: usize, out: usize): void {
  let len = MASTER_LABEL_BYTES;
  if (transcript) {
    len += EXTENDED_BYTES;
    memory.copy(SEED, MASTER_LABEL, len);
    transcriptHash(transcript, SEED + len);
    len += SHA256_BYTES;
  } else {
    memory.copy(SEED, MASTER_LABEL + EXTENDED_BYTES, len);
    memory.copy(SEED + len, randoms, 2 * RANDOM_BYTES);
    len += 2 * RANDOM_BYTES;
  }
  prf(premaster, premasterLen, SEED, len, out, MASTER_BYTES);
}

/** Writes KEY_BLOCK_BYTES to `out` (RFC 5246 6.3). `randoms`: the client's, then the server's. */
export function keyBlock(master: usize, randoms: usize, out: usize): void {
  memory.copy(SEED, KEY_LABEL, KEY_LABEL_BYTES);
  memory.copy(SEED + KEY_LABEL_BYTES, randoms + RANDOM_BYTES, RANDOM_BYTES);
  memory.copy(SEED + KEY_LABEL_BYTES + RANDOM_BYTES, randoms, RANDOM_BYTES);
  prf(master, MASTER_BYTES, SEED, KEY_LABEL_BYTES + 2 * RANDOM_BYTES, out, KEY_BLOCK_BYTES);
}

/** Writes verify_data of a Finished (RFC 5246 7.4.9) after what `transcript` has taken: the client's (`server` 0) or the server's (1). */
export function verifyData(master: usize, server: i32, transcript: usize, out: usize): void {
  memory.copy(SEED, FINISHED_LABELS + server * FINISHED_LABEL_BYTES, FINISHED_LABEL_BYTES);
  transcriptHash(transcript, SEED + FINISHED_LABEL_BYTES);
  prf(master, MASTER_BYTES, SEED, FINISHED_LABEL_BYTES + SHA256_BYTES, out, VERIFY_BYTES);
}
