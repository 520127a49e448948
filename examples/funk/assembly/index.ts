// Asks a function in a cloud what to do: sends the temperature once a minute through SORACOM Funk, waits for the
// function's answer, `{"fan":"on"}` or `{"fan":"off"}`, and switches the fan. The decision is a few lines of JavaScript
// that are changed without touching a device.

import { BOARD_ABI, LogLevel, adc_read, clock_ms, entropy, gpio_write, uart_open } from "akari/assembly/board/index";
import { Bg95 } from "akari/assembly/modem/quectel/bg95";
import { serve } from "akari/assembly/modem/serial";
import { place } from "akari/assembly/place";
import { Soracom } from "akari/assembly/soracom/access-point";
import { FunkTcp } from "akari/assembly/soracom/funk";
import { Outcome } from "akari/assembly/soracom/outcome";
import { JsonKind, JsonReader } from "akari/assembly/util/json";
import { beginLog, endLog, logText } from "akari/assembly/util/log";
import { Text } from "akari/assembly/util/text";
import { until } from "akari/assembly/util/wait";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
const SENSOR = 0;
const FAN = 3;
const PERIOD_MS: i64 = 60_000;
const MESSAGE_MAX = 64;
const ANSWER_MAX = 256;

type Modem = Bg95<Soracom>;

const modem = place<Modem>();
const funk = place<FunkTcp<Modem>>();
const json = place<JsonReader>();
const text = place<Text>();
const random = memory.data(4, 4);
const message = memory.data(MESSAGE_MAX);
const answer = memory.data(ANSWER_MAX);

let asking: bool = false;
let due: i64 = 0;

export function board_abi(): i32 {
  return BOARD_ABI;
}

export function setup(): void {
  logText(LogLevel.Info, "funk: started");
  uart_open(MODEM_PORT, MODEM_BAUD, 0);
  entropy(random, 4);
  modem.begin(load<u32>(random));
  funk.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  const line = serve(modem, MODEM_PORT, now);
  const outcome = funk.step(now);
  if (outcome != Outcome.Pending) obey(outcome);
  if (!asking && modem.ready && now >= due) {
    due = now - (now % PERIOD_MS) + PERIOD_MS;
    // A TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree.
    text
      .on(message, MESSAGE_MAX)
      .str('{"temperature":')
      .tenths(adc_read(SENSOR) - 500)
      .str("}");
    funk.send(now, message, text.length, answer, ANSWER_MAX);
    asking = true;
  }
  return until(now, !asking && modem.ready ? due : i64.MAX_VALUE, min(line, modem.deadline), funk.deadline);
}

function obey(outcome: Outcome): void {
  asking = false;
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
