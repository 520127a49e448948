// The sockets of Quectel's modems, by their AT commands (BG95 TCP/IP Application Note): what a driver of one of them
// carries as its `Net`. The AT client lies here, too: driver and sockets take turns with it. The driver lets the
// sockets act while the context is active; they count what went wrong in a row (`faults`) for the driver to act upon.
//
// A TCP socket is a stream: one with a hole fails. A UDP socket keeps datagrams apart and may lose some, as UDP does.
// A datagram that the modem may have cut (UDP_MAX bytes or more) is lost, too.
//
// `T` is NoTls, or QuectelTls of tls.ts: an app without TLS does not carry it.

import { NetKind, NetState, Status } from "../../board/index";
import { strideOf } from "../../place";
import { Fields, Text, startsWith } from "../../util/text";
import { earlier } from "../../util/wait";
import { AtClient } from "../at";
import { AtResult } from "../at-result";
import { HOST_MAX, MODEM_SOCKETS, ModemSocket, SocketState, TX_MAX, isHostName } from "../socket-buffer";
import { Quectel } from "./dialect";
import { QuectelError, SocketCommand, socketWord, statusOf } from "./fields";

/** Commands that are answered at once. */
const SHORT_MS = 5_000;
/** Maximum response times of the application note: the URC +QIOPEN, the end of AT+QISEND. */
const OPEN_MS = 150_000;
const SEND_MS = 120_000;
/** AT+QICLOSE waits up to 10 s for the far end by itself. */
const QICLOSE_MS = 15_000;
/** Wait after SEND FAIL (the modem's buffer is full), and how often before the socket is given up. */
const FULL_MS = 1_000;
const FULL_TRIES = 20;

/**
 * The modem announces bytes once, and not again before they are read: where that line is lost, the socket would stay deaf. After a
 * send the driver asks by itself: ASK_MS later and then in steps that grow by ASK_FACTOR, up to ASK_LAST_MS (after 2, 10, 50 and
 * 250 s); after bytes that came, once. A step costs one command; drivers in the field ask every 0.5 s.
 */
const ASK_MS = 2_000;
const ASK_FACTOR = 5;
const ASK_LAST_MS = 250_000;

const IDS = 12;
/** Most bytes that AT+QIRD fetches. */
const READ_MAX = 1500;
/** The modem hands over this much at a time (READ_MAX, push mode 1460): of a longer datagram only a part. */
const UDP_MAX = 1460;

/** An app has chosen whether the modem pushes: see modem/socket-buffer.ts for what such a variable is good for. */
let everPush = false;

/** Sockets of TCP and UDP only. */
@unmanaged
export class NoTls {}


@unmanaged
export class QuectelSockets<T> {
  private pushes: bool;
  /** Something waits to be sent to the modem: the next `act` has work. The driver clears it. */
  dirty: bool;
  /** The modem says that the context is gone. The driver clears it. */
  contextLost: bool;
  /** Sockets that did not open or broke, in a row. The driver clears it. */
  faults: i32;
  /** Error code of the last socket that did not open; 0 none since the driver cleared it. */
  cause: i32;

  private command: SocketCommand;
  private target: i32;
  private nextId: i32;
  private strayId: i32;
  private strayKind: i32;
  /** Socket that a data block belongs to (-1: to none), and its length. */
  private blockSocket: i32;
  private blockLen: i32;
  @part at: AtClient<Quectel>;
  @part fields: Fields;
  @part private tls: T;
  @bytes(MODEM_SOCKETS * strideOf<ModemSocket>(), 8) private sockets: usize;

  /** True: received data is pushed by the modem. False (default): it is fetched. */
  get push(): bool {
    return everPush && this.pushes;
  }

  set push(push: bool) {
    everPush = true;
    this.pushes = push;
  }

  private socket(handle: i32): ModemSocket {
    return changetype<ModemSocket>(this.sockets + handle * strideOf<ModemSocket>());
  }

