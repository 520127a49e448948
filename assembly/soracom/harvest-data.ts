// SORACOM Harvest Data: the platform keeps what the device sends, by time, for its operator to look at. Delivered means
// that the entry is stored. An entry is at most 1,024 bytes.

import { Method } from "../net/http/fields";
import { TCP_MESSAGE_SIZE, TcpMessage } from "../net/message/tcp";
import { UDP_MESSAGE_SIZE, UdpMessage } from "../net/message/udp";
import { Ascii } from "../util/ascii";
import { HTTP_SERVICE_SIZE, HttpService } from "./http-service";
import { MESSAGE_SERVICE_SIZE, MessageService } from "./message-service";

const HOST = "harvest.soracom.io";
const PORT = 8514;
const WAIT_MS = 5_000;

/** Over HTTP, with its own time. Place with `memory.data(HARVEST_HTTP_SIZE, 8)`, then `open`. */
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

export const HARVEST_HTTP_SIZE: i32 = HTTP_SERVICE_SIZE;

/** Over TCP. Place with `memory.data(HARVEST_TCP_SIZE, 8)`, then `open`. */
@unmanaged
export class HarvestTcp<N> extends MessageService<TcpMessage<N>> {
  open(net: N): void {
    this.message.attach(net, HOST, PORT);
  }
}

export const HARVEST_TCP_SIZE: i32 = MESSAGE_SERVICE_SIZE + TCP_MESSAGE_SIZE;

/** Over UDP; an entry whose answer is lost is stored more than once. Place with `memory.data(HARVEST_UDP_SIZE, 8)`. */
@unmanaged
export class HarvestUdp<N> extends MessageService<UdpMessage<N>> {
  open(net: N, seed: u32): void {
    this.message.attach(net, HOST, PORT, WAIT_MS, seed);
  }
}

export const HARVEST_UDP_SIZE: i32 = MESSAGE_SERVICE_SIZE + UDP_MESSAGE_SIZE;
