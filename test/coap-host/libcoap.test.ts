// CoAP on the host and libcoap's programs (Debian package libcoap3-bin), over UDP and over DTLS with OpenSSL and GnuTLS.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { afterAll, expect, onTestFinished } from 'vitest';
import {
  CoapPeer,
  type CoapResponse,
  findUint,
  type IncomingRequest,
  Method,
  Option,
  uintOption,
} from '../../host/coap/index.js';
import { Random } from '../../host/random.js';
import { withPrograms } from '../peers.js';
import { cleanUp, clock, IDENTITY, ServerStation, start } from '../dtls-server/station.js';
import { until } from '../until.js';
import { answer } from './peers.js';

const { describe, it } = withPrograms('coap-client-openssl', 'coap-server-openssl');

afterAll(cleanUp);

const KEY = 'sixteen byte key';
const HEX = Buffer.from(KEY).toString('hex');

/** A small store: PUT and GET of anything, POST echoes. */
function store(): {
  handle: (request: IncomingRequest) => CoapResponse | Promise<CoapResponse>;
  kept: Map<string, Buffer>;
  requests: IncomingRequest[];
} {
  const kept = new Map<string, Buffer>([['hello', Buffer.from('hello, world')]]);
  const requests: IncomingRequest[] = [];
  return {
    ...{ kept, requests },
    handle: (request) => {
      requests.push(request);
      const name = request.path.join('/');
      if (name === 'slow') return clock.sleep(2_500_000_000).then(() => answer('2.05', 'at last'));
      switch (request.method) {
        case Method.Get: {
          const found = kept.get(name);
          return found ? answer('2.05', found, [uintOption(Option.ContentFormat, 0)]) : answer('4.04', 'not here');
        }
        case Method.Put:
          kept.set(name, request.payload);
          return answer('2.04');
        case Method.Delete:
          return answer(kept.delete(name) ? '2.02' : '4.04');
        default:
          return answer('4.05');
      }
    },
  };
}

async function overUdp(handle: ReturnType<typeof store>['handle']): Promise<string> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  const peers = new Map<number, CoapPeer>();
  socket.on('message', (bytes, { port, address }) => {
    const random = new Random(`${port}`);
    const peer =
      peers.get(port) ?? new CoapPeer({ clock, random, handle, send: (out) => socket.send(out, port, address) });
    peers.set(port, peer);
    peer.receive(bytes);
  });
  return `coap://127.0.0.1:${socket.address().port}`;
}

async function overDtls(handle: ReturnType<typeof store>['handle']): Promise<string> {
  const station = await ServerStation.start({}, { [IDENTITY]: [HEX] });
  onTestFinished(() => station.end());
  const peers = new Map<string, CoapPeer>();
  station.answer = (bytes) => {
    const association = station.opened.at(-1);
    if (association === undefined) return undefined;
    const key = String(station.opened.length);
    const options = { clock, random: new Random(key), handle, maxBytes: association.maxBytes };
    const peer = peers.get(key) ?? new CoapPeer({ ...options, send: (out) => association.send(out) });
    peers.set(key, peer);
    peer.receive(bytes);
    return undefined;
  };
  return `coaps://127.0.0.1:${station.port}`;
}

const carriers: [string, string, (handle: ReturnType<typeof store>['handle']) => Promise<string>, readonly string[]][] =
  [
    ['UDP', 'coap-client-openssl', overUdp, []],
    ['DTLS of OpenSSL', 'coap-client-openssl', overDtls, ['-k', KEY, '-u', IDENTITY]],
    ['DTLS of GnuTLS', 'coap-client-gnutls', overDtls, ['-k', KEY, '-u', IDENTITY]],
  ];

