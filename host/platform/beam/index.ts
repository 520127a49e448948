// Beam: takes a device's plain bytes, adds who it is and a signature, and passes them to the customer's server.
//
// One file per entry point: http.ts (8888, one destination per path; 18080 and 80, any path), convert.ts (23080, TCP and
// UDP messages become requests), relay.ts (8023, a stream stays a stream). route.ts finds the entry, identity.ts says who
// is calling, headers.ts and first-line.ts write it, ../cloud-delivery takes it to the destination. MQTT is not here yet.

import type { ServiceRegistry } from '../../cellular/network.js';
import { Delivery } from '../cloud-delivery/delivery.js';
import { HttpFront } from '../http/front.js';
import { MessageFront } from '../message/front.js';
import type { ServiceContext } from '../context.js';
import type { Service, ServiceDefinition } from '../service.js';
import { soracomBeam } from './config.js';
import { Converter } from './convert.js';
import { HttpEntry } from './http.js';
import { Relay } from './relay.js';

const NAME = 'beam.soracom.io';
const HTTP_PORT = 8888;
const WEBSITE_PORTS = [18080, 80];
const MESSAGE_PORT = 23080;
const STREAM_PORT = 8023;

export class Beam implements Service {
  /** What the unified endpoint passes messages to. */
  readonly messages: Converter;
  readonly #http: HttpFront;
  readonly #website: HttpFront;
  readonly #converting: MessageFront;
  readonly #relay: Relay;

  constructor(context: ServiceContext) {
    const delivery = new Delivery(context, 'beam');
    this.messages = new Converter(context, delivery);
    this.#http = new HttpFront({ ...context, service: new HttpEntry(context, delivery, 'http') });
    this.#website = new HttpFront({ ...context, service: new HttpEntry(context, delivery, 'website') });
    this.#converting = new MessageFront(context, this.messages);
    this.#relay = new Relay(context, delivery);
  }

  register(registry: ServiceRegistry): void {
    registry.name(NAME);
    registry.tcp(NAME, HTTP_PORT, (stream, caller) => this.#http.accept(stream, caller));
    for (const port of WEBSITE_PORTS) {
      registry.tcp(NAME, port, (stream, caller) => this.#website.accept(stream, caller));
    }
    registry.tcp(NAME, MESSAGE_PORT, (stream, caller) => this.#converting.accept(stream, caller));
    registry.udp(NAME, MESSAGE_PORT, (bytes, caller, reply) => this.#converting.datagram(bytes, caller, reply));
    registry.tcp(NAME, STREAM_PORT, (stream, caller) => this.#relay.accept(stream, caller));
  }

  close(): void {
    for (const front of [this.#http, this.#website, this.#converting, this.#relay]) front.close();
  }
}

export const beam = {
  name: 'beam',
  namespace: soracomBeam,
  start: (platform) => new Beam(platform),
} satisfies ServiceDefinition<Beam>;
