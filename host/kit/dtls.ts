// The device's DTLS client (assembly/kit/dtls.ts): datagrams in and out, milliseconds as an argument. A kit has one client.

import { wants, within } from './check.js';

/** The numbers of `DtlsState`. */
export const DtlsState = { Closed: 0, Hello: 1, Answered: 2, Finished: 3, Resuming: 4, Open: 5 } as const;

export interface DtlsOptions {
  /** Longest datagram that the client sends, bytes; 1280 if absent. */
  readonly outMax?: number;
  /** Offers no connection ID. */
  readonly withoutCid?: boolean;
  readonly needsExtendedMasterSecret?: boolean;
  /** An app that carries no GCM. */
  readonly onlyCcm8?: boolean;
  /** Code of RFC 6066, 1..4; 0 for none. */
  readonly maxFragment?: number;
  /** Milliseconds. */
  readonly firstTimeout?: number;
  readonly patience?: number;
  /** Connection ID that the client asks for, at most 8 bytes; empty if absent. */
  readonly ownCid?: Uint8Array;
}

export interface DtlsStatus {
  readonly state: number;
  /** A `Status`, once closed. */
  readonly result: number;
  /** Description of the last alert, -1 for none. */
  readonly alert: number;
  readonly resumed: boolean;
  readonly dropped: number;
}

export interface DtlsKit {
  /** A new client, which has no session. */
  dtlsNew(options?: DtlsOptions): void;
  /** `random`: 32 bytes. Returns a `Status`. */
  dtlsBegin(now: number, random: Uint8Array, identity: Uint8Array, key: Uint8Array): number;
  /** The application data of a datagram, a piece for each record. */
  dtlsReceive(now: number, datagram: Uint8Array): Uint8Array[];
  dtlsStep(now: number): void;
  /** Infinity for none. */
  dtlsDeadline(): number;
  /** Takes the datagram that is to be sent. */
  dtlsOutput(): Uint8Array | undefined;
  /** Returns a `Status`. */
  dtlsWrite(bytes: Uint8Array): number;
  dtlsWriteMax(): number;
  dtlsClose(): void;
  dtlsForget(): void;
  dtlsStatus(): DtlsStatus;
  /** Sets the number of the next protected record. */
  dtlsSequence(sequence: bigint): void;

  /** P_SHA256 of RFC 5246 5; `seed` is label and seed. */
  dtlsPrf(secret: Uint8Array, seed: Uint8Array, length: number): Uint8Array;
  /** Of 48 bytes: extended over the messages, or, when there are none, over the random values (client's, then server's). */
  dtlsMaster(premaster: Uint8Array, messages: Uint8Array, randoms: Uint8Array): Uint8Array;
  /** Client key 16, server key 16, client IV 4, server IV 4. */
  dtlsKeyBlock(master: Uint8Array, randoms: Uint8Array): Uint8Array;
  /** verify_data of a Finished behind these messages. */
  dtlsVerifyData(master: Uint8Array, from: 'client' | 'server', messages: Uint8Array): Uint8Array;
  /** Protects a record whose content of `length` bytes stands in the clear, with room for the tag behind it. */
  dtlsSeal(keys: DtlsKeys, record: Uint8Array, cidLength: number, length: number): Uint8Array;
  /** The content of a protected record; undefined when its tag is wrong. */
  dtlsOpen(keys: DtlsKeys, record: Uint8Array, cidLength: number): Uint8Array | undefined;
}

