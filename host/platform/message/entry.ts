// Where a service that takes messages is found: HTTP at port 80 of its name, TCP and UDP at one port more.

import type { ServiceRegistry } from '../../cellular/network.js';
import { type FrontOptions, HttpFront } from '../http/front.js';
import type { ServiceContext } from '../context.js';
import { MessageFront } from './front.js';
import { messagesOverHttp } from './http.js';
import type { MessageService } from './message.js';

const HTTP_PORT = 80;
/** Of all services but Harvest Data. */
const MESSAGE_PORT = 23080;

export class MessageEntry {
  readonly #http: HttpFront;
  readonly #messages: MessageFront;

  /** `http`: what this service wants of HTTP otherwise than the others. */
  constructor(
    context: ServiceContext,
    service: MessageService,
    http: Partial<Pick<FrontOptions, 'limits' | 'tooLargeText'>> = {},
  ) {
    this.#http = new HttpFront({ ...context, ...http, service: messagesOverHttp(context, service) });
    this.#messages = new MessageFront(context, service);
  }

  /** Under all the names, which are of one address. */
  register(registry: ServiceRegistry, names: readonly [string, ...string[]], port = MESSAGE_PORT): void {
    registry.name(...names);
    const [name] = names;
    registry.tcp(name, HTTP_PORT, (stream, caller) => this.#http.accept(stream, caller));
    registry.tcp(name, port, (stream, caller) => this.#messages.accept(stream, caller));
    registry.udp(name, port, (bytes, caller, reply) => this.#messages.datagram(bytes, caller, reply));
  }

  /** Resets all connections. */
  close(): void {
    this.#http.close();
    this.#messages.close();
  }
}
