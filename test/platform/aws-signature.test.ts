import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { awsEncode, awsSigned } from '../../host/platform/outbound/aws-signature.js';
import suite from '../vectors/aws-signature-v4.json' with { type: 'json' };
import { secretText } from './harness.js';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: secretText(suite.secretAccessKey) };
const scope = { region: 'us-east-1', service: 'service', unixMs: Date.UTC(2015, 7, 30, 12, 36) };

describe('AWS Signature Version 4', () => {
  it.each(suite.vectors)('test suite: $id', ({ method, target, headers, body, authorization }) => {
    const request = { method, target, headers: headers as [string, string][], body: Buffer.from(body) };
    expect(awsSigned(request, credentials, scope).at(-1)).toEqual(['Authorization', authorization]);
  });

  it('temporary credentials: the session token is sent and signed', () => {
    const { headers = [], authorization } = suite.vectors.find(({ id }) => id === 'post-sts-header-before') ?? {};
    const token = headers.find(([name]) => name === 'x-amz-security-token')?.[1] ?? '';
    const request = { method: 'POST', target: '/', headers: [['Host', 'example.amazonaws.com']], body: Buffer.of() };
    const signed = awsSigned(request as never, { ...credentials, sessionToken: secretText(token) }, scope);
    expect(signed).toContainEqual(['X-Amz-Security-Token', token]);
    expect(signed.at(-1)).toEqual(['Authorization', authorization]);
  });

  it('agrees with the AWS SDK’s own signer on any request', async () => {
    const other = new SignatureV4({
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: suite.secretAccessKey },
      region: 'ap-northeast-1',
      service: 'lambda',
      sha256: Sha256,
      applyChecksum: false,
    });
    const word = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text !== '__proto__');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT'),
        fc.array(word),
        fc.dictionary(word, fc.string({ unit: 'grapheme' })),
        fc.dictionary(fc.stringMatching(/^x-[a-z]{1,8}$/), fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)),
        fc.uint8Array(),
        fc.integer({ min: 0, max: 4e12 }),
        async (method, segments, query, extra, body, unixMs) => {
          const path = `/${segments.map(awsEncode).join('/')}`;
          const search = Object.entries(query).map((pair) => pair.map(awsEncode).join('='));
          const target = search.length > 0 ? `${path}?${search.join('&')}` : path;
          const headers = { host: 'lambda.example', ...extra };
          const ours = awsSigned({ method, target, headers: Object.entries(headers), body }, credentials, {
            ...{ region: 'ap-northeast-1', service: 'lambda', unixMs },
          });
          const theirs = await other.sign(
            { method, protocol: 'https:', hostname: 'lambda.example', path, query, headers, body },
            { signingDate: new Date(unixMs), unsignableHeaders: new Set() },
          );
          expect(ours.at(-1)?.[1]).toBe(theirs.headers['authorization']);
        },
      ),
      { numRuns: 200 },
    );
  });
});