/** Keys of one direction. */
export interface DtlsKeys {
  /** c0a8 or 00a8 */
  readonly suite: number;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

/** What kit.wasm exports for it. */
export interface DtlsExports {
  dtlsNew(
    outMax: number,
    flags: number,
    maxFragment: number,
    firstTimeout: number,
    patience: number,
    cid: Uint8Array,
  ): void;
  dtlsBegin(now: number, random: Uint8Array, identity: Uint8Array, key: Uint8Array): number;
  dtlsReceive(now: number, datagram: Uint8Array): Uint8Array;
  dtlsMore(now: number): Uint8Array;
  dtlsStep(now: number): void;
  dtlsDeadline(): number;
  dtlsOutput(): Uint8Array;
  dtlsWrite(bytes: Uint8Array): number;
  dtlsWriteMax(): number;
  dtlsClose(): void;
  dtlsForget(): void;
  dtlsStatus(): Int32Array;
  dtlsSequence(sequence: bigint): void;
  dtlsPrf(secret: Uint8Array, seed: Uint8Array, length: number): Uint8Array;
  dtlsMaster(premaster: Uint8Array, messages: Uint8Array, randoms: Uint8Array): Uint8Array;
  dtlsKeyBlock(master: Uint8Array, randoms: Uint8Array): Uint8Array;
  dtlsVerifyData(master: Uint8Array, server: number, messages: Uint8Array): Uint8Array;
  dtlsSeal(suite: number, key: Uint8Array, iv: Uint8Array, record: Uint8Array, cid: number, length: number): Uint8Array;
  dtlsOpen(suite: number, key: Uint8Array, iv: Uint8Array, record: Uint8Array, cid: number, length: number): Uint8Array;
}

const RECORD_HEADER = 13;
const EXPLICIT_NONCE = 8;
const GCM = 0x00a8;
const PEER_CID_MAX = 32;
const tagBytes = (suite: number): number => (suite === GCM ? 16 : 8);

function keyArguments({ key, iv }: DtlsKeys, record: Uint8Array, cidLength: number, suite: number): number {
  wants('key', key, 16);
  wants('iv', iv, 4);
  within('cidLength', cidLength, 0, PEER_CID_MAX);
  const length = record.length - RECORD_HEADER - cidLength - EXPLICIT_NONCE - tagBytes(suite);
  return within('bytes of content', length, 0, 1 << 16);
}

export function dtlsKit(wasm: DtlsExports): DtlsKit {
  return {
    dtlsNew({ outMax = 1280, withoutCid, needsExtendedMasterSecret, onlyCcm8, ...options } = {}) {
      const { maxFragment = 0, firstTimeout = 0, patience = 0, ownCid = new Uint8Array() } = options;
      const flags = (withoutCid ? 1 : 0) | (needsExtendedMasterSecret ? 2 : 0) | (onlyCcm8 ? 4 : 0);
      wasm.dtlsNew(outMax, flags, maxFragment, firstTimeout, patience, ownCid);
    },
    dtlsBegin(now, random, identity, key) {
      wants('random', random, 32);
      return wasm.dtlsBegin(now, random, identity, key);
    },
    dtlsReceive(now, datagram) {
      const pieces: Uint8Array[] = [];
      for (let data = wasm.dtlsReceive(now, datagram); data.length > 0; data = wasm.dtlsMore(now)) pieces.push(data);
      return pieces;
    },
    dtlsStep: (now) => wasm.dtlsStep(now),
    dtlsDeadline: () => wasm.dtlsDeadline(),
    dtlsOutput() {
      const datagram = wasm.dtlsOutput();
      return datagram.length > 0 ? datagram : undefined;
    },
    dtlsWrite: (bytes) => wasm.dtlsWrite(bytes),
    dtlsWriteMax: () => wasm.dtlsWriteMax(),
    dtlsClose: () => wasm.dtlsClose(),
    dtlsForget: () => wasm.dtlsForget(),
    dtlsStatus() {
      const [state = 0, result = 0, alert = -1, resumed = 0, dropped = 0] = wasm.dtlsStatus();
      return { state, result, alert, resumed: resumed !== 0, dropped };
    },
    dtlsSequence: (sequence) => wasm.dtlsSequence(sequence),
    dtlsPrf: (secret, seed, length) => wasm.dtlsPrf(secret, seed, within('length', length, 0, 1 << 16)),
    dtlsMaster(premaster, messages, randoms) {
      wants('randoms', randoms, 64);
      return wasm.dtlsMaster(premaster, messages, randoms);
    },
    dtlsKeyBlock(master, randoms) {
      wants('master', master, 48);
      wants('randoms', randoms, 64);
      return wasm.dtlsKeyBlock(master, randoms);
    },
    dtlsVerifyData(master, from, messages) {
      wants('master', master, 48);
      return wasm.dtlsVerifyData(master, from === 'server' ? 1 : 0, messages);
    },
    dtlsSeal(keys, record, cidLength, length) {
      within('length', length, 0, keyArguments(keys, record, cidLength, keys.suite));
      return wasm.dtlsSeal(keys.suite, keys.key, keys.iv, record, cidLength, length);
    },
    dtlsOpen(keys, record, cidLength) {
      const length = keyArguments(keys, record, cidLength, keys.suite);
      const result = wasm.dtlsOpen(keys.suite, keys.key, keys.iv, record, cidLength, length);
      return result[0] === 0 ? undefined : result.slice(1);
    },
  };
}
