// A route of the management API: where it is, what it is called in permissions, and what it does. index.ts puts the
// routes on the router, says who is calling and turns errors into answers.

import type { Call, Reply } from './call.js';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/v1`, with `:name` for a parameter. */
  readonly path: string;
  /** As SAM permissions name it, `Subscriber:getSubscriber`. */
  readonly api: string;
  /**
   * `sim`: also a SIM through Metadata, about itself; the path then has `:imsi`. `token`: whoever holds a token, whatever
   * a SAM user's permissions are.
   */
  readonly for: 'operator' | 'sim' | 'token';
  /** May answer with a Response of its own, for what is not JSON. Throws ApiError. */
  readonly handle: (call: Call) => Promise<Reply | Response> | Reply | Response;
}

/** A route that needs no token. */
export interface OpenRoute extends Omit<Route, 'for' | 'handle'> {
  readonly for: 'anybody';
  readonly handle: (call: Call<undefined>) => Promise<Reply> | Reply;
}

export type AnyRoute = Route | OpenRoute;
