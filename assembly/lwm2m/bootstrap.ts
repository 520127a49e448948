// One bootstrap session with a bootstrap server over CoAP, client's side: Bootstrap-Request, then the server's commands until
// Bootstrap-Finish; or, of LwM2M 1.2, Bootstrap-Pack, which brings all in one answer. LwM2M Core 6.1, Transport 6.4.2.
//
// The session is one transaction. What is written to objects 0, 1 and 2 is kept apart (accounts.ts) until Finish has found it
// consistent, and is gone if the session ends in any other way. What the server writes to objects of the app goes to the app's
// handler at once, command by command: each is checked as a whole before any of it is carried out, but a session that fails later
// does not take it back. Of the app's objects Delete takes away instances of those that may have several; object 3 stays.
//
// Only commands of the session's peer may be given to `serve`, and no other server is to be served meanwhile.

import { Status } from "../board/index";
import { CoapEvent } from "../net/coap/event";
import { CoapEndpoint } from "../net/coap/endpoint";
import { CoapCode, CoapOption, CoapType, EXCHANGE_LIFETIME_MS } from "../net/coap/fields";
import { CoapWriter } from "../net/coap/writer";
import { Text, equals } from "../util/text";
import { ACCESS_CONTROL, AccountSet, Mark as RecordMark, Record, SECURITY, SERVER, Security } from "./account";
import { writeDiscovery, writeValues } from "./bootstrap-read";
import { Format, ID_MAX, Type } from "./fields";
import { Usual, hasCbor, hasInstances, hasJson, hasPack, hasServers, hasSurvey, hasText, hasTlv } from "./parts";
import { Managed, lastOwn } from "./managed";
import { Path } from "./path";
import { Mark, READER_SIZE, Reader } from "./reader";
import { Access, ObjectTable } from "./table";
import { Kind, Value } from "./value";
import { WRITER_SIZE, Writer } from "./writer";

const DEVICE: i32 = 3;
const NAME_MAX: i32 = 120;
const QUERY_MAX: i32 = NAME_MAX + 8;
/** How long the server may take to answer Bootstrap-Request once it has acknowledged it. */
const ANSWER_MS: i32 = 60_000;

export const enum BootstrapState {
  Off,
  /** Bootstrap-Request has been sent. Left by its answer, by the first command of the server's, or when CoAP gives up. */
  Asking,
  /** GET /bspack has been sent. Left by its answer: to Done, or to Asking when the server does not know it. */
  Packing,
  /** Commands come. Left by Finish, or 247 s after the last command. */
  Session,
  /** The accounts have been kept. Left by `begin`. */
  Done,
  /** `failure` says why; nothing is left of the session. Left by `begin`. */
  Failed,
}

/** Place with `memory.data(BOOTSTRAP_SIZE, 8)`, then `attach`. */
@unmanaged
export class Bootstrap<H, F = Usual> {
  state: BootstrapState;
  /** When `step` is to be called. */
  deadline: i64;
  /** A Status below 0, or the code of a refusal: the server's to Bootstrap-Request, or ours to Bootstrap-Finish. */
  failure: i32;
  /** Content-Format that the server is asked to use, None for no wish. */
  preferred: Format;
  /** Asks for a Bootstrap-Pack first. */
  usesPack: bool;
  /** UNIX time in s, -1 when unknown: for /1/x/12. */
  unixS: i64;
  private handler: Managed<H, F>;
  private endpoint: CoapEndpoint;
  private name: usize;
  private nameLen: i32;
  private out: usize;
  private outMax: i32;
  private asked: bool;
  /** The server does not know the format that was wished for: it is asked without a wish. */
  private isModest: bool;
  private answerFormat: Format;
  private answerLen: i32;


  @inline
  private get reader(): Reader {
    return changetype<Reader>(changetype<usize>(this) + ((offsetof<Bootstrap<H, F>>() + 7) & ~7));
  }


  @inline
  private get writer(): Writer {
    return changetype<Writer>(changetype<usize>(this.reader) + ((READER_SIZE + 7) & ~7));
  }


  @inline
  private get text(): Text {
    return changetype<Text>(changetype<usize>(this.writer) + ((WRITER_SIZE + 7) & ~7));
  }


  @inline
  private get value(): Value {
    return changetype<Value>(changetype<usize>(this.text) + ((offsetof<Text>() + 7) & ~7));
  }


