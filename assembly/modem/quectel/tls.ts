// TLS sockets of Quectel's modems (BG95 SSL Application Note), beside those of sockets.ts: words and settings.
// The handshake is the modem's affair. It checks the server's name and certificate against one CA certificate, which
// lies in the modem's own file system; whoever makes the device puts it there.

import { Ascii } from "../../util/ascii";
import { Text } from "../../util/text";
import { SocketCommand } from "./fields";

/** Settings of SSL context 1, which all connections use. */
const SETTINGS = 5;


@unmanaged
export class QuectelTls {
  /** Settings that the modem has since its start. */
  private settings: i32;

  /** The modem has started anew, and forgotten them. */
  reset(): void {
    this.settings = 0;
  }

  /** Writes the next setting that the modem needs before it can connect; false when it has them all. */
  setting(text: Text): bool {
    if (this.settings == SETTINGS) return false;
    text.str(settingCommand(this.settings++));
    return true;
  }

  word(command: SocketCommand): Ascii {
    switch (command) {
      case SocketCommand.Open:
        return "AT+QSSLOPEN=1,1,";
      case SocketCommand.Send:
        return "AT+QSSLSEND=";
      case SocketCommand.Read:
        return "AT+QSSLRECV=";
      default:
        return "AT+QSSLCLOSE=";
    }
  }
}

/** TLS 1.2 or what the modem has above it, all ciphers, server name sent, and the server has to prove who it is. */
function settingCommand(index: i32): Ascii {
  switch (index) {
    case 0:
      return 'AT+QSSLCFG="sslversion",1,4';
    case 1:
      return 'AT+QSSLCFG="ciphersuite",1,0XFFFF';
    case 2:
      return 'AT+QSSLCFG="sni",1,1';
    case 3:
      return 'AT+QSSLCFG="cacert",1,"cacert.pem"';
    default:
      return 'AT+QSSLCFG="seclevel",1,1';
  }
}
