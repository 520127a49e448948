// Beam's HTTP entry point (one destination per path) and its website entry point (any path): a request becomes a
// request, an answer goes back unchanged.

import type { Session } from '../../cellular/network.js';
import { BeamStatus } from '../choices.js';
import type { Delivery } from '../cloud-delivery/delivery.js';
import { type Answer, type DeviceRequest, type HttpService, type RequestHead, textAnswer } from '../http/front.js';
import type { MessageCaller, Sender } from '../message/message.js';
import { type Caller, callerOf } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import { beamFailure } from './failure.js';
import { forwardedHeaders } from './headers.js';
import { findRoute, type Route } from './route.js';
import { WebSockets } from './websocket.js';

export class HttpEntry implements HttpService {
  readonly #context: ServiceContext;
  readonly #delivery: Delivery;
  readonly #kind: 'http' | 'website';

  constructor(context: ServiceContext, delivery: Delivery, kind: 'http' | 'website') {
    this.#context = context;
    this.#delivery = delivery;
    this.#kind = kind;
    if (kind !== 'website') return;
    const sockets = new WebSockets(context, delivery);
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

  failed(id: number, session: Session, status: number, reason: string): void {
    this.#delivery.report('refused', { id, session }, status, reason);
  }

  readonly upgrade?: NonNullable<HttpService['upgrade']>;

  async answer(request: DeviceRequest): Promise<Answer> {
    try {
      const { subscriber, ...route } = this.#route(request);
      return await forwardRequest({ context: this.#context, delivery: this.#delivery }, request, route, subscriber);
    } catch (error) {
      return this.#failure(error, request);
    }
  }

  /** Throws what nobody foresaw. */
  #failure(error: unknown, { id, caller: session }: RequestHead): Answer {
    const failure = beamFailure(this.#delivery, error, { id, session });
    if (failure === undefined) throw error;
    return textAnswer(failure.status, failure.text, this.#context.clock);
  }

  /** Asked again for each request: a session may close, an operator may change the group. Throws Refusal. */
  #route({ caller, target }: RequestHead): Route & { subscriber: Caller } {
    const subscriber = callerOf(this.#context.directory, caller);
    const route = findRoute(subscriber.group, this.#kind, target);
    if (route === undefined) throw new Refusal(BeamStatus.Refused, 'no entry point is enabled here');
    return { ...route, subscriber };
  }
}

/** Rejects with an UpstreamError or a Refusal. */
export function forwardRequest(
  { context: { clock, directory }, delivery }: { readonly context: ServiceContext; readonly delivery: Delivery },
  request: Omit<DeviceRequest, 'caller'> & { readonly caller: Sender },
  { entry, destination, target }: Route,
  subscriber: MessageCaller,
): Promise<Answer> {
  const { id, caller, method, body, signal } = request;
  const headers = forwardedHeaders(request.headers, {
    ...{ entry, destination, subscriber, caller, directory, method },
    unixMs: clock.unixMs(),
    bodyLength: body.length,
  });
  return delivery.send({ id, session: caller, signal }, { url: destination, method, target, headers, body });
}
