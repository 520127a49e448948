// AT client, V.250 and TS 27.007 4: one command at a time, everything else that comes is a URC.
//
// Sans-I/O. The owner gives it what the UART received (`feed`), sends what it wants sent (`outPtr`, `outLen`, `sent`),
// and calls `step` when `deadline` has come. It knows lines, final result codes, the data prompt and counted data
// blocks, and nothing of what any command means. What makers do differently its type parameter says, a class without fields:
//
//   prompt: u32                        character with which the modem asks for a payload
//   finalResult(line, len): AtResult   of a line; `Sent` or `SendFail` when it ends a payload, `Ok` when it ends any other command
//   probe, probeAnswer: Ascii          a command that the driver never sends, and how its answer, and no other line, begins
//
// What keeps it from being confused:
// - A line belongs to the command only if it begins with the prefix the command announced, or is a final result code
//   that fits the phase; all else is a URC, wherever it stands.
// - Bytes of a data block are counted, never read as lines.
// - After a time-out the modem may still answer. Nothing is taken as an answer again until the answer to the probe,
//   which can only be that, has come: the modem answers in order.

import { Ascii } from "../util/ascii";
import { Text, startsWith } from "../util/text";
import { earlier } from "../util/wait";
import { AtResult, cmeCode } from "./at-result";

/** What a call of `feed` stopped for. */
export const enum AtEvent {
  None,
  /** `line` is part of the running command's answer. */
  Info,
  /** `line` is unasked for: a URC, or noise. */
  Urc,
  /** The data block that was announced by `expectData` is complete. */
  Data,
}

const enum Phase {
  /** Left by `send`, `sendData`, `resync`. */
  Idle,
  /** Waits for a final result code. Left by it, or at the deadline to Calm. */
  Reply,
  /** Waits for the prompt. Left by it to Payload, by an error, or at the deadline to Calm. */
  Prompt,
  /** Payload goes out, then the word that it was taken is awaited; at the deadline to Calm. */
  Payload,
  /** ESC and echo off were sent; whatever is answered is dropped. Left to Ask by a final result code or after CALM_MS. */
  Calm,
  /** The probe was sent. Left by its answer to Quiet, after ASK_MS to Calm, and after RESYNC_TRIES to Idle (Silent). */
  Ask,
  /** Earlier probes may still be answered. Left to Idle when nothing has come for QUIET_MS. */
  Quiet,
}

/** Longest line that is looked at; URCs and answers of the drivers here stay below 100. Longer ones are dropped whole. */
const LINE_MAX = 256;
/** Longest command: one that opens a connection, with a host name of 63 characters, takes 100. */
const COMMAND_MAX = 192;
const ESCAPES = 32;

const CALM_MS = 500;
const ASK_MS = 1_000;
const QUIET_MS = 300;
const RESYNC_TRIES = 5;
/** Least time for a data block: 1,500 bytes take 1.6 s at 9,600 baud. */
const DATA_MS = 5_000;

/** A deadline that the next `step` sets: `feed` knows no time. */
const UNSET: i64 = -1;

const ESC: u32 = 0x1b;
const CR: u32 = 0x0d;
const LF: u32 = 0x0a;

/** Set before the first use by `reset`; place with `place`. */
@unmanaged
export class AtClient<D> {
  /** Set by `feed`. */
  event: AtEvent;
  /** How the last command ended; None while it runs. */
  result: AtResult;
  /** Of +CME ERROR. */
  code: i32;
  /** True once a data block was given up half-way (see `expectData`). The owner clears it. */
  dataLost: bool;

  private phase: Phase;
  private until: i64;
  private expect: Ascii;
  private out: usize;
  private outLeft: i32;
  private escapes: i32;
  private payload: usize;
  private payloadLen: i32;
  private dataTimeout: i32;
  private commandLen: i32;
  /** Matched bytes of a payload that comes back as echo, or -1 when none comes. */
  private echoAt: i32;
  private echoed: bool;

