// Object 5, Firmware Update: a server pushes a package (firmware-package.ts) block by block, or names a URI from which the device fetches
// it; then, when the server says so, the device runs it. LwM2M Core E.6.
//
// What must outlive the power is one record: state, result, the URI, and how much of a package is there. `B` is where it lies, and the
// image (board-flash.ts is the board's own):
//
//   write(offset, ptr, len): i32     stages a part of an image, in order; Status
//   commit(len): i32                 checks the staged image, which runs after the next restart; Status
//   load(ptr, max): i32              copies the record; its length, or NotFound
//   save(ptr, len): i32              replaces it, whole or not at all; Status
//
// The app calls `attach` when it starts, which tells from its own version whether an update has come to its end, and `settle` when it
// has had a turn: until then the board may go back to the image before, and so may what is written down. It looks at `isDue` when its
// answers have gone out, calls `apply`, and restarts when that says so. For what is fetched see firmware-pull.ts.

import { CoapUri } from "../../net/coap/uri";
import { Status } from "../../board/index";
import { Path } from "../path";
import { Access, Of } from "../table";
import { Value } from "../value";
import {
  HEADER_BYTES,
  PACKAGE_READER_SIZE,
  PackageReader,
  imageLength,
  isHeader,
  packageName,
  packageVersion,
  textLength,
} from "./firmware-package";
import { News } from "./news";

// prettier-ignore
const TABLE = memory.data<i32>([
  5, 0x0100, 1, 13,
  0 | Of.Opaque | Access.WM,
  1 | Of.String | Access.RWM,
  2 | Access.EM,
  3 | Of.Integer | Access.RM,
  5 | Of.Integer | Access.RM,
  6 | Of.String | Access.R,
  7 | Of.String | Access.R,
  8 | Of.Integer | Access.Rs,
  9 | Of.Integer | Access.RM,
  10 | Access.E,
  11 | Of.Integer | Access.RW,
  12 | Of.Time | Access.R,
  13 | Of.Unsigned | Access.RW,
]);

const PACKAGE = 0;
const URI = 1;
const UPDATE = 2;
const STATE = 3;
const RESULT = 5;
const NAME = 6;
const VERSION = 7;
const PROTOCOLS = 8;
const DELIVERY = 9;
const CANCEL = 10;
const SEVERITY = 11;
const CHANGED_AT = 12;

/** Resource 3. */
export const enum FirmwareState {
  /** Left by the first block of a package, or by a URI. */
  Idle = 0,
  /** Left when the package is there and right, by what goes wrong, by an empty URI or package, or by Cancel. */
  Downloading = 1,
  /** Left by Update, an empty URI or package, or Cancel. */
  Downloaded = 2,
  /** Left by the restart, one way or the other. */
  Updating = 3,
}

/** Resource 5. */
export const enum FirmwareResult {
  None = 0,
  Success = 1,
  NoFlash = 2,
  NoMemory = 3,
  ConnectionLost = 4,
  Integrity = 5,
  PackageType = 6,
  Uri = 7,
  Failed = 8,
  Protocol = 9,
  Cancelled = 10,
}

const URI_MAX: i32 = 255;
const FORM: i32 = 1;
/** Most flash bytes that are written between two records: what is fetched again after a power cut. */
const CHECKPOINT: i32 = 4_096;
export const ETAG_MAX: i32 = 8;

/** The record, as it is stored. */
@unmanaged
class Record {
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
}

const DIGEST_STATE: usize = (offsetof<Record>() + 7) & ~7;
const HEADER: usize = DIGEST_STATE + 32;
const URI_AT: usize = HEADER + HEADER_BYTES;
const RECORD_MAX: i32 = <i32>URI_AT + URI_MAX;

const uri = changetype<CoapUri>(memory.data(offsetof<CoapUri>(), 8));

/** Place with `memory.data(FIRMWARE_SIZE, 8)`, then `attach`. */
@unmanaged
export class Firmware<B> extends News {
  private flash: B;
  /** Seconds since 1970, -1 while unknown; set by the app. */
  time: i64;
  /** Update has been executed: `apply` is to be called when the answer has gone out. */
  isDue: bool;
  /** What is fetched goes on after a restart, and nothing has been written since. */
  private isResumed: bool;
  /** An update has succeeded, which is not written down yet. */
  private isFresh: bool;


  @inline
  private get record(): Record {
    return changetype<Record>((changetype<usize>(this) + offsetof<Firmware<B>>() + 7) & ~7);
  }


  @inline
  private get reader(): PackageReader<B> {
    return changetype<PackageReader<B>>((changetype<usize>(this.record) + RECORD_MAX + 7) & ~7);
  }


  @inline
  private at(offset: usize): usize {
    return changetype<usize>(this.record) + offset;
  }

