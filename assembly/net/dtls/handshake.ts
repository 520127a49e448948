// The handshake: flights that go out, messages that come in, whole and in order, and the time they are given.
//
//   flight 1   ClientHello                                        -> HelloVerifyRequest (a server may leave 1 and 2 out)
//   flight 3   ClientHello with cookie                            -> ServerHello [ServerKeyExchange] ServerHelloDone
//   flight 5   ClientKeyExchange, ChangeCipherSpec, Finished      -> ChangeCipherSpec, Finished
//   resumed:   ClientHello with session ID                        -> ServerHello, ChangeCipherSpec, Finished
//              ChangeCipherSpec, Finished
//
// No flight is kept for retransmission: a ClientHello stays where it was sent from and gets a new sequence number, the others
// are written again.

import { Status } from "../../board/status";
import { ctEqual, wipe } from "../../crypto/constant-time";
import { sha256Init, sha256Update } from "../../crypto/sha256";
import { place } from "../../place";
import {
  Alert,
  ContentType,
  FATAL,
  HANDSHAKE_HEADER,
  HandshakeType,
  MASTER_BYTES,
  PEER_CID_MAX,
  RANDOM_BYTES,
  RECORD_EPOCH,
  RECORD_HEADER,
  VERIFY_BYTES,
} from "./fields";
import { ServerHello, writeClientHello } from "./hello";
import { keyBlock, masterSecret, verifyData } from "./prf";
import { DtlsSession, DtlsState, SMALL } from "./session";

const TIMEOUT_MAX_MS = 60_000;
/** ClientHellos of one handshake: a server may find a cookie too old, but not for ever. */
const HELLOS_MAX = 4;

const serverHello = place<ServerHello>();

/** Writes the head of a handshake message in one piece. */
function messageHead(at: usize, type: i32, sequence: i32, len: i32): void {
  const length = bswap(<u32>len);
  store<u32>(at, length | type);
  store<u16>(at, bswap(<u16>sequence), 4);
  store<u16>(at, 0, 6);
  store<u32>(at, length, 8);
}


@unmanaged
export class DtlsHandshake<S> extends DtlsSession<S> {
  /** Retransmits, or gives up; call when `deadline` has come. */
  step(now: i64): void {
    if (now < this.deadline) return;
    if (now >= this.patienceEnd) {
      this.finish(this.state == DtlsState.Finished ? Status.KeySuspect : Status.Timeout);
      return;
    }
    this.timeout = min(this.timeout * 2, TIMEOUT_MAX_MS);
    this.again = true;
    this.repeat();
    this.arm(now);
  }

  protected wait(now: i64): void {
    this.patienceEnd = now + this.patience;
  }

  /** For a flight that goes out now. The time-out restarts once a flight was answered that had not to be repeated. */
  protected arm(now: i64): void {
    if (!this.again) this.timeout = this.firstTimeout;
    this.deadline = min(now + this.timeout, this.patienceEnd);
  }

  protected repeat(): void {
    // What still waits to be sent is this very flight.
    if (this.outLen > 0) return;
    if (this.state == DtlsState.Finished) {
      this.keyExchange();
      this.sayFinished();
    } else {
      store<u64>(this.outPtr + RECORD_EPOCH, bswap(this.clearSequence++));
      this.outLen = this.helloLen;
    }
  }

  /** Leaves with a result; the alert that tells of it may wait to be sent. */
  protected finish(result: i32): void {
    // A session that ended badly (RFC 5246 7.2.2), or was not finished, is not resumed.
    if (this.state != DtlsState.Open || (result != Status.Closed && result != Status.NoSpace)) this.sessionIdLen = 0;
    this.state = DtlsState.Closed;
    this.result = result;
    this.deadline = i64.MAX_VALUE;
    this.wipeKeys();
  }

  /** The server broke the protocol. */
  protected fail(alert: Alert): void {
    this.alert = alert;
    if (this.state == DtlsState.Finished) {
      this.sealedAlert(FATAL, alert);
    } else {
      store<u8>(SMALL, FATAL);
      store<u8>(SMALL, <u8>alert, 1);
      this.outLen = 0;
      this.clear(ContentType.Alert, SMALL, 2);
    }
    this.finish(alert == Alert.InternalError ? Status.TooLong : Status.Malformed);
  }

