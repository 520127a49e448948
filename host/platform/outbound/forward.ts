// The leg from Beam to the destination: one connection, one request, one answer. Nothing is ever tried twice.

import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock/clock.js';
import { Alarm } from '../../alarm.js';
import { HELD_LIMITS, type HttpLimits } from '../choices.js';
import { HeldBytes } from '../held.js';
import type { Answer } from '../http/front.js';
import { withoutHopByHop, type HeaderList } from '../http/text.js';
import { AnswerReader } from './answer.js';
import { Dialer, dialHost } from './dial.js';
import type { Upstream } from './upstream.js';
import { UpstreamError } from './upstream-error.js';
import { writeRequest } from './request.js';

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
    const { method, imsi } = request;
    const share = this.#held.share(imsi);
    const reader = new AnswerReader({ method, maxBody: this.#limits.maxResponseBody, share });
    return new Promise<Answer>((resolve, reject) => {
      const read = (step: () => void): void => {
        try {
          step();
          const { answer } = reader;
          if (answer === undefined) return;
          stream.off('data', onData).off('end', onEnd);
          resolve({ ...answer, headers: withoutHopByHop(answer.headers) });
        } catch (error) {
          // What still comes is not read: it would be counted after the share was released.
          stream.off('data', onData).off('end', onEnd);
          reject(error instanceof Error ? error : new Error('unknown'));
        }
      };
      const onData = (chunk: Buffer): void => {
        this.#clock.stir();
        read(() => reader.take(chunk));
      };
      const onEnd = (): void => read(() => reader.end());
      stream.on('data', onData).once('end', onEnd);
      stream.once('close', () => reject(reader.cut()));
      writeRequest(stream, request);
    }).finally(() => share.release());
  }
}
