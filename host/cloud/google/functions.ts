// Cloud Functions of one project and region: `POST https://REGION-PROJECT.cloudfunctions.net/NAME`.

import { type CloudRequest, type CloudResponse, headerOf } from '../cloud-server.js';
import type { HttpFunctions } from '../http-function.js';

const text = (status: number, body: string): CloudResponse => ({
  status,
  headers: [['Content-Type', 'text/plain; charset=utf-8']],
  body,
});

export class CloudFunctions {
  readonly #functions: HttpFunctions;

  constructor(functions: HttpFunctions) {
    this.#functions = functions;
  }

  async handle(request: CloudRequest): Promise<CloudResponse> {
    const { pathname } = new URL(request.url, 'https://cloudfunctions.net');
    const called = this.#functions.find(/^\/([^/]+)$/.exec(pathname)?.[1]);
    if (called === undefined) return text(404, 'Page not found');
    if (called.key !== undefined && headerOf(request, 'authorization') !== `Bearer ${called.key}`) {
      return text(401, 'Unauthorized');
    }
    return (await this.#functions.call(called, request)) ?? text(500, 'Error: could not handle the request');
  }
}
