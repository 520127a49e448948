// The device's side of every HTTP service of the platform: connections, pipelining, bodies, limits and time-outs.
//
// Node's parser reads the requests, from whatever stream a session's TCP connection is. All waiting is done on the
// world's clock; Node's own time-outs are off. service.ts says what a service is given, connection.ts serves the requests
// of one connection one after the other, body.ts is what a body is on its way, fault.ts what no service is asked for.

import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import { FrontStatus } from '../choices.js';
import { HeldBytes } from '../held.js';
import { HELD_LIMITS } from '../limits.js';
import { Connection, type FrontOptions } from './connection.js';
import { parseFault } from './fault.js';
import { CountedMessage, PacedStream } from './paced-stream.js';
import { callerKey } from './service.js';
import { firstVersion } from './version.js';

export type { FrontOptions } from './connection.js';
export {
  type Answer,
  BodyError,
  type BodySource,
  type DeviceRequest,
  type HttpService,
  type RequestHead,
  type StreamedAnswer,
  type StreamedRequest,
  type SwitchedAnswer,
  textAnswer,
} from './service.js';

/**
 * Node asks this of each request when there is somebody who takes upgrades: only WebSocket is one here, h2c is not, and in HTTP/1.0
 * there is no upgrade (RFC 9110 7.8).
 */
class UpgradingMessage extends CountedMessage {
  #asked: boolean | null = null;

  get upgrade(): boolean {
    if (this.#asked !== true || this.method !== 'GET' || this.httpVersion === '1.0') return false;
    return /^websocket$/i.test(this.headers.upgrade?.trim() ?? '');
  }

  set upgrade(value: boolean | null) {
    // Called by the base class, too, before this one has its fields.
    if (#asked in this) this.#asked = value;
  }
}

export class HttpFront {
  readonly #options: FrontOptions & { readonly held: HeldBytes };
  readonly #server: Server<typeof CountedMessage>;
  /** By what the parser reads. */
  readonly #connections = new Map<Duplex, Connection>();
  readonly #streams = new Set<Duplex>();

  constructor(options: FrontOptions) {
    this.#options = { ...options, held: options.held ?? new HeldBytes(HELD_LIMITS) };
    // What a head lacks is said by fault.ts, in its turn.
    const others = { requireHostHeader: false };
    const upgrades = options.service.upgrade !== undefined;
    this.#server = createServer<typeof CountedMessage>({
      IncomingMessage: upgrades ? UpgradingMessage : CountedMessage,
      headersTimeout: 0,
      requestTimeout: 0,
      keepAliveTimeout: 0,
      ...others,
    });
    this.#server.timeout = 0;
    const of = (message: CountedMessage): Connection | undefined => this.#connections.get(message.socket);
    if (upgrades) this.#server.on('upgrade', (request, _stream, first) => of(request)?.upgrade(request, first));
    // A device may send its FIN right after the request and still wait for the answer.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    this.#server
      .on('request', (request, response) => of(request)?.take(request, response, 'none'))
      .on('checkContinue', (request, response) => of(request)?.take(request, response, 'continue'))
      .on('checkExpectation', (request, response) => of(request)?.take(request, response, 'unknown'))
      .on('connect', (request) => of(request)?.broken(FrontStatus.BadRequest, 'CONNECT is not served here'))
      .on('clientError', (error: NodeJS.ErrnoException & { reason?: string }, stream) => {
        const { status, text } = parseFault(error);
        this.#connections.get(stream)?.broken(status, text);
      });
  }

  /** Serves one connection. The caller is who the session says, whatever the device writes. */
  accept(stream: Duplex, caller: Session): void {
    const { clock } = this.#options;
    const paced = new PacedStream(stream, { clock, caller: callerKey(caller) });
    const connection = new Connection(paced, caller, this.#options);
    this.#connections.set(paced, connection);
    this.#streams.add(stream);
    stream.once('close', () => {
      this.#connections.delete(paced);
      this.#streams.delete(stream);
      connection.gone();
    });
    for (const end of [stream, paced]) end.on('error', () => undefined);
    firstVersion(stream, {
      ready: (later) => {
        // Node's parser would not take the next one of these: the device has to make a connection for it.
        if (later) connection.endAfterAnswer();
        paced.start();
        this.#server.emit('connection', paced);
      },
      ended: (bytes) => connection.endedEarly(bytes),
    });
  }

  /** Resets all connections. */
  close(): void {
    for (const stream of this.#streams) stream.destroy();
  }
}
