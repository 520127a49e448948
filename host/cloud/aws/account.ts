// One AWS account: who may sign, and how its services refuse who may not.

import type { Clock } from '../../clock/clock.js';
import { Random } from '../../random.js';
import { Secret } from '../../secret.js';
import type { CloudRequest, CloudResponse } from '../cloud-server.js';
import { type AccessKey, checkSignature, type SignatureFault, type SignatureVerdict } from './signature-check.js';

/** Temporary credentials that ended so long ago are unknown, no longer expired. */
const FORGET_MS = 24 * 3600 * 1000;

export interface AccessKeyConfig {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Actions such as `lambda:InvokeFunction`; all unless given. */
  readonly allow?: readonly string[];
}

export interface AwsAccountConfig {
  /** 12 digits. */
  readonly accountId?: string;
  readonly region?: string;
  readonly accessKeys?: readonly AccessKeyConfig[];
  /** Users of other accounts, who can do nothing here but assume a role that trusts them. */
  readonly guests?: readonly (Omit<AccessKeyConfig, 'allow'> & { readonly accountId: string })[];
}

export class AwsAccount {
  readonly clock: Clock;
  readonly random: Random;
  readonly accountId: string;
  readonly region: string;
  readonly #keys: Map<string, AccessKey>;

  constructor(clock: Clock, config: AwsAccountConfig, random = new Random('aws')) {
    const { accountId = '123456789012', region = 'ap-northeast-1', accessKeys = [], guests = [] } = config;
    this.clock = clock;
    this.random = random;
    this.accountId = accountId;
    this.region = region;
    const users = accessKeys.map(({ allow = ['*'], ...key }) => ({ ...key, allow, account: accountId }));
    const others = guests.map(({ accountId: account, ...key }) => ({ ...key, allow: [], account }));
    this.#keys = new Map(
      [...users, ...others].map(({ accessKeyId, secretAccessKey, allow, account }) => {
        const principal = `arn:aws:iam::${account}:user/${accessKeyId.slice(-4)}`;
        return [accessKeyId, { secretAccessKey: new Secret(Buffer.from(secretAccessKey)), principal, allow }];
      }),
    );
  }

  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.region}:${this.accountId}:${resource}`;
  }

  /** Takes temporary credentials for good until they end; those that have ended long since are forgotten. */
  grant(accessKeyId: string, key: AccessKey): void {
    const now = this.clock.unixMs();
    for (const [id, { expiresMs = Infinity }] of this.#keys) {
      if (expiresMs + FORGET_MS < now) this.#keys.delete(id);
    }
    this.#keys.set(accessKeyId, key);
  }

  /** Who has signed a request to one of this account's services. */
  verdict(request: CloudRequest, service: string): SignatureVerdict {
    return checkSignature(request, {
      ...{ keys: this.#keys, region: this.region, service, unixMs: this.clock.unixMs() },
    });
  }

  /** Undefined when the request may do this; otherwise why not. */
  refusal(request: CloudRequest, service: string, action: string, resource: string): AwsError | undefined {
    const verdict = this.verdict(request, service);
    if (!verdict.ok) return { code: verdict.fault, message: verdict.message };
    const { allow, principal } = verdict.key;
    if (allow.includes('*') || allow.includes(action)) return undefined;
    const message = `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;
    return { code: 'AccessDeniedException', message };
  }
}

export interface AwsError {
  readonly code: SignatureFault | string;
  readonly message: string;
}

/** The number by which AWS finds a request again. */
export function requestId({ random }: AwsAccount): string {
  const hex = Buffer.from(random.bytes(16)).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Errors of services that speak REST with JSON (Lambda, IoT data). */
export const restError = (account: AwsAccount, status: number, { code, message }: AwsError): CloudResponse => ({
  status,
  headers: [
    ['x-amzn-RequestId', requestId(account)],
    ['x-amzn-ErrorType', code],
  ],
  body: JSON.stringify({ message }),
});

/** Errors of services that speak JSON 1.1 (Kinesis, Firehose). */
export const jsonError = (account: AwsAccount, status: number, { code, message }: AwsError): CloudResponse => ({
  status,
  headers: [
    ['Content-Type', 'application/x-amz-json-1.1'],
    ['x-amzn-RequestId', requestId(account)],
  ],
  body: JSON.stringify({ __type: code, message }),
});
