// TLS sockets of Quectel's modems (BG95 SSL Application Note), beside those of sockets.ts: words and settings.
// The modem does the handshake. It checks the server's name and certificate against one CA certificate, which
// lies in the modem's own file system; the maker of the device puts it there.

import { Ascii } from "../../util/ascii";
import { Text } from "../../util/text";
import { SocketCommand } from "./fields";

/** Settings of SSL context 1, which all connections use, in their order. */
const enum Setting {
  /** TLS 1.2, or what the modem has above it. */
  Version,
  /** All ciphers. */
  Ciphers,
  /** The server's name is sent. */
  ServerName,
  /** The certificate that the server's is checked against. */
  Authority,
  /** The server has to prove who it is. */
  Level,
  /** Of the settings: last. */
  Count,
}


@unmanaged
export class QuectelTls {
  /** Settings that the modem has since its start. */
  private settings: i32;

  /** The modem has restarted, and forgotten them. */
  reset(): void {
    this.settings = 0;
  }

  /** Writes the next setting that the modem needs before it can connect; false when it has them all. */
  setting(text: Text): bool {
    if (this.settings == Setting.Count) return false;
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

function settingCommand(setting: Setting): Ascii {
  switch (setting) {
    case Setting.Version:
      return 'AT+QSSLCFG="sslversion",1,4';
    case Setting.Ciphers:
      return 'AT+QSSLCFG="ciphersuite",1,0XFFFF';
    case Setting.ServerName:
      return 'AT+QSSLCFG="sni",1,1';
    case Setting.Authority:
      return 'AT+QSSLCFG="cacert",1,"cacert.pem"';
    default:
      return 'AT+QSSLCFG="seclevel",1,1';
  }
}
