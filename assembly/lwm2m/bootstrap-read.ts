// What a bootstrap server is told of a device: the links of Bootstrap-Discover, the values of Bootstrap-Read. LwM2M Core 6.1.7.3, 6.1.7.2.

import { Text } from "../util/text";
import { SERVER, Security, SecurityResource, Server } from "./account";
import { Managed, lastOwn } from "./managed";
import { Path } from "./path";
import { Access, ObjectTable, Resource } from "./table";
import { Value } from "./value";
import { Writer } from "./writer";

/** Writes the links of all objects, or of the one that the path names. False: there is none such. */
export function writeDiscovery<H, F>(h: Managed<H, F>, text: Text, path: Path): bool {
  text.str("</>;lwm2m=1.1");
  let found = false;
  for (let object = 0; object <= lastOwn<F>(); object++) {
    if (path.object >= 0 && path.object != object) continue;
    writeObject<H, F>(h, text, changetype<ObjectTable>(h.find(object)));
    found = true;
  }
  let table: usize;
  for (let i = 0; (table = h.app.table(i)) != 0; i++) {
    if (path.object >= 0 && path.object != changetype<ObjectTable>(table).id) continue;
    writeObject<H, F>(h, text, changetype<ObjectTable>(table));
    found = true;
  }
  return found;
}

function writeObject<H, F>(h: Managed<H, F>, text: Text, table: ObjectTable): void {
  const object = table.id;
  let instance = h.nextInstance(object, -1);
  if (instance < 0 || table.version != 0x0100) {
    text.str(",</").num(object).byte(0x3e);
    if (table.version != 0x0100)
      text
        .str(";ver=")
        .num(table.version >> 8)
        .byte(0x2e)
        .num(table.version & 0xff);
  }
  for (; instance >= 0; instance = h.nextInstance(object, instance)) {
    text.str(",</").num(object).byte(0x2f).num(instance).byte(0x3e);
    const record = object <= SERVER ? h.set.find(object, instance) : null;
    if (!record) continue;
    if (object == SERVER) {
      text.str(";ssid=").num(changetype<Server>(record).ssid);
      continue;
    }
    // The one without an SSID is the bootstrap account.
    const security = changetype<Security>(record);
    if (security.isBootstrap) continue;
    text.str(";ssid=").num(security.number(SecurityResource.Ssid)).str(';uri="');
    for (let i = 0; i < security.uriLen; i++) {
      const c = load<u8>(security.uri + i);
      if (c == 0x22 || c == 0x5c) text.byte(0x5c);
      text.byte(c);
    }
    text.byte(0x22);
  }
}

/** Writes the instances of /1 or /2, or the one that the path names, into the writer, which has begun. */
export function writeValues<H, F>(h: Managed<H, F>, w: Writer, value: Value, path: Path): void {
  const object = path.object;
  const table = changetype<ObjectTable>(h.find(object));
  for (let i = h.nextInstance(object, -1); i >= 0; i = h.nextInstance(object, i)) {
    if (path.instance >= 0 && path.instance != i) continue;
    if (path.instance < 0) w.instance<F>(i);
    for (let k = 0; k < table.count; k++) {
      const row = table.row(k);
      if (row.can(Access.R) && h.has(object, i, row.id)) writeResource<H, F>(h, w, value, object, i, row);
    }
  }
  w.end<F>();
}

function writeResource<H, F>(
  h: Managed<H, F>,
  w: Writer,
  value: Value,
  object: i32,
  instance: i32,
  row: Resource,
): void {
  if (!row.can(Access.Multiple)) {
    w.resource(row.id);
    h.read(object, instance, row.id, -1, value);
    w.put<F>(value);
    return;
  }
  w.multiple<F>(row.id);
  for (let at = -1; (at = h.nextItem(object, instance, row.id, at)) >= 0;) {
    w.item(at);
    h.read(object, instance, row.id, at, value);
    w.put<F>(value);
  }
}
