import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { SECOND } from '../../clock/clock.js';
import { DatabaseError, keyUrl, PlatformConfigError, SealError } from '../../platform/index.js';
import {
  DataFolder,
  type EntryPoint,
  FolderError,
  loadServeConfig,
  LoopbackError,
  PORT_OFFSET,
  Serve,
} from '../../serve/index.js';
import { FileStoreError } from '../../sim/index.js';
import type { World } from '../../world.js';
import type { TraceEvent } from '../../trace/events.js';
import { EXAMPLE_WORLD } from '../demo.js';
import { faultOf } from '../fault.js';
import { complain, JobError, Output, UsageError } from '../output.js';
import { untilInterrupted } from '../until-interrupted.js';

export interface ServeCommandOptions {
  readonly config: string;
  readonly data?: string;
  readonly block?: number;
  readonly seed?: string;
  readonly json?: true;
  readonly showSecrets?: true;
}

const HELP = `
Each SIM attaches to the emulated home network with its card, and its session gets a source address of its own
(127.64.0.1, .2, ..). A program that calls from that address is that SIM's device:

  curl --interface 127.64.0.1 http://127.127.10.1:8888/telemetry -d '{"temperature":21.5}'

Connections from other addresses are rejected. Each name of the platform has an address: 100.127.a.b of the real network
is 127.127.a.b here. Ports below 1024 are ${PORT_OFFSET} higher: 80 is ${80 + PORT_OFFSET}, 443 is ${443 + PORT_OFFSET}.
--data keeps subscribers, groups, secrets (sealed), stored data, the cards' memories and the addresses from run to run;
the configuration then adds what is not there yet.`;

