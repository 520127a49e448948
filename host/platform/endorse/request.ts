// What a device asks Endorse for: the parameters to sign, and where to be sent with the token.

import { isUtf8 } from 'node:buffer';
import { EndorseStatus } from '../choices.js';
import type { RequestHead } from '../http/front.js';
import type { HeaderList } from '../http/text.js';
import { EndorseRefusal } from './refusal.js';

export interface TokenRequest {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly redirectUrl: string | undefined;
}

const REDIRECT = 'redirect_url';

/** Throws EndorseRefusal. */
export function tokenRequest(
  { method, target, headers }: Pick<RequestHead, 'method' | 'target' | 'headers'>,
  body: Uint8Array,
): TokenRequest {
  const base = 'http://endorse.soracom.io';
  const url = URL.canParse(target, base) ? new URL(target, base) : undefined;
  if (url?.pathname !== '/') {
    throw new EndorseRefusal(EndorseStatus.NotFound, 'END0004', 'tokens are at /');
  }
  if (method !== 'GET' && method !== 'POST') {
    throw new EndorseRefusal(EndorseStatus.MethodNotAllowed, 'END0005', `${method} is not served here`);
  }
  // A login page posts its form to an address that says where the browser is to go (Endorse, "URL redirection").
  const redirects = url.searchParams.getAll(REDIRECT);
  if (redirects.length > 1) throw invalid(`${REDIRECT} is there more than once`);
  const pairs = method === 'GET' ? [...url.searchParams] : fromBody(headers, body);
  const parameters = Object.fromEntries(pairs.filter(([name]) => name !== REDIRECT));
  return { parameters, redirectUrl: redirects[0] };
}

const FORM = /^application\/x-www-form-urlencoded *(;|$)/i;

/**
 * A JSON object, or an HTML form. The documentation's own example posts JSON with curl, which calls it a form: so the bytes
 * are asked first.
 */
function fromBody(headers: HeaderList, body: Uint8Array): (readonly [name: string, value: unknown])[] {
  if (body.length === 0) return [];
  if (!isUtf8(body)) throw invalid('the body is not UTF-8');
  const text = Buffer.from(body).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
    if (!FORM.test(type.trim())) throw invalid('the body is neither JSON nor a form');
    return [...new URLSearchParams(text)];
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('must be a JSON object');
  return Object.entries(value);
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
