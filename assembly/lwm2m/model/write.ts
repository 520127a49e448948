// Changing what the objects hold: Write, Write-Attributes, Create, Delete, Execute. LwM2M Core 6.3.3 to 6.3.8.
// A write is checked as a whole before any of it is carried out.

import { CoapEndpoint } from "../../net/coap/endpoint";
import { CoapCode, CoapOption } from "../../net/coap/fields";
import { Status } from "../../board/index";
import { Format, ID_MAX, Type } from "../fields";
import { hasParameters, hasText, hasTlv } from "../parts";
import { Path } from "../path";
import { Mark, Reader } from "../reader";
import { readNext } from "../reading";
import { Access, ObjectTable } from "../table";
import { resourceHead } from "../tlv-reader";
import { Kind } from "../value";
import { Right, codeOf } from "./core";
import { ObjectsDiscover } from "./discover";

const DEVICE: i32 = 3;

/** What a body is for. */
export const enum Body {
  Replace,
  Partial,
  Create,
  /** Values anywhere: every entry's own path is looked up. */
  Composite,
  /** A bootstrap server's: values anywhere below the path, whatever the access; instances come as they are written to. Core 6.1.7.4. */
  Bootstrap,
}


@unmanaged
export class ObjectsWrite<H, F> extends ObjectsDiscover<H, F> {
  // --- Write-Attributes ---

  protected writeAttributes(endpoint: CoapEndpoint, path: Path): CoapCode {
    const m = endpoint.message;
    const changes = this.attributes.changes;
    changes.clear();
    m.rewind();
    while (m.next() > 0)
      if (m.option == CoapOption.UriQuery && changes.parse(m.value, m.valueLen) != Status.Ok)
        return CoapCode.BadRequest;
    if (path.instance >= 0 && !this.may(path.object, path.instance, Right.Read)) return CoapCode.Unauthorized;
    // gt, lt, st: of numbers only.
    if (changes.has >> 4 != 0 && (path.resource < 0 || !isNumeric(this.row(path).type))) return CoapCode.BadRequest;
    if (path.item >= 0 && !this.hasItem(path)) return CoapCode.NotFound;
    const status = this.attributes.commit(path, this.ssid);
    return status == Status.Ok
      ? CoapCode.Changed
      : status == Status.NoSpace
        ? CoapCode.InternalServerError
        : CoapCode.BadRequest;
  }

  // --- Write ---

  protected write(endpoint: CoapEndpoint, path: Path, body: Body): CoapCode {
    if (body == Body.Replace && this.isStream(endpoint, path)) return this.pour(endpoint, path, true);
    if (!this.may(path.object, path.instance, Right.Write)) return CoapCode.Unauthorized;
    if (path.resource >= 0) {
      const row = this.row(path);
      if (!row.can(Access.W)) return CoapCode.MethodNotAllowed;
      // A partial write adds items; of a single resource there is nothing to add to.
      if (body == Body.Partial && !row.can(Access.Multiple)) return CoapCode.MethodNotAllowed;
      if (path.item >= 0 && !row.can(Access.Multiple)) return CoapCode.NotFound;
    }
    const code = this.checkBody(endpoint, path, body);
    if (code != CoapCode.Empty) return code;
    const fate = this.carryOut(endpoint, path, body, path.instance);
    if (fate == CoapCode.Changed) this.changedByServer(path);
    return fate;
  }

  /** Whether what is written there is taken part by part; in the formats in which a part can be told from the rest. */
  protected isStream(endpoint: CoapEndpoint, path: Path): bool {
    if (!isDefined(this.handler.streams)) return false;
    if (path.depth != 3 || !this.handler.streams(path.object, path.resource)) return false;
    const format = <Format>endpoint.message.format;
    return format == Format.None || format == Format.Opaque || (hasTlv<F>() && format == Format.Tlv);
  }