  /** Flights 1 and 3. */
  protected hello(cookie: usize, cookieLen: i32): void {
    const message = this.outPtr + RECORD_HEADER;
    const end = writeClientHello<S>(
      message + HANDSHAKE_HEADER,
      this.randoms,
      this.sessionId,
      this.sessionIdLen,
      cookie,
      cookieLen,
      this.ownCid,
      this.withoutCid ? -1 : this.ownCidLen,
      this.maxFragment,
    );
    const len = <i32>(end - message);
    messageHead(message, HandshakeType.ClientHello, this.helloSequence, len - HANDSHAKE_HEADER);
    // The transcript starts with the ClientHello that the server takes (RFC 6347 4.2.1).
    sha256Init(this.transcript);
    sha256Update(this.transcript, message, len);
    this.outLen = 0;
    this.helloRecord = this.clearSequence;
    this.clearHead(ContentType.Handshake, len);
    this.helloLen = this.outLen;
  }

  /** First part of flight 5. Returns the bytes of the message, which ends where the datagram does. */
  protected keyExchange(): i32 {
    const len = 2 + this.identityLen;
    this.outLen = 0;
    const message = this.clearHead(ContentType.Handshake, HANDSHAKE_HEADER + len);
    messageHead(message, HandshakeType.ClientKeyExchange, this.helloSequence + 1, len);
    store<u16>(message, bswap(<u16>this.identityLen), HANDSHAKE_HEADER);
    memory.copy(message + HANDSHAKE_HEADER + 2, this.identity, this.identityLen);
    return HANDSHAKE_HEADER + len;
  }

  /** ChangeCipherSpec, and Finished at SMALL, which goes out with it. */
  protected sayFinished(): void {
    store<u8>(SMALL, 1);
    this.clear(ContentType.ChangeCipherSpec, SMALL, 1);
    // Without ClientKeyExchange it is the first message behind ClientHello.
    messageHead(SMALL, HandshakeType.Finished, this.helloSequence + (this.resumed ? 1 : 2), VERIFY_BYTES);
    memory.copy(SMALL + HANDSHAKE_HEADER, this.secrets.ownVerify, VERIFY_BYTES);
    this.sealed(ContentType.Handshake, SMALL, HANDSHAKE_HEADER + VERIFY_BYTES);
  }

  /** HelloVerifyRequest: version, cookie. One that answers an older ClientHello is late: its cookie is no better. */
  protected verify(now: i64, sequence: i32, ptr: usize, len: i32): void {
    const number = bswap(load<u64>(this.record, RECORD_EPOCH));
    if (len < 3 || len != 3 + load<u8>(ptr, 2) || this.helloSequence == HELLOS_MAX - 1) return;
    if (this.helloSequence > 0 && number < this.helloRecord) return;
    this.helloSequence++;
    this.reassembly.reset(sequence + 1);
    this.hello(ptr + 3, len - 3);
    this.arm(now);
    this.again = false;
  }

  /** Takes the next message, which is whole. */
  protected message(now: i64, type: i32, body: usize, len: i32): void {
    const expected = this.state;
    if (expected >= DtlsState.Finished) {
      if (type != HandshakeType.Finished) this.fail(Alert.UnexpectedMessage);
      else if (len != VERIFY_BYTES) this.fail(Alert.DecodeError);
      else if (!ctEqual(body, this.secrets.peerVerify, VERIFY_BYTES)) this.fail(Alert.DecryptError);
      else this.opened(body);
      return;
    }
    if (expected == DtlsState.Hello) {
      if (type != HandshakeType.ServerHello) {
        this.fail(Alert.UnexpectedMessage);
        return;
      }
      const alert = this.serverHelloCame(body, len);
      if (alert != Alert.None) this.fail(alert);
      return;
    }
    if (type == HandshakeType.ServerKeyExchange && !this.hintSeen) {
      // An identity hint, of which a device with one identity makes no use (RFC 4279 5.2).
      this.hintSeen = true;
      if (len < 2 || bswap(load<u16>(body)) != len - 2) this.fail(Alert.DecodeError);
      else this.note(type, body, len);
    } else if (type != HandshakeType.ServerHelloDone) {
      this.fail(Alert.UnexpectedMessage);
    } else if (len != 0) {
      this.fail(Alert.DecodeError);
    } else {
      this.note(type, body, 0);
      this.flight5(now);
    }
  }

