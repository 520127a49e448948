// Puts a log that is larger than the device's memory into SORACOM Harvest Files, and gets a file from there by ranges,
// goes on where it stood when the network breaks, and checks its SHA-256.

export * from "akari/app";
import { LogLevel, clock_ms } from "akari/board";
import { SHA256_BYTES, Sha256 } from "akari/crypto/sha256";
import { Bg95 } from "akari/modem/quectel/bg95";
import { place } from "akari/place";
import { FilesClient, Outcome, Soracom } from "akari/soracom";
import { sleepUntil } from "akari/time";
import { Backoff } from "akari/util/backoff";
import { beginLog, endLog, logText } from "akari/util/log";
import { drawSeed } from "akari/util/seed";
import { Text } from "akari/util/text";

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


@unmanaged
class Buffers {
  /** Of the log, to send. */
  @bytes(PART) part: usize;
  /** The digest that the file is to have, and the one that it has, as text. */
  @bytes(DIGEST_TEXT) wanted: usize;
  @bytes(DIGEST_TEXT) found: usize;
}

const backoff = place<Backoff>();
const text = place<Text>();
const hash = place<Sha256>();
const buffers = place<Buffers>();
const files = place<FilesClient<Modem>>();
const modem = place<Modem>();

let step: Step = Step.Upload;
let running: bool = false;
/** The file at hand is to go on where it stood. */
let broken: bool = false;
let at: i64 = 0;

export function setup(): void {
  logText(LogLevel.Info, "harvest-files: started");
  modem.begin(MODEM_PORT, MODEM_BAUD);
  backoff.seed(drawSeed());
  files.open(modem);
}

export function loop(): i32 {
  const now = clock_ms();
  modem.step(now);
  if (mayStart() && now >= at) start(now);
  if (files.wantsPart) files.givePart(buffers.part, writeLog(files.partAt));
  const outcome = files.step(now);
  if (files.partLength > 0) {
    take(files.offset, files.part, files.partLength);
    files.next(now);
  }
  if (outcome != Outcome.Pending) finish(now, outcome);
  return sleepUntil(now, modem.deadline, files.deadline, mayStart() ? at : i64.MAX_VALUE);
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
    hash.begin();
    files.get(now, step == Step.Digest ? "/firmware/app.bin.sha256" : "/firmware/app.bin");
  }
}

/** Writes the log from byte `from` of it, whole lines; returns the bytes. */
function writeLog(from: i32): i32 {
  // The net may have taken a part of a line.
  const first = from / LINE;
  const part = buffers.part;
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
  const from = min(offset, DIGEST_TEXT);
  if (step == Step.Download) hash.update(ptr, len);
  else memory.copy(buffers.wanted + from, ptr, min(len, DIGEST_TEXT - from));
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
  // Another file, or one that was refused: it starts again, and so does its digest.
  if (!broken && step == Step.Download) step = Step.Digest;
}

function isWanted(): bool {
  hash.end();
  text.on(buffers.found, DIGEST_TEXT).hex(hash.digest, SHA256_BYTES);
  return memory.compare(buffers.found, buffers.wanted, DIGEST_TEXT) == 0;
}
