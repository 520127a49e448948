// Driver for Quectel BG95 and BG96: their AT commands for context and TCP sockets (BG95 TCP/IP Application Note).
//
// What goes wrong, and what then. A socket that does not open or breaks is its owner's to try again. After
// SOCKET_FAULTS of them in a row the context is made anew, after CONTEXT_FAULTS of those the modem is restarted
// (AT+CFUN=1,1), and so on without end, each with a longer wait. A modem that restarts by itself (RDY) or answers a
// command too late is brought up again from the beginning, and its sockets fail with Closed or Timeout.

import { NetKind, NetState, Status } from "../board/index";
import { Backoff } from "../util/backoff";
import { Fields, equals, startsWith } from "../util/text";
import { AT_CLIENT_SIZE, AtClient, AtEvent, AtResult } from "./at";
import {
  HOST_MAX,
  MODEM_SOCKETS,
  MODEM_SOCKET_SIZE,
  ModemSocket,
  ModemState,
  RX_MAX,
  SocketState,
  TX_MAX,
} from "./modem";

const APN = '"soracom.io","sora","sora",1';

/** Commands that are answered at once. */
const SHORT_MS = 5_000;
/** AT+CFUN=1: 15 s, AT+CFUN=1,1 the same. */
const CFUN_MS = 15_000;
const CPIN_POLL_MS = 1_000;
/** A SIM that is not ready by then is given a restart of the modem. */
const SIM_MS = 30_000;
const CEREG_POLL_MS = 5_000;
/** A full scan of all bands takes minutes. */
const REGISTRATION_MS = 300_000;
/** Registration lost for longer: whatever was open is gone. */
const LOST_MS = 60_000;
/** Maximum response times of the application note: AT+QIACT, AT+QIDEACT, the URC +QIOPEN, the end of AT+QISEND. */
const QIACT_MS = 150_000;
const QIDEACT_MS = 40_000;
const OPEN_MS = 150_000;
const SEND_MS = 120_000;
/** AT+QICLOSE waits up to 10 s for the far end by itself. */
const QICLOSE_MS = 15_000;
/** From AT+CFUN=1,1 to RDY. */
const BOOT_MS = 20_000;

const BACKOFF_MS = 2_000;
const BACKOFF_CAP_MS = 300_000;
/** Between two attempts to find a modem that does not answer. */
const PROBE_CAP_MS = 10_000;
const SOCKET_FAULTS = 3;
const CONTEXT_FAULTS = 3;
/** Wait after SEND FAIL (the modem's buffer is full), and how often before the socket is given up. */
const FULL_MS = 1_000;
const FULL_TRIES = 20;
/** Network time is asked for again: known, to follow the drift; unknown, because it may have come. */
const TIME_MS = 43_200_000;
const TIME_RETRY_MS = 600_000;

const IDS = 12;
const SETTINGS = 4;

/** Socket errors, BG95 TCP/IP Application Note 4: the last part of +QIOPEN. */
const enum Quectel {
  OperationBusy = 554,
  IdInUse = 563,
  Dns = 565,
  Refused = 566,
}

const enum Command {
  None,
  Open,
  Close,
  CloseStray,
  Send,
  Read,
  Clock,
}


@unmanaged
export class Bg95 {
  state: ModemState;
  /** Code of the last failure: +CME ERROR, EMM cause of a rejection, or socket error. 0 none known. */
  cause: i32;
  /** True: received data is pushed by the modem. False (default): it is fetched. Set before `begin`. */
  push: bool;
  /** Attempts in a row that found no modem: an app whose board wires PWRKEY to a pin may pulse it. */
  silent: i32;

  /** When the state began, and when it is to be left. 0: `step` has yet to enter it. */
  private entered: bool;
  private until: i64;
  private pollAt: i64;
  private setting: i32;
  private after: ModemState;
  private pauseCap: i32;
  private sawSim: bool;
  private sawStart: bool;
  private stat: i32;
  private active: bool;
  private socketFaults: i32;
  private contextFaults: i32;

  private command: Command;
  private target: i32;
  private nextId: i32;
  private strayId: i32;
  /** Socket that a data block belongs to (-1: to none), and its length. */
  private blockSocket: i32;
  private blockLen: i32;
  private dirty: bool;