  /** All that was open is gone, for this reason. One that only waits for the modem goes on waiting. */
  fail(error: i32): void {
    for (let i = 0; i < MODEM_SOCKETS; i++) {
      const socket = this.socket(i);
      if (socket.state != SocketState.Wanted) socket.fail(error);
      socket.id = -1;
      if (socket.closing) socket.free();
    }
    this.strayId = -1;
    this.blockSocket = -1;
    if (offsetof<T>() > 0) this.tls.reset();
  }

  /** The AT client is for somebody else's commands now. */
  leave(): void {
    this.command = SocketCommand.None;
  }

  /** When `act` has something to do that no input brings. */
  get deadline(): i64 {
    let until = i64.MAX_VALUE;
    for (let i = 0; i < MODEM_SOCKETS; i++) {
      const socket = this.socket(i);
      if (socket.state == SocketState.Opening || socket.full > 0) until = earlier(until, socket.until);
      if (socket.askAt > 0) until = earlier(until, socket.askAt);
    }
    return until;
  }

  // --- Lines and data from the modem ---

  /** True when the line was about sockets. */
  line(ptr: usize, len: i32): bool {
    if (startsWith(ptr, len, "+QIURC:")) this.urc(ptr, len, 7, false);
    else if (startsWith(ptr, len, "+QIRD:")) this.readHeader(ptr, len, 6);
    else if (startsWith(ptr, len, "+QIOPEN:")) this.opened(ptr, len, 8, false);
    else return offsetof<T>() > 0 ? this.tlsLine(ptr, len) : false;
    return true;
  }

  private tlsLine(ptr: usize, len: i32): bool {
    if (startsWith(ptr, len, "+QSSLURC:")) this.urc(ptr, len, 9, true);
    else if (startsWith(ptr, len, "+QSSLRECV:")) this.readHeader(ptr, len, 10);
    else if (startsWith(ptr, len, "+QSSLOPEN:")) this.opened(ptr, len, 10, true);
    else return false;
    return true;
  }

  private urc(ptr: usize, len: i32, skip: i32, isTls: bool): void {
    const fields = this.fields.on(ptr, len, skip);
    if (fields.quoted("recv")) {
      const socket = this.byId(fields.num(), isTls);
      const n = fields.num();
      if (n > 0) this.expectBlock(socket, n);
      else if (socket) socket.more = true;
    } else if (fields.quoted("closed")) {
      const socket = this.byId(fields.num(), isTls);
      if (socket && socket.state == SocketState.Open) {
        socket.state = SocketState.Ended;
        // What came before the end may not have been announced.
        socket.more = !this.push;
      } else if (socket && socket.state == SocketState.Opening) {
        socket.fail(Status.Closed);
      }
    } else if (fields.quoted("pdpdeact") && fields.num() == 1) {
      this.contextLost = true;
    }
  }

  /** The modem counts its TLS sockets apart from the others. */
  private byId(id: i32, isTls: bool): ModemSocket | null {
    for (let i = 0; i < MODEM_SOCKETS; i++) {
      const socket = this.socket(i);
      if (offsetof<T>() > 0) if ((socket.kind == NetKind.Tls) != isTls) continue;
      if (id >= 0 && socket.id == id && socket.state != SocketState.Free) return socket;
    }
    return null;
  }

  private indexOf(socket: ModemSocket | null): i32 {
    for (let i = 0; i < MODEM_SOCKETS; i++) if (this.socket(i) == socket) return i;
    return -1;
  }

  /** `+QIRD: n`, then n bytes. */
  private readHeader(ptr: usize, len: i32, skip: i32): void {
    const n = this.fields.on(ptr, len, skip).num();
    const socket = this.command == SocketCommand.Read ? this.socket(this.target) : null;
    if (n > 0) {
      this.expectBlock(socket, n);
    } else if (socket) {
      socket.more = false;
      if (n < 0) socket.fail(Status.Malformed);
    }
  }

