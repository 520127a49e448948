// What a server does with a device's objects: Read, Discover, Write, Write-Attributes, Execute, Create, Delete. LwM2M Core 6.3.
//
// The objects are the app's: a class `H`, taken as a type parameter, that has the tables (table.ts) and the values. Its members, in which
// an absent item (single resource) is -1:
//
//   table(index): usize                                 the ObjectTables one by one, 0 behind the last
//   nextInstance(object, after): i32                    the next instance ID above `after` (-1: the first), -1 for none
//   nextItem(object, instance, resource, after): i32    the same of a multiple resource's items
//   has(object, instance, resource): bool               the resource is there
//   read(object, instance, resource, item, writer): void          writes its value, by the call of its type
//   check(object, instance, resource, item, value): i32            Ok when `write` would take that value
//   write(object, instance, resource, item, value): i32            takes a value of the resource's type
//   unset(object, instance, resource): void             drops an optional value, or all items
//   create(object, instance): i32, remove(object, instance): i32   Status
//   execute(object, instance, resource, arguments, length): i32    Status
//   changed(path): void                                 a server has changed what lies there
//
// A write is checked as a whole before any of it is carried out.

import { CoapCode, CoapOption } from "../net/coap/fields";
import { CoapEndpoint } from "../net/coap/endpoint";
import { Status } from "../board/index";
import { Text } from "../util/text";
import { ATTRIBUTES_SIZE, Attributes } from "./attributes";
import { Format, ID_MAX, Type } from "./fields";
import { Path } from "./path";
import { Mark, READER_SIZE, Reader } from "./reader";
import { Access, ObjectTable, Resource } from "./table";
import { Kind } from "./value";
import { WRITER_SIZE, Writer } from "./writer";

const SECURITY: i32 = 0;
const DEVICE: i32 = 3;

/** What a body is for. */
const enum Body {
  Replace,
  Partial,
  Create,
}

/** Place with `memory.data(OBJECTS_SIZE, 8)`, then `attach`. */
@unmanaged
export class Objects<H> {
  handler: H;
  /** The format of an answer to a server that wants none in particular. LwM2M 1.0: None, which means text or TLV. */
  preferred: Format;
  private out: usize;
  private outMax: i32;
  private seen: u32;


  @inline
  get attributes(): Attributes {
    return changetype<Attributes>((changetype<usize>(this) + offsetof<Objects<H>>() + 7) & ~7);
  }


  @inline
  private get reader(): Reader {
    return changetype<Reader>(changetype<usize>(this.attributes) + ATTRIBUTES_SIZE);
  }


  @inline
  private get writer(): Writer {
    return changetype<Writer>((changetype<usize>(this.reader) + READER_SIZE + 7) & ~7);
  }


  @inline
  private get text(): Text {
    return changetype<Text>(changetype<usize>(this.writer) + WRITER_SIZE);
  }

  /** What the request is for. */
  @inline
  private get path(): Path {
    return changetype<Path>(changetype<usize>(this.text) + offsetof<Text>());
  }


  @inline
  private get scratch(): Path {
    return changetype<Path>(changetype<usize>(this.path) + offsetof<Path>());
  }

  /** out..out+outMax holds the body of an answer, and a copy of a body being checked: as long as the longest of either. */
  attach(handler: H, preferred: Format, out: usize, outMax: i32): void {
    this.handler = handler;
    this.preferred = preferred;
    this.out = out;
    this.outMax = outMax;
  }

  // --- Lookup ---

  /** The object's table, null for none. */
  private table(id: i32): ObjectTable | null {
    let table: usize;
    for (let i = 0; (table = this.handler.table(i)) != 0; i++)
      if (changetype<ObjectTable>(table).id == id) return changetype<ObjectTable>(table);
    return null;
  }

  private hasInstance(object: i32, instance: i32): bool {
    return this.handler.nextInstance(object, instance - 1) == instance;
  }

  /** Ok when what the path names is there; 4.04, or 4.01 for the Security object, which no server sees. */
  private missing(path: Path): CoapCode {
    if (path.object == SECURITY) return CoapCode.Unauthorized;
    const table = this.table(path.object);
    if (!table) return CoapCode.NotFound;
    if (path.instance < 0) return CoapCode.Empty;
    if (!this.hasInstance(path.object, path.instance)) return CoapCode.NotFound;
    if (path.resource < 0) return CoapCode.Empty;
    return table.find(path.resource) < 0 ? CoapCode.NotFound : CoapCode.Empty;
  }

  // --- A request ---

