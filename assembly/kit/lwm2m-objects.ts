// The device's objects over the kit's CoAP endpoint: a device (3), a custom object of all types (33000), and a Security object that no
// server may see. Their values lie on the kit's heap; a real app keeps them where they belong.

import { Status } from "../board/index";
import { CoapEvent } from "../net/coap/event";
import { CoapCode } from "../net/coap/fields";
import { CoapEndpoint } from "../net/coap/endpoint";
import { Format, Type } from "../lwm2m/fields";
import { Server, ServerResource } from "../lwm2m/account";
import { Everything } from "../lwm2m/parts";
import { Right } from "../lwm2m/model/core";
import { Objects } from "../lwm2m/objects";
import { Observations } from "../lwm2m/observe";
import { Path } from "../lwm2m/path";
import { send } from "../lwm2m/send";
import { Access, ObjectTable, Of, objectTable } from "../lwm2m/table";
import { Value } from "../lwm2m/value";
import { clear, place } from "../place";
import { endpoint } from "./coap";
import { setValue } from "./lwm2m-value";

const CUSTOM = 33000;
const CUSTOM_INSTANCES = 3;

const TABLES: StaticArray<usize> = [
  objectTable(0, 0x0100, 3, [0 | Of.String | Access.Mandatory]),
  objectTable(3, 0x0100, 1, [
    0 | Of.String | Access.R,
    4 | Access.EM,
    6 | Of.Integer | Access.Rs,
    9 | Of.Integer | Access.R,
    11 | Of.Integer | Access.RsM,
    13 | Of.Time | Access.RW,
    14 | Of.String | Access.RW,
    16 | Of.String | Access.RM,
  ]),
  objectTable(33000, 0x0102, 4, [
    0 | Of.String | Access.RWM,
    1 | Of.Integer | Access.RW,
    2 | Of.Float | Access.RW,
    3 | Of.Opaque | Access.RW,
    4 | Of.Integer | Access.RWs,
    5 | Access.E,
    6 | Of.Link | Access.RW,
    7 | Of.Boolean | Access.RW,
    8 | Of.Unsigned | Access.RW,
    9 | Of.Float | Access.R,
    10 | Of.String | Access.WM,
  ]),
];

class Cell {
  int: i64 = 0;
  float: f64 = 0;
  bytes: Uint8Array = new Uint8Array(0);
}

/** By `object/instance/resource/item`. */
let cells = new Map<string, Cell>();
let instances = new Set<string>();
/** What a server may do, by `object/instance/ssid`; without an entry everything. */
let rights = new Map<string, i32>();
/** What has been executed and changed, a line each. */
let journal = "";
let types = new Map<string, i32>();

function key(object: i32, instance: i32, resource: i32, item: i32): string {
  return object.toString() + "/" + instance.toString() + "/" + resource.toString() + "/" + item.toString();
}

function typeOf(object: i32, resource: i32): i32 {
  const name = object.toString() + "/" + resource.toString();
  return types.has(name) ? types.get(name) : 0;
}


@unmanaged
class Sample {
  table(index: i32): usize {
    return index < TABLES.length ? TABLES[index] : 0;
  }

  nextInstance(object: i32, after: i32): i32 {
    let next = -1;
    const all = instances.values();
    for (let i = 0; i < all.length; i++) {
      const parts = all[i].split("/");
      if (<i32>parseInt(parts[0]) != object) continue;
      const id = <i32>parseInt(parts[1]);
      if (id > after && (next < 0 || id < next)) next = id;
    }
    return next;
  }

  nextItem(object: i32, instance: i32, resource: i32, after: i32): i32 {
    const prefix = object.toString() + "/" + instance.toString() + "/" + resource.toString() + "/";
    let next = -1;
    const all = cells.keys();
    for (let i = 0; i < all.length; i++) {
      if (!all[i].startsWith(prefix)) continue;
      const id = <i32>parseInt(all[i].substring(prefix.length));
      if (id > after && (next < 0 || id < next)) next = id;
    }
    return next;
  }

  has(object: i32, instance: i32, resource: i32): bool {
    return cells.has(key(object, instance, resource, -1)) || this.nextItem(object, instance, resource, -1) >= 0;
  }

  read(object: i32, instance: i32, resource: i32, item: i32, value: Value): void {
    const cell = cells.get(key(object, instance, resource, item));
    setValue(value, <Type>typeOf(object, resource), cell.int, cell.float, cell.bytes);
  }

