// The client: datagrams in, datagrams out, time as an argument. It takes records and fragments apart; what the messages say is for
// handshake.ts.

import { Status } from "../../board/status";
import {
  Alert,
  ContentType,
  DTLS_1_0,
  DTLS_1_2,
  EPOCH_1,
  EXPLICIT_NONCE,
  FATAL,
  HANDSHAKE_HEADER,
  HandshakeType,
  IDENTITY_MAX,
  OWN_CID_MAX,
  PLAINTEXT_MAX,
  PSK_MAX,
  RANDOM_BYTES,
  RECORD_EPOCH,
  RECORD_HEAD,
  RECORD_HEADER,
  RECORD_VERSION,
  SEQUENCE_MAX,
  WARNING,
} from "./fields";
import { DtlsHandshake } from "./handshake";
import { HELLO_DATAGRAM_MAX } from "./hello";
import { protect } from "./record";
import { DtlsState, SERVER_KEY, SERVER_SALT } from "./session";

/** What a datagram buffer has to hold at least. */
export const DTLS_OUT_MIN: i32 = HELLO_DATAGRAM_MAX;


@inline
function load24(at: usize): i32 {
  return ((<i32>load<u8>(at)) << 16) | bswap(load<u16>(at, 1));
}

/**
 * Place with `place`. `S`: the suites (suites.ts). Then `attach`, `credentials`, and `begin` for each handshake;
 * after that, whenever something came in or `deadline` has come: `receive` and `more`, `step`, and send what `outPtr`, `outLen` hold.
 */
@unmanaged
export class DtlsClient<S> extends DtlsHandshake<S> {
  /** `out`: where datagrams are made, for this client alone; `outMax` bytes, of which a datagram is never longer. */
  attach(out: usize, outMax: i32): void {
    this.outPtr = out;
    this.outMax = outMax;
    this.deadline = i64.MAX_VALUE;
  }

  /** Identity (at most 128 bytes) and key (at most 64). They stay with the caller, and there until a handshake is over. */
  credentials(identity: usize, identityLen: i32, key: usize, keyLen: i32): void {
    this.identity = identity;
    this.identityLen = identityLen;
    this.key = key;
    this.keyLen = keyLen;
  }

  /**
   * Begins a handshake, which offers to resume the last session if it can be; what was open is given up without a word. `random`: 32
   * bytes from the board. Returns Ok, or Invalid for a buffer, identity, key or connection ID of a length that cannot be.
   */
  begin(now: i64, random: usize): i32 {
    if (
      this.outMax < DTLS_OUT_MIN ||
      <u32>this.identityLen > <u32>IDENTITY_MAX ||
      <u32>(this.keyLen - 1) >= <u32>PSK_MAX ||
      <u32>this.ownCidLen > <u32>OWN_CID_MAX ||
      <u32>this.maxFragment > 4
    ) {
      return Status.Invalid;
    }
    // A session that was not finished has no secret yet.
    if (this.state != DtlsState.Closed && this.state != DtlsState.Open) this.sessionIdLen = 0;
    this.wipeKeys();
    memory.copy(this.randoms, random, RANDOM_BYTES);
    this.clearSequence = 0;
    this.sealedSequence = EPOCH_1;
    this.replay.reset();
    this.reassembly.reset(0);
    this.helloSequence = 0;
    this.peerCidLen = 0;
    this.cidAgreed = false;
    this.resumed = false;
    this.hintSeen = false;
    this.fragmentMax = PLAINTEXT_MAX;
    this.cursor = this.end = 0;
    this.result = Status.Ok;
    this.alert = Alert.None;
    this.state = DtlsState.Hello;
    this.again = false;
    this.wait(now);
    this.hello(0, 0);
    this.arm(now);
    return Status.Ok;
  }

  /** Says goodbye if there is somebody to say it to. The session can be resumed. */
  close(): void {
    if (this.state == DtlsState.Open) this.sealedAlert(WARNING, Alert.CloseNotify);
    if (this.state != DtlsState.Closed) this.finish(Status.Closed);
  }

