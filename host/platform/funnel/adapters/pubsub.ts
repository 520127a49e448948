// Google Cloud Pub/Sub: an access token for a service account's signed assertion (RFC 7523), then `topics.publish`.

import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../../clock/clock.js';
import type { Answer } from '../../http/front.js';
import { refusedBy } from '../../cloud-delivery/cloud-message.js';
import { credentialsFor, misconfigured, secretText } from '../../cloud-delivery/credentials.js';
import { Refusal } from '../../refusal.js';
import { pubSubTopic } from '../destinations.js';
import type { Adapter, Delivery } from './adapter.js';

const API = 'https://pubsub.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/pubsub';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Life of an assertion, and how long before its end a token is renewed. */
const ASSERTION_S = 3600;
const EARLY_MS = 60_000;

const keyFile = z.object({
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().min(1),
  token_uri: z.url({ protocol: /^https?$/ }).default('https://oauth2.googleapis.com/token'),
});

interface AccessToken {
  readonly token: string;
  readonly untilMs: number;
}

export class PubSubAdapter implements Adapter {
  readonly #clock: Clock;
  /** By a digest of the key file: another key, another token. */
  readonly #tokens = new Map<string, AccessToken>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async request(delivery: Delivery): Promise<ReturnType<typeof publish>> {
    const { token } = await this.#token(delivery);
    return publish(delivery, token);
  }

  /** A token that Pub/Sub no longer takes is not used again. */
  answered(delivery: Delivery, { status }: Answer): void {
    if (status === 401) this.#tokens.delete(digest(keyText(delivery)));
  }

  async #token(delivery: Delivery): Promise<AccessToken> {
    const text = keyText(delivery);
    const id = digest(text);
    const known = this.#tokens.get(id);
    if (known !== undefined && delivery.unixMs < known.untilMs) return known;
    const made = await this.#grant(delivery, text);
    this.#tokens.set(id, made);
    return made;
  }

  async #grant({ unixMs, send }: Delivery, text: string): Promise<AccessToken> {
    const { account, key } = readKeyFile(text);
    const iat = Math.floor(unixMs / 1000);
    const claims = { iss: account.client_email, scope: SCOPE, aud: account.token_uri, iat, exp: iat + ASSERTION_S };
    const release = this.#clock.hold();
    const assertion = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: account.private_key_id })
      .sign(key)
      .finally(release);
    const answer = await send({
      url: new URL(account.token_uri),
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
      body: Buffer.from(new URLSearchParams({ grant_type: GRANT, assertion }).toString()),
      shown: '[redacted]',
    });
    if (answer.status !== 200) throw refusedBy(answer);
    const granted = tokenAnswer.safeParse(json(answer.body));
    if (!granted.success) throw new Refusal(502, 'the destination gave no access token');
    const { access_token: token, expires_in: seconds } = granted.data;
    return { token, untilMs: unixMs + seconds * 1000 - EARLY_MS };
  }
}

const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

function publish({ resourceUrl, endpoint, data }: Delivery, token: string) {
  const topic = pubSubTopic(resourceUrl) ?? '';
  const url = new URL(endpoint ?? API);
  return {
    url,
    target: `${url.pathname.replace(/\/$/, '')}/v1/${topic}:publish`,
    headers: [
      ['Authorization', `Bearer ${token}`],
      ['Content-Type', 'application/json'],
    ] satisfies [string, string][],
    body: Buffer.from(JSON.stringify({ messages: [{ data: data.toString('base64') }] })),
  };
}

const keyText = ({ directory, message: { caller }, credentialsId }: Delivery): string =>
  secretText(credentialsFor(directory, caller, credentialsId, 'google-service-account-json').credentials);

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Throws Refusal for what is no key file of a service account. Its words hold nothing of the file. */
function readKeyFile(text: string): { account: z.output<typeof keyFile>; key: KeyObject } {
  const account = keyFile.safeParse(json(Buffer.from(text)));
  if (!account.success) throw misconfigured('the credentials are no key file of a service account');
  try {
    return { account: account.data, key: createPrivateKey(account.data.private_key) };
  } catch {
    throw misconfigured('the private key of the service account cannot be read');
  }
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as unknown;
  } catch {
    return undefined;
  }
}
