// An update of firmware as a state machine: Idle, Downloading, Downloaded, Updating, over power cuts. LwM2M Core E.6.
//
// What must outlive the power is one record: state, result, the URI, and how much of a package is there. `B` is where it lies, and the
// image (board-flash.ts is the board's own):
//
//   write(offset, ptr, len): i32     stages a part of an image, in order; Status
//   commit(len): i32                 checks the staged image, which runs after the next restart; Status
//   load(ptr, max): i32              copies the record; its length, or NotFound
//   save(ptr, len): i32              replaces it, whole or not at all; Status
//
// `M` says how packages come (firmware-fields.ts).

import { Status } from "../../board/index";
import { EXCHANGE_LIFETIME_MS } from "../../net/coap/fields";
import { Ascii } from "../../util/ascii";
import { equals } from "../../util/text";
import { FirmwareResult, FirmwareState, RESULT, STATE, hasPull, hasPush, tableOf } from "./firmware-fields";
import { HEADER_BYTES, PackageReader, imageLength, isHeader, packageVersion, textLength } from "./firmware-package";
import { News } from "./news";

export const URI_MAX: i32 = 255;
const FORM: i32 = 1;
/** Most flash bytes that are written between two records: what is fetched again after a power cut. */
const CHECKPOINT: i32 = 4_096;
export const ETAG_MAX: i32 = 8;

/** The record, as it is stored. */
@unmanaged
export class Record {
  form: i32;
  state: i32;
  result: i32;
  severity: u8;
  /** The package is pushed: nobody can go on with it after a restart. */
  isPushed: bool;
  /** The image has been committed. */
  isCommitted: bool;
  uriLen: u8;
  etagLen: u8;
  /** Seconds since 1970, -1 when the time was unknown. */
  changedAt: i64;
  deferMax: u32;
  /** Bytes of the package that are surely there, and the digest's state then. */
  received: i32;
  etag: u64;
  @bytes(32, 8) digestState: usize;
  @bytes(HEADER_BYTES) header: usize;
  /** Last: only `uriLen` bytes of it are stored. */
  @bytes(URI_MAX) uri: usize;
}

const RECORD_MAX: i32 = <i32>offsetof<Record>();
const URI_AT: i32 = RECORD_MAX - URI_MAX;

/** What firmware.ts makes object 5 of. */
@unmanaged
export class FirmwareUpdate<B, M> extends News {
  private flash: B;
  /** Seconds since 1970, -1 while unknown; set by the app. */
  time: i64;
  /** Update has been executed: `apply` is to be called when the answer has gone out. */
  isDue: bool;
  /** What is fetched goes on after a restart, and nothing has been written since. */
  private isResumed: bool;
  /** An update has succeeded, which is not written down yet. */
  private isFresh: bool;
  /** Of a package whose connection was lost a part is there, and this much of the record is its URI still; 0: of none. */
  private left: i32;
  /** How much of a package that is pushed was there at the last look, and until when more has to come. */
  private seen: i32;
  private lostAt: i64;
  @part protected record: Record;
  @part private reader: PackageReader<B>;

  get state(): FirmwareState {
    return <FirmwareState>this.record.state;
  }

  get result(): FirmwareResult {
    return <FirmwareResult>this.record.result;
  }

