// The way of Funnel and Funk to clouds and customers' HTTPS servers: one request for one message of a device, shown in
// the trace without what grants access.

import { CloudStatus } from '../choices.js';
import type { Answer } from '../http/front.js';
import { type HeaderList, shownBody, shownHeaders, shownUrl } from '../http/text.js';
import type { DeviceMessage, MessageAnswer } from '../message/message.js';
import type { ServiceContext } from '../service.js';
import { DEVICE_TEXT, isOwnFault, UpstreamError } from './upstream-error.js';

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

export class CloudClient {
  readonly #context: ServiceContext;
  readonly #service: string;

  /** `service`: short name for the trace. */
  constructor(context: ServiceContext, service: string) {
    this.#context = context;
    this.#service = service;
  }

  /** POSTs. Resolves to the cloud's answer, whatever its status; rejects with an UpstreamError. */
  async send({ id, session, signal, deviceId }: DeviceMessage, request: CloudRequest): Promise<Answer> {
    const { forwarder, traceOf } = this.#context;
    const { url, body, target = url.pathname + url.search } = request;
    const trace = traceOf(session);
    const show = (bytes: Uint8Array): string => request.shown ?? shownBody(bytes);
    const headers: HeaderList = [
      ...(request.headers.some(([name]) => name.toLowerCase() === 'host') ? [] : [hostHeader(url)]),
      ...request.headers,
      ['Content-Length', String(body.length)],
      ['Connection', 'close'],
    ];
    trace.emit(() => ({
      ...{ type: 'http', leg: 'customer', kind: 'request', id, method: 'POST' },
      ...{ url: shownUrl(url.origin + target), headers: shownHeaders(headers), body: show(body) },
    }));
    // Of whom the answer's bytes are.
    const imsi = deviceId ?? session.imsi;
    const answer = await forwarder.send({ destination: url, method: 'POST', target, headers, body, signal, imsi });
    const { status } = answer;
    trace.emit(() => ({
      ...{ type: 'http', leg: 'customer', kind: 'response', id, status },
      ...{ headers: shownHeaders(answer.headers), body: show(answer.body) },
    }));
    return answer;
  }

  /** The answer for a cloud that gave none; the trace tells why. Throws what is no UpstreamError. */
  failure(error: unknown, message: Pick<DeviceMessage, 'id' | 'session'>): MessageAnswer {
    if (!(error instanceof UpstreamError)) throw error;
    const { GatewayTimeout, BadGateway, Busy } = CloudStatus;
    const status = error.fault === 'timeout' ? GatewayTimeout : isOwnFault(error) ? Busy : BadGateway;
    this.report('upstream-error', message, status, `${error.fault}: ${error.message}`);
    return { status, body: Buffer.from(DEVICE_TEXT[error.fault]), headers: [['Content-Type', 'text/plain']] };
  }

  /** Tells the trace what became of a message. */
  report(
    event: 'refused' | 'upstream-error',
    { id, session }: Pick<DeviceMessage, 'id' | 'session'>,
    status: number,
    reason: string,
  ): void {
    const { imsi } = session;
    this.#context.traceOf(session).emit({ type: 'service', service: this.#service, event, id, status, reason, imsi });
  }
}

export const hostHeader = (url: URL): [string, string] => ['Host', url.host];