  /** n bytes follow; they are the socket's if they fit. Otherwise a stream fails, and a datagram is lost. */
  private expectBlock(socket: ModemSocket | null, n: i32): void {
    if (n > READ_MAX) {
      // No modem sends that much: the number is damaged, and where the data ends is not known.
      if (socket) socket.fail(Status.Malformed);
      return;
    }
    let into: usize = 0;
    if (socket && (socket.state == SocketState.Open || socket.state == SocketState.Ended)) {
      const isDatagram = socket.isDatagram;
      into = isDatagram && n >= UDP_MAX ? 0 : socket.room(n);
      if (into == 0 && !isDatagram) socket.fail(Status.TooLong);
    }
    this.blockSocket = into == 0 ? -1 : this.indexOf(socket);
    this.blockLen = n;
    this.at.expectData(into, n);
  }

  /** The data that was expected has come. */
  block(): void {
    const index = this.blockSocket;
    this.blockSocket = -1;
    if (index < 0) return;
    const socket = this.socket(index);
    if (socket.state != SocketState.Open && socket.state != SocketState.Ended) return;
    socket.arrived(this.blockLen);
  }

  /** The data that was expected broke off. */
  blockLost(): void {
    if (this.blockSocket < 0) return;
    const socket = this.socket(this.blockSocket);
    if (!socket.isDatagram) socket.fail(Status.Io);
  }

  // --- Commands to the modem ---

  /** Sends the next command that a socket needs; false if none does. */
  act(now: i64): bool {
    if (this.strayId >= 0) {
      this.sendClose(now, this.strayKind, this.strayId);
      return this.runs(SocketCommand.CloseStray, 0);
    }
    for (let i = 0; i < MODEM_SOCKETS; i++) {
      const socket = this.socket(i);
      // The last datagram still goes out: an answer, or a goodbye.
      const isLast = socket.isDatagram && socket.state == SocketState.Open && socket.txLen > 0;
      if (socket.closing && !isLast) {
        if (socket.id < 0) {
          socket.free();
          continue;
        }
        this.sendClose(now, socket.kind, socket.id);
        return this.runs(SocketCommand.Close, i);
      }
      if (socket.state == SocketState.Wanted) return this.runs(this.sendOpen(now, socket), i);
      if (socket.state == SocketState.Opening && now >= socket.until) {
        socket.fail(Status.Timeout);
        this.faults++;
        this.dirty = true;
      }
      if (socket.txLen > 0 && (socket.full == 0 || now >= socket.until)) {
        this.begin(socket.kind, SocketCommand.Send).num(socket.id).str(",").num(socket.txLen);
        this.at.sendData(now, SHORT_MS, SEND_MS, socket.tx, socket.txLen);
        return this.runs(SocketCommand.Send, i);
      }
      if (socket.askAt > 0 && now >= socket.askAt) this.askAgain(now, socket);
      if (socket.more && socket.waiting == 0) {
        this.begin(socket.kind, SocketCommand.Read).num(socket.id).str(",").num(READ_MAX);
        this.at.send(now, SHORT_MS, ""); // `line` knows the answer
        return this.runs(SocketCommand.Read, i);
      }
    }
    return false;
  }

  /** Bytes may have come after what was sent or read just now. */
  private askLater(now: i64, socket: ModemSocket, again: i32): void {
    if (this.push || socket.state != SocketState.Open) return;
    socket.askAt = now + ASK_MS;
    socket.askAgain = again;
  }

  /** It is time to ask. */
  private askAgain(now: i64, socket: ModemSocket): void {
    const wait = socket.askAgain;
    socket.askAt = wait == 0 || wait > ASK_LAST_MS ? 0 : now + wait;
    socket.askAgain = wait * ASK_FACTOR;
    if (socket.state == SocketState.Open) socket.more = true;
  }

