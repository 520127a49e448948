// Routes that read their query and body by themselves.

import { z } from 'zod';
import { type ApiCaller, Call, type Reply } from './call.js';
import { API_LIMITS } from '../limits.js';
import { ApiError } from './error.js';
import { paging } from './page.js';
import { text } from './parameters.js';
import { checked, readJson } from './read.js';
import type { Route } from './routes.js';
import { tagFiltering } from './tags.js';

const query = {
  ...tagFiltering,
  ...paging({ page: API_LIMITS.maxPage, maxPage: API_LIMITS.maxPage }),
  ...{ mode: text(), model: text(), device_secret: text() },
};
type Query = { readonly [N in keyof typeof query]: z.output<(typeof query)[N]> };

export class LegacyCall extends Call<ApiCaller, Query, undefined> {
  /** One of the query's parameters. */
  one(name: string): string | undefined {
    return new URL(this.request.url).searchParams.get(name) ?? undefined;
  }

  /** One of some words from the query. Throws ApiError. */
  word<const W extends string>(name: string, words: readonly W[]): W | undefined {
    const sent = this.one(name);
    const found = words.find((word) => word === sent);
    if (sent !== undefined && found === undefined) {
      throw new ApiError('malformed', `${name}: one of ${words.join(', ')} is wanted`);
    }
    return found;
  }

  /** The JSON body. Throws ApiError: too large, not JSON, or not of this shape, each fault with its field. */
  async body<S extends z.ZodType>(schema: S): Promise<z.output<S>> {
    return checked(schema, await readJson(this.request, schema));
  }
}

export interface LegacyRoute extends Pick<Route, 'method' | 'path' | 'api'> {
  readonly for: 'operator' | 'sim' | 'token' | 'anybody';
  readonly handle: (call: LegacyCall) => Promise<Reply | Response> | Reply | Response;
}

const any = z.unknown();

export const adapted = ({ handle, ...declared }: LegacyRoute): Route => ({
  ...declared,
  summary: declared.api,
  query,
  answers: { 200: any, 201: any, 202: any, 204: 'nothing' },
  handle: (call: Call<ApiCaller, Query, undefined>) =>
    handle(new LegacyCall(call.caller, call.request, call.params, call.query, undefined, call.wait)),
});
