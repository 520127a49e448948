// A device that keeps no settings: what it is for and how often it acts, it asks the platform at every start and every
// hour. The settings belong to the SIM: with another SIM the same device is another device.

import {
  BOARD_ABI,
  LogLevel,
  Status,
  adc_read,
  clock_ms,
  entropy,
  gpio_write,
  uart_open,
} from "akari/assembly/board/index";
import { Bg95 } from "akari/assembly/modem/quectel/bg95";
import { serve } from "akari/assembly/modem/serial";
import { place } from "akari/assembly/place";
import { Soracom } from "akari/assembly/soracom/access-point";
import { MetadataClient } from "akari/assembly/soracom/metadata";
import { Outcome } from "akari/assembly/soracom/outcome";
import { Backoff } from "akari/assembly/util/backoff";
import { JsonKind, JsonReader } from "akari/assembly/util/json";
import { beginLog, endLog, logText } from "akari/assembly/util/log";
import { equals } from "akari/assembly/util/text";
import { until } from "akari/assembly/util/wait";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
const SENSOR = 0;
const LAMP = 2;
const ASK_MS: i64 = 3_600_000;
const DEFAULT_SECONDS = 60;
const ANSWER_MAX = 512;

const enum Asked {
  Nothing,
  /** The group's userdata: JSON with the period in seconds. */
  Userdata,
  /** The SIM's tag "role". */
  Role,
}

const enum Role {
  Idle,
  Thermometer,
  Lamp,
}

type Modem = Bg95<Soracom>;

const modem = place<Modem>();
const metadata = place<MetadataClient<Modem>>();
const backoff = place<Backoff>();
const json = place<JsonReader>();
const random = memory.data(4, 4);
const answer = memory.data(ANSWER_MAX);
const TAG = memory.data<u8>([0x72, 0x6f, 0x6c, 0x65]); // role

let asked: Asked = Asked.Nothing;
let askAt: i64 = 0;
let role: Role = Role.Idle;
let periodMs: i64 = 0;
let actAt: i64 = 0;
let lampOn: i32 = 0;

export function board_abi(): i32 {
  return BOARD_ABI;
}

export function setup(): void {
  logText(LogLevel.Info, "stateless-config: started, without any settings");
  uart_open(MODEM_PORT, MODEM_BAUD, 0);
  entropy(random, 4);
  modem.begin(load<u32>(random));
  backoff.seed(load<u32>(random));
  metadata.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  const line = serve(modem, MODEM_PORT, now);
  ask(now);
  if (role != Role.Idle && now >= actAt) {
    actAt = now + periodMs;
    act();
  }
  const asks = asked == Asked.Nothing && modem.ready ? askAt : i64.MAX_VALUE;
  const acts = role == Role.Idle ? i64.MAX_VALUE : actAt;
  return until(now, min(asks, acts), min(line, modem.deadline), metadata.deadline);
}

function ask(now: i64): void {
  const outcome = metadata.step(now);
  if (asked == Asked.Nothing) {
    if (!modem.ready || now < askAt) return;
    asked = Asked.Userdata;
    metadata.userdata(now, answer, ANSWER_MAX);
  } else if (outcome == Outcome.Retry) {
    asked = Asked.Nothing;
    askAt = now + backoff.next(2_000, 300_000);
    logText(LogLevel.Warn, "no settings now, asking again later");
  } else if (outcome != Outcome.Pending && asked == Asked.Userdata) {
    takeUserdata(outcome == Outcome.Delivered && metadata.http.result == Status.Ok);
    asked = Asked.Role;
    metadata.tag(now, TAG, 4, answer, ANSWER_MAX);
  } else if (outcome != Outcome.Pending) {
    takeRole(outcome == Outcome.Delivered);
    asked = Asked.Nothing;
    askAt = now + ASK_MS;
    actAt = now;
    backoff.reset();
  }
}

function takeUserdata(isThere: bool): void {
  const kind = isThere ? json.find(answer, metadata.answerLength, "period") : JsonKind.None;
  const seconds = kind == JsonKind.Number ? json.integer(0) : 0;
  // What makes no sense is not obeyed.
  const isValid = seconds >= 1 && seconds <= 86_400;
  if (!isValid) {
    const line = beginLog("period: the default, ");
    if (kind != JsonKind.None)
      line.str("it is to be 1 to 86400 whole seconds, and is ").bytes(json.ptr, min(json.len, 32));
    else if (isThere) line.str('userdata has no member "period"');
    else if (metadata.http.result == Status.TooLong) line.str("userdata is longer than ").num(ANSWER_MAX).str(" bytes");
    else line.str("no userdata, status ").num(metadata.code);
    endLog(LogLevel.Warn);
  }
  periodMs = <i64>(isValid ? seconds : DEFAULT_SECONDS) * 1_000;
  beginLog("period: ")
    .num(periodMs / 1_000)
    .str(" s");
  endLog(LogLevel.Info);
}

function takeRole(isThere: bool): void {
  role = Role.Idle;
  if (isThere && equals(answer, metadata.answerLength, "thermometer")) role = Role.Thermometer;
  if (isThere && equals(answer, metadata.answerLength, "lamp")) role = Role.Lamp;
  logText(
    LogLevel.Info,
    role == Role.Thermometer ? "role: thermometer" : role == Role.Lamp ? "role: lamp" : "role: none",
  );
}

function act(): void {
  if (role == Role.Lamp) {
    lampOn = 1 - lampOn;
    gpio_write(LAMP, lampOn);
    logText(LogLevel.Info, lampOn ? "lamp: on" : "lamp: off");
  } else {
    // A TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree.
    beginLog("temperature: ")
      .tenths(adc_read(SENSOR) - 500)
      .str(" C");
    endLog(LogLevel.Info);
  }
}
