// Beam's HTTP entry point (one destination per path) and its website entry point (any path): a request becomes a
// request, an answer goes back unchanged.

import type { Session } from '../../cellular/network.js';
import { BeamStatus } from '../choices.js';
import { type Answer, type DeviceRequest, type HttpService, type RequestHead, textAnswer } from '../http/front.js';
import type { MessageCaller, Sender } from '../message/message.js';
import { type Caller, callerOf, Refusal } from '../refusal.js';
import type { ServiceContext } from '../service.js';
import { exchange, failureOf, report } from './exchange.js';
import { forwardedHeaders } from './headers.js';
import { findRoute, type Route } from './route.js';
import { WebSockets } from './websocket.js';

export class HttpEntry implements HttpService {
  readonly #context: ServiceContext;
  readonly #kind: 'http' | 'website';

  constructor(context: ServiceContext, kind: 'http' | 'website') {
    this.#context = context;
    this.#kind = kind;
    if (kind !== 'website') return;
    const sockets = new WebSockets(context);
    this.upgrade = async (request) => {
      try {
        const { subscriber, ...route } = this.#route(request);
        return await sockets.open(request, route, subscriber);
      } catch (error) {
        return this.#failure(error, request);
      }
    };
  }

  refuses(head: RequestHead): boolean {
    try {
      this.#route(head);
      return false;
    } catch {
      return true;
    }
  }

  failed(id: number, caller: Session, status: number, reason: string): void {
    report(this.#context, 'refused', id, caller, status, reason);
  }

  readonly upgrade?: NonNullable<HttpService['upgrade']>;

  async answer(request: DeviceRequest): Promise<Answer> {
    try {
      const { subscriber, ...route } = this.#route(request);
      return await forwardRequest(this.#context, request, route, subscriber);
    } catch (error) {
      return this.#failure(error, request);
    }
  }

  /** Throws what nobody foresaw. */
  #failure(error: unknown, request: RequestHead): Answer {
    const failure = failureOf(this.#context, error, request);
    if (failure === undefined) throw error;
    return textAnswer(failure.status, failure.text, this.#context.clock);
  }

  /** Asked anew for each request: a session may close, an operator may change the group. Throws Refusal. */
  #route({ caller, target }: RequestHead): Route & { subscriber: Caller } {
    const subscriber = callerOf(this.#context.directory, caller);
    const route = findRoute(subscriber.group.configuration, this.#kind, target);
    if (route === undefined) throw new Refusal(BeamStatus.Refused, 'no entry point is enabled here');
    return { ...route, subscriber };
  }
}

/** Rejects with an UpstreamError or an EntryError. */
export function forwardRequest(
  context: ServiceContext,
  request: Omit<DeviceRequest, 'caller'> & { readonly caller: Sender },
  { entry, destination, target }: Route,
  subscriber: MessageCaller,
): Promise<Answer> {
  const { id, caller, method, body, signal } = request;
  const { clock, directory } = context;
  const headers = forwardedHeaders(request.headers, {
    ...{ entry, destination, subscriber, caller, directory, method },
    unixMs: clock.unixMs(),
    bodyLength: body.length,
  });
  return exchange(context, { id, caller, destination, method, target, headers, body, signal });
}
