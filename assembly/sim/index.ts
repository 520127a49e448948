// The SIM card: an app like any other, whose UART 0 is the ISO 7816 contacts and whose store is the card's EEPROM.
//
// t0 (characters) or direct (whole APDUs) -> apdu (which command; gsm for class A0) -> files, pin, authenticate, manage-channel,
// toolkit -> store.
// What makes one card different from another is personalised into the store from outside (store.ts says in what form).
// MILENAGE, the SQN rules and AES live in ../aka and ../crypto.

export * from "../app";
import { Status, UartEvent, UartFormat, clock_ms, uart_events, uart_open, uart_read, uart_write } from "../board";
import { atrWrite } from "./atr";
import { cardReset } from "./apdu";
import { commandBuffer, commandWipe } from "./command";
import { directApdu, directReset } from "./direct";
import { t0Busy, t0Fail, t0Output, t0OutputDone, t0OutputLength, t0Poll, t0Receive, t0Reset } from "./t0";
import { DEFAULT_ETU } from "./timing";

const CONTACTS: i32 = 0;
const CHUNK_BYTES: i32 = 64;
const chunk: usize = memory.data(CHUNK_BYTES);
/** Bytes of the output that the line has taken. */
let sent: i32 = 0;

/** Returned by `loop`: run again when something comes in, or when the line has room. */
const ON_INPUT: i32 = -1;
/** Milliseconds between two looks at a store that is busy. */
const BUSY_POLL: i32 = 5;

/** Power is on; the card waits for RST. */
export function setup(): void {
  uart_open(CONTACTS, DEFAULT_ETU, UartFormat.Iso7816);
  cardReset();
}

export function loop(): i32 {
  const events = uart_events(CONTACTS);
  if (events > 0) lineEvents(events);
  send();
  let len = uart_read(CONTACTS, chunk, CHUNK_BYTES);
  while (len > 0) {
    for (let i = 0; i < len && i < CHUNK_BYTES; i++) {
      t0Receive(load<u8>(chunk + i));
      send();
    }
    memory.fill(chunk, 0, CHUNK_BYTES);
    len = uart_read(CONTACTS, chunk, CHUNK_BYTES);
  }
  if (!t0Busy()) return ON_INPUT;
  t0Poll(clock_ms());
  send();
  return t0Busy() ? BUSY_POLL : ON_INPUT;
}

function lineEvents(events: i32): void {
  if (events & UartEvent.Reset) {
    uart_open(CONTACTS, DEFAULT_ETU, UartFormat.Iso7816);
    sent = 0;
    t0Reset();
  } else if (events & (UartEvent.Parity | UartEvent.Overrun | UartEvent.HangUp)) {
    sent = 0;
    t0Fail();
  }
}

/** Hands over what is to be said; a new rate holds for the line once all of it has gone out. */
function send(): void {
  const len = t0OutputLength();
  if (len == 0) return;
  const taken = uart_write(CONTACTS, t0Output() + sent, len - sent);
  if (taken > 0) sent += taken;
  if (sent < len) return;
  sent = 0;
  const etu = t0OutputDone();
  if (etu != 0 && uart_open(CONTACTS, etu, UartFormat.Iso7816) != Status.Ok) t0Fail();
}

// --- For boards that hand APDUs over in memory ---

/** Address of a buffer of 261 bytes for commands and their answers. */
export function apdu_buffer(): usize {
  return commandBuffer;
}

/** Resets the card; its ATR is in the buffer. Returns the ATR's length. */
export function apdu_reset(): i32 {
  cardReset();
  directReset();
  commandWipe();
  return atrWrite(commandBuffer);
}

/**
 * Runs the command APDU of `len` bytes in the buffer. Returns the length of the answer there: all data (at most 256
 * bytes) and SW1 SW2, without 61xx; or `Status.Again` while the store is busy: call it again, a little later, with the
 * buffer untouched.
 */
export function apdu(len: i32): i32 {
  return directApdu(len);
}
