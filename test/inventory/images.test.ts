// What a SIM may read of its operator's files: over HTTP what its role and its group's switches give it, and besides that the image
// that is offered to its device.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { HOUR, MS, SECOND } from '../../host/clock/clock.js';
import { duplexPair } from '../../host/cloud/index.js';
import { Method, Option, textOption } from '../../host/coap/index.js';
import type { Session } from '../../host/cellular/network.js';
import { session } from '../platform/harness.js';
import { parseAnswer } from '../platform/harvest-world.js';
import { IMSI, inventoryConfig, InventoryWorld, OFF_IMSI, OPERATOR, TestDevice } from './world.js';

const SECOND_IMSI = '440101111111114';
const IMAGE = '/firmware/image.bin';
const OTHER_IMAGE = '/firmware/other.bin';
const OWN_LOG = `/logs/${IMSI}/own.txt`;
const FILES = [IMAGE, OTHER_IMAGE, OWN_LOG, `/logs/${SECOND_IMSI}/own.txt`, '/keys/backup.txt', '/a b/ü.txt'];
const contentOf = (path: string): string => `SECRET ${Buffer.from(path).toString('hex')}.`;

const config = (): unknown => {
  const base = inventoryConfig() as { groups: object; subscribers: object[] };
  const role = { SoracomHarvestFiles: { enabled: true, assumedRoleId: 'devices' } };
  return {
    ...base,
    groups: { ...base.groups, meters: { configuration: { SoracomInventory: { enabled: true }, ...role } } },
    subscribers: [...base.subscribers, { imsi: SECOND_IMSI, iccid: '8981100005819480004', groupId: 'meters' }],
  };
};

interface Scene {
  readonly world: InventoryWorld;
  readonly mine: TestDevice;
  readonly second: TestDevice;
  /** Has the image offered to a device, and lets it be written. */
  offer(device: TestDevice, method: 'pull' | 'pull-coap', file?: string): Promise<string>;
}

async function scene(): Promise<Scene> {
  const world = new InventoryWorld({ config: config() });
  const { accounts, files } = world.platform;
  const condition = "pathVariable('path') matches 'logs/:imsi/.*'";
  const statements = [{ effect: 'allow', api: ['FileEntry:getFile', 'FileEntry:putFile'], condition }];
  accounts.sam.putRole(OPERATOR, 'devices', JSON.stringify({ statements }));
  const release = world.clock.hold();
  for (const path of FILES) {
    const body = [Buffer.from(contentOf(path))] as unknown as AsyncIterable<Uint8Array>;
    await files.put({ operatorId: OPERATOR, scope: 'private', path }, 'text/plain', body);
  }
  release();
  const mine = await new TestDevice(world).join();
  const second = await new TestDevice(world, { ...session(SECOND_IMSI), ip: '10.0.0.2' }, 'second').join();
  const root = await world.await(world.root());
  const offer: Scene['offer'] = async (device, method, file = IMAGE) => {
    const id = Buffer.from(device.accountWritten().identity).toString();
    const { status } = await world.await(root.call('POST', `/devices/${id}/firmware`, { file, method }));
    expect(status).toBe(202);
    await world.pass(5 * SECOND);
    return String(device.resources.get('/5/0/1')?.value);
  };
  return { world, mine, second, offer };
}

/** One request to Harvest Files; the whole answer. */
async function http(world: InventoryWorld, caller: Session, method: string, target: string): Promise<string> {
  const [near, far] = duplexPair(world.clock, 20 * MS);
  let text = '';
  let over = false;
  near.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  near.on('close', () => (over = true));
  near.on('end', () => (over = true));
  near.on('error', () => (over = true));
  world.registry.connect(80, far, caller, 'harvest-files.soracom.io');
  near.write(`${method} ${target} HTTP/1.1\r\nHost: harvest-files.soracom.io\r\nConnection: close\r\n\r\n`);
  await world.run(() => over, HOUR);
  return text;
}

const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

