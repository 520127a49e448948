// A queue of messages for Beam that survives power cuts: each is written to the board's store before it is sent, is
// sent in order, always under the same id, and leaves the queue when the destination has taken it (2xx).
//
// Each message has one slot of the store, number `seq` modulo SLOTS, written as a whole: no index, no order of writes
// to get right. A sent message leaves its header behind, so that numbers are never given twice. When all slots wait,
// the newest message takes the place of the oldest, which is lost and counted.

import { LogLevel, Status, entropy, store_read, store_write } from "../board/index";
import { Ascii } from "../util/ascii";
import { Backoff } from "../util/backoff";
import { beginLog, endLog } from "../util/log";
import { Text } from "../util/text";
import { earlier } from "../util/wait";
import { BeamClient } from "./beam";
import { Outcome } from "./outcome";

/** Messages that can wait: an hour and a half of one a minute. */
const SLOTS: u32 = 96;
/** Longest body of a message. */
const BODY_MAX = 128;
/** `id`: 16 hexadecimal digits, `-`, and a number. */
const ID_MAX = 27;
/** First of the SLOTS store keys. */
const STORE_KEY: i32 = 0x4f00;

const BACKOFF_MS = 2_000;
const BACKOFF_CAP_MS = 300_000;
/** Longest Retry-After that is obeyed. */
const RETRY_AFTER_MAX_S = 3_600;
/** Between attempts to write what the store did not take. */
const STORE_RETRY_MS = 10_000;

const MAGIC: u32 = 0x31424f41; // "AOB1"
/** Numbers end here, at one message a second after 60 years. A larger one in the store is damage. */
const SEQ_MAX: u32 = 0x70000000;

/** In the store the header comes first, then `length` bytes of body. */
@unmanaged
class SlotHeader {
  magic: u32;
  seq: u32;
  /** Random, drawn at the start that made the message: `epoch`-`seq` is unique even after the store was lost. */
  epoch: u64;
  /** Messages lost so far because the queue was full. */
  lost: u32;
  length: i32;
  waiting: bool;
  /** Not of the record: the store does not hold this state of the slot yet. */
  unsaved: bool;
}

/** One message, as in the store. */
@unmanaged
class Slot extends SlotHeader {
  @bytes(BODY_MAX) body: usize;
}

const HEADER: i32 = <i32>offsetof<SlotHeader>();
const SLOT_SIZE: i32 = <i32>offsetof<Slot>();

/** Place with `place`, then `open`. */
@unmanaged
export class Outbox<N> {
  /** Number of the next message. */
  seq: u32;
  /** Messages lost since the queue exists, because it was full. */
  lost: u32;
  private head: u32;
  private epoch: u64;
  private net: N;
  private path: Ascii;
  private sending: bool;
  private sendingSeq: u32;
  private sendingLen: i32;
  private startedAt: i64;
  private retryAt: i64;
  private wasReady: bool;
  private unsaved: i32;
  private saveAt: i64;
  @part private backoff: Backoff;
  @part private text: Text;
  @part private idText: Text;
  @part private beam: BeamClient<N>;

  /** The body being composed, the one being sent, and the id of that. */
  @bytes(BODY_MAX) private draft: usize;
  @bytes(BODY_MAX) private outgoing: usize;
  @bytes(ID_MAX) private outgoingId: usize;
  @bytes(SLOTS * SLOT_SIZE, 8) private slots: usize;

  private slot(seq: u32): Slot {
    return changetype<Slot>(this.slots + <usize>((seq % SLOTS) * SLOT_SIZE));
  }

  /** Reads what waits from the store. Messages go to the Beam entry point `path` of `net`. */
  open(net: N, path: Ascii): void {
    this.net = net;
    this.path = path;
    this.beam.open(net);
    // Without random bytes ids are unique to this store only.
    if (entropy(this.draft, 16) < 0) memory.fill(this.draft, 0, 16);
    this.epoch = load<u64>(this.draft);
    this.backoff.seed(load<u32>(this.draft + 8));

    for (let i: u32 = 0; i < SLOTS; i++) {
      const slot = this.slot(i);
      const size = store_read(STORE_KEY + i, changetype<usize>(slot), SLOT_SIZE);
      const valid =
        size >= HEADER &&
        slot.magic == MAGIC &&
        slot.seq < SEQ_MAX &&
        slot.seq % SLOTS == i &&
        slot.length >= 0 &&
        slot.length <= BODY_MAX &&
        size == HEADER + slot.length;
      if (!valid) {
        memory.fill(changetype<usize>(slot), 0, SLOT_SIZE);
        continue;
      }
      slot.waiting = load<u8>(changetype<usize>(slot) + offsetof<Slot>("waiting")) == 1;
      slot.unsaved = false;
      this.seq = max(this.seq, slot.seq + 1);
      this.lost = max(this.lost, slot.lost);
    }
    this.head = this.seq > SLOTS ? this.seq - SLOTS : 0;
    this.skipSent();
  }

  /** Messages that wait. */
  get count(): i32 {
    let n = 0;
    for (let seq = this.head; seq < this.seq; seq++) if (this.isWaiting(seq)) n++;
    return n;
  }

  // --- Putting in ---

  /** Begins a message: write its body, at most 128 bytes, then `commit`. */
  compose(): Text {
    return this.text.on(this.draft, BODY_MAX);
  }