  private lineLen: i32;
  private lineTooLong: bool;
  /** The line stays readable until the first character of the next. */
  private lineDone: bool;
  private crSeen: bool;
  private skipBlank: bool;

  private dataAt: usize;
  private dataLeft: i32;
  private dataUntil: i64;

  private tries: i32;
  /** Final result codes that probes may still bring. */
  private owed: i32;
  private asked: bool;
  private heard: bool;

  /** The line of the last Info or Urc event: line..line+lineLength, without its end. */
  @bytes(LINE_MAX) line: usize;
  @bytes(COMMAND_MAX) private commandPtr: usize;
  @part private text: Text;
  @bytes(ESCAPES) private escapePtr: usize;

  get lineLength(): i32 {
    return this.lineLen;
  }

  /** False while a command runs or the line is being brought back into step. */
  get idle(): bool {
    return this.phase == Phase.Idle;
  }

  /** Milliseconds of the clock that `step` gets; i64.MAX_VALUE for none. */
  get deadline(): i64 {
    const command = this.phase == Phase.Idle ? i64.MAX_VALUE : this.until;
    if (this.dataLeft == 0) return command;
    return earlier(command, this.dataUntil);
  }

  /** Forgets everything: at the start, and when the modem has restarted. */
  reset(): void {
    for (let i = 0; i < ESCAPES; i++) store<u8>(this.escapePtr + i, ESC);
    this.phase = Phase.Idle;
    this.event = AtEvent.None;
    this.result = AtResult.None;
    this.outLeft = 0;
    this.escapes = 0;
    this.payloadLen = 0;
    this.dataLeft = 0;
    this.owed = 0;
    this.crSeen = false;
    this.skipBlank = false;
    this.startLine();
  }

  // --- Commands ---

  /** Where the next command is written, up to and without its CR; only while `idle`. */
  command(): Text {
    return this.text.on(this.commandPtr, COMMAND_MAX - 1);
  }

  /** Sends the command. Lines that begin with `expect` (not empty) are its Info. */
  send(now: i64, timeout: i32, expect: Ascii): void {
    this.payloadLen = 0;
    this.start(now, timeout, expect, Phase.Reply);
  }

  /** Sends a command that is one text. */
  ask(now: i64, command: Ascii, timeout: i32, expect: Ascii): void {
    this.command().str(command);
    this.send(now, timeout, expect);
  }

  /**
   * Sends the command and, at the prompt, the payload, which stays the caller's and unchanged until the end. `timeout`
   * is for the prompt, `dataTimeout` for what comes then.
   */
  sendData(now: i64, timeout: i32, dataTimeout: i32, ptr: usize, len: i32): void {
    this.payload = ptr;
    this.payloadLen = len;
    this.dataTimeout = dataTimeout;
    this.start(now, timeout, "", Phase.Prompt);
  }

  private start(now: i64, timeout: i32, expect: Ascii, phase: Phase): void {
    this.expect = expect;
    this.echoed = false;
    this.result = AtResult.None;
    this.phase = phase;
    this.until = now + timeout;
    this.commandLen = this.text.length;
    this.finishCommand();
  }

  private finishCommand(): void {
    const text = this.text.byte(CR);
    this.out = text.ptr;
    this.outLeft = text.length;
  }

  /** Brings the line into step with a modem in any state. Ends with result Timeout (it answers) or Silent. */
  resync(now: i64): void {
    this.tries = 0;
    this.result = AtResult.None;
    // Enough to end a prompt, or to fill up a fixed-length block that lost bytes on the way. Neither HTTP heads nor
    // JSON may hold an ESC, so a block that was filled up is refused by its receiver.
    this.escapes = max(1, this.payloadLen);
    this.payloadLen = 0;
    this.dataLeft = 0;
    this.startLine();
    this.calm(now);
  }

