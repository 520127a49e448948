// One Azure function app: `POST https://APP.azurewebsites.net/api/NAME`, with function keys.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import { type CloudRequest, type CloudResponse, headerOf } from '../cloud-server.js';
import { callFunction, type FunctionHandler, type HttpFunction } from '../http-function.js';
import type { TokenVerifier } from '../soracom-token.js';

export class AzureFunctionApp {
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
    const url = new URL(request.url, 'https://app.azurewebsites.net');
    const found = this.#functions.get(/^\/api\/([^/]+)$/.exec(url.pathname)?.[1] ?? '');
    if (found === undefined) return { status: 404 };
    const called = typeof found === 'function' ? { handler: found } : found;
    const key = headerOf(request, 'x-functions-key') ?? url.searchParams.get('code') ?? '';
    if (called.key !== undefined && !same(key, called.key)) return { status: 401 };
    return (await callFunction(this.#clock, this.#verifier, request, called)) ?? { status: 500 };
  }
}

const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
