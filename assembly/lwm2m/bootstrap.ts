// One bootstrap session with a bootstrap server over CoAP, client's side: Bootstrap-Request, then the server's commands until
// Bootstrap-Finish; or, of LwM2M 1.2, Bootstrap-Pack, which brings all in one answer. LwM2M Core 6.1, Transport 6.4.2.
//
// The session is one transaction. What is written to objects 0, 1 and 2 is kept apart (accounts.ts) until Finish has found it
// consistent, and is gone if the session ends in any other way. What the server writes to objects of the app goes to the app's
// handler at once, command by command: each is checked as a whole before any of it is carried out, but a session that fails later
// does not take it back. Of the app's objects Delete takes away instances of those that may have several; object 3 stays.
//
// Only commands of the session's peer may be given to `serve`, and no other server is to be served meanwhile.

import { never } from "../util/wait";
import { Status } from "../board/index";
import { CoapEvent } from "../net/coap/event";
import { CoapEndpoint } from "../net/coap/endpoint";
import { CoapCode, CoapOption, CoapType, EXCHANGE_LIFETIME_MS } from "../net/coap/fields";
import { CoapWriter } from "../net/coap/writer";
import { equals } from "../util/text";
import { ACCESS_CONTROL, Record, SECURITY, SERVER, Security } from "./account";
import { writeDiscovery, writeValues } from "./bootstrap-read";
import { EndpointName } from "./endpoint-name";
import { Format, ID_MAX } from "./fields";
import { hasChoice, Usual, hasCbor, hasInstances, hasJson, hasPack, hasServers, hasSurvey, hasTlv } from "./parts";
import { Managed, lastOwn } from "./managed";
import { Body } from "./model/write";
import { Objects } from "./objects";
import { Path } from "./path";
import { ObjectTable } from "./table";

const DEVICE: i32 = 3;
/** `pct=` and a number. */
const QUERY_MAX: i32 = 12;
/** How long the server may take to answer Bootstrap-Request once it has acknowledged it. */
const ANSWER_MS: i32 = 60_000;

export const enum BootstrapState {
  Off,
  /** The accounts have been kept. Left by `begin`. */
  Done,
  /** `failure` says why; nothing is left of the session. Left by `begin`. */
  Failed,
  /** Bootstrap-Request has been sent. Left by its answer, by the first command of the server's, or when CoAP gives up. */
  Asking,
  /** GET /bspack has been sent. Left by its answer: to Done, or to Asking when the server does not know it. */
  Packing,
  /** Commands come. Left by Finish, or 247 s after the last command. */
  Session,
}