  /** Answers the request that `endpoint` has in hand (its event Request). */
  handle(endpoint: CoapEndpoint): void {
    const m = endpoint.message;
    const path = this.path.clear();
    m.rewind();
    while (m.next() > 0) {
      if (m.option == CoapOption.UriPath && path.appendText(m.value, m.valueLen) != Status.Ok) {
        endpoint.respond(CoapCode.NotFound, -1, 0, 0);
        return;
      }
    }
    const code = this.dispatch(endpoint, path);
    const isContent = code == CoapCode.Content;
    endpoint.respond(code, isContent ? this.answerFormat : -1, this.out, isContent ? this.answerLen : 0);
  }

  private answerFormat: Format;
  private answerLen: i32;

  private dispatch(endpoint: CoapEndpoint, path: Path): CoapCode {
    const m = endpoint.message;
    const depth = path.depth;
    if (depth == 0) return CoapCode.MethodNotAllowed;
    const missing = this.missing(path);
    if (missing != CoapCode.Empty) return missing;
    switch (m.code) {
      case CoapCode.Get:
        return m.accept == Format.Link ? this.discover(path) : this.read(path, <Format>m.accept);
      case CoapCode.Put:
        if (m.format < 0 && endpoint.bodyLen == 0 && m.count(CoapOption.UriQuery) > 0)
          return this.writeAttributes(endpoint, path);
        return depth == 1 ? CoapCode.MethodNotAllowed : this.write(endpoint, path, Body.Replace);
      case CoapCode.Post:
        if (depth == 1) return this.create(endpoint, path);
        if (depth == 3 && this.row(path).can(Access.E)) return this.execute(endpoint, path);
        if (depth == 4) return CoapCode.MethodNotAllowed;
        return this.write(endpoint, path, Body.Partial);
      case CoapCode.Delete:
        return this.remove(path);
      default:
        return CoapCode.MethodNotAllowed;
    }
  }

  /** The resource that the path names, which is there. */
  private row(path: Path): Resource {
    const table = changetype<ObjectTable>(this.table(path.object));
    return table.row(table.find(path.resource));
  }

  // --- Read ---

  /** Reads what is at the path into the answer. `accept` None: no wish. */
  private read(path: Path, accept: Format): CoapCode {
    let single = path.resource >= 0;
    let type = 0;
    if (single) {
      const row = this.row(path);
      if (!row.can(Access.R)) return CoapCode.MethodNotAllowed;
      if (!this.handler.has(path.object, path.instance, path.resource)) return CoapCode.NotFound;
      type = row.type;
      if (path.item >= 0) {
        if (!row.can(Access.Multiple) || !this.hasItem(path)) return CoapCode.NotFound;
      } else if (row.can(Access.Multiple)) {
        single = false;
      }
    }
    let format = accept;
    if (format == Format.None) format = this.preferred;
    if (format == Format.None) format = single ? Format.Text : Format.Tlv;
    if (!fitsFormat(format, single, type)) return CoapCode.NotAcceptable;
    this.answerFormat = format;
    this.writeValues(path, format);
    const w = this.writer;
    // NaN has no form as text.
    if (w.failed) return CoapCode.NotAcceptable;
    this.answerLen = w.length;
    return w.fits ? CoapCode.Content : CoapCode.InternalServerError;
  }

  private hasItem(path: Path): bool {
    return this.handler.nextItem(path.object, path.instance, path.resource, path.item - 1) == path.item;
  }

  private writeValues(path: Path, format: Format): void {
    const h = this.handler;
    const w = this.writer;
    const table = changetype<ObjectTable>(this.table(path.object));
    w.begin(format, this.out, this.outMax, path);
    if (path.resource >= 0) {
      this.writeResource(path.instance, path.object, this.row(path), path.item);
    } else if (path.instance >= 0) {
      this.writeInstance(path.object, path.instance, table);
    } else {
      for (let i = h.nextInstance(path.object, -1); i >= 0; i = h.nextInstance(path.object, i)) {
        w.instance(i);
        this.writeInstance(path.object, i, table);
      }
    }
    w.end();
  }

  private writeInstance(object: i32, instance: i32, table: ObjectTable): void {
    for (let k = 0, n = table.count; k < n; k++) {
      const row = table.row(k);
      if (row.can(Access.R) && this.handler.has(object, instance, row.id))
        this.writeResource(instance, object, row, -1);
    }
  }

