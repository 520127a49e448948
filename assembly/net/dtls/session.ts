// What a session is made of: its fields, the secrets behind them, and the records that go out.

import { wipe } from "../../crypto/constant-time";
import { SHA256_CONTEXT_BYTES } from "../../crypto/sha256";
import { DtlsChoices } from "./choices";
import {
  Alert,
  ContentType,
  DTLS_1_2,
  EXPLICIT_NONCE,
  HANDSHAKE_HEADER,
  MASTER_BYTES,
  PEER_CID_MAX,
  RANDOM_BYTES,
  RECORD_EPOCH,
  RECORD_HEAD,
  RECORD_HEADER,
  RECORD_VERSION,
  SESSION_ID_MAX,
  VERIFY_BYTES,
} from "./fields";
import { KEY_BLOCK_BYTES } from "./prf";
import { Reassembly } from "./reassembly";
import { ReplayWindow, protect } from "./record";

/** Where a session is. Every state is also left by `begin` and `close`. */
export const enum DtlsState {
  /** Nothing was begun, or all is over: `result` says how it ended. */
  Closed,
  /** ClientHello sent. Left by a ServerHello, a fatal alert, or after `patience`. */
  Hello,
  /** ServerHello taken. Left by ServerHelloDone, a fatal alert, or the patience that ClientHello had. */
  Answered,
  /** Flight 5 sent. Left by the server's Finished, a fatal alert, or after `patience` (KeySuspect). */
  Finished,
  /** ServerHello of a resumed session taken. Left by the server's Finished, a fatal alert, or the patience that ClientHello had. */
  Resuming,
  /** Data flows. Left by an alert of the server's, or when sequence numbers run out. */
  Open,
}

const CLIENT_KEY: usize = 0;
export const SERVER_KEY: usize = 16;
const CLIENT_SALT: usize = 32;
export const SERVER_SALT: usize = 36;

/** What is wiped when a connection ends. */
@unmanaged
export class Secrets {
  @bytes(MASTER_BYTES) master: usize;
  @bytes(KEY_BLOCK_BYTES) keys: usize;
  @bytes(VERIFY_BYTES) ownVerify: usize;
  @bytes(VERIFY_BYTES) peerVerify: usize;

  /** `keepMaster`: it serves to resume. */
  wipe(keepMaster: bool): void {
    if (keepMaster) wipe(this.keys, <i32>offsetof<Secrets>() - MASTER_BYTES);
    else wipe(this.master, <i32>offsetof<Secrets>());
  }
}

/** Content of the records that have but one, and the head of a message for the transcript. */
export const SMALL: usize = memory.data(HANDSHAKE_HEADER + VERIFY_BYTES, 4);


@unmanaged
export class DtlsSession<S> extends DtlsChoices {
  /** Epoch and number of the next record in each epoch. */
  protected clearSequence: u64;
  sealedSequence: u64;
  /** When `step` has something to do; i64.MAX_VALUE for never. */
  deadline: i64;
  protected patienceEnd: i64;

  state: DtlsState;
  /**
   * Once Closed: Closed (by either side in order), Timeout (no answer), KeySuspect (none to flight 5), Refused (by the server's alert),
   * Malformed (what the server sent; an alert told it), TooLong (a message or the connection ID of the server's), NoSpace (of sequence
   * numbers), Ok (nothing begun).
   */
  result: i32;
  /** The last alert that came or was sent because of the server, -1 for none. It stays until the next handshake. */
  alert: i32;
  /** Records and fragments that were dropped without a word. */
  dropped: u32;

  /** A datagram to be sent, if `outLen` is not 0. Then call `sent`. */
  outPtr: usize;
  outLen: i32;
  /** After `receive` or `more` has returned more than 0. */
  dataPtr: usize;

  protected outMax: i32;
  protected identity: usize;
  protected identityLen: i32;
  protected key: usize;
  protected keyLen: i32;

  protected timeout: i32;
  /** The present flight was sent more than once. */
  protected again: bool;
  /** Something has been sent because of an old message in the present datagram. */
  protected repeated: bool;
  protected helloLen: i32;
  protected helloSequence: i32;
  /** Number of the first record that carried the present ClientHello. */
  protected helloRecord: u64;
  protected record: usize;
  protected cursor: usize;
  protected end: usize;

