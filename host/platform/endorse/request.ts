// What a device asks Endorse for: the parameters to sign, and where to be sent with the token.

import { EndorseStatus } from '../choices.js';
import type { RequestHead } from '../http/front.js';
import { EndorseRefusal } from './refusal.js';

export interface TokenRequest {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly redirectUrl: string | undefined;
}

const REDIRECT = 'redirect_url';

/** Throws EndorseRefusal. */
export function tokenRequest(
  { method, target }: Pick<RequestHead, 'method' | 'target'>,
  body: Uint8Array,
): TokenRequest {
  const base = 'http://endorse.soracom.io';
  const url = URL.canParse(target, base) ? new URL(target, base) : undefined;
  if (url?.pathname !== '/') {
    throw new EndorseRefusal(EndorseStatus.NotFound, 'END0004', 'tokens are at /');
  }
  if (method === 'GET') return fromQuery(url.searchParams);
  if (method === 'POST') return { parameters: fromBody(body), redirectUrl: undefined };
  throw new EndorseRefusal(EndorseStatus.MethodNotAllowed, 'END0005', `${method} is not served here`);
}

function fromQuery(query: URLSearchParams): TokenRequest {
  const redirects = query.getAll(REDIRECT);
  if (redirects.length > 1) throw invalid(`${REDIRECT} is there more than once`);
  const pairs = [...query].filter(([name]) => name !== REDIRECT);
  return { parameters: Object.fromEntries(pairs), redirectUrl: redirects[0] };
}

function fromBody(body: Uint8Array): Record<string, unknown> {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw invalid('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('a JSON object is wanted');
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== REDIRECT));
}

/**
 * Where a device is sent: the URL it asked for with the token in its query. Throws EndorseRefusal unless the operator
 * authorised a URL of the same origin and path.
 */
export function redirectTarget(asked: string, authorized: readonly string[], token: string): string {
  const url = URL.canParse(asked) ? new URL(asked) : undefined;
  const same = (other: URL): boolean => other.origin === url?.origin && other.pathname === url.pathname;
  if (url === undefined || url.username + url.password !== '' || !authorized.some((text) => same(new URL(text)))) {
    throw new EndorseRefusal(EndorseStatus.RedirectRefused, 'END0003', `${REDIRECT} is not authorized for the group`);
  }
  url.searchParams.set('soracom_endorse_token', token);
  return url.href;
}

const invalid = (message: string): EndorseRefusal => new EndorseRefusal(EndorseStatus.BadRequest, 'END0002', message);
