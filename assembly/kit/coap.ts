// CoAP: messages, URIs, and one endpoint with one peer.

import { CoapCode, CoapType, isNewer } from "../net/coap/fields";
import { CoapEndpoint } from "../net/coap/endpoint";
import { CoapMessage } from "../net/coap/message";
import { CoapUri } from "../net/coap/uri";
import { CoapWriter } from "../net/coap/writer";
import { clear, place } from "../place";

const message = place<CoapMessage>();
const writer = place<CoapWriter>();
const uri = place<CoapUri>();
export const endpoint = place<CoapEndpoint>();
/** The endpoint looks at the last datagram until its event is dealt with. */
const datagram = memory.data(2048);
const gathered = memory.data(8192);
/** What the endpoint may look at later: bodies of a request and of a response. */
let asked: Uint8Array = changetype<Uint8Array>(0);
let answered: Uint8Array = changetype<Uint8Array>(0);

function slice(ptr: usize, len: i32): Uint8Array {
  const out = new Uint8Array(len);
  memory.copy(out.dataStart, ptr, len);
  return out;
}

/**
 * [status, type, code, mid, critical, format, accept, observe, block1, block2, size1, size2, key, token length, payload length], then of
 * each option: number, length.
 */
function describe(m: CoapMessage, status: i32): Int32Array {
  const out: i32[] = [status, m.type, m.code, m.mid, m.critical, m.format, m.accept, m.observe, m.block1, m.block2];
  out.push(m.size1);
  out.push(m.size2);
  out.push(m.key);
  out.push(m.tokenLen);
  out.push(m.payloadLen);
  if (status == 0) {
    m.rewind();
    while (m.next() > 0) {
      out.push(m.option);
      out.push(m.valueLen);
    }
  }
  const result = new Int32Array(out.length);
  for (let i = 0; i < out.length; i++) result[i] = out[i];
  return result;
}

/** Token, values of all options, payload. */
function contents(m: CoapMessage): Uint8Array {
  let length = m.tokenLen + m.payloadLen;
  m.rewind();
  while (m.next() > 0) length += m.valueLen;
  const out = new Uint8Array(length);
  let at = out.dataStart;
  memory.copy(at, m.token, m.tokenLen);
  at += m.tokenLen;
  m.rewind();
  while (m.next() > 0) {
    memory.copy(at, m.value, m.valueLen);
    at += m.valueLen;
  }
  memory.copy(at, m.payload, m.payloadLen);
  return out;
}

/** The bytes stay with the message, so they must not be collected. */
let parsed: Uint8Array = changetype<Uint8Array>(0);

export function coapParse(bytes: Uint8Array): Int32Array {
  parsed = bytes;
  return describe(message, message.parse(parsed.dataStart, parsed.length));
}

/** Of the message parsed last, if it was well formed. */
export function coapContents(): Uint8Array {
  return contents(message);
}

/** `options`: number, length of each, ascending; their values one after the other in `values`. */
export function coapWrite(
  type: i32,
  code: i32,
  mid: i32,
  token: Uint8Array,
  options: Uint32Array,
  values: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  writeAll(0, 0, type, code, mid, token, options, values, payload);
  const out = new Uint8Array(writer.length);
  writeAll(out.dataStart, out.length, type, code, mid, token, options, values, payload);
  return out;
}

function writeAll(
  ptr: usize,
  size: i32,
  type: i32,
  code: i32,
  mid: i32,
  token: Uint8Array,
  options: Uint32Array,
  values: Uint8Array,
  payload: Uint8Array,
): void {
  writer.begin(ptr, size, <CoapType>type, code, mid, token.dataStart, token.length);
  let at = values.dataStart;
  for (let i = 0; i < options.length; i += 2) {
    writer.option(options[i], at, options[i + 1]);
    at += options[i + 1];
  }
  writer.payload(payload.dataStart, payload.length);
}

/** An option of a number alone, as the option's value. */
export function coapUint(value: u32): Uint8Array {
  const buffer = new Uint8Array(8);
  writer.on(buffer.dataStart, 8).uint(0, value);
  return buffer.slice(1, writer.length);
}

export function coapIsNewer(a: u32, b: u32, elapsed: f64): bool {
  return isNewer(a, b, <i64>elapsed);
}

/** Status, secure, port, isAddress, length of the host; `coapUriOptions` and `coapUriHost` have the rest. */
export function coapUriParse(bytes: Uint8Array): Int32Array {
  parsed = bytes;
  const result = new Int32Array(5);
  result[0] = uri.parse(parsed.dataStart, parsed.length);
  result[1] = uri.secure;
  result[2] = uri.port;
  result[3] = uri.isAddress;
  result[4] = uri.hostLen;
  return result;
}