  /** Loads the record. `version`: what the running image is. */
  attach(flash: B, version: Ascii): void {
    this.flash = flash;
    this.time = -1;
    this.isDue = false;
    this.isResumed = false;
    this.isFresh = false;
    if (hasPull<M>()) this.left = 0;
    const r = this.record;
    const size = flash.load(changetype<usize>(r), RECORD_MAX);
    const isThere =
      size >= URI_AT &&
      size <= RECORD_MAX &&
      r.form == FORM &&
      <u32>r.state <= <u32>FirmwareState.Updating &&
      <u32>r.result <= <u32>FirmwareResult.Cancelled &&
      <i32>r.etagLen <= ETAG_MAX &&
      size == URI_AT + r.uriLen &&
      (r.state < FirmwareState.Downloaded || isHeader(this.record.header));
    if (!isThere) {
      memory.fill(changetype<usize>(r), 0, RECORD_MAX);
      r.form = FORM;
      r.changedAt = -1;
      return;
    }
    switch (r.state) {
      case FirmwareState.Downloading:
        // Who was pushing has to begin again.
        if (!hasPull<M>() || r.isPushed) this.to(FirmwareState.Idle, FirmwareResult.ConnectionLost);
        else if (this.reader.resume(flash, this.record.header, r.received, this.record.digestState))
          this.isResumed = true;
        else this.restart();
        break;
      case FirmwareState.Updating:
        if (this.isVersion(version)) {
          this.change(FirmwareState.Idle, FirmwareResult.Success);
          this.isFresh = true;
        } else if (r.isCommitted) this.to(FirmwareState.Downloaded, FirmwareResult.Failed);
        // Power failed between the word and the deed; or after it, which `apply` will find out.
        else this.isDue = true;
        break;
      default:
    }
  }

  /**
   * This image stays: call when it has had a whole turn, or later, and then in every turn. Of who pushes a package and has not been heard for
   * as long as CoAP keeps what has come, nothing more comes.
   */
  settle(now: i64): void {
    if (this.isFresh) this.save();
    if (!hasPush<M>() || this.record.state != FirmwareState.Downloading || !this.record.isPushed) return;
    const received = this.reader.received;
    if (this.seen != received) {
      this.seen = received;
      this.lostAt = now + EXCHANGE_LIFETIME_MS;
    } else if (now >= this.lostAt) {
      this.failed(FirmwareResult.ConnectionLost);
    }
  }

  private isVersion(version: Ascii): bool {
    const at = packageVersion(this.record.header);
    return equals(at, textLength(at), version);
  }

  protected save(): i32 {
    const r = this.record;
    this.isFresh = false;
    return this.flash.save(changetype<usize>(r), URI_AT + r.uriLen);
  }

  protected to(state: FirmwareState, result: FirmwareResult): i32 {
    this.change(state, result);
    return this.save();
  }

  private change(state: FirmwareState, result: FirmwareResult): void {
    const r = this.record;
    if (r.state != state) this.note(tableOf<M>(), STATE);
    if (r.result != result) this.note(tableOf<M>(), RESULT);
    r.state = state;
    r.result = result;
    r.changedAt = this.time;
    r.isCommitted = false;
    if (state == FirmwareState.Idle) {
      r.uriLen = 0;
      this.isDue = false;
    }
  }

  /** Nothing of the package is there yet. */
  protected restart(): void {
    this.reader.begin(this.flash);
    this.isResumed = false;
    this.seen = -1;
    if (hasPull<M>()) this.left = 0;
    this.record.received = 0;
    this.record.etagLen = 0;
  }

  // --- What is fetched ---

  /** A package is to be fetched from `uri`..+`uriLen`. */
  get isWanted(): bool {
    return this.record.state == FirmwareState.Downloading && !this.record.isPushed;
  }

  get uri(): usize {
    return this.record.uri;
  }

  get uriLen(): i32 {
    return this.record.uriLen;
  }

  /** A server names ptr..ptr+len. Who has lost the connection to just that goes on where it was. */
  protected fetch(ptr: usize, len: i32): void {
    const r = this.record;
    if (this.left != len || memory.compare(this.uri, ptr, len) != 0) this.restart();
    this.left = 0;
    r.isPushed = false;
    r.uriLen = <u8>len;
    memory.copy(this.uri, ptr, len);
    this.to(FirmwareState.Downloading, FirmwareResult.None);
  }

  /** How much of it is there, and of which version of the resource: `etag`..+`etagLen`. */
  get received(): i32 {
    return this.reader.received;
  }

  get etag(): usize {
    return changetype<usize>(this.record) + offsetof<Record>("etag");
  }

  get etagLen(): i32 {
    return this.record.etagLen;
  }

  /** The first block, of this version of the resource: it begins from the start. */
  fetched(etag: usize, etagLen: i32): void {
    this.restart();
    this.record.etagLen = <u8>etagLen;
    memory.copy(this.etag, etag, etagLen);
  }

