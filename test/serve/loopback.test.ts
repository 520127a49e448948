// Datagrams over real sockets: those that come at once are served a few a turn of the event loop, the callers in turns.

import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { DATAGRAMS_PER_TURN } from '../../host/platform/limits.js';
import { Loopback } from '../../host/serve/loopback.js';
import { session } from '../platform/harness.js';
import { freeBlock } from './block.js';

const open: (() => unknown)[] = [];
afterEach(() => Promise.all(open.splice(0).map((close) => close())));

const NAMES = new Map([
  ['127.64.0.1', 'one'],
  ['127.64.0.2', 'other'],
]);

/** An entry point for datagrams that notes who is served in which turn. */
async function entryPoint() {
  const served: { readonly imsi: string; readonly turn: number; readonly text: string }[] = [];
  let turn = 0;
  const next = (): void => {
    turn++;
    timer = setImmediate(next);
  };
  let timer = setImmediate(next);
  const loopback = new Loopback({
    registry: { name: () => '100.127.9.9' },
    sessionByIp: (ip) => (NAMES.has(ip) ? session(NAMES.get(ip)) : undefined),
    refused: () => undefined,
    block: await freeBlock('loopback'),
  });
  loopback.udp('harvest.soracom.io', 8514, (bytes, { imsi }) => {
    served.push({ imsi, turn, text: Buffer.from(bytes).toString() });
  });
  await loopback.open();
  open.push(
    () => clearImmediate(timer),
    () => loopback.close(),
  );
  const [point] = loopback.entryPoints;
  if (point === undefined) throw new Error('no entry point');
  const sender = async (address: string): Promise<(bytes: Buffer | string) => Promise<void>> => {
    const socket: Socket = createSocket('udp4').bind(0, address);
    await once(socket, 'listening');
    open.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    return (bytes) => new Promise((resolve) => socket.send(bytes, point.hostPort, point.host, () => resolve()));
  };
  return { served, sender };
}

it('serves a few at once, one in each turn then, in the order in which they came', async () => {
  const { served, sender } = await entryPoint();
  const send = await sender('127.64.0.1');
  const count = 150;
  await Promise.all(Array.from({ length: count }, (_, n) => send(String(n))));
  while (served.length < count) await new Promise(setImmediate);
  expect(served.map(({ text }) => text)).toEqual(Array.from({ length: count }, (_, n) => String(n)));
  const turns = new Map<number, number>();
  for (const { turn } of served) turns.set(turn, (turns.get(turn) ?? 0) + 1);
  // A turn may end one portion that has waited, and take what has come since.
  expect(Math.max(...turns.values())).toBeLessThanOrEqual(DATAGRAMS_PER_TURN + 1);
});

it('serves another address before the waiting ones of one that floods', async () => {
  const { served, sender } = await entryPoint();
  const [flood, send] = [await sender('127.64.0.1'), await sender('127.64.0.2')];
  const count = 60;
  await Promise.all(Array.from({ length: count }, (_, n) => flood(String(n))));
  await send('mine');
  while (served.length < count + 1) await new Promise(setImmediate);
  // They are read 32 at a time; then the two addresses have their turns.
  expect(served.findIndex(({ imsi }) => imsi === 'other')).toBeLessThan(20);
});

it('a datagram from port 0 is served, and its reply dropped: there is nowhere to send it', async () => {
  const bind = vi.spyOn(Socket.prototype, 'bind');
  open.push(() => bind.mockRestore());
  const loopback = new Loopback({
    registry: { name: () => '100.127.9.9' },
    sessionByIp: () => session('one'),
    refused: () => undefined,
    block: await freeBlock('loopback'),
  });
  const served: string[] = [];
  loopback.udp('harvest.soracom.io', 8514, (_bytes, _session, reply, from) => {
    reply(Buffer.from('201'));
    served.push(from ?? '');
  });
  await loopback.open();
  open.push(() => loopback.close());
  await loopback.bindOutside('device management', 5684, (_bytes, from, reply) => {
    reply(Buffer.from('hello'));
    served.push(from);
  });
  for (const socket of bind.mock.contexts.slice(-2) as Socket[]) {
    socket.emit('message', Buffer.from('x'), { address: '127.64.0.1', port: 0, family: 'IPv4', size: 1 });
  }
  expect(served).toEqual(['127.64.0.1:0', '127.64.0.1:0']);
});
