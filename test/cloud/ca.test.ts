import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CertificateAuthority, selfSigned } from '../../host/cloud/index.js';
import { withPrograms } from '../peers.js';

const ca = await CertificateAuthority.create();
const server = await ca.issue(['customer.example', '*.customer.example', '127.0.0.1', '2001:db8::1', '::1']);
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-ca-'));
  writeFileSync(join(folder, 'ca.pem'), ca.certificate);
  writeFileSync(join(folder, 'server.pem'), server.certificate);
  writeFileSync(join(folder, 'self.pem'), (await selfSigned(['customer.example'])).certificate);
  writeFileSync(join(folder, 'other.pem'), (await CertificateAuthority.create()).certificate);
  writeFileSync(join(folder, 'key.pem'), Buffer.from(server.key.reveal()), { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Output of openssl, or the error's. */
function openssl(...args: string[]): string {
  try {
    return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined) throw error; // openssl itself is missing
    return `failed: ${stdout}${stderr ?? ''}`;
  }
}

withPrograms('openssl').describe('openssl about the authority’s certificates', () => {
  const verify = (...args: string[]) => openssl('verify', '-x509_strict', '-purpose', 'sslserver', ...args);

  it('the chain verifies, also strictly, for the names and addresses', () => {
    expect(verify('-CAfile', 'ca.pem', 'server.pem')).toBe('server.pem: OK\n');
    expect(verify('-CAfile', 'ca.pem', '-verify_hostname', 'customer.example', 'server.pem')).toBe('server.pem: OK\n');
    expect(verify('-CAfile', 'ca.pem', '-verify_hostname', 'a.customer.example', 'server.pem')).toBe(
      'server.pem: OK\n',
    );
    expect(verify('-CAfile', 'ca.pem', '-verify_ip', '127.0.0.1', 'server.pem')).toBe('server.pem: OK\n');
    expect(verify('-CAfile', 'ca.pem', '-verify_ip', '2001:db8::1', 'server.pem')).toBe('server.pem: OK\n');
    expect(verify('-CAfile', 'ca.pem', '-verify_ip', '::1', 'server.pem')).toBe('server.pem: OK\n');
  });

  it('at any date of 2020 to 2049', () => {
    const at = (date: string) => verify('-CAfile', 'ca.pem', '-attime', String(Date.parse(date) / 1000), 'server.pem');
    expect(at('2020-01-02')).toBe('server.pem: OK\n');
    expect(at('2049-12-30')).toBe('server.pem: OK\n');
    expect(at('2019-12-31')).toMatch(/not yet valid/);
    expect(at('2050-01-01')).toMatch(/expired/);
  });

  it('another name, another authority, no authority: refused', () => {
    expect(verify('-CAfile', 'ca.pem', '-verify_hostname', 'other.example', 'server.pem')).toMatch(/hostname mismatch/);
    expect(verify('-CAfile', 'other.pem', 'server.pem')).toMatch(/^failed/);
    expect(verify('-CAfile', 'ca.pem', 'self.pem')).toMatch(/self-signed certificate/);
  });

  it('a server’s certificate is no authority; the key fits', () => {
    const text = openssl('x509', '-in', 'server.pem', '-noout', '-text');
    expect(text).toMatch(/Version: 3/);
    expect(text).toMatch(/CA:FALSE/);
    expect(text).toMatch(/NIST CURVE: P-256/);
    expect(openssl('x509', '-in', 'server.pem', '-noout', '-pubkey')).toBe(
      openssl('pkey', '-in', 'key.pem', '-pubout'),
    );
  });
});

it('dates from 2050 on are GeneralizedTime', async () => {
  const { certificate } = await selfSigned(['x'], {
    notBefore: new Date('2049-06-01'),
    notAfter: new Date('2051-06-01'),
  });
  const { validFrom, validTo } = new X509Certificate(certificate);
  expect([Date.parse(validFrom), Date.parse(validTo)]).toEqual([Date.parse('2049-06-01'), Date.parse('2051-06-01')]);
});

it('many names make a long certificate', async () => {
  const names = Array.from({ length: 3000 }, (_, i) => `host-${i}.customer.example`);
  expect(new X509Certificate((await ca.issue(names)).certificate).checkHost('host-2999.customer.example')).toBe(
    'host-2999.customer.example',
  );
});

it('the key shows nowhere by accident', () => {
  expect(JSON.stringify(server) + String(server.key)).not.toMatch(/PRIVATE/);
  expect(JSON.stringify(ca)).not.toMatch(/PRIVATE/);
});