  /** Takes the next ptr..ptr+len. Ok; Again: from the start; other Status: it has failed, and the result says why. */
  take(ptr: usize, len: i32): i32 {
    const reader = this.reader;
    const before = reader.received / CHECKPOINT;
    const status = reader.take(ptr, len);
    if (hasPull<M>() && status == Status.Invalid && this.isResumed) {
      // A flash that cannot go on in the middle of an image.
      this.restart();
      return Status.Again;
    }
    if (status != Status.Ok) {
      this.failed(resultOf(status));
      return status;
    }
    this.isResumed = false;
    if (!hasPull<M>()) return Status.Ok;
    const r = this.record;
    if (!r.isPushed && reader.received / CHECKPOINT != before && reader.checkpoint(this.record.digestState)) {
      r.received = reader.received;
      memory.copy(this.record.header, reader.header, HEADER_BYTES);
      this.save();
    }
    return Status.Ok;
  }

  /** All has come. Ok: it is right, and waits for Update. */
  finish(): i32 {
    const status = this.reader.finish();
    if (status != Status.Ok) {
      this.failed(resultOf(status));
      return status;
    }
    memory.copy(this.record.header, this.reader.header, HEADER_BYTES);
    this.to(FirmwareState.Downloaded, FirmwareResult.None);
    return Status.Ok;
  }

  failed(result: FirmwareResult): void {
    const r = this.record;
    if (r.state != FirmwareState.Downloading) return;
    const len: i32 = r.uriLen;
    this.to(FirmwareState.Idle, result);
    if (hasPull<M>() && !r.isPushed && result == FirmwareResult.ConnectionLost) this.left = len;
  }

  // --- What is pushed ---

  /**
   * Takes a part of the package at `offset` of a Write to resource 0; `isLast`: there is no more. Status: Denied in another state, Again when
   * the part does not fit to those before.
   */
  stream(_instance: i32, _resource: i32, ptr: usize, len: i32, offset: i32, isLast: bool): i32 {
    const r = this.record;
    if (offset == 0) {
      // Empty, or one zero: no package any more.
      if (isLast && (len == 0 || (len == 1 && load<u8>(ptr) == 0))) return this.reset();
      const isBusy = r.state == FirmwareState.Downloading ? !r.isPushed : r.state != FirmwareState.Idle;
      if (!hasPush<M>() || isBusy) return Status.Denied;
      this.restart();
      r.isPushed = true;
      this.to(FirmwareState.Downloading, FirmwareResult.None);
    } else {
      if (r.state != FirmwareState.Downloading || !r.isPushed || offset != this.reader.received) return Status.Again;
    }
    const status = this.take(ptr, len);
    return status == Status.Ok && isLast ? this.finish() : status;
  }

  protected reset(): i32 {
    if (this.record.state == FirmwareState.Updating) return Status.Denied;
    this.to(FirmwareState.Idle, FirmwareResult.None);
    return Status.Ok;
  }

  // --- Running it ---

  /** Commits the image. True: restart now. False: it cannot be run, which the result says. */
  apply(): bool {
    this.isDue = false;
    if (this.record.state != FirmwareState.Updating) return false;
    const status = this.flash.commit(imageLength(this.record.header));
    if (status != Status.Ok) {
      // What the board refuses, or has lost, cannot be tried again.
      const isBad = status == Status.Malformed;
      const isGone = isBad || status == Status.Invalid || status == Status.Unsupported;
      this.to(
        isGone ? FirmwareState.Idle : FirmwareState.Downloaded,
        isBad ? FirmwareResult.Integrity : FirmwareResult.Failed,
      );
      return false;
    }
    this.record.isCommitted = true;
    // Without this record the next start finds it out, too.
    this.save();
    return true;
  }
}

/** What a package that could not be taken is called. */
function resultOf(status: i32): FirmwareResult {
  switch (status) {
    case Status.Unsupported:
      return FirmwareResult.PackageType;
    case Status.NoSpace:
      return FirmwareResult.NoFlash;
    case Status.Malformed:
    case Status.Short:
    case Status.TooLong:
      return FirmwareResult.Integrity;
    default:
      return FirmwareResult.Failed;
  }
}
