// The platform's signing keys, checked by programs that know nothing of it: the openssl command and npm's jsonwebtoken.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import { afterAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Database, keySite, keyUrl, Seal, SealError } from '../../host/platform/index.js';
import { KID, SigningKeys } from '../../host/platform/keys/keys.js';
import { Secret } from '../../host/secret.js';
import { EPOCH_MS } from './harness.js';
import { withPrograms } from '../peers.js';

const folder = mkdtempSync(join(tmpdir(), 'akari-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));
const clock = new VirtualClock(EPOCH_MS);
const headerOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
const kidOf = (token: string): string => (headerOf(token) as { kid: string }).kid;
const pemOf = (keys: SigningKeys, token: string): string => keys.published(kidOf(token)) ?? '';

describe('signing keys', () => {
  const keys = new SigningKeys({ clock, database: new Database(), seal: new Seal() });

  withPrograms('openssl').it(
    'a token has kid and alg in its header, and openssl agrees with its signature',
    async () => {
      const token = await keys.sign({ iss: 'https://soracom.io', n: 1 });
      expect(headerOf(token)).toEqual({ kid: expect.stringMatching(KID), alg: 'RS256' });
      const [header = '', payload = '', signature = ''] = token.split('.');
      writeFileSync(join(folder, 'key.pem'), pemOf(keys, token));
      writeFileSync(join(folder, 'signature'), Buffer.from(signature, 'base64url'));
      const verify = (text: string): string => {
        writeFileSync(join(folder, 'text'), text);
        const args = ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'signature', 'text'];
        return execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
      };
      expect(verify(`${header}.${payload}`)).toBe('Verified OK\n');
      expect(() => verify(`${header}.${payload}x`)).toThrow();
      const shown = execFileSync('openssl', ['pkey', '-pubin', '-in', 'key.pem', '-noout', '-text'], { cwd: folder });
      expect(shown.toString()).toMatch(/Public-Key: \(2048 bit\)/);
    },
  );

  it('after a change of keys the old one stays published, the new one signs', async () => {
    const before = await keys.sign({ n: 1 });
    expect(kidOf(await keys.sign({ n: 2 }))).toBe(kidOf(before));
    const kid = await keys.rotate();
    const after = await keys.sign({ n: 3 });
    expect(kidOf(after)).toBe(kid);
    expect(kid).not.toBe(kidOf(before));
    for (const token of [before, after]) {
      expect(jwt.verify(token, pemOf(keys, token), { algorithms: ['RS256'] })).toMatchObject({});
    }
    expect(() => jwt.verify(before, pemOf(keys, after), { algorithms: ['RS256'] })).toThrow('invalid signature');
  });

  it('two tokens asked for at once are signed with one key', async () => {
    const fresh = new SigningKeys({ clock, database: new Database(), seal: new Seal() });
    const tokens = await Promise.all([fresh.sign({ n: 1 }), fresh.sign({ n: 2 })]);
    expect(new Set(tokens.map(kidOf)).size).toBe(1);
  });

  it('keys outlive the process, sealed: neither PEM nor its bytes are in the file', async () => {
    const file = join(folder, 'platform.db');
    const seal = new Seal(new Secret(Buffer.alloc(32, 7)));
    const open = (): Database => new Database(file);
    let database = open();
    const first = await new SigningKeys({ clock, database, seal }).sign({ n: 1 });
    database.close();
    expect(readFileSync(file).includes('PRIVATE KEY')).toBe(false);
    // DER of an RSA private key begins with version 0 and the algorithm: nothing that is sealed shows it.
    expect(readFileSync(file).includes(Buffer.from('020100300d06092a864886f70d010101', 'hex'))).toBe(false);
    database = open();
    const second = await new SigningKeys({ clock, database, seal }).sign({ n: 2 });
    expect(kidOf(second)).toBe(kidOf(first));
    database.close();
    database = open();
    await expect(new SigningKeys({ clock, database, seal: new Seal() }).sign({})).rejects.toThrow(SealError);
    database.close();
  });

  it('are published over HTTP: GET and HEAD by name, nothing else', async () => {
    const token = await keys.sign({});
    const server = createServer(keySite(keys));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const at = keyUrl(kidOf(token), origin);
    const got = await fetch(at);
    expect([got.status, await got.text()]).toEqual([200, pemOf(keys, token)]);
    const head = await fetch(at, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(at, { method: 'PUT', body: 'x' })).status).toBe(405);
    for (const other of ['', 'v1-00-x509.pem', `../soracom-public-keys/x`, `${kidOf(token)}/`, '%2e%2e%2f']) {
      const answer = await fetch(keyUrl(other, origin));
      expect(answer.status, other).toBe(403);
      expect(await answer.text()).toContain('<Code>AccessDenied</Code>');
    }
    await new Promise((resolve) => server.close(resolve));
  });
});
