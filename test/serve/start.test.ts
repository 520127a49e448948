// How `akari serve` starts, or does not: a folder has one process at a time, its files are their owner's, and what cannot start
// ends at once with words, the exit code that they mean, and nothing left open.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { EXAMPLE_WORLD } from '../../host/cli/demo.js';
import { Database, Seal } from '../../host/platform/index.js';
import { DataFolder, FolderError, loadServeConfig, Serve } from '../../host/serve/index.js';
import { loadSimProfile } from '../../host/sim/index.js';
import { World, type WorldConfig } from '../../host/world.js';
import { akari, resultOf } from '../cli/akari.js';
import { until } from '../until.js';
import { freeBlock } from './block.js';

let folder: string;
let block: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-start-'));
  block = await freeBlock('start');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Served {
  readonly child: ChildProcess;
  /** 'ready', or the exit code. */
  readonly outcome: Promise<'ready' | number | null>;
  readonly said: () => string;
}

function serve(data: string, ...more: readonly string[]): Served {
  const child = spawn(process.execPath, ['dist/host/cli/main.js', 'serve', '--json', '--data', data, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const outcome = new Promise<'ready' | number | null>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes('"type":"ready"')) resolve('ready');
    });
    child.once('close', resolve);
  });
  return { child, outcome, said: () => stderr };
}

const IN_USE = /is in use by another "akari serve": stop that one, or name another folder with --data\n$/;

describe('a data folder', () => {
  it('has one process at a time, also with another block; after SIGKILL the next one starts at once', async () => {
    const first = serve(folder, '--block', String(block));
    expect(await first.outcome).toBe('ready');
    const second = serve(folder, '--block', String(await freeBlock('start')));
    expect(await second.outcome).toBe(2);
    expect(second.said()).toMatch(IN_USE);
    expect(second.said()).toContain(folder);
    const gone = once(first.child, 'close');
    first.child.kill('SIGKILL');
    await gone;
    expect(await serve(folder, '--block', String(block)).outcome).toBe('ready');
  });

  it('has one of four processes that start in the same moment, and the others end with words', async () => {
    const blocks = [block, await freeBlock('start'), await freeBlock('start'), await freeBlock('start')];
    const all = blocks.map((own) => serve(folder, '--block', String(own)));
    const outcomes = await Promise.all(all.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === 'ready')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 2)).toHaveLength(3);
    for (const [i, { said }] of all.entries()) if (outcomes[i] === 2) expect(said()).toMatch(IN_USE);
  });

  it('is the same folder by a link, a relative path and a detour, in one process too', () => {
    const link = `${folder}.link`;
    symlinkSync(folder, link);
    onTestFinished(() => rmSync(link));
    const open = new DataFolder(folder);
    for (const path of [
      folder,
      link,
      relative('.', folder),
      join(folder, '..', folder.slice(folder.lastIndexOf('/'))),
    ]) {
      expect(() => new DataFolder(path)).toThrow(FolderError);
    }
    open.close();
    open.close();
    new DataFolder(link).close();
  });

  it('stays locked against other processes after this one has tried to open it again, by whatever name', async () => {
    const link = `${folder}.link`;
    symlinkSync(folder, link);
    onTestFinished(() => rmSync(link));
    const open = new DataFolder(folder);
    for (const path of [folder, link, relative('.', folder)]) {
      expect(() => new DataFolder(path)).toThrow(FolderError);
      const other = serve(folder, '--block', String(block));
      expect(await other.outcome).toBe(2);
      expect(other.said()).toMatch(IN_USE);
    }
    // Nothing of it was in vain: the database is the first one's, and whole.
    open.database.run("INSERT INTO parts (name, version) VALUES ('x', 1)");
    open.database.check();
    open.close();
    expect(await serve(folder, '--block', String(block)).outcome).toBe('ready');
  });

  it('is its owner’s alone, with all its files, whatever its modes were and whatever the umask is', async () => {
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    chmodSync(folder, 0o755);
    let open = new DataFolder(folder);
    open.card(loadSimProfile('examples/profiles/soracom-demo.json'));
    writeFileSync(join(open.files, 'ab'.repeat(16)), 'x', { mode: 0o644 });
    open.database.run("INSERT INTO parts (name, version) VALUES ('x', 1)");
    expect(looseIn(folder)).toEqual([`files/${'ab'.repeat(16)}`]);
    open.close();
    for (const name of ['platform.db', 'files', 'cards', 'in-use.lock']) chmodSync(join(folder, name), 0o755);
    open = new DataFolder(folder);
    open.database.run("INSERT INTO parts (name, version) VALUES ('y', 1)");
    expect(existsSync(join(folder, 'platform.db-wal'))).toBe(true);
    expect(looseIn(folder)).toEqual([]);
    open.close();
    const served = await Serve.start({
      config: await loadServeConfig(EXAMPLE_WORLD),
      block,
      folder: new DataFolder(folder),
    });
    expect(looseIn(folder)).toEqual([]);
    await served.close();
  });

  it.each(['master.key', 'operator.json'])('is refused when others may read %s: they may have', async (name) => {
    const served = await Serve.start({
      config: await loadServeConfig(EXAMPLE_WORLD),
      block,
      folder: new DataFolder(folder),
    });
    await served.close();
    chmodSync(join(folder, name), 0o640);
    expect(() => new DataFolder(folder)).toThrow(`${name}: mode 0640 lets others at the keys in it; run: chmod 600`);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o640);
  });

  it('is none that others may look into and that holds other things: those are not locked away', () => {
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'letters.txt'), 'x');
    expect(() => new DataFolder(folder)).toThrow(
      /it holds more than a data folder does \("letters.txt"\): name a folder of its own/,
    );
    expect([statSync(folder).mode & 0o777, readdirSync(folder)]).toEqual([0o755, ['letters.txt']]);
  });

  it.each([
    ['ENOTDIR', (at: string) => (writeFileSync(at, ''), join(at, 'below'))],
    ['EEXIST', (at: string) => (writeFileSync(at, ''), at)],
    ['ENOENT', (at: string) => (symlinkSync(join(at, 'nowhere'), at), at)],
    ['ELOOP', (at: string) => (symlinkSync(at, at), at)],
    ['ENAMETOOLONG', (at: string) => join(at, 'n'.repeat(300))],
  ])('that cannot be (%s) is named with what is wrong', (code, make) => {
    const path = make(join(folder, 'data'));
    const said = [(): unknown => new DataFolder(path)].map((open) => {
      try {
        return open();
      } catch (error) {
        return error;
      }
    })[0] as Error;
    expect(said).toBeInstanceOf(FolderError);
    expect(said.message).toMatch(/the data folder cannot be used \(E[A-Z]+\): /);
    expect(said.message).toContain(path);
    if (code !== 'ENOENT') expect(said.message).toMatch(new RegExp(`${code}|ENOTDIR|EEXIST|ENOENT`));
  });
});

