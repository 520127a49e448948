// The device's side of every HTTP service of the platform: connections, pipelining, bodies, limits and time-outs.
//
// Node's parser reads the requests, from whatever stream a session's TCP connection is. All waiting is done on the
// world's clock; Node's own time-outs are off. service.ts says what a service is given, connection.ts serves the requests
// of one connection one after the other, body.ts is what a body is on its way.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import { FrontStatus } from '../choices.js';
import { Connection, type FrontOptions } from './connection.js';

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
  textAnswer,
} from './service.js';

export class HttpFront {
  readonly #options: FrontOptions;
  readonly #server: Server;
  readonly #connections = new Map<Duplex, Connection>();

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#server = createServer({ headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 });
    this.#server.timeout = 0;
    // A device may send its FIN right after the request and still wait for the answer.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    const of = (message: IncomingMessage): Connection | undefined => this.#connections.get(message.socket);
    this.#server
      .on('request', (request, response) => of(request)?.take(request, response, 'none'))
      .on('checkContinue', (request, response) => of(request)?.take(request, response, 'continue'))
      .on('checkExpectation', (request, response) => of(request)?.take(request, response, 'unknown'))
      .on('connect', (request) => of(request)?.broken(FrontStatus.BadRequest, 'CONNECT is not served here'))
      .on('clientError', (error: NodeJS.ErrnoException, stream) => {
        const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
        const status = tooLarge ? FrontStatus.HeaderTooLarge : FrontStatus.BadRequest;
        this.#connections.get(stream)?.broken(status, tooLarge ? 'header too large' : 'not an HTTP request');
      });
  }

  /** Serves one connection. The caller is who the session says, whatever the device writes. */
  accept(stream: Duplex, caller: Session): void {
    const connection = new Connection(stream, caller, this.#options);
    this.#connections.set(stream, connection);
    stream.once('close', () => {
      this.#connections.delete(stream);
      connection.gone();
    });
    this.#server.emit('connection', stream);
  }

  /** Resets all connections. */
  close(): void {
    for (const stream of this.#connections.keys()) stream.destroy();
  }
}
