// The world on loopback sockets, used by programs that know nothing of it. Each test has addresses of its own, so that
// other tests may serve at the same time.
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { resultOf } from '../cli/akari.js';
import { afterEach, beforeEach, expect, onTestFinished } from 'vitest';
import { runServe } from '../../host/cli/commands/serve.js';
import { EXAMPLE_WORLD } from '../../host/cli/demo.js';
import { type EntryPoint, DataFolder, loadServeConfig, Serve, type ServeConfig } from '../../host/serve/index.js';
import { parseSimProfile } from '../../host/sim/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { freeBlock } from './block.js';
import { withPrograms } from '../peers.js';
import { until } from '../until.js';

const { describe, it } = withPrograms('curl');

const run = promisify(execFile);
const config = await loadServeConfig(EXAMPLE_WORLD);
const [first] = config.sims;
if (first === undefined) throw new Error('the example has no SIM');
const OTHER = parseSimProfile(
  {
    imsi: '440103000000002',
    iccid: '8981100000000000028',
    k: '465b5ce8b199b49faa5f0a2ee238a6bc',
    opc: '00'.repeat(16),
  },
  'test',
);
/** The SIM of the example, one in no group, and one that stays off. */
const THREE: ServeConfig = {
  ...config,
  sims: [
    first,
    { profile: OTHER, group: undefined, tags: undefined, imei: undefined, online: true },
    {
      profile: { ...OTHER, imsi: '440103000000003', iccid: '8981100000000000032' },
      ...{ group: 'demo', tags: undefined, imei: undefined, online: false },
    },
  ],
};

let block = 0;
let folder: string;
let served: Serve | undefined;
const events: TraceEvent[] = [];
const refused: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-test-'));
  events.length = refused.length = 0;
  block = await freeBlock('serve');
});

