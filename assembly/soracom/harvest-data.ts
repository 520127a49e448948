// SORACOM Harvest Data: the platform keeps what the device sends, by time, for its operator to look at. Delivered means
// that the entry is stored. An entry is at most 1,024 bytes.

import { Method } from "../net/http/fields";
import { TcpMessage } from "../net/message/tcp";
import { UdpMessage } from "../net/message/udp";
import { Ascii } from "../util/ascii";
import { HttpService } from "./http-service";
import { MessageService } from "./message-service";

const HOST = "harvest.soracom.io";
const PORT = 8514;
const WAIT_MS = 5_000;

/** Over HTTP, with its own time. Place with `place`, then `open`. */
@unmanaged
export class HarvestHttp<N> extends HttpService<N> {
  open(net: N): void {
    this.attach(net, HOST, 80);
  }

  /**
   * Begins to send an entry, only when none is pending. `contentType` says what it is: application/json, text/plain,
   * application/octet-stream. `unixMs` is its time; -1: the time at which the platform gets it.
   */
  post(now: i64, contentType: Ascii, unixMs: i64, body: usize, bodyLen: i32, into: usize, intoMax: i32): void {
    const request = this.begin(Method.Post, "/").header("Content-Type", contentType);
    if (unixMs >= 0) request.headerNumber("X-Soracom-Timestamp", unixMs);
    this.send(now, body, bodyLen, into, intoMax);
  }
}

/** Over TCP. Place with `place`, then `open`. */
@unmanaged
export class HarvestTcp<N> extends MessageService<TcpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT);
  }
}

/** Over UDP; an entry whose answer is lost is stored more than once. Place with `place`. */
@unmanaged
export class HarvestUdp<N> extends MessageService<UdpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT, WAIT_MS);
  }
}
