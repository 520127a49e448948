// The management API, by which operators set up what their devices may do: subscribers, groups, credentials, users and
// roles, and read what devices sent. One route per line in the files beside this one; here: the router, who is calling,
// errors as answers, and the events of use. Devices reach their own part of it through ../metadata.

import { type Context, Hono } from 'hono';
import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import type { Trace } from '../../trace/trace.js';
import { type Accounts, decide } from '../accounts/index.js';
import type { Service, ServiceContext } from '../service.js';
import { API_KEY_HEADER, authRoutes, TOKEN_HEADER } from './auth.js';
import { type ApiCaller, Call, type Reply, type Wait } from './call.js';
import { credentialsRoutes } from './credentials.js';
import { ApiError, type Lang } from './error.js';
import { groupRoutes } from './groups.js';
import { operatorRoutes } from './operators.js';
import { outsideFront } from './outside.js';
import type { AnyRoute } from './routes.js';
import { subscriberRoutes } from './subscribers.js';

export type { ApiCaller } from './call.js';
export { ApiError } from './error.js';

export interface ApiOptions {
  readonly context: ServiceContext;
  readonly accounts: Accounts;
  /** Of the world, not of a device. */
  readonly trace: Trace;
  readonly sessionOf: (imsi: string) => Session | undefined;
  /** What the platform's services let operators do with what they keep. */
  readonly routes?: readonly AnyRoute[];
}

interface Bindings {
  /** Known already: a SIM through Metadata. */
  readonly caller?: ApiCaller;
  readonly wait?: Wait;
}
type ApiContext = Context<{ Bindings: Bindings }>;

export class OperatorApi implements Pick<Service, 'close'> {
  readonly #context: ServiceContext;
  readonly #accounts: Accounts;
  readonly #trace: Trace;
  readonly #app = new Hono<{ Bindings: Bindings }>();
  readonly #front;