/** Entries below `path` that others may read, write or enter; the folder itself as ''. */
function looseIn(path: string, name = ''): string[] {
  const entry = lstatSync(join(path, name));
  const below = entry.isDirectory()
    ? readdirSync(join(path, name)).flatMap((own) => looseIn(path, join(name, own)))
    : [];
  return [...((entry.mode & 0o077) === 0 ? [] : [name]), ...below];
}

describe('akari serve that cannot start ends at once', () => {
  const world = (change: object): string => {
    const file = join(folder, 'world.json');
    const { subscribers } = JSON.parse(readFileSync(EXAMPLE_WORLD, 'utf8')) as { subscribers: { profile: string }[] };
    const profile = join(folder, 'sim.json');
    copyFileSync('examples/profiles/soracom-demo.json', profile);
    writeFileSync(file, JSON.stringify({ subscribers: subscribers.map(() => ({ profile: 'sim.json' })), ...change }));
    return file;
  };

  it.each([
    [
      'a group that is not there',
      { subscribers: [{ profile: 'sim.json', group: 'none' }] },
      /there is no group "none"/,
    ],
    ['an IMSI twice', { subscribers: [{ profile: 'sim.json' }, { profile: 'sim.json' }] }, /akari: /],
    ['an unknown key', { platform: { frob: 1 } }, /frob/],
    ['a customer without a name', { customers: [{ host: '', psk: 'x' }] }, /customers/],
  ])('with exit code 2: %s', async (_what, change, words) => {
    const { code, stderr, stdout } = await timed([
      'serve',
      '--json',
      '--config',
      world(change),
      '--block',
      String(block),
    ]);
    expect([code, stderr.split('\n').length]).toEqual([2, 2]);
    expect(stderr).toMatch(words);
    expect(resultOf({ code, stdout, stderr })).toMatchObject({ type: 'result', ok: false });
  });

  it('with exit code 2: another master key; with 1: a card that is damaged, a database that is empty beside keys', async () => {
    const data = join(folder, 'data');
    const served = await Serve.start({
      config: await loadServeConfig(EXAMPLE_WORLD),
      block,
      folder: new DataFolder(data),
    });
    await served.close();
    const args = ['serve', '--json', '--data', data, '--block', String(block)];
    const kept = join(folder, 'kept');
    cpSync(data, kept, { recursive: true });
    const restore = (): void => {
      rmSync(data, { recursive: true });
      cpSync(kept, data, { recursive: true });
    };

    writeFileSync(join(data, 'master.key'), Buffer.alloc(32, 7));
    expect(await timed(args)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/sealed with another master key: put the right one back\n$/),
    });

    restore();
    for (const card of readdirSync(join(data, 'cards'))) writeFileSync(join(data, 'cards', card), 'not JSON');
    expect(await timed(args)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^akari: card store .*: is not JSON\n$/),
    });

    restore();
    truncateSync(join(data, 'platform.db'));
    for (const end of ['-wal', '-shm']) rmSync(join(data, `platform.db${end}`), { force: true });
    expect(await timed(args)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/platform\.db is empty, but there are keys or cards beside it: put a copy back\n$/),
    });
    expect(readFileSync(join(data, 'operator.json'))).toEqual(readFileSync(join(kept, 'operator.json')));
    expect(statSync(join(data, 'platform.db')).size).toBe(0);
  });
});