  private writeResource(instance: i32, object: i32, row: Resource, item: i32): void {
    const h = this.handler;
    const w = this.writer;
    const id = row.id;
    if (!row.can(Access.Multiple)) {
      w.resource(id);
      h.read(object, instance, id, -1, w);
      return;
    }
    w.multiple(id);
    for (let at = h.nextItem(object, instance, id, item - 1); at >= 0; at = h.nextItem(object, instance, id, at)) {
      if (item >= 0 && at != item) return;
      w.item(at);
      h.read(object, instance, id, at, w);
    }
  }

  // --- Discover ---

  /** Core 6.3.2: what there is below the path, with its attributes. */
  private discover(path: Path): CoapCode {
    const h = this.handler;
    const text = this.text.on(this.out, this.outMax);
    const table = changetype<ObjectTable>(this.table(path.object));
    const at = this.scratch;
    if (path.resource >= 0) {
      if (!h.has(path.object, path.instance, path.resource) && !this.row(path).can(Access.E)) return CoapCode.NotFound;
      this.link(path, true);
    } else if (path.instance >= 0) {
      this.link(path, true);
      this.discoverInstance(path.object, path.instance, table, true);
    } else {
      this.link(path, true);
      for (let i = h.nextInstance(path.object, -1); i >= 0; i = h.nextInstance(path.object, i)) {
        this.link(at.set(path.object, i, -1, -1), true);
        this.discoverInstance(path.object, i, table, false);
      }
    }
    this.answerFormat = Format.Link;
    this.answerLen = text.length;
    return text.fits ? CoapCode.Content : CoapCode.InternalServerError;
  }

  private discoverInstance(object: i32, instance: i32, table: ObjectTable, full: bool): void {
    for (let k = 0, n = table.count; k < n; k++) {
      const row = table.row(k);
      if (row.can(Access.E) || this.handler.has(object, instance, row.id))
        this.link(this.scratch.set(object, instance, row.id, -1), full);
    }
  }

  private link(path: Path, full: bool): void {
    const text = this.text;
    if (text.length > 0) text.byte(0x2c);
    text.byte(0x3c);
    path.write(text);
    text.byte(0x3e);
    const table = changetype<ObjectTable>(this.table(path.object));
    if (path.instance < 0) this.version(table);
    if (!full) return;
    if (path.resource >= 0 && path.item < 0 && this.row(path).can(Access.Multiple)) {
      const h = this.handler;
      let items = 0;
      for (let i = -1; (i = h.nextItem(path.object, path.instance, path.resource, i)) >= 0;) items++;
      text.str(";dim=").num(items);
    }
    const found = this.attributes.find(path);
    if (found) found.write(text);
  }

  /** `;ver=1.1` of an object that is not of version 1.0. */
  private version(table: ObjectTable): void {
    if (table.version != 0x0100)
      this.text
        .str(";ver=")
        .num(table.version >> 8)
        .byte(0x2e)
        .num(table.version & 0xff);
  }

  /** The body of Register: all objects and instances but of Security; returns its length, with `into` of no size only that. Core 6.2.1. */
  writeLinks(into: usize, max: i32): i32 {
    const h = this.handler;
    const text = this.text.on(into, max).str('</>;rt="oma.lwm2m"');
    if (this.preferred != Format.None) text.str(";ct=").num(this.preferred);
    let found: usize;
    for (let k = 0; (found = h.table(k)) != 0; k++) {
      const table = changetype<ObjectTable>(found);
      const object = table.id;
      if (object == SECURITY) continue;
      let instance = h.nextInstance(object, -1);
      // The object itself is named where it has something to say.
      if (instance < 0 || table.version != 0x0100) {
        text.str(",</").num(object).byte(0x3e);
        this.version(table);
      }
      for (; instance >= 0; instance = h.nextInstance(object, instance))
        text.str(",</").num(object).byte(0x2f).num(instance).byte(0x3e);
    }
    return text.length;
  }

  // --- Write-Attributes ---

  private writeAttributes(endpoint: CoapEndpoint, path: Path): CoapCode {
    const m = endpoint.message;
    const changes = this.attributes.changes;
    changes.clear();
    m.rewind();
    while (m.next() > 0)
      if (m.option == CoapOption.UriQuery && changes.parse(m.value, m.valueLen) != Status.Ok)
        return CoapCode.BadRequest;
    // gt, lt, st: of numbers only.
    if (changes.has >> 4 != 0 && (path.resource < 0 || !isNumeric(this.row(path).type))) return CoapCode.BadRequest;
    if (path.item >= 0 && !this.hasItem(path)) return CoapCode.NotFound;
    const status = this.attributes.commit(path);
    return status == Status.Ok
      ? CoapCode.Changed
      : status == Status.NoSpace
        ? CoapCode.InternalServerError
        : CoapCode.BadRequest;
  }

