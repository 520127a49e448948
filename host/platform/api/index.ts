// The management API, by which operators set up what their devices may do: subscribers, groups, credentials, users and
// roles, and read what devices sent. One route per line in the files beside this one; here: the router, who is calling,
// errors as answers, and the events of use. Devices reach their own part of it through ../metadata.

import { type Context, Hono } from 'hono';
import { channel } from 'node:diagnostics_channel';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import type { Session } from '../../cellular/network.js';
import type { Trace } from '../../trace/trace.js';
import { type Accounts, BusyError } from '../accounts/index.js';
import { storageFaultOf } from '../database.js';
import { LimitError } from '../limit-error.js';
import type { ServiceContext } from '../context.js';
import { API_KEY_HEADER, authRoutes, TOKEN_HEADER } from './auth.js';
import { type ApiCaller, Call, ok, type OperatorCaller, type Reply, type Wait } from './call.js';
import { credentialsRoutes } from './credentials.js';
import { openApiDocument } from './document.js';
import { ApiError, type Lang } from './error.js';
import { groupRoutes } from './groups.js';
import { operatorRoutes } from './operators.js';
import { outsideFront } from './outside.js';
import { isOf, readBody, readQuery } from './read.js';
import { type Route, route } from './routes.js';
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
  readonly routes?: readonly Route[];
}

/** What the channel `akari:api:answer` tells of each answer: a monitor, or a test, can look at it beside its declaration. */
export interface AnswerTold {
  /** Undefined: there was none for the request. */
  readonly route: Route | undefined;
  readonly response: Response;
  /** The body, unless it is none or not JSON. */
  readonly json: unknown;
}
const answers = channel('akari:api:answer');

interface Bindings {
  /** Known already: a SIM through Metadata. */
  readonly caller?: ApiCaller;
  readonly wait?: Wait;
  /** The address that calls. */
  readonly from?: string;
}
type ApiContext = Context<{ Bindings: Bindings }>;

/** For turns. */
const nameOf = ({ operatorId, userName = '' }: OperatorCaller): string => `${operatorId}/${userName}`;

/** The message of an unforeseen error might hold anything: the client gets none of it. */
function faultOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof LimitError) return new ApiError('limit', error.message);
  if (error instanceof BusyError) return new ApiError('busy');
  return new ApiError(storageFaultOf(error) === undefined ? 'internal' : 'storage');
}