  private timeAt: i64;
  private unixRead: i64;
  private unixOffset: i64;


  @inline
  private get at(): AtClient {
    return changetype<AtClient>(changetype<usize>(this) + offsetof<Bg95>());
  }


  @inline
  private get backoff(): Backoff {
    return changetype<Backoff>(changetype<usize>(this.at) + AT_CLIENT_SIZE);
  }


  @inline
  private get fields(): Fields {
    return changetype<Fields>(changetype<usize>(this.backoff) + offsetof<Backoff>());
  }

  private socket(handle: i32): ModemSocket {
    const first = (changetype<usize>(this.fields) + offsetof<Fields>() + 7) & ~7;
    return changetype<ModemSocket>(first + handle * MODEM_SOCKET_SIZE);
  }

  begin(seed: u32): void {
    this.backoff.seed(seed);
    this.unixRead = -1;
    this.unixOffset = -1;
    this.restarted();
  }

  /** UNIX milliseconds by the network's clock, or -1 while it has not told. */
  unixMs(now: i64): i64 {
    return this.unixOffset < 0 ? -1 : this.unixOffset + now;
  }

  // --- Bytes and time ---

  get outPtr(): usize {
    return this.at.outPtr;
  }

  get outLen(): i32 {
    return this.at.outLen;
  }

  sent(n: i32): void {
    this.at.sent(n);
  }

  feed(ptr: usize, len: i32): void {
    const at = this.at;
    for (let i = 0; i < len;) {
      i += at.feed(ptr + i, len - i);
      if (at.event == AtEvent.Data) this.block();
      else if (at.event != AtEvent.None) this.line(at.event == AtEvent.Info);
    }
  }

  get deadline(): i64 {
    if (this.dirty || !this.entered) return 0;
    const at = this.at;
    if (!at.idle) return at.deadline;
    return min(at.deadline, this.waitsUntil());
  }

  /** Moves on as far as it can without new input. */
  step(now: i64): void {
    const at = this.at;
    at.step(now);
    this.dirty = false;
    if (at.dataLost) {
      at.dataLost = false;
      if (this.blockSocket >= 0) this.socket(this.blockSocket).fail(Status.Io);
    }
    if (!at.idle) return;
    const result = at.result;
    at.result = AtResult.None;
    if (result == AtResult.Timeout || result == AtResult.Silent) {
      this.timedOut(result);
    } else if (result != AtResult.None) {
      if (result == AtResult.Cme) this.cause = at.code;
      this.answered(now, result == AtResult.Ok, result);
    }
    // Each turn either sends a command, or changes the state, or ends the loop; no state can be entered twice here
    // without a command or a wait between.
    for (let turns = 0; turns < 8 && at.idle; turns++) {
      const state = this.state;
      const entered = this.entered;
      this.entered = true;
      this.act(now, !entered);
      if (this.state == state && this.entered) return;
    }
    if (at.idle) this.dirty = true;
  }

  private enter(state: ModemState): void {
    this.state = state;
    this.entered = false;
    this.command = Command.None;
  }

  private pause(after: ModemState, cap: i32): void {
    this.after = after;
    this.pauseCap = cap;
    this.enter(ModemState.Pause);
  }

  /** A line from a modem that has just started, or the driver's own start: nothing that was before holds. */
  private restarted(): void {
    this.at.reset();
    this.failSockets(Status.Closed);
    this.enter(ModemState.Probe);
    this.dirty = true;
  }

  /** RDY tells of a start, and APP RDY of the same one a little later, unless RDY was lost. */
  private started(first: bool): void {
    const known = this.sawStart && !first;
    this.sawStart = first;
    if (!known) this.restarted();
  }

  private failSockets(error: i32): void {
    for (let i = 0; i < MODEM_SOCKETS; i++) {
      const socket = this.socket(i);
      // One that only waits for the modem goes on waiting.
      if (socket.state != SocketState.Wanted) socket.fail(error);
      socket.id = -1;
      if (socket.closing) socket.state = SocketState.Free;
    }
    this.strayId = -1;
    this.blockSocket = -1;
  }

