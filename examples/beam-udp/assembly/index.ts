// A reading in one datagram of four bytes: number (16 bits) and tenths of a degree (16 bits, signed), most significant
// byte first. SORACOM Beam's UDP entry point turns it into JSON by the group's Binary Parser format and posts it to the
// customer's HTTPS server; `200` comes back in a datagram.

import { BOARD_ABI, LogLevel, adc_read, clock_ms, entropy, uart_open } from "akari/assembly/board/index";
import { Bg95 } from "akari/assembly/modem/quectel/bg95";
import { serve } from "akari/assembly/modem/serial";
import { place } from "akari/assembly/place";
import { Soracom } from "akari/assembly/soracom/access-point";
import { BeamUdp } from "akari/assembly/soracom/beam-message";
import { Outcome } from "akari/assembly/soracom/outcome";
import { beginLog, endLog, logText } from "akari/assembly/util/log";
import { until } from "akari/assembly/util/wait";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
const SENSOR = 0;
const PERIOD_MS: i64 = 60_000;
const ANSWER_MAX = 64;

type Modem = Bg95<Soracom>;

const modem = place<Modem>();
const beam = place<BeamUdp<Modem>>();
const random = memory.data(4, 4);
const reading = memory.data(4);
const answer = memory.data(ANSWER_MAX);

let sending: bool = false;
let seq: i32 = 0;
let due: i64 = 0;

export function board_abi(): i32 {
  return BOARD_ABI;
}

export function setup(): void {
  logText(LogLevel.Info, "beam-udp: started");
  uart_open(MODEM_PORT, MODEM_BAUD, 0);
  entropy(random, 4);
  modem.begin(load<u32>(random));
  beam.open(modem, load<u32>(random));
}

export function loop(): i32 {
  const now = clock_ms();
  const line = serve(modem, MODEM_PORT, now);
  const outcome = beam.step(now);
  if (outcome != Outcome.Pending) finish(outcome);
  if (!sending && modem.ready && now >= due) {
    due = now - (now % PERIOD_MS) + PERIOD_MS;
    // A TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree.
    store<u16>(reading, bswap<u16>(<u16>seq));
    store<u16>(reading + 2, bswap<u16>(<u16>(adc_read(SENSOR) - 500)));
    beam.send(now, reading, 4, answer, ANSWER_MAX);
    sending = true;
  }
  return until(now, !sending && modem.ready ? due : i64.MAX_VALUE, min(line, modem.deadline), beam.deadline);
}

function finish(outcome: Outcome): void {
  sending = false;
  const isDelivered = outcome == Outcome.Delivered;
  beginLog(isDelivered ? "beam: delivered " : "beam: no success with ")
    .num(seq)
    .str(", status ")
    .num(beam.code);
  endLog(isDelivered ? LogLevel.Info : LogLevel.Warn);
  seq++;
}