  /** Hands a part of a body on; 2.31 when it was not the last. */
  protected pour(endpoint: CoapEndpoint, path: Path, isLast: bool): CoapCode {
    if (!isDefined(this.handler.stream)) return CoapCode.NotImplemented;
    if (!this.may(path.object, path.instance, Right.Write)) return CoapCode.Unauthorized;
    let ptr = endpoint.body;
    let len = endpoint.bodyLen;
    let offset = endpoint.offset;
    if (offset == 0) this.streamHead = 0;
    if (hasTlv<F>())
      if (offset == 0 && <Format>endpoint.message.format == Format.Tlv) {
        this.streamHead = resourceHead(ptr, len, path.resource);
        if (this.streamHead < 0) return CoapCode.BadRequest;
      }
    if (offset > 0) {
      offset -= this.streamHead;
    } else {
      ptr += this.streamHead;
      len -= this.streamHead;
    }
    const status = this.handler.stream(path.object, path.instance, path.resource, ptr, len, offset, isLast);
    switch (status) {
      case Status.Ok:
        if (!isLast) return CoapCode.Continue;
        this.changedByServer(path);
        return CoapCode.Changed;
      case Status.Again:
        return CoapCode.RequestEntityIncomplete;
      case Status.NoSpace:
        return CoapCode.RequestEntityTooLarge;
      case Status.Unsupported:
      case Status.Short:
        return CoapCode.BadRequest;
      default:
        return codeOf(status);
    }
  }

  private begin(endpoint: CoapEndpoint, ptr: usize, path: Path, body: Body): i32 {
    let format = <Format>endpoint.message.format;
    if (format == Format.None) {
      // RFC 7252 5.5.1 leaves it open; of one value text is what is meant.
      if (hasText<F>() && path.resource >= 0) format = Format.Text;
      else if (body == Body.Bootstrap) format = Format.Tlv;
    }
    this.scratch.clear();
    return this.reader.begin<F>(format, ptr, endpoint.bodyLen, path);
  }

  /** Goes over a copy of the body, since reading may change it: Empty when all of it can be carried out. */
  checkBody(endpoint: CoapEndpoint, path: Path, body: Body): CoapCode {
    const len = endpoint.bodyLen;
    if (len > this.outMax) return CoapCode.RequestEntityTooLarge;
    memory.copy(this.out, endpoint.body, len);
    if (this.begin(endpoint, this.out, path, body) != Status.Ok) return CoapCode.UnsupportedContentFormat;
    this.created = body == Body.Create ? -1 : 0;
    this.seen = 0;
    let found: i32;
    while ((found = readNext<F>(this.reader)) > 0) {
      const code = this.checkEntry(this.reader, body);
      if (code != CoapCode.Empty) return code;
    }
    if (found < 0) return CoapCode.BadRequest;
    // One value of a single resource there must be.
    const isVoid = path.resource >= 0 && this.seen == 0 && body != Body.Bootstrap;
    return isVoid && !this.row(path).can(Access.Multiple) ? CoapCode.BadRequest : CoapCode.Empty;
  }