afterEach(async () => {
  await served?.close();
  served = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(data = true, what = THREE): Promise<Serve> {
  served = await Serve.start({
    config: what,
    block,
    ...(data && { folder: new DataFolder(folder) }),
    refused: (from, { name, port }) => refused.push(`${from} ${name}:${port}`),
    sink: (event) => events.push(event),
  });
  return served;
}

const url = ({ entryPoints }: Serve, port: number, path = '/', name = 'beam.soracom.io'): string => {
  const point = entryPoints.find((p) => p.port === port && p.name === name) as EntryPoint;
  return `http://${point.host}:${point.hostPort}${path}`;
};

/** curl from this address: status and body. */
async function curl(from: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('curl', [
    '-sS',
    '--max-time',
    '20',
    '--interface',
    from,
    '-w',
    ' %{http_code}',
    ...args,
  ]);
  return stdout;
}

describe('a served world', () => {
  it('tells callers by the address they call from', async () => {
    const world = await start();
    expect(world.sessions.map(({ session }) => session?.ip)).toEqual(['127.64.0.1', '127.64.0.2', undefined]);
    const beam = url(world, 8888, '/telemetry');
    expect(await curl('127.64.0.1', beam, '-d', '{"temperature":1}')).toMatch(/ 201$/);
    const told = world.world.customers.get('customer.example')?.messages.map(({ identity }) => identity.imsi);
    expect(told).toEqual([first.profile.imsi]);
    // A SIM in no group, whoever it says it is.
    const forged = ['-H', `x-soracom-imsi: ${first.profile.imsi}`, '-H', 'X-Forwarded-For: 127.64.0.1'];
    expect(await curl('127.64.0.2', beam, '-d', '{}', ...forged)).toBe('Beam: the SIM is in no group\n 400');
  });

  it.each(['127.0.0.1', '127.64.0.3', '127.64.9.9'])('turns %s away, which has no session', async (from) => {
    const world = await start();
    await expect(curl(from, url(world, 8888), '-d', '{}')).rejects.toThrow(/curl: \((7|52|56)\)/);
    expect(refused).toEqual([`${from} beam.soracom.io:8888`]);
  });

  it('moves ports below 1024 up by 8000, and gives every name an address of its own', async () => {
    const { entryPoints } = await start();
    for (const { port, hostPort, host } of entryPoints) {
      expect(hostPort).toBe(port < 1024 ? port + 8000 : port);
      expect(host.startsWith(`127.${block}.`)).toBe(true);
    }
    expect(new Set(entryPoints.map(({ host, hostPort, protocol }) => `${protocol} ${host}:${hostPort}`)).size).toBe(
      entryPoints.length,
    );
    expect(entryPoints.some(({ port }) => port === 80)).toBe(true);
  });

  it('resets the connections of a session that ends, and lets the SIM come back at the same address', async () => {
    const world = await start();
    const { host, hostPort } = world.entryPoints.find(({ port }) => port === 8888) as EntryPoint;
    const socket: Socket = connect({ host, port: hostPort, localAddress: '127.64.0.1' });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write('POST /telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    world.world.network.detach(first.profile.imsi, true);
    await closed;
    const opened = () =>
      events.filter((e) => e.type === 'session' && e.event === 'open' && e.ip === '127.64.0.1').length;
    expect(await world.world.run({ for: 60e9, until: () => opened() === 2 })).toBe(true);
    expect(await curl('127.64.0.1', url(world, 8888, '/telemetry'), '-d', '{"a":1}')).toMatch(/ 201$/);
  });

  it('keeps addresses, SQN, cards and configuration over a restart', async () => {
    await start();
    await served?.close();
    events.length = 0;
    // Another order in the file: what is kept counts.
    const again = await start(true, { ...THREE, sims: [...THREE.sims].reverse() });
    expect(again.sessions.map(({ session }) => session?.ip)).toEqual([undefined, '127.64.0.2', '127.64.0.1']);
    expect(events.filter((e) => e.type === 'aka' && /resync|synchron|AUTS/i.test(e.step))).toEqual([]);
    expect(statSync(join(folder, 'master.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'platform.db')).includes('topsecret')).toBe(false);
  });

  it('does not start with a data folder that others can read the key of, or whose key is gone', async () => {
    await start();
    await served?.close();
    served = undefined;
    chmodSync(join(folder, 'master.key'), 0o644);
    expect(() => new DataFolder(folder)).toThrow(/master\.key: mode 0644/);
    rmSync(join(folder, 'master.key'));
    expect(() => new DataFolder(folder)).toThrow(/master\.key is missing/);
    writeFileSync(join(folder, 'master.key'), Buffer.alloc(32, 1), { mode: 0o600 });
    await expect(start()).rejects.toThrow(/sealed with another master key/);
  });

  it('says which port is taken', async () => {
    const world = await start(false);
    const { host, hostPort } = world.entryPoints[0] as EntryPoint;
    await expect(Serve.start({ config: THREE, block })).rejects.toThrow(
      new RegExp(
        `cannot listen at ${host.replaceAll('.', '\\.')}, tcp port ${hostPort} \\(EADDRINUSE\\): another program has it; .*--block`,
      ),
    );
  });

  it('answers datagrams to where they came from, and says nothing to strangers', async () => {
    const world = await start();
    const point = world.entryPoints.find(({ protocol }) => protocol === 'udp');
    if (point === undefined) return expect(world.entryPoints.every(({ protocol }) => protocol === 'tcp')).toBe(true);
    const [near, stranger] = [createSocket('udp4'), createSocket('udp4')];
    near.bind(0, '127.64.0.1');
    stranger.bind(0, '127.0.0.1');
    await Promise.all([once(near, 'listening'), once(stranger, 'listening')]);
    let strange = 0;
    stranger.on('message', () => strange++);
    stranger.send('x', point.hostPort, point.host);
    near.send('x', point.hostPort, point.host);
    await once(near, 'message');
    expect([strange, refused.length]).toEqual([0, 1]);
    near.close();
    stranger.close();
  });
});

describe('akari serve', () => {
  it('says where everything is, serves until it is told to stop, and then stops cleanly', async () => {
    const args = ['dist/host/cli/main.js', 'serve', '--json', '--block', String(block), '--data', folder];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL')); // whatever became of it
    let stdout = '';
    const ready = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
        if (stdout.includes('"type":"ready"')) resolve();
      });
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await Promise.race([ready, ended]);
    const lines = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ type }) => type === 'session')).toMatchObject({ ip: '127.64.0.1', imsi: first.profile.imsi });
    const point = lines.find(({ type, port }) => type === 'entry-point' && port === 8888);
    const target = `http://${String(point?.['host'])}:${String(point?.['hostPort'])}/telemetry`;
    expect(await curl('127.64.0.1', target, '-d', '{"a":1}')).toMatch(/ 201$/);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(resultOf({ stdout, stderr: '', code: 0 })).toEqual({ type: 'result', ok: true });
    expect(stdout).not.toMatch(/topsecret|465b5ce8b199b49faa5f0a2ee238a6bc/i);
  });

  it('stops cleanly when the reader of its output goes away', async () => {
    const args = ['dist/host/cli/main.js', 'serve', '--json', '--block', String(block), '--data', folder];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect([...(await ended), stderr]).toEqual([0, null, '']);
  });

  it('shows what a device says as text: no escape sequence, no line that looks like one of the world', async () => {
    const lines: string[] = [];
    const stop = new AbortController();
    const job = runServe({ config: EXAMPLE_WORLD, data: folder, block }, stop.signal, (line) => lines.push(line));
    expect(await until(() => lines.includes('Ctrl-C stops it.'), 30_000)).toBe(true);
    const row = lines.find((line) => /^harvest\S* +udp 8514 /.test(line)) ?? '';
    const [, host = '', port = ''] = / (\S+):(\d+)$/.exec(row) ?? [];
    const device = createSocket('udp4');
    onTestFinished(() => void device.close());
    device.bind(0, '127.64.0.1');
    await once(device, 'listening');
    const forged = '     9.999  session open: 127.64.0.1 is IMSI 999999999999999';
    device.send(`\x1b]0;owned\x07\x1b[2J\n${forged}\n`, Number(port), host);
    expect(await until(() => lines.some((line) => line.includes('owned')), 10_000)).toBe(true);
    stop.abort();
    await job;
    expect(lines).not.toContain(forged);
    expect(lines.find((line) => line.includes('owned'))).toContain(`-> \\u001b]0;owned\\u0007\\u001b[2J\\n${forged}`);
    expect(lines.some((line) => /[\x00-\x1f\x7f-\x9f]/.test(line))).toBe(false); // eslint-disable-line no-control-regex
  });

  it('stops at once when it is told to while SIMs are still attaching', async () => {
    const lines: string[] = [];
    await runServe({ config: EXAMPLE_WORLD, json: true, block }, AbortSignal.abort(), (line) => lines.push(line));
    expect(lines.some((line) => line.includes('"event":"open"'))).toBe(false);
    expect(resultOf({ stdout: lines.join('\n'), stderr: '', code: 0 })).toEqual({ type: 'result', ok: true });
  });
});

