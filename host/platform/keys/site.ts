// Where the platform's public keys are published: a public folder of an object store, as it answers to GET and HEAD.

import type { RequestListener } from 'node:http';
import { KeySiteStatus } from '../choices.js';
import type { SigningKeys } from './keys.js';

/** The host that serves the keys, HTTPS port 443. */
export const KEY_HOST = 's3-ap-northeast-1.amazonaws.com';
const FOLDER = '/soracom-public-keys/';

/** Where verifiers find a key. */
export const keyUrl = (kid: string, origin = `https://${KEY_HOST}`): string => `${origin}${FOLDER}${kid}`;

export interface KeyAnswer {
  readonly status: number;
  readonly headers: [name: string, value: string][];
  readonly body: string;
}

/** `url`: path and query. */
export function publishedKey(keys: Pick<SigningKeys, 'published'>, method: string, url: string): KeyAnswer {
  if (method !== 'GET' && method !== 'HEAD') return refusal(KeySiteStatus.NotAllowed, 'MethodNotAllowed');
  const [path = ''] = url.split('?');
  const pem = path.startsWith(FOLDER) ? keys.published(path.slice(FOLDER.length)) : undefined;
  if (pem === undefined) return refusal(KeySiteStatus.NoKey, 'AccessDenied');
  return { status: 200, headers: [['Content-Type', 'binary/octet-stream']], body: pem };
}

/** The same for any server of node:http or node:https. */
export function keySite(keys: Pick<SigningKeys, 'published'>): RequestListener {
  return (request, response) => {
    request.resume();
    const { method = '', url = '' } = request;
    const { status, headers, body } = publishedKey(keys, method, url);
    response.writeHead(status, [...headers, ['Content-Length', String(Buffer.byteLength(body))]].flat());
    response.end(method === 'HEAD' ? undefined : body);
  };
}

const refusal = (status: number, code: string): KeyAnswer => ({
  status,
  headers: [['Content-Type', 'application/xml']],
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>\n`,
});
