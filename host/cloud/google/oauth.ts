// Google's token endpoint for service accounts: a signed assertion in, an access token out (RFC 7523; Google Identity,
// "Using OAuth 2.0 for server to server applications"). Checked with node:crypto.

import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import type { Random } from '../../random.js';
import { type CloudRequest, type CloudResponse, headerOf } from '../cloud-server.js';

export const TOKEN_HOST = 'oauth2.googleapis.com';
const TOKEN_URL = `https://${TOKEN_HOST}/token`;
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Longest life of an assertion, and the life of an access token. */
const HOUR_S = 3600;
const SKEW_S = 300;

export interface ServiceAccount {
  readonly clientEmail: string;
  readonly privateKeyId: string;
  /** PEM. */
  readonly publicKey: string;
}

/** A new service account: the key file that its owner downloads (JSON), and what Google keeps. */
export function newServiceAccount(
  projectId: string,
  name: string,
): { readonly keyFile: string; readonly account: ServiceAccount } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
    publicKeyEncoding: { format: 'pem', type: 'spki' },
  });
  const clientEmail = `${name}@${projectId}.iam.gserviceaccount.com`;
  const privateKeyId = Buffer.from(clientEmail).toString('hex').slice(0, 40).padEnd(40, '0');
  const keyFile = {
    ...{ type: 'service_account', project_id: projectId, private_key_id: privateKeyId, private_key: privateKey },
    ...{ client_email: clientEmail, client_id: '100000000000000000000' },
    ...{ auth_uri: 'https://accounts.google.com/o/oauth2/auth', token_uri: TOKEN_URL },
    universe_domain: 'googleapis.com',
  };
  return { keyFile: JSON.stringify(keyFile), account: { clientEmail, privateKeyId, publicKey } };
}

interface Grant {
  readonly email: string;
  readonly scopes: readonly string[];
  readonly expiresMs: number;
}

export class GoogleTokens {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #accounts: ReadonlyMap<string, { readonly keyId: string; readonly key: KeyObject }>;
  readonly #grants = new Map<string, Grant>();
  /** How many tokens were given. */
  granted = 0;

  constructor(clock: Clock, random: Random, accounts: readonly ServiceAccount[]) {
    this.#clock = clock;
    this.#random = random;
    this.#accounts = new Map(
      accounts.map(({ clientEmail, privateKeyId, publicKey }) => [
        clientEmail,
        { keyId: privateKeyId, key: createPublicKey(publicKey) },
      ]),
    );
  }

  handle(request: CloudRequest): CloudResponse {
    if (request.method !== 'POST' || request.url !== '/token') return { status: 404 };
    if (!(headerOf(request, 'content-type') ?? '').startsWith('application/x-www-form-urlencoded')) {
      return refused('invalid_request', 'Bad Request');
    }
    const form = new URLSearchParams(request.body.toString());
    if (form.get('grant_type') !== GRANT)
      return refused('unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type') ?? ''}`);
    return this.#exchange(form.get('assertion') ?? '');
  }

  /** The owner of an access token that is good for `scope`, or why there is none. */
  bearer(request: CloudRequest, scope: string): { email: string } | { status: 401 | 403; message: string } {
    const [, token] = /^Bearer (\S+)$/.exec(headerOf(request, 'authorization') ?? '') ?? [];
    const grant = token === undefined ? undefined : this.#grants.get(token);
    if (grant === undefined || grant.expiresMs <= this.#clock.unixMs()) {
      return {
        status: 401,
        message:
          'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
      };
    }
    const allowed = grant.scopes.some((own) => own === scope || own.endsWith('/auth/cloud-platform'));
    if (!allowed) return { status: 403, message: 'Request had insufficient authentication scopes.' };
    return { email: grant.email };
  }

  #exchange(assertion: string): CloudResponse {
    const [head = '', body = '', signature = '', ...more] = assertion.split('.');
    const header = parsed(head);
    const claims = parsed(body);
    if (header === undefined || claims === undefined || more.length > 0) return refused('invalid_grant', 'Bad Request');
    const account = typeof claims['iss'] === 'string' ? this.#accounts.get(claims['iss']) : undefined;
    if (account === undefined) return refused('invalid_grant', 'Invalid grant: account not found');
    const signed = Buffer.from(`${head}.${body}`);
    const good =
      header['alg'] === 'RS256' && verify('sha256', signed, account.key, Buffer.from(signature, 'base64url'));
    const ownKey = header['kid'] === undefined || header['kid'] === account.keyId;
    if (!good || !ownKey) return refused('invalid_grant', 'Invalid JWT Signature.');
    if (claims['aud'] !== TOKEN_URL) return refused('invalid_grant', 'Invalid JWT: Failed audience check.');
    const now = this.#clock.unixMs() / 1000;
    const [iat, exp] = [Number(claims['iat']), Number(claims['exp'])];
    if (!(iat <= now + SKEW_S) || !(exp > now - SKEW_S) || exp - iat > HOUR_S) {
      return refused(
        'invalid_grant',
        'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
      );
    }
    const scopes =
      typeof claims['scope'] === 'string' ? claims['scope'].split(' ').filter((scope) => scope !== '') : [];
    if (scopes.length === 0) return refused('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
    const token = `ya29.c.${Buffer.from(this.#random.bytes(48)).toString('base64url')}`;
    this.granted++;
    this.#grants.set(token, { email: String(claims['iss']), scopes, expiresMs: this.#clock.unixMs() + HOUR_S * 1000 });
    return { status: 200, body: JSON.stringify({ access_token: token, expires_in: HOUR_S - 1, token_type: 'Bearer' }) };
  }
}

const refused = (error: string, description: string): CloudResponse => ({
  status: 400,
  body: JSON.stringify({ error, error_description: description }),
});

function parsed(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