describe.each(carriers)('libcoap as the client, %s', (_, program, carrier, credentials) => {
  const ask = async (url: string, ...args: readonly string[]): Promise<string> => {
    const client = start(program, ...credentials, '-B', '15', ...args, url);
    await client.ended(20_000);
    return client.said();
  };

  it('GET, PUT, DELETE, what is not there, what takes long', async () => {
    const { handle, kept } = store();
    const url = await carrier(handle);
    expect(await ask(`${url}/hello`)).toContain('hello, world');
    await ask(`${url}/new/place`, '-m', 'put', '-e', 'something');
    expect(kept.get('new/place')?.toString()).toBe('something');
    expect(await ask(`${url}/nowhere`)).toContain('4.04');
    await ask(`${url}/new/place`, '-m', 'delete');
    expect(kept.has('new/place')).toBe(false);
    expect(await ask(`${url}/hello`, '-N')).toContain('hello, world');
    expect(await ask(`${url}/slow`)).toContain('at last');
  });

  it('bodies in blocks of 16 to 1024 bytes, both ways', async () => {
    const { handle, kept, requests } = store();
    const url = await carrier(handle);
    const text = Array.from({ length: 400 }, (_, i) => `line ${i}`).join('\n');
    for (const size of [64, 1024]) {
      const client = start(program, ...credentials, '-B', '15', '-m', 'put', '-b', `${size}`, '-f', '-', `${url}/big`);
      client.tell(text);
      client.end();
      await client.ended(20_000);
      expect(kept.get('big')?.toString()).toBe(text);
      expect(findUint(requests.at(-1)?.options ?? [], Option.Block1)).toBeGreaterThan(0);
      expect(await ask(`${url}/big`, '-b', `${size}`)).toContain(text);
      kept.delete('big');
    }
  });
});

/** libcoap's server on a port of this machine. */
async function coapServer(): Promise<number> {
  const probe = createSocket('udp4');
  await new Promise<void>((resolve) => probe.bind(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise<void>((resolve) => void probe.close(() => resolve()));
  const child = spawn('coap-server-openssl', ['-A', '127.0.0.1', '-p', `${port}`, '-v', '7', '-d', '10']);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  onTestFinished(() => void child.kill('SIGKILL'));
  expect(await until(() => /created UDP/.test(said))).toBe(true);
  return port;
}

describe('libcoap as the server', () => {
  async function client(): Promise<CoapPeer> {
    const port = await coapServer();
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    const peer = new CoapPeer({
      ...{ clock, random: new Random('client') },
      send: (bytes) => socket.send(bytes, port, '127.0.0.1'),
      limits: { blockBytes: 128 },
    });
    socket.on('message', (bytes) => peer.receive(bytes));
    onTestFinished(() => peer.close());
    return peer;
  }

  it('GET, PUT in blocks, GET in blocks, 4.04, ping', async () => {
    const peer = await client();
    const text = 'x'.repeat(1000);
    expect((await peer.request({ method: Method.Get, path: ['time'] })).code).toBe('2.05');
    expect(
      (await peer.request({ method: Method.Put, path: ['example_data'], payload: Buffer.from(text), contentFormat: 0 }))
        .code,
    ).toMatch(/^2\.0[14]$/);
    expect(Buffer.from((await peer.request({ method: Method.Get, path: ['example_data'] })).payload).toString()).toBe(
      text,
    );
    expect((await peer.request({ method: Method.Get, path: ['nowhere'] })).code).toBe('4.04');
    expect(await peer.ping()).toBe(true);
  });

  it('observation: notifications come in their order until it is cancelled', async () => {
    const peer = await client();
    const heard: string[] = [];
    const { observation } = await peer.observe({ method: Method.Get, path: ['time'] }, ({ payload }) =>
      heard.push(Buffer.from(payload).toString()),
    );
    expect(observation?.open).toBe(true);
    expect(await until(() => heard.length >= 2)).toBe(true);
    expect((await observation?.cancel())?.code).toBe('2.05');
    const { length } = heard;
    await clock.sleep(1_500_000_000);
    expect(heard.length).toBe(length);
  });
});
