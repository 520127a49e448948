// A device that keeps no settings: what it is for and how often it acts, it asks the platform at every start and every
// hour. The settings belong to the SIM: with another SIM the same device is another device.

export * from "akari/app";
import { LogLevel, Status, adc_read, clock_ms, gpio_write } from "akari/board";
import { Bg95 } from "akari/modem/quectel/bg95";
import { place } from "akari/place";
import { MetadataClient, Outcome, Soracom } from "akari/soracom";
import { sleepUntil } from "akari/time";
import { Ascii } from "akari/util/ascii";
import { Backoff } from "akari/util/backoff";
import { JsonKind, JsonReader } from "akari/util/json";
import { beginLog, endLog, logText } from "akari/util/log";
import { drawSeed } from "akari/util/seed";
import { equals } from "akari/util/text";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
const SENSOR = 0;
const LAMP = 2;
const ASK_MS: i64 = 3_600_000;
const DEFAULT_SECONDS = 60;
const ANSWER_MAX = 512;
const TAG: Ascii = "role";

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


@unmanaged
class Answer {
  @bytes(ANSWER_MAX) bytes: usize;
}

const backoff = place<Backoff>();
const json = place<JsonReader>();
const answer = place<Answer>();
const metadata = place<MetadataClient<Modem>>();
const modem = place<Modem>();

let asked: Asked = Asked.Nothing;
let askAt: i64 = 0;
let role: Role = Role.Idle;
let periodMs: i64 = 0;
let actAt: i64 = 0;
let lampOn: i32 = 0;

export function setup(): void {
  logText(LogLevel.Info, "stateless-config: started, without any settings");
  modem.begin(MODEM_PORT, MODEM_BAUD);
  backoff.seed(drawSeed());
  metadata.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  modem.step(now);
  ask(now);
  if (role != Role.Idle && now >= actAt) {
    actAt = now + periodMs;
    act();
  }
  const asks = asked == Asked.Nothing && modem.ready ? askAt : i64.MAX_VALUE;
  const acts = role == Role.Idle ? i64.MAX_VALUE : actAt;
  return sleepUntil(now, modem.deadline, metadata.deadline, asks, acts);
}

function ask(now: i64): void {
  const outcome = metadata.step(now);
  if (asked == Asked.Nothing) {
    if (!modem.ready || now < askAt) return;
    asked = Asked.Userdata;
    metadata.userdata(now, answer.bytes, ANSWER_MAX);
  } else if (outcome == Outcome.Retry) {
    asked = Asked.Nothing;
    askAt = now + backoff.next(2_000, 300_000);
    logText(LogLevel.Warn, "no settings now, asking again later");
  } else if (outcome != Outcome.Pending && asked == Asked.Userdata) {
    takeUserdata(outcome == Outcome.Delivered && metadata.http.result == Status.Ok);
    asked = Asked.Role;
    metadata.tag(now, TAG.ptr, TAG.length, answer.bytes, ANSWER_MAX);
  } else if (outcome != Outcome.Pending) {
    takeRole(outcome == Outcome.Delivered);
    asked = Asked.Nothing;
    askAt = now + ASK_MS;
    actAt = now;
    backoff.reset();
  }
}

function takeUserdata(isThere: bool): void {
  const kind = isThere ? json.find(answer.bytes, metadata.answerLength, "period") : JsonKind.None;
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
  if (isThere && equals(answer.bytes, metadata.answerLength, "thermometer")) role = Role.Thermometer;
  if (isThere && equals(answer.bytes, metadata.answerLength, "lamp")) role = Role.Lamp;
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
