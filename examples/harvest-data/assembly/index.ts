// Reads a temperature sensor once a minute and stores it at the platform, in SORACOM Harvest Data, under the time at
// which it was read: what was read without network is stored later, and stands where it belongs.

import { BOARD_ABI, LogLevel, adc_read, clock_ms, entropy, uart_open } from "akari/assembly/board/index";
import { Bg95 } from "akari/assembly/modem/quectel/bg95";
import { serve } from "akari/assembly/modem/serial";
import { place } from "akari/assembly/place";
import { Soracom } from "akari/assembly/soracom/access-point";
import { HarvestHttp } from "akari/assembly/soracom/harvest-data";
import { Outcome } from "akari/assembly/soracom/outcome";
import { Backoff } from "akari/assembly/util/backoff";
import { beginLog, endLog, logText } from "akari/assembly/util/log";
import { Text } from "akari/assembly/util/text";
import { until } from "akari/assembly/util/wait";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
const SENSOR = 0;
const PERIOD_MS: i64 = 60_000;
/** Readings that wait in memory; then the oldest is dropped. */
const SLOTS = 64;
const BODY_MAX = 64;

type Modem = Bg95<Soracom>;

const modem = place<Modem>();
const harvest = place<HarvestHttp<Modem>>();
const backoff = place<Backoff>();
const text = place<Text>();
/** Of reading n modulo SLOTS: when (`clock_ms`), and tenths of a degree. */
const times = memory.data(SLOTS * 8, 8);
const values = memory.data(SLOTS * 4, 4);
const random = memory.data(4, 4);
const body = memory.data(BODY_MAX);

let head: i32 = 0;
let tail: i32 = 0;
let sending: i32 = 0; // 0 none, otherwise reading number + 1
let nextReading: i64 = 0;
let retryAt: i64 = 0;

export function board_abi(): i32 {
  return BOARD_ABI;
}

export function setup(): void {
  logText(LogLevel.Info, "harvest-data: started");
  uart_open(MODEM_PORT, MODEM_BAUD, 0);
  entropy(random, 4);
  modem.begin(load<u32>(random));
  backoff.seed(load<u32>(random));
  harvest.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  if (now >= nextReading) {
    nextReading = now - (now % PERIOD_MS) + PERIOD_MS;
    store<i64>(times + (tail % SLOTS) * 8, now);
    store<i32>(values + (tail % SLOTS) * 4, adc_read(SENSOR) - 500); // TMP36: a millivolt is a tenth of a degree
    if (++tail - head > SLOTS) head = tail - SLOTS;
  }
  const line = serve(modem, MODEM_PORT, now);
  const outcome = harvest.step(now);
  if (outcome != Outcome.Pending) finish(now, outcome);
  const unixMs = modem.unixMs(now);
  const waits = head < tail && sending == 0 && modem.ready && unixMs >= 0;
  if (waits && now >= retryAt) send(now, unixMs);
  return until(now, min(nextReading, waits ? retryAt : i64.MAX_VALUE), min(line, modem.deadline), harvest.deadline);
}

function send(now: i64, unixMs: i64): void {
  const slot = head % SLOTS;
  sending = head + 1;
  text
    .on(body, BODY_MAX)
    .str('{"temperature":')
    .tenths(load<i32>(values + slot * 4))
    .str("}");
  const time = unixMs - (now - load<i64>(times + slot * 8));
  harvest.post(now, "application/json", time, body, text.length, 0, 0);
}

function finish(now: i64, outcome: Outcome): void {
  const n = sending - 1;
  sending = 0;
  if (outcome == Outcome.Delivered) {
    head = max(head, n + 1);
    backoff.reset();
    beginLog("harvest: stored reading ")
      .num(n)
      .str(", waiting ")
      .num(tail - head);
    endLog(LogLevel.Info);
    return;
  }
  const wait = backoff.next(2_000, 300_000);
  retryAt = now + wait;
  beginLog("harvest: not stored, status ").num(harvest.code).str(", again in ").num(wait).str(" ms");
  endLog(LogLevel.Warn);
}
