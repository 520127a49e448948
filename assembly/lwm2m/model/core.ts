// What all operations on the objects stand on: the parts of Objects, looking up what a path names, and who may do what.

import { CoapCode } from "../../net/coap/fields";
import { Status } from "../../board/index";
import { Text } from "../../util/text";
import { Attributes } from "../attributes";
import { Format, Type } from "../fields";
import { hasAttributes, hasCbor, hasInstances, hasJson, hasServers, hasText, hasTlv } from "../parts";
import { Path } from "../path";
import { Reader } from "../reader";
import { ObjectTable, Resource } from "../table";
import { Value } from "../value";
import { Writer } from "../writer";

export const SECURITY: i32 = 0;

/** Bits of an access control list, Core 7.3 table; `acl` of a handler returns them. */
export const enum Right {
  Read = 1,
  Write = 2,
  Execute = 4,
  Delete = 8,
  Create = 16,
  All = 31,
}

/** Changes that are remembered until all observations have looked at them; of more than these anything may have changed. */
const CHANGES: u32 = 8;

/** `H`: the handler, as objects.ts says. `F`: the parts, as parts.ts says. */
@unmanaged
export class ObjectsCore<H, F> {
  handler: H;
  /** The format of an answer to a server that wants none in particular. LwM2M 1.0: None, which means text or TLV. */
  preferred: Format;
  /** Short server ID of who asks (`asks`). */
  ssid: i32;
  /** How many changes there have been. */
  changeCount: u32;
  /** Of an answer that is content, which is in `out`. */
  answerFormat: Format;
  answerLen: i32;

  out: usize;
  outMax: i32;

  // Of a body that is being checked or carried out (write.ts).

  /** Bit k: the body has a value for the table's resource k. */
  protected seen: u32;
  /** Bytes of TLV in front of a value that comes part by part. */
  protected streamHead: i32;
  /** The instance that a body of Create names; how many instances the body of a bootstrap server has brought. */
  protected created: i32;
  @part attributes: Attributes;
  @part reader: Reader;
  @part value: Value;
  @part writer: Writer;
  @part text: Text;

  /** What the request is for. */
  @part path: Path;
  @part protected scratch: Path;
  @bytes(CHANGES * offsetof<Path>(), 4) private changes: usize;

  /** out..out+outMax holds the body of an answer, and a copy of a body being checked: as long as the longest of either. */
  attach(handler: H, preferred: Format, out: usize, outMax: i32): void {
    this.handler = handler;
    this.preferred = preferred;
    this.out = out;
    this.outMax = outMax;
  }

  /** Who asks: matters where servers have rights or attributes of their own. */
  asks(ssid: i32): void {
    if (hasServers<F>() || hasAttributes<F>() || hasInstances<F>()) this.ssid = ssid;
  }

  // --- Changes ---

  /** What lies at the path, or something below it, has another value, has come or is gone: observations will look at it. */
  changed(path: Path): void {
    this.change(this.changeCount++).copy(path);
  }

  /** The same, with the path's levels; -1 for those that are absent. */
  changedAt(object: i32, instance: i32, resource: i32): void {
    this.change(this.changeCount++).set(object, instance, resource, -1);
  }

  /** Asks the objects what has changed of itself. */
  poll(): void {
    if (isDefined(this.handler.news)) while (this.handler.news(this.scratch)) this.changed(this.scratch);
  }

  private change(n: u32): Path {
    return changetype<Path>(this.changes + (n % CHANGES) * offsetof<Path>());
  }

  /** Whether there has been a change at, above or below the path since there were `since` of them. */
  hasChanged(path: Path, since: u32): bool {
    if (this.changeCount - since > CHANGES) return true;
    for (let n = since; n != this.changeCount; n++) {
      const at = this.change(n);
      if (at.holds(path) || path.holds(at)) return true;
    }
    return false;
  }

  /** A server has changed it: the app is told, too. */
  protected changedByServer(path: Path): void {
    if (isDefined(this.handler.changed)) this.handler.changed(path);
    this.changed(path);
  }

  // --- Lookup ---

  /** The object's table, null for none. */
  protected table(id: i32): ObjectTable | null {
    if (isDefined(this.handler.find)) return this.handler.find(id);
    let table: usize;
    for (let i = 0; (table = this.handler.table(i)) != 0; i++)
      if (changetype<ObjectTable>(table).id == id) return changetype<ObjectTable>(table);
    return null;
  }

  protected hasInstance(object: i32, instance: i32): bool {
    return this.handler.nextInstance(object, instance - 1) == instance;
  }

  protected hasItem(path: Path): bool {
    return this.handler.nextItem(path.object, path.instance, path.resource, path.item - 1) == path.item;
  }

  /** Empty when what the path names is there; 4.04, or 4.01 for the Security object, which no server sees. */
  protected missing(path: Path): CoapCode {
    if (path.object == SECURITY) return CoapCode.Unauthorized;
    const table = this.table(path.object);
    if (!table) return CoapCode.NotFound;
    if (path.instance < 0) return CoapCode.Empty;
    if (!this.hasInstance(path.object, path.instance)) return CoapCode.NotFound;
    if (path.resource < 0) return CoapCode.Empty;
    return table.find(path.resource) < 0 ? CoapCode.NotFound : CoapCode.Empty;
  }

  /** The resource that the path names, which is there. */
  protected row(path: Path): Resource {
    const table = changetype<ObjectTable>(this.table(path.object));
    return table.row(table.find(path.resource));
  }

  /** Whether who asks may do that with the instance; with the object (instance -1) for Create. Core 7.3. */
  protected may(object: i32, instance: i32, right: Right): bool {
    if (hasServers<F>())
      if (isDefined(this.handler.acl)) return (this.handler.acl(object, instance, this.ssid) & right) != 0;
    return true;
  }

  /** Whether an answer can have that format: text and opaque hold one value. */
  protected fitsFormat(format: Format, single: bool, type: i32): bool {
    if (hasTlv<F>() && format == Format.Tlv) return true;
    if (hasCbor<F>() && format == Format.SenmlCbor) return true;
    if (hasJson<F>() && format == Format.SenmlJson) return true;
    if (hasCbor<F>() && format == Format.Cbor) return single;
    if (hasText<F>() && format == Format.Text) return single;
    return format == Format.Opaque && single && type == Type.Opaque;
  }
}

/** What the app says of a value or of an execution, as CoAP says it; Empty for Ok. */
export function codeOf(status: i32): CoapCode {
  switch (status) {
    case Status.Ok:
      return CoapCode.Empty;
    case Status.NotFound:
      return CoapCode.NotFound;
    case Status.Denied:
      return CoapCode.MethodNotAllowed;
    case Status.Invalid:
    case Status.Malformed:
    case Status.TooLong:
      return CoapCode.BadRequest;
    default:
      return CoapCode.InternalServerError;
  }
}
