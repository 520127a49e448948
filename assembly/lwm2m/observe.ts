// What one server observes: Observe, Observe-Composite, Notify. LwM2M Core 6.4, RFC 7641.
//
// One of these for each server. The app says what has changed (`changed` of Objects); `step`, called after each event of the endpoint
// and at `deadline`, sends what is due: a state that the server does not have yet, not sooner than pmin after the last, and any state
// pmax after the last. All of it ends with the session (`clear`).

import { never } from "../util/wait";
import { CoapEvent } from "../net/coap/event";
import { CoapEndpoint } from "../net/coap/endpoint";
import { CoapCode } from "../net/coap/fields";
import { hashOf } from "../net/coap/recent";
import { Status } from "../board/index";
import { Attribute } from "./attributes";
import { Format } from "./fields";
import { Usual, hasAttributes, hasComposite } from "./parts";
import { Objects } from "./objects";
import { Path } from "./path";

/** Observations of a server at the same time; the paths of all of them. */
const OBSERVATIONS: i32 = 12;
const WATCHES: i32 = 24;
/** RFC 7641 4.5: a notification that has to be acknowledged, once in 24 hours at least. */
const CONFIRM_MS: i64 = 86_000_000;
const SECOND: i64 = 1_000;
/** Until it is tried again to send a confirmable notification behind another message. */
const BUSY_MS: i64 = 500;

/** One path that is observed. */
@unmanaged
class Watch {
  /** Of the observation, -1: unused. */
  owner: i32;
  /** It has changed since it was looked at. */
  touched: bool;
  lookedAt: i64;
  /** The number that the server has, NaN for what is none. */
  last: f64;


  @inline
  get path(): Path {
    return changetype<Path>(changetype<usize>(this) + WATCH_HEAD);
  }
}

const WATCH_HEAD: usize = (offsetof<Watch>() + 7) & ~7;
const WATCH_SIZE: usize = WATCH_HEAD + offsetof<Path>();

/** One observation: its answers go to that token. */
@unmanaged
class Observation {
  token: u64;
  /** 0 to 8; -1: unused. */
  tokenLen: i32;
  isComposite: bool;
  /** Something has happened that the server is to hear of. */
  due: bool;
  format: Format;
  /** Of the state that the server has. */
  hash: u32;
  length: i32;
  sentAt: i64;
  confirmedAt: i64;
}

const OBSERVATION_SIZE: usize = (offsetof<Observation>() + 7) & ~7;

/** Place with `memory.data(OBSERVATIONS_SIZE, 8)`, then `attach`. */
@unmanaged
export class Observations<H, F = Usual> {
  /** Resources 2 and 3 of the Server object, seconds: in force where no attribute is set. pmax 0: none. */
  defaultPmin: i32;
  defaultPmax: i32;
  /** Resource 6: what was due while the server could not be reached is sent when it can be again. */
  storing: bool;
  /** Resource 26: every notification is to be acknowledged. */
  confirmable: bool;
  private ssid: i32;
  private objects: Objects<H, F>;
  private isPaused: bool;
  /** Changes that have been looked at. */
  private seen: u32;
  private sequence: u32;
  private next: i64;

  attach(objects: Objects<H, F>, ssid: i32): void {
    this.objects = objects;
    this.ssid = ssid;
    this.defaultPmin = 0;
    this.defaultPmax = 0;
    this.storing = true;
    this.confirmable = false;
    this.isPaused = false;
    this.sequence = 0;
    this.clear();
  }

  private observation(i: i32): Observation {
    const at = changetype<usize>(this) + ((offsetof<Observations<H, F>>() + 7) & ~7);
    return changetype<Observation>(at + <usize>i * OBSERVATION_SIZE);
  }

  /** Without composite observations there is one of each. */
  private get watches(): i32 {
    return hasComposite<F>() ? WATCHES : OBSERVATIONS;
  }

  private watch(i: i32): Watch {
    return changetype<Watch>(changetype<usize>(this.observation(OBSERVATIONS)) + <usize>i * WATCH_SIZE);
  }

  /** Ends all observations: the session with the server is over. */
  clear(): void {
    for (let i = 0; i < OBSERVATIONS; i++) this.observation(i).tokenLen = -1;
    for (let i = 0; i < WATCHES; i++) this.watch(i).owner = -1;
    this.seen = this.objects.changeCount;
    this.next = never();
  }

  /** How many there are. */
  get count(): i32 {
    let n = 0;
    for (let i = 0; i < OBSERVATIONS; i++) if (this.observation(i).tokenLen >= 0) n++;
    return n;
  }

  /** What lies at the path has changed; the same as `changed` of Objects, which is for all servers. */
  changed(path: Path): void {
    this.objects.changed(path);
  }

  /** There is something that the server is to hear of. */
  get isDue(): bool {
    for (let i = 0; i < OBSERVATIONS; i++) {
      const o = this.observation(i);
      if (o.tokenLen >= 0 && o.due) return true;
    }
    return false;
  }