describe('a configuration with a fault', () => {
  it.each([
    ['{', 'is not JSON: line 1, column 2: it ends too early'],
    ['{}', 'subscribers'],
    ['{"subscribers":[]}', 'subscribers'],
    ['{"subscribers":[{"profile":"gone.json"}]}', 'subscribers[0].profile'],
    ['{"subscribers":[{"profile":"a","on":1}]}', 'subscribers[0]: unknown key "on"'],
    [
      '{"subscribers":[{"profile":"p.json"}],"upstream":{"trustedCas":["gone.pem"]}}',
      'upstream.trustedCas[0]: gone.pem: there is no such file',
    ],
    ['{"subscribers":[{"profile":"p.json"}],"upstream":{"hosts":{"a":"b"}}}', 'must be host:port'],
  ])('%s', async (text, fault) => {
    writeFileSync(
      join(folder, 'p.json'),
      JSON.stringify({ imsi: OTHER.imsi, iccid: OTHER.iccid, k: '00'.repeat(16), opc: '00'.repeat(16) }),
      { mode: 0o600 },
    );
    const file = join(folder, 'world.json');
    writeFileSync(file, text);
    let said = '';
    try {
      await loadServeConfig(file);
    } catch (error) {
      said = String(error).replaceAll(`${folder}/`, '');
    }
    expect(said).toContain(fault);
    expect(said).toContain('world.json');
  });

  it.each([
    ['gone.json', 'gone.json: there is no such file'],
    ['.', '.: it is a folder'],
  ])('the file %s', async (name, words) => {
    await expect(loadServeConfig(name)).rejects.toMatchObject({ name: 'PlatformConfigError', message: words });
  });

  it.each<[string, object, readonly string[]]>([
    [
      'in all parts of the file',
      {
        subscribers: [{ profile: 'gone.json', group: 'sensor' }],
        platform: {
          groups: {
            sensors: {
              configuration: { SoracomBeem: {}, SoracomHarvest: { enabld: true }, SoracomAir: { metadata: 1 } },
            },
          },
          operator: {},
        },
        upstream: { trustedCas: ['a.pem', 'b.pem'] },
        clouds: 'clouds.mjs',
      },
      [
        'platform: unknown key "operator"; did you mean "operators"?',
        'platform.groups.sensors.configuration.SoracomAir.metadata: must be an object, not a number',
        'platform.groups.sensors.configuration: unknown key "SoracomBeem"; did you mean "SoracomBeam"?',
        'platform.groups.sensors.configuration.SoracomHarvest: unknown key "enabld"; did you mean "enabled"?',
        'subscribers[0].profile: SIM profile gone.json: there is no such file',
        'subscribers[0].group: there is no group "sensor" in platform.groups; did you mean "sensors"?',
        'upstream.trustedCas[0]: a.pem: there is no such file',
        'upstream.trustedCas[1]: b.pem: there is no such file',
        'clouds: clouds.mjs: there is no such file',
      ],
    ],
    [
      'in its own keys and in a group',
      {
        subscriber: [],
        platform: { groups: { g: { configuration: { SoracomFunk: { enabled: true, destinaton: {} } } } } },
      },
      [
        'subscribers: is missing',
        'unknown key "subscriber"; did you mean "subscribers"?',
        'platform.groups.g.configuration.SoracomFunk: unknown key "destinaton"; did you mean "destination"?',
      ],
    ],
  ])('all faults are told at once: %s', async (_where, json, faults) => {
    const file = join(folder, 'world.json');
    writeFileSync(file, JSON.stringify(json));
    const told = await loadServeConfig(file).catch((error: unknown) => (error as Error).message);
    expect(String(told).replaceAll(`${folder}/`, '').split('\n').toSorted()).toEqual(
      faults.map((fault) => `world.json: ${fault}`).toSorted(),
    );
  });
});