  /** Integers of the custom object are percentages; strings have at most 16 bytes. */
  check(object: i32, _instance: i32, resource: i32, _item: i32, value: Value): i32 {
    if (object != CUSTOM) return Status.Ok;
    if (resource == 1 && (value.int < 0 || value.int > 100)) return Status.Invalid;
    return resource == 0 && value.len > 16 ? Status.TooLong : Status.Ok;
  }

  write(object: i32, instance: i32, resource: i32, item: i32, value: Value): i32 {
    const cell = new Cell();
    cell.int = value.int;
    cell.float = value.float;
    const type = typeOf(object, resource);
    if (type == Type.String || type == Type.Opaque) {
      cell.bytes = new Uint8Array(value.len);
      memory.copy(cell.bytes.dataStart, value.ptr, value.len);
    }
    cells.set(key(object, instance, resource, item), cell);
    return Status.Ok;
  }

  unset(object: i32, instance: i32, resource: i32): void {
    cells.delete(key(object, instance, resource, -1));
    let item: i32;
    while ((item = this.nextItem(object, instance, resource, -1)) >= 0)
      cells.delete(key(object, instance, resource, item));
  }

  create(object: i32, instance: i32): i32 {
    if (object == CUSTOM && this.count(object) >= CUSTOM_INSTANCES) return Status.NoSpace;
    instances.add(object.toString() + "/" + instance.toString());
    return Status.Ok;
  }

  private count(object: i32): i32 {
    let n = 0;
    for (let i = this.nextInstance(object, -1); i >= 0; i = this.nextInstance(object, i)) n++;
    return n;
  }

  remove(object: i32, instance: i32): i32 {
    instances.delete(object.toString() + "/" + instance.toString());
    for (let r = 0; r < 32; r++) this.unset(object, instance, r);
    return Status.Ok;
  }

  execute(object: i32, instance: i32, resource: i32, ptr: usize, len: i32): i32 {
    journal += "execute /" + object.toString() + "/" + instance.toString() + "/" + resource.toString();
    journal += " " + String.UTF8.decodeUnsafe(ptr, len) + "\n";
    return Status.Ok;
  }

  acl(object: i32, instance: i32, ssid: i32): i32 {
    const name = object.toString() + "/" + instance.toString() + "/" + ssid.toString();
    return rights.has(name) ? rights.get(name) : Right.All;
  }

  owned(object: i32, instance: i32, ssid: i32): void {
    journal += "owned /" + object.toString() + "/" + instance.toString() + " " + ssid.toString() + "\n";
  }

  disowned(object: i32, instance: i32): void {
    journal += "disowned /" + object.toString() + "/" + instance.toString() + "\n";
  }

  changed(path: Path): void {
    journal += "changed";
    for (let level = 0; level < path.depth; level++) journal += "/" + path.get(level).toString();
    journal += "\n";
  }
}

const objects = place<Objects<Sample, Everything>>();
const observations = place<Observations<Sample, Everything>>();
const out = memory.data(2048);
const sent = memory.data(1024);
/** The Server instance of server 1. */
const rules = place<Server>();
let isReached = true;
const scratch = place<Path>();
let server = 1;

/** Starts again with one device and no custom object. `preferred`: -1 for LwM2M 1.0. `limit`: bytes of an answer, at most 2048. */
export function lwm2mObjectsBegin(preferred: i32, limit: i32): void {
  clear(objects);
  objects.attach(changetype<Sample>(changetype<usize>(out)), <Format>preferred, out, limit);
  clear(rules);
  rules.put(ServerResource.Ssid, 1);
  isReached = true;
  observations.attach(objects, rules);
  observations.confirmable = false;
  server = 1;
  cells = new Map<string, Cell>();
  instances = new Set<string>();
  rights = new Map<string, i32>();
  types = new Map<string, i32>();
  journal = "";
  for (let t = 0; t < TABLES.length; t++) {
    const table = changetype<ObjectTable>(TABLES[t]);
    for (let k = 0; k < table.count; k++)
      types.set(table.id.toString() + "/" + table.row(k).id.toString(), table.row(k).type);
  }
  instances.add("0/0");
  put("0/0/0/-1", 0, 0, "coaps://secret");
  instances.add("3/0");
  put("3/0/0/-1", 0, 0, "Akari");
  put("3/0/6/0", 1, 0, "");
  put("3/0/6/1", 5, 0, "");
  put("3/0/9/-1", 100, 0, "");
  put("3/0/11/0", 0, 0, "");
  put("3/0/13/-1", 1367491215, 0, "");
  put("3/0/14/-1", 0, 0, "+02:00");
  put("3/0/16/-1", 0, 0, "U");
}

