// WebSocket through the website entry point: the opening handshake goes to the destination like any request, with who is
// calling; after 101 the bytes of both ends pass unread.

import type { Session } from '../../cellular/network.js';
import { BeamStatus } from '../choices.js';
import type { Delivery } from '../cloud-delivery/delivery.js';
import type { Answer, RequestHead, SwitchedAnswer } from '../http/front.js';
import { type HeaderList, withoutHopByHop } from '../http/text.js';
import { WEBSOCKET } from '../limits.js';
import type { Switched } from '../outbound/forward.js';
import { UpstreamError } from '../outbound/upstream-error.js';
import { type Caller, callerOf } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import { beamFailure } from './failure.js';
import { forwardedHeaders } from './headers.js';
import type { Route } from './route.js';
import { Splice } from './splice.js';

/** RFC 6455 4.1, 4.2.2 */
const SWITCH: HeaderList = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
];

export class WebSockets {
  readonly #context: ServiceContext;
  readonly #delivery: Delivery;
  /** Open or on their way, by IMSI. */
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(context: ServiceContext, delivery: Delivery) {
    this.#context = context;
    this.#delivery = delivery;
  }

  /** Rejects with a Refusal or an UpstreamError. */
  async open(
    request: RequestHead & { readonly signal: AbortSignal },
    { entry, destination, target }: Route,
    subscriber: Caller,
  ): Promise<Answer | SwitchedAnswer> {
    const { id, caller, method, signal } = request;
    const { clock, directory } = this.#context;
    const unixMs = clock.unixMs();
    const context = { entry, destination, subscriber, caller, directory, method, unixMs, bodyLength: 0 };
    const plain = forwardedHeaders(request.headers, context).filter(([name]) => name !== 'Connection');
    const headers: HeaderList = [...plain, ...SWITCH];
    const release = this.#take(caller);
    let kept = false;
    try {
      const sent = { url: destination, method, target, headers, body: Buffer.alloc(0) };
      const { answer, switched } = await this.#delivery.upgrade({ id, session: caller, signal }, sent);
      if (switched === undefined) return answer;
      const drop = (): void => {
        for (const stream of switched.opened) stream.destroy();
        release();
      };
      if (!isWebSocket(answer.headers)) {
        drop();
        throw new UpstreamError('not-http', 'the destination switches to another protocol');
      }
      kept = true;
      return {
        status: 101,
        ...(answer.reason !== undefined && { reason: answer.reason }),
        headers: [...withoutHopByHop(answer.headers), ...SWITCH],
        join: (device, first) => {
          // Before an end of theirs is passed on, which may have come already.
          if (switched.rest.length > 0) device.write(switched.rest);
          if (first.length > 0) switched.stream.write(first);
          this.#join({ id, caller, device, switched, remote: remoteOf(destination), release });
        },
        drop,
      };
    } finally {
      if (!kept) release();
    }
  }

  #join(ends: {
    readonly id: number;
    readonly caller: Session;
    readonly device: Parameters<SwitchedAnswer['join']>[0];
    readonly switched: Switched;
    readonly remote: string;
    readonly release: () => void;
  }): void {
    const { id, caller, device, switched, remote, release } = ends;
    const { clock, directory, limits, traceOf } = this.#context;
    const tell = (event: 'connected' | 'ended'): void => traceOf(caller).emit({ type: 'socket', event, id, remote });
    tell('connected');
    new Splice({
      ...{ clock, device, upstream: switched.stream, opened: switched.opened },
      ...{ idle: WEBSOCKET.idle, linger: limits.linger },
      // A SIM may be suspended in mid-stream: from then on nothing gets through, to it or from it.
      check: () => void callerOf(directory, caller),
      refused: (error) => void beamFailure(this.#delivery, error, { id, session: caller }),
      ended: () => tell('ended'),
      over: release,
    });
  }

  /** Throws Refusal. What it gives lets go, once. */
  #take({ imsi }: Session): () => void {
    const own = this.#open.get(imsi) ?? 0;
    if (own >= WEBSOCKET.perCaller) {
      throw new Refusal(BeamStatus.CallerFull, 'too many WebSocket connections of this SIM are open');
    }
    if (this.#total >= WEBSOCKET.total) throw new Refusal(BeamStatus.Full, 'too many WebSocket connections are open');
    this.#open.set(imsi, own + 1);
    this.#total++;
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#total--;
      const left = (this.#open.get(imsi) ?? 1) - 1;
      if (left === 0) this.#open.delete(imsi);
      else this.#open.set(imsi, left);
    };
  }
}

const isWebSocket = (headers: HeaderList): boolean =>
  headers.some(([name, value]) => name.toLowerCase() === 'upgrade' && /^websocket$/i.test(value));

function remoteOf({ protocol, host }: URL): string {
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}`;
}
