// Asks a function in a cloud what to do: sends the temperature once a minute through SORACOM Funk, waits for the
// function's answer, `{"fan":"on"}` or `{"fan":"off"}`, and switches the fan. The decision is a few lines of JavaScript
// that are changed without touching a device.

export * from "akari/app";
import { LogLevel, adc_read, clock_ms, gpio_write } from "akari/board";
import { Bg95 } from "akari/modem/quectel/bg95";
import { place } from "akari/place";
import { FunkTcp, Outcome, Soracom } from "akari/soracom";
import { Every, sleepUntil } from "akari/time";
import { JsonKind, JsonReader } from "akari/util/json";
import { beginLog, endLog, logText } from "akari/util/log";

/** UART port that the modem is wired to, and its speed. */
const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
/** Analogue channel of a TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree. */
const SENSOR = 0;
/** Digital output. */
const FAN = 3;
const PERIOD_MS = 60_000;

type Modem = Bg95<Soracom>;

const minute = place<Every>();
const json = place<JsonReader>();
const funk = place<FunkTcp<Modem>>();
const modem = place<Modem>();

export function setup(): void {
  logText(LogLevel.Info, "funk: started");
  modem.begin(MODEM_PORT, MODEM_BAUD);
  funk.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  modem.step(now);
  const outcome = funk.step(now);
  if (outcome != Outcome.Pending) obey(outcome);
  if (minute.isDue(now, PERIOD_MS, modem.ready && funk.idle)) {
    const reading = funk.compose().str('{"temperature":');
    funk.send(now, reading.tenths(adc_read(SENSOR) - 500).str("}"));
  }
  return sleepUntil(now, modem.deadline, funk.deadline, minute.deadline);
}

function obey(outcome: Outcome): void {
  const isAnswer = outcome == Outcome.Delivered && json.find(funk.answer, funk.answerLength, "fan") == JsonKind.String;
  if (isAnswer && (json.isText("on") || json.isText("off"))) {
    gpio_write(FAN, <i32>json.isText("on"));
    beginLog("funk: fan ").bytes(json.ptr, json.len);
    endLog(LogLevel.Info);
    return;
  }
  // Without an answer that it understands the fan stays as it is.
  beginLog("funk: no decision, status ").num(funk.code).str(" ").bytes(funk.answer, min(funk.answerLength, 64));
  endLog(LogLevel.Warn);
}
