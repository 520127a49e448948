// Fetches the package that a server has named: CoAP GET block by block, in a session of its own. What is there stays there when the session
// breaks or the power fails, or when it was given up and a server names the same once more: it goes on from there, or from the last record,
// as long as the ETag is the same.
//
// The caller opens a session to what `target` says when `isDue`, calls `begin` when it is open, hands its events to `took`, and says
// `unreachable` or `lost` when it has failed. `isDone` is when the session can be closed.

import { place } from "../../place";
import { never } from "../../util/wait";
import { CoapEvent } from "../../net/coap/event";
import { CoapEndpoint } from "../../net/coap/endpoint";
import { CoapCode, CoapType } from "../../net/coap/fields";
import { CoapUri } from "../../net/coap/uri";
import { Status } from "../../board/index";
import { Firmware, FirmwareResult } from "./firmware";

/** Attempts without any progress before it is given up, with doubled waits between them: 10 s to 21 min, 43 min in all. */
const TRIES: i32 = 9;
const WAIT_MS: i64 = 10_000;

const uri = place<CoapUri>();

/** Place with `place`, then `attach`. */
@unmanaged
export class FirmwarePull<B, M> {
  private firmware: Firmware<B, M>;
  private tries: i32;
  /** How much was there at the last attempt. */
  private had: i32;
  private at: i64;
  private isAsking: bool;
  /** The last session could not be opened because the host has no address. */
  private isUnknown: bool;

  attach(firmware: Firmware<B, M>): void {
    this.firmware = firmware;
    this.tries = 0;
    this.had = 0;
    this.at = 0;
    this.isAsking = false;
  }

  /** When a session is needed; i64.MAX_VALUE: not at all. */
  get deadline(): i64 {
    return this.firmware.isWanted && !this.isAsking ? this.at : never();
  }

  /** Nothing is under way in the session. */
  get isDone(): bool {
    return !this.isAsking;
  }

  /** Where to: host, port, and whether by DTLS. Null when the URI is none, which it has been checked for. */
  get target(): CoapUri | null {
    return uri.parse(this.firmware.uri, this.firmware.uriLen) == Status.Ok ? uri : null;
  }

  /** Asks for the package, or what is missing of it, over a session that is open and idle. */
  begin(now: i64, endpoint: CoapEndpoint): void {
    const firmware = this.firmware;
    if (!firmware.isWanted) return;
    if (!this.target) {
      firmware.failed(FirmwareResult.Uri);
      return;
    }
    this.had = firmware.received;
    uri.write(endpoint.request(CoapCode.Get));
    endpoint.from(firmware.received, firmware.etag, firmware.etagLen);
    const status = endpoint.send(now, CoapType.Con, -1, -1, -1, 0, 0, 0);
    if (status == Status.Ok) this.isAsking = true;
    else if (status == Status.TooLong) firmware.failed(FirmwareResult.Uri);
    else this.lost(now);
  }

  /** Takes an event of the session's endpoint; true when it was of this. */
  took(now: i64, event: CoapEvent, endpoint: CoapEndpoint): bool {
    if (!this.isAsking) return false;
    if (event == CoapEvent.ResponseBlock) {
      if (this.takes(now, endpoint)) endpoint.take(now);
      else endpoint.cancel();
      return true;
    }
    if (event != CoapEvent.Response) return false;
    this.isAsking = false;
    const code = endpoint.message.code;
    if (endpoint.result != Status.Ok || code >> 5 == 5) this.lost(now);
    else if (code != CoapCode.Content) this.refused(code);
    else if (this.takes(now, endpoint)) this.firmware.finish();
    return true;
  }

  /** The block in hand; false when it ends the transfer. */
  private takes(now: i64, endpoint: CoapEndpoint): bool {
    const firmware = this.firmware;
    if (!firmware.isWanted) {
      // A server has thought better of it.
      this.isAsking = false;
      return false;
    }
    const m = endpoint.message;
    if (endpoint.offset == 0) firmware.fetched(m.etag, m.etagLen);
    const status =
      endpoint.offset == firmware.received ? firmware.take(endpoint.body, endpoint.bodyLen) : <i32>Status.Again;
    if (status == Status.Ok) return true;
    this.isAsking = false;
    if (status == Status.Again) {
      firmware.fetched(0, 0);
      this.lost(now);
    }
    return false;
  }

  private refused(code: CoapCode): void {
    const firmware = this.firmware;
    // The rest of what has become shorter is not there: from the start.
    if (firmware.received > 0) firmware.fetched(0, 0);
    else firmware.failed(code == CoapCode.NotFound ? FirmwareResult.Uri : FirmwareResult.Protocol);
  }

  /** The session could not be opened, and why. A host that has no address for as long as that is no URI. */
  unreachable(now: i64, status: i32): void {
    this.isUnknown = status == Status.NameUnknown;
    this.again(now);
  }

  /** The session has failed. Another try comes later, or it is given up. */
  lost(now: i64): void {
    this.isUnknown = false;
    this.again(now);
  }

  private again(now: i64): void {
    this.isAsking = false;
    const firmware = this.firmware;
    if (!firmware.isWanted) return;
    if (firmware.received > this.had) this.tries = 0;
    if (++this.tries >= TRIES) {
      this.tries = 0;
      this.at = 0;
      firmware.failed(this.isUnknown ? FirmwareResult.Uri : FirmwareResult.ConnectionLost);
      return;
    }
    const doubled: i64 = this.tries - 1;
    this.at = now + (WAIT_MS << doubled);
  }
}
