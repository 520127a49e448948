// The verifier as its README runs it: a program of its own, tokens of a platform, keys over HTTP.

import { execFile } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RealClock } from '../../../host/clock/real.js';
import { Database, keySite, Seal } from '../../../host/platform/index.js';
import { SigningKeys } from '../../../host/platform/keys/keys.js';

const script = fileURLToPath(new URL('../verify.mjs', import.meta.url));
const clock = new RealClock();
const keys = new SigningKeys({ clock, database: new Database(), seal: new Seal() });
const asked: string[] = [];
const site = keySite(keys);
const server = createServer((request, response) => {
  asked.push(request.url ?? '');
  site(request, response);
});
let place = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  place = `http://127.0.0.1:${(server.address() as AddressInfo).port}/soracom-public-keys/`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  clock.close();
});

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile('node', [script, ...args], (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out: out.trim(), err: err.trim() }),
    );
  });
}

const now = Math.floor(Date.now() / 1000);
const GOOD = {
  ...{ iss: 'https://soracom.io', aud: 'soracom-endorse-audience', sub: 'soracom-endorse', jti: 'j' },
  ...{ iat: now, nbf: now - 60, exp: now + 600 },
  'soracom-endorse-claim': { imsi: '440103123456789', imei: '860000012345678' },
};

it('believes a good token, also one of a key before the last', async () => {
  const token = await keys.sign(GOOD);
  const claim = '{"imsi":"440103123456789","imei":"860000012345678"}';
  expect(await run(token, '--keys', place)).toEqual({ code: 0, out: claim, err: '' });
  await keys.rotate();
  expect(await run(token, '--keys', place)).toEqual({ code: 0, out: claim, err: '' });
});

it.each([
  ['expired', { exp: now - 1 }],
  ['not yet good', { nbf: now + 60 }],
  ['another issuer', { iss: 'https://soracom.io.example' }],
  ['made for another audience', { aud: 'somebody' }],
  ['expired', { exp: undefined }],
])('refuses: %s', async (reason, wrong) => {
  expect(await run(await keys.sign({ ...GOOD, ...wrong } as never), '--keys', place)).toEqual({
    ...{ code: 1, out: '', err: `refused: ${reason}` },
  });
});

it('refuses another’s signature, and never fetches what no key is called', async () => {
  const token = await keys.sign(GOOD);
  const [head = '', body = '', signature = ''] = token.split('.');
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const forged = (header: object): string => {
    const text = `${part(header)}.${body}`;
    return `${text}.${createSign('sha256').update(text).sign(own).toString('base64url')}`;
  };
  const refused = async (text: string): Promise<string> => (await run(text, '--keys', place)).err;
  expect(await refused(forged({ kid, alg: 'RS256' }))).toBe('refused: wrong signature');
  expect(await refused(`${head}.${part({ ...GOOD, aud: 'x' })}.${signature}`)).toBe('refused: wrong signature');
  expect(await refused(`${part({ kid, alg: 'none' })}.${body}.x`)).toBe('refused: the algorithm is not RS256');
  expect(await refused(`${part({ kid, alg: 'HS256' })}.${body}.x`)).toBe('refused: the algorithm is not RS256');
  const before = asked.length;
  for (const other of ['../x', `${kid}/../x`, 'http://evil.example/v1-00-x509.pem', 'v1-00-x509.pem\n', 7]) {
    expect(await refused(forged({ kid: other, alg: 'RS256' }))).toBe('refused: the key has no allowed name');
  }
  expect(asked.length).toBe(before);
  expect(await refused(forged({ kid: 'v1-00-x509.pem', alg: 'RS256' }))).toBe(
    'refused: the key v1-00-x509.pem is not published',
  );
});

it.each(['', 'a.b', 'a.b.c', 'e30.e30.', 'bnVsbA.bnVsbA.x', 'é.é.é'])('%j is no token', async (text) => {
  expect(await run(text, '--keys', place)).toMatchObject({ code: 1, err: expect.stringMatching(/^refused: /) });
});

it('wants to be used as its README says', async () => {
  expect((await run()).code).toBe(2);
  expect((await run('a.b.c', '--key', 'x')).code).toBe(2);
});