  private timedOut(result: AtResult): void {
    if (this.state == ModemState.Probe) {
      if (result == AtResult.Timeout) {
        if (this.silent > 0) this.backoff.reset();
        this.silent = 0;
        this.enter(ModemState.Settings);
      } else {
        this.silent++;
        this.pause(ModemState.Probe, PROBE_CAP_MS);
      }
      return;
    }
    this.failSockets(Status.Timeout);
    if (this.state == ModemState.Reset) {
      this.enter(ModemState.Probe);
      return;
    }
    // In step with a modem of unknown state: begin at the beginning; after too many of these restart it.
    if (++this.contextFaults >= CONTEXT_FAULTS && result == AtResult.Timeout) {
      this.contextFaults = 0;
      this.pause(ModemState.Reset, BACKOFF_CAP_MS);
    } else {
      this.pause(ModemState.Probe, PROBE_CAP_MS);
    }
  }

  private contextFault(): void {
    this.failSockets(Status.Closed);
    this.socketFaults = 0;
    if (++this.contextFaults < CONTEXT_FAULTS) {
      this.pause(ModemState.Registration, BACKOFF_CAP_MS);
    } else {
      this.contextFaults = 0;
      this.pause(ModemState.Reset, BACKOFF_CAP_MS);
    }
  }

  private socketFault(): void {
    if (++this.socketFaults >= SOCKET_FAULTS) this.contextFault();
  }

  private get isRegistered(): bool {
    return this.stat == 1 || this.stat == 5;
  }

  // --- The state machine ---

  /**
   * What a state does when no command runs. How each is left:
   * Probe: by an answer, or after the tries of AtClient.resync (8 s) to Pause. Settings: by its last answer. Sim: READY,
   * or after SIM_MS to Reset. Registration: stat 1 or 5, or after REGISTRATION_MS to Reset. Deactivate, Configure,
   * Activate: by their answers or time-outs; a refused activation to Pause. Time: by any answer. Online: by pdpdeact,
   * faults, or lost registration. Reset: by RDY, or after BOOT_MS to Probe. Pause: after its wait.
   * Everywhere: RDY and commands without answer lead to Probe.
   */
  private act(now: i64, entering: bool): void {
    const at = this.at;
    switch (this.state) {
      case ModemState.Probe:
        at.resync(now);
        return;

      case ModemState.Settings:
        if (entering) this.setting = 0;
        if (this.setting == SETTINGS) {
          this.enter(ModemState.Sim);
          return;
        }
        at.command().str(settingCommand(this.setting));
        at.send(now, this.setting == 1 ? CFUN_MS : SHORT_MS, "");
        return;

      case ModemState.Sim:
        if (entering) {
          this.sawSim = false;
          this.until = now + SIM_MS;
          this.pollAt = now;
        }
        if (this.sawSim) {
          this.enter(ModemState.Registration);
        } else if (now >= this.until) {
          this.pause(ModemState.Reset, BACKOFF_CAP_MS);
        } else if (now >= this.pollAt) {
          this.pollAt = now + CPIN_POLL_MS;
          at.command().str("AT+CPIN?");
          at.send(now, SHORT_MS, "+CPIN:");
        }
        return;

      case ModemState.Registration:
        if (entering) {
          this.stat = 0;
          this.until = now + REGISTRATION_MS;
          this.pollAt = now;
        }
        if (this.isRegistered) {
          this.enter(ModemState.Deactivate);
        } else if (now >= this.until) {
          this.pause(ModemState.Reset, BACKOFF_CAP_MS);
        } else if (now >= this.pollAt) {
          this.pollAt = now + CEREG_POLL_MS;
          at.command().str("AT+CEREG?");
          at.send(now, SHORT_MS, "+CEREG:");
        }
        return;

      // A context that is already there may be another's, with another's sockets: only a new one is known.
      case ModemState.Deactivate:
        if (entering) {
          this.active = false;
          at.command().str("AT+QIACT?");
          at.send(now, QIACT_MS, "+QIACT:");
        } else {
          at.command().str("AT+QIDEACT=1");
          at.send(now, QIDEACT_MS, "");
        }
        return;

      case ModemState.Configure:
        at.command().str("AT+QICSGP=1,1,").str(APN);
        at.send(now, SHORT_MS, "");
        return;

      case ModemState.Activate:
        at.command().str("AT+QIACT=1");
        at.send(now, QIACT_MS, "");
        return;

      case ModemState.Time:
        this.askTime(now);
        return;

      case ModemState.Online:
        if (entering) {
          this.until = i64.MAX_VALUE;
          this.cause = 0;
        }
        this.online(now);
        return;

      case ModemState.Reset:
        if (entering) {
          this.failSockets(Status.Closed);
          this.until = i64.MAX_VALUE;
          at.command().str("AT+CFUN=1,1");
          at.send(now, CFUN_MS, "");
        } else if (now >= this.until) {
          this.enter(ModemState.Probe);
        }
        return;

      case ModemState.Pause:
        if (entering) this.until = now + this.backoff.next(BACKOFF_MS, this.pauseCap);
        if (now >= this.until) this.enter(this.after);
        return;

      default:
        return;
    }
  }

