// Names, codes and limits of RFC 9110 and 9112.

import { Ascii } from "../../util/ascii";

export const enum Method {
  Get,
  Head,
  Post,
  Put,
  Delete,
}

export function methodName(method: Method): Ascii {
  switch (method) {
    case Method.Get:
      return "GET";
    case Method.Head:
      return "HEAD";
    case Method.Post:
      return "POST";
    case Method.Put:
      return "PUT";
    default:
      return "DELETE";
  }
}

/** Of a line that is kept. A longer header line is cut, which only matters where its value does (see response.ts). */
export const LINE_MAX: i32 = 256;
/** Of status lines, headers, chunk heads and trailers of one response together: more is no honest server. */
export const HEAD_MAX: i32 = 16_384;
/** Header and trailer lines of one response. */
export const HEADERS_MAX: i32 = 128;
/** Interim responses (1xx) before the final one. */
export const INTERIM_MAX: i32 = 16;
