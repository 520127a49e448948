// The leg from Beam to the destination: one connection, one request, one answer. Nothing is ever tried twice.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock/clock.js';
import { Alarm } from '../../alarm.js';
import { HELD_LIMITS, type HttpLimits } from '../choices.js';
import { Collector } from '../collector.js';
import { HeldBytes, type Share } from '../held.js';
import type { Answer } from '../http/front.js';
import { headerPairs, isFieldText, withoutHopByHop, type HeaderList } from '../http/text.js';
import { Dialer, dialHost } from './dial.js';
import type { Upstream } from './upstream.js';
import { UpstreamError } from './upstream-error.js';

export interface ForwardedRequest {
  readonly destination: URL;
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
  /** On whose behalf: the answer's bytes are counted for this SIM. */
  readonly imsi: string;
}

export class Forwarder {
  readonly #clock: Clock;
  readonly #dialer: Dialer;
  readonly #limits: HttpLimits;
  readonly #held: HeldBytes;

  constructor(clock: Clock, upstream: Upstream, limits: HttpLimits, held = new HeldBytes(HELD_LIMITS)) {
    this.#clock = clock;
    this.#held = held;
    this.#dialer = new Dialer(clock, upstream);
    this.#limits = limits;
  }

  /** The destination's answer, without what belonged to its connection. Rejects with an UpstreamError. */
  async send(request: ForwardedRequest): Promise<Answer> {
    const opened: Duplex[] = [];
    const alarm = new Alarm(this.#clock);
    let over = false;
    let abandon = (): void => undefined;
    const cut = new Promise<never>((_, reject) => {
      alarm.set(this.#limits.upstream, () => reject(new UpstreamError('timeout', 'no answer in time')));
      abandon = () => reject(new UpstreamError('abandoned', 'the device went away'));
    });
    const keep = (stream: Duplex): void => {
      opened.push(stream);
      // An error of the connection shows where it is waited for; one that comes after that is nobody's.
      stream.on('error', () => undefined);
      if (over) stream.destroy();
    };
    request.signal.addEventListener('abort', abandon, { once: true });
    if (request.signal.aborted) abandon();
    try {
      return await Promise.race([this.#exchange(request, keep), cut]);
    } finally {
      over = true;
      alarm.clear();
      request.signal.removeEventListener('abort', abandon);
      for (const stream of opened) stream.destroy();
    }
  }

  async #exchange(request: ForwardedRequest, keep: (stream: Duplex) => void): Promise<Answer> {
    const { protocol, port } = request.destination;
    const tls = protocol === 'https:';
    const target = { host: dialHost(request.destination), port: Number(port) || (tls ? 443 : 80), tls };
    const stream = await this.#dialer.open({ ...target, protocols: ['http/1.1'] }, keep);
    return this.#overHttp(stream, request);
  }

  #overHttp(stream: Duplex, request: ForwardedRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { method, target: path, body } = request;
      const headers = request.headers.flat();
      const upstream = httpRequest({ createConnection: () => stream, method, path, headers, setHost: false });
      upstream.on('error', (error: NodeJS.ErrnoException) => {
        const notHttp = error.code?.startsWith('HPE_') === true;
        reject(notHttp ? new UpstreamError('not-http', 'the answer is not HTTP') : closedEarly());
      });
      let answered = false;
      upstream.once('response', (response) => {
        answered = true;
        const share = this.#held.share(request.imsi);
        this.#collect(response, share)
          .then(resolve, reject)
          .finally(() => share.release());
      });
      upstream.once('upgrade', () => reject(new UpstreamError('not-http', 'the destination switches protocols')));
      upstream.once('close', () => {
        if (!answered) reject(closedEarly());
      });
      upstream.end(body);
    });
  }

  #collect(response: IncomingMessage, share: Share): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { maxResponseBody } = this.#limits;
      const whole = new Collector();
      const refuse = (error: UpstreamError): void => {
        response.destroy();
        reject(error);
      };
      response.on('data', (chunk: Buffer) => {
        this.#clock.stir();
        if (whole.length + chunk.length > maxResponseBody) {
          refuse(new UpstreamError('too-large', `the answer has more than ${maxResponseBody} bytes`));
        } else if (share.take(whole.cost(chunk.length)) !== undefined) {
          refuse(new UpstreamError('no-room', 'too many bytes are under way'));
        } else {
          whole.add(chunk);
        }
      });
      response.on('error', () => reject(new UpstreamError('cut-short', 'the answer was cut short')));
      response.once('end', () => {
        const answer = {
          status: response.statusCode ?? 0,
          reason: response.statusMessage ?? '',
          headers: withoutHopByHop(headerPairs(response.rawHeaders)),
          body: whole.bytes,
          trailers: headerPairs(response.rawTrailers),
        };
        if (isWritable(answer)) resolve(answer);
        else reject(new UpstreamError('not-http', 'the answer has a status or a header that HTTP does not allow'));
      });
    });
  }
}

const closedEarly = (): UpstreamError => new UpstreamError('cut-short', 'the connection was closed before the answer');

/** Node's parser lets some through that its writer refuses. */
const isWritable = ({ status, reason, headers, trailers }: Omit<Required<Answer>, 'shown'>): boolean =>
  status >= 200 && status <= 999 && [reason, ...[...headers, ...trailers].map(([, value]) => value)].every(isFieldText);