  /** Adds the message that was taken to the transcript, as if it had come in one piece. */
  protected note(type: i32, body: usize, len: i32): void {
    messageHead(SMALL, type, this.reassembly.next, len);
    sha256Update(this.transcript, SMALL, HANDSHAKE_HEADER);
    sha256Update(this.transcript, body, len);
  }

  protected serverHelloCame(body: usize, len: i32): Alert {
    const alert = serverHello.parse(body, len);
    if (alert != Alert.None) return alert;
    const suite = serverHello.suite;
    if (changetype<S>(<usize>0).tagBytes(suite) == 0) return Alert.IllegalParameter;
    const cidLen = serverHello.cidLen;
    const fragment = serverHello.maxFragment;
    if ((cidLen >= 0 && this.withoutCid) || (fragment && !this.maxFragment)) return Alert.UnsupportedExtension;
    if (fragment) {
      if (fragment != this.maxFragment) return Alert.IllegalParameter;
      this.fragmentMax = 256 << fragment;
    }
    const extended = serverHello.extendedMasterSecret;
    if (this.needsExtendedMasterSecret && !extended) return Alert.HandshakeFailure;
    if (cidLen > PEER_CID_MAX) return Alert.InternalError;
    if (cidLen >= 0) {
      this.cidAgreed = true;
      this.peerCidLen = cidLen;
      memory.copy(this.peerCid, serverHello.cid, cidLen);
    }
    memory.copy(this.randoms + RANDOM_BYTES, serverHello.random, RANDOM_BYTES);
    const idLen = serverHello.sessionIdLen;
    if (idLen > 0 && idLen == this.sessionIdLen && memory.compare(serverHello.sessionId, this.sessionId, idLen) == 0) {
      // RFC 7627 5.3 and RFC 5246 7.4.1.3: a session goes on as it was.
      if (extended != this.extended) return Alert.HandshakeFailure;
      if (suite != this.suite) return Alert.IllegalParameter;
      this.resumed = true;
    }
    this.note(HandshakeType.ServerHello, body, len);
    if (this.resumed) {
      this.makeKeys();
      verifyData(this.secrets.master, 1, this.transcript, this.secrets.peerVerify);
      this.reassembly.reset(this.reassembly.next);
      this.state = DtlsState.Resuming;
      return Alert.None;
    }
    this.sessionIdLen = idLen;
    memory.copy(this.sessionId, serverHello.sessionId, idLen);
    this.suite = suite;
    this.extended = extended;
    this.state = DtlsState.Answered;
    return Alert.None;
  }

  protected makeKeys(): void {
    keyBlock(this.secrets.master, this.randoms, this.secrets.keys);
    this.keysReady = true;
  }

  protected flight5(now: i64): void {
    const len = this.keyExchange();
    sha256Update(this.transcript, this.outPtr + this.outLen - len, len);
    // Premaster secret (RFC 4279 2), where messages lie: none is under way but forged ones.
    const keyLen = this.keyLen;
    const premaster = this.reassembly.arena;
    this.reassembly.reset(this.reassembly.next);
    store<u16>(premaster, bswap(<u16>keyLen));
    memory.fill(premaster + 2, 0, keyLen);
    store<u16>(premaster + 2 + keyLen, bswap(<u16>keyLen));
    memory.copy(premaster + 4 + keyLen, this.key, keyLen);
    masterSecret(premaster, 4 + 2 * keyLen, this.extended ? this.transcript : 0, this.randoms, this.secrets.master);
    wipe(premaster, 4 + 2 * keyLen);
    this.makeKeys();
    verifyData(this.secrets.master, 0, this.transcript, this.secrets.ownVerify);
    this.sayFinished();
    sha256Update(this.transcript, SMALL, HANDSHAKE_HEADER + VERIFY_BYTES);
    verifyData(this.secrets.master, 1, this.transcript, this.secrets.peerVerify);
    this.state = DtlsState.Finished;
    this.wait(now);
    this.arm(now);
    this.again = false;
  }

  /** The server's Finished is right. */
  protected opened(body: usize): void {
    if (this.resumed) {
      this.note(HandshakeType.Finished, body, VERIFY_BYTES);
      verifyData(this.secrets.master, 0, this.transcript, this.secrets.ownVerify);
      this.outLen = 0;
      this.sayFinished();
    }
    if (this.sessionIdLen == 0) wipe(this.secrets.master, MASTER_BYTES);
    this.state = DtlsState.Open;
    this.deadline = i64.MAX_VALUE;
  }
}