  private calm(now: i64): void {
    this.command().byte(CR).str("ATE0Q0V1");
    this.finishCommand();
    this.phase = Phase.Calm;
    this.heard = false;
    this.until = now + CALM_MS;
  }

  private probe(now: i64): void {
    this.command().str(changetype<D>(0).probe);
    this.finishCommand();
    this.phase = Phase.Ask;
    this.asked = false;
    this.heard = false;
    this.owed++;
    this.until = now + ASK_MS;
  }

  private done(result: AtResult): void {
    this.result = result;
    this.phase = Phase.Idle;
    this.outLeft = 0;
    this.escapes = 0;
    this.payloadLen = 0;
  }

  /** Time has gone on, or a line has come in a phase of resynchronisation. */
  step(now: i64): void {
    if (this.dataLeft > 0) {
      if (this.dataUntil == UNSET) this.dataUntil = now + DATA_MS;
      if (now >= this.dataUntil) {
        this.dataLeft = 0;
        this.dataLost = true;
      }
    }
    if (this.phase == Phase.Payload && this.until == UNSET) this.until = now + this.dataTimeout;
    const late = now >= this.until;
    switch (this.phase) {
      case Phase.Reply:
      case Phase.Prompt:
      case Phase.Payload:
        if (!late) return;
        if (this.dataLeft > 0) this.dataLost = true;
        this.resync(now);
        return;
      case Phase.Calm:
        if (late || this.heard) this.probe(now);
        return;
      case Phase.Ask:
        if (this.heard) {
          this.phase = Phase.Quiet;
          this.until = this.owed > 0 ? now + QUIET_MS : now;
        } else if (late && ++this.tries < RESYNC_TRIES) {
          this.calm(now);
        } else if (late) {
          this.done(AtResult.Silent);
        }
        if (this.phase != Phase.Quiet) return;
      // falls through: nothing owed, nothing to wait for
      case Phase.Quiet:
        if (this.heard && this.owed > 0) this.until = now + QUIET_MS;
        this.heard = false;
        if (now < this.until) return;
        this.owed = 0;
        this.done(AtResult.Timeout);
        return;
      default:
        return;
    }
  }

  // --- Bytes out ---

  get outPtr(): usize {
    return this.escapes > 0 ? this.escapePtr : this.out;
  }

  get outLen(): i32 {
    return this.escapes > 0 ? min(this.escapes, ESCAPES) : this.outLeft;
  }

  /** The first n of them are on their way. */
  sent(n: i32): void {
    if (this.escapes > 0) {
      this.escapes -= n;
      return;
    }
    this.out += n;
    this.outLeft -= n;
  }

  // --- Bytes in ---

  /**
   * From inside the handling of an Info or Urc event: the `len` bytes after this line are data. They go to `ptr`, or
   * nowhere if that is 0; then a Data event comes. After DATA_MS the block is given up and `dataLost` set.
   */
  expectData(ptr: usize, len: i32): void {
    this.dataAt = ptr;
    this.dataLeft = len;
    this.dataUntil = UNSET;
  }

  /** Takes received bytes up to the next event and returns how many it took; call again with the rest. */
  feed(ptr: usize, len: i32): i32 {
    this.event = AtEvent.None;
    let i = 0;
    while (i < len) {
      if (this.dataLeft > 0) {
        const n = min(len - i, this.dataLeft);
        if (this.dataAt != 0) {
          memory.copy(this.dataAt, ptr + i, n);
          this.dataAt += n;
        }
        this.dataLeft -= n;
        i += n;
        if (this.dataLeft > 0) return i;
        this.startLine();
        this.event = AtEvent.Data;
        return i;
      }
      const c: u32 = load<u8>(ptr + i);
      if (this.isPayloadEcho(c)) {
        i++;
        continue;
      }
      // CR LF ends a line; so does CR alone (echo), which shows only now.
      if (this.crSeen && c != LF) {
        this.crSeen = false;
        if (this.endLine()) return i;
      }
      i++;
      if (c == LF) {
        this.crSeen = false;
        if (this.endLine()) return i;
      } else if (c == CR) {
        this.crSeen = true;
      } else {
        this.character(c);
      }
    }
    return i;
  }

