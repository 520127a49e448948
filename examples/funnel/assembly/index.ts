// Reads a temperature sensor once a minute and hands it to a cloud's intake through SORACOM Funnel: one datagram out,
// one back when the cloud has accepted it. The cloud's credentials stay with the platform.

import { BOARD_ABI, LogLevel, adc_read, clock_ms, entropy, uart_open } from "akari/assembly/board/index";
import { Bg95 } from "akari/assembly/modem/quectel/bg95";
import { serve } from "akari/assembly/modem/serial";
import { place } from "akari/assembly/place";
import { Soracom } from "akari/assembly/soracom/access-point";
import { FunnelUdp } from "akari/assembly/soracom/funnel";
import { Outcome } from "akari/assembly/soracom/outcome";
import { beginLog, endLog, logText } from "akari/assembly/util/log";
import { Text } from "akari/assembly/util/text";
import { until } from "akari/assembly/util/wait";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
const SENSOR = 0;
const PERIOD_MS: i64 = 60_000;
const MESSAGE_MAX = 64;
const ANSWER_MAX = 128;

type Modem = Bg95<Soracom>;

const modem = place<Modem>();
const funnel = place<FunnelUdp<Modem>>();
const text = place<Text>();
const random = memory.data(4, 4);
const message = memory.data(MESSAGE_MAX);
const answer = memory.data(ANSWER_MAX);

let sending: bool = false;
let seq: i32 = 0;
let due: i64 = 0;

export function board_abi(): i32 {
  return BOARD_ABI;
}

export function setup(): void {
  logText(LogLevel.Info, "funnel: started");
  uart_open(MODEM_PORT, MODEM_BAUD, 0);
  entropy(random, 4);
  modem.begin(load<u32>(random));
  funnel.open(modem, load<u32>(random));
}

export function loop(): i32 {
  const now = clock_ms();
  const line = serve(modem, MODEM_PORT, now);
  const outcome = funnel.step(now);
  if (outcome != Outcome.Pending) finish(outcome);
  if (!sending && modem.ready && now >= due) {
    due = now - (now % PERIOD_MS) + PERIOD_MS;
    // A TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree.
    text
      .on(message, MESSAGE_MAX)
      .str('{"seq":')
      .num(seq)
      .str(',"temperature":')
      .tenths(adc_read(SENSOR) - 500)
      .str("}");
    funnel.send(now, message, text.length, answer, ANSWER_MAX);
    sending = true;
  }
  return until(now, !sending && modem.ready ? due : i64.MAX_VALUE, min(line, modem.deadline), funnel.deadline);
}

function finish(outcome: Outcome): void {
  sending = false;
  const isDelivered = outcome == Outcome.Delivered;
  const line = beginLog(isDelivered ? "funnel: the cloud has " : "funnel: not accepted: ").num(seq);
  line.str(", status ").num(funnel.code);
  if (funnel.answerLength > 0) line.str(" ").bytes(funnel.answer, funnel.answerLength);
  endLog(isDelivered ? LogLevel.Info : LogLevel.Warn);
  seq++;
}
