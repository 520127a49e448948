// A device of the tests' own app on this computer's UDP sockets, on the real clock: for servers that nobody here wrote.
import { createSocket, type Socket } from 'node:dgram';
import { expect } from 'vitest';
import { NetState, Status } from '../../host/board/abi.js';
import { MemoryStore } from '../../host/board/store.js';
import { freeUdpPort } from '../free-port.js';
import { compileDebugSource } from '../kit/compile.js';
import { APP } from './client-app.js';

export const HOST = '127.0.0.1';

interface App {
  memory: WebAssembly.Memory;
  name_at(): number;
  configure(nameLen: number, preferred: number, pack: number, factory: number): number;
  setup(): void;
  loop(): bigint;
  registered(): number;
  value(instance: number): number;
  grow(): void;
  measure(value: number): void;
}

/** A UDP port that is free now, and the next one too. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await freeUdpPort();
    if (port % 2 === 0 && port < 60_000) return port;
  }
}

/** The factory's bootstrap server is at the port `bootstrap`, all others are at this computer. */
export async function deviceOnSockets(bootstrap: number, source = APP) {
  const started = Date.now();
  const store = new MemoryStore();
  const logs: string[] = [];
  const ports: number[] = [];
  const sockets = new Map<number, { socket: Socket; queue: Buffer[]; port: number; isOpen: boolean }>();
  let handles = 0;
  let taken = 0;
  const module = new WebAssembly.Module(await compileDebugSource(source));
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
