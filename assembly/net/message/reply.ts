// The reply of a service to a message over TCP or UDP: `<status> <body>`, or the status alone.

/** Status code at the beginning of a reply, 100..999; 0 when it does not begin with one. Above 599 it counts as 5xx (RFC 9110 15). */
export function replyStatus(ptr: usize, len: i32): i32 {
  if (len < 3 || (len > 3 && !isEnd(load<u8>(ptr + 3)))) return 0;
  let code = 0;
  for (let i = 0; i < 3; i++) {
    const d = <u32>load<u8>(ptr + i) - 0x30;
    if (d > 9) return 0;
    code = code * 10 + <i32>d;
  }
  return code >= 100 ? code : 0;
}

/** What stands behind a status: a blank before a body, or the end-of-data byte of some services. */
@inline
function isEnd(c: u32): bool {
  return c == 0x20 || c == 0x0a || c == 0x0d;
}
