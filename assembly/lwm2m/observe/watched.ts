// What a server observes: its observations, and the paths of each. LwM2M Core 6.4, RFC 7641.

import { strideOf } from "../../place";
import { littleEndian } from "../../util/numbers";
import { never } from "../../util/wait";
import { CoapEndpoint } from "../../net/coap/endpoint";
import { CoapCode } from "../../net/coap/fields";
import { hashOf } from "../../net/coap/recent";
import { Server } from "../account";
import { Format } from "../fields";
import { Objects } from "../objects";
import { hasAttributes, hasComposite } from "../parts";
import { Path } from "../path";

/** Observations of a server at the same time; the paths of all of them. */
export const OBSERVATIONS: i32 = 12;
export const WATCHES: i32 = 24;

/** One path that is observed. Without composite observations each has one, at the same place as its own. */
@unmanaged
export class Watch extends Path {
  /** Of the observation, -1: unused. With composite observations. */
  owner: i32;

  // With attributes.

  /** It has changed since it was looked at. */
  touched: bool;
  lookedAt: i64;
  /** The number that the server has, NaN for what is none. */
  last: f64;
}

/** One observation: its answers go to that token. */
@unmanaged
export class Observation {
  token: u64;
  /** 0 to 8; -1: unused. */
  tokenLen: i32;
  isComposite: bool;
  /** Something has happened that the server is to hear of. */
  due: bool;
  format: Format;
  /** Of the state that the server has. */
  hash: u32;
  sentAt: i64;
  confirmedAt: i64;
}


@unmanaged
export class Watched<H, F> {
  /** The Server instance, whose default periods hold where no attribute is set; the caller says when it lies elsewhere. */
  server: Server;
  /** Resource 26: every notification is to be acknowledged. */
  confirmable: bool;
  protected objects: Objects<H, F>;
  /** Changes that have been looked at. */
  protected seen: u32;
  protected sequence: u32;
  /** When something is due. */
  protected next: i64;
  @bytes(OBSERVATIONS * strideOf<Observation>(), 8) private allObservations: usize;
  @bytes(WATCHES * strideOf<Watch>(), 8) private allWatches: usize;

  protected observation(i: i32): Observation {
    return changetype<Observation>(this.allObservations + i * strideOf<Observation>());
  }

  protected watch(i: i32): Watch {
    return changetype<Watch>(this.allWatches + i * strideOf<Watch>());
  }


  @inline
  protected get watches(): i32 {
    return hasComposite<F>() ? WATCHES : OBSERVATIONS;
  }

  /** The observation that the `k`th watch belongs to, -1 for none. */
  protected ownerOf(k: i32): i32 {
    return hasComposite<F>() ? this.watch(k).owner : this.observation(k).tokenLen < 0 ? -1 : k;
  }

  attach(objects: Objects<H, F>, server: Server): void {
    this.objects = objects;
    this.server = server;
    this.clear();
  }

  /** Ends all observations: the session with the server is over. */
  clear(): void {
    for (let i = 0; i < OBSERVATIONS; i++) this.drop(i);
    this.seen = this.objects.changeCount;
    this.next = never();
  }

  /** How many there are. */
  get count(): i32 {
    let n = 0;
    for (let i = 0; i < OBSERVATIONS; i++) if (this.observation(i).tokenLen >= 0) n++;
    return n;
  }

  /** There is something that the server is to hear of. */
  get isDue(): bool {
    for (let i = 0; i < OBSERVATIONS; i++) {
      const o = this.observation(i);
      if (o.tokenLen >= 0 && o.due) return true;
    }
    return false;
  }

  /**
   * A new observation of the answer that Objects has, under the request's token; -1: there is no room. Then the answer goes without
   * Observe, which says so (RFC 7641 4.1).
   */
  protected begin(now: i64, endpoint: CoapEndpoint, isComposite: bool): i32 {
    const m = endpoint.message;
    const token = littleEndian(m.token, m.tokenLen);
    this.drop(this.find(token, m.tokenLen));
    const i = this.find(0, -1);
    if (i < 0) return i;
    const o = this.observation(i);
    o.token = token;
    o.tokenLen = m.tokenLen;
    if (hasComposite<F>()) o.isComposite = isComposite;
    o.format = this.objects.answerFormat;
    o.confirmedAt = now;
    this.told(now, i);
    return i;
  }

  /** One path more of that observation; false when there is no room. */
  protected add(now: i64, owner: i32, path: Path): bool {
    let k = owner;
    if (hasComposite<F>()) {
      k = 0;
      while (k < WATCHES && this.watch(k).owner >= 0) k++;
      if (k == WATCHES) return false;
    }
    const w = this.watch(k);
    w.copy(path);
    if (hasComposite<F>()) w.owner = owner;
    if (hasAttributes<F>()) {
      w.touched = false;
      w.lookedAt = now;
      w.last = this.objects.number(path);
    }
    this.next = 0;
    return true;
  }

  /** The observation with that token, -1 for none; with no token (0, -1) one that is free. */
  protected find(token: u64, tokenLen: i32): i32 {
    for (let i = 0; i < OBSERVATIONS; i++) {
      const o = this.observation(i);
      if (o.tokenLen == tokenLen && o.token == token) return i;
    }
    return -1;
  }

  protected drop(i: i32): void {
    if (i < 0) return;
    const o = this.observation(i);
    o.token = 0;
    o.tokenLen = -1;
    if (hasComposite<F>()) for (let k = 0; k < WATCHES; k++) if (this.watch(k).owner == i) this.watch(k).owner = -1;
  }

  protected nextSequence(): i32 {
    this.sequence = (this.sequence + 1) & 0xffffff;
    return this.sequence;
  }

  /** Reads what is observed into the answer. */
  protected state(i: i32): CoapCode {
    const o = this.observation(i);
    const objects = this.objects;
    if (!hasComposite<F>()) return objects.read(this.watch(i), o.format);
    if (!o.isComposite) {
      let k = 0;
      while (this.watch(k).owner != i) k++;
      return objects.read(this.watch(k), o.format);
    }
    objects.beginPaths(o.format, objects.out, objects.outMax);
    for (let k = 0; k < WATCHES; k++) if (this.watch(k).owner == i) objects.addPath(this.watch(k));
    return objects.endPaths();
  }

  /** The server has been sent the answer that Objects has. */
  protected told(now: i64, i: i32): void {
    const o = this.observation(i);
    const objects = this.objects;
    o.due = false;
    o.sentAt = now;
    o.hash = hashOf(objects.out, objects.answerLen);
    if (!hasAttributes<F>()) return;
    for (let k = 0; k < this.watches; k++) if (this.ownerOf(k) == i) this.watch(k).last = objects.number(this.watch(k));
  }
}
