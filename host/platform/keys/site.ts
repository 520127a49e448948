// Where the platform's public keys are published: a public folder of an object store, as it answers to GET and HEAD.

import type { RequestListener } from 'node:http';
import { KeySiteStatus } from '../choices.js';
import type { SigningKeys } from './keys.js';

/** The host that serves the keys, HTTPS port 443. */
export const KEY_HOST = 's3-ap-northeast-1.amazonaws.com';
const FOLDER = '/soracom-public-keys/';

/** Where verifiers find a key. */
export const keyUrl = (kid: string, origin = `https://${KEY_HOST}`): string => `${origin}${FOLDER}${kid}`;

/** Serves the keys on any server of node:http or node:https. */
export function keySite(keys: Pick<SigningKeys, 'published'>): RequestListener {
  return (request, response) => {
    request.resume();
    const { status, type, body } = answer(keys, request.method ?? '', request.url ?? '');
    response.sendDate = false;
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

function answer(
  keys: Pick<SigningKeys, 'published'>,
  method: string,
  url: string,
): { status: number; type: string; body: string } {
  if (method !== 'GET' && method !== 'HEAD') return refusal(KeySiteStatus.NotAllowed, 'MethodNotAllowed');
  const [path = ''] = url.split('?');
  const pem = path.startsWith(FOLDER) ? keys.published(path.slice(FOLDER.length)) : undefined;
  if (pem === undefined) return refusal(KeySiteStatus.NoKey, 'AccessDenied');
  return { status: 200, type: 'binary/octet-stream', body: pem };
}

const refusal = (status: number, code: string): { status: number; type: string; body: string } => ({
  status,
  type: 'application/xml',
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>\n`,
});