  private checkEntry(r: Reader, body: Body): CoapCode {
    const p = r.path;
    if (body == Body.Create && p.instance >= 0) {
      // One instance is created at a time.
      if (p.instance > ID_MAX || (this.created >= 0 && this.created != p.instance)) return CoapCode.BadRequest;
      if (this.created < 0 && this.seen != 0) return CoapCode.BadRequest;
      this.created = p.instance;
    }
    if (isDefined(this.handler.touch))
      if (body == Body.Bootstrap) {
        if (<u32>p.instance > <u32>ID_MAX) return CoapCode.BadRequest;
        // Of several instances each may be a new one.
        if (this.isAnother(p) && !this.hasInstance(p.object, p.instance))
          if (!this.handler.hasRoom(p.object, ++this.created)) return CoapCode.RequestEntityTooLarge;
      }
    if (r.mark == Mark.Instance) return CoapCode.Empty;
    if (p.resource < 0) return CoapCode.BadRequest;
    if (body == Body.Composite) {
      const missing = this.missing(p);
      if (missing != CoapCode.Empty) return missing;
      if (!this.may(p.object, p.instance, Right.Write)) return CoapCode.Unauthorized;
    }
    const table = this.table(p.object);
    const index = table ? table.find(p.resource) : -1;
    // What a bootstrap server writes and nobody here knows is passed over.
    if (!table || index < 0) return body == Body.Bootstrap ? CoapCode.Empty : CoapCode.NotFound;
    const row = table.row(index);
    if (body != Body.Bootstrap && (body == Body.Create ? row.can(Access.E) : !row.can(Access.W)))
      return CoapCode.MethodNotAllowed;
    this.seen |= 1 << index;
    const isMultiple = row.can(Access.Multiple);
    if (r.mark == Mark.Multiple) return isMultiple ? CoapCode.Empty : CoapCode.BadRequest;
    if (isMultiple != p.item >= 0 || r.value.kind == Kind.None) return CoapCode.BadRequest;
    if (r.value.resolve<F>(<Type>row.type) != Status.Ok) return CoapCode.BadRequest;
    return codeOf(this.handler.check(p.object, p.instance, p.resource, p.item, r.value));
  }

  /** The entry is of another instance than the one before. */
  private isAnother(p: Path): bool {
    const at = this.scratch;
    if (at.object == p.object && at.instance == p.instance) return false;
    at.set(p.object, p.instance, -1, -1);
    return true;
  }

  /** Carries out a body that has been checked. */
  carryOut(endpoint: CoapEndpoint, path: Path, body: Body, instance: i32): CoapCode {
    const h = this.handler;
    const r = this.reader;
    if (body == Body.Replace && path.resource < 0) {
      const table = changetype<ObjectTable>(this.table(path.object));
      // What is not in the body is gone, where it may be.
      for (let k = 0, n = table.count; k < n; k++) {
        const row = table.row(k);
        if (row.can(Access.W) && !row.can(Access.Mandatory) && (this.seen & (1 << k)) == 0)
          h.unset(path.object, instance, row.id);
      }
    }
    const replaces = (body == Body.Replace || body == Body.Bootstrap) && path.item < 0;
    let emptied = -1;
    this.begin(endpoint, endpoint.body, path, body);
    if (isDefined(h.touch))
      if (body == Body.Bootstrap) {
        h.beginTouch();
        // Also when there is nothing in it.
        if (path.depth == 2 && !h.touch(path.object, path.instance, true)) return CoapCode.InternalServerError;
      }
    while (readNext<F>(r) > 0) {
      const p = r.path;
      const table = this.table(p.object);
      if (!table) continue;
      if (isDefined(h.touch))
        if (body == Body.Bootstrap && this.isAnother(p)) {
          if (!h.touch(p.object, p.instance, path.depth < 3)) return CoapCode.InternalServerError;
          emptied = -1;
        }
      if (p.resource < 0) continue;
      const index = table.find(p.resource);
      if (index < 0) continue;
      const row = table.row(index);
      const at = body >= Body.Composite ? p.instance : instance;
      // An array that is written is another array; one item that is written is not.
      if (replaces && row.can(Access.Multiple) && emptied != p.resource) {
        h.unset(p.object, at, p.resource);
        emptied = p.resource;
      }
      if (r.mark != Mark.Value) continue;
      r.value.resolve<F>(<Type>row.type);
      const status = h.write(p.object, at, p.resource, p.item, r.value);
      if (status != Status.Ok) return CoapCode.InternalServerError;
      if (body == Body.Composite) this.changedByServer(p);
    }
    // An empty array may have nothing in it at all.
    if (body == Body.Replace && replaces && path.resource >= 0 && emptied < 0 && this.row(path).can(Access.Multiple))
      h.unset(path.object, instance, path.resource);
    return CoapCode.Changed;
  }

  // --- Create, Delete, Execute ---