function put(name: string, int: i64, float: f64, text: string): void {
  const cell = new Cell();
  cell.int = int;
  cell.float = float;
  cell.bytes = Uint8Array.wrap(String.UTF8.encode(text));
  cells.set(name, cell);
}

/** Sets a number where there is none to write for a server: `33000/0/9/-1`. The objects are told that it has changed, or not. */
export function lwm2mObjectsPut(name: string, value: f64, isSilent: bool): void {
  put(name, isFinite(value) ? <i64>value : 0, value, "");
  if (isSilent) return;
  const ids = name.split("/");
  scratch.set(<i32>parseInt(ids[0]), <i32>parseInt(ids[1]), <i32>parseInt(ids[2]), <i32>parseInt(ids[3]));
  objects.changed(scratch);
}

/** The server whose requests come from now on; observations are those of server 1. */
export function lwm2mObjectsServer(ssid: i32): void {
  server = ssid;
}

/** What a server may do with an instance, as bits; instance -1: whether it may create one. */
export function lwm2mObjectsAllow(object: i32, instance: i32, ssid: i32, bits: i32): void {
  rights.set(object.toString() + "/" + instance.toString() + "/" + ssid.toString(), bits);
}

/** Answers if the event was a request; gathers blocks. */
export function lwm2mObjectsHandle(event: i32, now: f64): void {
  const ep: CoapEndpoint = endpoint;
  if (event == CoapEvent.Request && server == 1) observations.handle(<i64>now, ep);
  else if (event == CoapEvent.Request) objects.handle(ep, server);
  else if (observations.settled(<CoapEvent>event, ep)) return;
  else if (event == CoapEvent.Block) objects.block(<i64>now, ep, server);
  else if (event == CoapEvent.ResponseBlock) ep.keep(<i64>now);
}

// --- Observations of server 1 ---

/** Resources 2, 3, 6 and 26 of the Server object. */
export function lwm2mObserveRules(pmin: i32, pmax: i32, storing: bool, confirmable: bool): void {
  rules.put(ServerResource.MinPeriod, pmin);
  rules.put(ServerResource.MaxPeriod, pmax);
  rules.put(ServerResource.Storing, storing ? 1 : 0);
  observations.confirmable = confirmable;
}

export function lwm2mObserveStep(now: f64): void {
  if (isReached) observations.step(<i64>now, endpoint);
  else observations.look(<i64>now);
}

export function lwm2mObserveDeadline(): f64 {
  return observations.deadline == i64.MAX_VALUE ? Infinity : <f64>observations.deadline;
}

export function lwm2mObserveCount(): i32 {
  return observations.count;
}

/** The server can be reached, or not. */
export function lwm2mObserveReach(now: f64, is: bool): void {
  if (is && !isReached) observations.resume(<i64>now);
  isReached = is;
}

export function lwm2mObserveClear(): void {
  observations.clear();
}

/**
 * Puts a Send together of paths (four IDs each, -1 for absent ones) and sends it; Status. The endpoint's Response says what becomes
 * of it.
 */
export function lwm2mSend(now: f64, format: i32, paths: Int32Array, mute: bool): i32 {
  objects.ssid = 1;
  objects.beginPaths(<Format>format, sent, 1024);
  for (let i = 0; i < paths.length; i += 4)
    if (!objects.addPath(scratch.set(paths[i], paths[i + 1], paths[i + 2], paths[i + 3]))) return Status.NotFound;
  const code = objects.endPaths();
  if (code != CoapCode.Content) return Status.TooLong;
  return send(<i64>now, endpoint, <Format>format, sent, objects.answerLen, mute);
}

export function lwm2mObjectsJournal(): string {
  const text = journal;
  journal = "";
  return text;
}

/** The body of Register. */
export function lwm2mObjectsLinks(): Uint8Array {
  const length = objects.writeLinks(0, 0, 11);
  const links = new Uint8Array(length);
  objects.writeLinks(links.dataStart, length, 11);
  return links;
}
