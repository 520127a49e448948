// Pages of a list: `limit` and `last_evaluated_key`; the next page's address is in the header `link`, its key also in
// `x-soracom-next-key`.

import { API_LIMITS } from '../choices.js';
import type { Call, Reply } from './call.js';

export interface Page<T> {
  readonly items: readonly T[];
  /** Key of the last item, when more follow. */
  readonly next?: string | undefined;
}

export const pageSize = (call: Call): number => call.number('limit', 1, API_LIMITS.maxPage) ?? API_LIMITS.page;

/** Cuts one page out of a list that is in the order of its keys. A key need not be there any more. */
export function pageOf<T>(call: Call, sorted: readonly T[], keyOf: (item: T) => string): Page<T> {
  const size = pageSize(call);
  const after = call.one('last_evaluated_key');
  const found = after === undefined ? 0 : sorted.findIndex((item) => keyOf(item) > after);
  const start = found === -1 ? sorted.length : found;
  const items = sorted.slice(start, start + size);
  const last = items.at(-1);
  const more = start + items.length < sorted.length;
  return { items, ...(more && last !== undefined && { next: keyOf(last) }) };
}

export function pageReply<T>(call: Call, { items, next }: Page<T>, view: (item: T) => unknown): Reply {
  const json = items.map(view);
  if (next === undefined) return { status: 200, json };
  const query = new URLSearchParams(call.query);
  query.set('last_evaluated_key', next);
  const link = `<${new URL(call.request.url).pathname}?${query.toString()}>; rel=next`;
  return { status: 200, json, headers: { link, 'x-soracom-next-key': encodeURIComponent(next) } };
}
