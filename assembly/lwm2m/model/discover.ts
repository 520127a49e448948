// What there is, in links: Discover with the attributes (LwM2M Core 6.3.2), and the body of Register (6.2.1).

import { CoapCode } from "../../net/coap/fields";
import { ATTRIBUTES, Attribute } from "../attributes";
import { Format } from "../fields";
import { hasAttributes } from "../parts";
import { Path } from "../path";
import { Access, ObjectTable } from "../table";
import { SECURITY } from "./core";
import { ObjectsRead } from "./read";

/** Of the objects that the standard itself defines (LwM2M Core 1.0, appendix E). */
const LAST_OWN = 7;


@unmanaged
export class ObjectsDiscover<H, F> extends ObjectsRead<H, F> {
  /** What there is below the path, with what the server has set there. */
  protected discover(path: Path): CoapCode {
    const h = this.handler;
    const text = this.text.on(this.out, this.outMax);
    const table = changetype<ObjectTable>(this.table(path.object));
    const at = this.scratch;
    if (path.resource >= 0) {
      if (!h.has(path.object, path.instance, path.resource) && !this.row(path).can(Access.E)) return CoapCode.NotFound;
      this.discoverResource(path);
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

  /** With the attributes in force, from wherever they come; and its items, with what is set there. */
  private discoverResource(path: Path): void {
    const h = this.handler;
    this.link(path, false);
    if (hasAttributes<F>()) {
      const own = this.attributes.changes;
      own.clear();
      for (let n: Attribute = 0; n < ATTRIBUTES; n++) {
        const value = this.attributes.inForce(path, this.ssid, n, NaN);
        if (!isNaN(value)) own.set(n, value);
      }
      own.write(this.text);
    }
    if (path.item >= 0 || !this.row(path).can(Access.Multiple)) return;
    const at = this.scratch;
    for (let i = -1; (i = h.nextItem(path.object, path.instance, path.resource, i)) >= 0;)
      this.link(at.set(path.object, path.instance, path.resource, i), true);
  }

  private discoverInstance(object: i32, instance: i32, table: ObjectTable, full: bool): void {
    for (let k = 0, n = table.count; k < n; k++) {
      const row = table.row(k);
      if (row.can(Access.E) || this.handler.has(object, instance, row.id))
        this.link(this.scratch.set(object, instance, row.id, -1), full);
    }
  }

  private link(path: Path, full: bool, tells: bool = true): void {
    const text = this.text;
    if (text.length > 0) text.byte(0x2c);
    text.byte(0x3c);
    path.write(text);
    text.byte(0x3e);
    const table = changetype<ObjectTable>(this.table(path.object));
    if (path.instance < 0 && tells) this.version(table);
    if (path.resource >= 0 && path.item < 0 && this.row(path).can(Access.Multiple)) {
      const h = this.handler;
      let items = 0;
      for (let i = -1; (i = h.nextItem(path.object, path.instance, path.resource, i)) >= 0;) items++;
      text.str(";dim=").num(items);
    }
    if (!hasAttributes<F>() || !full) return;
    const found = this.attributes.find(path, this.ssid);
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

  /**
   * The body of Register: all objects and instances but of Security; returns its length, with `into` of no size only that.
   * LwM2M 1.0 (`version` 10) knows no wish for a format but JSON, and all of its own objects are of version 1.0.
   */
  writeLinks(into: usize, max: i32, version: i32): i32 {
    const h = this.handler;
    const text = this.text.on(into, max).str('</>;rt="oma.lwm2m"');
    if (version > 10 && this.preferred != Format.None) text.str(";ct=").num(this.preferred);
    let found: usize;
    for (let k = 0; (found = h.table(k)) != 0; k++) {
      const table = changetype<ObjectTable>(found);
      const object = table.id;
      if (object == SECURITY) continue;
      let instance = h.nextInstance(object, -1);
      const tells = table.version != 0x0100 && (version > 10 || object > LAST_OWN);
      // The object itself is named where it has something to say.
      const at = this.scratch;
      if (instance < 0 || tells) this.link(at.set(object, -1, -1, -1), false, tells);
      for (; instance >= 0; instance = h.nextInstance(object, instance))
        this.link(at.set(object, instance, -1, -1), false);
    }
    return text.length;
  }
}
