// The AT client by itself, and the BG95 driver: bytes in, bytes out, time as an argument. One of each.

import { clear, place } from "../place";
import { ascii } from "./ascii";
import { AtClient, AtEvent } from "../modem/at";
import { Bg95Driver } from "../modem/quectel/bg95";
import { Quectel } from "../modem/quectel/dialect";
import { QuectelTls } from "../modem/quectel/tls";
import { Soracom } from "../soracom/access-point";

const at = place<AtClient<Quectel>>();
const bg95 = place<Bg95Driver<Soracom, QuectelTls>>();
const block = memory.data(1500);
let blockLength: i32 = 0;

// The client keeps a pointer to it: it must not be collected.
let payload: Uint8Array = changetype<Uint8Array>(0);

export function atReset(): void {
  at.reset();
  at.dataLost = false;
}

/** Sends a command; with a payload at its prompt if that is not empty. */
export function atSend(now: f64, timeout: i32, command: string, prefix: string, data: Uint8Array): void {
  payload = data;
  at.command().str(ascii(command));
  if (data.length > 0) at.sendData(<i64>now, timeout, timeout, payload.dataStart, payload.length);
  else at.send(<i64>now, timeout, ascii(prefix));
}

/** Feeds bytes; a line that begins with `+QIRD: n` announces n bytes of data. Returns what happened, a line for each. */
export function atFeed(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    i += at.feed(bytes.dataStart + i, bytes.length - i);
    if (at.event == AtEvent.Data) {
      text += "data " + String.UTF8.decodeUnsafe(block, blockLength) + "\n";
    } else if (at.event != AtEvent.None) {
      const line = String.UTF8.decodeUnsafe(at.line, at.lineLength);
      text += (at.event == AtEvent.Info ? "info " : "urc ") + line + "\n";
      if (line.startsWith("+QIRD: ")) {
        blockLength = <i32>parseInt(line.substring(7), 10);
        if (blockLength > 0 && blockLength <= 1500) at.expectData(block, blockLength);
      }
    }
  }
  return text;
}

export function atStep(now: f64): void {
  at.step(<i64>now);
}

/** `AtResult` of the last command. */
export function atResult(): i32 {
  return at.result;
}

/** Of +CME ERROR. */
export function atCode(): i32 {
  return at.code;
}

export function atIdle(): bool {
  return at.idle;
}

export function atDataLost(): bool {
  return at.dataLost;
}

export function atDeadline(): f64 {
  return at.deadline == i64.MAX_VALUE ? Infinity : <f64>at.deadline;
}

/** Takes all that is to be sent. */
export function atOutput(): Uint8Array {
  const out = new Uint8Array(4096);
  let n = 0;
  while (at.outLen > 0) {
    const len = at.outLen;
    memory.copy(out.dataStart + n, at.outPtr, len);
    n += len;
    at.sent(len);
  }
  return out.slice(0, n);
}

// --- The driver ---

export function bg95Begin(seed: u32, push: bool): void {
  clear(bg95);
  bg95.push = push;
  bg95.begin(seed);
}

export function bg95Feed(bytes: Uint8Array): void {
  bg95.feed(bytes.dataStart, bytes.length);
}

export function bg95Step(now: f64): void {
  bg95.step(<i64>now);
}

export function bg95Deadline(): f64 {
  return bg95.deadline == i64.MAX_VALUE ? Infinity : <f64>bg95.deadline;
}

export function bg95Output(): Uint8Array {
  const out = new Uint8Array(4096);
  let n = 0;
  while (bg95.outLen > 0) {
    const len = bg95.outLen;
    memory.copy(out.dataStart + n, bg95.outPtr, len);
    n += len;
    bg95.sent(len);
  }
  return out.slice(0, n);
}

/** `ModemState`. */
export function bg95State(): i32 {
  return bg95.state;
}

export function bg95Ready(): bool {
  return bg95.ready;
}

/** `kind` is a `NetKind`. */
export function bg95Open(kind: i32, host: Uint8Array, port: i32): i32 {
  return bg95.open(kind, host.dataStart, host.length, port);
}

export function bg95Status(handle: i32): i32 {
  return bg95.status(handle);
}

export function bg95Write(handle: i32, bytes: Uint8Array): i32 {
  return bg95.write(handle, bytes.dataStart, bytes.length);
}

/** What was received, at most `limit` bytes; empty also when the socket has failed. */
export function bg95Read(handle: i32, limit: i32): Uint8Array {
  const out = new Uint8Array(limit);
  const n = bg95.read(handle, out.dataStart, limit);
  return out.slice(0, max(0, n));
}

export function bg95Close(handle: i32): void {
  bg95.close(handle);
}
