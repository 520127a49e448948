// HTTP/1.1: writing requests, parsing responses.

import { place } from "../place";
import { ascii } from "./ascii";
import { Method } from "../net/http/fields";
import { HttpRequest } from "../net/http/request";
import { HttpResponse, ResponseEvent } from "../net/http/response";

const request = place<HttpRequest>();
const response = place<HttpResponse>();

/** Head of a request with one more header and a body of `length` bytes; empty when a part is not allowed in a head. */
export function httpRequestHead(
  method: i32,
  path: string,
  host: string,
  port: i32,
  name: string,
  value: string,
  length: i32,
): Uint8Array {
  // A text of the device's ends where its first 0 is: nothing of that kind is written as if it were whole.
  if ((path + host + name + value).includes("\0")) return new Uint8Array(0);
  writeHead(0, 0, method, path, host, port, name, value, length);
  const head = new Uint8Array(request.valid ? request.length : 0);
  writeHead(head.dataStart, head.length, method, path, host, port, name, value, length);
  return head;
}

function writeHead(
  ptr: usize,
  size: i32,
  method: i32,
  path: string,
  host: string,
  port: i32,
  name: string,
  value: string,
  length: i32,
): void {
  request
    .begin(ptr, size, <Method>method, ascii(path), ascii(host), port)
    .header(ascii(name), ascii(value))
    .end(length);
}

// The body of the last response, kept for httpBody.
let body: Uint8Array | null = null;

/**
 * Parses `bytes`, fed in pieces of the given lengths, which add up to its own; `closed`: then the connection ends.
 * Returns [1 done, 0 not yet, -1 failed; code; error; keepAlive; bytes taken; body length; a checksum over the headers].
 */
export function httpParse(bytes: Uint8Array, lengths: Uint32Array, head: bool, closed: bool, limit: i32): Int32Array {
  const into = new Uint8Array(limit);
  body = into;
  response.begin(head, into.dataStart, limit);
  let taken = 0;
  let headers: u32 = 2166136261;
  let event = ResponseEvent.None;
  let from = bytes.dataStart;
  for (let i = 0; i < lengths.length && event <= ResponseEvent.Header; i++) {
    const end = from + lengths[i];
    do {
      event = response.parse(from, <i32>(end - from));
      from += response.consumed;
      taken += response.consumed;
      if (event == ResponseEvent.Header) headers = checksum(headers);
    } while (event == ResponseEvent.Header);
  }
  let state = event == ResponseEvent.Done ? 1 : event == ResponseEvent.Failed ? -1 : 0;
  if (state == 0 && closed) state = response.closed() ? 1 : -1;
  const result = new Int32Array(7);
  result[0] = state;
  result[1] = response.code;
  result[2] = response.error;
  result[3] = response.keepAlive;
  result[4] = taken;
  result[5] = response.bodyLength;
  result[6] = headers;
  return result;
}

/** The body of the last response. */
export function httpBody(): Uint8Array {
  const last = body;
  return last ? last.slice(0, response.bodyLength) : new Uint8Array(0);
}

/** FNV-1a over the value and its length. */
function checksum(hash: u32): u32 {
  for (let i = 0; i < response.valueLength; i++) hash = (hash ^ load<u8>(response.value + i)) * 16777619;
  return (hash ^ response.valueLength) * 16777619;
}