  /** The command that `act` sent has ended, with OK or an error. */
  private answered(now: i64, ok: bool, result: AtResult): void {
    switch (this.state) {
      case ModemState.Settings:
        // What a firmware does not know is done without.
        this.setting++;
        return;

      case ModemState.Deactivate:
        if (this.active) {
          // AT+QIACT? showed it: now take it down. The answer to that comes with `active` false.
          this.active = false;
          return;
        }
        this.enter(ModemState.Configure);
        return;

      case ModemState.Configure:
        if (ok) this.enter(ModemState.Activate);
        else this.contextFault();
        return;

      case ModemState.Activate:
        if (ok) this.enter(ModemState.Time);
        else this.contextFault();
        return;

      case ModemState.Time:
        this.takeTime(now);
        this.enter(ModemState.Online);
        return;

      case ModemState.Online:
        this.socketAnswered(now, result);
        return;

      case ModemState.Reset:
        this.until = now + BOOT_MS;
        return;

      default:
        return;
    }
  }

  /** When a state that waits wants to act again. */
  private waitsUntil(): i64 {
    switch (this.state) {
      case ModemState.Sim:
      case ModemState.Registration:
        return min(this.until, this.pollAt);
      case ModemState.Reset:
      case ModemState.Pause:
        return this.until;
      case ModemState.Online: {
        let until = min(this.until, this.timeAt);
        for (let i = 0; i < MODEM_SOCKETS; i++) {
          const socket = this.socket(i);
          if (socket.state == SocketState.Opening || socket.full > 0) until = min(until, socket.until);
        }
        return until;
      }
      default:
        return i64.MAX_VALUE;
    }
  }

  // --- Lines ---

  private line(info: bool): void {
    const at = this.at;
    const ptr = at.line;
    const len = at.lineLength;
    if (startsWith(ptr, len, "+QIURC:")) this.socketUrc(ptr, len);
    else if (startsWith(ptr, len, "+QIRD:")) this.readHeader(ptr, len);
    else if (startsWith(ptr, len, "+QIOPEN:")) this.opened(ptr, len);
    else if (startsWith(ptr, len, "+CEREG:")) this.registration(ptr, len);
    else if (startsWith(ptr, len, "+CPIN:")) this.sawSim = equals(ptr, len, "+CPIN: READY");
    else if (info && startsWith(ptr, len, "+QIACT:")) this.contextLine(ptr, len);
    else if (info && startsWith(ptr, len, "+QLTS:")) this.timeLine(ptr, len);
    else if (equals(ptr, len, "RDY")) this.started(true);
    else if (equals(ptr, len, "APP RDY")) this.started(false);
    else if (equals(ptr, len, "POWERED DOWN")) this.started(true);
  }

  /** `+CEREG: stat[,"tac",..]` by itself, `+CEREG: n,stat[,..]` when asked for: the second is a bare number only then. */
  private registration(ptr: usize, len: i32): void {
    const fields = this.fields.on(ptr, len, 7);
    let stat = fields.num();
    const second = fields.num();
    if (second >= 0) stat = second;
    if (stat < 0) return;
    this.stat = stat;
    // tac, ci, AcT, cause_type, cause
    if (stat == 3) {
      for (let i = 0; i < 4; i++) fields.skip();
      this.cause = max(0, fields.num());
    }
  }