  protected suite: i32;
  protected extended: bool;
  protected hintSeen: bool;
  protected keysReady: bool;
  /** The session is a resumed one; while Open, a repeated Finished of the server's asks for ours. */
  resumed: bool;
  protected sessionIdLen: i32;
  protected peerCidLen: i32;
  protected cidAgreed: bool;
  protected fragmentMax: i32;
  @bytes(SHA256_CONTEXT_BYTES, 8) protected transcript: usize;
  /** The client's, then the server's. */
  @bytes(2 * RANDOM_BYTES) protected randoms: usize;
  @part protected secrets: Secrets;
  @bytes(SESSION_ID_MAX) protected sessionId: usize;
  @bytes(PEER_CID_MAX) protected peerCid: usize;
  @part protected reassembly: Reassembly;
  @part protected replay: ReplayWindow;

  /** Wipes the keys of this connection, and the master secret unless it serves to resume. */
  protected wipeKeys(): void {
    this.keysReady = false;
    this.secrets.wipe(this.sessionIdLen > 0);
  }

  /** The datagram at outPtr..outPtr+outLen has been sent. */
  sent(): void {
    this.outLen = 0;
  }

  /** The server finds this session by a connection ID, from whatever address its records come. */
  get isMovable(): bool {
    return this.state == DtlsState.Open && this.cidAgreed && this.peerCidLen > 0;
  }

  /** Bytes around the content of a protected record. */
  protected get overhead(): i32 {
    const cid = this.peerCidLen;
    return RECORD_HEADER + EXPLICIT_NONCE + changetype<S>(<usize>0).tagBytes(this.suite) + (cid > 0 ? cid + 1 : 0);
  }

  /** Bytes that `write` takes at most, while Open. */
  get writeMax(): i32 {
    return min(this.fragmentMax, this.outMax - this.overhead);
  }

  /** Appends the head of a record that is not protected; returns where its content goes. */
  protected clearHead(type: ContentType, len: i32): usize {
    const at = this.outPtr + this.outLen;
    store<u8>(at, <u8>type);
    store<u16>(at, DTLS_1_2, RECORD_VERSION);
    store<u64>(at, bswap(this.clearSequence++), RECORD_EPOCH);
    store<u16>(at, bswap(<u16>len), RECORD_HEAD);
    this.outLen += RECORD_HEADER + len;
    return at + RECORD_HEADER;
  }

  protected clear(type: ContentType, ptr: usize, len: i32): void {
    memory.copy(this.clearHead(type, len), ptr, len);
  }

  /** Appends a protected record, if there is room and a number for it. */
  protected sealed(type: ContentType, ptr: usize, len: i32): void {
    const sequence = this.sealedSequence;
    const overhead = this.overhead;
    if (this.outLen + overhead + len > this.outMax || sequence >> 48 != 1) return;
    this.sealedSequence = sequence + 1;
    const cidLen = this.peerCidLen;
    const at = this.outPtr + this.outLen;
    const body = at + RECORD_HEADER + cidLen;
    store<u8>(at, <u8>(cidLen > 0 ? ContentType.ConnectionId : type));
    store<u16>(at, DTLS_1_2, RECORD_VERSION);
    store<u64>(at, bswap(sequence), RECORD_EPOCH);
    memory.copy(at + RECORD_HEAD, this.peerCid, cidLen);
    store<u64>(body, bswap(sequence));
    memory.copy(body + EXPLICIT_NONCE, ptr, len);
    // RFC 9146 4: the real type is behind the content. The tag overwrites it where there is no connection ID.
    store<u8>(body + EXPLICIT_NONCE + len, <u8>type);
    store<u16>(body - 2, bswap(<u16>(overhead + len - RECORD_HEADER - cidLen)));
    const keys = this.secrets.keys;
    protect<S>(false, this.suite, keys + CLIENT_KEY, keys + CLIENT_SALT, at, cidLen, body, len + i32(cidLen > 0));
    this.outLen += overhead + len;
  }

  protected sealedAlert(level: i32, alert: Alert): void {
    store<u8>(SMALL, level);
    store<u8>(SMALL, <u8>alert, 1);
    this.sealed(ContentType.Alert, SMALL, 2);
  }
}
