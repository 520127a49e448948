// Reading what the objects hold: Read, and what Observe, Read-Composite and Send take from it. LwM2M Core 6.3.1.

import { CoapCode } from "../../net/coap/fields";
import { Format } from "../fields";
import { hasChoice, hasServers, hasText } from "../parts";
import { Path } from "../path";
import { Access, ObjectTable, Resource } from "../table";
import { Kind } from "../value";
import { ObjectsCore, Right } from "./core";


@unmanaged
export class ObjectsRead<H, F> extends ObjectsCore<H, F> {
  /** Reads what is at the path into the answer. `accept` None: no wish. */
  read(path: Path, accept: Format): CoapCode {
    const missing = this.unreadable(path);
    if (missing != CoapCode.Empty) return missing;
    let single = path.resource >= 0;
    let type = 0;
    if (single) {
      const row = this.row(path);
      type = row.type;
      if (row.can(Access.Multiple) && path.item < 0) single = false;
    }
    let format = accept;
    if (format == Format.None) format = this.preferred;
    if (format == Format.None) format = single && hasText<F>() ? Format.Text : Format.Tlv;
    if (!this.fitsFormat(format, single, type)) return CoapCode.NotAcceptable;
    this.answerFormat = format;
    this.writer.begin<F>(format, this.out, this.outMax, path);
    this.writeValues(path);
    return this.written();
  }

  /** The answer is complete. */
  protected written(): CoapCode {
    const w = this.writer;
    w.end<F>();
    // NaN has no form as text.
    if ((hasText<F>() || hasChoice<F>()) && w.failed) return CoapCode.NotAcceptable;
    this.answerLen = w.length;
    return w.fits ? CoapCode.Content : CoapCode.InternalServerError;
  }

  /** Empty when what is at the path can be read by who asks, else the code that says why not. */
  protected unreadable(path: Path): CoapCode {
    const missing = this.missing(path);
    if (missing != CoapCode.Empty) return missing;
    if (path.instance < 0) return this.mayReadAny(path.object) ? CoapCode.Empty : CoapCode.Unauthorized;
    if (!this.may(path.object, path.instance, Right.Read)) return CoapCode.Unauthorized;
    if (path.resource < 0) return CoapCode.Empty;
    const row = this.row(path);
    if (!row.can(Access.R)) return CoapCode.MethodNotAllowed;
    if (!this.handler.has(path.object, path.instance, path.resource)) return CoapCode.NotFound;
    if (path.item >= 0 && (!row.can(Access.Multiple) || !this.hasItem(path))) return CoapCode.NotFound;
    return CoapCode.Empty;
  }

  /** Of an object those instances are read that may be; that there are none is an answer, too. */
  private mayReadAny(object: i32): bool {
    if (!hasServers<F>() || !isDefined(this.handler.acl)) return true;
    const h = this.handler;
    let i = h.nextInstance(object, -1);
    if (i < 0) return true;
    for (; i >= 0; i = h.nextInstance(object, i)) if (this.may(object, i, Right.Read)) return true;
    return false;
  }

  /** Writes what can be read at the path; it is there. */
  protected writeValues(path: Path): void {
    const h = this.handler;
    const table = changetype<ObjectTable>(this.table(path.object));
    const object = path.object;
    if (path.resource >= 0) {
      this.writeResource(object, path.instance, this.row(path), path.item);
    } else if (path.instance >= 0) {
      this.writeInstance(object, path.instance, table);
    } else {
      for (let i = h.nextInstance(object, -1); i >= 0; i = h.nextInstance(object, i)) {
        if (!this.may(object, i, Right.Read)) continue;
        this.writer.instance<F>(i);
        this.writeInstance(object, i, table);
      }
    }
  }

  private writeInstance(object: i32, instance: i32, table: ObjectTable): void {
    for (let k = 0, n = table.count; k < n; k++) {
      const row = table.row(k);
      if (row.can(Access.R) && this.handler.has(object, instance, row.id))
        this.writeResource(object, instance, row, -1);
    }
  }

  private writeResource(object: i32, instance: i32, row: Resource, item: i32): void {
    const h = this.handler;
    const w = this.writer;
    const id = row.id;
    if (!row.can(Access.Multiple)) {
      w.resource(id);
      this.writeValue(object, instance, id, -1);
      return;
    }
    w.multiple<F>(id);
    const before = item < 0 ? -1 : item - 1;
    for (let at = h.nextItem(object, instance, id, before); at >= 0; at = h.nextItem(object, instance, id, at)) {
      if (item >= 0 && at != item) return;
      w.item(at);
      this.writeValue(object, instance, id, at);
    }
  }

  /** The number at the path; NaN when there is none, or none alone. */
  number(path: Path): f64 {
    if (path.resource < 0 || this.unreadable(path) != CoapCode.Empty) return NaN;
    if (path.item < 0 && this.row(path).can(Access.Multiple)) return NaN;
    const value = this.value;
    this.handler.read(path.object, path.instance, path.resource, path.item, value);
    if (value.kind == Kind.Float) return value.float;
    return value.kind == Kind.Integer ? <f64>value.int : value.kind == Kind.Unsigned ? <f64>(<u64>value.int) : NaN;
  }

  private writeValue(object: i32, instance: i32, resource: i32, item: i32): void {
    this.handler.read(object, instance, resource, item, this.value);
    this.writer.put<F>(this.value);
  }
}
