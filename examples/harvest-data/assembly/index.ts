// Reads a temperature sensor once a minute and stores it at the platform, in SORACOM Harvest Data, under the time at
// which it was read: what was read without network is stored later, and stands where it belongs.

export * from "akari/app";
import { LogLevel, adc_read, clock_ms } from "akari/board";
import { Bg95 } from "akari/modem/quectel/bg95";
import { elementOf, place, strideOf } from "akari/place";
import { HarvestHttp, Outcome, Soracom } from "akari/soracom";
import { Every, sleepUntil } from "akari/time";
import { Backoff } from "akari/util/backoff";
import { beginLog, endLog, logText } from "akari/util/log";
import { drawSeed } from "akari/util/seed";
import { Draft } from "akari/util/text";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
/** Analogue channel of a TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree. */
const SENSOR = 0;
const PERIOD_MS = 60_000;
/** Readings that wait in memory; then the oldest is dropped. */
const SLOTS = 64;

type Modem = Bg95<Soracom>;


@unmanaged
class Reading {
  /** Milliseconds of the board's clock. */
  time: i64;
  /** Of a degree. */
  tenths: i32;
}

/** The last readings: number n in place n modulo SLOTS. */
@unmanaged
class Readings {
  @bytes(SLOTS * strideOf<Reading>(), 8) private table: usize;

  at(n: i32): Reading {
    return elementOf<Reading>(this.table, n % SLOTS);
  }
}

const minute = place<Every>();
const backoff = place<Backoff>();
const body = place<Draft>();
const harvest = place<HarvestHttp<Modem>>();
const modem = place<Modem>();
const readings = place<Readings>();

let head: i32 = 0;
let tail: i32 = 0;
let sending: i32 = 0; // 0 none, otherwise reading number + 1
let retryAt: i64 = 0;

export function setup(): void {
  logText(LogLevel.Info, "harvest-data: started");
  modem.begin(MODEM_PORT, MODEM_BAUD);
  backoff.seed(drawSeed());
  harvest.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  if (minute.isDue(now, PERIOD_MS)) takeReading(now);
  modem.step(now);
  const outcome = harvest.step(now);
  if (outcome != Outcome.Pending) finish(now, outcome);
  const unixMs = modem.unixMs(now);
  const waits = head < tail && sending == 0 && modem.ready && unixMs >= 0;
  if (waits && now >= retryAt) send(now, unixMs);
  const retry = waits ? retryAt : i64.MAX_VALUE;
  return sleepUntil(now, modem.deadline, harvest.deadline, minute.deadline, retry);
}

function takeReading(now: i64): void {
  const reading = readings.at(tail);
  reading.time = now;
  reading.tenths = adc_read(SENSOR) - 500;
  if (++tail - head > SLOTS) head = tail - SLOTS;
}

function send(now: i64, unixMs: i64): void {
  const reading = readings.at(head);
  sending = head + 1;
  body.compose().str('{"temperature":').tenths(reading.tenths).str("}");
  const time = unixMs - (now - reading.time);
  harvest.post(now, "application/json", time, body.ptr, body.length, 0, 0);
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
