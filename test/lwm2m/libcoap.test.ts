// The client between programs of libcoap over real sockets: coap-client is the bootstrap server that gives it an account, coap-rd, a resource
// directory over DTLS with a pre-shared key, is the server that takes its registration.
import { execFile, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generate, parse } from 'coap-packet';
import { expect } from 'vitest';
import { NetState, Status } from '../../host/board/abi.js';
import { MemoryStore } from '../../host/board/store.js';
import { compileDebugSource } from '../kit/compile.js';
import { until } from '../until.js';
import { withPrograms } from '../peers.js';
import { APP } from './client-app.js';
import { serverInstance, tlv } from './rig.js';

const { it } = withPrograms('coap-client-openssl', 'coap-rd-openssl');
const HOST = '127.0.0.1';

interface App {
  memory: WebAssembly.Memory;
  name_at(): number;
  configure(nameLen: number, preferred: number, pack: number, factory: number): number;
  setup(): void;
  loop(): bigint;
  registered(): number;
}

/** A UDP port that is free now, and the next one too. */
async function freePort(): Promise<number> {
  for (;;) {
    const probe = createSocket('udp4');
    const port = await new Promise<number>((resolve) => probe.bind(0, HOST, () => resolve(probe.address().port)));
    await new Promise<void>((resolve) => probe.close(() => resolve()));
    if (port % 2 === 0 && port < 60_000) return port;
  }
}

/** The device on this computer's sockets: the factory's bootstrap server is at `bootstrap`. */
async function device(bootstrap: number) {
  const started = Date.now();
  const store = new MemoryStore();
  const logs: string[] = [];
  const ports: number[] = [];
  const sockets = new Map<number, { socket: Socket; queue: Buffer[]; port: number; isOpen: boolean }>();
  let handles = 0;
  let taken = 0;
  const module = new WebAssembly.Module(await compileDebugSource(APP));
  const at = (ptr: number, len: number): Buffer => Buffer.from(app.memory.buffer, ptr, len);
  const app = new WebAssembly.Instance(module, {
    board: {
      clock_ms: () => BigInt(Date.now() - started),
      clock_unix_ms: () => BigInt(Date.now()),
      entropy: (ptr: number, len: number) => {
        crypto.getRandomValues(at(ptr, len));
        return Status.Ok;
      },
      log: (_level: number, ptr: number, len: number) => void logs.push(at(ptr, len).toString()),
      store_read: (key: number, ptr: number, max: number) => {
        const value = store.read(key);
        if (value) at(ptr, max).set(value.subarray(0, max));
        return value?.length ?? Status.NotFound;
      },
      store_write: (key: number, ptr: number, len: number) => store.write(key, at(ptr, len)),
      net_open: (_kind: number, ptr: number, len: number, port: number) => {
        const isBootstrap = at(ptr, len).toString() === 'bootstrap.example';
        const handle = ++handles;
        const socket = createSocket('udp4');
        const entry = { socket, queue: [] as Buffer[], port: isBootstrap ? bootstrap : port, isOpen: false };
        socket.on('message', (datagram) => entry.queue.push(datagram));
        socket.bind(0, HOST, () => {
          entry.isOpen = true;
          ports.push(socket.address().port);
        });
        sockets.set(handle, entry);
        return handle;
      },
      net_state: (handle: number) => (sockets.get(handle)?.isOpen ? NetState.Open : NetState.Opening),
      net_send: (handle: number, ptr: number, len: number) => {
        const entry = sockets.get(handle);
        entry?.socket.send(Buffer.from(at(ptr, len)), entry.port, HOST);
        return len;
      },
      net_recv: (handle: number, ptr: number, max: number) => {
        const datagram = sockets.get(handle)?.queue.shift();
        if (datagram) {
          at(ptr, max).set(datagram.subarray(0, max));
          taken++;
        }
        return datagram?.length ?? 0;
      },
      net_close: (handle: number) => {
        sockets.get(handle)?.socket.close();
        sockets.delete(handle);
        return Status.Ok;
      },
    },
  }).exports as unknown as App;
  at(app.name_at(), 3).set(Buffer.from('apa'));
  expect(app.configure(3, 11542, 0, 1)).toBe(Status.Ok);
  app.setup();
  const timer = setInterval(() => app.loop(), 5);
  const stop = (): void => {
    clearInterval(timer);
    for (const { socket } of sockets.values()) socket.close();
  };
  return { app, logs, ports, received: () => taken, stop };
}

it('coap-client gives an account, coap-rd takes the registration over DTLS', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lwm2m-libcoap-'));
  const [bootstrap, directory] = [await freePort(), await freePort()];
  const rd = spawn('coap-rd-openssl', ['-A', HOST, '-p', String(directory), '-k', 'secretPSK'], { stdio: 'ignore' });
  // Takes Bootstrap-Request, and then leaves its port to coap-client.
  const asked: string[] = [];
  const door = createSocket('udp4');
  await new Promise<void>((resolve) => door.bind(bootstrap, HOST, resolve));
  door.on('message', (datagram, from) => {
    const { code, messageId, token, options } = parse(datagram);
    asked.push(`${code} ${options.map(({ value }) => String(value)).join(' ')}`);
    door.send(generate({ code: '2.04', ack: true, messageId, token }), from.port, HOST);
  });
  const { app, logs, ports, received, stop } = await device(bootstrap);
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
