// A socket as the modem drivers keep it: where it is, and the bytes on their way.

import { NetKind, Status } from "../board/index";

/** Sockets of one driver. */
export const MODEM_SOCKETS: i32 = 2;
/** Longest host name of a socket. */
export const HOST_MAX: i32 = 63;
/** Most bytes that one send command carries: a segment of TCP on a link of 1,500 bytes. */
export const TX_MAX: i32 = 1460;
/** In push mode a block can arrive before the end of the last one was read. */
const RX_BUFFER: i32 = 2048;

export const enum SocketState {
  Free,
  /** Asked for; the modem does not know yet. */
  Wanted,
  /** Left by the modem's report, or after the driver's time-out. */
  Opening,
  Open,
  /** The far end has closed, or, with an `error`, the connection broke. Bytes may wait here and in the modem. */
  Ended,
  /** `error` says why. */
  Failed,
}

// Kinds of sockets that the app has asked for: where it never asks for one, the optimizer finds so, and drops what is for that kind.
let everStream = false;
let everDatagram = false;

/** One socket: its state here, its number in the modem, and the bytes on their way. */
@unmanaged
export class ModemSocket {
  state: SocketState;
  /** A `Status`, when Failed; also when Ended by a break, where the owner learns it once all is read. */
  error: i32;
  /** Connection number in the modem, or -1. */
  id: i32;
  /** The owner is done with it; it is Free when the modem has closed it. */
  closing: bool;
  /** The modem holds bytes to be read. */
  more: bool;
  port: i32;
  hostLen: i32;
  txLen: i32;
  /** When to ask the modem for bytes though it has announced none; 0 never. */
  askAt: i64;
  /** How long after that to ask again, ms. */
  askAgain: i32;
  /** Bytes have come since the last of them was asked for. */
  fresh: bool;
  /** Times the modem's own send buffer was full in a row. */
  full: i32;
  until: i64;
  /** A `NetKind`. */
  kind: i32;
  private rxAt: i32;
  private rxEnd: i32;
  @bytes(HOST_MAX + 1) host: usize;
  @bytes(TX_MAX) tx: usize;
  @bytes(RX_BUFFER) private rx: usize;

  want(kind: i32, hostPtr: usize, hostLen: i32, port: i32): void {
    if (kind == NetKind.Udp) everDatagram = true;
    else everStream = true;
    this.state = SocketState.Wanted;
    this.error = Status.Ok;
    this.kind = kind;
    this.closing = false;
    this.id = -1;
    this.port = port;
    this.hostLen = hostLen;
    this.drop();
    memory.copy(this.host, hostPtr, hostLen);
  }

  fail(error: i32): void {
    if (this.state == SocketState.Free || this.state == SocketState.Failed) return;
    this.state = SocketState.Failed;
    this.error = error;
    this.drop();
  }

  /** A stream takes nothing any more. What came before may be the reason (an answer to half a request): it is kept. */
  broke(error: i32, more: bool): void {
    if (this.state != SocketState.Open && this.state != SocketState.Ended) return;
    this.state = SocketState.Ended;
    this.error = error;
    this.more = more;
    this.txLen = 0;
    this.full = 0;
  }

  /** The modem has closed it. */
  free(): void {
    this.state = SocketState.Free;
    this.closing = false;
    this.id = -1;
    this.drop();
  }

  private drop(): void {
    this.txLen = 0;
    this.rxAt = 0;
    this.rxEnd = 0;
    this.more = false;
    this.askAt = 0;
    this.fresh = false;
    this.full = 0;
  }

  /** Above 0 while something waits to be taken by `take`. */
  @inline
  get waiting(): i32 {
    return this.rxEnd - this.rxAt;
  }

  /** Where `len` further bytes can be put, or 0 when there is no room. `arrived` tells that they are there. */
  room(len: i32): usize {
    if (this.rxAt > 0) {
      memory.copy(this.rx, this.rx + this.rxAt, this.waiting);
      this.rxEnd -= this.rxAt;
      this.rxAt = 0;
    }
    const at = this.rxEnd + this.datagramHead;
    return len <= RX_BUFFER - at ? this.rx + at : 0;
  }

  arrived(len: i32): void {
    const head = this.datagramHead;
    if (head > 0) store<u16>(this.rx + this.rxEnd, len);
    this.rxEnd += head + len;
    this.fresh = true;
  }

  /** At most `limit` bytes of the stream; or the oldest datagram, of which the rest is dropped. */
  take(ptr: usize, limit: i32): i32 {
    let n = this.waiting;
    if (n == 0) return 0;
    const head = this.datagramHead;
    if (head > 0) n = load<u16>(this.rx + this.rxAt);
    const taken = min(limit, n);
    memory.copy(ptr, this.rx + this.rxAt + head, taken);
    this.rxAt += head > 0 ? head + n : taken;
    return taken;
  }

  /** It keeps datagrams apart, and may lose some; any other is a stream. */
  get isDatagram(): bool {
    return everDatagram && (!everStream || this.kind == NetKind.Udp);
  }

  /** Each datagram waits behind its length. */
  private get datagramHead(): i32 {
    return this.isDatagram ? 2 : 0;
  }
}

/** Letters, digits, `-`, `.`, `:`: nothing that could end the quoted string of an AT command. */
export function isHostName(ptr: usize, len: i32): bool {
  if (len < 1) return false;
  for (let i = 0; i < len; i++) {
    const c: u32 = load<u8>(ptr + i);
    const isLetter = (c | 0x20) - 0x61 < 26;
    if (!isLetter && c - 0x30 > 10 && c != 0x2d && c != 0x2e) return false;
  }
  return true;
}
