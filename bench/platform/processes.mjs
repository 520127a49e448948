// The processes that a load goes through, and the load: ab of apache2-utils, from a session's address.
import { execFile, fork } from 'node:child_process';
import { readFileSync, writeFileSync, mkdtempSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Ticks a second of /proc/PID/stat, on every Linux. */
const HERTZ = 100;
/** Connections at a time. */
const CONNECTIONS = 16;

/** Starts a script of this folder; resolves to the process and what it says first. */
export async function start(script, ...args) {
  const child = fork(new URL(script, import.meta.url), args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const said = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (!Buffer.isBuffer(said[0])) throw new Error(`${script} ended before it was ready`);
  return { child, ...JSON.parse(said[0].toString()) };
}

export async function stop({ child }) {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Seconds of processor time that a process has had. */
export function processorSeconds({ child }) {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / HERTZ;
}

const body = join(mkdtempSync(join(tmpdir(), 'akari-ab-')), 'body');
writeFileSync(body, '{"id":"8ea35f1379990a13-0","seq":0,"temperature":21.5}');

/** n POSTs; throws unless all were answered with 2xx. Resolves to ab's percentiles in milliseconds. */
export async function load(url, n, from = '127.0.0.1') {
  const { stdout } = await run('ab', [
    ...['-q', '-k', '-n', String(n), '-c', String(Math.min(n, CONNECTIONS)), '-B', from],
    ...['-p', body, '-T', 'application/json', url],
  ]).catch((error) => {
    throw error.code === 'ENOENT' ? new Error('ab is wanted: npm run peers') : error;
  });
  const failed = Number(/Failed requests: +(\d+)/.exec(stdout)?.[1] ?? n);
  const refused = Number(/Non-2xx responses: +(\d+)/.exec(stdout)?.[1] ?? 0);
  if (failed + refused > 0) throw new Error(`${url}: ${failed} failed and ${refused} refused of ${n}\n${stdout}`);
  const percentile = (p) => Number(new RegExp(`^ +${p}% +(\\d+)`, 'm').exec(stdout)?.[1] ?? 0);
  return { p50: percentile(50), p99: percentile(99) };
}