  @inline
  private get path(): Path {
    return changetype<Path>(changetype<usize>(this.value) + ((offsetof<Value>() + 7) & ~7));
  }


  @inline
  private get query(): usize {
    return changetype<usize>(this.path) + offsetof<Path>();
  }

  /**
   * The endpoint's name stays with the caller. out..out+outMax: for answers, and for a copy of a body being checked. TooLong when the name
   * has more than 120 bytes.
   */
  attach(handler: Managed<H, F>, name: usize, nameLen: i32, out: usize, outMax: i32): i32 {
    if (<u32>nameLen > <u32>NAME_MAX) return Status.TooLong;
    this.handler = handler;
    this.name = name;
    this.nameLen = nameLen;
    this.out = out;
    this.outMax = outMax;
    this.preferred = Format.Tlv;
    this.unixS = -1;
    this.deadline = i64.MAX_VALUE;
    return Status.Ok;
  }

  /** Begins a session over the endpoint, which is with the bootstrap server, open and idle. */
  begin(now: i64, endpoint: CoapEndpoint): void {
    this.endpoint = endpoint;
    this.failure = 0;
    this.isModest = false;
    this.restart();
    if (hasPack<F>() && this.usesPack) {
      this.state = BootstrapState.Packing;
      const w = endpoint.request(CoapCode.Get).text(CoapOption.UriPath, "bspack");
      this.ask(now, w, this.preferred == Format.SenmlJson ? Format.SenmlJson : Format.SenmlCbor);
    } else {
      this.request(now);
    }
  }

  /** Gives the session up: its link is dead, or nobody wants it any more. */
  abort(why: i32): void {
    if (this.isOver) return;
    if (this.asked) this.endpoint.cancel();
    this.fail(why);
  }

  get isOver(): bool {
    return this.state == BootstrapState.Off || this.state == BootstrapState.Done || this.state == BootstrapState.Failed;
  }

  private restart(): void {
    const h = this.handler;
    h.accounts.begin();
    h.set = h.accounts.candidate;
  }

  private request(now: i64): void {
    this.state = BootstrapState.Asking;
    const w = this.endpoint.request(CoapCode.Post).text(CoapOption.UriPath, "bs");
    this.ask(now, w, Format.None);
  }

  /** `accept` None: the wish goes into `pct`. */
  private ask(now: i64, w: CoapWriter, accept: Format): void {
    const text = this.text;
    text.on(this.query, QUERY_MAX).str("ep=").bytes(this.name, this.nameLen);
    w.option(CoapOption.UriQuery, this.query, text.length);
    if (accept == Format.None && this.preferred != Format.None && !this.isModest) {
      text.on(this.query, QUERY_MAX).str("pct=").num(this.preferred);
      w.option(CoapOption.UriQuery, this.query, text.length);
    }
    const status = this.endpoint.send(now, CoapType.Con, -1, accept, -1, 0, 0, ANSWER_MS);
    this.asked = status == Status.Ok;
    if (!this.asked) this.fail(status);
    else this.deadline = i64.MAX_VALUE;
  }

  private fail(why: i32): void {
    this.asked = false;
    this.state = BootstrapState.Failed;
    this.failure = why;
    this.leave();
    this.handler.accounts.rollBack();
  }

  private leave(): void {
    this.deadline = i64.MAX_VALUE;
    const h = this.handler;
    h.set = h.accounts.active;
  }

  /** Moves on; call when `deadline` has come. */
  step(now: i64): void {
    // Transport 6.4.2: EXCHANGE_LIFETIME without a command.
    if (this.state == BootstrapState.Session && now >= this.deadline) this.fail(Status.Timeout);
  }

  // --- The answer to our request ---