/** Runs the command; a process that stays is a failure of its own. */
async function timed(args: readonly string[]): ReturnType<typeof akari> {
  const limit = new Promise<never>((_resolve, reject) =>
    setTimeout(() => reject(new Error('still running')), 60_000).unref(),
  );
  return Promise.race([akari(args), limit]);
}

describe('a world that cannot be made', () => {
  const profile = loadSimProfile('examples/profiles/soracom-demo.json');
  const handles = (): string[] =>
    process
      .getActiveResourcesInfo()
      .filter((kind) => /TCP|UDP/.test(kind))
      .sort();

  /** One fault at each step of making it, and none before it. */
  const faults: Readonly<Record<string, () => WorldConfig>> = {
    'a customer port': () => ({
      customers: [
        { host: 'c.example', psk: 'x' },
        { host: 'c.example', port: -1, psk: 'x' },
      ],
      subscribers: [{ profile, group: 'none' }],
    }),
    'an upstream certificate': () => ({
      upstream: { trustedCas: ['no PEM'] },
      subscribers: [{ profile, group: 'none' }],
    }),
    'a cloud whose configuration throws': () => ({
      clouds: {
        get aws(): never {
          throw new Error('clouds');
        },
      },
    }),
    'a network that cannot keep its subscribers': () => ({
      network: {
        keep: () => {
          throw new Error('keep');
        },
      },
    }),
    'a group that is not there': () => ({ subscribers: [{ profile, group: 'none' }] }),
    'an IMSI twice': () => ({ subscribers: [{ profile }, { profile }] }),
    'an unknown key': () => ({ platform: { frob: 1 } as never }),
    'groups of another shape': () => ({ platform: { groups: { g: { configuration: { SoracomBeam: 1 } } } } as never }),
    'a database that is closed': () => {
      const database = new Database();
      database.close();
      return { storage: { database, seal: new Seal() } };
    },
    'a folder of files that is a file': () => ({
      storage: { database: new Database(), seal: new Seal(), filesFolder: 'package.json' },
    }),
  };

  it.each(Object.keys(faults))('leaves nothing open: %s', async (name) => {
    const before = handles();
    const made = await World.create({
      clock: 'real',
      customers: [{ host: 'a.example', psk: 'x' }],
      ...faults[name]?.(),
    }).then(
      (world) => world.close().then(() => 'made'),
      () => 'refused',
    );
    expect(made).toBe('refused');
    expect(await until(() => handles().length <= before.length, 5_000), handles().join()).toBe(true);
  });

  it('leaves nothing open, whatever is wrong with it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(faults)), { minLength: 1, maxLength: 3 }),
        fc.nat(3),
        async (names, customers) => {
          const before = handles();
          const config: WorldConfig = {
            clock: 'real',
            customers: Array.from({ length: customers }, (_, i) => ({ host: `c${i}.example`, psk: 'x' })),
          };
          for (const name of names) {
            // Descriptors, so that a getter that throws stays one.
            const fault = faults[name]?.() ?? {};
            Object.defineProperties(config, Object.getOwnPropertyDescriptors(fault));
          }
          await World.create(config).then(
            (world) => world.close(),
            () => undefined,
          );
          expect(
            await until(() => handles().length <= before.length, 5_000),
            `${names.join()}: ${handles().join()}`,
          ).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
