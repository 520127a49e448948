// Driver for Quectel's modems: brings the modem up and keeps it up, with the AT commands for SIM, registration, context
// (BG95 TCP/IP Application Note) and clock.
//
// What goes wrong, and what then. A socket that does not open or breaks is its owner's to try again. After
// SOCKET_FAULTS of them in a row the context is made again, after CONTEXT_FAULTS of those the modem is restarted
// (AT+CFUN=1,1), and so on without end, each with a longer wait. A modem that restarts by itself (RDY) or answers a
// command too late is brought up again from the beginning, and its sockets fail with Closed or Timeout.

import { Status } from "../../board/index";
import { Ascii } from "../../util/ascii";
import { Backoff } from "../../util/backoff";
import { equals, startsWith } from "../../util/text";
import { earlier } from "../../util/wait";
import { AtClient, AtEvent } from "../at";
import { AtResult } from "../at-result";
import { ModemState } from "../driver";
import { Registration } from "../registration";
import { NetworkTime } from "./clock";
import { isContextActive, writeAccessPoint } from "./context";
import { Quectel } from "./dialect";
import { QuectelSockets } from "./sockets";

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
/** Maximum response times of the application note: AT+QIACT, AT+QIDEACT. */
const QIACT_MS = 150_000;
const QIDEACT_MS = 40_000;
/** From AT+CFUN=1,1 to RDY. */
const BOOT_MS = 20_000;

const BACKOFF_MS = 2_000;
const BACKOFF_CAP_MS = 300_000;
/** Between two attempts to find a modem that does not answer. */
const PROBE_CAP_MS = 10_000;
const SOCKET_FAULTS = 3;
const CONTEXT_FAULTS = 3;

/** Commands of state Settings, in their order. */
const enum Setting {
  /** Error codes as numbers. */
  ErrorCodes,
  /** Full functionality. */
  Function,
  /** No echo of data that is sent. */
  NoEcho,
  /** Registration URCs with cause. */
  Registration,
  /** Of the commands: last. */
  Count,
}

/**
 * `M` says what is particular to a module: `tellsAppReady`, that APP RDY follows upon RDY at its start. `A` is the access point. `T` is
 * NoTls or QuectelTls: what kinds of sockets it carries (sockets.ts).
 */
@unmanaged
export class QuectelDriver<M, A, T> {
  state: ModemState;
  /** Code of the last failure: +CME ERROR, EMM cause of a rejection, or socket error. 0 none known. */
  cause: i32;
  /** Attempts in a row that found no modem: an app whose board wires PWRKEY to a pin may pulse it. */
  silent: i32;

  /** When the state began, and when it is to be left. 0: `step` has yet to enter it. */
  private entered: bool;
  private until: i64;
  private pollAt: i64;
  private setting: Setting;
  private after: ModemState;
  private sawStart: bool;
  /** A context is active that was there before this device asked for one. */
  private active: bool;
  private contextFaults: i32;
  /** Online, AT+QLTS runs and no command of a socket. */
  private asksTime: bool;
  @part private backoff: Backoff;
  @part private link: Registration;
  @part private time: NetworkTime;
  @part sockets: QuectelSockets<T>;


  @inline
  private get at(): AtClient<Quectel> {
    return this.sockets.at;
  }

  /** True: received data is pushed by the modem. False (default): it is fetched. Set before `begin`. */
  set push(push: bool) {
    this.sockets.push = push;
  }

  begin(seed: u32): void {
    this.backoff.seed(seed);
    this.time.begin();
    this.restarted();
  }

