// The management API on a real socket, over a database in a file: curl, a bare client with its own HTTP, the verbs of
// `akari platform`, and a process that is killed while it writes. Debian package: curl.

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { platformCommand } from '../../host/cli/commands/platform.js';
import { JobError, UsageError } from '../../host/cli/output.js';
import { RealClock } from '../../host/clock/real.js';
import { InProcessUpstream } from '../../host/cloud/index.js';
import { Database, Platform, Seal } from '../../host/platform/index.js';
import { Secret } from '../../host/secret.js';
import { Trace } from '../../host/trace/trace.js';
import { akari, type Ended, resultOf } from '../cli/akari.js';
import { apiConfig, AUTH_KEY, Client, OPERATOR, REGISTRATION_SECRET, STOCK_IMSI } from './api-harness.js';
import { IMSI } from './harness.js';
import { withPrograms } from '../peers.js';
import { endsWithTests } from '../leftover.js';

const folder = mkdtempSync(join(tmpdir(), 'akari-api-'));
const file = join(folder, 'platform.db');
const clock = new RealClock();
const seal = (): Seal => new Seal(new Secret(Buffer.alloc(32, 7)));
const open = (config: unknown = apiConfig): Platform =>
  new Platform({
    clock,
    trace: new Trace(clock),
    upstream: new InProcessUpstream({ clock }),
    database: new Database(file),
    seal: seal(),
    config,
  });

let platform = open();
let server: Server;
let url = '';

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => platform.api.accept(socket));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  platform.close();
  await new Promise((done) => server.close(done));
  clock.close();
  rmSync(folder, { recursive: true });
});

function curl(...args: string[]): Promise<string> {
  return new Promise((done, fail) => {
    execFile('curl', ['-sS', '--max-time', '30', ...args], (error, stdout) => (error ? fail(error) : done(stdout)));
  });
}

const JSON_TYPE = ['-H', 'Content-Type: application/json'];

async function curlTicket(): Promise<string[]> {
  const body = JSON.stringify(AUTH_KEY);
  const ticket = JSON.parse(await curl(...JSON_TYPE, '-d', body, `${url}/v1/auth`)) as Record<string, string>;
  return ['-H', `X-Soracom-API-Key: ${ticket['apiKey']}`, '-H', `X-Soracom-Token: ${ticket['token']}`];
}

withPrograms('curl').describe('curl', () => {
  it('signs in, reads, writes, and is told what is wrong', async () => {
    const ticket = await curlTicket();
    const subscriber = JSON.parse(await curl(...ticket, `${url}/v1/subscribers/${IMSI}`)) as object;
    expect(subscriber).toMatchObject({ imsi: IMSI, operatorId: OPERATOR });
    const tags = '[{"tagName":"by","tagValue":"curl"}]';
    const put = await curl(...ticket, ...JSON_TYPE, '-X', 'PUT', '-d', tags, `${url}/v1/subscribers/${IMSI}/tags`);
    expect(JSON.parse(put)).toMatchObject({ tags: { by: 'curl' } });
    const status = (...args: string[]) => curl('-o', join(folder, 'sink'), '-w', '%{http_code}', ...args);
    expect(await status(`${url}/v1/subscribers`)).toBe('401');
    expect(await status(...ticket, '-X', 'PUT', '-d', tags, `${url}/v1/subscribers/${IMSI}/tags`)).toBe('415');
    expect(await status(...ticket, '-X', 'PATCH', `${url}/v1/groups`)).toBe('405');
    expect(await status(...ticket, `${url}/v2/groups`)).toBe('404');
    expect(await status(...ticket, '--path-as-is', `${url}/v1/operators/${OPERATOR}/../OP0087654321`)).toBe('403');
    const large = join(folder, 'large.json');
    writeFileSync(large, JSON.stringify([{ key: 'userdata', value: 'x'.repeat(70_000) }]));
    const configure = `${url}/v1/groups/sensors/configuration/SoracomAir`;
    expect(await status(...ticket, ...JSON_TYPE, '-X', 'PUT', '-d', `@${large}`, configure)).toBe('413');
    const chunked = ['-H', 'Transfer-Encoding: chunked'];
    expect(await status(...ticket, ...JSON_TYPE, ...chunked, '-X', 'PUT', '-d', `@${large}`, configure)).toBe('413');
    expect(await curl('-I', ...ticket, `${url}/v1/groups`)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*content-length: [1-9]/i);
    const japanese = await curl('-H', 'X-Soracom-Lang: ja', `${url}/v1/groups/x`, ...ticket);
    expect(japanese).toBe('{"code":"GRP0001","message":"指定されたグループはありません"}');
  });

  it('follows the pages by their link', async () => {
    const ticket = await curlTicket();
    const head = await curl('-D', '-', '-o', join(folder, 'page.json'), ...ticket, `${url}/v1/subscribers?limit=2`);
    const [, next = ''] = /^link: <(.*)>; rel=next\r$/im.exec(head) ?? [];
    const rest = JSON.parse(await curl(...ticket, url + next)) as object[];
    expect(JSON.parse(readFileSync(join(folder, 'page.json'), 'utf8'))).toHaveLength(2);
    expect(rest).toHaveLength(1);
  });
});

