// One Azure function app: `POST https://APP.azurewebsites.net/api/NAME`, with function keys.

import { createHash, timingSafeEqual } from 'node:crypto';
import { type CloudRequest, type CloudResponse, headerOf } from '../cloud-server.js';
import type { HttpFunctions } from '../http-function.js';

export class AzureFunctionApp {
  readonly #functions: HttpFunctions;

  constructor(functions: HttpFunctions) {
    this.#functions = functions;
  }

  async handle(request: CloudRequest): Promise<CloudResponse> {
    const url = new URL(request.url, 'https://app.azurewebsites.net');
    const called = this.#functions.find(/^\/api\/([^/]+)$/.exec(url.pathname)?.[1]);
    if (called === undefined) return { status: 404 };
    const key = headerOf(request, 'x-functions-key') ?? url.searchParams.get('code') ?? '';
    if (called.key !== undefined && !same(key, called.key)) return { status: 401 };
    return (await this.#functions.call(called, request)) ?? { status: 500 };
  }
}

const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
