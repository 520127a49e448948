// The server and clients nobody here wrote: OpenSSL, GnuTLS and Mbed TLS, on UDP sockets of this machine.
import { afterAll, expect, onTestFinished } from 'vitest';
import type { DtlsLimits } from '../../host/dtls/index.js';
import { withPrograms } from '../peers.js';
import { mbedtls } from './mbedtls.js';
import { cleanUp, gnutls, IDENTITY, inFolder, openssl, PSK, ServerStation } from './station.js';
import { until } from '../until.js';

const { describe, it } = withPrograms('gcc', 'gnutls-serv', 'mbedtls-library', 'openssl');

afterAll(cleanUp);

async function station(
  limits: Partial<DtlsLimits> = {},
  keys?: Readonly<Record<string, readonly string[]>>,
): Promise<ServerStation> {
  const one = await ServerStation.start(limits, keys);
  onTestFinished(() => one.end());
  return one;
}

describe.each(['ccm8', 'gcm'] as const)('OpenSSL, %s', (suite) => {
  it('handshake, data both ways, close', async () => {
    const server = await station();
    const client = openssl(server.port, suite);
    expect(await until(() => server.opened.length === 1)).toBe(true);
    client.tell('there and back\n');
    expect(await until(() => client.said().includes('there and back\n'))).toBe(true);
    expect(server.data).toEqual(['there and back\n']);
    client.tell('Q\n');
    expect(await client.ended()).toBe(0);
    expect(await until(() => server.ended.includes('closed by peer'))).toBe(true);
    expect(client.said()).toMatch(/Extended master secret: yes/);
  });

  it('a session is resumed', async () => {
    const server = await station();
    const file = inFolder(`session-${suite}`);
    for (const [option, times] of [
      ['-sess_out', 1],
      ['-sess_in', 2],
    ] as const) {
      const client = openssl(server.port, suite, option, file);
      expect(await until(() => server.opened.length === times)).toBe(true);
      client.tell(`round ${times}\n`);
      expect(await until(() => server.data.includes(`round ${times}\n`))).toBe(true);
      client.tell('Q\n');
      await client.ended();
    }
    expect(server.opened.map(({ resumed }) => resumed)).toEqual([false, true]);
  });

  it('with datagrams of 100 bytes: what the server sends of the handshake comes in fragments', async () => {
    const server = await station({ datagram: 100 });
    const client = openssl(server.port, suite, '-mtu', '256', '-maxfraglen', '512');
    expect(await until(() => server.opened.length === 1)).toBe(true);
    client.tell('x\n');
    expect(await until(() => client.said().includes('x\n'))).toBe(true);
    const sent = server.wire.filter(({ from }) => from === 'server').map(({ datagram }) => datagram);
    expect(sent.every(({ length }) => length <= 100)).toBe(true);
    // A ServerHello that does not begin at offset 0.
    const inMiddle = sent.some((bytes) => bytes[0] === 22 && bytes[13] === 2 && (bytes[21] ?? 0) > 0);
    expect(inMiddle).toBe(true);
    client.stop();
  });

  it('a renegotiation is refused', async () => {
    const server = await station();
    const client = openssl(server.port, suite);
    await until(() => server.opened.length === 1);
    client.tell('R\n');
    expect(await until(() => /no renegotiation|error|alert/i.test(client.said().split('RENEGOTIATING')[1] ?? ''))).toBe(
      true,
    );
    expect(server.opened.length).toBe(1);
    client.stop();
  });
});

