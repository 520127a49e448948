// LwM2M payloads: a reader, a writer, CoRE links. One of each.

import { Format, Type } from "../lwm2m/fields";
import { Everything } from "../lwm2m/parts";
import { LinkReader } from "../lwm2m/link";
import { Path } from "../lwm2m/path";
import { Reader } from "../lwm2m/reader";
import { readNext } from "../lwm2m/reading";
import { Value } from "../lwm2m/value";
import { Writer } from "../lwm2m/writer";
import { place } from "../place";
import { setValue } from "./lwm2m-value";

const reader = place<Reader>();
const writer = place<Writer>();
const value = place<Value>();
const base = place<Path>();
const links = place<LinkReader>();
let input: Uint8Array = changetype<Uint8Array>(0);
let output: Uint8Array = changetype<Uint8Array>(0);

/** `path`: four IDs, -1 for absent ones. The bytes are a copy of the caller's. */
export function lwm2mReadBegin(format: i32, bytes: Uint8Array, path: Int32Array): i32 {
  input = bytes;
  base.set(path[0], path[1], path[2], path[3]);
  return reader.begin<Everything>(<Format>format, input.dataStart, input.length, base);
}

export function lwm2mReadNext(): i32 {
  return readNext<Everything>(reader);
}

/** Mark, four IDs, kind. */
export function lwm2mEntry(): Int32Array {
  const out = new Int32Array(6);
  out[0] = reader.mark;
  for (let level = 0; level < 4; level++) out[1 + level] = reader.path.get(level);
  out[5] = reader.value.kind;
  return out;
}

/** Makes the value one of the type; Status. */
export function lwm2mResolve(type: i32): i32 {
  return reader.value.resolve<Everything>(<Type>type);
}

export function lwm2mInt(): i64 {
  return reader.value.int;
}

export function lwm2mFloat(): f64 {
  return reader.value.float;
}

export function lwm2mBytes(): Uint8Array {
  const out = new Uint8Array(reader.value.len);
  memory.copy(out.dataStart, reader.value.ptr, out.length);
  return out;
}

export function lwm2mWriteBegin(format: i32, capacity: i32, path: Int32Array): void {
  output = new Uint8Array(capacity);
  base.set(path[0], path[1], path[2], path[3]);
  writer.begin<Everything>(<Format>format, output.dataStart, capacity, base);
}

/** 0 object, 1 instance, 2 resource, 3 multiple resource, 4 item of it. */
export function lwm2mWriteAt(what: i32, id: i32): void {
  if (what == 0) writer.object(id);
  else if (what == 1) writer.instance<Everything>(id);
  else if (what == 2) writer.resource(id);
  else if (what == 3) writer.multiple<Everything>(id);
  else writer.item(id);
}

export function lwm2mWriteValue(type: i32, int: i64, float: f64, bytes: Uint8Array): void {
  setValue(value, <Type>type, int, float, bytes);
  writer.put<Everything>(value);
}

/** Bytes that it takes, or -1 for a value without a form in that format. */
export function lwm2mWriteEnd(): i32 {
  writer.end<Everything>();
  return writer.failed ? -1 : writer.length;
}

/** What was written, if it fitted. */
export function lwm2mWritten(): Uint8Array {
  return output.slice(0, min(writer.length, output.length));
}

/** A line for each target and, indented, each parameter; last a line with the status that reading ended with. */
export function lwm2mLinks(bytes: Uint8Array): string {
  input = bytes;
  links.begin(input.dataStart, input.length);
  let text = "";
  let status: i32;
  while ((status = links.next()) > 0) {
    text += String.UTF8.decodeUnsafe(links.target, links.targetLen) + "\n";
    while ((status = links.nextParameter()) > 0) {
      text += " " + String.UTF8.decodeUnsafe(links.name, links.nameLen);
      text += "=" + String.UTF8.decodeUnsafe(links.value, links.valueLen) + "\n";
    }
    if (status < 0) break;
  }
  return text + status.toString();
}