  private runs(command: SocketCommand, target: i32): bool {
    this.command = command;
    this.target = target;
    return true;
  }

  /** Begins a command: its name and the equals sign. */
  private begin(kind: i32, command: SocketCommand): Text {
    if (offsetof<T>() > 0) if (kind == NetKind.Tls) return this.at.command().str(this.tls.word(command));
    return this.at.command().str(socketWord(command));
  }

  private sendOpen(now: i64, socket: ModemSocket): SocketCommand {
    if (offsetof<T>() > 0)
      if (socket.kind == NetKind.Tls && this.tls.setting(this.at.command())) {
        this.at.send(now, SHORT_MS, "");
        return SocketCommand.Setting;
      }
    socket.id = this.freeId();
    socket.state = SocketState.Opening;
    socket.until = now + OPEN_MS;
    const text = this.begin(socket.kind, SocketCommand.Open).num(socket.id);
    text.str(socket.isDatagram ? ',"UDP","' : offsetof<T>() > 0 && socket.kind == NetKind.Tls ? ',"' : ',"TCP","');
    text
      .bytes(socket.host, socket.hostLen)
      .str('",')
      .num(socket.port)
      .str(offsetof<T>() > 0 && socket.kind == NetKind.Tls ? "," : ",0,")
      .str(this.push ? "1" : "0");
    this.at.send(now, SHORT_MS, ""); // the outcome comes as a URC
    return SocketCommand.Open;
  }

  private sendClose(now: i64, kind: i32, id: i32): void {
    this.begin(kind, SocketCommand.Close).num(id);
    this.at.send(now, QICLOSE_MS, "");
  }

  /** Numbers go round, so that a late word about an old connection is not taken for one about a new one. */
  private freeId(): i32 {
    let id: i32;
    do {
      id = this.nextId;
      this.nextId = id + 1 == IDS ? 0 : id + 1;
    } while (this.isTaken(id));
    return id;
  }

  private isTaken(id: i32): bool {
    for (let i = 0; i < MODEM_SOCKETS; i++) if (this.socket(i).id == id) return true;
    return false;
  }

  /** The command that `act` sent has ended. */
  answered(now: i64, result: AtResult): void {
    const command = this.command;
    this.command = SocketCommand.None;
    const ok = result == AtResult.Ok;
    const socket = this.socket(this.target);
    switch (command) {
      case SocketCommand.CloseStray:
        this.strayId = -1;
        return;
      case SocketCommand.Open:
        if (!ok && socket.state == SocketState.Opening) {
          socket.fail(Status.Io);
          this.faults++;
        }
        return;
      case SocketCommand.Setting:
        if (ok) return;
        socket.fail(Status.Unsupported);
        if (offsetof<T>() > 0) this.tls.reset(); // no connection without all of them
        return;
      case SocketCommand.Close:
        // Whatever it said: the number is not used again for eleven connections.
        socket.free();
        return;
      case SocketCommand.Send:
        if (ok) {
          socket.txLen = 0;
          socket.full = 0;
          this.askLater(now, socket, ASK_MS * (ASK_FACTOR - 1));
        } else if (result == AtResult.SendFail && ++socket.full <= FULL_TRIES) {
          socket.until = now + FULL_MS;
        } else if (socket.isDatagram) {
          socket.fail(Status.Closed);
        } else {
          socket.broke(Status.Closed, !this.push);
        }
        return;
      case SocketCommand.Read:
        if (!ok) {
          socket.more = false;
          if (socket.state != SocketState.Ended) socket.fail(Status.Closed);
        } else if (socket.fresh) {
          socket.fresh = false;
          this.askLater(now, socket, 0);
        }
        return;
      default:
        return;
    }
  }