const TARGETS: readonly ((path: string) => string)[] = [
  (path) => encodeURI(path),
  (path) => `/${percent(path.slice(1))}`,
  (path) => path.replace(/\//g, '%2F'),
  (path) => `/x/..${encodeURI(path)}`,
  (path) => `/logs/${IMSI}/../..${encodeURI(path)}`,
  (path) => `/${encodeURI(path)}`,
  (path) => `http://harvest-files.soracom.io${encodeURI(path)}`,
  (path) => encodeURI(path).replaceAll(IMSI, ':imsi').replaceAll(SECOND_IMSI, ':imsi'),
  (path) => `${encodeURI(path)}?path=${OWN_LOG}`,
];

/** Segments of a request over CoAP. */
const SEGMENTS: readonly ((path: string) => readonly string[])[] = [
  (path) => ['fw', ...path.slice(1).split('/')],
  (path) => ['fw', path],
  (path) => ['fw', path.slice(1)],
  (path) => [`fw${path}`],
  (path) => path.slice(1).split('/'),
  (path) => ['fw', ...path.split('/')],
  (path) => ['fw', ...path.slice(1).split('/'), ''],
  (path) => ['fw', '..', 'fw', ...path.slice(1).split('/')],
  (path) => ['fw', 'x', '..', ...path.slice(1).split('/')],
  (path) => ['fw', ...path.slice(1).split('/').map(percent)],
  (path) => ['FW', ...path.slice(1).split('/')],
  (path) => ['fw', 'private', ...path.slice(1).split('/')],
  (path) => ['fw', OPERATOR, 'private', ...path.slice(1).split('/')],
];

/** The files of which bytes are in an answer. */
const leaked = (text: string): string[] => FILES.filter((path) => text.includes(contentOf(path).slice(0, -1)));

describe('an image', () => {
  let one: Scene;
  beforeAll(async () => {
    one = await scene();
  });

  it('that nobody has offered is not there: over CoAP in a session and over DTLS, whoever asks', async () => {
    const { world, mine, second } = one;
    const off = new TestDevice(world, session(OFF_IMSI), 'off');
    for (const path of FILES) {
      const segments = ['fw', ...path.slice(1).split('/')];
      for (const device of [mine, second, off])
        expect((await device.raw({ method: '0.01', path: segments })).code).toBe('4.04');
      for (const device of [mine, second]) expect((await device.ask('0.01', segments)).code).toBe('4.04');
    }
  });

  it('is for the device that it was offered to, the way that it was offered, and no other image is', async () => {
    const { mine, second, offer } = one;
    const path = ['fw', ...IMAGE.slice(1).split('/')];
    const other = ['fw', ...OTHER_IMAGE.slice(1).split('/')];
    await offer(mine, 'pull');
    expect((await mine.ask('0.01', path)).payload.toString()).toBe(contentOf(IMAGE));
    expect((await mine.ask('0.01', other)).code).toBe('4.04');
    expect((await mine.ask('0.03', path)).code).toBe('4.05');
    expect((await mine.raw({ method: '0.01', path })).code).toBe('4.04');
    expect((await second.ask('0.01', path)).code).toBe('4.04');
    await offer(mine, 'pull-coap');
    expect((await mine.raw({ method: '0.01', path })).payload.toString()).toBe(contentOf(IMAGE));
    expect((await mine.ask('0.01', path)).code).toBe('4.04');
    expect((await second.raw({ method: '0.01', path })).code).toBe('4.04');
    await offer(second, 'pull', OTHER_IMAGE);
    expect((await second.ask('0.01', other)).payload.toString()).toBe(contentOf(OTHER_IMAGE));
    expect((await second.ask('0.01', path)).code).toBe('4.04');
  });

  it('is gone when another is put in its place, when Inventory is off, and when the device is', async () => {
    const { world, mine, offer } = await scene();
    const path = ['fw', ...IMAGE.slice(1).split('/')];
    const { directory, files, inventory } = world.platform;
    const fetch = async (): Promise<string> => (await mine.ask('0.01', path)).code;
    await offer(mine, 'pull');
    expect(await fetch()).toBe('2.05');
    const release = world.clock.hold();
    const body = [Buffer.from('SECRET of a later day')] as unknown as AsyncIterable<Uint8Array>;
    await files.put({ operatorId: OPERATOR, scope: 'private', path: IMAGE }, 'text/plain', body);
    release();
    expect(await fetch()).toBe('4.04');
    await offer(mine, 'pull');
    expect(await fetch()).toBe('2.05');
    const id = Buffer.from(mine.accountWritten().identity).toString();
    inventory.devices.change(id, { groupId: 'off' });
    expect(await fetch()).toBe('4.04');
    inventory.devices.change(id, { groupId: undefined });
    expect(await fetch()).toBe('4.04');
    // It is not offered again by what comes later.
    inventory.devices.change(id, { groupId: 'meters' });
    expect(await fetch()).toBe('4.04');
    await offer(mine, 'pull-coap');
    expect((await mine.raw({ method: '0.01', path })).code).toBe('2.05');
    directory.change(IMSI, { groupId: 'off' });
    expect((await mine.raw({ method: '0.01', path })).code).toBe('4.04');
  });

  it('is not offered to a device that could not fetch it: the request says why', async () => {
    const { world, mine } = await scene();
    const root = await world.await(world.root());
    const id = Buffer.from(mine.accountWritten().identity).toString();
    world.platform.inventory.devices.change(id, { groupId: undefined });
    await world.await(root.call('POST', `/devices/${id}/firmware`, { file: IMAGE, method: 'pull' }));
    await world.pass(5 * SECOND);
    const { json } = await world.await(root.get<object[]>(`/devices/${id}/requests`));
    expect(json[0]).toMatchObject({ state: 'failed', reason: /not enabled/ });
    expect(mine.resources.has('/5/0/1')).toBe(false);
  });

  it.each(['pull', 'pull-coap'] as const)(
    'offered by %s is all that any path, encoding or method gives a SIM beyond its role',
    async (way) => {
      const { world, mine, second, offer } = await scene();
      await offer(mine, way);
      const sims = {
        mine: { device: mine, caller: session(), own: OWN_LOG },
        second: {
          device: second,
          caller: { ...session(SECOND_IMSI), ip: '10.0.0.2' },
          own: `/logs/${SECOND_IMSI}/own.txt`,
        },
        off: { device: new TestDevice(world, session(OFF_IMSI), 'off'), caller: session(OFF_IMSI), own: undefined },
      };
      const counts = { allowed: 0, refused: 0 };
      const judge = (text: string, allowed: readonly (string | undefined)[]): void => {
        const found = leaked(text);
        expect(found.filter((path) => !allowed.includes(path))).toEqual([]);
        counts[found.length > 0 ? 'allowed' : 'refused']++;
      };
      const who = fc.constantFrom('mine' as const, 'second' as const, 'off' as const);
      const file = fc.constantFrom(...FILES);
      await fc.assert(
        fc.asyncProperty(
          who,
          file,
          fc.constantFrom('http' as const, 'coap' as const, 'coaps' as const, 'api' as const),
          fc.nat(),
          fc.constantFrom(...Object.values(Method)),
          fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'DELETE'),
          async (name, path, channel, form, method, verb) => {
            const { device, caller, own } = sims[name];
            if (channel === 'http') {
              const target = TARGETS[form % TARGETS.length]?.(path) ?? path;
              // What a SIM may overwrite or take away stays as it is.
              const safe = ['PUT', 'POST', 'DELETE'].includes(verb) ? 'GET' : verb;
              judge(Buffer.from(await http(world, caller, safe, target), 'latin1').toString(), [own]);
              return;
            }
            if (channel === 'api') {
              const target = TARGETS[form % TARGETS.length]?.(path) ?? path;
              const prefix = ['', '/files/private', '/files/public', '/devices/fw', '/fw'][form % 5] ?? '';
              const url = /^https?:/.test(target) ? new URL(target).pathname : target;
              const method = verb === 'TRACE' ? 'GET' : verb;
              const call = new Request(`http://api.soracom.io/v1${prefix}${url}`, { method });
              const text = await world.await(world.platform.api.fetch(call).then((answer) => answer.text()));
              judge(text, []);
              return;
            }
            const segments = SEGMENTS[form % SEGMENTS.length]?.(path) ?? [];
            const request = {
              ...{ method, path: segments },
              query: form % 3 === 0 ? [`ep=${mine.endpoint}`] : [],
              options: form % 7 === 0 ? [textOption(Option.LocationPath, 'fw')] : [],
            };
            const ask =
              channel === 'coap'
                ? device.raw(request)
                : name === 'off'
                  ? undefined
                  : world.await(device.peer?.request(request) ?? Promise.reject(new Error('not connected')));
            if (ask === undefined) return;
            const { payload } = await ask;
            const isOffered = name === 'mine' && channel === (way === 'pull' ? 'coaps' : 'coap');
            judge(Buffer.from(payload).toString(), isOffered ? [IMAGE] : []);
          },
        ),
        {
          numRuns: 600,
          examples: [
            ['mine', IMAGE, way === 'pull' ? 'coaps' : 'coap', 0, '0.01', 'GET'],
            ['mine', OWN_LOG, 'http', 0, '0.01', 'GET'],
            ['second', `/logs/${SECOND_IMSI}/own.txt`, 'http', 7, '0.01', 'GET'],
          ],
        },
      );
      expect(counts.allowed).toBeGreaterThanOrEqual(3);
      expect(counts.refused).toBeGreaterThan(400);
      expect(parseAnswer(await http(world, session(), 'GET', OWN_LOG)).body.toString()).toBe(contentOf(OWN_LOG));
    },
  );
});