  /** `+QIACT: ctx,state,type,"ip"`. */
  private contextLine(ptr: usize, len: i32): void {
    const fields = this.fields.on(ptr, len, 7);
    if (fields.num() == 1 && fields.num() == 1) this.active = true;
  }

  private socketUrc(ptr: usize, len: i32): void {
    const fields = this.fields.on(ptr, len, 7);
    if (fields.quoted("recv")) {
      const socket = this.byId(fields.num());
      const n = fields.num();
      if (n > 0) this.expectBlock(socket, n);
      else if (socket) socket.more = true;
    } else if (fields.quoted("closed")) {
      const socket = this.byId(fields.num());
      if (socket && socket.state == SocketState.Open) {
        socket.state = SocketState.Ended;
        // What came before the end may not have been announced.
        socket.more = !this.push;
      } else if (socket && socket.state == SocketState.Opening) {
        socket.fail(Status.Closed);
      }
    } else if (fields.quoted("pdpdeact") && fields.num() == 1 && this.state == ModemState.Online) {
      this.contextFault();
    }
  }

  private byId(id: i32): ModemSocket | null {
    for (let i = 0; i < MODEM_SOCKETS; i++) {
      const socket = this.socket(i);
      if (id >= 0 && socket.id == id && socket.state != SocketState.Free) return socket;
    }
    return null;
  }

  private indexOf(socket: ModemSocket | null): i32 {
    for (let i = 0; i < MODEM_SOCKETS; i++) if (this.socket(i) == socket) return i;
    return -1;
  }

  // --- Received data ---

  /** `+QIRD: n`, then n bytes. */
  private readHeader(ptr: usize, len: i32): void {
    const n = this.fields.on(ptr, len, 6).num();
    const socket = this.command == Command.Read ? this.socket(this.target) : null;
    if (n > 0) {
      this.expectBlock(socket, n);
    } else if (socket) {
      socket.more = false;
      if (n < 0) socket.fail(Status.Malformed);
    }
  }

  /** n bytes follow; they are the socket's if they fit, otherwise it fails: a stream with a hole is no stream. */
  private expectBlock(socket: ModemSocket | null, n: i32): void {
    if (n > RX_MAX) {
      // No modem sends that much: the number is damaged, and where the data ends is not known.
      if (socket) socket.fail(Status.Malformed);
      return;
    }
    let into: usize = 0;
    if (socket && (socket.state == SocketState.Open || socket.state == SocketState.Ended)) {
      into = socket.room(n);
      if (into == 0) socket.fail(Status.TooLong);
    }
    this.blockSocket = into == 0 ? -1 : this.indexOf(socket);
    this.blockLen = n;
    this.at.expectData(into, n);
  }

  private block(): void {
    const index = this.blockSocket;
    this.blockSocket = -1;
    if (index < 0) return;
    const socket = this.socket(index);
    if (socket.state != SocketState.Open && socket.state != SocketState.Ended) return;
    socket.arrived(this.blockLen);
  }

  // --- Sockets in the modem ---

  /** Sends the next command that a socket needs, if any. */
  private online(now: i64): void {
    // The context may live through a short loss of the network.
    if (this.isRegistered) {
      this.until = i64.MAX_VALUE;
    } else if (this.until == i64.MAX_VALUE) {
      this.until = now + LOST_MS;
    } else if (now >= this.until) {
      this.failSockets(Status.Closed);
      this.enter(ModemState.Registration);
      return;
    }
    if (this.strayId >= 0) {
      this.sendClose(now, this.strayId);
      this.runs(Command.CloseStray, -1);
      return;
    }
    for (let i = 0; i < MODEM_SOCKETS; i++) {
      const socket = this.socket(i);
      if (socket.closing) {
        if (socket.id < 0) {
          socket.state = SocketState.Free;
          socket.closing = false;
          continue;
        }
        this.sendClose(now, socket.id);
        this.runs(Command.Close, i);
        return;
      }
      if (socket.state == SocketState.Wanted) {
        this.sendOpen(now, socket);
        this.runs(Command.Open, i);
        return;
      }
      if (socket.state == SocketState.Opening && now >= socket.until) {
        socket.fail(Status.Timeout);
        this.socketFault();
        if (this.state != ModemState.Online) return;
      }
      if (socket.txLen > 0 && (socket.full == 0 || now >= socket.until)) {
        this.at.command().str("AT+QISEND=").num(socket.id).str(",").num(socket.txLen);
        this.at.sendData(now, SHORT_MS, SEND_MS, socket.tx, socket.txLen);
        this.runs(Command.Send, i);
        return;
      }
      if (socket.more && socket.waiting == 0) {
        this.at.command().str("AT+QIRD=").num(socket.id).str(",").num(RX_MAX);
        this.at.send(now, SHORT_MS, "+QIRD:");
        this.runs(Command.Read, i);
        return;
      }
    }
    if (now >= this.timeAt) {
      this.askTime(now);
      this.runs(Command.Clock, -1);
    }
  }