  /** UNIX milliseconds by the network's clock, or -1 while it has not told. */
  unixMs(now: i64): i64 {
    return this.time.unixMs(now);
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
      if (at.event == AtEvent.Data) this.sockets.block();
      else if (at.event != AtEvent.None) this.line(at.event == AtEvent.Info);
    }
  }

  get deadline(): i64 {
    const at = this.at;
    if (!at.idle) return at.deadline;
    if (this.sockets.dirty || !this.entered) return 0;
    return earlier(at.deadline, this.waitsUntil());
  }

  /** Moves on as far as it can without new input. */
  step(now: i64): void {
    const at = this.at;
    at.step(now);
    this.sockets.dirty = false;
    if (at.dataLost) {
      at.dataLost = false;
      this.sockets.blockLost();
    }
    if (at.idle) {
      const result = at.result;
      at.result = AtResult.None;
      if (result == AtResult.Timeout || result == AtResult.Silent) {
        this.timedOut(result);
      } else if (result != AtResult.None) {
        if (result == AtResult.Cme) this.cause = at.code;
        this.answered(now, result == AtResult.Ok, result);
      }
    }
    this.checkFaults();
    // Each turn either sends a command, or changes the state, or ends the loop; no state can be entered twice here
    // without a command or a wait between.
    for (let turns = 0; turns < 8 && at.idle; turns++) {
      const state = this.state;
      const entered = this.entered;
      this.entered = true;
      this.act(now, !entered);
      if (this.state == state && this.entered) return;
    }
    if (at.idle) this.sockets.dirty = true;
  }

  private enter(state: ModemState): void {
    this.state = state;
    this.entered = false;
    this.asksTime = false;
    this.sockets.leave();
  }

  private pause(after: ModemState): void {
    this.after = after;
    this.enter(ModemState.Pause);
  }

  /** A line from a modem that has just started, or the driver's own start: nothing that was before holds. */
  private restarted(): void {
    this.at.reset();
    this.sockets.fail(Status.Closed);
    this.enter(ModemState.Probe);
    this.sockets.dirty = true;
  }

  /** RDY tells of a start, and APP RDY of the same one a little later, unless RDY was lost. */
  private started(first: bool): void {
    const known = this.sawStart && !first;
    this.sawStart = first;
    if (!known) this.restarted();
  }

  private timedOut(result: AtResult): void {
    if (this.state == ModemState.Probe) {
      if (result == AtResult.Timeout) {
        if (this.silent > 0) this.backoff.reset();
        this.silent = 0;
        this.enter(ModemState.Settings);
      } else {
        this.silent++;
        this.pause(ModemState.Probe);
      }
      return;
    }
    this.sockets.fail(Status.Timeout);
    if (this.state == ModemState.Reset) {
      this.enter(ModemState.Probe);
      return;
    }
    // In step with a modem of unknown state: begin at the beginning; after too many of these restart it.
    if (++this.contextFaults >= CONTEXT_FAULTS && result == AtResult.Timeout) {
      this.contextFaults = 0;
      this.pause(ModemState.Reset);
    } else {
      this.pause(ModemState.Probe);
    }
  }

  private contextFault(): void {
    this.sockets.fail(Status.Closed);
    this.sockets.faults = 0;
    if (++this.contextFaults < CONTEXT_FAULTS) {
      this.pause(ModemState.Registration);
    } else {
      this.contextFaults = 0;
      this.pause(ModemState.Reset);
    }
  }

  /** After too many sockets that failed in a row the context is made again. */
  private checkFaults(): void {
    const sockets = this.sockets;
    if (sockets.cause > 0) {
      this.cause = sockets.cause;
      sockets.cause = 0;
    }
    if (this.state == ModemState.Online && (sockets.contextLost || sockets.faults >= SOCKET_FAULTS))
      this.contextFault();
    sockets.contextLost = false;
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
        if (entering) this.setting = Setting.ErrorCodes;
        if (this.setting == Setting.Count) {
          this.enter(ModemState.Sim);
          return;
        }
        at.ask(now, settingCommand(this.setting), this.setting == Setting.Function ? CFUN_MS : SHORT_MS, "");
        return;

      case ModemState.Sim:
        if (entering) {
          this.link.sawSim = false;
          this.until = now + SIM_MS;
          this.pollAt = now;
        }
        if (this.link.sawSim) {
          this.enter(ModemState.Registration);
        } else if (now >= this.until) {
          this.pause(ModemState.Reset);
        } else if (now >= this.pollAt) {
          this.pollAt = now + CPIN_POLL_MS;
          at.ask(now, "AT+CPIN?", SHORT_MS, "+CPIN:");
        }
        return;

      case ModemState.Registration:
        if (entering) {
          this.link.stat = 0;
          this.until = now + REGISTRATION_MS;
          this.pollAt = now;
        }
        if (this.link.isRegistered) {
          this.enter(ModemState.Deactivate);
        } else if (now >= this.until) {
          this.pause(ModemState.Reset);
        } else if (now >= this.pollAt) {
          this.pollAt = now + CEREG_POLL_MS;
          at.ask(now, "AT+CEREG?", SHORT_MS, "+CEREG:");
        }
        return;

      // A context that is already there may be another's, with another's sockets: only a new one is known.
      case ModemState.Deactivate:
        if (entering) {
          this.active = false;
          at.ask(now, "AT+QIACT?", QIACT_MS, "+QIACT:");
        } else {
          at.ask(now, "AT+QIDEACT=1", QIDEACT_MS, "");
        }
        return;

      case ModemState.Configure:
        writeAccessPoint<A>(at.command());
        at.send(now, SHORT_MS, "");
        return;

      case ModemState.Activate:
        at.ask(now, "AT+QIACT=1", QIACT_MS, "");
        return;

      case ModemState.Time:
        this.time.ask(this.at, now);
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
          this.sockets.fail(Status.Closed);
          this.until = i64.MAX_VALUE;
          at.ask(now, "AT+CFUN=1,1", CFUN_MS, "");
        } else if (now >= this.until) {
          this.enter(ModemState.Probe);
        }
        return;

      case ModemState.Pause:
        if (entering) {
          const cap = this.after == ModemState.Probe ? PROBE_CAP_MS : BACKOFF_CAP_MS;
          this.until = now + this.backoff.next(BACKOFF_MS, cap);
        }
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
        this.time.take(now);
        this.enter(ModemState.Online);
        return;

      case ModemState.Online:
        if (this.asksTime) {
          this.asksTime = false;
          this.time.take(now);
        } else {
          this.sockets.answered(now, result);
        }
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
        return earlier(this.until, this.pollAt);
      case ModemState.Reset:
      case ModemState.Pause:
        return this.until;
      case ModemState.Online:
        return earlier(earlier(this.until, this.time.askAt), this.sockets.deadline);
      default:
        return i64.MAX_VALUE;
    }
  }

  // --- Lines ---

  private line(info: bool): void {
    const at = this.at;
    const ptr = at.line;
    const len = at.lineLength;
    const sockets = this.sockets;
    if (sockets.line(ptr, len)) return;
    const link = this.link;
    if (link.line(ptr, len, sockets.fields)) {
      if (link.rejected) this.cause = link.cause;
      link.rejected = false;
    } else if (info && startsWith(ptr, len, "+QIACT:")) {
      if (isContextActive(sockets.fields.on(ptr, len, 7))) this.active = true;
    } else if (info && startsWith(ptr, len, "+QLTS:")) this.time.line(sockets.fields.on(ptr, len, 6));
    else if (equals(ptr, len, "RDY")) this.started(true);
    else if (changetype<M>(0).tellsAppReady && equals(ptr, len, "APP RDY")) this.started(false);
    else if (equals(ptr, len, "POWERED DOWN")) this.started(true);
  }

  /** Sends the next command that a socket needs, if any, and looks after the registration below them. */
  private online(now: i64): void {
    // The context may live through a short loss of the network.
    if (this.link.isRegistered) {
      this.until = i64.MAX_VALUE;
    } else if (this.until == i64.MAX_VALUE) {
      this.until = now + LOST_MS;
    } else if (now >= this.until) {
      this.sockets.fail(Status.Closed);
      this.enter(ModemState.Registration);
      return;
    }
    const busy = this.sockets.act(now);
    if (busy || now < this.time.askAt) return;
    this.asksTime = true;
    this.time.ask(this.at, now);
  }

  // --- Net ---

  get ready(): bool {
    return this.state == ModemState.Online && this.link.isRegistered;
  }

  open(kind: i32, hostPtr: usize, hostLen: i32, port: i32): i32 {
    return this.sockets.open(kind, hostPtr, hostLen, port);
  }

  status(handle: i32): i32 {
    return this.sockets.status(handle);
  }

  write(handle: i32, ptr: usize, len: i32): i32 {
    return this.sockets.write(handle, ptr, len);
  }

  read(handle: i32, ptr: usize, limit: i32): i32 {
    return this.sockets.read(handle, ptr, limit);
  }

  close(handle: i32): void {
    this.sockets.close(handle);
  }

  /** An exchange that went well shows that all below it works. */
  report(ok: bool): void {
    if (ok) {
      this.sockets.faults = 0;
      this.contextFaults = 0;
      this.backoff.reset();
    } else if (this.state == ModemState.Online) {
      this.sockets.faults++;
      this.sockets.dirty = true;
    }
  }
}

function settingCommand(setting: Setting): Ascii {
  switch (setting) {
    case Setting.ErrorCodes:
      return "AT+CMEE=1";
    case Setting.Function:
      return "AT+CFUN=1";
    case Setting.NoEcho:
      return "AT+QISDE=0";
    default:
      return "AT+CEREG=3";
  }
}