  /** `+QIOPEN: id,err`. */
  private opened(ptr: usize, len: i32, skip: i32, isTls: bool): void {
    const fields = this.fields.on(ptr, len, skip);
    const id = fields.num();
    const error = fields.num();
    const socket = this.byId(id, isTls);
    if (!socket || socket.state != SocketState.Opening || error < 0) return;
    if (error == 0) {
      socket.state = SocketState.Open;
      socket.full = 0;
      return;
    }
    this.cause = error;
    if (error == QuectelError.IdInUse) {
      // Left over from before this device started: close that one, and take the next number.
      this.strayId = id;
      this.strayKind = socket.kind;
      socket.id = -1;
      if (++socket.full <= IDS) {
        socket.state = SocketState.Wanted;
        return;
      }
    }
    socket.fail(statusOf(error));
    this.faults++;
  }

  // --- The sockets of `Net` ---

  open(kind: i32, hostPtr: usize, hostLen: i32, port: i32): i32 {
    if (kind != NetKind.Tcp && kind != NetKind.Udp && (offsetof<T>() == 0 || kind != NetKind.Tls))
      return Status.Unsupported;
    if (hostLen > HOST_MAX) return Status.TooLong;
    if (port < 1 || port > 65_535 || !isHostName(hostPtr, hostLen)) return Status.Invalid;
    for (let i = 0; i < MODEM_SOCKETS; i++) {
      const socket = this.socket(i);
      if (socket.state != SocketState.Free) continue;
      socket.want(kind, hostPtr, hostLen, port);
      this.dirty = true;
      return i;
    }
    return Status.Busy;
  }

  status(handle: i32): i32 {
    if (!this.isOpen(handle)) return Status.Invalid;
    const socket = this.socket(handle);
    switch (socket.state) {
      case SocketState.Open:
        return NetState.Open;
      case SocketState.Ended:
        if (socket.more || socket.waiting > 0) return NetState.Open;
        return socket.error < 0 ? socket.error : NetState.Ended;
      case SocketState.Failed:
        return socket.error;
      default:
        return NetState.Opening;
    }
  }

  write(handle: i32, ptr: usize, len: i32): i32 {
    if (!this.isOpen(handle) || len < 0) return Status.Invalid;
    const socket = this.socket(handle);
    if (socket.state == SocketState.Failed) return socket.error;
    if (socket.state == SocketState.Ended) return Status.Closed;
    // The buffer belongs to the AT client while it is being sent; before, what comes goes out as one.
    const inFlight = this.command == SocketCommand.Send && this.target == handle;
    if (socket.state != SocketState.Open || inFlight) return 0;
    // A datagram goes as one, by itself.
    if (socket.isDatagram) {
      if (len > TX_MAX) return Status.TooLong;
      if (socket.txLen > 0) return 0;
    }
    const n = min(len, TX_MAX - socket.txLen);
    memory.copy(socket.tx + socket.txLen, ptr, n);
    socket.txLen += n;
    if (n > 0) this.dirty = true;
    return n;
  }

  read(handle: i32, ptr: usize, limit: i32): i32 {
    if (!this.isOpen(handle) || limit < 0) return Status.Invalid;
    const socket = this.socket(handle);
    if (socket.state == SocketState.Failed) return socket.error;
    const n = socket.take(ptr, limit);
    if (n > 0 && socket.more) this.dirty = true;
    const isDrained = socket.state == SocketState.Ended && socket.waiting == 0 && !socket.more;
    return n == 0 && isDrained ? socket.error : n;
  }

  close(handle: i32): void {
    if (!this.isOpen(handle)) return;
    const socket = this.socket(handle);
    if (socket.state == SocketState.Wanted || socket.id < 0) {
      socket.free();
      return;
    }
    socket.closing = true;
    this.dirty = true;
  }

  private isOpen(handle: i32): bool {
    if (handle < 0 || handle >= MODEM_SOCKETS) return false;
    const socket = this.socket(handle);
    return socket.state != SocketState.Free && !socket.closing;
  }
}
