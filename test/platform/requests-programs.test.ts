// The same requests over sockets, where Node's parser takes bytes straight from the system, beside nginx. Debian package:
// nginx-light.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect } from 'vitest';
import { RealClock } from '../../host/clock/real.js';
import { CustomerServer, InProcessUpstream } from '../../host/cloud/index.js';
import { Platform } from '../../host/platform/index.js';
import { Trace } from '../../host/trace/trace.js';
import { withPrograms } from '../peers.js';
import { ca, certificate, CUSTOMER, FakeRegistry, PSK, secretText, session } from './harness.js';
import { freePort, listen, Programs } from './programs.js';
import { everything, type Front, FRONTS, good, REFUSED, RESTS, SERVED, UNFINISHED } from './requests.js';

const { describe, it } = withPrograms('nginx');

const folder = mkdtempSync(join(tmpdir(), 'akari-requests-'));
const clock = new RealClock();
const programs = new Programs(folder, clock);
const listeners: Server[] = [];
const ports = new Map<Front, number>();
const NGINX: Front = { name: 'nginx', port: 80, line: 'POST /', body: '{}', status: 200 };
let platform: Platform;

beforeAll(async () => {
  const trace = new Trace(clock);
  const upstream = new InProcessUpstream({ clock, latency: 0, trustedCas: [ca.certificate] });
  const customer = new CustomerServer({ clock, trace, psk: secretText(PSK), certificate });
  upstream.serve(CUSTOMER, 443, (stream) => customer.accept(stream));
  const registry = new FakeRegistry();
  const certificates = (names: readonly string[]) => ca.issue(names);
  platform = new Platform({ clock, trace, config: everything, upstream, certificates });
  platform.register(registry);
  for (const front of FRONTS) {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      if (front.port === 8080) platform.api.accept(socket);
      else registry.connect(front.port, socket, session(), front.name);
    });
    listeners.push(server);
    ports.set(front, await listen(server));
  }
  const origin = createHttpServer((request, response) => request.resume().once('end', () => response.end('ok')));
  listeners.push(origin);
  const port = await freePort();
  mkdirSync(join(folder, 'tmp'));
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(port, await listen(origin)));
  await programs.start(port, 'nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'error.log');
  ports.set(NGINX, port);
});

afterAll(async () => {
  platform.close();
  programs.stop();
  await Promise.all(listeners.map((server) => new Promise((resolve) => server.close(resolve))));
  clock.close();
  rmSync(folder, { recursive: true });
});

const nginxConfig = (port: number, origin: number): string => `
daemon off; pid nginx.pid; error_log error.log;
events {}
http {
  access_log off;
  client_header_timeout 2s; client_body_timeout 2s; lingering_timeout 1s; keepalive_timeout 2s;
  client_body_temp_path tmp/body; proxy_temp_path tmp/proxy; fastcgi_temp_path tmp/f; uwsgi_temp_path tmp/u; scgi_temp_path tmp/s;
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${origin}; } }
}
`;

/** Statuses of all that comes back in one connection, until it ends. */
function statuses(front: Front, bytes: string): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const port = ports.get(front) ?? 0;
    const send = (): void => {
      socket.write(Buffer.from(bytes, 'latin1'));
      if (bytes === UNFINISHED) socket.end();
    };
    const socket: Socket =
      front.port === 443 ? connectTls({ port, rejectUnauthorized: false }, send) : connectTcp(port, '127.0.0.1', send);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.once('error', reject).once('end', () => {
      socket.end();
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)));
    });
  });
}

const served = ({ line, status }: Front, seen: number | undefined): boolean =>
  seen === status || (line.startsWith('PUT') && seen === 200);

describe.each([NGINX, ...FRONTS])('$name, port $port', (front) => {
  it('a complete request stands, whatever follows it', async () => {
    for (const rest of RESTS) {
      // nginx takes letters for the beginning of a method, and waits.
      if (front === NGINX && rest === 'EXTRA') continue;
      const seen = await statuses(front, good(front) + rest);
      expect(served(front, seen[0]), `${JSON.stringify(rest)}: ${seen.join()}`).toBe(true);
      expect(seen.slice(1), JSON.stringify(rest)).toEqual([400]);
    }
  });

  it('what is odd and clear is served', async () => {
    for (const [name, make] of SERVED) {
      // The platform ends the connection after a later version by itself; nginx is asked to.
      const bytes = make(front).replace('\r\nHost', '\r\nConnection: close\r\nHost');
      const seen = await statuses(front, front === NGINX ? bytes : make(front));
      expect(served(front, seen[0]) && seen.length === 1, `${name}: ${seen.join()}`).toBe(true);
    }
  });
});

/** Where nginx does otherwise. */
const OTHERWISE: ReadonlyMap<string, readonly number[]> = new Map([
  // RFC 9112 2.2 lets a server take LF alone, and this one does.
  ['LF alone', [200]],
  ['LF alone in a header', [200]],
  ['gzip over two lines', [400]],
  ['no line end', []],
]);

it('refuses what nginx refuses', async () => {
  const some = FRONTS.filter(({ port }) => port !== 80);
  // All at once: a request that does not end is waited for, by nginx and by the fronts.
  await Promise.all(
    REFUSED.flatMap(([name, bytes, status]) => {
      const ended = bytes.replace('\r\nHost', '\r\nConnection: close\r\nHost');
      const check = async (front: Front, sent: string, wanted: readonly number[]): Promise<void> =>
        expect(await statuses(front, sent), `${front.name}: ${name}`).toEqual(wanted);
      const others = some.map((front) => check(front, bytes, [status]));
      return [check(NGINX, ended, OTHERWISE.get(name) ?? [status]), ...others];
    }),
  );
});