/** Place with `place`, then `attach`. */
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
  /** UNIX time in s, 0 when unknown: for /1/x/12. */
  unixS: i64;
  private handler: Managed<H, F>;
  private objects: Objects<Managed<H, F>, F>;
  private endpoint: CoapEndpoint;
  private name: EndpointName;
  private asked: bool;
  /** The server does not know the format that was wished for: it is asked without a wish. */
  private isModest: bool;
  @bytes(QUERY_MAX) private query: usize;

  /** `objects`: those of `handler`. */
  attach(handler: Managed<H, F>, objects: Objects<Managed<H, F>, F>, name: EndpointName): void {
    this.handler = handler;
    this.objects = objects;
    this.name = name;
    this.preferred = Format.Tlv;
    this.deadline = never();
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
    if (!this.isOver) this.fail(why);
  }

  get isOver(): bool {
    return this.state < BootstrapState.Asking;
  }

  /** The server's answer to our request is not waited for any more. */
  private hush(): void {
    if (this.asked) this.endpoint.cancel();
    this.asked = false;
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
    const text = this.objects.text;
    this.name.write(w);
    if (hasChoice<F>() && accept == Format.None && this.preferred != Format.None && !this.isModest) {
      text.on(this.query, QUERY_MAX).str("pct=").num(this.preferred);
      w.option(CoapOption.UriQuery, this.query, text.length);
    }
    const status = this.endpoint.send(now, CoapType.Con, -1, accept, -1, 0, 0, ANSWER_MS);
    this.asked = status == Status.Ok;
    if (!this.asked) this.fail(status);
    else this.deadline = never();
  }

  private fail(why: i32): void {
    this.hush();
    this.state = BootstrapState.Failed;
    this.failure = why;
    this.leave();
    this.handler.accounts.rollBack();
  }

  private leave(): void {
    this.deadline = never();
    const h = this.handler;
    h.set = h.accounts.active;
  }

  /** Moves on; call when `deadline` has come. */
  step(now: i64): void {
    // Transport 6.4.2: EXCHANGE_LIFETIME without a command.
    if (this.state == BootstrapState.Session && now >= this.deadline) this.fail(Status.Timeout);
  }

  // --- The answer to our request ---

  /** Takes an event of the endpoint, which gathers blocks of an answer by itself. */
  answered(now: i64, event: CoapEvent): void {
    if (!this.asked || event != CoapEvent.Response) return;
    const endpoint = this.endpoint;
    this.asked = false;
    const result = endpoint.result;
    /** A Status below 0, or the server's code. */
    const answer: i32 = result == Status.Ok ? <i32>endpoint.message.code : result;
    if (hasPack<F>() && this.state == BootstrapState.Packing) {
      if (answer == CoapCode.Content && this.takePack()) {
        this.done();
      } else if (answer == Status.Timeout) {
        this.fail(answer);
      } else {
        // A server of 1.0 or 1.1, or what it gave is of no use: the long way.
        this.handler.accounts.rollBack();
        this.restart();
        this.request(now);
      }
    } else if (answer == CoapCode.Changed) {
      this.listen(now);
    } else if (
      // A server of 1.0 may refuse a request with a parameter that it does not know.
      hasChoice<F>() &&
      (answer == CoapCode.UnsupportedContentFormat || answer == CoapCode.BadRequest) &&
      this.preferred != Format.None &&
      !this.isModest
    ) {
      this.isModest = true;
      this.request(now);
    } else {
      this.fail(answer);
    }
  }

  private listen(now: i64): void {
    this.state = BootstrapState.Session;
    this.deadline = now + EXCHANGE_LIFETIME_MS;
  }

  private takePack(): bool {
    const endpoint = this.endpoint;
    const objects = this.objects;
    // All but the bootstrap account makes way.
    for (let object = 0; object <= lastOwn<F>(); object++) this.empty(object);
    const path = objects.path.clear();
    const format = <Format>endpoint.message.format;
    if (format != Format.SenmlCbor && format != Format.SenmlJson) return false;
    if (objects.checkBody(endpoint, path, Body.Bootstrap) != CoapCode.Empty) return false;
    if (objects.carryOut(endpoint, path, Body.Bootstrap, -1) != CoapCode.Changed) return false;
    return this.handler.accounts.isConsistent;
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
    let code = CoapCode.BadRequest;
    if (!this.isOver && !(hasPack<F>() && this.state == BootstrapState.Packing)) {
      // The answer may be lost, but who gives commands has taken the request.
      this.hush();
      this.listen(now);
      if (this.isFinish) {
        code = this.finish();
      } else {
        const path = this.objects.target(this.endpoint);
        code = path ? this.dispatch(path) : CoapCode.NotFound;
      }
    }
    this.objects.respond(this.endpoint, code);
  }

  private get isFinish(): bool {
    const m = this.endpoint.message;
    if (m.code != CoapCode.Post || m.count(CoapOption.UriPath) != 1) return false;
    return m.find(CoapOption.UriPath, 0) && equals(m.value, m.valueLen, "bs");
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
  private finish(): CoapCode {
    if (this.handler.accounts.isConsistent)
      return this.done() == Status.Ok ? CoapCode.Changed : CoapCode.InternalServerError;
    this.fail(CoapCode.NotAcceptable);
    return CoapCode.NotAcceptable;
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
    if (!this.handler.find(path.object)) return CoapCode.NotFound;
    if (path.instance > ID_MAX) return CoapCode.BadRequest;
    const code = this.objects.checkBody(this.endpoint, path, Body.Bootstrap);
    return code == CoapCode.Empty ? this.objects.carryOut(this.endpoint, path, Body.Bootstrap, -1) : code;
  }

  // --- Discover, Core 6.1.7.3; Read, 6.1.7.2 ---

  private discover(path: Path): CoapCode {
    const objects = this.objects;
    const text = objects.text.on(objects.out, objects.outMax);
    if (path.depth > 1) return CoapCode.BadRequest;
    if (!writeDiscovery<H, F>(this.handler, text, path)) return CoapCode.NotFound;
    objects.answerFormat = Format.Link;
    objects.answerLen = text.length;
    return text.fits ? CoapCode.Content : CoapCode.InternalServerError;
  }

  private read(path: Path, accept: Format): CoapCode {
    const h = this.handler;
    const objects = this.objects;
    const w = objects.writer;
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
    w.begin<F>(format, objects.out, objects.outMax, path);
    writeValues<H, F>(h, w, objects.value, path);
    objects.answerFormat = format;
    objects.answerLen = w.length;
    return w.fits ? CoapCode.Content : CoapCode.InternalServerError;
  }
}
