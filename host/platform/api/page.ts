// Pages of a list: `limit` and `last_evaluated_key`; the next page's address is in the header `link`, its key also in
// `x-soracom-next-key`.

import { z } from 'zod';
import { API_LIMITS } from '../limits.js';
import type { ApiCaller, Call, Reply } from './call.js';
import { text } from './parameters.js';
import { shown } from './shapes.js';

export interface Page<T> {
  readonly items: readonly T[];
  /** Key of the last item, when more follow. */
  readonly next?: string | undefined;
}

/** Entries of a page, unless asked for and at most. */
export interface PageSize {
  readonly page: number;
  readonly maxPage: number;
}

/** What a query has for pages. A limit beyond the list's own is that; none, and what is below 1, is the list's usual one. */
export function paging({ page, maxPage }: PageSize = API_LIMITS) {
  const limit = z
    .string()
    .regex(/^-?\d{1,16}$/, 'must be a whole number')
    .optional()
    .transform((sent) => (sent === undefined || Number(sent) < 1 ? page : Math.min(Number(sent), maxPage)));
  shown.set(limit, { type: 'integer', default: page, maximum: maxPage });
  return { limit, last_evaluated_key: text() };
}

/** A call that asks for a page. */
export type PagedCall = Call<
  ApiCaller,
  { readonly limit: number; readonly last_evaluated_key: string | undefined },
  unknown
>;

/** Cuts one page out of a list that is in the order of its keys. A key need not be there any more. */
export function pageOf<T>({ query }: PagedCall, sorted: readonly T[], keyOf: (item: T) => string): Page<T> {
  const { limit, last_evaluated_key: after } = query;
  const found = after === undefined ? 0 : sorted.findIndex((item) => keyOf(item) > after);
  const start = found === -1 ? sorted.length : found;
  const items = sorted.slice(start, start + limit);
  const last = items.at(-1);
  const more = start + items.length < sorted.length;
  return { items, ...(more && last !== undefined && { next: keyOf(last) }) };
}

export function pageReply<T>({ request }: PagedCall, { items, next }: Page<T>, view: (item: T) => unknown): Reply {
  const json = items.map(view);
  if (next === undefined) return { status: 200, json };
  const { pathname, searchParams } = new URL(request.url);
  searchParams.set('last_evaluated_key', next);
  const link = `<${pathname}?${searchParams.toString()}>; rel=next`;
  return { status: 200, json, headers: { link, 'x-soracom-next-key': encodeURIComponent(next) } };
}