  private runs(command: Command, target: i32): void {
    this.command = command;
    this.target = target;
  }

  private sendOpen(now: i64, socket: ModemSocket): void {
    socket.id = this.freeId();
    socket.state = SocketState.Opening;
    socket.until = now + OPEN_MS;
    const text = this.at.command().str("AT+QIOPEN=1,").num(socket.id).str(',"TCP","');
    text
      .bytes(socket.host, socket.hostLen)
      .str('",')
      .num(socket.port)
      .str(this.push ? ",0,1" : ",0,0");
    this.at.send(now, SHORT_MS, ""); // the outcome comes as a URC
  }

  private sendClose(now: i64, id: i32): void {
    this.at.command().str("AT+QICLOSE=").num(id);
    this.at.send(now, QICLOSE_MS, "");
  }

  /** Numbers go round, so that a late word about an old connection is not taken for one about a new one. */
  private freeId(): i32 {
    let id: i32;
    do {
      id = this.nextId;
      this.nextId = id + 1 == IDS ? 0 : id + 1;
    } while (this.byId(id));
    return id;
  }

  private socketAnswered(now: i64, result: AtResult): void {
    const command = this.command;
    this.command = Command.None;
    const ok = result == AtResult.Ok;
    if (command == Command.CloseStray) {
      this.strayId = -1;
      return;
    }
    if (command == Command.Clock) {
      this.takeTime(now);
      return;
    }
    if (command == Command.None) return;
    const socket = this.socket(this.target);
    switch (command) {
      case Command.Open:
        if (!ok && socket.state == SocketState.Opening) {
          socket.fail(Status.Io);
          this.socketFault();
        }
        return;
      case Command.Close:
        // Whatever it said: the number is not used again for eleven connections.
        socket.state = SocketState.Free;
        socket.closing = false;
        socket.id = -1;
        return;
      case Command.Send:
        if (ok) {
          socket.txLen = 0;
          socket.full = 0;
        } else if (result == AtResult.SendFail && ++socket.full <= FULL_TRIES) {
          socket.until = now + FULL_MS;
        } else {
          socket.fail(Status.Closed);
        }
        return;
      case Command.Read:
        if (!ok) {
          socket.more = false;
          if (socket.state != SocketState.Ended) socket.fail(Status.Closed);
        }
        return;
      default:
        return;
    }
  }

  /** `+QIOPEN: id,err`. */
  private opened(ptr: usize, len: i32): void {
    const fields = this.fields.on(ptr, len, 8);
    const id = fields.num();
    const error = fields.num();
    const socket = this.byId(id);
    if (!socket || socket.state != SocketState.Opening || error < 0) return;
    if (error == 0) {
      socket.state = SocketState.Open;
      socket.full = 0;
      return;
    }
    this.cause = error;
    switch (error) {
      case Quectel.IdInUse:
        // Left over from before this device started: close that one, and take the next number.
        this.strayId = id;
        socket.id = -1;
        if (++socket.full <= IDS) {
          socket.state = SocketState.Wanted;
          return;
        }
        socket.fail(Status.Busy);
        break;
      case Quectel.Dns:
        socket.fail(Status.NameUnknown);
        break;
      case Quectel.Refused:
        socket.fail(Status.Refused);
        break;
      case Quectel.OperationBusy:
        socket.fail(Status.Busy);
        break;
      default:
        socket.fail(Status.Io);
    }
    this.socketFault();
  }

  // --- Network time ---