  private character(c: u32): void {
    if (this.lineDone) this.startLine();
    if (this.lineLen == 0) {
      if (c == changetype<D>(0).prompt && this.phase == Phase.Prompt) {
        this.phase = Phase.Payload;
        this.until = UNSET;
        this.out = this.payload;
        this.outLeft = this.payloadLen;
        this.echoAt = this.echoed ? 0 : -1;
        this.skipBlank = true;
        return;
      }
      if (c == 0x20 && this.skipBlank) {
        this.skipBlank = false;
        return;
      }
    }
    this.skipBlank = false;
    if (this.lineLen == LINE_MAX) {
      this.lineTooLong = true;
      return;
    }
    store<u8>(this.line + this.lineLen++, c);
  }

  private startLine(): void {
    this.lineLen = 0;
    this.lineTooLong = false;
    this.lineDone = false;
  }

  /** A modem with echo on sends the payload back; those bytes are the caller's own and no lines. */
  private isPayloadEcho(c: u32): bool {
    if (this.phase != Phase.Payload || this.echoAt < 0) return false;
    if (this.skipBlank && c == 0x20) {
      this.skipBlank = false;
      return true;
    }
    this.skipBlank = false;
    if (this.echoAt < this.payloadLen && load<u8>(this.payload + this.echoAt) == c) {
      this.echoAt++;
      return true;
    }
    this.echoAt = -1;
    return false;
  }

  /** A line is complete. True when the owner is to see it. */
  private endLine(): bool {
    if (this.lineDone || this.lineLen == 0 || this.lineTooLong) {
      this.startLine();
      return false;
    }
    this.lineDone = true;
    const line = this.line;
    const len = this.lineLen;

    if (this.isCommandEcho(line, len)) return false;
    const final = changetype<D>(0).finalResult(line, len);
    if (final != AtResult.None) {
      this.final(final, line, len);
      return false;
    }
    if (this.phase == Phase.Ask && startsWith(line, len, changetype<D>(0).probeAnswer)) {
      this.asked = true;
      return false;
    }
    const mine = this.phase == Phase.Reply && this.expect.length > 0 && startsWith(line, len, this.expect);
    this.event = mine ? AtEvent.Info : AtEvent.Urc;
    return true;
  }

  private isCommandEcho(line: usize, len: i32): bool {
    if ((this.phase != Phase.Reply && this.phase != Phase.Prompt) || len != this.commandLen) return false;
    if (memory.compare(line, this.commandPtr, len) != 0) return false;
    this.echoed = true;
    return true;
  }

  private final(result: AtResult, line: usize, len: i32): void {
    const sending = this.phase == Phase.Payload;
    switch (this.phase) {
      case Phase.Reply:
      case Phase.Prompt:
      case Phase.Payload: {
        // Sent ends a send and nothing else; Ok ends everything but a send.
        if (result == AtResult.Ok && this.phase != Phase.Reply) return;
        if (result == AtResult.Sent || result == AtResult.SendFail) {
          if (!sending) return;
          if (result == AtResult.Sent) {
            if (this.outLeft > 0) return;
            result = AtResult.Ok;
          }
        }
        this.code = result == AtResult.Cme ? cmeCode(line, len) : 0;
        this.done(result);
        return;
      }
      case Phase.Ask:
        if (this.asked) {
          this.owed--;
          this.heard = true;
        }
        return;
      case Phase.Quiet:
        this.owed = max(0, this.owed - 1);
        this.heard = true;
        return;
      case Phase.Calm:
        this.heard = true;
        return;
      default:
        return; // late, and to nobody
    }
  }
}