  /** Takes an event of the endpoint; true when it was the answer to ours. */
  answered(now: i64, event: CoapEvent): bool {
    if (!this.asked || (event != CoapEvent.Response && event != CoapEvent.ResponseBlock)) return false;
    const endpoint = this.endpoint;
    if (event == CoapEvent.ResponseBlock) {
      endpoint.keep(now);
      return true;
    }
    this.asked = false;
    const result = endpoint.result;
    const code: CoapCode = result == Status.Ok ? endpoint.message.code : CoapCode.Empty;
    if (hasPack<F>() && this.state == BootstrapState.Packing) {
      if (code == CoapCode.Content && this.takePack()) {
        this.done();
      } else if (code == CoapCode.Empty && result == Status.Timeout) {
        this.fail(result);
      } else {
        // A server of 1.0 or 1.1, or what it gave is of no use: the long way.
        this.handler.accounts.rollBack();
        this.restart();
        this.request(now);
      }
      return true;
    }
    if (code == CoapCode.Changed) {
      this.listen(now);
    } else if (
      // A server of 1.0 may refuse a request with a parameter that it does not know.
      (code == CoapCode.UnsupportedContentFormat || code == CoapCode.BadRequest) &&
      this.preferred != Format.None &&
      !this.isModest
    ) {
      this.isModest = true;
      this.request(now);
    } else {
      this.fail(code == CoapCode.Empty ? result : code);
    }
    return true;
  }

  private listen(now: i64): void {
    this.state = BootstrapState.Session;
    this.deadline = now + EXCHANGE_LIFETIME_MS;
  }

  private takePack(): bool {
    const endpoint = this.endpoint;
    const h = this.handler;
    // All but the bootstrap account makes way.
    for (let object = 0; object <= lastOwn<F>(); object++) this.empty(object);
    const path = this.path.clear();
    const format = <Format>endpoint.message.format;
    if (format != Format.SenmlCbor && format != Format.SenmlJson) return false;
    if (endpoint.bodyLen > this.outMax) return false;
    memory.copy(this.out, endpoint.body, endpoint.bodyLen);
    if (this.visit(format, this.out, endpoint.bodyLen, path, false) != CoapCode.Empty) return false;
    if (this.visit(format, endpoint.body, endpoint.bodyLen, path, true) != CoapCode.Empty) return false;
    return h.accounts.isConsistent;
  }

  private done(): i32 {
    const status = this.handler.accounts.finish(this.unixS);
    if (status != Status.Ok) {
      this.fail(status);
      return status;
    }
    this.state = BootstrapState.Done;
    this.leave();
    return status;
  }

  // --- The server's commands ---

  /** Answers a command (the endpoint's event Request). Outside a session it is refused with 4.00. */
  serve(now: i64): void {
    const endpoint = this.endpoint;
    if (this.isOver || this.state == BootstrapState.Packing) {
      endpoint.respond(CoapCode.BadRequest, -1, 0, 0);
      return;
    }
    if (this.asked) {
      // The answer may be lost, but who gives commands has taken the request.
      endpoint.cancel();
      this.asked = false;
    }
    this.listen(now);
    const m = endpoint.message;
    const path = this.path.clear();
    let segments = 0;
    let isFinish = false;
    let fits = true;
    m.rewind();
    while (m.next() > 0) {
      if (m.option != CoapOption.UriPath) continue;
      // DELETE / may come with one empty segment.
      if (m.valueLen == 0 && segments == 0) continue;
      segments++;
      isFinish = segments == 1 && equals(m.value, m.valueLen, "bs");
      if (!isFinish && path.appendText(m.value, m.valueLen) != Status.Ok) fits = false;
    }
    if (isFinish && m.code == CoapCode.Post) {
      this.finish();
      return;
    }
    const code: CoapCode = fits && !isFinish ? this.dispatch(path) : CoapCode.NotFound;
    const isContent = code == CoapCode.Content;
    endpoint.respond(code, isContent ? this.answerFormat : -1, this.out, isContent ? this.answerLen : 0);
  }

  private dispatch(path: Path): CoapCode {
    const m = this.endpoint.message;
    switch (m.code) {
      case CoapCode.Delete:
        return this.remove(path);
      case CoapCode.Get:
        if (!hasSurvey<F>()) return CoapCode.MethodNotAllowed;
        return m.accept == Format.Link || path.depth == 0 ? this.discover(path) : this.read(path, <Format>m.accept);
      case CoapCode.Put:
        return path.depth == 0 ? CoapCode.MethodNotAllowed : this.write(path);
      default:
        return CoapCode.MethodNotAllowed;
    }
  }

  /** Core 6.1.7.6. The accounts are kept before the server hears of it: it never believes in keys that are not here. */
  private finish(): void {
    const endpoint = this.endpoint;
    if (!this.handler.accounts.isConsistent) {
      endpoint.respond(CoapCode.NotAcceptable, -1, 0, 0);
      this.fail(CoapCode.NotAcceptable);
      return;
    }
    const status = this.done();
    endpoint.respond(status == Status.Ok ? CoapCode.Changed : CoapCode.InternalServerError, -1, 0, 0);
  }