export class OperatorApi {
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
    const declared: Route[] = [
      ...authRoutes(accounts),
      ...operatorRoutes(accounts),
      ...subscriberRoutes({ directory, sessionOf }),
      ...groupRoutes({
        ...{ directory, random: random.fork('groups') },
        onUnknown: (operatorId, keys) => trace.emit({ type: 'configuration', operatorId, unknown: keys }),
      }),
      ...credentialsRoutes(directory),
      ...routes,
    ];
    this.#front = outsideFront(context, declared, (request, { streamed, from }) =>
      streamed ? this.#respond(request, { from }) : this.#fetch(request, { from }),
    );
    this.#mount([...declared, documentRoute(declared)]);
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

  #mount(routes: readonly Route[]): void {
    for (const path of new Set(routes.map((route) => route.path))) {
      const here = routes.filter((route) => route.path === path);
      for (const route of here) {
        // The router takes HEAD for a GET whose body is left out.
        if (route.method === 'HEAD') continue;
        const head = route.method === 'GET' ? here.find(({ method }) => method === 'HEAD') : undefined;
        this.#app.on(route.method, `/v1${path}`, (c) =>
          this.#run(head !== undefined && c.req.raw.method === 'HEAD' ? head : route, c),
        );
      }
    }
    for (const path of new Set(routes.map((route) => route.path))) {
      const methods = routes.filter((route) => route.path === path).map((route) => route.method);
      this.#app.all(`/v1${path}`, (c) => this.#refuse(c, new ApiError('method', `use ${methods.join(', ')}`)));
    }
    this.#app.notFound((c) => this.#refuse(c, new ApiError('no-route')));
    this.#app.onError((error, c) => this.#refuse(c, faultOf(error)));
  }

  async #run(route: Route, c: ApiContext): Promise<Response> {
    const { raw: request } = c.req;
    const raw = c.req.param() as Record<string, string>;
    const params = route.normalise?.(raw) ?? raw;
    let caller: ApiCaller | undefined;
    try {
      if (route.for !== 'anybody') {
        caller = this.#callerOf(c);
        await this.#turnOf(route, caller, c.env.wait);
        this.#permit(route, caller, params);
      } else if (c.env.caller !== undefined) throw new ApiError('forbidden');
      // Devices may send what they like: nothing of it says what they see.
      const query = readQuery(route, new URL(request.url).searchParams, caller?.kind !== 'sim');
      const other = route.otherBodies !== undefined && isOf(route.otherBodies, request);
      const { body, unknown } = route.body === undefined || other ? NO_BODY : await readBody(route.body, request);
      const reply = await route.handle(new Call(caller, request, params, query, body, c.env.wait, c.env.from) as never);
      const response = reply instanceof Response ? reply : toResponse(reply, request.method);
      if (answers.hasSubscribers) {
        const { json } = reply instanceof Response ? { json: undefined } : reply;
        answers.publish({ route, response, json } satisfies AnswerTold);
      }
      if (request.method === 'HEAD') await response.body?.cancel();
      this.#tell(c, response.status, { route, caller, unknown });
      return response;
    } catch (error) {
      return this.#refuse(c, faultOf(error), route, caller);
    }
  }

  /** Throws ApiError. */
  #callerOf(c: ApiContext): ApiCaller {
    if (c.env.caller !== undefined) return c.env.caller;
    const [apiKey, token] = [c.req.header(API_KEY_HEADER), c.req.header(TOKEN_HEADER)];
    if (apiKey === undefined || token === undefined) {
      throw new ApiError('token', `the headers ${API_KEY_HEADER} and ${TOKEN_HEADER} must be given`);
    }
    const owner = this.#accounts.callerOf(apiKey, token);
    if (owner === undefined) throw new ApiError('token');
    return { kind: 'operator', ...owner };
  }

  /** Where this caller's decisions are costly, it waits for its turn. Rejects with BusyError. */
  async #turnOf(route: Route, caller: ApiCaller, wait: Wait = (work) => work): Promise<void> {
    if (caller.kind === 'sim' || caller.userName === undefined || route.for === 'token') return;
    const turn = this.#accounts.decisions.turn(nameOf(caller));
    if (turn !== undefined) await wait(turn);
  }

  /** Throws ApiError. */
  #permit(route: Route, caller: ApiCaller, pathVariables: Readonly<Record<string, string>>): void {
    if (caller.kind === 'sim') {
      if (route.for !== 'sim' || pathVariables['imsi'] !== caller.session.imsi) throw new ApiError('forbidden');
      return;
    }
    const { operatorId, userName } = caller;
    // An operator may name itself in the path and no other, whether that is there or not.
    if ((pathVariables['operator_id'] ?? operatorId) !== operatorId) throw new ApiError('forbidden');
    if (userName === undefined || route.for === 'token') return;
    const facts = { operatorId, samUserName: userName, pathVariables };
    const { sam, decisions } = this.#accounts;
    const { permitted, fault, steps } = sam.userMay(operatorId, userName, route, facts);
    decisions.spent(nameOf(caller), steps);
    if (!permitted) throw new ApiError('forbidden', fault === undefined ? route.api : `${route.api} (${fault})`, fault);
  }

  #refuse(c: ApiContext, error: ApiError, route?: Route, caller = c.env.caller): Response {
    this.#tell(c, error.status, { route, caller, reason: error.reason });
    const lang: Lang = c.req.header('x-soracom-lang') === 'ja' ? 'ja' : 'en';
    const json = error.body(lang);
    const response = toResponse({ status: error.status, json }, c.req.raw.method);
    if (answers.hasSubscribers) answers.publish({ route, response, json } satisfies AnswerTold);
    return response;
  }

  #tell(
    c: ApiContext,
    status: number,
    {
      route,
      caller,
      unknown = [],
      reason,
    }: {
      readonly route?: Route | undefined;
      readonly caller?: ApiCaller | undefined;
      readonly unknown?: readonly string[];
      readonly reason?: string | undefined;
    },
  ): void {
    this.#trace.emit({
      type: 'api',
      method: c.req.method,
      // Without the query: it may hold a secret.
      path: new URL(c.req.url).pathname,
      status,
      ...(route && { api: route.api }),
      ...(unknown.length > 0 && { unknown }),
      ...(caller && { operatorId: caller.operatorId }),
      ...(caller?.kind === 'operator' && caller.userName !== undefined && { userName: caller.userName }),
      ...(caller?.kind === 'sim' && { imsi: caller.session.imsi }),
      ...(reason !== undefined && { reason }),
    });
  }
}

/** What the API is, for programs. Made when it is first asked for: most worlds never are. */
function documentRoute(declared: readonly Route[]): Route {
  let document: unknown;
  return route({
    ...{ method: 'GET', path: '/openapi.json', api: 'Document:getOpenApiDocument', for: 'anybody' },
    summary: 'this API as an OpenAPI 3.1 document',
    answers: { 200: z.looseObject({ openapi: z.literal('3.1.0') }) },
    handle: () => ok((document ??= openApiDocument(declared))),
  });
}

const NO_BODY = { body: undefined, unknown: [] } as const;

function toResponse({ status, json, headers = {} }: Reply, method: string): Response {
  if (json === undefined) return new Response(null, { status, headers });
  const text = JSON.stringify(json);
  return new Response(text, {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(method === 'HEAD' && { 'content-length': String(Buffer.byteLength(text)) }),
      ...headers,
    },
  });
}
