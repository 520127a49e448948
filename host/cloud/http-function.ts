// Functions that are called over HTTPS, as Azure Functions and Cloud Functions run them: one handler in JavaScript, which
// by default is called only for requests with a good `x-soracom-token`, as its documentation tells customers to do.

import type { Clock } from '../clock/clock.js';
import { type CloudRequest, type CloudResponse, headerOf } from './cloud-server.js';
import type { SoracomContext, TokenVerifier } from './soracom-token.js';

export interface FunctionRequest extends CloudRequest {
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** Who called, by the checked token. */
  readonly soracom: SoracomContext | undefined;
}

export interface FunctionResponse {
  /** 200 unless given. */
  readonly status?: number;
  /** Text and bytes go out as they are, anything else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
}

export type FunctionHandler = (request: FunctionRequest) => FunctionResponse | Promise<FunctionResponse>;

export interface HttpFunction {
  readonly handler: FunctionHandler;
  /** What a caller has to show: Azure's function key, or a bearer token that the function itself wants. */
  readonly key?: string;
  /** False: anybody may call. */
  readonly wantsToken?: boolean;
}

/** A handler alone is a function without a key, for callers with a token. */
export type Functions = Readonly<Record<string, HttpFunction | FunctionHandler>>;

/** The functions that one host serves. */
export class HttpFunctions {
  readonly #clock: Clock;
  readonly #verifier: TokenVerifier;
  readonly #functions: Map<string, HttpFunction>;

  constructor(clock: Clock, verifier: TokenVerifier, functions: Functions) {
    this.#clock = clock;
    this.#verifier = verifier;
    this.#functions = new Map(
      Object.entries(functions).map(([name, made]) => [name, typeof made === 'function' ? { handler: made } : made]),
    );
  }

  find(name: string | undefined): HttpFunction | undefined {
    return this.#functions.get(name ?? '');
  }

  /** Undefined: the function failed, and the runtime answers in its own words. */
  async call({ handler, wantsToken = true }: HttpFunction, request: CloudRequest): Promise<CloudResponse | undefined> {
    let soracom: SoracomContext | undefined;
    if (wantsToken) {
      const verdict = await this.#verifier.verify(headerOf(request, 'x-soracom-token'), this.#clock.unixMs());
      if (!verdict.ok) return { status: 401, body: JSON.stringify({ error: verdict.reason }) };
      soracom = verdict.context;
    }
    try {
      const { status = 200, body, contentType } = await handler({ ...request, json: jsonOf(request.body), soracom });
      const type = contentType ?? (typeof body === 'string' ? 'text/plain; charset=utf-8' : undefined);
      const bytes = body instanceof Uint8Array || typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
      return { status, body: bytes, ...(type !== undefined && { headers: [['Content-Type', type]] }) };
    } catch {
      return undefined;
    }
  }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}
