// What a device asked Metadata for. The path is taken apart here, once and strictly: what is not understood in full is
// nothing, so that no spelling of a path leads out of what belongs to the caller.

import { pathAndQuery } from '../api/http.js';

export type MetadataTarget =
  | { readonly kind: 'userdata' }
  /** Dotted path of a field, percent-decoded; not empty. */
  | { readonly kind: 'selector'; readonly path: string }
  /** Parts of the path below /v1/subscribers/{own IMSI}, percent-decoded, and the query with its `?`. */
  | { readonly kind: 'api'; readonly segments: readonly string[]; readonly query: string };

/** Segments that an address cannot carry: a URL parser would take them for steps up or down. */
const STEP = /^\.{1,2}$/;

export function metadataTarget(target: string): MetadataTarget | undefined {
  // RFC 9112 3.2.2: an absolute address of a client that takes this for a proxy.
  const [, path = '', query = ''] = /^([^?#]*)(\?[^#]*)?/.exec(pathOf(target)) ?? [];
  if (path === '/v1/userdata') return { kind: 'userdata' };
  if (path === '/v1/subscriber') return { kind: 'api', segments: [], query };
  const [, rest] = /^\/v1\/subscriber(.*)$/s.exec(path) ?? [];
  if (rest === undefined) return undefined;
  const parts = rest.slice(1).split('/').map(decoded);
  if (!parts.every(isWhole)) return undefined;
  if (rest.startsWith('/')) return { kind: 'api', segments: parts, query };
  const [selector] = parts;
  return rest.startsWith('.') && selector !== undefined && parts.length === 1
    ? { kind: 'selector', path: selector }
    : undefined;
}

const pathOf = (target: string): string => (target.startsWith('/') ? target : pathAndQuery(target));

const isWhole = (part: string | undefined): part is string =>
  part !== undefined && part !== '' && !STEP.test(part) && !CONTROL.test(part);

// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\x00-\x1f\x7f]/;

/** Once, never twice. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