  // --- Delete, Core 6.1.7.5 ---

  private remove(path: Path): CoapCode {
    const h = this.handler;
    const object = path.object;
    if (path.depth > 2) return CoapCode.BadRequest;
    if (path.depth == 0) {
      for (let i = 0; i <= lastOwn<F>(); i++) this.empty(i);
      if (hasInstances<F>()) {
        let table: usize;
        for (let i = 0; (table = h.app.table(i)) != 0; i++) this.empty(changetype<ObjectTable>(table).id);
      }
      return CoapCode.Deleted;
    }
    if (object == DEVICE) return CoapCode.BadRequest;
    if (!h.find(object)) return CoapCode.NotFound;
    if (path.depth == 1) {
      this.empty(object);
      return CoapCode.Deleted;
    }
    if (h.nextInstance(object, path.instance - 1) != path.instance) return CoapCode.Deleted;
    return this.removeInstance(object, path.instance) ? CoapCode.Deleted : CoapCode.BadRequest;
  }

  private empty(object: i32): void {
    const h = this.handler;
    for (let i = h.nextInstance(object, -1); i >= 0; i = h.nextInstance(object, i)) this.removeInstance(object, i);
  }

  /** False for what stays: the bootstrap account, and objects of the app that there is one of. */
  private removeInstance(object: i32, instance: i32): bool {
    const h = this.handler;
    if (object <= lastOwn<F>()) {
      const record = changetype<Record>(h.set.find(object, instance));
      if (object == SECURITY && changetype<Security>(record).isBootstrap) return false;
      h.set.clear(object, record);
      return true;
    }
    if (!hasInstances<F>()) return false;
    const table = changetype<ObjectTable>(h.find(object));
    return table.instancesMax != 1 && h.app.remove(object, instance) == Status.Ok;
  }

  // --- Write, Core 6.1.7.4 ---

  private write(path: Path): CoapCode {
    const endpoint = this.endpoint;
    const len = endpoint.bodyLen;
    let format = <Format>endpoint.message.format;
    if (format == Format.None) format = hasText<F>() && path.resource >= 0 ? Format.Text : Format.Tlv;
    if (!this.handler.find(path.object)) return CoapCode.NotFound;
    if (path.instance > ID_MAX) return CoapCode.BadRequest;
    if (len > this.outMax) return CoapCode.RequestEntityTooLarge;
    // Reading may change the bytes.
    memory.copy(this.out, endpoint.body, len);
    let code = this.visit(format, this.out, len, path, false);
    if (code == CoapCode.Empty) code = this.visit(format, endpoint.body, len, path, true);
    return code == CoapCode.Empty ? CoapCode.Changed : code;
  }

  /** Goes over a body: checks it, or carries out what has been checked. Empty when all is well. */
  private visit(format: Format, ptr: usize, len: i32, path: Path, isReal: bool): CoapCode {
    const h = this.handler;
    const r = this.reader;
    if (r.begin<F>(format, ptr, len, path) != Status.Ok) return CoapCode.UnsupportedContentFormat;
    if (isReal) for (let object = 0; object <= lastOwn<F>(); object++) h.set.unmark(object, RecordMark.Touched);
    if (path.depth == 2 && isReal && !this.touch(path.object, path.instance, true)) return CoapCode.InternalServerError;
    let object = -1;
    let instance = -1;
    let created = 0;
    let found: i32;
    while ((found = r.next<F>()) > 0) {
      const p = r.path;
      if (p.instance < 0 || p.instance > ID_MAX) return CoapCode.BadRequest;
      const table = h.find(p.object);
      // A pack may speak of objects that this device does not have.
      if (!table) continue;
      if (p.object != object || p.instance != instance) {
        object = p.object;
        instance = p.instance;
        if (isReal) {
          if (!this.touch(object, instance, path.depth < 3)) return CoapCode.InternalServerError;
        } else if (h.nextInstance(object, instance - 1) != instance) {
          created++;
          if (object <= lastOwn<F>() && h.set.count(object) + created > capacityOf<F>(object, h.set))
            return CoapCode.RequestEntityTooLarge;
        }
      }
      const code = this.visitEntry(table, isReal);
      if (code != CoapCode.Empty) return code;
    }
    return found < 0 ? CoapCode.BadRequest : CoapCode.Empty;
  }

