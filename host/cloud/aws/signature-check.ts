// AWS's own look at a signed request (Signature Version 4), written from the documentation alone: it shares nothing with
// the platform's signer.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../secret.js';
import type { CloudRequest } from '../cloud-server.js';

/** Largest difference between a signature's date and AWS's clock. */
const MAX_SKEW_MS = 5 * 60 * 1000;

export interface AccessKey {
  readonly secretAccessKey: Secret;
  /** Of temporary credentials: has to come along. */
  readonly sessionToken?: Secret;
  /** UNIX milliseconds at which temporary credentials end. */
  readonly expiresMs?: number;
  /** Name of the user or role, for messages. */
  readonly principal: string;
  /** Actions such as `lambda:InvokeFunction`; `*` for all. */
  readonly allow: readonly string[];
}

export interface CheckOptions {
  readonly keys: ReadonlyMap<string, AccessKey>;
  readonly region: string;
  readonly service: string;
  readonly unixMs: number;
}

/** Reasons by the names that most of AWS's services share. */
export type SignatureFault =
  | 'MissingAuthenticationTokenException'
  | 'IncompleteSignatureException'
  | 'InvalidSignatureException'
  | 'UnrecognizedClientException'
  | 'ExpiredTokenException';

export type SignatureVerdict =
  | { readonly ok: true; readonly key: AccessKey }
  | { readonly ok: false; readonly fault: SignatureFault; readonly message: string };

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
  'signing method. Consult the service documentation for details.';

