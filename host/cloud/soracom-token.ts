// A function's own look at `x-soracom-token`, written from the documentation with node:crypto: it shares nothing with the
// platform's signer. The key comes from where the platform publishes it.

import { createPublicKey, verify } from 'node:crypto';

/** Fetches a published key (PEM) by its name; rejects or resolves to undefined when there is none. */
export type KeySource = (kid: string) => Promise<string | undefined>;

export interface SoracomContext {
  readonly operatorId: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly sourceProtocol: string;
  readonly srn: string;
  readonly imsi: string;
  readonly simId?: string;
  readonly imei?: string;
}

export type TokenVerdict =
  { readonly ok: true; readonly context: SoracomContext } | { readonly ok: false; readonly reason: string };

/** The token has no end of its own: one whose `iat` is farther from the clock than this is refused. */
const MAX_AGE_S = 5 * 60;
const KID = /^v1-[0-9a-f]{32}-x509\.pem$/;

/** Keys are asked for once each. */
export class TokenVerifier {
  readonly #source: KeySource;
  readonly #keys = new Map<string, string>();

  constructor(source: KeySource) {
    this.#source = source;
  }

  async verify(token: string | undefined, unixMs: number): Promise<TokenVerdict> {
    const [head = '', body = '', signature = '', ...more] = token?.split('.') ?? [];
    if (signature === '' || more.length > 0) return refuse('no token');
    const { kid, alg } = json(head) ?? {};
    if (alg !== 'RS256') return refuse('the algorithm is not RS256');
    if (typeof kid !== 'string' || !KID.test(kid)) return refuse('the key has no allowed name');
    const pem = await this.#key(kid);
    if (pem === undefined) return refuse('the key is not published');
    const signed = Buffer.from(`${head}.${body}`);
    if (!verify('sha256', signed, createPublicKey(pem), Buffer.from(signature, 'base64url'))) {
      return refuse('wrong signature');
    }
    const { iss, typ, sub, aud, iat, ctx } = json(body) ?? {};
    if (iss !== 'https://soracom.io' || typ !== 'soracom/token/v1' || sub !== 'funk.soracom.io') {
      return refuse('not a token of Funk');
    }
    if (typeof iat !== 'number' || Math.abs(unixMs / 1000 - iat) > MAX_AGE_S)
      return refuse('too old, or of the future');
    const context = ctx as SoracomContext | undefined;
    if (context === undefined || context.srn !== aud) return refuse('made for somebody else');
    return { ok: true, context };
  }

  async #key(kid: string): Promise<string | undefined> {
    const known = this.#keys.get(kid);
    if (known !== undefined) return known;
    const fetched = await this.#source(kid).catch(() => undefined);
    if (fetched !== undefined) this.#keys.set(kid, fetched);
    return fetched;
  }
}

const refuse = (reason: string): TokenVerdict => ({ ok: false, reason });

function json(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
