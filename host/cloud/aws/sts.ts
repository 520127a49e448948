// Security Token Service: AssumeRole, by which somebody of another account gets temporary credentials of a role (AWS STS API
// Reference). The role says whom it trusts and under which external ID.

import { timingSafeEqual } from 'node:crypto';
import { Secret } from '../../secret.js';
import type { CloudRequest, CloudResponse } from '../cloud-server.js';
import { type AwsAccount, requestId } from './account.js';
import type { AccessKey } from './signature-check.js';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const VERSION = '2011-06-15';
const MIN_S = 900;
const DEFAULT_S = 3600;

export interface RoleConfig {
  /** What follows `role/` in its ARN. */
  readonly name: string;
  /** 12 digits: the account whose users may assume it. */
  readonly trusts: string;
  /** `sts:ExternalId` of its trust policy; none is asked for without it. */
  readonly externalId?: string;
  /** Actions such as `lambda:InvokeFunction`; all unless given. */
  readonly allow?: readonly string[];
  /** Longest session, 3600 unless given. */
  readonly maxSeconds?: number;
}

/** Names that STS, which speaks the older Query protocol, has for faults of signatures. */
const FAULTS: Readonly<Record<string, string>> = {
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  IncompleteSignatureException: 'IncompleteSignature',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  UnrecognizedClientException: 'InvalidClientTokenId',
  ExpiredTokenException: 'ExpiredToken',
};

export class StsService {
  readonly #account: AwsAccount;
  readonly #roles: ReadonlyMap<string, RoleConfig>;

  constructor(account: AwsAccount, roles: readonly RoleConfig[]) {
    this.#account = account;
    this.#roles = new Map(roles.map((role) => [`arn:aws:iam::${account.accountId}:role/${role.name}`, role]));
  }

  handle(request: CloudRequest): CloudResponse {
    const verdict = this.#account.verdict(request, 'sts');
    if (!verdict.ok) return this.#error(403, FAULTS[verdict.fault] ?? verdict.fault, verdict.message);
    const form = new URLSearchParams(request.body.toString());
    const action = form.get('Action') ?? '';
    if (form.get('Version') !== VERSION || action !== 'AssumeRole') {
      return this.#error(400, 'InvalidAction', `Could not find operation ${action} for version ${VERSION}`);
    }
    return this.#assumeRole(form, verdict.key);
  }

  #assumeRole(form: URLSearchParams, { principal }: AccessKey): CloudResponse {
    const arn = form.get('RoleArn') ?? '';
    const session = form.get('RoleSessionName') ?? '';
    const externalId = form.get('ExternalId') ?? undefined;
    const seconds = Number(form.get('DurationSeconds') ?? DEFAULT_S);
    const role = this.#roles.get(arn);
    const fault =
      wrong('roleSessionName', session, /^[\w+=,.@-]{2,64}$/) ??
      (externalId === undefined ? undefined : wrong('externalId', externalId, /^[\w+=,.@:/-]{2,1224}$/)) ??
      (Number.isInteger(seconds) && seconds >= MIN_S ? undefined : 'durationSeconds is less than 900');
    if (fault !== undefined) return this.#error(400, 'ValidationError', `1 validation error detected: ${fault}`);
    // A role that is not there and one that does not trust the caller are told from each other by nobody.
    if (role === undefined || principal.split(':')[4] !== role.trusts || !same(role.externalId, externalId)) {
      const message = `User: ${principal} is not authorized to perform: sts:AssumeRole on resource: ${arn}`;
      return this.#error(403, 'AccessDenied', message);
    }
    if (seconds > (role.maxSeconds ?? DEFAULT_S)) {
      const message = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
      return this.#error(400, 'ValidationError', message);
    }
    return this.#credentials(role, session, seconds);
  }

  #credentials({ name, allow = ['*'] }: RoleConfig, session: string, seconds: number): CloudResponse {
    const { random, clock, accountId } = this.#account;
    const id = (prefix: string): string => prefix + Buffer.from(random.bytes(8)).toString('hex').toUpperCase();
    const accessKeyId = id('ASIA');
    const secret = Buffer.from(random.bytes(30)).toString('base64');
    const token = Buffer.from(random.bytes(96)).toString('base64');
    const expiresMs = (Math.floor(clock.unixMs() / 1000) + seconds) * 1000;
    const principal = `arn:aws:sts::${accountId}:assumed-role/${name}/${session}`;
    this.#account.grant(accessKeyId, {
      ...{ principal, allow, expiresMs },
      secretAccessKey: new Secret(Buffer.from(secret)),
      sessionToken: new Secret(Buffer.from(token)),
    });
    const expiration = new Date(expiresMs).toISOString().replace('.000Z', 'Z');
    return this.#xml(
      200,
      `<AssumeRoleResponse xmlns="${NAMESPACE}"><AssumeRoleResult><AssumedRoleUser>` +
        `<AssumedRoleId>${id('AROA')}:${session}</AssumedRoleId><Arn>${principal}</Arn></AssumedRoleUser><Credentials>` +
        `<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey>` +
        `<SessionToken>${token}</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult>` +
        `<ResponseMetadata><RequestId>${requestId(this.#account)}</RequestId></ResponseMetadata></AssumeRoleResponse>`,
    );
  }

  #error(status: number, code: string, message: string): CloudResponse {
    return this.#xml(
      status,
      `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code>` +
        `<Message>${escaped(message)}</Message></Error><RequestId>${requestId(this.#account)}</RequestId></ErrorResponse>`,
    );
  }

  #xml(status: number, body: string): CloudResponse {
    return { status, headers: [['Content-Type', 'text/xml']], body };
  }
}

const wrong = (field: string, value: string, pattern: RegExp): string | undefined =>
  pattern.test(value) ? undefined : `Value '${value}' at '${field}' failed to satisfy constraint: ${pattern.source}`;

function same(wanted: string | undefined, given: string | undefined): boolean {
  if (wanted === undefined) return true;
  const [a, b] = [Buffer.from(wanted), Buffer.from(given ?? '')];
  return a.length === b.length && timingSafeEqual(a, b);
}

const escaped = (text: string): string => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
