// Object 5, Firmware Update: a server pushes a package (firmware-package.ts) block by block, or names a URI from which the device fetches
// it; then, when the server says so, the device runs it. LwM2M Core E.6. What an update is, over power cuts, is firmware-update.ts.
//
// The app calls `attach` when it starts, which tells from its own version whether an update has come to its end, and `settle` at the end of
// each turn, but not before it is sure of itself: until then the board may go back to the image before, and so may what is written down.
// It looks at `isDue` when its answers have gone out, calls `apply`, and restarts when that says so. For what is fetched see firmware-pull.ts.

import { Status } from "../../board/index";
import { CoapUri } from "../../net/coap/uri";
import { place } from "../../place";
import { Path } from "../path";
import { Value } from "../value";
import {
  CANCEL,
  CHANGED_AT,
  DELIVERY,
  FirmwareResult,
  FirmwareState,
  NAME,
  PACKAGE,
  PROTOCOLS,
  RESULT,
  SEVERITY,
  STATE,
  URI,
  VERSION,
  hasLatest,
  hasPull,
  hasPush,
  tableOf,
} from "./firmware-fields";
import { packageName, packageVersion, textLength } from "./firmware-package";
import { FirmwareUpdate, URI_MAX } from "./firmware-update";

export { AnyDelivery, FirmwareResult, FirmwareState, Pulled, Pushed } from "./firmware-fields";
export { ETAG_MAX } from "./firmware-update";

const uri = place<CoapUri>();

/** Place with `place`, then `attach`. `B`: the flash; `M`: how packages come. */
@unmanaged
export class Firmware<B, M> extends FirmwareUpdate<B, M> {
  streams(resource: i32): bool {
    return resource == PACKAGE;
  }

  table(): usize {
    return tableOf<M>();
  }

  news(path: Path): bool {
    return this.next(tableOf<M>(), path);
  }

  /** coap and coaps. */
  nextItem(_instance: i32, _resource: i32, after: i32): i32 {
    return after < 1 ? after + 1 : -1;
  }

  has(_instance: i32, resource: i32): bool {
    switch (resource) {
      case PACKAGE:
        return false;
      case PROTOCOLS:
        return hasPull<M>();
      case NAME:
      case VERSION:
        return this.record.state >= FirmwareState.Downloaded;
      case CHANGED_AT:
        return hasLatest<M>() && this.record.changedAt >= 0;
      default:
        return true;
    }
  }

  read(_instance: i32, resource: i32, item: i32, value: Value): void {
    const r = this.record;
    const header = this.record.header;
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
        if (hasPull<M>()) value.setInteger(item);
        break;
      case DELIVERY:
        // Pull, push, or both.
        value.setInteger(!hasPull<M>() ? 1 : hasPush<M>() ? 2 : 0);
        break;
      default:
        if (hasLatest<M>()) this.readLatest(resource, value);
    }
  }

  private readLatest(resource: i32, value: Value): void {
    const r = this.record;
    if (resource == SEVERITY) value.setInteger(r.severity);
    else if (resource == CHANGED_AT) value.setInteger(r.changedAt);
    else value.setUnsigned(r.deferMax);
  }

  check(_instance: i32, resource: i32, _item: i32, value: Value): i32 {
    const state = this.record.state;
    if (resource == PACKAGE) return Status.Ok;
    if (!hasLatest<M>() || resource == URI) {
      const isFine = value.len == 0 ? state != FirmwareState.Updating : state == FirmwareState.Idle;
      return isFine ? Status.Ok : Status.Denied;
    }
    switch (resource) {
      case SEVERITY:
        return value.int >= 0 && value.int <= 2 ? Status.Ok : Status.Invalid;
      default:
        return <u64>value.int <= u32.MAX_VALUE ? Status.Ok : Status.Invalid;
    }
  }

  write(instance: i32, resource: i32, _item: i32, value: Value): i32 {
    const r = this.record;
    if (resource == PACKAGE) return this.stream(instance, resource, value.ptr, value.len, 0, true);
    if (!hasLatest<M>() || resource == URI) return value.len == 0 ? this.reset() : this.name(value);
    switch (resource) {
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
    if (!hasPull<M>()) {
      this.to(FirmwareState.Idle, FirmwareResult.Protocol);
      return Status.Ok;
    }
    const status = value.len > URI_MAX ? <i32>Status.TooLong : uri.parse(value.ptr, value.len);
    if (status != Status.Ok) {
      this.to(FirmwareState.Idle, status == Status.Unsupported ? FirmwareResult.Protocol : FirmwareResult.Uri);
      return Status.Ok;
    }
    this.fetch(value.ptr, value.len);
    return Status.Ok;
  }

  unset(_instance: i32, resource: i32): void {
    if (!hasLatest<M>()) return;
    if (resource == SEVERITY) this.record.severity = 0;
    else this.record.deferMax = 0;
    this.save();
  }

  execute(_instance: i32, resource: i32, _ptr: usize, _len: i32): i32 {
    const r = this.record;
    if (hasLatest<M>() && resource == CANCEL) {
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
