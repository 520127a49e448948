// Reads a temperature sensor once a minute and sends it to the customer's server through SORACOM Beam.
//
// The device holds no password and no certificate: who it is, the SIM proves. What cannot be sent now waits in the
// board's store, in order, through loss of network, modem restarts and power cuts.

export * from "akari/app";
import { LogLevel, adc_read, clock_ms, clock_unix_ms } from "akari/board";
import { Bg95 } from "akari/modem/quectel/bg95";
import { place } from "akari/place";
import { Outbox, Soracom } from "akari/soracom";
import { Every, sleepUntil } from "akari/time";
import { beginLog, endLog, logText } from "akari/util/log";

/** UART port that the modem is wired to, and its speed. */
const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
/** Analogue channel of the sensor, a TMP36: 500 mV at 0 °C and 10 mV more for each degree. */
const SENSOR = 0;
const PERIOD_MS = 60_000;

type Modem = Bg95<Soracom>;

const minute = place<Every>();
const modem = place<Modem>();
const outbox = place<Outbox<Modem>>();

/** Called once, at the start. */
export function setup(): void {
  logText(LogLevel.Info, "beam-telemetry: started");
  modem.begin(MODEM_PORT, MODEM_BAUD);
  outbox.open(modem, "/telemetry");
  if (outbox.count > 0) {
    beginLog("unsent readings in the store: ").num(outbox.count);
    endLog(LogLevel.Info);
  }
}

/** Called again and again; returns after how many milliseconds it wants to be called if nothing comes in before. */
export function loop(): i32 {
  const now = clock_ms();
  if (minute.isDue(now, PERIOD_MS)) takeReading(now);
  modem.step(now);
  outbox.step(now);
  return sleepUntil(now, modem.deadline, outbox.deadline, minute.deadline);
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