  get state(): FirmwareState {
    return <FirmwareState>this.record.state;
  }

  get result(): FirmwareResult {
    return <FirmwareResult>this.record.result;
  }

  /** Loads the record. `version`: what the running image is. */
  attach(flash: B, version: string): void {
    this.flash = flash;
    this.time = -1;
    this.isDue = false;
    this.isResumed = false;
    this.isFresh = false;
    const r = this.record;
    const size = flash.load(changetype<usize>(r), RECORD_MAX);
    const isThere =
      size >= <i32>URI_AT &&
      size <= RECORD_MAX &&
      r.form == FORM &&
      <u32>r.state <= <u32>FirmwareState.Updating &&
      <u32>r.result <= <u32>FirmwareResult.Cancelled &&
      <i32>r.etagLen <= ETAG_MAX &&
      size == <i32>URI_AT + r.uriLen &&
      (r.state < FirmwareState.Downloaded || isHeader(this.at(HEADER)));
    if (!isThere) {
      memory.fill(changetype<usize>(r), 0, RECORD_MAX);
      r.form = FORM;
      r.changedAt = -1;
      return;
    }
    switch (r.state) {
      case FirmwareState.Downloading:
        // Who was pushing has to begin again.
        if (r.isPushed) this.to(FirmwareState.Idle, FirmwareResult.ConnectionLost);
        else if (this.reader.resume(flash, this.at(HEADER), r.received, this.at(DIGEST_STATE))) this.isResumed = true;
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

  /** This image stays: call when it has had a whole turn, or later, as often as you like. */
  settle(): void {
    if (this.isFresh) this.save();
  }

  private isVersion(version: string): bool {
    const at = packageVersion(this.at(HEADER));
    const n = textLength(at);
    if (n != version.length) return false;
    for (let i = 0; i < n; i++) if (load<u8>(at + i) != <u8>version.charCodeAt(i)) return false;
    return true;
  }

  private save(): i32 {
    const r = this.record;
    this.isFresh = false;
    return this.flash.save(changetype<usize>(r), <i32>URI_AT + r.uriLen);
  }

  private to(state: FirmwareState, result: FirmwareResult): i32 {
    this.change(state, result);
    return this.save();
  }

  private change(state: FirmwareState, result: FirmwareResult): void {
    const r = this.record;
    if (r.state != state) this.note(TABLE, STATE);
    if (r.result != result) this.note(TABLE, RESULT);
    r.state = state;
    r.result = result;
    r.changedAt = this.time;
    r.isCommitted = false;
    if (state == FirmwareState.Idle) {
      r.received = 0;
      r.uriLen = 0;
      r.etagLen = 0;
      this.isDue = false;
    }
  }

  /** Nothing of the package is there yet. */
  private restart(): void {
    this.reader.begin(this.flash);
    this.isResumed = false;
    this.record.received = 0;
    this.record.etagLen = 0;
  }

  // --- What is fetched ---

  /** A package is to be fetched from `uri`..+`uriLen`. */
  get isWanted(): bool {
    return this.record.state == FirmwareState.Downloading && !this.record.isPushed;
  }

  get uri(): usize {
    return this.at(URI_AT);
  }

  get uriLen(): i32 {
    return this.record.uriLen;
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
    if (status == Status.Invalid && this.isResumed) {
      // A flash that cannot go on in the middle of an image.
      this.restart();
      return Status.Again;
    }
    if (status != Status.Ok) {
      this.failed(resultOf(status));
      return status;
    }
    this.isResumed = false;
    const r = this.record;
    if (!r.isPushed && reader.received / CHECKPOINT != before && reader.checkpoint(this.at(DIGEST_STATE))) {
      r.received = reader.received;
      memory.copy(this.at(HEADER), reader.header, HEADER_BYTES);
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
    memory.copy(this.at(HEADER), this.reader.header, HEADER_BYTES);
    this.to(FirmwareState.Downloaded, FirmwareResult.None);
    return Status.Ok;
  }

  failed(result: FirmwareResult): void {
    if (this.record.state == FirmwareState.Downloading) this.to(FirmwareState.Idle, result);
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
      if (isBusy) return Status.Denied;
      this.restart();
      r.isPushed = true;
      this.to(FirmwareState.Downloading, FirmwareResult.None);
    } else {
      if (r.state != FirmwareState.Downloading || !r.isPushed || offset != this.reader.received) return Status.Again;
    }
    const status = this.take(ptr, len);
    return status == Status.Ok && isLast ? this.finish() : status;
  }

  streams(resource: i32): bool {
    return resource == PACKAGE;
  }

  private reset(): i32 {
    if (this.record.state == FirmwareState.Updating) return Status.Denied;
    this.to(FirmwareState.Idle, FirmwareResult.None);
    return Status.Ok;
  }

  // --- Running it ---

  /** Commits the image. True: restart now. False: it cannot be run, which the result says. */
  apply(): bool {
    this.isDue = false;
    if (this.record.state != FirmwareState.Updating) return false;
    const status = this.flash.commit(imageLength(this.at(HEADER)));
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

  // --- The object ---

  table(): usize {
    return TABLE;
  }

  news(path: Path): bool {
    return this.next(TABLE, path);
  }

  /** coap and coaps. */
  nextItem(_instance: i32, _resource: i32, after: i32): i32 {
    return after < 1 ? after + 1 : -1;
  }

  has(_instance: i32, resource: i32): bool {
    switch (resource) {
      case PACKAGE:
      case UPDATE:
      case CANCEL:
        return false;
      case NAME:
      case VERSION:
        return this.record.state >= FirmwareState.Downloaded;
      case CHANGED_AT:
        return this.record.changedAt >= 0;
      default:
        return true;
    }
  }

  read(_instance: i32, resource: i32, item: i32, value: Value): void {
    const r = this.record;
    const header = this.at(HEADER);
    switch (resource) {
      case URI:
        value.setString(this.uri, r.uriLen);
        break;
      case STATE:
        value.setInteger(r.state);
        break;
      case RESULT:
        value.setInteger(r.result);
        break;
      case NAME:
        value.setString(packageName(header), textLength(packageName(header)));
        break;
      case VERSION:
        value.setString(packageVersion(header), textLength(packageVersion(header)));
        break;
      case PROTOCOLS:
        value.setInteger(item);
        break;
      case DELIVERY:
        // Both.
        value.setInteger(2);
        break;
      case SEVERITY:
        value.setInteger(r.severity);
        break;
      case CHANGED_AT:
        value.setInteger(r.changedAt);
        break;
      default:
        value.setUnsigned(r.deferMax);
    }
  }

  check(_instance: i32, resource: i32, _item: i32, value: Value): i32 {
    const state = this.record.state;
    switch (resource) {
      case PACKAGE:
        return Status.Ok;
      case URI: {
        const isFine = value.len == 0 ? state != FirmwareState.Updating : state == FirmwareState.Idle;
        return isFine ? Status.Ok : Status.Denied;
      }
      case SEVERITY:
        return value.int >= 0 && value.int <= 2 ? Status.Ok : Status.Invalid;
      default:
        return <u64>value.int <= u32.MAX_VALUE ? Status.Ok : Status.Invalid;
    }
  }

  write(instance: i32, resource: i32, _item: i32, value: Value): i32 {
    const r = this.record;
    switch (resource) {
      case PACKAGE:
        return this.stream(instance, resource, value.ptr, value.len, 0, true);
      case URI:
        return value.len == 0 ? this.reset() : this.name(value);
      case SEVERITY:
        r.severity = <u8>value.int;
        break;
      default:
        r.deferMax = <u32>value.int;
    }
    return this.save();
  }

  /** Where a package is. A URI that cannot be is a result. */
  private name(value: Value): i32 {
    const r = this.record;
    const status = value.len > URI_MAX ? <i32>Status.TooLong : uri.parse(value.ptr, value.len);
    if (status != Status.Ok) {
      this.to(FirmwareState.Idle, status == Status.Unsupported ? FirmwareResult.Protocol : FirmwareResult.Uri);
      return Status.Ok;
    }
    this.restart();
    r.isPushed = false;
    r.uriLen = <u8>value.len;
    memory.copy(this.uri, value.ptr, value.len);
    this.to(FirmwareState.Downloading, FirmwareResult.None);
    return Status.Ok;
  }

  unset(_instance: i32, resource: i32): void {
    if (resource == SEVERITY) this.record.severity = 0;
    else this.record.deferMax = 0;
    this.save();
  }

  execute(_instance: i32, resource: i32, _ptr: usize, _len: i32): i32 {
    const r = this.record;
    if (resource == CANCEL) {
      if (r.state != FirmwareState.Downloading && r.state != FirmwareState.Downloaded) return Status.Denied;
      this.to(FirmwareState.Idle, FirmwareResult.Cancelled);
      return Status.Ok;
    }
    if (r.state != FirmwareState.Downloaded) return Status.Denied;
    const status = this.to(FirmwareState.Updating, FirmwareResult.None);
    if (status == Status.Ok) this.isDue = true;
    // Not written down it would be forgotten half way.
    else r.state = FirmwareState.Downloaded;
    return status;
  }
}

export const FIRMWARE_SIZE: i32 = <i32>offsetof<Firmware<usize>>() + 8 + RECORD_MAX + 8 + PACKAGE_READER_SIZE;

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
