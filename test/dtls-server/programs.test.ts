// The server and clients nobody here wrote: OpenSSL, GnuTLS and Mbed TLS, on UDP sockets of this machine.
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { type DtlsLimits } from '../../host/dtls/index.js';
import { cleanUp, inFolder, openssl, ServerStation, until } from './station.js';

afterAll(cleanUp);

async function station(limits: Partial<DtlsLimits> = {}): Promise<ServerStation> {
  const one = await ServerStation.start(limits);
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

  it('with small datagrams: the handshake comes in fragments', async () => {
    const server = await station({ datagram: 120 });
    const client = openssl(server.port, suite, '-mtu', '256', '-maxfraglen', '512');
    expect(await until(() => server.opened.length === 1)).toBe(true);
    client.tell('x\n');
    expect(await until(() => client.said().includes('x\n'))).toBe(true);
    expect(server.wire.filter(({ from }) => from === 'server').every(({ datagram }) => datagram.length <= 120)).toBe(
      true,
    );
    client.stop();
  });
});
