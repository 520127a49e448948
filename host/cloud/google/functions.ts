// Cloud Functions of one project and region: `POST https://REGION-PROJECT.cloudfunctions.net/NAME`.

import type { Clock } from '../../clock/clock.js';
import { type CloudRequest, type CloudResponse, headerOf } from '../cloud-server.js';
import { callFunction, type FunctionHandler, type HttpFunction } from '../http-function.js';
import type { TokenVerifier } from '../soracom-token.js';

const text = (status: number, body: string): CloudResponse => ({
  status,
  headers: [['Content-Type', 'text/plain; charset=utf-8']],
  body,
});

export class CloudFunctions {
  readonly #clock: Clock;
  readonly #verifier: TokenVerifier;
  readonly #functions: Map<string, HttpFunction | FunctionHandler>;

  constructor(
    clock: Clock,
    verifier: TokenVerifier,
    functions: Readonly<Record<string, HttpFunction | FunctionHandler>>,
  ) {
    this.#clock = clock;
    this.#verifier = verifier;
    this.#functions = new Map(Object.entries(functions));
  }

  async handle(request: CloudRequest): Promise<CloudResponse> {
    const { pathname } = new URL(request.url, 'https://cloudfunctions.net');
    const found = this.#functions.get(/^\/([^/]+)$/.exec(pathname)?.[1] ?? '');
    if (found === undefined) return text(404, 'Page not found');
    const called = typeof found === 'function' ? { handler: found } : found;
    if (called.key !== undefined && headerOf(request, 'authorization') !== `Bearer ${called.key}`) {
      return text(401, 'Unauthorized');
    }
    const answer = await callFunction(this.#clock, this.#verifier, request, called);
    return answer ?? text(500, 'Error: could not handle the request');
  }
}
