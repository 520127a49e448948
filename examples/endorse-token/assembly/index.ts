// Opens a door of a company that has never heard of this device: the platform endorses in a signed token which SIM the
// device has, and the company's server verifies the token with the platform's public key.
//
// The token is a credential for as long as it lives: it goes over TLS only, and never into the log.

export * from "akari/app";
import { LogLevel, NetKind, clock_ms, gpio_write } from "akari/board";
import { Bg95Tls } from "akari/modem/quectel/bg95";
import { Method } from "akari/net/http/fields";
import { place } from "akari/place";
import { EndorseClient, HttpService, Outcome, Soracom } from "akari/soracom";
import { sleepUntil } from "akari/time";
import { Ascii } from "akari/util/ascii";
import { Backoff } from "akari/util/backoff";
import { beginLog, endLog, logText } from "akari/util/log";
import { drawSeed } from "akari/util/seed";
import { Draft } from "akari/util/text";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
const DOOR = 4;
const OPEN_MS: i64 = 5_000;
const PERIOD_MS: i64 = 600_000;
const ANSWER_MAX = 64;

const enum Step {
  /** Until the next visit. */
  Rest,
  /** Asks the platform for a token. */
  Token,
  /** Shows it at the door. */
  Door,
  /** The door is open. */
  Inside,
}

type Modem = Bg95Tls<Soracom>;


@unmanaged
class Answer {
  @bytes(ANSWER_MAX) bytes: usize;
}

const backoff = place<Backoff>();
const answer = place<Answer>();
const parameters = place<Draft>();
const endorse = place<EndorseClient<Modem>>();
const door = place<HttpService<Modem>>();
const modem = place<Modem>();

let step: Step = Step.Rest;
let at: i64 = 0;
let visit: i32 = 0;

export function setup(): void {
  logText(LogLevel.Info, "endorse-token: started");
  modem.begin(MODEM_PORT, MODEM_BAUD);
  backoff.seed(drawSeed());
  endorse.open(modem);
  door.attach(modem, "door.example", 443, NetKind.Tls);
}

export function loop(): i32 {
  const now = clock_ms();
  modem.step(now);
  const token = endorse.stepToken(now);
  const opened = door.step(now);
  if (step == Step.Rest && modem.ready && now >= at) {
    // What the door is to know goes into the token, under the platform's signature.
    parameters.compose().str('{"door":"north","visit":').num(++visit).str("}");
    endorse.post(now, parameters.ptr, parameters.length);
    step = Step.Token;
  } else if (step == Step.Token && token == Outcome.Delivered) {
    beginLog("endorse: a token of ").num(endorse.tokenLength).str(" bytes");
    endLog(LogLevel.Info);
    door.begin(Method.Post, "/enter").header("Content-Type", "application/jwt");
    door.send(now, endorse.token, endorse.tokenLength, answer.bytes, ANSWER_MAX);
    step = Step.Door;
  } else if (step == Step.Door && opened == Outcome.Delivered) {
    logText(LogLevel.Info, "door: opens");
    gpio_write(DOOR, 1);
    step = Step.Inside;
    at = now + OPEN_MS;
    backoff.reset();
  } else if (step == Step.Inside && now >= at) {
    logText(LogLevel.Info, "door: closes");
    gpio_write(DOOR, 0);
    step = Step.Rest;
    at = now + PERIOD_MS;
  } else if (token != Outcome.Pending) {
    failed(now, "endorse: no token, status ", endorse.code);
  } else if (opened != Outcome.Pending) {
    failed(now, "door: stays closed, status ", door.code);
  }
  const turn = step == Step.Inside || (step == Step.Rest && modem.ready) ? at : i64.MAX_VALUE;
  return sleepUntil(now, modem.deadline, endorse.deadline, door.deadline, turn);
}

function failed(now: i64, what: Ascii, code: i32): void {
  beginLog(what).num(code).str(", trying again later");
  endLog(LogLevel.Warn);
  step = Step.Rest;
  at = now + backoff.next(5_000, 600_000);
}