  constructor({ context, accounts, trace, sessionOf, routes = [] }: ApiOptions) {
    const { directory, random } = context;
    this.#context = context;
    this.#accounts = accounts;
    this.#trace = trace;
    this.#front = outsideFront(context, (request, streamed) =>
      streamed ? this.#respond(request, {}) : this.fetch(request),
    );
    this.#mount([
      ...authRoutes(accounts),
      ...operatorRoutes(accounts),
      ...subscriberRoutes({ directory, sessionOf }),
      ...groupRoutes({ directory, random: random.fork('groups') }),
      ...credentialsRoutes(directory),
      ...routes,
    ]);
  }

  /** Answers one request from outside, which has to carry its token. Never rejects. */
  fetch(request: Request): Promise<Response> {
    return this.#fetch(request, {});
  }

  /** Answers for a SIM that its session has identified: what is below /v1/subscribers/{its own IMSI}, nothing else. */
  fetchFor(caller: Extract<ApiCaller, { kind: 'sim' }>, request: Request): Promise<Response> {
    return this.#fetch(request, { caller });
  }

  /** Serves HTTP on one connection from outside; `from`: the address that it comes from, for limits. */
  accept(stream: Duplex, from?: string): void {
    this.#front.accept(stream, from);
  }

  close(): void {
    this.#front.close();
  }

  async #fetch(request: Request, bindings: Bindings): Promise<Response> {
    // Streams and promises of Node are not seen by a virtual clock.
    const { clock } = this.#context;
    let release = clock.hold();
    const wait: Wait = async (work) => {
      release();
      try {
        return await work;
      } finally {
        release = clock.hold();
      }
    };
    try {
      return await this.#respond(request, { ...bindings, wait });
    } finally {
      release();
    }
  }

  async #respond(request: Request, bindings: Bindings): Promise<Response> {
    return await this.#app.fetch(request, bindings);
  }

  #mount(routes: readonly AnyRoute[]): void {
    for (const route of routes) this.#app.on(route.method, `/v1${route.path}`, (c) => this.#run(route, c));
    for (const path of new Set(routes.map((route) => route.path))) {
      const methods = routes.filter((route) => route.path === path).map((route) => route.method);
      this.#app.all(`/v1${path}`, (c) => this.#refuse(c, new ApiError('method', `use ${methods.join(', ')}`)));
    }
    this.#app.notFound((c) => this.#refuse(c, new ApiError('no-route')));
    this.#app.onError((_error, c) => this.#refuse(c, new ApiError('internal')));
  }

  async #run(route: AnyRoute, c: ApiContext): Promise<Response> {
    const { raw: request } = c.req;
    const query = new URL(request.url).searchParams;
    const params = c.req.param() as Record<string, string>;
    let caller: ApiCaller | undefined;
    try {
      let reply: Reply | Response;
      if (route.for === 'anybody') {
        if (c.env.caller !== undefined) throw new ApiError('forbidden');
        reply = await route.handle(new Call(undefined, request, params, query));
      } else {
        caller = this.#callerOf(c);
        this.#permit(route, caller, params);
        reply = await route.handle(new Call(caller, request, params, query, c.env.wait));
      }
      const response = reply instanceof Response ? reply : toResponse(reply);
      this.#tell(c, response.status, route, caller);
      return response;
    } catch (error) {
      // The message of an unforeseen error might hold anything: the client gets none of it.
      return this.#refuse(c, error instanceof ApiError ? error : new ApiError('internal'), route, caller);
    }
  }

  /** Throws ApiError. */
  #callerOf(c: ApiContext): ApiCaller {
    if (c.env.caller !== undefined) return c.env.caller;
    const [apiKey, token] = [c.req.header(API_KEY_HEADER), c.req.header(TOKEN_HEADER)];
    if (apiKey === undefined || token === undefined) {
      throw new ApiError('token', `the headers ${API_KEY_HEADER} and ${TOKEN_HEADER} are wanted`);
    }
    const owner = this.#accounts.callerOf(apiKey, token);
    if (owner === undefined) throw new ApiError('token');
    return { kind: 'operator', ...owner };
  }

  /** Throws ApiError. */
  #permit(route: AnyRoute, caller: ApiCaller, pathVariables: Readonly<Record<string, string>>): void {
    if (caller.kind === 'sim') {
      if (route.for !== 'sim' || pathVariables['imsi'] !== caller.session.imsi) throw new ApiError('forbidden');
      return;
    }
    const { operatorId, userName } = caller;
    if (userName === undefined || route.for === 'token') return;
    const statements = this.#accounts.sam.userStatements(operatorId, userName);
    const facts = { operatorId, samUserName: userName, pathVariables };
    const { permitted, fault } = decide(statements, route.api, facts);
    if (!permitted) throw new ApiError('forbidden', fault === undefined ? route.api : `${route.api} (${fault})`, fault);
  }

  #refuse(c: ApiContext, error: ApiError, route?: AnyRoute, caller = c.env.caller): Response {
    this.#tell(c, error.status, route, caller, error.reason);
    const lang: Lang = c.req.header('x-soracom-lang') === 'ja' ? 'ja' : 'en';
    return toResponse({ status: error.status, json: error.body(lang) });
  }

  #tell(c: ApiContext, status: number, route?: AnyRoute, caller?: ApiCaller, reason?: string): void {
    this.#trace.emit({
      type: 'api',
      method: c.req.method,
      // Without the query: it may hold a secret.
      path: new URL(c.req.url).pathname,
      status,
      ...(route && { api: route.api }),
      ...(caller && { operatorId: caller.operatorId }),
      ...(caller?.kind === 'operator' && caller.userName !== undefined && { userName: caller.userName }),
      ...(caller?.kind === 'sim' && { imsi: caller.session.imsi }),
      ...(reason !== undefined && { reason }),
    });
  }
}

function toResponse({ status, json, headers = {} }: Reply): Response {
  if (json === undefined) return new Response(null, { status, headers });
  return new Response(JSON.stringify(json), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  });
}
