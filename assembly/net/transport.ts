// What carries bytes: a `Net` opens sockets and moves their bytes, without waiting. A modem driver is one; so is
// `BoardNet`, the sockets of a board that has its own IP stack. Clients take the class of their net as a type
// parameter `N`. Its members:
//
//   ready: bool                                               an `open` now has a chance
//   open(kind: NetKind, hostPtr, hostLen, port): i32          handle (0 or more), or Status
//   status(handle): i32                                       a NetState, or the Status the socket failed with
//   write(handle, ptr, len): i32                              bytes taken, or Status
//   read(handle, ptr, max): i32                               bytes, 0 for none now, or Status
//   close(handle): void                                       the handle is no longer the caller's
//   report(ok: bool): void                                    whether an exchange with a far end went well

import { Status, net_close, net_open, net_recv, net_send, net_state } from "../board/index";
import { Ascii } from "../util/ascii";
import { Text } from "../util/text";

const HOST_MAX = 63;

const hostBytes = memory.data(HOST_MAX);
const hostText = memory.data(offsetof<Text>());

/** Begins to open a socket to a host by its name; returns its handle or a Status. */
export function openSocket<N>(net: N, kind: i32, host: Ascii, port: i32): i32 {
  const text = changetype<Text>(hostText).on(hostBytes, HOST_MAX).str(host);
  return text.fits ? net.open(kind, hostBytes, text.length, port) : Status.TooLong;
}

/** The board's own sockets. It has no fields: any address that is not null will do for the instance. */
@unmanaged
export class BoardNet {
  get ready(): bool {
    return true;
  }

  open(kind: i32, hostPtr: usize, hostLen: i32, port: i32): i32 {
    return net_open(kind, hostPtr, hostLen, port);
  }

  status(handle: i32): i32 {
    return net_state(handle);
  }

  write(handle: i32, ptr: usize, len: i32): i32 {
    return net_send(handle, ptr, len);
  }

  read(handle: i32, ptr: usize, limit: i32): i32 {
    return net_recv(handle, ptr, limit);
  }

  close(handle: i32): void {
    net_close(handle);
  }

  report(_ok: bool): void {
    // The board looks after its own link.
  }
}