describe.each(['+AEAD:+AES-128-CCM-8', '+AEAD:+AES-128-GCM'])('GnuTLS, %s', (cipher) => {
  it.each([
    ['as it is', ''],
    ['without extended master secret', ':%NO_SESSION_HASH'],
  ])('%s: handshake, data both ways', async (_, more) => {
    const server = await station();
    const client = gnutls(server.port, `${cipher}${more}`);
    expect(await until(() => server.opened.length === 1)).toBe(true);
    client.tell('there and back\n');
    expect(await until(() => server.data.includes('there and back\n'))).toBe(true);
    expect(await until(() => client.said().split('there and back').length > 1)).toBe(true);
    expect(server.opened[0]?.extendedMasterSecret).toBe(more === '');
    client.stop();
  });

  it('a session is resumed', async () => {
    const server = await station();
    const client = gnutls(server.port, cipher, '--resume');
    expect(await until(() => server.opened.length === 2)).toBe(true);
    expect(server.opened[1]?.resumed).toBe(true);
    expect(await until(() => /resumed session/i.test(client.said()))).toBe(true);
    client.stop();
  });
});

describe('Mbed TLS', () => {
  it.each([
    ['CCM_8', ['ccm8']],
    ['GCM', ['gcm']],
    ['its choice of suites', []],
    ['no extended master secret', ['ccm8', 'noems']],
    ['512 bytes in a fragment', ['ccm8', 'mfl=1']],
  ])('%s: handshake, data of every size, resumption, close', async (_, options) => {
    const server = await station();
    const client = mbedtls(server.port, ...options);
    expect(await until(() => client.said().includes('open '))).toBe(true);
    for (const length of [1, 15, 16, 17, 400]) {
      client.tell(`${'x'.repeat(length)}\n`);
      expect(await until(() => client.said().includes(`data ${length} `)), `${length} bytes`).toBe(true);
    }
    client.tell('!resume\n');
    expect(await until(() => server.opened.length === 2)).toBe(true);
    expect(server.opened[1]?.resumed).toBe(true);
    client.tell('once more\n');
    expect(await until(() => client.said().includes('data 9 once more'))).toBe(true);
    client.tell('!quit\n');
    expect(await client.ended()).toBe(0);
    expect(await until(() => server.ended.at(-1) === 'closed by peer')).toBe(true);
    if (options.includes('mfl=1')) expect(server.opened[0]?.maxBytes).toBe(512);
  });

  it('from a new port in the middle, without connection ID, is nobody', async () => {
    const server = await station();
    const client = mbedtls(server.port, 'ccm8');
    await until(() => server.opened.length === 1);
    client.tell('!rebind\nafter\n');
    expect(await until(() => client.said().includes('nothing'))).toBe(true);
    expect(server.data).toEqual([]);
    client.stop();
  });
});

describe('the wrong key and the unknown identity', () => {
  it('a wrong key: no word, until the client gives up', async () => {
    const server = await station({}, { [IDENTITY]: [PSK.replace('0', '1')] });
    const client = mbedtls(server.port, 'ccm8');
    expect(await client.ended(20_000)).toBe(1);
    expect(client.said()).toContain('refused -0x6800'); // time-out
    expect(server.opened.length).toBe(0);
  });

  it('an identity that nobody has: alert 115', async () => {
    const server = await station({}, { other: [PSK] });
    const client = openssl(server.port, 'ccm8');
    await client.ended();
    expect(client.said()).toMatch(/unknown psk identity/i);
  });

  it('or silence, where that is asked for', async () => {
    const server = await station({ unknownIdentity: 'silence' }, { other: [PSK] });
    const client = mbedtls(server.port, 'ccm8');
    expect(await client.ended(20_000)).toBe(1);
    expect(client.said()).toContain('refused -0x6800');
  });

  it('no suite in common: alert 40', async () => {
    const server = await station();
    const client = gnutls(server.port, '+AES-256-GCM:+AEAD');
    expect(await client.ended()).not.toBe(0);
    expect(client.said()).toMatch(/handshake failed|fatal alert/i);
    expect(server.opened.length).toBe(0);
  });

  it('two keys, as while one is being changed: either is good, and the server knows which', async () => {
    const server = await station({}, { [IDENTITY]: ['ff'.repeat(16), PSK] });
    const client = openssl(server.port, 'ccm8');
    expect(await until(() => server.opened.length === 1)).toBe(true);
    expect(server.opened[0]?.keyId).toBe('1');
    client.stop();
  });
});
