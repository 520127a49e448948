// Reads a temperature sensor once a minute and sends it to the customer's server through SORACOM Beam.
//
// The device holds no password and no certificate: who it is, the SIM proves. What cannot be sent now waits in the
// board's store, in order, through loss of network, modem restarts and power cuts.

import { BOARD_ABI, LogLevel, adc_read, clock_ms, clock_unix_ms, entropy, uart_open } from "akari/assembly/board/index";
import { Bg95 } from "akari/assembly/modem/quectel/bg95";
import { serve } from "akari/assembly/modem/serial";
import { place } from "akari/assembly/place";
import { Soracom } from "akari/assembly/soracom/access-point";
import { Outbox } from "akari/assembly/soracom/outbox";
import { beginLog, endLog, logText } from "akari/assembly/util/log";
import { until } from "akari/assembly/util/wait";

/** UART port that the modem is wired to, and its speed. */
const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
/** Analogue channel of the sensor, a TMP36: 500 mV at 0 °C and 10 mV more for each degree. */
const SENSOR = 0;
const PERIOD_MS: i64 = 60_000;

type Modem = Bg95<Soracom>;

const modem = place<Modem>();
const outbox = place<Outbox<Modem>>();
const random = memory.data(4, 4);
let nextReading: i64 = 0;

// Where static data ends, for engines that give an app no more memory than that.
export { __data_end, __heap_base };

export function board_abi(): i32 {
  return BOARD_ABI;
}

/** Called once, at the start. */
export function setup(): void {
  logText(LogLevel.Info, "beam-telemetry: started");
  uart_open(MODEM_PORT, MODEM_BAUD, 0);
  entropy(random, 4);
  modem.begin(load<u32>(random));
  outbox.open(modem, "/telemetry");
  if (outbox.count > 0) {
    beginLog("unsent readings in the store: ").num(outbox.count);
    endLog(LogLevel.Info);
  }
}

/** Called again and again; returns after how many milliseconds it wants to be called if nothing comes in before. */
export function loop(): i32 {
  const now = clock_ms();
  if (now >= nextReading) {
    nextReading = now - (now % PERIOD_MS) + PERIOD_MS;
    takeReading(now);
  }
  const line = serve(modem, MODEM_PORT, now);
  outbox.step(now);
  return until(now, nextReading, min(line, modem.deadline), outbox.deadline);
}

function takeReading(now: i64): void {
  const millivolts = adc_read(SENSOR);
  if (millivolts < 0) {
    logText(LogLevel.Error, "no sensor");
    return;
  }
  const tenths = millivolts - 500; // 10 mV for each degree: 1 mV is a tenth
  const time = clock_unix_ms() >= 0 ? clock_unix_ms() : modem.unixMs(now);

  const json = outbox.compose();
  outbox.writeId(json.str('{"id":"'));
  json.str('","seq":').num(outbox.seq);
  if (time >= 0) json.str(',"t":').num(time);
  json.str(',"temperature":').tenths(tenths).str("}");

  beginLog("reading ").num(outbox.seq).str(": ").tenths(tenths).str(" C");
  endLog(LogLevel.Info);
  outbox.commit(now);
}
