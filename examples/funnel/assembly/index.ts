// Reads a temperature sensor once a minute and hands it to a cloud's intake through SORACOM Funnel: one datagram out,
// one back when the cloud has accepted it. The cloud's credentials stay with the platform.

export * from "akari/app";
import { LogLevel, adc_read, clock_ms } from "akari/board";
import { Bg95 } from "akari/modem/quectel/bg95";
import { place } from "akari/place";
import { FunnelUdp, Outcome, Soracom } from "akari/soracom";
import { Every, sleepUntil } from "akari/time";
import { beginLog, endLog, logText } from "akari/util/log";

/** UART port that the modem is wired to, and its speed. */
const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
/** Analogue channel of a TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree. */
const SENSOR = 0;
const PERIOD_MS = 60_000;

type Modem = Bg95<Soracom>;

const minute = place<Every>();
const funnel = place<FunnelUdp<Modem>>();
const modem = place<Modem>();

export function setup(): void {
  logText(LogLevel.Info, "funnel: started");
  modem.begin(MODEM_PORT, MODEM_BAUD);
  funnel.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  modem.step(now);
  const outcome = funnel.step(now);
  if (outcome != Outcome.Pending) finish(outcome);
  if (minute.isDue(now, PERIOD_MS, modem.ready && funnel.idle)) {
    const reading = funnel.compose().str('{"seq":').num(funnel.seq).str(',"temperature":');
    funnel.send(now, reading.tenths(adc_read(SENSOR) - 500).str("}"));
  }
  return sleepUntil(now, modem.deadline, funnel.deadline, minute.deadline);
}

function finish(outcome: Outcome): void {
  const isDelivered = outcome == Outcome.Delivered;
  const line = beginLog(isDelivered ? "funnel: the cloud has " : "funnel: not accepted: ").num(funnel.seq);
  line.str(", status ").num(funnel.code);
  if (funnel.answerLength > 0) line.str(" ").bytes(funnel.answer, funnel.answerLength);
  endLog(isDelivered ? LogLevel.Info : LogLevel.Warn);
}
