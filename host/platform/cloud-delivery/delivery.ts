// The way of Beam, Funnel and Funk to customers' servers and clouds: one exchange for one message or request of a device,
// shown in the trace without what grants access, and what a device is told when there is no answer.

import { DeliveryStatus } from '../choices.js';
import type { Answer } from '../http/front.js';
import { type HeaderList, shownBody, shownHeaders, shownUrl } from '../http/text.js';
import type { DeviceMessage, MessageAnswer } from '../message/message.js';
import type { Forwarder } from '../outbound/forward.js';
import { DEVICE_TEXT, isOwnFault, UpstreamError } from '../outbound/upstream-error.js';
import type { ServiceContext } from '../context.js';

/** A POST to a cloud. */
export interface CloudRequest {
  /** Where to connect. */
  readonly url: URL;
  /** Path and query as they go into the request line; those of `url` unless given. */
  readonly target?: string;
  /** Without framing; `Host` is made of `url` unless it is there. */
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  /** What the trace shows instead of bodies that grant access, that of the answer too. */
  readonly shown?: string;
}

/** A request as it goes out. */
export interface WholeRequest extends CloudRequest {
  readonly method: string;
  readonly target: string;
}

/** What is delivered, and for whom. */
export type Delivered = Pick<DeviceMessage, 'id' | 'session' | 'deviceId' | 'signal'>;

/** Whose event it is. */
export type Reported = Pick<DeviceMessage, 'id' | 'session'>;

export class Delivery {
  readonly #context: ServiceContext;
  readonly #service: string;

  /** `service`: short name for the trace. */
  constructor(context: ServiceContext, service: string) {
    this.#context = context;
    this.#service = service;
  }

  /** POSTs. Resolves to the cloud's answer, whatever its status; rejects with an UpstreamError. */
  post(from: Delivered, request: CloudRequest): Promise<Answer> {
    const { url, body, target = url.pathname + url.search } = request;
    const headers: HeaderList = [
      ...(request.headers.some(([name]) => name.toLowerCase() === 'host') ? [] : [hostHeader(url)]),
      ...request.headers,
      ['Content-Length', String(body.length)],
      ['Connection', 'close'],
    ];
    return this.send(from, { ...request, method: 'POST', target, headers });
  }

  /** The same with a header that is whole. */
  async send(from: Delivered, request: WholeRequest): Promise<Answer> {
    const { url, method, target, headers, body, shown } = request;
    const show = (bytes: Uint8Array): string => shown ?? shownBody(bytes);
    this.#asked(from, request, () => show(body));
    const { session, deviceId, signal } = from;
    // Of whom the answer's bytes are.
    const imsi = deviceId ?? session.imsi;
    const answer = await this.#context.forwarder.send({
      destination: url,
      ...{ method, target, headers, body, signal, imsi },
    });
    this.#answered(from, answer, () => show(answer.body));
    return answer;
  }

  /** A request for another protocol; the trace shows no bodies. Rejects with an UpstreamError. */
  async upgrade(from: Delivered, request: WholeRequest): Promise<Awaited<ReturnType<Forwarder['upgrade']>>> {
    const { url, method, target, headers, body } = request;
    this.#asked(from, request, () => '');
    const { session, signal } = from;
    const { imsi } = session;
    const opened = await this.#context.forwarder.upgrade({
      destination: url,
      ...{ method, target, headers, body, signal, imsi },
    });
    this.#answered(from, opened.answer, () => '');
    return opened;
  }

  /** What a device is told when a destination gave no answer; the trace has the details. Throws what is no UpstreamError. */
  failure(error: unknown, from: Reported): { readonly status: number; readonly text: string } {
    if (!(error instanceof UpstreamError)) throw error;
    const { GatewayTimeout, BadGateway, Busy } = DeliveryStatus;
    const status = error.fault === 'timeout' ? GatewayTimeout : isOwnFault(error) ? Busy : BadGateway;
    this.report('upstream-error', from, status, `${error.fault}: ${error.message}`);
    return { status, text: DEVICE_TEXT[error.fault] };
  }

  /** The same as an answer. */
  failureAnswer(error: unknown, from: Reported): MessageAnswer {
    const { status, text } = this.failure(error, from);
    return { status, body: Buffer.from(text), headers: [['Content-Type', 'text/plain']] };
  }

  /** Tells the trace what became of a message. */
  report(event: 'refused' | 'upstream-error', { id, session }: Reported, status: number, reason: string): void {
    const { imsi } = session;
    this.#context.traceOf(session).emit({ type: 'service', service: this.#service, event, id, status, reason, imsi });
  }

  #asked({ id, session }: Delivered, { url, method, target, headers }: WholeRequest, body: () => string): void {
    this.#context.traceOf(session).emit(() => ({
      ...{ type: 'http', leg: 'customer', kind: 'request', id, method },
      ...{ url: shownUrl(url.origin + target), headers: shownHeaders(headers), body: body() },
    }));
  }

  #answered({ id, session }: Delivered, { status, headers }: Pick<Answer, 'status' | 'headers'>, body: () => string) {
    this.#context.traceOf(session).emit(() => ({
      ...{ type: 'http', leg: 'customer', kind: 'response', id, status },
      ...{ headers: shownHeaders(headers), body: body() },
    }));
  }
}

export const hostHeader = (url: URL): [string, string] => ['Host', url.host];
