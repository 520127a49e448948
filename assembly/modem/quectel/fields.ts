// Words and numbers of Quectel's socket commands (BG95 TCP/IP Application Note).

import { Status } from "../../board/index";
import { Ascii } from "../../util/ascii";

/** What the AT client does for a socket. */
export const enum SocketCommand {
  None,
  Open,
  Close,
  CloseStray,
  Send,
  Read,
  /** One of the settings that TLS needs before its first connection. */
  Setting,
}

/** Of TCP and UDP; TLS has its own. */
export function socketWord(command: SocketCommand): Ascii {
  switch (command) {
    case SocketCommand.Open:
      return "AT+QIOPEN=1,";
    case SocketCommand.Send:
      return "AT+QISEND=";
    case SocketCommand.Read:
      return "AT+QIRD=";
    default:
      return "AT+QICLOSE=";
  }
}

/** Socket errors (4): the last part of +QIOPEN. */
export const enum QuectelError {
  OperationBusy = 554,
  IdInUse = 563,
  Dns = 565,
  Refused = 566,
}

export function statusOf(error: i32): Status {
  switch (error) {
    case QuectelError.IdInUse:
    case QuectelError.OperationBusy:
      return Status.Busy;
    case QuectelError.Dns:
      return Status.NameUnknown;
    case QuectelError.Refused:
      return Status.Refused;
    default:
      return Status.Io;
  }
}
