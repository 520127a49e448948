import fc from 'fast-check';
import { readdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HOUR, SECOND } from '../../host/clock/clock.js';
import { defaultPathOf, PathError, pathOfTarget } from '../../host/platform/harvest-files/path.js';
import { PlatformConfigError } from '../../host/platform/index.js';
import { BeamWorld, EPOCH_MS, IMSI, session } from './harness.js';
import { type Answered, ask, type Asked, harvestWorld, OTHER } from './harvest-world.js';

const HOST = 'harvest-files.soracom.io';
const OPERATOR = 'OP0012345678';
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'akari-files-test-'));
  folders.push(made);
  return made;
}

const world = (more: object = {}, filesFolder = folder()): BeamWorld =>
  harvestWorld({ SoracomHarvestFiles: { enabled: true, ...more } }, { filesFolder });
const request = (of: BeamWorld, method: string, path: string, asked: Asked = {}): Promise<Answered> =>
  ask(of, HOST, method, path, asked);
const put = (of: BeamWorld, path: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  request(of, 'PUT', path, { body, headers: { 'Content-Type': 'text/plain', ...headers } });
const get = (of: BeamWorld, path: string, headers: Record<string, string> = {}) =>
  request(of, 'GET', path, { headers });
const stored = (of: BeamWorld, path: string) => of.platform.files.get({ operatorId: OPERATOR, scope: 'private', path });
const paths = (of: BeamWorld): string[] =>
  of.platform.files.find(OPERATOR, 'private', '/', 1000).map(({ path }) => path);

describe('files of a device', () => {
  it.each(['PUT', 'POST'])(
    '%s: 201 for a new file, 200 for another version; GET gives it with its type',
    async (method) => {
      const files = world();
      const headers = { 'Content-Type': 'text/csv; charset=utf-8' };
      expect(await request(files, method, '/logs/a.csv', { body: 'one', headers })).toMatchObject({
        status: 201,
        body: Buffer.alloc(0),
      });
      const first = await get(files, '/logs/a.csv');
      expect(first).toMatchObject({ status: 200, body: Buffer.from('one') });
      expect(first.headers).toMatchObject({
        'content-type': 'text/csv; charset=utf-8',
        'content-length': '3',
        'accept-ranges': 'bytes',
        'last-modified': expect.stringMatching(/GMT$/) as string,
      });
      expect((await request(files, method, '/logs/a.csv', { body: 'another' })).status).toBe(200);
      const second = await get(files, '/logs/a.csv');
      expect(second.body.toString()).toBe('another');
      expect(second.headers['content-type']).toBe('application/octet-stream');
      expect(second.headers['etag']).not.toBe(first.headers['etag']);
    },
  );

  it('HEAD has all of GET but the body; DELETE takes the file away; what is not there is 404', async () => {
    const files = world();
    await put(files, '/a', 'hello');
    const [whole, head] = [await get(files, '/a'), await request(files, 'HEAD', '/a')];
    expect(head.status).toBe(200);
    expect(head.body).toHaveLength(0);
    expect({ ...head.headers, date: '' }).toEqual({ ...whole.headers, date: '' });
    expect((await request(files, 'DELETE', '/a')).status).toBe(204);
    for (const method of ['GET', 'HEAD', 'DELETE']) expect((await request(files, method, '/a')).status).toBe(404);
    expect((await request(files, 'PATCH', '/a')).status).toBe(405);
  });

  it('an empty file is a file', async () => {
    const files = world();
    expect((await put(files, '/empty', '')).status).toBe(201);
    expect(await get(files, '/empty')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect((await get(files, '/empty', { Range: 'bytes=0-' })).status).toBe(416);
  });

  it('many bytes come back as they went, and the folder holds them under no name of the device’s', async () => {
    const place = folder();
    const files = world({}, place);
    const bytes = Buffer.from(Array.from({ length: 700_001 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
    expect((await put(files, '/deep/er/big.bin', bytes)).status).toBe(201);
    expect((await get(files, '/deep/er/big.bin')).body.equals(bytes)).toBe(true);
    expect(readdirSync(place)).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
    await put(files, '/deep/er/big.bin', 'small now');
    expect(readdirSync(place)).toHaveLength(1);
    await request(files, 'DELETE', '/deep/er/big.bin');
    expect(readdirSync(place)).toEqual([]);
  });

  it('without a data folder the bytes lie in a temporary one, which goes with the platform', async () => {
    const before = readdirSync(tmpdir()).filter((name) => /^akari-files-(?!test)/.test(name));
    const files = harvestWorld({ SoracomHarvestFiles: { enabled: true } });
    await put(files, '/a', 'x');
    const during = readdirSync(tmpdir()).filter((name) => /^akari-files-(?!test)/.test(name) && !before.includes(name));
    expect(during.length).toBeGreaterThanOrEqual(1);
    expect((await get(files, '/a')).body.toString()).toBe('x');
    files.platform.close();
    const left = readdirSync(tmpdir()).filter((name) => during.includes(name));
    expect(left.length).toBeLessThan(during.length);
  });

  it('GET of a directory lists it', async () => {
    const files = world();
    for (const path of ['/b.txt', '/logs/1', '/logs/2/x', '/logs/2/y', '/logsx']) await put(files, path, path);
    const listed = JSON.parse((await get(files, '/logs/')).body.toString()) as object[];
    expect(listed).toMatchObject([
      { filename: '1', filePath: '/logs/1', directory: '/logs/', isDirectory: false, contentLength: 7 },
      { filename: '2', filePath: '/logs/2', directory: '/logs/', isDirectory: true },
    ]);
    expect(JSON.parse((await get(files, '/')).body.toString())).toMatchObject([
      { filePath: '/b.txt' },
      { filePath: '/logs', isDirectory: true },
      { filePath: '/logsx' },
    ]);
    expect((await get(files, '/none/')).status).toBe(404);
  });

  it('a listing has each name once, in order, whatever the names and the pages', async () => {
    const piece = fc.constantFrom('a', 'b', 'a0', 'a.', '\u{10ffff}', '\u{10ffff}x', '~', '%', '_', 'あ');
    const name = fc.array(piece, { minLength: 1, maxLength: 3 }).map((parts) => `/d/${parts.join('/')}`);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { maxLength: 8 }), fc.integer({ min: 1, max: 3 }), async (names, limit) => {
        const files = world();
        const store = files.platform.files;
        for (const path of names) {
          await store.put({ operatorId: OPERATOR, scope: 'private', path }, 'text/plain', one('x'));
        }
        const seen: string[] = [];
        for (let after = '', more = true; more && seen.length < 50;) {
          const page = store.list({ operatorId: OPERATOR, scope: 'private', path: '/d/' }, limit, after);
          seen.push(...page.listed.map((listed) => ('file' in listed ? listed.file.path : listed.directory)));
          after = seen.at(-1) ?? '';
          ({ more } = page);
        }
        const expected = new Set(names.map((path) => path.replace(/^(\/d\/[^/]*\/).*/su, '$1')));
        expect([...seen].sort()).toEqual([...expected].sort());
        expect(
          store
            .find(OPERATOR, 'private', '/d/a', 100)
            .map(({ path }) => path)
            .sort(),
        ).toEqual(names.filter((path) => path.startsWith('/d/a')).sort());
        files.platform.close();
      }),
      { numRuns: 40 },
    );
  });

  it('two uploads of one file at once: one of them is there whole', async () => {
    const files = world();
    const devices = ['a', 'b'].map((letter) => {
      const device = files.connect(80, session(), HOST);
      device.send(
        `PUT /f HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4000\r\n\r\n${letter.repeat(2000)}`,
      );
      return { device, rest: letter.repeat(2000) };
    });
    await files.run(() => false, SECOND);
    for (const { device, rest } of devices) device.send(rest);
    for (const { device } of devices) await device.ended();
    expect(devices.map(({ device }) => device.text.slice(9, 12)).sort()).toEqual(['200', '201']);
    expect((await get(files, '/f')).body.toString()).toMatch(/^(a{4000}|b{4000})$/);
  });

  it('files of 731 days ago are gone', async () => {
    const place = folder();
    const files = world({}, place);
    await put(files, '/old', 'x');
    await files.run(() => false, 732 * 24 * HOUR);
    expect((await get(files, '/old')).status).toBe(404);
    await put(files, '/new', 'y');
    expect(readdirSync(place)).toHaveLength(1);
  });
});

describe('ranges and conditions (RFC 9110)', () => {
  async function ten(): Promise<{ files: BeamWorld; etag: string; modified: string }> {
    const files = world();
    await put(files, '/ten', '0123456789');
    const { headers } = await get(files, '/ten');
    return { files, etag: headers['etag'] ?? '', modified: headers['last-modified'] ?? '' };
  }

  it.each([
    ['bytes=0-0', '0', '0-0'],
    ['bytes=2-5', '2345', '2-5'],
    ['bytes=7-', '789', '7-9'],
    ['bytes=7-100', '789', '7-9'],
    ['bytes=-3', '789', '7-9'],
    ['bytes=-30', '0123456789', '0-9'],
    ['BYTES= 1-2 ', '12', '1-2'],
  ])('%s: 206', async (Range, body, range) => {
    const { files } = await ten();
    const answer = await get(files, '/ten', { Range });
    expect([answer.status, answer.body.toString(), answer.headers['content-range']]).toEqual([
      206,
      body,
      `bytes ${range}/10`,
    ]);
    expect(answer.headers['content-length']).toBe(String(body.length));
  });

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=99999999999999999999-'])('%s: 416', async (Range) => {
    const { files } = await ten();
    const answer = await get(files, '/ten', { Range });
    expect([answer.status, answer.headers['content-range']]).toEqual([416, 'bytes */10']);
  });

  it.each(['bytes=5-2', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=0-1,3-4', 'lines=1-2', 'bytes 1-2', 'bytes=1--2'])(
    '%s: the whole file',
    async (Range) => {
      const { files } = await ten();
      expect(await get(files, '/ten', { Range })).toMatchObject({ status: 200, body: Buffer.from('0123456789') });
    },
  );

  it('a range of HEAD does not count', async () => {
    const { files } = await ten();
    expect((await request(files, 'HEAD', '/ten', { headers: { Range: 'bytes=1-2' } })).status).toBe(200);
  });

  it('If-Range: only of the same version', async () => {
    const { files, etag, modified } = await ten();
    const ranged = async (value: string): Promise<number> =>
      (await get(files, '/ten', { Range: 'bytes=1-2', 'If-Range': value })).status;
    expect([await ranged(etag), await ranged(modified)]).toEqual([206, 206]);
    expect([await ranged('"other"'), await ranged(`W/${etag}`), await ranged('Tue, 01 Jan 2019 00:00:00 GMT')]).toEqual(
      [200, 200, 200],
    );
  });

  it('If-None-Match, If-Match, If-Modified-Since, If-Unmodified-Since', async () => {
    const { files, etag, modified } = await ten();
    const status = async (name: string, value: string, method = 'GET'): Promise<number> =>
      (await request(files, method, '/ten', { headers: { [name]: value } })).status;
    const before = 'Tue, 01 Jan 2019 00:00:00 GMT';
    expect(await status('If-None-Match', etag)).toBe(304);
    expect(await status('If-None-Match', `"x", W/${etag}`, 'HEAD')).toBe(304);
    expect(await status('If-None-Match', '*')).toBe(304);
    expect(await status('If-None-Match', '"x"')).toBe(200);
    expect(await status('If-Match', etag)).toBe(200);
    expect(await status('If-Match', '"x"')).toBe(412);
    expect(await status('If-Modified-Since', modified)).toBe(304);
    expect(await status('If-Modified-Since', 'yesterday')).toBe(200);
    expect(await status('If-Unmodified-Since', modified)).toBe(200);
    expect(await status('If-Unmodified-Since', before)).toBe(412);
  });

  it('a PUT under a condition changes nothing when it is not met', async () => {
    const { files, etag } = await ten();
    expect((await put(files, '/ten', 'x', { 'If-None-Match': '*' })).status).toBe(412);
    expect((await put(files, '/ten', 'x', { 'If-Match': '"old"' })).status).toBe(412);
    expect((await put(files, '/none', 'x', { 'If-Match': '*' })).status).toBe(412);
    expect((await get(files, '/ten')).body.toString()).toBe('0123456789');
    expect((await put(files, '/ten', 'x', { 'If-Match': etag })).status).toBe(200);
    expect((await put(files, '/new', 'x', { 'If-None-Match': '*' })).status).toBe(201);
    expect((await put(files, '/ten', 'x', { 'Content-Range': 'bytes 0-0/10' })).status).toBe(400);
  });

  it('any range of any file is the slice it says', async () => {
    const { files } = await ten();
    const number = fc.option(fc.integer({ min: 0, max: 14 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(number, number, async (first, last) => {
        const answer = await get(files, '/ten', { Range: `bytes=${first ?? ''}-${last ?? ''}` });
        if (answer.status !== 206) return;
        const [, from, to] = /^bytes (\d+)-(\d+)\/10$/.exec(answer.headers['content-range'] ?? '') ?? [];
        expect(answer.body.toString()).toBe('0123456789'.slice(Number(from), Number(to) + 1));
        expect(answer.body.length).toBeGreaterThan(0);
        if (first !== undefined) expect(Number(from)).toBe(first);
      }),
      { numRuns: 60 },
    );
  });
});

describe('names', () => {
  it('`:imsi` is the caller’s own, up and down', async () => {
    const files = world();
    await put(files, '/logs/:imsi/a', 'mine');
    await request(files, 'PUT', '/logs/:imsi/a', { body: 'theirs', caller: session(OTHER) });
    expect(paths(files)).toEqual([`/logs/${OTHER}/a`, `/logs/${IMSI}/a`].sort());
    expect((await get(files, '/logs/%3Aimsi/a')).body.toString()).toBe('mine');
  });

  it.each([
    ['/logs/:imsi/:time/logs.txt', new RegExp(`^/logs/${IMSI}/${String(EPOCH_MS).slice(0, 8)}\\d{5}/logs\\.txt$`)],
    ['/fixed/', /^\/fixed$/],
  ])('an upload without a name goes to the default path %s', async (defaultPath, expected) => {
    const files = world({ defaultPath });
    expect((await put(files, '/', 'x')).status).toBe(201);
    expect(paths(files)).toEqual([expect.stringMatching(expected)]);
  });

  it.each([[undefined], ['logs.txt'], ['/'], ['']])('default path %j: 404', async (defaultPath) => {
    const files = world({ ...(defaultPath !== undefined && { defaultPath }) });
    expect((await put(files, '/', 'x')).status).toBe(404);
    expect(paths(files)).toEqual([]);
  });

  it.each([
    '/../etc/passwd',
    '/a/../b',
    '/a/..',
    '/./a',
    '/%2e%2e/a',
    '/%2E%2e/a',
    '/.%2e/a',
    '/a%2f..%2fb',
    '/a//b',
    '//a',
    '/a\\b',
    '/a%5cb',
    '/a%00b',
    '/a%0ab',
    '/a%7fb',
    '/%ff',
    '/%c0%ae%c0%ae/a',
    '/%ed%a0%80',
    '/\xff',
    '/%',
    '/%4',
    '/%zz',
    '/a#b',
    `/${'x'.repeat(1024)}`,
    `/${'d/'.repeat(17)}f`,
    '/dir/',
  ])('%j: 400, nothing stored', async (path) => {
    const files = world();
    expect((await put(files, path, 'x')).status).toBe(400);
    expect(paths(files)).toEqual([]);
  });

  it.each([
    ['/%252e%252e/a', '/%2e%2e/a'],
    ['/a%20b+c', '/a b+c'],
    ['/%E6%97%A5%E6%9C%AC%E8%AA%9E', '/日本語'],
    ['/a?b=c', '/a'],
    ['/...', '/...'],
    ['/a%2Fb', '/a/b'],
    [`http://other.host/a`, '/a'],
    [`/${'x'.repeat(1023)}`, `/${'x'.repeat(1023)}`],
    [`/${'d/'.repeat(16)}f`, `/${'d/'.repeat(16)}f`],
  ])('%s is kept as %s', async (target, path) => {
    const files = world();
    expect((await put(files, target, 'x')).status).toBe(201);
    expect(paths(files)).toEqual([path]);
    expect((await get(files, target)).body.toString()).toBe('x');
  });

  it('whatever the target: a name of the right form, or PathError', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '%5c',
      '\\',
      ':imsi',
      '%3aimsi',
      '%00',
      'a',
      '\xe3',
      '%e3%81%82',
      '%',
      '?',
      '#',
      ':IMSI',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }), (parts) => {
        let path: string;
        try {
          path = pathOfTarget(`/${parts.join('')}`, IMSI);
        } catch (error) {
          expect(error).toBeInstanceOf(PathError);
          return;
        }
        const segments = path.replace(/\/$/, '').split('/').slice(1);
        if (path !== '/') expect(segments).not.toContain('');
        expect(segments).not.toContain('.');
        expect(segments).not.toContain('..');
        expect(path).toMatch(/^\/[^\\\0]*$/);
        expect(path).not.toContain(':imsi');
      }),
      { numRuns: 2000 },
    );
    expect(() => defaultPathOf('/../x', IMSI, 0)).toThrow(PathError);
  });
});

