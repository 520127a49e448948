// A route of the management API: one declaration that holds where it is, what it is called in permissions, what it takes,
// what it answers, and what it does. index.ts puts the routes on the router, says who is calling, reads what a route takes
// and turns errors into answers; document.ts shows the same declarations as an OpenAPI document.

import type { z } from 'zod';
import type { ApiCaller, Call, OperatorCaller, Reply } from './call.js';

/** The parameters of a query, by name: each takes the text that was sent. */
export type QueryShape = Readonly<Record<string, z.ZodType>>;

/** What a route answers with a status: the shape of its JSON, bytes that are not JSON, or no body at all. */
export type AnswerShape = z.ZodType | 'bytes' | 'nothing';

interface Declared {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/v1`, with `:name` for a parameter. */
  readonly path: string;
  /** The same in an OpenAPI document, where the path's own pattern says less or more than a template can. */
  readonly shownPath?: string;
  /** As SAM permissions name it, `Subscriber:getSubscriber`. */
  readonly api: string;
  /** What permissions called it before: they mean the same. */
  readonly formerApi?: string;
  readonly summary: string;
  /** The path's parameters in the form that permissions and the handler see. */
  readonly normalise?: (params: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /**
   * `sim`: also a SIM through Metadata, about itself; the path then has `:imsi`. `token`: any caller with a token, whatever
   * a SAM user's permissions are. `anybody`: without a token.
   */
  readonly for: 'operator' | 'sim' | 'token' | 'anybody';
  /** Parameters of the query that the public API has and this one does not do yet: refused by their names. */
  readonly notYet?: readonly string[];
  /** Media types of bodies that are not JSON, `*` for any: the handler reads them. */
  readonly otherBodies?: readonly string[];
  /** The body comes to the handler as time passes, up to so many bytes: of requests whose target begins so, below `/v1`. */
  readonly upload?: { readonly below: string; readonly bytes: number };
  /** By status; errors, `{code, message}`, are the same for all routes. */
  readonly answers: Readonly<Record<number, AnswerShape>>;
}

type Handle<C> = (call: C) => Promise<Reply | Response> | Reply | Response;

/** As the router sees it. */
export interface Route extends Declared {
  readonly query?: QueryShape;
  /** The JSON body. Without one whatever comes is passed over. */
  readonly body?: z.ZodType;
  readonly handle: Handle<never>;
}

type CallerOf<F extends Declared['for']> = F extends 'anybody'
  ? undefined
  : F extends 'sim'
    ? ApiCaller
    : OperatorCaller;
type QueryOf<Q> = Q extends QueryShape ? { readonly [N in keyof Q]: z.output<Q[N]> } : Readonly<Record<never, never>>;
type BodyOf<B> = B extends z.ZodType ? z.output<B> : undefined;

/** As it is written: the handler gets what its query and its body were read as. May answer with a Response; throws ApiError. */
export interface Declaration<
  F extends Declared['for'],
  Q extends QueryShape | undefined,
  B extends z.ZodType | undefined,
> extends Declared {
  readonly for: F;
  readonly query?: Q;
  readonly body?: B;
  readonly handle: Handle<Call<CallerOf<F>, QueryOf<Q>, BodyOf<B>>>;
}

export const route = <
  const F extends Declared['for'],
  const Q extends QueryShape | undefined = undefined,
  const B extends z.ZodType | undefined = undefined,
>(
  declaration: Declaration<F, Q, B>,
): Route => declaration as unknown as Route;