/** `akari serve`: the world on loopback, for real clients. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('the world on loopback ports: every program is a device of the SIM whose address it calls from')
    .option('--config <file>', 'JSON: subscribers, groups, customers and clouds; see docs/serve.md', EXAMPLE_WORLD)
    .option('--data <folder>', 'keep everything here; without it, nothing outlives the command')
    .option('--block <n>', 'second byte of the addresses of the platform, for several worlds at a time', block, 127)
    .option('--seed <seed>', 'fixes every random choice')
    .option('--json', 'one event a line, the last one the result')
    .option('--show-secrets', 'do not mask RES, CK, IK and PINs in --json')
    .addHelpText('after', HELP)
    .action((options: ServeCommandOptions) => untilInterrupted((signal) => runServe(options, signal)));
}

function block(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 127 || value > 254) {
    throw new InvalidArgumentError('expected 127 to 254.');
  }
  return value;
}

/** Runs until `signal`. Throws UsageError for a configuration that cannot be, JobError when something cannot be had. */
export async function runServe(
  options: ServeCommandOptions,
  signal: AbortSignal,
  write?: (line: string) => void,
): Promise<void> {
  const output = new Output(options.json === true, write);
  const temporary = options.data === undefined ? mkdtempSync(join(tmpdir(), 'akari-serve-')) : undefined;
  let folder: DataFolder | undefined;
  let served: Serve | undefined;
  try {
    // Before the folder: a configuration with a fault makes none.
    const config = await loadServeConfig(options.config);
    for (const warning of config.warnings) complain(warning);
    folder = new DataFolder(options.data ?? temporary ?? '');
    served = await Serve.start({
      ...{ config, folder, signal },
      ...(options.seed !== undefined && { seed: options.seed }),
      ...(options.block !== undefined && { block: options.block }),
      progress: (done, all) => {
        output.event({ type: 'attaching', done, all });
        if (all >= MANY && done % Math.ceil(all / PROGRESS_LINES) === 0)
          output.text(`   ${done} of ${all} SIMs attached`);
      },
      refused: (from, { name, protocol, port }) => {
        output.text(`   rejected: ${from} at ${name} ${protocol} ${port}: no session has this address`);
        output.event({ type: 'rejected', from, name, protocol, port });
      },
      sink: (event) => {
        output.trace(event, options.showSecrets);
        const said = telling(event);
        if (said !== undefined) output.text(`${(event.t / SECOND).toFixed(3).padStart(10)}  ${said}`);
      },
    });
    describe(served, folder, output);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    output.result(false, { reason });
    throw toldAs(error, reason);
  } finally {
    await served?.close();
    folder?.close();
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
  output.result(true);
  output.text('stopped');
}

/** What a person is told, with the exit code that it means. */
function toldAs(error: unknown, reason: string): unknown {
  const [first = '', ...more] = reason.split('\n'); // one fault of a configuration a line
  if (error instanceof PlatformConfigError || error instanceof FolderError) return new UsageError(first, more);
  const known = [DatabaseError, SealError, FileStoreError, LoopbackError];
  return known.some((kind) => error instanceof kind) ? new JobError(reason) : error;
}

/** Where everything is, for a person who wants to try it. */
/** So many SIMs take longer than a person waits without a word, and have no line each. */
const MANY = 100;
const PROGRESS_LINES = 20;

function describeSessions(sessions: Serve['sessions'], output: Output): void {
  for (const { imsi, group, session, fault } of sessions) {
    output.event({ type: 'session', imsi, group, ip: session?.ip, fault });
  }
  // Of many: those without a session, and the first.
  const odd = sessions.filter(({ session }) => session === undefined);
  const shown = sessions.length < MANY ? sessions : [...new Set([...odd, ...sessions])].slice(0, PROGRESS_LINES);
  for (const { imsi, group, session, fault } of shown) {
    const state = session === undefined ? `no session${fault === undefined ? '' : ` (${fault})`}` : session.ip;
    output.text(`SIM ${imsi}  group ${group ?? '-'}  ${state}`);
  }
  if (shown.length === sessions.length) return;
  output.text(`${sessions.length} SIMs, ${sessions.length - odd.length} with a session: --json shows all of them`);
}

function describe({ entryPoints, sessions, api, devices, world }: Serve, folder: DataFolder, output: Output): void {
  describeSessions(sessions, output);
  output.text('');
  for (const point of entryPoints) {
    output.text(`${point.name.padEnd(26)} ${point.protocol} ${String(point.port).padEnd(6)} ${at(point)}`);
    output.event({ type: 'entry-point', ...plain(point) });
  }
  if (world.keyOrigin !== undefined) {
    const url = keyUrl('', world.keyOrigin);
    output.text('');
    output.text(`Public keys of the platform's tokens: ${url}KID`);
    output.event({ type: 'keys', url });
  }
  const names = new Map(entryPoints.map(({ name, host }) => [name, host]));
  output.text('');
  output.text('Lines for /etc/hosts:');
  for (const [name, host] of names) output.text(`${host.padEnd(16)} ${name}`);
  const url = `http://${api.host}:${api.port}`;
  const key = existsSync(folder.operatorFile) ? folder.operatorFile : undefined;
  output.text('');
  output.text(`Management API, for operators: ${url}/v1${key === undefined ? '' : `  AuthKey: ${key}`}`);
  output.event({ type: 'api-point', url, authKeyFile: key });
  tellOperators(world, output);
  const management = `coaps://${devices.host}:${devices.port}`;
  output.text(`Device management, for devices with a key of Inventory: ${management}`);
  output.event({ type: 'device-management', url: management });
  const ip = sessions.find(({ session }) => session)?.session?.ip;
  const first = entryPoints.find(({ port }) => port === 8888);
  if (ip !== undefined && first !== undefined) {
    output.text('');
    output.text(
      `Try: curl --interface ${ip} http://${first.host}:${first.hostPort}/telemetry -d '{"temperature":21.5}'`,
    );
  }
  output.text('');
  output.text('Ctrl-C stops it.');
  output.event({ type: 'ready' });
}

/** Who may sign in and how, and whose the SIMs are: to any other operator all lists are empty. Names no secret. */
function tellOperators({ platform }: World, output: Output): void {
  for (const { operatorId, email } of platform.accounts.operators()) {
    const keys = platform.accounts.authKeys({ operatorId, userName: undefined }).map(({ authKeyId }) => authKeyId);
    const sims = platform.directory.subscribers(operatorId).length;
    const ways = [...(email === undefined ? [] : [`e-mail ${email}`]), ...keys.map((id) => `AuthKey ${id}`)];
    const how = ways.length === 0 ? 'nobody can sign in' : `signs in with ${ways.join(' or ')}`;
    output.text(`  Operator ${operatorId}, ${sims} SIM${sims === 1 ? '' : 's'}: ${how}`);
    output.event({ type: 'operator', operatorId, email, authKeyIds: keys, subscribers: sims });
  }
}

const at = ({ host, hostPort }: EntryPoint): string => `${host}:${hostPort}`;
const plain = ({ name, protocol, port, host, hostPort }: EntryPoint) => ({ name, protocol, port, host, hostPort });

/** One line for people for what they would want to see go by. */
function telling(event: TraceEvent): string | undefined {
  switch (event.type) {
    case 'session':
      return `session ${event.event}: ${event.ip} is IMSI ${event.imsi}${event.reason === undefined ? '' : ` (${event.reason})`}`;
    case 'http':
      return event.kind === 'request'
        ? `#${event.id} ${event.leg} -> ${event.method} ${event.url}`
        : `#${event.id} ${event.leg} <- ${event.status}`;
    case 'message':
      return `#${event.id} ${event.service} ${event.protocol} ${event.kind === 'request' ? '->' : '<-'} ${event.body.slice(0, 200)}`;
    case 'inventory':
      return `inventory ${event.event}: ${event.endpoint}${event.detail === undefined ? '' : `  ${event.detail}`}`;
    case 'verified':
      return `customer ${event.ok ? 'verified' : `refused (${event.reason ?? ''})`}: ${event.body}`;
    default:
      return faultOf(event);
  }
}
