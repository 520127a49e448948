// The device and the platform's store of files: a log goes up, a file comes down, whatever the network does.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { HOUR, MINUTE, SECOND, World, loadSimProfile } from 'akari';
import { afterEach, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const SIM = loadSimProfile(process.env['SIM_PROFILE'] ?? here('sim.json').pathname);
const FILE = '/firmware/app.bin';
const DIGEST = `${FILE}.sha256`;
const LOG = `/logs/${SIM.imsi}/boot.txt`;
const firmware = (length: number, version: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * version + (i >> 8)) & 255));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const OLD = firmware(50_000, 7);
const NEW = firmware(50_000, 11);
const RIGHT = 'SHA-256 is right, bytes: 50000';

let world: World;
let log: string[];
/** First bytes of the ranges of the file that the device was given. */
let ranges: number[];

async function start(enabled = true): Promise<void> {
  world = await World.create({
    subscribers: [{ profile: SIM, group: 'field' }],
    platform: { groups: { field: { configuration: { SoracomHarvestFiles: { enabled } } } } },
  });
  log = [];
  ranges = [];
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  const { files } = world.platform;
  const open = files.open.bind(files);
  files.open = (key, range) =>
    open(key, (record) => {
      const given = range(record);
      if (key.path === FILE) ranges.push(given.from);
      return given;
    });
  const app = new Uint8Array(readFileSync('build/release/harvest-files.wasm'));
  world.device({ name: 'device', app, sim: SIM }).powerOn();
}

afterEach(() => world.close());

function keyOf(path: string) {
  const { operatorId = '' } = world.platform.directory.subscriber(SIM.imsi) ?? {};
  return { operatorId, scope: 'private', path } as const;
}

/** What an operator does: puts a file there for the device. */
async function put(path: string, content: string | Uint8Array): Promise<void> {
  const body = (async function* () {
    yield await Promise.resolve(Buffer.from(content));
  })();
  await world.platform.files.put(keyOf(path), 'application/octet-stream', body);
}

async function publish(file: Uint8Array): Promise<void> {
  await put(FILE, file);
  await put(DIGEST, `${sha256(file)}  app.bin\n`);
}

async function stored(path: string): Promise<string | undefined> {
  const source = world.platform.files.open(keyOf(path), ({ length }) => ({ from: 0, to: length - 1 }));
  if (source === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for await (const bytes of source.chunks()) parts.push(bytes);
  source.release();
  return Buffer.concat(parts).toString();
}

const WHOLE_LOG = Array.from({ length: 2_048 }, (_, i) => `line ${1_000_000 + i}: all is well .....\n`).join('');
const said = (line: string) => (): boolean => log.includes(line);
/** Until the device has so many ranges of the file. */
const until = (count: number): Promise<boolean> => world.run({ for: HOUR, until: () => ranges.length >= count });

it('prints what its README shows; the log is there, byte for byte', async () => {
  await start();
  await publish(OLD);
  expect(await world.run({ for: 10 * MINUTE, until: said(RIGHT) })).toBe(true);
  const [shown] =
    /(?<=\n```\n)harvest-files: started[^`]+(?=\n```)/.exec(readFileSync(here('../README.md'), 'utf8')) ?? [];
  expect(log.join('\n')).toBe(shown);
  expect(await stored(LOG)).toBe(WHOLE_LOG);
  expect(ranges).toEqual(Array.from({ length: 49 }, (_, i) => i * 1_024));
});

it('goes on with a download where it stood, after resets and outages', async () => {
  await start();
  await publish(OLD);
  for (const count of [5, 20, 35]) {
    expect(await until(count)).toBe(true);
    world.network.impairments.resetConnections();
    await world.run({ for: SECOND });
    world.network.impairments.outage(true);
    await world.run({ for: 5 * MINUTE });
    world.network.impairments.outage(false);
  }
  expect(await world.run({ for: 2 * HOUR, until: said(RIGHT) })).toBe(true);
  expect(log.filter((line) => line.startsWith('download stopped at byte ')).length).toBeGreaterThanOrEqual(3);
  // In order, and never from the beginning again; a range whose answer was lost is asked for once more.
  expect(ranges).toEqual([...ranges].sort((a, b) => a - b));
  expect(new Set(ranges).size).toBe(49);
  expect(ranges.length).toBeLessThan(60);
});

it('sends the log from its beginning when an upload breaks, and half a log is never there', async () => {
  await start();
  await publish(OLD);
  await world.run({ for: MINUTE, until: said('modem: online') });
  await world.run({ for: 2 * SECOND });
  world.network.impairments.resetConnections();
  expect(await world.run({ for: MINUTE, until: () => log.some((l) => l.startsWith('upload stopped')) })).toBe(true);
  expect(await stored(LOG)).toBeUndefined();
  expect(await world.run({ for: HOUR, until: said('uploaded the log, bytes: 65536') })).toBe(true);
  expect(await stored(LOG)).toBe(WHOLE_LOG);
});

it('starts again with a file that became another one on the way, and with its digest', async () => {
  await start();
  await publish(OLD);
  expect(await until(20)).toBe(true);
  await publish(NEW);
  expect(await world.run({ for: HOUR, until: said(RIGHT) })).toBe(true);
  expect(log.filter((line) => line.startsWith('download stopped'))).toHaveLength(1);
  expect(ranges.filter((from) => from === 0)).toHaveLength(2);
});

it('says when a file is not what its digest says, and asks again', async () => {
  await start();
  await publish(OLD);
  await put(DIGEST, sha256(NEW));
  expect(await world.run({ for: HOUR, until: said('SHA-256 is WRONG, bytes: 50000') })).toBe(true);
  await put(FILE, NEW);
  expect(await world.run({ for: HOUR, until: said(RIGHT) })).toBe(true);
});

it('waits for a file that is not there yet', async () => {
  await start();
  await world.run({ for: 10 * MINUTE });
  expect(log).toContain('download stopped at byte 0, status 404');
  expect(log.length).toBeLessThan(20);
  await publish(OLD);
  expect(await world.run({ for: HOUR, until: said(RIGHT) })).toBe(true);
});

it('asks again, with longer and longer waits, while an operator has switched Harvest Files off', async () => {
  await start(false);
  await world.run({ for: HOUR });
  const attempts = log.filter((line) => line.startsWith('upload stopped'));
  expect(attempts.length).toBeGreaterThan(3);
  expect(attempts.length).toBeLessThan(20);
  // Refused before the body has come, and the device sees by what.
  expect(new Set(attempts)).toEqual(new Set(['upload stopped, status 403']));
  expect(await stored(LOG)).toBeUndefined();
});
