// Beam: takes a device's plain request, adds who it is and a signature, and passes it to the customer's server.
//
// Here: the HTTP entry point (8888, one destination per path) and the website entry point (18080 and 80, any path).
// route.ts finds the entry, headers.ts makes the forwarded header, ../outbound speaks with the destination. The
// device's connection is the HTTP front's affair (../http/front.ts). Not here yet: TCP, UDP and MQTT entry points.

import type { ServiceRegistry, Session } from '../../cellular/network.js';
import { BeamStatus } from '../choices.js';
import { HttpFront, textAnswer, type Answer, type DeviceRequest, type RequestHead } from '../http/front.js';
import { shownBody, shownHeaders } from '../http/text.js';
import { UpstreamError } from '../outbound/upstream-error.js';
import { type Caller, callerOf, Refusal } from '../refusal.js';
import type { Service, ServiceContext } from '../service.js';
import { EntryError, forwardedHeaders } from './headers.js';
import { findRoute, type EntryPoint, type Route } from './route.js';

const NAME = 'beam.soracom.io';
const PORTS: readonly (readonly [number, EntryPoint['kind']])[] = [
  [8888, 'http'],
  [18080, 'website'],
  [80, 'website'],
];

export class Beam implements Service {
  readonly #context: ServiceContext;
  readonly #fronts: Readonly<Record<EntryPoint['kind'], HttpFront>>;

  constructor(context: ServiceContext) {
    this.#context = context;
    this.#fronts = { http: this.#front('http'), website: this.#front('website') };
  }

  register(registry: ServiceRegistry): void {
    registry.name(NAME);
    for (const [port, kind] of PORTS) {
      registry.tcp(NAME, port, (stream, caller) => this.#fronts[kind].accept(stream, caller));
    }
  }

  close(): void {
    for (const front of Object.values(this.#fronts)) front.close();
  }

  #front(kind: EntryPoint['kind']): HttpFront {
    const service = {
      refuses: (head: RequestHead) => this.#refuses(kind, head),
      answer: (request: DeviceRequest) => this.#answer(kind, request),
      failed: (id: number, caller: Session, status: number, reason: string) =>
        this.#report('refused', id, caller, status, reason),
    };
    return new HttpFront({ ...this.#context, service });
  }

  #refuses(kind: EntryPoint['kind'], head: RequestHead): boolean {
    try {
      this.#route(kind, head);
      return false;
    } catch {
      return true;
    }
  }

  /** Asked anew for each request: a session may close, an operator may change the group. Throws Refusal. */
  #route(kind: EntryPoint['kind'], { caller, target }: RequestHead): Route & { subscriber: Caller } {
    const subscriber = callerOf(this.#context.directory, caller);
    const route = findRoute(subscriber.group.configuration, kind, target);
    if (route === undefined) throw new Refusal(BeamStatus.Refused, 'no entry point is enabled here');
    return { ...route, subscriber };
  }

  async #answer(kind: EntryPoint['kind'], request: DeviceRequest): Promise<Answer> {
    try {
      return await this.#forward(request, this.#route(kind, request));
    } catch (error) {
      return this.#failure(error, request);
    }
  }

  async #forward(request: DeviceRequest, { subscriber, ...route }: Route & { subscriber: Caller }): Promise<Answer> {
    const { id, caller, method, body, signal } = request;
    const { clock, directory, forwarder, traceOf } = this.#context;
    const { destination, target } = route;
    const context = {
      ...route,
      subscriber,
      caller,
      directory,
      method,
      unixMs: clock.unixMs(),
      bodyLength: body.length,
    };
    const headers = forwardedHeaders(request.headers, context);
    const trace = traceOf(caller);
    trace.emit({
      type: 'http',
      leg: 'customer',
      kind: 'request',
      id,
      method,
      url: destination.origin + target,
      headers: shownHeaders(headers),
      body: shownBody(body),
    });
    const answer = await forwarder.send({ destination, method, target, headers, body, signal });
    const { status } = answer;
    const shown = shownHeaders(answer.headers);
    trace.emit({
      type: 'http',
      leg: 'customer',
      kind: 'response',
      id,
      status,
      headers: shown,
      body: shownBody(answer.body),
    });
    return answer;
  }

  #failure(error: unknown, { id, caller }: RequestHead): Answer {
    const { clock } = this.#context;
    if (error instanceof UpstreamError) {
      const status = error.fault === 'timeout' ? BeamStatus.GatewayTimeout : BeamStatus.BadGateway;
      this.#report('upstream-error', id, caller, status, `${error.fault}: ${error.message}`);
      return textAnswer(status, `Beam: ${DEVICE_TEXT[error.fault]}`, clock);
    }
    if (!(error instanceof Refusal) && !(error instanceof EntryError)) throw error;
    const status = error instanceof Refusal ? error.status : BeamStatus.Refused;
    this.#report('refused', id, caller, status, error.message);
    return textAnswer(status, `Beam: ${error.message}`, clock);
  }

  #report(event: 'refused' | 'upstream-error', id: number, caller: Session, status: number, reason: string): void {
    this.#context
      .traceOf(caller)
      .emit({ type: 'service', service: 'beam', event, id, status, reason, imsi: caller.imsi });
  }
}

/** What a device is told; the details are the operator's, in the trace. */
const DEVICE_TEXT: Readonly<Record<UpstreamError['fault'], string>> = {
  unreachable: 'the destination cannot be reached',
  untrusted: 'the certificate of the destination is not trusted',
  'cut-short': 'the answer of the destination was cut short',
  'not-http': 'the destination does not speak HTTP',
  'too-large': 'the answer of the destination is too large',
  timeout: 'the destination did not answer in time',
  abandoned: 'abandoned',
};