  /** Wipes all that is secret, also what a later handshake would resume. Not said to the server. */
  forget(): void {
    this.sessionIdLen = 0;
    this.secrets.wipe(false);
    if (this.state != DtlsState.Closed) this.finish(Status.Closed);
  }

  /**
   * Makes one datagram of ptr..ptr+len. Returns Ok, Again while a datagram waits to be sent or the session is not open yet, TooLong
   * for more than `writeMax`, Closed, or NoSpace: no sequence number is left, and the session is closed.
   */
  write(ptr: usize, len: i32): i32 {
    if (this.state == DtlsState.Closed) return Status.Closed;
    if (this.state != DtlsState.Open || this.outLen > 0) return Status.Again;
    if (<u32>len > <u32>this.writeMax) return Status.TooLong;
    // The last number is for the goodbye.
    if (this.sealedSequence >= EPOCH_1 + SEQUENCE_MAX) {
      this.sealedAlert(WARNING, Alert.CloseNotify);
      this.finish(Status.NoSpace);
      return Status.NoSpace;
    }
    this.sealed(ContentType.ApplicationData, ptr, len);
    return Status.Ok;
  }

  /**
   * Takes the datagram ptr..ptr+len, which is changed, and stays with the caller until the next one. Returns bytes of application data, at
   * `dataPtr`; 0 for none. After more than 0, `more` goes on with the rest.
   */
  receive(now: i64, ptr: usize, len: i32): i32 {
    this.cursor = ptr;
    this.end = ptr + max(len, 0);
    this.repeated = false;
    return this.more(now);
  }

  /** Goes on with the datagram behind the data that came last. */
  more(now: i64): i32 {
    while (this.state != DtlsState.Closed && this.cursor < this.end) {
      const record = this.cursor;
      const rest = <i32>(this.end - record);
      const cidLen = rest > 0 && load<u8>(record) == <u8>ContentType.ConnectionId ? this.ownCidLen : 0;
      const header = RECORD_HEADER + cidLen;
      const len: i32 = rest >= header ? bswap(load<u16>(record + header - 2)) : -1;
      if (len < 0 || len > rest - header) {
        this.dropped++;
        break;
      }
      this.cursor = record + header + len;
      this.record = record;
      const taken = this.takeRecord(now, cidLen, record + header, len);
      if (taken > 0) return taken;
      if (taken < 0) this.dropped++;
    }
    this.cursor = this.end;
    return 0;
  }

  /** Returns bytes of application data, or -1 for a record that is dropped. */
  private takeRecord(now: i64, cidLen: i32, body: usize, len: i32): i32 {
    const record = this.record;
    const version = load<u16>(record, RECORD_VERSION);
    const sequence = bswap(load<u64>(record, RECORD_EPOCH));
    let type: i32 = load<u8>(record);
    if (sequence >> 48 == 0) {
      // A HelloVerifyRequest may still say 1.0.
      if ((version != DTLS_1_2 && version != DTLS_1_0) || this.state == DtlsState.Open) return -1;
      if (type == ContentType.Handshake) this.handshake(now, body, len, false);
      else if (type == ContentType.Alert) this.alertCame(body, len, false);
      // ChangeCipherSpec says nothing that the epoch of a record does not say.
      else if (type != ContentType.ChangeCipherSpec) return -1;
      return 0;
    }
    if (version != DTLS_1_2 || !this.keysReady || sequence >> 48 != 1) return -1;
    const withCid = this.cidAgreed && this.ownCidLen > 0;
    if ((type == ContentType.ConnectionId) != withCid) return -1;
    if (memory.compare(record + RECORD_HEAD, this.ownCid, cidLen) != 0) return -1;
    len -= EXPLICIT_NONCE + changetype<S>(<usize>0).tagBytes(this.suite);
    if (len < 0 || this.replay.has(sequence)) return -1;
    const keys = this.secrets.keys;
    if (!protect<S>(true, this.suite, keys + SERVER_KEY, keys + SERVER_SALT, record, cidLen, body, len)) return -1;
    this.replay.add(sequence);
    const content = body + EXPLICIT_NONCE;
    if (withCid) {
      while (len > 0 && load<u8>(content + len - 1) == 0) len--;
      if (len == 0) return -1;
      type = load<u8>(content + --len);
    }
    if (len > PLAINTEXT_MAX) return -1;
    switch (type) {
      case ContentType.ApplicationData:
        if (this.state != DtlsState.Open) return -1;
        this.dataPtr = content;
        return len;
      case ContentType.Handshake:
        this.handshake(now, content, len, true);
        return 0;
      case ContentType.Alert:
        this.alertCame(content, len, true);
        return 0;
      default:
        return -1;
    }
  }