describe('who may', () => {
  const allow = (api: string, pattern: string) => ({
    effect: 'allow',
    api: `FileEntry:${api}`,
    condition: `pathVariable('path') matches '${pattern}'`,
  });

  function withRole(statements: object[], key = 'assumedRoleId'): BeamWorld {
    const files = world({ [key]: 'device-role' });
    files.platform.accounts.sam.putRole(OPERATOR, 'device-role', JSON.stringify({ statements }));
    return files;
  }

  it('the role’s statements, as in the documentation’s example', async () => {
    const files = withRole([
      allow('listFiles', 'firmware/versions/'),
      allow('getFile', 'firmware/versions/.*'),
      allow('putFile', 'logs/:imsi/.*'),
    ]);
    const key = { operatorId: OPERATOR, scope: 'private', path: '/firmware/versions/1.bin' } as const;
    await files.platform.files.put(key, 'application/octet-stream', one('v1'));
    const status = async (method: string, path: string, body?: string): Promise<number> =>
      (await request(files, method, path, body === undefined ? {} : { body })).status;
    expect(await status('GET', '/firmware/versions/1.bin')).toBe(200);
    expect(await status('GET', '/firmware/versions/')).toBe(200);
    expect(await status('GET', '/firmware/')).toBe(403);
    expect(await status('GET', '/firmware/other.bin')).toBe(403);
    expect(await status('PUT', '/firmware/versions/1.bin', 'evil')).toBe(403);
    expect(await status('DELETE', '/firmware/versions/1.bin')).toBe(403);
    expect(await status('PUT', '/logs/:imsi/a', 'log')).toBe(201);
    expect(await status('PUT', `/logs/${IMSI}/b`, 'log')).toBe(201);
    expect(await status('PUT', `/logs/${OTHER}/a`, 'log')).toBe(403);
    expect(await status('PUT', `/x/logs/${IMSI}/a`, 'log')).toBe(403);
    expect(await status('GET', '/logs/:imsi/a')).toBe(403);
    // What is denied is 403, whether it is there or not.
    expect(await status('GET', `/logs/${OTHER}/none`)).toBe(403);
  });

  it('deleteFile and FileEntry:*; an older name of the key', async () => {
    const files = withRole([allow('*', 'own/:imsi/.*')], 'roleId');
    await put(files, '/own/:imsi/a', 'x');
    expect((await request(files, 'DELETE', '/own/:imsi/a')).status).toBe(204);
    expect((await request(files, 'DELETE', '/other')).status).toBe(403);
  });

  it('a role that is not there permits nothing', async () => {
    const files = world({ assumedRoleId: 'nobody' });
    expect((await put(files, '/a', 'x')).status).toBe(403);
    expect((await get(files, '/a')).status).toBe(403);
  });

  it('a pattern made to hang a backtracking engine does not', async () => {
    const files = withRole([allow('putFile', '(a*)*(a|a)*b')]);
    const started = process.hrtime.bigint();
    expect((await put(files, `/${'a'.repeat(500)}`, 'x')).status).toBe(403);
    expect(Number(process.hrtime.bigint() - started)).toBeLessThan(5e9);
  });

  it('no request of one SIM reaches what its role denies, whatever the encoding', async () => {
    const files = withRole([allow('*', 'own/:imsi/.*')]);
    const victim = { operatorId: OPERATOR, scope: 'private', path: `/own/${OTHER}/secret` } as const;
    await files.platform.files.put(victim, 'text/plain', one('the secret'));
    const encoded = (text: string): fc.Arbitrary<string> =>
      fc
        .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
        .map((which) =>
          [...text].map((char, i) => (which[i] === true ? `%${char.charCodeAt(0).toString(16)}` : char)).join(''),
        );
    const climb = fc.constantFrom('', '/..', '/.', '//', '/%2e%2e', '\\..', '/%252e%252e', '/..;', '/:imsi');
    const target = fc
      .tuple(
        encoded(`/own/${IMSI}`),
        climb,
        climb,
        encoded(`/own/${OTHER}/secret`),
        fc.constantFrom('', '?x', '%00', '/', '%20', '#'),
      )
      .chain(([own, a, b, other, tail]) =>
        fc.constantFrom(
          `${own}${a}${b}${other}${tail}`,
          `${a}${other}${tail}`,
          other.toUpperCase(),
          `http://x${other}`,
        ),
      );
    await fc.assert(
      fc.asyncProperty(target, fc.constantFrom('GET', 'PUT', 'DELETE', 'HEAD', 'POST'), async (path, method) => {
        const headers = { 'X-Soracom-Imsi': OTHER, Host: `${OTHER}.example` };
        const answer = await request(files, method, path, { headers, ...(/^P/.test(method) && { body: 'evil' }) });
        expect(answer.body.toString()).not.toContain('the secret');
        expect(paths(files).filter((one) => !one.startsWith(`/own/${IMSI}/`))).toEqual([victim.path]);
        expect(stored(files, victim.path)).toMatchObject({ length: 10 });
      }),
      { numRuns: 150 },
    );
  });

  it('another operator’s file of the same name is another file', async () => {
    const files = world();
    const stranger = { operatorId: 'OP0000000001', scope: 'private', path: '/a' } as const;
    await files.platform.files.put(stranger, 'text/plain', one('theirs'));
    expect((await get(files, '/a')).status).toBe(404);
    await put(files, '/a', 'ours');
    await request(files, 'DELETE', '/a');
    expect(files.platform.files.get(stranger)).toMatchObject({ length: 6 });
  });

  it.each([
    ['off', { SoracomHarvestFiles: { enabled: false } }],
    ['not configured', {}],
  ])('%s: 403', async (_, configuration) => {
    const files = harvestWorld(configuration);
    expect((await put(files, '/a', 'x')).status).toBe(403);
    expect((await get(files, '/a')).status).toBe(403);
  });

  it('suspended, in no group, session closed: 403', async () => {
    const files = world();
    files.platform.directory.change(IMSI, { status: 'suspended' });
    expect((await put(files, '/a', 'x')).status).toBe(403);
    files.platform.directory.change(IMSI, { status: 'active', groupId: null });
    expect((await put(files, '/a', 'x')).status).toBe(403);
    files.platform.directory.change(IMSI, { groupId: 'sensors' });
    const caller = session();
    caller.open = false;
    expect((await request(files, 'PUT', '/a', { body: 'x', caller })).status).toBe(403);
    expect(paths(files)).toEqual([]);
  });

  it('a refused upload that asks first is not sent', async () => {
    const files = withRole([]);
    const device = files.connect(80, session(), HOST);
    device.send('PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n');
    await device.ended();
    expect(device.text).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe('limits', () => {
  it('100 MiB for each upload: more is 413 by its announcement alone', async () => {
    const files = world();
    const device = files.connect(80, session(), HOST);
    device.send(`PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${100 * 1024 * 1024 + 1}\r\n\r\n`);
    await device.expect('maximum content-length is 104857600');
    expect(device.text).toMatch(/^HTTP\/1\.1 413 /);
    expect(paths(files)).toEqual([]);
  });

  it('a long Content-Type: 400', async () => {
    expect((await put(world(), '/a', 'x', { 'Content-Type': 'x'.repeat(256) })).status).toBe(400);
  });

  it.each([
    [{ enabled: true, path: '/' }, ': unknown key "path"'],
    [{ enabled: true, defaultPath: 5 }, '.defaultPath: '],
    [{ enabled: true, assumedRoleId: 'a', roleId: 'b' }, '.roleId: is another name'],
  ])('configuration %j: refused', (SoracomHarvestFiles, fault) => {
    expect(() => harvestWorld({ SoracomHarvestFiles })).toThrow(PlatformConfigError);
    expect(() => harvestWorld({ SoracomHarvestFiles })).toThrow(`configuration.SoracomHarvestFiles${fault}`);
  });
});

async function* one(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text));
}