  /** Writes the id that the message being composed will have. */
  writeId(text: Text): void {
    writeId(text, this.epoch, this.seq);
  }

  /** Puts the message into the queue; false if its body is too long. */
  commit(now: i64): bool {
    const text = this.text;
    if (!text.fits) {
      beginLog("outbox: message too long, bytes: ").num(text.length);
      endLog(LogLevel.Error);
      return false;
    }
    const seq = this.seq;
    const slot = this.slot(seq);
    if (slot.waiting) {
      this.lost++;
      beginLog("outbox: full, dropped ").num(slot.seq);
      endLog(LogLevel.Error);
    }
    slot.magic = MAGIC;
    slot.seq = seq;
    slot.epoch = this.epoch;
    slot.lost = this.lost;
    slot.length = text.length;
    slot.waiting = true;
    memory.copy(slot.body, this.draft, text.length);
    this.seq = seq + 1;
    this.save(now, slot);
    this.skipSent();
    return true;
  }

  // --- Sending ---

  /** Moves on; call when the net has moved on, and when `deadline` has come. */
  step(now: i64): void {
    if (this.unsaved > 0 && now >= this.saveAt) this.saveAgain(now);

    const outcome = this.beam.step(now);
    if (this.sending) {
      if (outcome == Outcome.Pending) return;
      this.sending = false;
      this.finish(now, outcome);
    }

    const ready = this.net.ready;
    // A link that has just come back deserves a new start.
    if (ready && !this.wasReady) this.retryAt = now;
    this.wasReady = ready;
    if (ready && now >= this.retryAt && this.head < this.seq) this.start(now);
  }

  get deadline(): i64 {
    const soon = this.unsaved > 0 ? earlier(this.saveAt, this.beam.deadline) : this.beam.deadline;
    if (this.sending || this.head == this.seq || !this.net.ready) return soon;
    return this.wasReady ? earlier(soon, this.retryAt) : 0;
  }

  private start(now: i64): void {
    const slot = this.slot(this.head);
    // Copies: the slot may be given to a newer message before the answer comes.
    this.sendingSeq = slot.seq;
    this.sendingLen = slot.length;
    memory.copy(this.outgoing, slot.body, slot.length);
    const id = this.idText.on(this.outgoingId, ID_MAX);
    writeId(id, slot.epoch, slot.seq);
    this.sending = true;
    this.startedAt = now;
    this.beam.post(now, this.path, "application/json", this.outgoingId, id.length, this.outgoing, this.sendingLen);
  }

  private finish(now: i64, outcome: Outcome): void {
    const beam = this.beam;
    if (outcome == Outcome.Delivered) {
      this.backoff.reset();
      this.retryAt = now;
      const slot = this.slot(this.sendingSeq);
      if (slot.seq == this.sendingSeq && slot.waiting) {
        slot.waiting = false;
        slot.length = 0;
        this.save(now, slot);
      }
      this.skipSent();
      const line = beginLog("beam: delivered ").num(this.sendingSeq).str(", status ").num(beam.code);
      line
        .str(", ")
        .num(now - this.startedAt)
        .str(" ms, waiting ")
        .num(this.count);
      endLog(LogLevel.Info);
      return;
    }
    // Refused messages stay: an operator may yet put the destination right. The queue's end is the only way out.
    let wait = this.backoff.next(BACKOFF_MS, BACKOFF_CAP_MS);
    if (beam.http.retryAfter > 0) wait = max(wait, min(beam.http.retryAfter, RETRY_AFTER_MAX_S) * 1_000);
    this.retryAt = now + wait;
    const line = beginLog(outcome == Outcome.Retry ? "beam: no success with " : "beam: refused ").num(this.sendingSeq);
    if (beam.code != 0) line.str(", status ").num(beam.code);
    else line.str(", error ").num(beam.http.result);
    line.str(", next try in ").num(wait).str(" ms");
    endLog(outcome == Outcome.Retry ? LogLevel.Warn : LogLevel.Error);
  }

  private isWaiting(seq: u32): bool {
    const slot = this.slot(seq);
    return slot.waiting && slot.seq == seq;
  }

  private skipSent(): void {
    if (this.seq - this.head > SLOTS) this.head = this.seq - SLOTS;
    while (this.head < this.seq && !this.isWaiting(this.head)) this.head++;
  }

  // --- The store ---

  private save(now: i64, slot: Slot): void {
    const was = slot.unsaved;
    slot.unsaved = false;
    const status = store_write(STORE_KEY + (slot.seq % SLOTS), changetype<usize>(slot), HEADER + slot.length);
    slot.unsaved = status != Status.Ok;
    this.unsaved += <i32>slot.unsaved - <i32>was;
    if (!slot.unsaved) return;
    this.saveAt = now + STORE_RETRY_MS;
    beginLog("outbox: store failed for ").num(slot.seq).str(", error ").num(status);
    endLog(LogLevel.Error);
  }

  private saveAgain(now: i64): void {
    for (let i: u32 = 0; i < SLOTS; i++) {
      const slot = this.slot(i);
      if (slot.unsaved) this.save(now, slot);
      if (slot.unsaved) return; // it fails still
    }
  }
}

function writeId(text: Text, epoch: u64, seq: u32): void {
  text.hex64(epoch).str("-").num(seq);
}
