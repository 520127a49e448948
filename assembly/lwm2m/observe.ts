// Observe, Observe-Composite, Notify for one server: its requests, and what is due to it. LwM2M Core 6.4, RFC 7641. What it observes is kept
// by observe/watched.ts.
//
// One of these for each server. The app says what has changed (`changed` of Objects); `step`, called after each event of the endpoint
// and at `deadline`, sends what is due: a state that the server does not have yet, not sooner than pmin after the last, and any state
// pmax after the last. All of it ends with the session (`clear`).

import { littleEndian } from "../util/numbers";
import { never } from "../util/wait";
import { CoapEvent } from "../net/coap/event";
import { CoapEndpoint } from "../net/coap/endpoint";
import { CoapCode } from "../net/coap/fields";
import { hashOf } from "../net/coap/recent";
import { Status } from "../board/index";
import { ServerResource } from "./account";
import { Attribute } from "./attributes";
import { Format } from "./fields";
import { OBSERVATIONS, Observation, Watch, Watched } from "./observe/watched";
import { Usual, hasAttributes, hasComposite } from "./parts";
import { Path } from "./path";

export {} from "./observe/watched";

/** RFC 7641 4.5: a notification that has to be acknowledged, once in 24 hours at least. */
const CONFIRM_MS: i64 = 86_000_000;
const SECOND: i64 = 1_000;
/** Until it is tried again to send a confirmable notification behind another message. */
const BUSY_MS: i64 = 500;

/** Place with `place`, then `attach`. */
@unmanaged
export class Observations<H, F = Usual> extends Watched<H, F> {
  // --- Requests ---

  /** Answers any request of the server that `endpoint` has in hand: begins or ends an observation, or leaves it to the objects. */
  handle(now: i64, endpoint: CoapEndpoint): void {
    // Attributes may have changed, which changes what is due.
    this.next = 0;
    const m = endpoint.message;
    const objects = this.objects;
    const isFetch = hasComposite<F>() && m.code == CoapCode.Fetch;
    if ((m.code == CoapCode.Get || isFetch) && m.accept != Format.Link && m.block2 < 16) {
      if (m.observe == 0) {
        objects.asks(this.server.ssid);
        const path = objects.target(endpoint);
        if (path && (isFetch ? path.depth == 0 : path.depth > 0)) {
          if (hasComposite<F>())
            if (isFetch) {
              this.observeComposite(now, endpoint);
              return;
            }
          this.observe(now, endpoint, path);
          return;
        }
      }
      if (m.observe == 1) this.cancel(endpoint);
    }
    objects.handle(endpoint, this.server.ssid);
  }

  /** Ends the observation with the request's token; a server that has lost its token means all there are at and below the path. */
  private cancel(endpoint: CoapEndpoint): void {
    const m = endpoint.message;
    const known = this.find(littleEndian(m.token, m.tokenLen), m.tokenLen);
    if (known >= 0) return this.drop(known);
    const path = this.objects.target(endpoint);
    if (!path || path.depth == 0) return;
    for (let k = 0; k < this.watches; k++) {
      const owner = this.ownerOf(k);
      if (owner < 0 || (hasComposite<F>() && this.observation(owner).isComposite)) continue;
      if (path.holds(this.watch(k))) this.drop(owner);
    }
  }

  private observe(now: i64, endpoint: CoapEndpoint, path: Path): void {
    const objects = this.objects;
    const code = objects.read(path, <Format>endpoint.message.accept);
    if (code == CoapCode.Content) {
      const i = this.begin(now, endpoint, false);
      if (i >= 0) {
        if (this.add(now, i, path)) endpoint.observe = this.nextSequence();
        else this.drop(i);
      }
    }
    objects.respond(endpoint, code);
  }

  private observeComposite(now: i64, endpoint: CoapEndpoint): void {
    const objects = this.objects;
    let code = objects.beginNames(endpoint);
    if (code != CoapCode.Empty) return objects.respond(endpoint, code);
    const format = objects.compositeFormat(endpoint);
    if (format == Format.None) return objects.respond(endpoint, CoapCode.NotAcceptable);
    objects.beginPaths(format, objects.out, objects.outMax);
    let known = false;
    let fits = true;
    let found: i32;
    // The answer's hash is not known yet: it is put in when it is.
    const i = this.begin(now, endpoint, true);
    while ((found = objects.nextName()) > 0) {
      const path = objects.namePath;
      if (objects.addPath(path)) known = true;
      if (i >= 0 && fits) fits = this.add(now, i, path);
    }
    code = found < 0 ? CoapCode.BadRequest : known ? objects.endPaths() : CoapCode.NotFound;
    if (i >= 0) {
      if (code == CoapCode.Content && fits) {
        this.told(now, i);
        endpoint.observe = this.nextSequence();
      } else {
        this.drop(i);
      }
    }
    objects.respond(endpoint, code);
  }

  /** Takes an event of the endpoint: an observation ends whose notification was refused or never acknowledged. True: it was ours. */
  settled(event: CoapEvent, endpoint: CoapEndpoint): bool {
    if (event != CoapEvent.Delivered && event != CoapEvent.Undelivered) return false;
    const i = this.find(littleEndian(endpoint.token, endpoint.tokenLen), endpoint.tokenLen);
    if (i < 0) return false;
    if (event == CoapEvent.Undelivered) this.drop(i);
    // Another one may wait behind it.
    this.next = 0;
    return true;
  }

  // --- What is due ---

  /** When `step` is to be called; a time past: at once. */
  get deadline(): i64 {
    this.objects.poll();
    return this.seen != this.objects.changeCount ? 0 : this.next;
  }