  /** The instance is there from now on; a record that is `replaced` has nothing but what this request gives it. */
  private touch(object: i32, instance: i32, replaced: bool): bool {
    const h = this.handler;
    if (object > lastOwn<F>())
      return h.app.nextInstance(object, instance - 1) == instance || h.create(object, instance) == Status.Ok;
    let record = h.set.find(object, instance);
    if (record && replaced && !(record.state & RecordMark.Touched)) {
      h.set.clear(object, record);
      record = null;
    }
    if (!record) record = h.set.create(object, instance);
    if (!record) return false;
    record.state |= RecordMark.Fresh | RecordMark.Touched;
    return true;
  }

  private visitEntry(table: ObjectTable, isReal: bool): CoapCode {
    const h = this.handler;
    const r = this.reader;
    const p = r.path;
    if (r.mark == Mark.Instance || p.resource < 0)
      return r.mark == Mark.Instance ? CoapCode.Empty : CoapCode.BadRequest;
    const index = table.find(p.resource);
    // What is optional and not known here is passed over.
    if (index < 0) return CoapCode.Empty;
    const row = table.row(index);
    const isMultiple = row.can(Access.Multiple);
    if (r.mark == Mark.Multiple) {
      if (!isMultiple) return CoapCode.BadRequest;
      if (isReal) h.unset(p.object, p.instance, p.resource);
      return CoapCode.Empty;
    }
    if (isMultiple != p.item >= 0 || r.value.kind == Kind.None) return CoapCode.BadRequest;
    if (r.value.resolve<F>(<Type>row.type) != Status.Ok) return CoapCode.BadRequest;
    if (isReal) {
      const status = h.write(p.object, p.instance, p.resource, p.item, r.value);
      return status == Status.Ok ? CoapCode.Empty : CoapCode.InternalServerError;
    }
    return h.check(p.object, p.instance, p.resource, p.item, r.value) == Status.Ok
      ? CoapCode.Empty
      : CoapCode.BadRequest;
  }

  // --- Discover, Core 6.1.7.3; Read, 6.1.7.2 ---

  private discover(path: Path): CoapCode {
    const text = this.text.on(this.out, this.outMax);
    if (path.depth > 1) return CoapCode.BadRequest;
    if (!writeDiscovery<H, F>(this.handler, text, path)) return CoapCode.NotFound;
    this.answerFormat = Format.Link;
    this.answerLen = text.length;
    return text.fits ? CoapCode.Content : CoapCode.InternalServerError;
  }

  private read(path: Path, accept: Format): CoapCode {
    const h = this.handler;
    const w = this.writer;
    const object = path.object;
    if (object != SERVER && (object != ACCESS_CONTROL || !hasServers<F>())) {
      return h.find(object) ? CoapCode.MethodNotAllowed : CoapCode.NotFound;
    }
    if (path.depth > 2) return CoapCode.MethodNotAllowed;
    if (path.instance >= 0 && !h.set.find(object, path.instance)) return CoapCode.NotFound;
    const format = accept == Format.None ? (this.preferred == Format.None ? Format.Tlv : this.preferred) : accept;
    const isKnown =
      (hasTlv<F>() && format == Format.Tlv) ||
      (hasCbor<F>() && format == Format.SenmlCbor) ||
      (hasJson<F>() && format == Format.SenmlJson);
    if (!isKnown) return CoapCode.NotAcceptable;
    w.begin(format, this.out, this.outMax, path);
    writeValues<H, F>(h, w, this.value, path);
    this.answerFormat = format;
    this.answerLen = w.length;
    return w.fits ? CoapCode.Content : CoapCode.InternalServerError;
  }
}

/** How many instances of object 0, 1 or 2 a server may write. */
function capacityOf<F>(object: i32, set: AccountSet): i32 {
  return !hasServers<F>() && object == SERVER ? 1 : set.capacity(object);
}

export const BOOTSTRAP_SIZE: i32 = <i32>(
  (offsetof<Bootstrap<usize, usize>>() +
    32 +
    offsetof<Value>() +
    READER_SIZE +
    WRITER_SIZE +
    offsetof<Text>() +
    offsetof<Path>() +
    QUERY_MAX +
    8)
);
