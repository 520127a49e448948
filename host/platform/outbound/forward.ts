// The leg from Beam to the destination: one connection, one request, one answer. Nothing is ever tried twice.

import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock/clock.js';
import { Alarm } from '../../alarm.js';
import { HeldBytes } from '../held.js';
import type { Answer } from '../http/front.js';
import { type HeaderList, passableTrailers, withoutHopByHop } from '../http/text.js';
import { HELD_LIMITS, type HttpLimits } from '../limits.js';
import { PacedInput } from '../pace.js';
import { AnswerReader, type DestinationAnswer } from './answer.js';
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

/** A connection that speaks another protocol from here on. */
export interface Switched {
  /** Paused. */
  readonly stream: Duplex;
  /** The first bytes of the other protocol, if they came with the answer. */
  readonly rest: Buffer;
  /** The stream and what lies under it. */
  readonly opened: readonly Duplex[];
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
    const { answer } = await this.#run(request, false);
    return answer;
  }

  /** The same for a request that asks for another protocol: with 101 the connection stays open. */
  upgrade(request: ForwardedRequest): Promise<{ readonly answer: Answer; readonly switched?: Switched }> {
    return this.#run(request, true);
  }

  async #run(request: ForwardedRequest, upgrade: boolean): Promise<{ answer: Answer; switched?: Switched }> {
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
      // An error of the connection shows where it is waited for; one that comes after that is dropped.
      stream.on('error', () => undefined);
      if (over) stream.destroy();
    };
    request.signal.addEventListener('abort', abandon, { once: true });
    if (request.signal.aborted) abandon();
    let kept = false;
    try {
      const { answer, stream, rest } = await Promise.race([this.#exchange(request, upgrade, keep), cut]);
      if (answer.status !== 101) return { answer };
      kept = true;
      return { answer, switched: { stream, rest, opened } };
    } finally {
      over = !kept;
      alarm.clear();
      request.signal.removeEventListener('abort', abandon);
      if (!kept) for (const stream of opened) stream.destroy();
    }
  }

  async #exchange(request: ForwardedRequest, upgrade: boolean, keep: (stream: Duplex) => void): Promise<Exchanged> {
    const { protocol, port } = request.destination;
    const tls = protocol === 'https:';
    const target = { host: dialHost(request.destination), port: Number(port) || (tls ? 443 : 80), tls };
    const stream = await this.#dialer.open({ ...target, protocols: ['http/1.1'] }, keep);
    return this.#overHttp(stream, request, upgrade);
  }

  #overHttp(stream: Duplex, request: ForwardedRequest, upgrade: boolean): Promise<Exchanged> {
    const { method, imsi } = request;
    const share = this.#held.share(imsi);
    const reader = new AnswerReader({ method, maxBody: this.#limits.maxResponseBody, share, upgrade });
    const clock = this.#clock;
    return new Promise<Exchanged>((resolve, reject) => {
      const onClose = (): void => {
        // What had come before stands.
        read(() => reader.take(input.stop()));
        reject(reader.cut());
      };
      const stop = (): Buffer => {
        stream.off('close', onClose);
        return input.stop();
      };
      const read = (step: () => void): void => {
        clock.stir();
        try {
          step();
          const { answer, rest } = reader;
          if (answer === undefined) return;
          const unread = stop();
          resolve({ answer: passedOn(answer), stream, rest: Buffer.concat([rest, unread]) });
        } catch (error) {
          // What still comes is not read: it would be counted after the share was released.
          stop();
          reject(error instanceof Error ? error : new Error('unknown'));
        }
      };
      const input = new PacedInput(stream, {
        ...{ clock, caller: imsi },
        take: (bytes) => read(() => reader.take(bytes)),
        work: () => reader.worked(),
        end: () => read(() => reader.end()),
      });
      stream.once('close', onClose);
      writeRequest(stream, request);
    }).finally(() => share.release());
  }
}

/** The answer without what belonged to its connection. */
function passedOn(answer: DestinationAnswer): Answer {
  const trailers = passableTrailers(answer.trailers, answer.headers);
  // The client needs the name of the protocol that was chosen: it goes on with the connection.
  const headers = answer.status === 101 ? answer.headers : withoutHopByHop(answer.headers);
  return { ...answer, headers, trailers };
}

interface Exchanged {
  readonly answer: Answer;
  readonly stream: Duplex;
  readonly rest: Buffer;
}