  private alertCame(ptr: usize, len: i32, authentic: bool): void {
    if (len != 2) return;
    const alert: i32 = load<u8>(ptr, 1);
    const goodbye = alert == Alert.CloseNotify;
    if (load<u8>(ptr) != FATAL && !goodbye) return;
    this.alert = alert;
    if (authentic && goodbye && this.state == DtlsState.Open) {
      this.sealedAlert(WARNING, Alert.CloseNotify);
      this.finish(Status.Closed);
    } else {
      this.finish(Status.Refused);
    }
  }

  /** Takes the fragments of one record. */
  private handshake(now: i64, ptr: usize, len: i32, authentic: bool): void {
    while (len > 0) {
      const size = len < HANDSHAKE_HEADER ? len : load24(ptr + 9);
      if (len - HANDSHAKE_HEADER < size || load24(ptr + 6) + size > load24(ptr + 1)) {
        this.dropped++;
        return;
      }
      this.fragment(now, ptr, size, authentic);
      if (this.state == DtlsState.Closed) return;
      ptr += HANDSHAKE_HEADER + size;
      len -= HANDSHAKE_HEADER + size;
    }
  }

  /** Takes a fragment with its head, whose `size` bytes are within the message. */
  private fragment(now: i64, ptr: usize, size: i32, authentic: bool): void {
    const type: i32 = load<u8>(ptr);
    const length = load24(ptr + 1);
    const sequence: i32 = bswap(load<u16>(ptr, 4));
    const body = ptr + HANDSHAKE_HEADER;
    const messages = this.reassembly;
    if (this.state == DtlsState.Open) {
      if (this.repeated) return;
      this.repeated = true;
      if (type == HandshakeType.HelloRequest) this.sealedAlert(WARNING, Alert.NoRenegotiation);
      // The server has not seen the last flight.
      else if (type == HandshakeType.Finished && this.resumed && this.outLen == 0) this.sayFinished();
      return;
    }
    if (type == HandshakeType.HelloRequest) return;
    if (type == HandshakeType.HelloVerifyRequest) {
      if (this.state == DtlsState.Hello && size == length) this.verify(now, sequence, body, size);
      return;
    }
    const wantsAuthentic = this.state >= DtlsState.Finished;
    if (authentic != wantsAuthentic) {
      if (this.state != DtlsState.Finished) return;
      if (type == HandshakeType.ServerHelloDone && !this.repeated) {
        // The server has not seen flight 5.
        this.repeated = true;
        this.repeat();
      } else if (type == HandshakeType.NewSessionTicket) {
        this.fail(Alert.UnexpectedMessage);
      }
      return;
    }
    if (sequence < messages.next) return;
    if (!messages.take(sequence, type, length, load24(ptr + 6), body, size)) {
      this.dropped++;
      if (sequence == messages.next) this.fail(Alert.InternalError);
      return;
    }
    while (messages.ready) {
      this.message(now, messages.type, messages.body, messages.length);
      if (this.state == DtlsState.Closed || this.state == DtlsState.Open) return;
      messages.advance();
    }
  }
}
