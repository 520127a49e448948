// Harvest Files when something breaks: uploads that stop, power cuts at each step of the store, SIGKILL, a full disk.

import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { type Blobs, type BlobWriter, DiskBlobs } from '../../host/platform/harvest-files/blobs.js';
import { type FileKey, FileStore } from '../../host/platform/harvest-files/store.js';
import { Database, Seal } from '../../host/platform/index.js';
import { Random } from '../../host/random.js';
import { BeamWorld, session } from './harness.js';
import { ask, harvestWorld } from './harvest-world.js';

const HOST = 'harvest-files.soracom.io';
const root = mkdtempSync(join(tmpdir(), 'akari-files-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const folder = (): string => join(root, String(++made));

const world = (filesFolder: string): BeamWorld =>
  harvestWorld({ SoracomHarvestFiles: { enabled: true } }, { filesFolder });
const get = async (of: BeamWorld, path: string): Promise<string> => {
  const { status, body } = await ask(of, HOST, 'GET', path);
  return `${status} ${body.toString()}`;
};

describe('an upload that stops', () => {
  const head = (length: number): string => `PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

  it.each([
    [
      'because the device goes away',
      (of: BeamWorld, device: ReturnType<BeamWorld['connect']>) => {
        device.stream.destroy(new Error('radio lost'));
        return of.run(() => false, MINUTE);
      },
    ],
    [
      'because nothing comes any more',
      async (_: BeamWorld, device: ReturnType<BeamWorld['connect']>) => {
        await device.expect('HTTP/1.1 408 ');
      },
    ],
    [
      'with a FIN',
      (of: BeamWorld, device: ReturnType<BeamWorld['connect']>) => {
        device.stream.end();
        return of.run(() => false, MINUTE);
      },
    ],
  ])('%s: no half file, the old version stays', async (_, stop) => {
    const place = folder();
    const files = world(place);
    expect((await ask(files, HOST, 'PUT', '/f', { body: 'old' })).status).toBe(201);
    const device = files.connect(80, session(), HOST);
    device.send(head(100_000) + 'x'.repeat(50_000));
    await files.run(() => false, SECOND);
    expect(readdirSync(place).filter((name) => name.endsWith('.part'))).toHaveLength(1);
    expect(await get(files, '/f')).toBe('200 old');
    await stop(files, device);
    await files.run(() => false, SECOND);
    expect(await get(files, '/f')).toBe('200 old');
    expect(readdirSync(place)).toHaveLength(1);
  });

  it('because the platform closes: swept away at the next start', async () => {
    const place = folder();
    const database = new Database(join(root, 'closed.db'));
    const seal = new Seal();
    const config = { SoracomHarvestFiles: { enabled: true } };
    const files = harvestWorld(config, { filesFolder: place, database, seal });
    await ask(files, HOST, 'PUT', '/f', { body: 'old' });
    const device = files.connect(80, session(), HOST);
    device.send(head(100_000) + 'x'.repeat(50_000));
    await files.run(() => false, SECOND);
    files.platform.close();
    await files.run(() => false, SECOND);
    const again = harvestWorld(config, { filesFolder: place, database: new Database(join(root, 'closed.db')), seal });
    expect(await get(again, '/f')).toBe('200 old');
    expect(readdirSync(place)).toHaveLength(1);
  });
});

class Cut extends Error {
  readonly code: string;
  constructor(code: string) {
    super('cut');
    this.code = code;
  }
}

/** Blobs whose step number `at` fails before or after it is done; with `dead`, so do all that follow. */
class CutBlobs implements Blobs {
  steps = 0;
  cut = false;
  readonly #blobs: Blobs;
  readonly #at: number;
  readonly #after: boolean;
  readonly #dead: boolean;
  readonly #code: string;

  constructor(blobs: Blobs, at: number, { after = false, dead = true, code = 'ECUT' } = {}) {
    this.#blobs = blobs;
    this.#at = at;
    this.#after = after;
    this.#dead = dead;
    this.#code = code;
  }

  async create(): Promise<BlobWriter> {
    const writer = await this.#step(() => this.#blobs.create());
    return {
      id: writer.id,
      write: (bytes) => this.#step(() => writer.write(bytes)),
      finish: () => this.#step(() => writer.finish()),
      discard: () => this.#step(() => writer.discard()),
    };
  }

  open(id: string): ReturnType<Blobs['open']> {
    return this.#blobs.open(id);
  }

  remove(id: string): Promise<void> {
    return this.#step(() => this.#blobs.remove(id));
  }

  sweep(keep: ReadonlySet<string>): void {
    this.#blobs.sweep(keep);
  }

  close(): void {
    this.#blobs.close();
  }

  async #step<T>(work: () => Promise<T>): Promise<T> {
    if (this.cut && this.#dead) throw new Cut(this.#code);
    const now = this.steps++ === this.#at;
    if (now && !this.#after) {
      this.cut = true;
      throw new Cut(this.#code);
    }
    const result = await work();
    if (now) {
      this.cut = true;
      throw new Cut(this.#code);
    }
    return result;
  }
}

const key: FileKey = { operatorId: 'OP0012345678', scope: 'private', path: '/f' };

async function* parts(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

async function contentOf(store: FileStore): Promise<string> {
  const file = store.get(key);
  if (file === undefined) return 'nothing';
  const source = store.open(key, ({ length }) => ({ from: 0, to: length - 1 }));
  const chunks: Uint8Array[] = [];
  for await (const chunk of source?.chunks() ?? []) chunks.push(chunk);
  source?.release();
  const bytes = Buffer.concat(chunks);
  expect(file.etag).toBe(`"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`);
  return bytes.toString();
}

describe('power cuts at each step of the store', () => {
  const clock = new VirtualClock(0);

  it.each([false, true])(
    'putting a new version, cut %j after the step: old or new, whole, and no orphans',
    async (after) => {
      const outcomes: string[] = [];
      for (let at = 0; at < 20; at++) {
        const place = folder();
        const file = join(root, `cut-${after}-${at}.db`);
        const before = new FileStore({ clock, database: new Database(file), blobs: new DiskBlobs(place) });
        await before.put(key, 'text/plain', parts('old ', 'version'));
        const blobs = new CutBlobs(new DiskBlobs(place), at, { after });
        const store = new FileStore({ clock, database: new Database(file), blobs });
        const acknowledged = await store.put(key, 'text/plain', parts('new ', 'version')).then(
          () => true,
          () => false,
        );
        const again = new FileStore({ clock, database: new Database(file), blobs: new DiskBlobs(place) });
        const content = await contentOf(again);
        if (acknowledged) expect(content, `step ${at}`).toBe('new version');
        expect(['old version', 'new version'], `step ${at}`).toContain(content);
        expect(readdirSync(place), `step ${at}`).toHaveLength(1);
        outcomes.push(`${acknowledged} ${content}`);
        if (!blobs.cut) break;
      }
      // create, two writes, finish, removal of the old blob: the loop went past all of them, and both outcomes were there.
      expect(outcomes.length).toBeGreaterThan(5);
      expect(new Set(outcomes)).toEqual(new Set(['false old version', 'true new version']));
    },
  );

  it('deleting, cut after the name is gone: the bytes are swept away', async () => {
    const place = folder();
    const file = join(root, 'cut-delete.db');
    const store = new FileStore({
      clock,
      database: new Database(file),
      blobs: new CutBlobs(new DiskBlobs(place), 3),
    });
    await store.put(key, 'text/plain', parts('x'));
    expect(await store.delete(key)).toBe(true);
    expect(readdirSync(place)).toHaveLength(1);
    const again = new FileStore({ clock, database: new Database(file), blobs: new DiskBlobs(place) });
    expect(again.get(key)).toBeUndefined();
    expect(readdirSync(place)).toEqual([]);
  });

  it('a full disk: refused with 503, nothing stays, and the next upload succeeds', async () => {
    for (let at = 0; at < 4; at++) {
      const place = folder();
      const blobs = new CutBlobs(new DiskBlobs(place), at, { dead: false, code: 'ENOSPC' });
      const store = new FileStore({ clock, database: new Database(), blobs });
      await expect(store.put(key, 'text/plain', parts('a', 'b'))).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(readdirSync(place), `step ${at}`).toEqual([]);
      await store.put(key, 'text/plain', parts('a', 'b'));
      expect(await contentOf(store)).toBe('ab');
    }
    const database = new Database();
    const place = folder();
    const files = harvestWorld({ SoracomHarvestFiles: { enabled: true } }, { filesFolder: place, database });
    await ask(files, HOST, 'PUT', '/f', { body: 'old' });
    const pages = Number(database.get('PRAGMA page_count')?.['page_count']);
    database.all(`PRAGMA max_page_count=${pages}`);
    let refused = 0;
    for (let n = 0; n < 200 && refused === 0; n++) {
      const { status, body } = await ask(files, HOST, 'PUT', `/${'long'.repeat(200)}/${n}`, { body: 'x' });
      if (status === 201) continue;
      expect([status, body.toString()]).toEqual([503, 'Harvest Files: not stored (SQLITE_FULL)\n']);
      refused++;
      expect(readdirSync(place)).toHaveLength(n + 1);
    }
    expect(refused).toBe(1);
    database.all('PRAGMA max_page_count=1000000');
    expect((await ask(files, HOST, 'PUT', '/g', { body: 'x' })).status).toBe(201);
    expect(await get(files, '/f')).toBe('200 old');
  });

  it.each<[string, (path: string) => void, string]>([
    ['removed', (path) => rmSync(path), 'storage fault (ENOENT)'],
    ['cut', (path) => truncateSync(path, 100_000), 'storage fault (length)'],
    ['longer', (path) => appendFileSync(path, 'x'), 'storage fault (length)'],
  ])('bytes on the disk that were %s are 503, not those that were stored', async (_what, spoil, words) => {
    const place = folder();
    const files = harvestWorld({ SoracomHarvestFiles: { enabled: true } }, { filesFolder: place });
    await ask(files, HOST, 'PUT', '/f', { body: 'a'.repeat(200_000) });
    spoil(join(place, readdirSync(place)[0] ?? ''));
    expect(await get(files, '/f')).toBe(`503 ${words}\n`);
  });

  it('bytes on the disk that were overwritten never arrive as a whole file', async () => {
    const place = folder();
    const files = harvestWorld({ SoracomHarvestFiles: { enabled: true } }, { filesFolder: place });
    await ask(files, HOST, 'PUT', '/f', { body: 'a'.repeat(200_000) });
    const fd = openSync(join(place, readdirSync(place)[0] ?? ''), 'r+');
    writeSync(fd, 'b', 150_000);
    closeSync(fd);
    const { headers, body } = await ask(files, HOST, 'GET', '/f');
    expect(headers['content-length']).toBe('200000');
    expect(body.length).toBeLessThan(200_000);
  });

  it('a reader keeps the version that it began with', async () => {
    const place = folder();
    const store = new FileStore({ clock, database: new Database(), blobs: new DiskBlobs(place) });
    await store.put(key, 'text/plain', parts('a'.repeat(200_000)));
    const source = store.open(key, ({ length }) => ({ from: 0, to: length - 1 }));
    let read = '';
    for await (const chunk of source?.chunks() ?? []) {
      if (read === '') await store.put(key, 'text/plain', parts('b'.repeat(200_000)));
      read += Buffer.from(chunk).toString();
    }
    source?.release();
    expect(read).toBe('a'.repeat(200_000));
    expect((await contentOf(store)).slice(0, 3)).toBe('bbb');
    expect(readdirSync(place)).toHaveLength(1);
  });
});

describe('SIGKILL', () => {
  it('at any instant of an upload: each file is an acknowledged version or the one after it, whole; no orphans', async () => {
    const random = new Random('harvest files SIGKILL');
    const script = fileURLToPath(new URL('harvest-files-writer.mjs', import.meta.url));
    let acknowledged = 0;
    for (let round = 0; round < 8; round++) {
      const place = folder();
      const file = join(root, `killed-${round}.db`);
      const child = fork(script, [file, place], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      let last = -1;
      const killAt = 1 + random.below(20);
      await new Promise((resolve) => {
        child.on('message', (n: number) => {
          last = n;
          if (n !== killAt) return;
          const until = process.hrtime.bigint() + BigInt(random.below(4_000_000));
          while (process.hrtime.bigint() < until);
          child.kill('SIGKILL');
        });
        child.once('exit', resolve);
      });
      expect(last, `round ${round}`).toBeGreaterThanOrEqual(killAt);
      const store = new FileStore({
        clock: new VirtualClock(1_700_000_000_000),
        database: new Database(file),
        blobs: new DiskBlobs(place),
      });
      const content = await contentOf(store);
      const [, n = '-1'] = /^(\d+) /.exec(content) ?? [];
      expect(Number(n), `round ${round}`).toBeGreaterThanOrEqual(last);
      expect(content).toBe(`${n} `.repeat(20_000));
      expect(readdirSync(place), `round ${round}`).toHaveLength(1);
      acknowledged += last + 1;
    }
    expect(acknowledged).toBeGreaterThan(8);
  });
});