  /** The server cannot be reached, or may not be for a time: nothing is sent. */
  pause(): void {
    this.isPaused = true;
  }

  /** It can be reached again. */
  resume(now: i64): void {
    if (!this.isPaused) return;
    this.look(now);
    this.isPaused = false;
    this.next = 0;
    if (!this.storing) for (let i = 0; i < OBSERVATIONS; i++) this.observation(i).due = false;
  }

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
        objects.ssid = this.ssid;
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
    objects.handle(endpoint, this.ssid);
  }

  /** Ends the observation with the request's token; a server that has lost its token means all there are at and below the path. */
  private cancel(endpoint: CoapEndpoint): void {
    const m = endpoint.message;
    const known = this.find(tokenOf(m.token, m.tokenLen), m.tokenLen);
    if (known >= 0) return this.drop(known);
    const path = this.objects.target(endpoint);
    if (!path || path.depth == 0) return;
    for (let k = 0; k < this.watches; k++) {
      const w = this.watch(k);
      if (w.owner >= 0 && path.holds(w.path) && !this.observation(w.owner).isComposite) this.drop(w.owner);
    }
  }

  private observe(now: i64, endpoint: CoapEndpoint, path: Path): void {
    const m = endpoint.message;
    const objects = this.objects;
    const code = objects.read(path, <Format>m.accept);
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

  /**
   * A new observation of the answer that Objects has, under the request's token; -1: there is no room. Then the answer goes without
   * Observe, which says so (RFC 7641 4.1).
   */
  private begin(now: i64, endpoint: CoapEndpoint, isComposite: bool): i32 {
    const m = endpoint.message;
    const token = tokenOf(m.token, m.tokenLen);
    this.drop(this.find(token, m.tokenLen));
    for (let i = 0; i < OBSERVATIONS; i++) {
      const o = this.observation(i);
      if (o.tokenLen >= 0) continue;
      o.token = token;
      o.tokenLen = m.tokenLen;
      o.isComposite = isComposite;
      o.format = this.objects.answerFormat;
      o.confirmedAt = now;
      this.told(now, i);
      return i;
    }
    return -1;
  }

  private add(now: i64, owner: i32, path: Path): bool {
    for (let k = hasComposite<F>() ? 0 : owner; k < this.watches; k++) {
      const w = this.watch(k);
      if (hasComposite<F>() && w.owner >= 0) continue;
      w.owner = owner;
      w.touched = false;
      w.lookedAt = now;
      w.path.copy(path);
      if (hasAttributes<F>()) w.last = this.objects.number(path);
      this.next = 0;
      return true;
    }
    return false;
  }

  private find(token: u64, tokenLen: i32): i32 {
    for (let i = 0; i < OBSERVATIONS; i++) {
      const o = this.observation(i);
      if (o.tokenLen == tokenLen && o.token == token) return i;
    }
    return -1;
  }

  private drop(i: i32): void {
    if (i < 0) return;
    this.observation(i).tokenLen = -1;
    if (hasComposite<F>()) {
      for (let k = 0; k < WATCHES; k++) if (this.watch(k).owner == i) this.watch(k).owner = -1;
    } else {
      this.watch(i).owner = -1;
    }
  }

  private nextSequence(): i32 {
    this.sequence = (this.sequence + 1) & 0xffffff;
    return this.sequence;
  }

  /** Takes an event of the endpoint: an observation ends whose notification was refused or never acknowledged. True: it was ours. */
  settled(event: CoapEvent, endpoint: CoapEndpoint): bool {
    if (event != CoapEvent.Delivered && event != CoapEvent.Undelivered) return false;
    const i = this.find(tokenOf(endpoint.token, endpoint.tokenLen), endpoint.tokenLen);
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

  /** Sends what is due. Call after each event of the endpoint, when what it wanted to send has been sent, and at `deadline`. */
  step(now: i64, endpoint: CoapEndpoint): void {
    this.next = never();
    this.look(now);
    if (this.isPaused) return;
    for (let i = 0; i < OBSERVATIONS; i++) if (this.observation(i).tokenLen >= 0) this.serve(now, endpoint, i);
  }

  /** Looks at what has changed, and at what is to be looked at from time to time. */
  private look(now: i64): void {
    const objects = this.objects;
    objects.poll();
    objects.ssid = this.ssid;
    for (let k = 0; k < this.watches; k++) {
      const w = this.watch(k);
      if (w.owner < 0) continue;
      if (objects.hasChanged(w.path, this.seen)) w.touched = true;
      if (!hasAttributes<F>()) {
        if (w.touched) this.observation(w.owner).due = true;
        w.touched = false;
        continue;
      }
      const epmin = <i64>this.inForce(w.path, Attribute.Epmin, 0) * SECOND;
      const epmax = <i64>this.inForce(w.path, Attribute.Epmax, 0) * SECOND;
      let at = never();
      if (w.touched) at = w.lookedAt + epmin;
      else if (epmax > 0 && epmax >= epmin) at = w.lookedAt + epmax;
      if (now >= at) {
        w.touched = false;
        w.lookedAt = now;
        if (this.meets(w)) this.observation(w.owner).due = true;
        at = epmax > 0 && epmax >= epmin ? now + epmax : never();
      }
      this.by(at);
    }
    this.seen = objects.changeCount;
  }

  private by(at: i64): void {
    this.next = min(this.next, at);
  }

  private inForce(path: Path, n: Attribute, otherwise: f64): f64 {
    if (!hasAttributes<F>()) return otherwise;
    return this.objects.attributes.inForce(path, this.ssid, n, otherwise);
  }

  /** Whether what lies there is worth telling: with gt, lt or st a number that has crossed or gone far enough. Core 5.1.2. */
  private meets(w: Watch): bool {
    if (!hasAttributes<F>()) return true;
    const path = w.path;
    if (path.resource < 0) return true;
    const gt = this.inForce(path, Attribute.Gt, NaN);
    const lt = this.inForce(path, Attribute.Lt, NaN);
    const st = this.inForce(path, Attribute.St, NaN);
    if (isNaN(gt) && isNaN(lt) && isNaN(st)) return true;
    const is = this.objects.number(path);
    const was = w.last;
    // No number, or none any more.
    if (isNaN(is) || isNaN(was)) return true;
    return is > gt != was > gt || is < lt != was < lt || abs(is - was) >= st;
  }

  /** The period that holds for all paths of an observation: the longest pmin, the shortest pmax. */
  private period(owner: i32, n: Attribute, otherwise: i32): i64 {
    if (!hasAttributes<F>()) return <i64>otherwise * SECOND;
    let all: i64 = -1;
    for (let k = 0; k < this.watches; k++) {
      const w = this.watch(k);
      if (w.owner != owner) continue;
      const one = <i64>this.inForce(w.path, n, otherwise) * SECOND;
      if (n == Attribute.Pmin) all = max(all, one);
      else if (one > 0) all = all < 0 ? one : min(all, one);
    }
    return all;
  }

  private serve(now: i64, endpoint: CoapEndpoint, i: i32): void {
    const o = this.observation(i);
    const pmin = this.period(i, Attribute.Pmin, this.defaultPmin);
    let pmax = this.period(i, Attribute.Pmax, this.defaultPmax);
    // A pmax below pmin does not count; of several paths it may be another's.
    if (o.isComposite && pmax > 0) pmax = max(pmax, pmin);
    const last = pmax > 0 && pmax >= pmin ? o.sentAt + pmax : never();
    const isLast = now >= last;
    if (!isLast && (!o.due || now < o.sentAt + pmin)) {
      this.by(o.due ? min(last, o.sentAt + pmin) : last);
      return;
    }
    const objects = this.objects;
    const code = this.state(i);
    const isContent = code == CoapCode.Content;
    const length = isContent ? objects.answerLen : 0;
    if (isContent && !isLast && length == o.length && hashOf(objects.out, length) == o.hash) {
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
      length,
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
    if (pmax > 0 && pmax >= pmin) this.by(now + pmax);
  }

  /** Reads what is observed into the answer. */
  private state(i: i32): CoapCode {
    const o = this.observation(i);
    const objects = this.objects;
    if (hasComposite<F>() && o.isComposite) {
      objects.beginPaths(o.format, objects.out, objects.outMax);
      for (let k = 0; k < this.watches; k++) if (this.watch(k).owner == i) objects.addPath(this.watch(k).path);
      return objects.endPaths();
    }
    if (!hasComposite<F>()) return objects.read(this.watch(i).path, o.format);
    for (let k = 0; k < WATCHES; k++) if (this.watch(k).owner == i) return objects.read(this.watch(k).path, o.format);
    return CoapCode.NotFound;
  }

  /** The server has been sent the answer that Objects has. */
  private told(now: i64, i: i32): void {
    const o = this.observation(i);
    const objects = this.objects;
    o.due = false;
    o.sentAt = now;
    o.length = objects.answerLen;
    o.hash = hashOf(objects.out, objects.answerLen);
    if (!hasAttributes<F>()) return;
    for (let k = 0; k < this.watches; k++) {
      const w = this.watch(k);
      if (w.owner == i) w.last = objects.number(w.path);
    }
  }
}

export const OBSERVATIONS_SIZE: i32 = <i32>(
  (offsetof<Observations<usize>>() + 8 + <usize>OBSERVATIONS * OBSERVATION_SIZE + <usize>WATCHES * WATCH_SIZE)
);

/** Up to eight bytes as a number. */
function tokenOf(ptr: usize, len: i32): u64 {
  let token: u64 = 0;
  for (let i = len - 1; i >= 0; i--) token = (token << 8) | load<u8>(ptr + i);
  return token;
}
