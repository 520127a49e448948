// Files and data by the management API: permissions by path, bodies that come as time passes.

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { MINUTE, MS, SECOND } from '../../host/clock/clock.js';
import { duplexPair } from '../../host/cloud/index.js';
import { ApiWorld, type Client, OPERATOR } from './api-harness.js';
import { IMSI } from './harness.js';

/** Closed at the end: their files lie in temporary folders. */
const worlds: ApiWorld[] = [];
afterAll(() => worlds.forEach(({ platform }) => platform.close()));

function apiWorld(): ApiWorld {
  const world = new ApiWorld();
  worlds.push(world);
  return world;
}

const statement = (api: string, path?: string): object => ({
  effect: 'allow',
  api,
  ...(path !== undefined && { condition: `pathVariable('path') matches '${path}'` }),
});
const put = (client: Client, path: string, raw: string) =>
  client.call('PUT', path, undefined, { raw, headers: { 'content-type': 'text/plain' } });

describe('files', () => {
  it('PUT 201 and 200, GET, 304, 206, 416, 412, list, find, DELETE, 404', async () => {
    const root = await apiWorld().root();
    const file = '/files/private/logs/2026/a.txt';
    expect((await put(root, file, 'hello')).status).toBe(201);
    const again = await put(root, file, 'hello again');
    expect(again.status).toBe(200);
    const etag = again.headers.get('etag') ?? '';
    const got = await root.call('GET', file);
    expect([got.status, got.text, got.headers.get('etag')]).toEqual([200, 'hello again', etag]);
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await root.call('GET', file, undefined, { headers })).status;
    expect(await status({ 'if-none-match': etag })).toBe(304);
    expect(await status({ range: 'bytes=1-2' })).toBe(206);
    expect(await status({ range: 'bytes=99-' })).toBe(416);
    expect(await status({ 'if-match': '"x"' })).toBe(412);
    await put(root, '/files/private/logs/b', '');
    expect((await root.get<object[]>('/files/private/logs/')).json).toMatchObject([
      { filename: '2026', filePath: '/logs/2026', isDirectory: true },
      { filename: 'b', filePath: '/logs/b', isDirectory: false, contentLength: 0, contentType: 'text/plain' },
    ]);
    const first = await root.get<object[]>('/files/private/logs/?limit=1');
    expect([first.json.length, first.headers.get('x-soracom-next-key')]).toEqual([1, '%2Flogs%2F2026%2F']);
    expect((await root.get<object[]>('/files/private/logs/?last_evaluated_key=%2Flogs%2F2026%2F')).json).toMatchObject([
      { filename: 'b' },
    ]);
    expect((await root.get<object[]>('/files?prefix=/logs/2')).json).toMatchObject([{ filePath: '/logs/2026/a.txt' }]);
    expect((await root.call('DELETE', file)).status).toBe(204);
    expect(await root.call('DELETE', file)).toMatchObject({ status: 404, json: { code: 'HVF0001' } });
    expect((await root.get('/files/private/none/')).status).toBe(404);
    expect((await root.call('DELETE', '/files/private/')).status).toBe(403);
  });

  it('the scope public is to be read, another scope is none, names have their rules', async () => {
    const root = await apiWorld().root();
    expect((await put(root, '/files/public/a', 'x')).status).toBe(403);
    expect((await root.get('/files/public/')).status).toBe(200);
    for (const path of ['/files/secret/a', '/files/private/a//b', '/files/private/a%00b', '/files/private/a%5Cb']) {
      expect((await put(root, path, 'x')).status).toBe(400);
    }
  });

  it('another operator’s files are not there', async () => {
    const world = apiWorld();
    const [root, other] = [await world.root(), await world.other()];
    await put(root, '/files/private/a', 'ours');
    expect((await other.get('/files/private/a')).status).toBe(404);
    expect((await put(other, '/files/private/a', 'theirs')).status).toBe(201);
    expect((await root.get('/files/private/a')).text).toBe('ours');
  });

  it('no request of a user reaches what its conditions leave out, whatever the encoding', async () => {
    const world = apiWorld();
    const root = await world.root();
    const user = await world.user(root, 'ops', [statement('FileEntry:*', 'own/.*')]);
    await put(root, '/files/private/secret/a', 'the secret');
    expect((await put(user, '/files/private/own/a', 'x')).status).toBe(201);
    expect((await user.get('/files/private/own/a')).status).toBe(200);
    expect((await user.get('/files/private/secret/a')).status).toBe(403);
    const target = fc
      .tuple(
        fc.constantFrom('', 'own/', 'own/x/', 'own%2F'),
        fc.constantFrom('', '../', '%2e%2e/', '..%2f', '/', '..%5c', '%252e%252e/', '//'),
        fc.constantFrom('secret/a', 'secret%2fa', '%73ecret/a', 'SECRET/a'),
        fc.constantFrom('', '/', '?path=own/a', '%00'),
      )
      .map((parts) => `/files/private/${parts.join('')}`);
    await fc.assert(
      fc.asyncProperty(target, fc.constantFrom('GET', 'PUT', 'DELETE'), async (path, method) => {
        const answer = method === 'PUT' ? await put(user, path, 'evil') : await user.call(method, path);
        expect(answer.text).not.toContain('the secret');
        expect((await root.get('/files/private/secret/a')).text).toBe('the secret');
      }),
      { numRuns: 120 },
    );
  });

  it('an upload whose body comes little by little is stored, one that breaks off is not', async () => {
    const world = apiWorld();
    const root = await world.root();
    const upload = (length: number): { text: string; send: (part: string) => void; cut: () => void } => {
      const [near, far] = duplexPair(world.clock, 20 * MS);
      world.platform.api.accept(far);
      const device = { text: '', send: (part: string) => void near.write(part), cut: () => void near.destroy() };
      near.on('data', (chunk: Buffer) => (device.text += chunk.toString()));
      const keys = `X-Soracom-API-Key: ${root.ticket?.apiKey}\r\nX-Soracom-Token: ${root.ticket?.token}\r\n`;
      device.send(`PUT /v1/files/private/slow HTTP/1.1\r\nHost: a\r\n${keys}Content-Length: ${length}\r\n\r\n`);
      return device;
    };
    const run = (until: () => boolean, within = 5 * MINUTE): Promise<string> =>
      world.clock.run({ until, deadline: world.clock.now() + within });
    const whole = upload(6);
    for (const part of ['ab', 'cd', 'ef']) {
      await run(() => false, 30 * SECOND);
      whole.send(part);
    }
    await run(() => whole.text !== '');
    expect(whole.text).toMatch(/^HTTP\/1\.1 201 /);
    const broken = upload(6);
    broken.send('xyz');
    await run(() => false, SECOND);
    broken.cut();
    await run(() => false, SECOND);
    const silent = upload(6);
    silent.send('xyz');
    await run(() => silent.text !== '');
    expect(silent.text).toMatch(/^HTTP\/1\.1 408 /);
    expect((await root.get('/files/private/slow')).text).toBe('abcdef');
  });
});

describe('data', () => {
  it('is read with a token, and by a user whom a statement lets', async () => {
    const world = apiWorld();
    const root = await world.root();
    const resource = { operatorId: OPERATOR, resourceType: 'Subscriber', resourceId: IMSI } as const;
    world.platform.data.add(resource, [{ timeMs: 5, contentType: 'application/json', content: '{}' }]);
    const path = `/data/Subscriber/${IMSI}`;
    expect((await world.anybody.get(path)).status).toBe(401);
    expect((await root.get(path)).json).toMatchObject([{ time: 5, content: '{}' }]);
    const reader = await world.user(root, 'reader', [statement('DataEntry:getDataEntries')]);
    expect((await reader.get(path)).status).toBe(200);
    expect((await reader.call('DELETE', `${path}/5`)).status).toBe(403);
    expect((await (await world.other()).get(path)).json).toEqual([]);
  });
});
