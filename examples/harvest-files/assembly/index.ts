// Puts a log that is larger than the device's memory into SORACOM Harvest Files, and gets a file from there by ranges,
// goes on where it stood when the network breaks, and checks its SHA-256.

import { BOARD_ABI, LogLevel, clock_ms, entropy, uart_open } from "akari/assembly/board/index";
import {
  SHA256_BYTES,
  SHA256_CONTEXT_BYTES,
  sha256Final,
  sha256Init,
  sha256Update,
} from "akari/assembly/crypto/sha256";
import { Bg95 } from "akari/assembly/modem/quectel/bg95";
import { serve } from "akari/assembly/modem/serial";
import { place } from "akari/assembly/place";
import { Soracom } from "akari/assembly/soracom/access-point";
import { FilesClient } from "akari/assembly/soracom/harvest-files";
import { Outcome } from "akari/assembly/soracom/outcome";
import { Backoff } from "akari/assembly/util/backoff";
import { beginLog, endLog, logText } from "akari/assembly/util/log";
import { Text } from "akari/assembly/util/text";
import { until } from "akari/assembly/util/wait";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
/** The log: so many lines of 32 bytes; this one is made as it is sent, another would lie in flash. */
const LINES = 2_048;
const LINE = 32;
const PART = 512;
const DIGEST_TEXT = 64;

const enum Step {
  Upload,
  /** Gets the digest that the file is to have: 64 hexadecimal digits. */
  Digest,
  Download,
  Done,
}

type Modem = Bg95<Soracom>;

const modem = place<Modem>();
const files = place<FilesClient<Modem>>();
const backoff = place<Backoff>();
const text = place<Text>();
const hash = memory.data(SHA256_CONTEXT_BYTES, 8);
const digest = memory.data(SHA256_BYTES, 8);
const random = memory.data(4, 4);
const part = memory.data(PART);
const wanted = memory.data(DIGEST_TEXT);
const found = memory.data(DIGEST_TEXT);

let step: Step = Step.Upload;
let running: bool = false;
/** The file at hand is to go on where it stood. */
let broken: bool = false;
let at: i64 = 0;

export function board_abi(): i32 {
  return BOARD_ABI;
}

export function setup(): void {
  logText(LogLevel.Info, "harvest-files: started");
  uart_open(MODEM_PORT, MODEM_BAUD, 0);
  entropy(random, 4);
  modem.begin(load<u32>(random));
  backoff.seed(load<u32>(random));
  files.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  const line = serve(modem, MODEM_PORT, now);
  if (mayStart() && now >= at) start(now);
  if (files.wantsPart) files.givePart(part, writeLog(files.partAt));
  const outcome = files.step(now);
  if (files.partLength > 0) {
    take(files.offset, files.part, files.partLength);
    files.next(now);
  }
  if (outcome != Outcome.Pending) finish(now, outcome);
  return until(now, min(line, mayStart() ? at : i64.MAX_VALUE), modem.deadline, files.deadline);
}

function mayStart(): bool {
  return !running && step != Step.Done && modem.ready;
}

function start(now: i64): void {
  running = true;
  if (step == Step.Upload) {
    files.put(now, "/logs/:imsi/boot.txt", "text/plain", LINES * LINE);
  } else if (broken) {
    files.resume(now);
  } else {
    sha256Init(hash);
    files.get(now, step == Step.Digest ? "/firmware/app.bin.sha256" : "/firmware/app.bin");
  }
}

/** Writes the log from byte `from` of it, whole lines; returns the bytes. */
function writeLog(from: i32): i32 {
  // The net may have taken a part of a line.
  const first = from / LINE;
  text.on(part, PART);
  for (let i = first; i < min(first + PART / LINE, LINES); i++) {
    text
      .str("line ")
      .num(1_000_000 + i)
      .str(": all is well .....\n");
  }
  const skip = from - first * LINE;
  memory.copy(part, part + skip, text.length - skip);
  return text.length - skip;
}

function take(offset: i32, ptr: usize, len: i32): void {
  if (step == Step.Download) sha256Update(hash, ptr, len);
  else memory.copy(wanted + min(offset, DIGEST_TEXT), ptr, min(len, DIGEST_TEXT - min(offset, DIGEST_TEXT)));
}

function finish(now: i64, outcome: Outcome): void {
  running = false;
  broken = false;
  if (outcome == Outcome.Delivered && (step != Step.Download || isWanted())) {
    backoff.reset();
    at = now;
    if (step != Step.Digest) {
      beginLog(step == Step.Upload ? "uploaded the log, bytes: " : "SHA-256 is right, bytes: ").num(files.size);
      endLog(LogLevel.Info);
    }
    step++;
    return;
  }
  at = now + backoff.next(5_000, 600_000);
  if (step == Step.Upload) {
    beginLog("upload stopped, status ").num(files.code);
  } else if (outcome == Outcome.Delivered) {
    beginLog("SHA-256 is WRONG, bytes: ").num(files.size);
  } else {
    beginLog("download stopped at byte ").num(files.offset).str(", status ").num(files.code);
  }
  endLog(LogLevel.Warn);
  broken = outcome == Outcome.Retry && step != Step.Upload;
  // Another file, or one that was refused: it begins anew, and so does its digest.
  if (!broken && step == Step.Download) step = Step.Digest;
}

function isWanted(): bool {
  sha256Final(hash, digest);
  text.on(found, DIGEST_TEXT);
  for (let i = 0; i < SHA256_BYTES; i++) text.hex8(load<u8>(digest + i));
  return memory.compare(found, wanted, DIGEST_TEXT) == 0;
}