  // --- Write ---

  private write(endpoint: CoapEndpoint, path: Path, body: Body): CoapCode {
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
    if (fate == CoapCode.Changed) this.handler.changed(path);
    return fate;
  }

  private formatOf(endpoint: CoapEndpoint, path: Path): Format {
    const format = <Format>endpoint.message.format;
    // RFC 7252 5.5.1 leaves it open; of one value text is what is meant.
    return format == Format.None && path.resource >= 0 ? Format.Text : format;
  }

  /** Goes over a copy of the body, since reading may change it: Empty when all of it can be carried out. */
  private checkBody(endpoint: CoapEndpoint, path: Path, body: Body): CoapCode {
    const len = endpoint.bodyLen;
    const format = this.formatOf(endpoint, path);
    const isOpaque = path.resource >= 0 && (format == Format.Text || format == Format.Opaque);
    if (isOpaque && path.item < 0 && this.row(path).can(Access.Multiple)) return CoapCode.BadRequest;
    if (len > this.outMax) return CoapCode.RequestEntityTooLarge;
    memory.copy(this.out, endpoint.body, len);
    const r = this.reader;
    if (r.begin(format, this.out, len, path) != Status.Ok) return CoapCode.UnsupportedContentFormat;
    this.created = -1;
    this.seen = 0;
    let found: i32;
    while ((found = r.next()) > 0) {
      const code = this.checkEntry(r, body);
      if (code != CoapCode.Empty) return code;
    }
    // One value of a single resource there must be.
    if (path.resource >= 0 && this.seen == 0 && !this.row(path).can(Access.Multiple)) return CoapCode.BadRequest;
    return found == 0 ? CoapCode.Empty : CoapCode.BadRequest;
  }

  /** The instance that a body of Create names. */
  private created: i32;

  private checkEntry(r: Reader, body: Body): CoapCode {
    const p = r.path;
    if (body == Body.Create && p.instance >= 0) {
      // One instance is created at a time.
      if (p.instance > ID_MAX || (this.created >= 0 && this.created != p.instance)) return CoapCode.BadRequest;
      if (this.created < 0 && this.seen != 0) return CoapCode.BadRequest;
      this.created = p.instance;
    }
    if (r.mark == Mark.Instance) return CoapCode.Empty;
    if (p.resource < 0) return CoapCode.BadRequest;
    const table = changetype<ObjectTable>(this.table(p.object));
    const index = table.find(p.resource);
    if (index < 0) return CoapCode.NotFound;
    const row = table.row(index);
    if (body == Body.Create ? row.can(Access.E) : !row.can(Access.W)) return CoapCode.MethodNotAllowed;
    this.seen |= 1 << index;
    const isMultiple = row.can(Access.Multiple);
    if (r.mark == Mark.Multiple) return isMultiple ? CoapCode.Empty : CoapCode.BadRequest;
    if (isMultiple != p.item >= 0 || r.value.kind == Kind.None) return CoapCode.BadRequest;
    if (r.value.resolve(<Type>row.type) != Status.Ok) return CoapCode.BadRequest;
    return codeOf(this.handler.check(p.object, p.instance, p.resource, p.item, r.value));
  }

  /** Carries out a body that has been checked. */
  private carryOut(endpoint: CoapEndpoint, path: Path, body: Body, instance: i32): CoapCode {
    const h = this.handler;
    const r = this.reader;
    const table = changetype<ObjectTable>(this.table(path.object));
    if (body == Body.Replace && path.resource < 0) {
      // What is not in the body is gone, where it may be.
      for (let k = 0, n = table.count; k < n; k++) {
        const row = table.row(k);
        if (row.can(Access.W) && !row.can(Access.Mandatory) && (this.seen & (1 << k)) == 0)
          h.unset(path.object, instance, row.id);
      }
    }
    let emptied = -1;
    r.begin(this.formatOf(endpoint, path), endpoint.body, endpoint.bodyLen, path);
    while (r.next() > 0) {
      const p = r.path;
      if (p.resource < 0) continue;
      const row = table.row(table.find(p.resource));
      // An array that is written is another array; one item that is written is not.
      if (body == Body.Replace && path.item < 0 && row.can(Access.Multiple) && emptied != p.resource) {
        h.unset(p.object, instance, p.resource);
        emptied = p.resource;
      }
      if (r.mark != Mark.Value) continue;
      r.value.resolve(<Type>row.type);
      const status = h.write(p.object, instance, p.resource, p.item, r.value);
      if (status != Status.Ok) return CoapCode.InternalServerError;
    }
    // An empty array may have nothing in it at all.
    if (
      body == Body.Replace &&
      path.resource >= 0 &&
      path.item < 0 &&
      emptied < 0 &&
      this.row(path).can(Access.Multiple)
    )
      h.unset(path.object, instance, path.resource);
    return CoapCode.Changed;
  }

