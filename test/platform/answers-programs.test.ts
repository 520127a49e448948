// The same answers read by curl and through nginx: what is expected of the platform is what programs of the field make of
// them, but where `otherwise` says so. Debian packages: curl, nginx-light.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { RealClock } from '../../host/clock/real.js';
import { withPrograms } from '../peers.js';
import { ANSWERS, type AnswerCase } from './answers.js';
import { freePort, listen, Programs } from './programs.js';

const { describe, it } = withPrograms('curl', 'nginx');

const folder = mkdtempSync(join(tmpdir(), 'akari-answers-'));
const clock = new RealClock();
const programs = new Programs(folder, clock);
let origin: Server;
const ports = { origin: 0, nginx: 0 };

beforeAll(async () => {
  // The path is the answer's number.
  origin = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .once('data', (chunk: Buffer) => {
        const index = Number(/ \/(\d+) /.exec(chunk.toString('latin1'))?.[1]);
        socket.end(Buffer.from(ANSWERS[index]?.bytes ?? '', 'latin1'));
      });
  });
  ports.origin = await listen(origin);
  ports.nginx = await freePort();
  mkdirSync(join(folder, 'tmp'));
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid nginx.pid; error_log error.log;
events {}
http {
  access_log off;
  client_body_temp_path tmp/body; proxy_temp_path tmp/proxy; fastcgi_temp_path tmp/f; uwsgi_temp_path tmp/u; scgi_temp_path tmp/s;
  server {
    listen 127.0.0.1:${ports.nginx};
    location / { proxy_pass http://127.0.0.1:${ports.origin}; proxy_http_version 1.1; }
  }
}
`,
  );
  await programs.start(ports.nginx, 'nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'error.log');
});

afterAll(async () => {
  programs.stop();
  await new Promise((resolve) => origin.close(resolve));
  clock.close();
  rmSync(folder, { recursive: true });
});

type Seen = readonly [status: number, body: string] | undefined;

/** Undefined: curl ends with an error. */
function byCurl({ method }: AnswerCase, index: number): Promise<Seen> {
  const head = method === 'HEAD' ? ['-I', '-o', '/dev/null'] : [];
  const url = `http://127.0.0.1:${ports.origin}/${index}`;
  return new Promise((resolve) => {
    const args = ['-s', '--max-time', '10', ...head, '-w', '\n%{http_code}', url];
    execFile('curl', args, { encoding: 'latin1' }, (error, stdout) => {
      const [, body = '', status] = /^([^]*)\n(\d+)$/.exec(stdout) ?? [];
      resolve(error ? undefined : [Number(status), body.replace(/X-T : 1\r\n|X-T: 1\r\n/, '')]);
    });
  });
}

/** Undefined: nginx has no answer to pass on. */
function throughNginx({ method }: AnswerCase, index: number): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const socket = connect(ports.nginx, '127.0.0.1', () => {
      socket.write(`${method} /${index} HTTP/1.0\r\nHost: a\r\n\r\n`);
    });
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.once('error', reject).once('close', () => {
      const [, digits, body = ''] = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n([^]*)$/.exec(text) ?? [];
      const status = Number(digits);
      resolve(digits === undefined || status === 502 ? undefined : [status, status < 200 ? '' : body]);
    });
  });
}

describe.each([
  ['curl', byCurl],
  ['nginx', throughNginx],
] as const)('%s', (program, ask) => {
  it.each(ANSWERS.map((answer, index) => ({ answer, index, name: answer.name })))(
    '$name',
    async ({ answer, index }) => {
      const { otherwise = {}, expected } = answer;
      expect(await ask(answer, index)).toEqual(program in otherwise ? otherwise[program] : expected);
    },
  );
});
