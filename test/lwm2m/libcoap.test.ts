// The client between programs of libcoap over real sockets: coap-client is the bootstrap server that gives it an account, coap-rd, a resource
// directory over DTLS with a pre-shared key, is the server that takes its registration.
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generate, parse } from 'coap-packet';
import { expect } from 'vitest';
import { until } from '../until.js';
import { withPrograms } from '../peers.js';
import { serverInstance, tlv } from './rig.js';
import { deviceOnSockets, freePort, HOST } from './socket-device.js';
import { endsWithTests } from '../leftover.js';

const { it } = withPrograms('coap-client-openssl', 'coap-rd-openssl');

it('coap-client gives an account, coap-rd takes the registration over DTLS', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lwm2m-libcoap-'));
  const [bootstrap, directory] = [await freePort(), await freePort()];
  const rd = endsWithTests(
    spawn('coap-rd-openssl', ['-A', HOST, '-p', String(directory), '-k', 'secretPSK'], { stdio: 'ignore' }),
  );
  // Takes Bootstrap-Request, and then leaves its port to coap-client.
  const asked: string[] = [];
  const door = createSocket('udp4');
  await new Promise<void>((resolve) => door.bind(bootstrap, HOST, resolve));
  door.on('message', (datagram, from) => {
    const { code, messageId, token, options } = parse(datagram);
    asked.push(`${code} ${options.map(({ value }) => String(value)).join(' ')}`);
    door.send(generate({ code: '2.04', ack: true, messageId, token }), from.port, HOST);
  });
  const { app, logs, ports, received, stop } = await deviceOnSockets(bootstrap);
  try {
    // The door has answered, and the device has it.
    expect(await until(() => asked.length > 0 && received() > 0, 20_000)).toBe(true);
    await new Promise<void>((resolve) => door.close(() => resolve()));
    const [port = 0] = ports;
    const ask = async (method: string, path: string, body?: Uint8Array, more: string[] = []): Promise<string> => {
      const file = join(folder, 'body');
      if (body) writeFileSync(file, body);
      const payload = body ? ['-t', '11542', '-f', file] : [];
      const args = [
        '-m',
        method,
        '-p',
        String(bootstrap),
        '-B',
        '5',
        ...more,
        ...payload,
        `coap://${HOST}:${port}${path}`,
      ];
      const { stdout, stderr } = await promisify(execFile)('coap-client-openssl', args);
      return `${stdout}${stderr}`.trim();
    };
    const security = tlv({ 0: `coaps://${HOST}:${directory + 1}`, 1: 0, 2: 0, 3: 'apa', 5: 'secretPSK', 10: 7 });
    // A refusal is what it prints; success is silence, or the content.
    expect(await ask('delete', '/0')).toBe('');
    expect(await ask('delete', '/1')).toBe('');
    expect(await ask('put', '/0/1', tlv({ 1: 'x' }))).toContain('4.00');
    expect(await ask('put', '/0/1', security)).toBe('');
    // In blocks of 16 bytes.
    expect(await ask('put', '/1/1', serverInstance(7), ['-b', '16'])).toBe('');
    expect(await ask('get', '/', undefined, ['-A', '40'])).toContain(
      `</0/1>;ssid=7;uri="coaps://${HOST}:${directory + 1}"`,
    );
    expect(await ask('get', '/0', undefined, ['-A', '11542'])).toContain('4.05');
    expect(await ask('post', '/bs')).toBe('');
    expect(await until(() => app.registered() === 1, 20_000)).toBe(true);
    expect(logs.at(-1)).toBe('lwm2m: registered with server 7');
    expect(asked[0]).toBe('0.02 bs ep=apa pct=11542');
  } finally {
    stop();
    rd.kill();
    rmSync(folder, { recursive: true });
  }
});