describe('akari platform', () => {
  const key = join(folder, 'operator.json');
  const environment = (): NodeJS.ProcessEnv => ({ AKARI_API: url, AKARI_AUTH_KEY_FILE: key });

  /** The command in this process: a new one takes seconds to start on a busy machine. */
  async function run(args: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    let [stdout, stderr, code] = ['', '', 0];
    const written = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      stdout += String(text);
      return true;
    });
    for (const [name, value] of Object.entries({ ...environment(), ...env })) vi.stubEnv(name, value);
    const command = platformCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    const inherit = (below: Command): void =>
      below.commands.forEach((one) => inherit(one.copyInheritedSettings(below)));
    inherit(command);
    try {
      await command.parseAsync(args.split(' '), { from: 'user' });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      code = error instanceof JobError ? 1 : error instanceof UsageError || error instanceof CommanderError ? 2 : 70;
      stderr = error.message;
    } finally {
      written.mockRestore();
      vi.unstubAllEnvs();
    }
    return { code, stdout, stderr };
  }

  it('is a command of akari', async () => {
    const env = { ...process.env, ...environment() };
    const fine = await akari(['platform', 'groups', 'list', '--json'], { env });
    expect(fine).toMatchObject({ code: 0, stderr: '' });
    expect(resultOf(fine)).toMatchObject({ ok: true });
    const wrong = await akari(['platform', 'groups', 'get', 'nowhere'], { env });
    expect(wrong).toEqual({
      code: 1,
      stdout: '',
      stderr: 'akari: GET /v1/groups/nowhere: 404 GRP0001 there is no such group\n',
    });
  });

  beforeAll(() => writeFileSync(key, JSON.stringify(AUTH_KEY)));

  it('subscribers: list, get, tags, group, suspend, activate, register', async () => {
    const list = await run('subscribers list --tag name=roof');
    expect(list.stdout).toMatch(new RegExp(`^${IMSI}  active {6}s1.standard  offline +sensors  roof\n$`));
    expect(JSON.parse((await run(`subscribers get ${IMSI}`)).stdout)).toMatchObject({ imsi: IMSI });
    await run(`subscribers tags ${IMSI} by=bench`);
    const tagged = await run(`subscribers tags ${IMSI} floor=3 by= --json`);
    expect(resultOf(tagged)).toMatchObject({ ok: true, subscriber: { tags: { name: 'roof', floor: '3' } } });
    expect(tagged.stdout).not.toContain('"by"');
    expect(resultOf(await run(`subscribers group ${IMSI} --json`))).toMatchObject({ subscriber: { groupId: null } });
    expect(resultOf(await run(`subscribers group ${IMSI} sensors --json`))).toMatchObject({
      subscriber: { groupId: 'sensors' },
    });
    expect((await run(`subscribers suspend ${IMSI}`)).stdout).toContain('suspended');
    expect((await run(`subscribers activate ${IMSI}`)).stdout).toContain('active');
    const secret = { AKARI_REGISTRATION_SECRET: REGISTRATION_SECRET };
    const made = await run(`subscribers register ${STOCK_IMSI} --group sensors --tag name=new --json`, secret);
    expect(resultOf(made)).toMatchObject({ ok: true, subscriber: { status: 'ready', tags: { name: 'new' } } });
    const inGroup = await run('subscribers list --group sensors --json');
    expect(inGroup.stdout.trim().split('\n')).toHaveLength(3);
    expect(resultOf(inGroup)).toEqual({ type: 'result', ok: true, count: 2 });
  });

  it('groups: create, configure, get, list', async () => {
    const id = (await run('groups create --tag name=north')).stdout.trim();
    const beam = `http://beam.soracom.io:8888/?a=b={"enabled":true,"destination":"https://c.example/"}`;
    expect((await run(`groups configure ${id} SoracomBeam ${beam}`)).code).toBe(1);
    const entry = beam.replace('?a=b', '');
    expect((await run(`groups configure ${id} SoracomBeam ${entry}`)).stderr).toBe('');
    const air = await run(`groups configure ${id} SoracomAir metadata={"enabled":true} userdata=hi --json`);
    expect(resultOf(air)).toMatchObject({
      group: {
        configuration: {
          SoracomAir: { metadata: { enabled: true }, userdata: 'hi' },
          SoracomBeam: { 'http://beam.soracom.io:8888/': { enabled: true } },
        },
      },
    });
    await run(`groups configure ${id} SoracomAir userdata=`);
    expect((await run(`groups get ${id}`)).stdout).not.toContain('userdata');
    expect((await run('groups list')).stdout).toContain(`${id}  north  SoracomBeam SoracomAir\n`);
  });

  it('credentials: put, list, delete; the secret goes in and not out', async () => {
    const fields = join(folder, 'psk.json');
    writeFileSync(fields, '{"key":"hunter2"}');
    const made = await run(`credentials put mine --type psk --file ${fields} --description d`);
    expect(made.stdout).toBe('made mine  psk  d\n');
    expect((await run(`credentials put mine --type psk --file ${fields}`)).stdout).toBe('replaced mine  psk\n');
    const list = await run('credentials list --json');
    expect(list.stdout).toContain('"credentialsId":"mine"');
    expect(list.stdout).not.toContain('hunter2');
    expect((await run('credentials delete mine')).stdout).toBe('deleted mine\n');
    expect(await run('credentials delete mine --json')).toMatchObject({ code: 1 });
  });

  it('auth: a key and token that the other verbs take', async () => {
    const { apiKey, token } = resultOf(await run('auth --json --token-timeout 600')) as Record<string, string>;
    const env = { AKARI_API_KEY: apiKey, AKARI_TOKEN: token, AKARI_AUTH_KEY_FILE: '' };
    expect((await run('groups list', env)).code).toBe(0);
    expect((await run('groups list', env)).code).toBe(0);
    expect((await run('auth')).stdout).toMatch(/^export AKARI_API_KEY=api-\S+\nexport AKARI_TOKEN=\S+\n$/);
  });

  it.each([
    ['groups get nowhere', 1, 'GET /v1/groups/nowhere: 404 GRP0001 there is no such group'],
    ['groups list --api http://127.0.0.1:9', 1, 'http://127.0.0.1:9 cannot be reached'],
    ['groups list --api ftp://x', 2, '--api "ftp://x": expected an http:// or https:// URL'],
    [
      'groups list --auth-key nowhere.json',
      2,
      '--auth-key nowhere.json cannot be read (ENOENT): there is no such file',
    ],
    [
      'groups configure sensors SoracomAir --file README.md',
      2,
      '--file README.md is not JSON: line 1, column 1: a value is expected',
    ],
    ['groups configure sensors SoracomAir', 2, 'nothing to configure'],
    [
      'groups configure sensors SoracomAir metadata={"enabled":1}',
      1,
      'SoracomAir.metadata.enabled: must be true or false',
    ],
    ['subscribers get ..', 2, '".." cannot be part of an address'],
    ['subscribers list --limit 0', 2, 'a whole number from 1'],
    ['subscribers register 440101111111112', 2, 'AKARI_REGISTRATION_SECRET'],
    ['subscribers tags 440101234567890 x', 2, '"x": expected name=value'],
    ['credentials put a --type psk --file package.json', 1, 'credentials.key: '],
    ['data get 440101234567890 --from yesterday', 2, '--from "yesterday"'],
    ['nothing', 2, 'unknown command'],
  ])('akari platform %s: exit code %i, and what to do', async (args, code, reason) => {
    const ended = await run(args);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(reason);
    expect(ended.stderr).not.toContain(AUTH_KEY.authKey);
  });

  it('a wrong AuthKey: exit code 1, in the last line of --json too', async () => {
    const ended = await run('groups list --json', {
      AKARI_AUTH_KEY_FILE: undefined,
      AKARI_AUTH_KEY_ID: AUTH_KEY.authKeyId,
      AKARI_AUTH_KEY: 'hunter2',
    });
    expect(ended.code).toBe(1);
    expect(resultOf(ended)).toEqual({
      type: 'result',
      ok: false,
      reason: 'POST /v1/auth: 401 AUM0001 authentication failed',
    });
  });
});