  /** The server can be reached again. What was due meanwhile is sent if it wants that, resource 6. */
  resume(now: i64): void {
    this.look(now);
    this.next = 0;
    if (this.server.value(ServerResource.Storing, 1) != 0) return;
    for (let i = 0; i < OBSERVATIONS; i++) this.observation(i).due = false;
  }

  /** Sends what is due. Call after each event of the endpoint, when what it wanted to send has been sent, and at `deadline`. */
  step(now: i64, endpoint: CoapEndpoint): void {
    this.look(now);
    for (let i = 0; i < OBSERVATIONS; i++) if (this.observation(i).tokenLen >= 0) this.serve(now, endpoint, i);
  }

  /** Looks at what has changed, and at what is to be looked at from time to time. While the server cannot be reached this is all. */
  look(now: i64): void {
    const objects = this.objects;
    this.next = never();
    objects.poll();
    objects.asks(this.server.ssid);
    for (let k = 0; k < this.watches; k++) {
      const owner = this.ownerOf(k);
      if (owner < 0) continue;
      const w = this.watch(k);
      const hasChanged = objects.hasChanged(w, this.seen);
      if (hasAttributes<F>() ? this.meets(now, w, hasChanged) : hasChanged) this.observation(owner).due = true;
    }
    this.seen = objects.changeCount;
  }

  private by(at: i64): void {
    this.next = min(this.next, at);
  }

  // --- By the attributes ---

  private inForce(path: Path, n: Attribute, otherwise: f64): f64 {
    return this.objects.attributes.inForce(path, this.server.ssid, n, otherwise);
  }

  /** Whether it is time to look at the path, by epmin and epmax, and what is there is worth telling. Core 5.1.2. */
  private meets(now: i64, w: Watch, hasChanged: bool): bool {
    if (hasChanged) w.touched = true;
    const epmin = <i64>this.inForce(w, Attribute.Epmin, 0) * SECOND;
    const epmax = <i64>this.inForce(w, Attribute.Epmax, 0) * SECOND;
    const hasMax = epmax > 0 && epmax >= epmin;
    const at = w.touched ? w.lookedAt + epmin : hasMax ? w.lookedAt + epmax : never();
    if (now < at) {
      this.by(at);
      return false;
    }
    w.touched = false;
    w.lookedAt = now;
    if (hasMax) this.by(now + epmax);
    return this.isWorth(w);
  }

  /** Whether what lies there is worth telling: with gt, lt or st a number that has crossed or gone far enough. Core 5.1.2. */
  private isWorth(w: Watch): bool {
    if (w.resource < 0) return true;
    const gt = this.inForce(w, Attribute.Gt, NaN);
    const lt = this.inForce(w, Attribute.Lt, NaN);
    const st = this.inForce(w, Attribute.St, NaN);
    if (isNaN(gt) && isNaN(lt) && isNaN(st)) return true;
    const is = this.objects.number(w);
    const was = w.last;
    // No number, or none any more.
    if (isNaN(is) || isNaN(was)) return true;
    return is > gt != was > gt || is < lt != was < lt || abs(is - was) >= st;
  }

  /** The period that holds for all paths of an observation: the longest pmin, the shortest pmax. */
  private period(owner: i32, n: Attribute, otherwise: i64): i64 {
    if (!hasAttributes<F>()) return otherwise * SECOND;
    let all: i64 = -1;
    for (let k = 0; k < this.watches; k++) {
      if (this.ownerOf(k) != owner) continue;
      const one = <i64>this.inForce(this.watch(k), n, <f64>otherwise) * SECOND;
      if (n == Attribute.Pmin) all = max(all, one);
      else if (one > 0) all = all < 0 ? one : min(all, one);
    }
    return all;
  }

  // --- Notify ---

  private serve(now: i64, endpoint: CoapEndpoint, i: i32): void {
    const o = this.observation(i);
    const server = this.server;
    const pmin = this.period(i, Attribute.Pmin, server.value(ServerResource.MinPeriod, 0));
    let pmax = this.period(i, Attribute.Pmax, server.value(ServerResource.MaxPeriod, 0));
    // A pmax below pmin does not count; of several paths it may be another's.
    if (hasComposite<F>() && o.isComposite && pmax > 0) pmax = max(pmax, pmin);
    const hasMax = pmax > 0 && pmax >= pmin;
    const last = hasMax ? o.sentAt + pmax : never();
    const isLast = now >= last;
    if (!isLast && (!o.due || now < o.sentAt + pmin)) {
      this.by(o.due ? min(last, o.sentAt + pmin) : last);
      return;
    }
    const objects = this.objects;
    const code = this.state(i);
    const isContent = code == CoapCode.Content;
    if (isContent && !isLast && hashOf(objects.out, objects.answerLen) == o.hash) {
      // It is as the server knows it.
      o.due = false;
      this.by(last);
      return;
    }
    const confirmable = this.confirmable || !isContent || now - o.confirmedAt >= CONFIRM_MS;
    const status = endpoint.notify(
      now,
      confirmable,
      changetype<usize>(o) + offsetof<Observation>("token"),
      o.tokenLen,
      isContent ? this.nextSequence() : -1,
      code,
      isContent ? objects.answerFormat : -1,
      objects.out,
      isContent ? objects.answerLen : 0,
    );
    if (status != Status.Ok) {
      // Behind a CON, which may be of somebody else: a little later. Behind a datagram: that goes out now.
      this.by(confirmable && endpoint.isBusy ? now + BUSY_MS : now);
      return;
    }
    if (!isContent) {
      // It cannot be read any more, which is the last that is said of it.
      this.drop(i);
      return;
    }
    if (confirmable) o.confirmedAt = now;
    this.told(now, i);
    if (hasMax) this.by(now + pmax);
  }
}
