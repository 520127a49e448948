// One call of the management API, as its handlers see it: who calls, and what the route's declaration has made of it.

import type { Session } from '../../cellular/network.js';
import type { Subscriber } from '../directory/index.js';

/** Who calls: an operator (its root, or one of its SAM users) by token, or a SIM through Metadata by its session. */
export interface OperatorCaller {
  readonly kind: 'operator';
  readonly operatorId: string;
  readonly userName: string | undefined;
}
export type ApiCaller =
  | OperatorCaller
  | { readonly kind: 'sim'; readonly operatorId: string; readonly subscriber: Subscriber; readonly session: Session };

/** What a handler answers. `json` undefined: no body. */
export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (json: unknown): Reply => ({ status: 200, json });
export const noContent: Reply = { status: 204 };

/** Lets the world's time go on until `work` is settled: it stands still while a call is served. */
export type Wait = <T>(work: Promise<T>) => Promise<T>;

/** `C`: the caller, where one is known. `Q`, `B`: what the query and the body were read as. */
export class Call<C extends ApiCaller | undefined = ApiCaller, Q = unknown, B = unknown> {
  constructor(
    readonly caller: C,
    readonly request: Request,
    readonly params: Readonly<Record<string, string>>,
    readonly query: Q,
    readonly input: B,
    /** For what comes from the world: a device's answer. */
    readonly wait: Wait = (work) => work,
    /** The address that calls, for limits; empty when it is not known. */
    readonly from = '',
  ) {}

  /** A part of the path, percent-decoded. */
  param(name: string): string {
    return this.params[name] ?? '';
  }
}