describe('what was written stays', () => {
  const fetcher = (): Client => new Client((request) => platform.api.fetch(request));

  it('over a restart: groups, configuration, credentials, users, tokens; no secret in the file', async () => {
    const root = await fetcher().signIn(AUTH_KEY);
    const { json: group } = await root.call('POST', '/groups', { tags: { name: 'kept' } });
    const path = `/groups/${String(group['groupId'])}`;
    await root.call('PUT', `${path}/configuration/SoracomAir`, [{ key: 'userdata', value: 'still here' }]);
    await root.call('POST', '/credentials/kept', { type: 'psk', credentials: { key: 'hunter-of-the-file' } });
    await root.call('POST', `/operators/${OPERATOR}/users/kept`, {});
    await root.call('POST', `/operators/${OPERATOR}/users/kept/password`, { password: 'password-of-the-file' });
    platform.close();
    const bytes = Buffer.concat(
      [file, `${file}-wal`].filter((name) => existsSync(name)).map((name) => readFileSync(name)),
    );
    const { apiKey = '-', token = '-' } = root.ticket ?? {};
    for (const secret of ['hunter-of-the-file', 'password-of-the-file', AUTH_KEY.authKey, apiKey, token]) {
      expect(bytes.includes(secret)).toBe(false);
    }
    platform = open({});
    const again = new Client((request) => platform.api.fetch(request), root.ticket);
    expect((await again.get(path)).json).toMatchObject({ configuration: { SoracomAir: { userdata: 'still here' } } });
    expect((await again.get('/credentials/kept')).status).toBe(200);
    expect((await fetcher().signIn(AUTH_KEY)).ticket).toBeDefined();
    const login = { operatorId: OPERATOR, userName: 'kept', password: 'password-of-the-file' };
    expect((await fetcher().call('POST', '/auth', login)).status).toBe(200);
    expect((await again.call('POST', '/auth/logout')).status).toBe(204);
  });

  it('over SIGKILL in the middle of writing: all that was acknowledged is there', async () => {
    const database = join(folder, 'killed.db');
    const child = endsWithTests(
      spawn(process.execPath, [resolve('test/platform/api-writer.mjs'), database], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    let acknowledged = '';
    child.stdout.on('data', (chunk: Buffer) => {
      acknowledged += chunk.toString();
      if (acknowledged.split('\n').length > 60) child.kill('SIGKILL');
    });
    expect(await new Promise((done) => child.once('close', (_code, signal) => done(signal)))).toBe('SIGKILL');
    const names = acknowledged.split('\n').slice(0, -1);
    expect(names.length).toBeGreaterThanOrEqual(60);
    const after = new Platform({
      clock,
      trace: new Trace(clock),
      upstream: new InProcessUpstream({ clock }),
      database: new Database(database),
      seal: seal(),
      config: {},
    });
    const root = await new Client((request) => after.api.fetch(request)).signIn(AUTH_KEY);
    const groups = (await root.get<{ tags: { name: string } }[]>('/groups?limit=1000')).json;
    const kept = new Set(groups.map(({ tags }) => tags.name));
    expect(names.filter((name) => !kept.has(name))).toEqual([]);
    // At most the one that was under way is there besides.
    expect(groups.length - names.length).toBeLessThanOrEqual(1 + 1);
    after.close();
  });
});