export function coapUriHost(): Uint8Array {
  return slice(uri.host, uri.hostLen);
}

/** The options as one message would hold them. */
export function coapUriOptions(): Uint8Array {
  const out = new Uint8Array(2048);
  writer.begin(out.dataStart, out.length, CoapType.Con, CoapCode.Get, 0, 0, 0);
  uri.write(writer);
  return out.slice(0, writer.length);
}

// --- The endpoint ---

/** `limit`: bytes that the buffer for bodies of several blocks holds, at most 8192. */
export function coapBegin(seed: u64, szx: i32, tokenBytes: i32, limit: i32): void {
  clear(endpoint);
  endpoint.begin(seed, gathered, limit);
  endpoint.szx = szx;
  endpoint.tokenBytes = tokenBytes;
}

/** Takes a datagram; returns the CoapEvent. */
export function coapReceive(now: f64, bytes: Uint8Array): i32 {
  const len = min(bytes.length, 2048);
  memory.copy(datagram, bytes.dataStart, len);
  return endpoint.receive(<i64>now, datagram, len);
}

export function coapStep(now: f64): i32 {
  return endpoint.step(<i64>now);
}

export function coapDeadline(): f64 {
  return endpoint.deadline == i64.MAX_VALUE ? Infinity : <f64>endpoint.deadline;
}

/** The next datagram that is to be sent; empty for none. */
export function coapOutput(): Uint8Array {
  const out = slice(endpoint.outPtr, endpoint.outLen);
  if (out.length > 0) endpoint.sent();
  return out;
}

/** The path and query options as `coapWrite` takes them. */
export function coapRequest(
  now: f64,
  type: i32,
  method: i32,
  options: Uint32Array,
  values: Uint8Array,
  format: i32,
  accept: i32,
  observe: i32,
  body: Uint8Array,
  limit: i32,
): i32 {
  if (!endpoint.idle) return -12;
  asked = body;
  const w = endpoint.request(<CoapCode>method);
  let at = values.dataStart;
  for (let i = 0; i < options.length; i += 2) {
    w.option(options[i], at, options[i + 1]);
    at += options[i + 1];
  }
  return endpoint.send(<i64>now, <CoapType>type, format, accept, observe, asked.dataStart, asked.length, limit);
}

/** Answers; with `created` 0..65535 the Location-Path is created/NUMBER, with `observe` 0 or more an observation begins. */
export function coapRespond(code: i32, format: i32, body: Uint8Array, created: i32, observe: i32): void {
  answered = body;
  if (created >= 0) endpoint.location().text(8, "created").pathNumber(8, created);
  endpoint.observe = observe;
  endpoint.respond(<CoapCode>code, format, answered.dataStart, answered.length);
}

export function coapDefer(): bool {
  return endpoint.defer();
}

export function coapRespondLater(now: f64, code: i32, format: i32, body: Uint8Array): i32 {
  answered = body;
  return endpoint.respondLater(<i64>now, <CoapCode>code, format, answered.dataStart, answered.length);
}

export function coapNotify(
  now: f64,
  confirmable: bool,
  token: Uint8Array,
  sequence: i32,
  code: i32,
  format: i32,
  body: Uint8Array,
): i32 {
  answered = body;
  const status = endpoint.notify(
    <i64>now,
    confirmable,
    token.dataStart,
    token.length,
    sequence,
    <CoapCode>code,
    format,
    answered.dataStart,
    answered.length,
  );
  return status;
}

export function coapKeep(now: f64): void {
  endpoint.keep(<i64>now);
}

export function coapTake(now: f64): void {
  endpoint.take(<i64>now);
}

export function coapCancel(): void {
  endpoint.cancel();
}

export function coapForget(): void {
  endpoint.forget();
}

export function coapPing(now: f64): i32 {
  return endpoint.ping(<i64>now);
}

export function coapIdle(): bool {
  return endpoint.idle;
}

export function coapResult(): i32 {
  return endpoint.result;
}

/** Of the message that came last; as `coapParse`. */
export function coapMessage(): Int32Array {
  return describe(endpoint.message, 0);
}

export function coapMessageContents(): Uint8Array {
  return contents(endpoint.message);
}

export function coapBody(): Uint8Array {
  return slice(endpoint.body, endpoint.bodyLen);
}

export function coapOffset(): i32 {
  return endpoint.offset;
}

/** Of a notification that was delivered or not. */
export function coapToken(): Uint8Array {
  return slice(endpoint.token, endpoint.tokenLen);
}