export function checkSignature(request: CloudRequest, options: CheckOptions): SignatureVerdict {
  const single = (name: string): string | undefined => {
    const found = request.headers.filter(([other]) => other.toLowerCase() === name);
    return found.length === 1 ? found[0]?.[1] : undefined;
  };
  const authorization = single('authorization');
  if (authorization === undefined) {
    return refuse('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const parts = /^AWS4-HMAC-SHA256 (.*)$/.exec(authorization)?.[1];
  if (parts === undefined) return refuse('IncompleteSignatureException', 'Authorization header requires a scheme.');
  const fields = new Map(
    parts.split(/, */).map((part) => [part.split('=', 1)[0] ?? '', part.slice(part.indexOf('=') + 1)] as const),
  );
  for (const name of ['Credential', 'Signature', 'SignedHeaders']) {
    if (!fields.has(name)) {
      return refuse('IncompleteSignatureException', `Authorization header requires '${name}' parameter.`);
    }
  }
  const date = single('x-amz-date') ?? '';
  if (!/^\d{8}T\d{6}Z$/.test(date)) {
    return refuse(
      'IncompleteSignatureException',
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  }

  const [accessKeyId = '', day, region, service, end, ...more] = (fields.get('Credential') ?? '').split('/');
  if (end !== 'aws4_request' || more.length > 0) {
    return refuse('IncompleteSignatureException', 'Credential must have exactly 5 slash-delimited elements.');
  }
  const key = options.keys.get(accessKeyId);
  if (key === undefined) return unrecognized();
  if (key.sessionToken !== undefined && single('x-amz-security-token') !== utf8(key.sessionToken))
    return unrecognized();
  if (key.sessionToken === undefined && single('x-amz-security-token') !== undefined) return unrecognized();
  if (day !== date.slice(0, 8)) {
    return refuse(
      'InvalidSignatureException',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${date.slice(0, 8)}', from '${date}'.`,
    );
  }
  if (region !== options.region) {
    return refuse('InvalidSignatureException', `Credential should be scoped to a valid region, not '${region}'.`);
  }
  if (service !== options.service) {
    return refuse('InvalidSignatureException', `Credential should be scoped to correct service: '${options.service}'.`);
  }
  const skew = dateFault(date, options.unixMs);
  if (skew !== undefined) return refuse('InvalidSignatureException', skew);
  if (key.expiresMs !== undefined && options.unixMs >= key.expiresMs) {
    return refuse('ExpiredTokenException', 'The security token included in the request is expired');
  }

  const signed = (fields.get('SignedHeaders') ?? '').split(';');
  const unsigned = request.headers
    .map(([name]) => name.toLowerCase())
    .find((name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.includes(name));
  if (unsigned !== undefined || !signed.includes('host')) {
    return refuse(
      'InvalidSignatureException',
      `'${unsigned ?? 'host'}' must be a 'SignedHeader' in the AWS Authorization.`,
    );
  }
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  const stated = single('x-amz-content-sha256');
  if (stated !== undefined && stated !== bodyHash && stated !== 'UNSIGNED-PAYLOAD') {
    return refuse('InvalidSignatureException', MISMATCH);
  }

  const text = [
    'AWS4-HMAC-SHA256',
    date,
    `${day}/${region}/${service}/aws4_request`,
    hashOf(canonical(request, signed, bodyHash)),
  ];
  let derived: Uint8Array = Buffer.from(`AWS4${utf8(key.secretAccessKey)}`);
  for (const step of [day ?? '', region ?? '', service ?? '', 'aws4_request', text.join('\n')]) {
    derived = createHmac('sha256', derived).update(step).digest();
  }
  const given = Buffer.from(fields.get('Signature') ?? '', 'hex');
  if (given.length !== derived.length || !timingSafeEqual(given, derived)) {
    return refuse('InvalidSignatureException', MISMATCH);
  }
  return { ok: true, key };
}

const refuse = (fault: SignatureFault, message: string): SignatureVerdict => ({ ok: false, fault, message });
const unrecognized = (): SignatureVerdict =>
  refuse('UnrecognizedClientException', 'The security token included in the request is invalid.');
const utf8 = (secret: Secret): string => Buffer.from(secret.reveal()).toString('utf8');
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function dateFault(date: string, unixMs: number): string | undefined {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const at = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
  const stamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
  if (at < unixMs - MAX_SKEW_MS) {
    return `Signature expired: ${date} is now earlier than ${stamp(unixMs - MAX_SKEW_MS)} (${stamp(unixMs)} - 5 min.)`;
  }
  if (at > unixMs + MAX_SKEW_MS) {
    return `Signature not yet current: ${date} is still later than ${stamp(unixMs + MAX_SKEW_MS)} (${stamp(unixMs)} + 5 min.)`;
  }
  return undefined;
}

/** The canonical request, from the bytes of the request line. */
function canonical({ method, url, headers }: CloudRequest, signed: readonly string[], bodyHash: string): string {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark + 1);
  const pairs: [Buffer, Buffer][] = [];
  for (const pair of query === '' ? [] : query.split('&')) {
    const [name = '', ...value] = pair.split('=');
    pairs.push([unescaped(name), unescaped(value.join('='))]);
  }
  const lines = pairs.map((pair) => pair.map((bytes) => escaped(bytes)) as [string, string]);
  lines.sort(
    (a, b) =>
      Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])) || Buffer.compare(Buffer.from(a[1]), Buffer.from(b[1])),
  );
  const fields = signed.map((name) => {
    const values = headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
    return `${name}:${values.map((value) => value.trim().split(/ +/).join(' ')).join(',')}\n`;
  });
  return [
    method,
    escaped(Buffer.from(path, 'latin1'), '/'),
    lines.map((pair) => pair.join('=')).join('&'),
    fields.join(''),
    signed.join(';'),
    bodyHash,
  ].join('\n');
}

function escaped(bytes: Buffer, also = ''): string {
  let out = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    out +=
      /[A-Za-z0-9\-._~]/.test(char) || also.includes(char)
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

function unescaped(text: string): Buffer {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = /^%([0-9A-Fa-f]{2})/.exec(text.slice(i, i + 3))?.[1];
    bytes.push(hex === undefined ? text.charCodeAt(i) & 0xff : parseInt(hex, 16));
    if (hex !== undefined) i += 2;
  }
  return Buffer.from(bytes);
}