  private askTime(now: i64): void {
    this.unixRead = -1;
    this.timeAt = now + TIME_RETRY_MS;
    this.at.command().str("AT+QLTS=1");
    this.at.send(now, SHORT_MS, "+QLTS:");
  }

  /** `+QLTS: "2026/11/23,18:41:50+36,0"`: GMT in mode 1 whatever the zone says; `""` before the network has told. */
  private timeLine(ptr: usize, len: i32): void {
    const fields = this.fields.on(ptr, len, 6);
    fields.over(1);
    const century = fields.two();
    const year = fields.two();
    fields.over(1);
    const month = fields.two();
    fields.over(1);
    const day = fields.two();
    fields.over(1);
    const hour = fields.two();
    fields.over(1);
    const minute = fields.two();
    fields.over(1);
    const second = fields.two();
    if (century != 20 || year < 24 || month < 1 || month > 12 || day < 1 || day > 31) return;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return;
    const days = daysSince1970(2000 + year, month, day);
    this.unixRead = (((<i64>days * 24 + hour) * 60 + minute) * 60 + second) * 1_000;
  }

  private takeTime(now: i64): void {
    if (this.unixRead < 0) return;
    this.unixOffset = this.unixRead - now;
    this.timeAt = now + TIME_MS;
  }

  // --- Net ---

  get ready(): bool {
    return this.state == ModemState.Online && this.isRegistered;
  }

  open(kind: i32, hostPtr: usize, hostLen: i32, port: i32): i32 {
    if (kind != NetKind.Tcp) return Status.Unsupported;
    if (hostLen > HOST_MAX) return Status.TooLong;
    if (port < 1 || port > 65_535 || !isHostName(hostPtr, hostLen)) return Status.Invalid;
    for (let i = 0; i < MODEM_SOCKETS; i++) {
      const socket = this.socket(i);
      if (socket.state != SocketState.Free) continue;
      socket.want(hostPtr, hostLen, port);
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
        return socket.more || socket.waiting > 0 ? NetState.Open : NetState.Ended;
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
    const inFlight = this.command == Command.Send && this.target == handle;
    if (socket.state != SocketState.Open || inFlight) return 0;
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
    return n;
  }

  close(handle: i32): void {
    if (!this.isOpen(handle)) return;
    const socket = this.socket(handle);
    if (socket.state == SocketState.Wanted || socket.id < 0) {
      socket.state = SocketState.Free;
      return;
    }
    socket.closing = true;
    this.dirty = true;
  }

  /** An exchange that went well shows that all below it works. */
  report(ok: bool): void {
    if (ok) {
      this.socketFaults = 0;
      this.contextFaults = 0;
      this.backoff.reset();
    } else if (this.state == ModemState.Online) {
      this.socketFault();
      this.dirty = true;
    }
  }

  private isOpen(handle: i32): bool {
    if (handle < 0 || handle >= MODEM_SOCKETS) return false;
    const socket = this.socket(handle);
    return socket.state != SocketState.Free && !socket.closing;
  }
}

export const BG95_SIZE: i32 = <i32>(
  (offsetof<Bg95>() + AT_CLIENT_SIZE + offsetof<Backoff>() + offsetof<Fields>() + 8 + MODEM_SOCKETS * MODEM_SOCKET_SIZE)
);

/** In their order: error codes as numbers, full functionality, no echo of sent data, registration URCs with cause. */
function settingCommand(index: i32): string {
  switch (index) {
    case 0:
      return "AT+CMEE=1";
    case 1:
      return "AT+CFUN=1";
    case 2:
      return "AT+QISDE=0";
    default:
      return "AT+CEREG=3";
  }
}

/** Letters, digits, `-`, `.`, `:`: nothing that could end the quoted string. */
function isHostName(ptr: usize, len: i32): bool {
  if (len < 1) return false;
  for (let i = 0; i < len; i++) {
    const c: u32 = load<u8>(ptr + i);
    const isLetter = (c | 0x20) - 0x61 < 26;
    if (!isLetter && c - 0x30 > 10 && c != 0x2d && c != 0x2e) return false;
  }
  return true;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
function daysSince1970(year: i32, month: i32, day: i32): i32 {
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719_469;
}
