// One confirmable message on its way: repeated until it is acknowledged, and then, if it is a request, the wait for its
// response (RFC 7252 4.2 and 5.2).

import type { Clock, Timer } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { CoapLimits } from './limits.js';
import { type CoapMessage, emit } from './message.js';
import { CoapError, type CoapResponse } from './types.js';

export interface ExchangeHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: CoapLimits;
  readonly send: (datagram: Uint8Array) => void;
}

export interface ExchangeEvents {
  /** With the response; with an empty one when a response of ours was acknowledged. */
  readonly done: (response: CoapResponse) => void;
  readonly failed: (error: CoapError) => void;
}

const NO_RESPONSE: CoapResponse = { code: '0.00', options: [], payload: new Uint8Array() };

export class Exchange {
  readonly mid: number;
  readonly #host: ExchangeHost;
  readonly #bytes: Buffer;
  readonly #events: ExchangeEvents;
  readonly #what: 'request' | 'response';
  #timer: Timer | undefined;
  #sent = 0;
  #wait: number;
  #over = false;

  constructor(
    host: ExchangeHost,
    message: CoapMessage,
    events: ExchangeEvents,
    what: 'request' | 'response' = 'request',
  ) {
    this.#host = host;
    this.mid = message.mid;
    this.#bytes = emit(message);
    this.#events = events;
    this.#what = what;
    const { ackTimeout, ackRandomFactor } = host.limits;
    this.#wait = ackTimeout * (1 + host.random.next() * (ackRandomFactor - 1));
  }

  start(): void {
    if (this.#over) return;
    this.#sent++;
    this.#host.send(this.#bytes);
    this.#timer = this.#host.clock.after(this.#wait, () => {
      if (this.#sent > this.#host.limits.maxRetransmit) {
        this.fail(new CoapError('timeout', 'no answer'));
        return;
      }
      this.#wait *= 2;
      this.start();
    });
  }

  /** An empty Acknowledgement: the response comes separately. */
  acknowledged(): void {
    if (this.#over) return;
    this.#timer?.cancel();
    if (this.#what === 'response') {
      this.answered(NO_RESPONSE);
      return;
    }
    this.#timer = this.#host.clock.after(this.#host.limits.exchangeLifetime, () =>
      this.fail(new CoapError('acknowledged', 'acknowledged, but no response')),
    );
  }

  answered(response: CoapResponse): void {
    if (this.#end()) this.#events.done(response);
  }

  fail(error: CoapError): void {
    if (this.#end()) this.#events.failed(error);
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#timer?.cancel();
    return true;
  }
}