  // --- Create, Delete, Execute ---

  private create(endpoint: CoapEndpoint, path: Path): CoapCode {
    const h = this.handler;
    const table = changetype<ObjectTable>(this.table(path.object));
    if (table.instancesMax == 1) return CoapCode.MethodNotAllowed;
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
      while (this.hasInstance(path.object, instance)) instance++;
    } else if (this.hasInstance(path.object, instance)) {
      return CoapCode.BadRequest;
    }
    if (h.create(path.object, instance) != Status.Ok) return CoapCode.InternalServerError;
    if (this.carryOut(endpoint, path, Body.Create, instance) != CoapCode.Changed) {
      h.remove(path.object, instance);
      return CoapCode.InternalServerError;
    }
    if (isOurs)
      endpoint
        .location()
        .pathNumber(CoapOption.LocationPath, path.object)
        .pathNumber(CoapOption.LocationPath, instance);
    path.instance = instance;
    h.changed(path);
    return CoapCode.Created;
  }

  private remove(path: Path): CoapCode {
    if (path.depth != 2 || path.object == DEVICE) return CoapCode.MethodNotAllowed;
    const table = changetype<ObjectTable>(this.table(path.object));
    if (table.instancesMax == 1) return CoapCode.MethodNotAllowed;
    if (this.handler.remove(path.object, path.instance) != Status.Ok) return CoapCode.InternalServerError;
    this.attributes.drop(path);
    this.handler.changed(path);
    return CoapCode.Deleted;
  }

  private execute(endpoint: CoapEndpoint, path: Path): CoapCode {
    const format = <Format>endpoint.message.format;
    if (format != Format.None && format != Format.Text) return CoapCode.UnsupportedContentFormat;
    const ptr = endpoint.body;
    const len = endpoint.bodyLen;
    if (!areArguments(ptr, len)) return CoapCode.BadRequest;
    const code = codeOf(this.handler.execute(path.object, path.instance, path.resource, ptr, len));
    return code == CoapCode.Empty ? CoapCode.Changed : code;
  }
}

export const OBJECTS_SIZE: i32 = <i32>(
  (offsetof<Objects<usize>>() +
    16 +
    ATTRIBUTES_SIZE +
    READER_SIZE +
    WRITER_SIZE +
    offsetof<Text>() +
    2 * offsetof<Path>())
);

function isNumeric(type: i32): bool {
  return type == Type.Integer || type == Type.Unsigned || type == Type.Float;
}

/** Whether an answer can have that format: text and opaque hold one value. */
function fitsFormat(format: Format, single: bool, type: i32): bool {
  switch (format) {
    case Format.Tlv:
    case Format.SenmlCbor:
    case Format.SenmlJson:
      return true;
    case Format.Text:
      return single;
    case Format.Opaque:
      return single && type == Type.Opaque;
    default:
      return false;
  }
}

/** What the app says of a value or of an execution, as CoAP says it; Empty for Ok. */
function codeOf(status: i32): CoapCode {
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

/** Core 6.3.5: `7,0='https://x.example'`: digits, each once, with a quoted value or without. */
function areArguments(ptr: usize, len: i32): bool {
  let used: u32 = 0;
  for (let i = 0; i < len;) {
    const digit: u32 = <u32>load<u8>(ptr + i++) - 0x30;
    if (digit > 9 || used & (1 << digit)) return false;
    used |= 1 << digit;
    if (i < len && load<u8>(ptr + i) == 0x3d) {
      if (++i >= len || load<u8>(ptr + i++) != 0x27) return false;
      while (i < len && isArgument(load<u8>(ptr + i))) i++;
      if (i >= len || load<u8>(ptr + i++) != 0x27) return false;
    }
    if (i == len) return true;
    if (load<u8>(ptr + i++) != 0x2c || i == len) return false;
  }
  return true;
}

function isArgument(c: u32): bool {
  return c == 0x21 || (c >= 0x23 && c <= 0x26) || (c >= 0x28 && c <= 0x5b) || (c >= 0x5d && c <= 0x7e);
}