  protected create(endpoint: CoapEndpoint, path: Path): CoapCode {
    const h = this.handler;
    const object = path.object;
    const table = changetype<ObjectTable>(this.table(object));
    if (table.instancesMax == 1) return CoapCode.MethodNotAllowed;
    if (!this.may(object, -1, Right.Create)) return CoapCode.Unauthorized;
    const code = this.checkBody(endpoint, path, Body.Create);
    if (code != CoapCode.Empty) return code;
    for (let k = 0, n = table.count; k < n; k++) {
      const row = table.row(k);
      if (row.can(Access.Mandatory) && row.can(Access.W) && (this.seen & (1 << k)) == 0) return CoapCode.BadRequest;
    }
    let instance = this.created;
    const isOurs = instance < 0;
    if (isOurs) {
      instance = 0;
      while (this.hasInstance(object, instance)) instance++;
    } else if (this.hasInstance(object, instance)) {
      return CoapCode.BadRequest;
    }
    if (h.create(object, instance) != Status.Ok) return CoapCode.InternalServerError;
    if (this.carryOut(endpoint, path, Body.Create, instance) != CoapCode.Changed) {
      h.remove(object, instance);
      return CoapCode.InternalServerError;
    }
    if (isDefined(h.owned)) h.owned(object, instance, this.ssid);
    if (isOurs)
      endpoint.location().pathNumber(CoapOption.LocationPath, object).pathNumber(CoapOption.LocationPath, instance);
    path.instance = instance;
    this.changedByServer(path);
    return CoapCode.Created;
  }

  protected remove(path: Path): CoapCode {
    const object = path.object;
    if (path.depth != 2 || object == DEVICE) return CoapCode.MethodNotAllowed;
    const table = changetype<ObjectTable>(this.table(object));
    if (table.instancesMax == 1) return CoapCode.MethodNotAllowed;
    if (!this.may(object, path.instance, Right.Delete)) return CoapCode.Unauthorized;
    if (this.handler.remove(object, path.instance) != Status.Ok) return CoapCode.InternalServerError;
    if (isDefined(this.handler.disowned)) this.handler.disowned(object, path.instance);
    this.attributes.drop(path);
    this.changedByServer(path);
    return CoapCode.Deleted;
  }

  protected execute(endpoint: CoapEndpoint, path: Path): CoapCode {
    if (!this.may(path.object, path.instance, Right.Execute)) return CoapCode.Unauthorized;
    const format = <Format>endpoint.message.format;
    if (format != Format.None && format != Format.Text) return CoapCode.UnsupportedContentFormat;
    const ptr = endpoint.body;
    const len = endpoint.bodyLen;
    if (hasParameters<F>() ? !areArguments(ptr, len) : len > 0) return CoapCode.BadRequest;
    const code = codeOf(this.handler.execute(path.object, path.instance, path.resource, ptr, len));
    return code == CoapCode.Empty ? CoapCode.Changed : code;
  }
}

function isNumeric(type: i32): bool {
  return type == Type.Integer || type == Type.Unsigned || type == Type.Float;
}

/** Core 6.3.5: `7,0='https://x.example'`: digits, each once, with a quoted value or without. */
function areArguments(ptr: usize, len: i32): bool {
  const end = ptr + len;
  let used: u32 = 0;
  while (ptr < end) {
    const digit: u32 = <u32>load<u8>(ptr++) - 0x30;
    if (digit > 9 || (used >> digit) & 1) return false;
    used |= 1 << digit;
    if (ptr == end) return true;
    let c: u32 = load<u8>(ptr++);
    if (c == 0x3d) {
      if (ptr == end || load<u8>(ptr++) != 0x27) return false;
      do {
        if (ptr == end) return false;
        c = load<u8>(ptr++);
      } while (c > 0x20 && c < 0x7f && c != 0x22 && c != 0x27 && c != 0x5c);
      if (c != 0x27) return false;
      if (ptr == end) return true;
      c = load<u8>(ptr++);
    }
    if (c != 0x2c || ptr == end) return false;
  }
  return true;
}
