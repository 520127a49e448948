// A customer's check of Beam's signature, written from the documentation alone: it shares nothing with the signer.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock/clock.js';
import type { Secret } from '../secret.js';

/** Largest difference between the signature's timestamp and the customer's own clock. */
const MAX_SKEW_MS = 5 * 60 * 1000;

export interface BeamIdentity {
  readonly imei?: string;
  readonly imsi?: string;
  readonly msisdn?: string;
  readonly simId?: string;
}

export type Verdict =
  | { readonly ok: true; readonly identity: BeamIdentity; readonly timestampMs: number }
  | { readonly ok: false; readonly reason: string };

const PREFIX = 'x-soracom-';

export class BeamVerifier {
  readonly #psk: Secret;
  readonly #clock: Clock;
  readonly #maxSkewMs: number;
  /** Signatures accepted, with their timestamps: kept as long as they could be accepted again. */
  readonly #seen = new Map<string, number>();

  constructor(psk: Secret, clock: Clock, maxSkewMs = MAX_SKEW_MS) {
    this.#psk = psk;
    this.#clock = clock;
    this.#maxSkewMs = maxSkewMs;
  }

  /** `headers`: as they came, names in any case. A signature is accepted once. */
  verify(headers: readonly (readonly [name: string, value: string])[]): Verdict {
    const claims = new Map<string, string>();
    for (const [name, value] of headers) {
      const lower = name.toLowerCase();
      if (!lower.startsWith(PREFIX)) continue;
      if (claims.has(lower)) return refuse(`${lower} is there twice`);
      claims.set(lower, value);
    }
    const version = take(claims, `${PREFIX}signature-version`);
    const signature = take(claims, `${PREFIX}signature`);
    if (signature === undefined) return refuse('not signed');
    if (version !== '20151001') return refuse('unknown signature version');
    if (!/^[0-9a-f]{64}$/i.test(signature)) return refuse('the signature is not 64 hexadecimal digits');

    const timestamp = claims.get(`${PREFIX}timestamp`) ?? '';
    if (!/^\d{1,15}$/.test(timestamp)) return refuse('no timestamp in milliseconds');
    if (claims.size < 2) return refuse('no identity is signed');

    // What is signed: the key, then every other x-soracom-* header by its name's alphabetical order.
    const text = [...claims.keys()].sort().map((name) => `${name}=${claims.get(name) ?? ''}`);
    const wanted = createHash('sha256')
      .update(Buffer.concat([this.#psk.reveal(), Buffer.from(text.join(''))]))
      .digest();
    if (!timingSafeEqual(wanted, Buffer.from(signature, 'hex'))) return refuse('wrong signature');

    const now = this.#clock.unixMs();
    const timestampMs = Number(timestamp);
    if (Math.abs(now - timestampMs) > this.#maxSkewMs) return refuse('the timestamp is too far from the clock');
    if (!this.#first(signature.toLowerCase(), timestampMs, now)) return refuse('replayed signature');
    return { ok: true, identity: identityOf(claims), timestampMs };
  }

  #first(signature: string, timestampMs: number, now: number): boolean {
    for (const [old, at] of this.#seen) {
      if (now - at <= this.#maxSkewMs) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(signature)) return false;
    this.#seen.set(signature, timestampMs);
    return true;
  }
}

const refuse = (reason: string): Verdict => ({ ok: false, reason });

function take(claims: Map<string, string>, name: string): string | undefined {
  const value = claims.get(name);
  claims.delete(name);
  return value;
}

function identityOf(claims: ReadonlyMap<string, string>): BeamIdentity {
  const fields = { imei: 'imei', imsi: 'imsi', msisdn: 'msisdn', simId: 'sim-id' };
  const found = Object.entries(fields).map(([field, name]) => [field, claims.get(PREFIX + name)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}
