// What a registration says to its server: Register, Update, De-register. LwM2M Core 6.2.

import { CoapEndpoint } from "../../net/coap/endpoint";
import { CoapCode, CoapOption, CoapType } from "../../net/coap/fields";
import { CoapWriter } from "../../net/coap/writer";
import { place } from "../../place";
import { Text } from "../../util/text";
import { Server } from "../account";
import { EndpointName } from "../endpoint-name";
import { Format } from "../fields";
import { hasQueue } from "../parts";

/** How long the server may take, once it has acknowledged. */
const ANSWER_MS: i32 = 60_000;
export const LEAVE_MS: i32 = 10_000;
const LOCATION_MAX: i32 = 64;
/** `lt=` and a number. */
const LIFETIME_MAX: i32 = 16;

const query = place<Text>();
const lifetimeText = memory.data(LIFETIME_MAX);

/** The Location-Path of a registration, as the Uri-Path of the requests about it. */
@unmanaged
export class Location extends CoapWriter {
  @bytes(LOCATION_MAX) options: usize;
}


@unmanaged
export class RegistrationMessages<F> {
  /** LwM2M version of the next Register, 10 or 11. */
  version: i32;
  /** The Server instance, whose lifetime, binding and retry rules hold; the caller says when it lies elsewhere. */
  server: Server;
  protected endpoint: CoapEndpoint;
  protected name: EndpointName;
  /** Body of Register. */
  private links: usize;
  private linksLen: i32;

  // What the server has been told last.

  private lifetime: i32;
  private isQueued: bool;
  /** Other objects or instances than there are. */
  private isBehind: bool;

  /** There are other objects or instances now: CoRE links that stay as they are. */
  setLinks(links: usize, len: i32): void {
    this.links = links;
    this.linksLen = len;
    this.isBehind = true;
  }

  /** The server is to hear of something. */
  protected get hasNews(): bool {
    return this.isBehind || this.lifetime != this.server.lifetime || this.hasOtherBinding;
  }

  private get hasOtherBinding(): bool {
    return hasQueue<F>() && this.isQueued != this.server.isQueued;
  }

  /** Register says all, Update what is new. `location`: what Register has brought. Status of the endpoint. */
  protected tell(now: i64, isRegister: bool, location: CoapWriter): i32 {
    const w = this.endpoint.request(CoapCode.Post);
    const lifetime = this.server.lifetime;
    const tellsBinding = isRegister || this.hasOtherBinding;
    const isQueued = hasQueue<F>() && this.server.isQueued;
    const is10 = this.version == 10;
    if (isRegister) {
      // Content-Format (12) stands between path and query, and is merged in by the endpoint.
      w.text(CoapOption.UriPath, "rd").text(CoapOption.UriQuery, is10 ? "lwm2m=1.0" : "lwm2m=1.1");
      this.name.write(w);
    } else {
      w.set(location);
    }
    // 1.0 has queue mode in the binding, 1.1 in a parameter of its own.
    if (tellsBinding) w.text(CoapOption.UriQuery, isQueued && is10 ? "b=UQ" : "b=U");
    if (isRegister || lifetime != this.lifetime) {
      query.on(lifetimeText, LIFETIME_MAX).str("lt=").num(lifetime);
      w.option(CoapOption.UriQuery, lifetimeText, query.length);
    }
    if (tellsBinding && isQueued && !is10) w.text(CoapOption.UriQuery, "Q");
    const len = isRegister || this.isBehind ? this.linksLen : 0;
    this.lifetime = lifetime;
    if (hasQueue<F>()) this.isQueued = isQueued;
    this.isBehind = false;
    return this.send(now, len, ANSWER_MS);
  }

  /** De-register. */
  protected takeLeave(now: i64, location: CoapWriter): i32 {
    this.endpoint.request(CoapCode.Delete).set(location);
    return this.send(now, 0, LEAVE_MS);
  }

  private send(now: i64, len: i32, limit: i32): i32 {
    return this.endpoint.send(now, CoapType.Con, len > 0 ? Format.Link : -1, -1, -1, this.links, len, limit);
  }

  /** Keeps the Location-Path of the answer, as the Uri-Path that it will be. False when there is none, or it is too long. */
  protected keepLocation(location: Location): bool {
    const m = this.endpoint.message;
    location.on(location.options, LOCATION_MAX);
    m.rewind();
    while (m.next() > 0)
      if (m.option == CoapOption.LocationPath) location.option(CoapOption.UriPath, m.value, m.valueLen);
    return location.length > 0 && location.fits;
  }
}
