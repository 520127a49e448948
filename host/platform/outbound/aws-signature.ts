// AWS Signature Version 4: how a request to AWS proves who sends it (AWS General Reference, "Signature Version 4 signing
// process"). The form of all services but S3: the path is encoded once more than it is sent.

import { createHash, createHmac } from 'node:crypto';
import type { Secret } from '../../secret.js';
import type { HeaderList } from '../http/text.js';

export interface AwsRequest {
  readonly method: string;
  /** Path and query as in the request line. */
  readonly target: string;
  /** All of them are signed; `Host` has to be there. */
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of temporary credentials. */
  readonly sessionToken?: Secret;
}

export interface AwsScope {
  readonly region: string;
  /** Signing name: `lambda`, `kinesis`, `firehose`, `iotdata`. */
  readonly service: string;
  readonly unixMs: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The request's headers, and what makes it a signed one. */
export function awsSigned(request: AwsRequest, credentials: AwsCredentials, scope: AwsScope): HeaderList {
  const time = awsTime(scope.unixMs);
  const token = credentials.sessionToken;
  const headers: HeaderList = [
    ...request.headers.filter(([name]) => name.toLowerCase() !== 'x-amz-date'),
    ['X-Amz-Date', time],
    ...(token ? [['X-Amz-Security-Token', text(token)] satisfies [string, string]] : []),
  ];
  const signed = canonicalHeaders(headers);
  const names = signed.map(([name]) => name).join(';');
  const canonicalRequest = [
    request.method,
    ...canonicalTarget(request.target),
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(request.body),
  ].join('\n');
  const day = time.slice(0, 8);
  const place = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const stringToSign = [ALGORITHM, time, place, sha256(canonicalRequest)].join('\n');
  const key = [day, scope.region, scope.service, 'aws4_request'].reduce<Uint8Array>(
    hmac,
    Buffer.concat([Buffer.from('AWS4'), credentials.secretAccessKey.reveal()]),
  );
  const signature = Buffer.from(hmac(key, stringToSign)).toString('hex');
  const credential = `${credentials.accessKeyId}/${place}`;
  const value = `${ALGORITHM} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return [...headers, ['Authorization', value]];
}

/** RFC 3986 2.3: everything but unreserved characters is encoded, in capitals. */
export const awsEncode = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** `20150830T123600Z` */
const awsTime = (unixMs: number): string => `${new Date(unixMs).toISOString().replace(/[-:]|\.\d+Z$/g, '')}Z`;

function canonicalTarget(target: string): [path: string, query: string] {
  const at = target.indexOf('?');
  const [path, query] = at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
  return [canonicalPath(path), canonicalQuery(query)];
}

/** Without dot segments and empty ones (RFC 3986 6.2.2.3), each segment encoded. */
function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const whole = `/${kept.map(awsEncode).join('/')}`;
  return kept.length > 0 && path.endsWith('/') ? `${whole}/` : whole;
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return [awsEncode(decoded(name)), awsEncode(decoded(value))] as const;
    })
    .sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** By code point, not by language. */
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Names in lower case and in order; values of one name joined; runs of spaces as one. */
function canonicalHeaders(headers: HeaderList): HeaderList {
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    values.set(lower, [...(values.get(lower) ?? []), value.trim().replace(/ +/g, ' ')]);
  }
  return [...values].map(([name, list]): [string, string] => [name, list.join(',')]).sort(([a], [b]) => order(a, b));
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Uint8Array, data: string): Uint8Array => createHmac('sha256', key).update(data).digest();
const text = (secret: Secret): string => Buffer.from(secret.reveal()).toString();
