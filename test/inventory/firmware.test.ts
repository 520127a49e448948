// Firmware updates to their end: what a request says is what the device's State and Update Result say (OMA LwM2M Core, appendix E.6).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/clock/clock.js';
import { type CoapResponse, findUint, type IncomingRequest, Method, Option } from '../../host/coap/index.js';
import { Models, readContent } from '../../host/lwm2m/index.js';
import type { Directory } from '../../host/platform/directory/index.js';
import { Database, Seal } from '../../host/platform/index.js';
import { judge, type Phase, resultText } from '../../host/platform/inventory/firmware-state.js';
import type { Client } from '../platform/api-harness.js';
import { IMSI, InventoryWorld, OPERATOR, reply, TestDevice } from './world.js';

const IMAGE = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7) & 0xff));

let folder: string;
let world: InventoryWorld;
let device: TestDevice;
let root: Client;
let id: string;
/** What the device does with an image. */
let onImage: (bytes: Buffer | string) => string;

const now = (resource: number): unknown => device.resources.get(`/5/0/${resource}`)?.value;
function stand(state: number, result: number): void {
  device.resources.set('/5/0/3', { type: 'integer', value: state });
  device.resources.set('/5/0/5', { type: 'integer', value: result });
}

function firmwareObject(request: IncomingRequest): CoapResponse | undefined {
  const path = `/${request.path.join('/')}`;
  if (request.method === Method.Post && path === '/5/0/2') {
    device.executed.push(path);
    if (now(3) !== 2) return reply('4.05');
    stand(3, 0);
    return reply('2.04');
  }
  if (request.method !== Method.Put) return undefined;
  const format = findUint(request.options, Option.ContentFormat);
  if (path === '/5/0/0') {
    if (request.payload.equals(Buffer.of(0))) stand(0, 0);
    else if (now(3) !== 0) return reply('4.00');
    else return reply(onImage(request.payload));
    return reply('2.04');
  }
  if (path !== '/5/0/1') return undefined;
  const uri = String(readContent(request.payload, format, [5, 0, 1], new Models(), 0)[0]?.value);
  if (uri === '') stand(0, 0);
  else if (now(3) !== 0) return reply('4.00');
  else return reply(onImage(uri));
  return reply('2.04');
}

interface RequestJson {
  readonly state: string;
  readonly code?: string;
  readonly reason?: string;
  readonly result?: Readonly<Record<string, unknown>>;
}

async function give(body: object): Promise<string> {
  const { status, json } = await world.await(
    root.call<{ requestId: string }>('POST', `/devices/${id}/firmware`, { file: '/app.bin', ...body }),
  );
  expect(status).toBe(202);
  await world.pass(2 * SECOND);
  return json.requestId;
}
const standing = async (requestId: string): Promise<RequestJson> =>
  (await world.await(root.call<RequestJson>('GET', `/devices/${id}/requests/${requestId}`))).json;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-firmware-'));
  world = new InventoryWorld({ database: new Database(), seal: new Seal(), filesFolder: folder });
  device = await new TestDevice(world).join();
  await device.update(['lt=86400']);
  root = await world.await(world.root());
  id = Buffer.from(device.accountWritten().identity).toString();
  stand(0, 0);
  device.override = firmwareObject;
  onImage = () => {
    stand(2, 0);
    return '2.04';
  };
  const release = world.clock.hold();
  const chunks = [IMAGE] as unknown as AsyncIterable<Uint8Array>;
  await world.platform.files.put({ operatorId: OPERATOR, scope: 'private', path: '/app.bin' }, 'application/x', chunks);
  release();
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('a push', () => {
  it('is done when the device has the image', async () => {
    const request = await give({});
    expect(await standing(request)).toMatchObject({ state: 'done', result: { bytes: 3000, state: 'Downloaded' } });
  });

  it('that the device takes and refuses then has failed, with its words', async () => {
    onImage = () => {
      stand(0, 6);
      return '2.04';
    };
    const request = await give({ update: true });
    expect(await standing(request)).toMatchObject({
      state: 'failed',
      reason: 'Update Result 6: unsupported package type',
    });
    expect(device.executed).toEqual([]);
  });

  it('whose blocks it refuses has failed, with the code and its words', async () => {
    onImage = () => {
      stand(0, 2);
      return '4.13';
    };
    const request = await give({});
    expect(await standing(request)).toMatchObject({
      ...{ state: 'failed', code: '4.13' },
      reason: 'the device does not take the image: Update Result 2: not enough flash memory',
    });
  });

  it.each([
    [1, 'done', undefined],
    [8, 'failed', 'Update Result 8: firmware update failed'],
  ])('with an update that ends with result %i: %s', async (result, state, reason) => {
    const request = await give({ update: true });
    expect(device.executed).toEqual(['/5/0/2']);
    expect((await standing(request)).state).toBe('running');
    // Other requests do not wait for it.
    expect((await world.await(root.call('GET', `/devices/${id}/3/0/9`))).status).toBe(200);
    stand(0, result);
    await world.pass(15 * SECOND);
    const after = await standing(request);
    expect([after.state, after.reason]).toEqual([state, reason]);
  });

  it('whose device starts again with a new registration after the update is asked then', async () => {
    const request = await give({ update: true });
    stand(0, 1);
    await device.register();
    await world.pass(2 * SECOND);
    expect((await standing(request)).state).toBe('done');
  });

  it('to a device that waits in Downloaded frees it first', async () => {
    stand(2, 0);
    const request = await give({});
    expect(await standing(request)).toMatchObject({ state: 'done', result: { state: 'Downloaded' } });
    expect(device.requests.map(({ path }) => path.join('/'))).toContain('5/0/1');
  });

  it('to a device that updates has failed', async () => {
    stand(3, 0);
    expect(await standing(await give({}))).toMatchObject({ state: 'failed', reason: 'the device is updating' });
  });

  it('to a device that does not say how it stands has failed', async () => {
    device.resources.delete('/5/0/5');
    const { state, reason } = await standing(await give({}));
    expect([state, reason]).toEqual(['failed', 'the device does not say its Update Result: 4.04']);
  });
});

describe('a reset', () => {
  it('is a request of its own: an empty Package URI', async () => {
    stand(2, 0);
    const request = await give({ method: 'reset' });
    expect(await standing(request)).toMatchObject({ state: 'done', result: { state: 'Idle' } });
    expect(now(3)).toBe(0);
  });

  it('tries an empty image where the URI is refused, and says what it was answered', async () => {
    stand(2, 0);
    device.override = (request) =>
      request.path.join('/') === '5/0/1' && request.method === Method.Put ? reply('4.04') : firmwareObject(request);
    expect(await standing(await give({ method: 'reset' }))).toMatchObject({ state: 'done' });
    stand(2, 0);
    device.override = (request) => (request.method === Method.Put ? reply('4.05') : undefined);
    expect(await standing(await give({ method: 'reset' }))).toMatchObject({
      ...{ state: 'failed', reason: expect.stringContaining('the device stays Downloaded') as string },
    });
  });
});

describe.each(['pull', 'pull-coap'])('a %s', (method) => {
  it('is under way until the device has the image, over a restart of the platform and of the device', async () => {
    onImage = () => {
      stand(1, 0);
      return '2.04';
    };
    const request = await give({ method });
    expect((await standing(request)).state).toBe('running');
    await world.pass(MINUTE);
    expect((await standing(request)).state).toBe('running');
    world.restart('crash');
    root = await world.await(world.root());
    expect((await standing(request)).state).toBe('running');
    await device.connect(device.accountWritten());
    await device.register();
    await world.pass(2 * SECOND);
    const path = new URL(String((await standing(request)).result?.['uri'])).pathname.slice(1).split('/');
    const ask = method === 'pull' ? device.ask('0.01', path) : device.raw({ method: '0.01', path });
    expect((await ask).code).toBe('2.05');
    stand(2, 0);
    await world.pass(15 * SECOND);
    expect(await standing(request)).toMatchObject({ state: 'done', result: { state: 'Downloaded' } });
    // It is over: nothing is offered any more.
    expect((await (method === 'pull' ? device.ask('0.01', path) : device.raw({ method: '0.01', path }))).code).toBe(
      '4.04',
    );
  });

  it('fails with the words of the result, and is updated where the request says so', async () => {
    onImage = () => {
      stand(0, 7);
      return '2.04';
    };
    expect(await standing(await give({ method }))).toMatchObject({
      state: 'failed',
      reason: 'Update Result 7: invalid URI',
    });
    onImage = () => {
      stand(1, 0);
      return '2.04';
    };
    const request = await give({ method, update: true });
    stand(2, 0);
    await world.pass(15 * SECOND);
    expect(device.executed).toEqual(['/5/0/2']);
    stand(0, 1);
    await world.pass(15 * SECOND);
    expect((await standing(request)).state).toBe('done');
  });

  it('a result of the time before says nothing: done only after the device has begun', async () => {
    stand(0, 1);
    onImage = () => '2.04';
    const request = await give({ method });
    expect((await standing(request)).state).toBe('running');
    await world.pass(17 * MINUTE);
    expect(await standing(request)).toMatchObject({
      ...{ state: 'failed', reason: 'the device is Idle and says nothing of the update' },
    });
  });

  it('of a device that is away for good fails with its day; a second one ends the first', async () => {
    onImage = () => {
      stand(1, 0);
      return '2.04';
    };
    const first = await give({ method });
    const second = await give({ method });
    expect(await standing(first)).toMatchObject({ state: 'failed', reason: 'another image was given meanwhile' });
    await device.ask('0.04', device.location);
    await world.pass(24 * HOUR + 2 * MINUTE);
    root = await world.await(world.root());
    expect(await standing(second)).toMatchObject({
      ...{ state: 'failed', reason: 'the device has not said in time what came of it' },
    });
  });
});

describe('an image that was offered is offered no longer', () => {
  const groups = (): Directory => world.platform.directory;
  const off = { SoracomInventory: { enabled: false } };
  const on = { SoracomInventory: { enabled: true } };
  const endings: readonly [string, string, () => unknown][] = [
    ['the device has it', 'done', () => stand(2, 0)],
    ['the device has refused it', 'failed', () => stand(0, 5)],
    ['the device was reset', 'failed', () => give({ method: 'reset' })],
    ['another image was given', 'failed', () => give({ method: 'push' })],
    ['its time is over', 'failed', () => world.pass(24 * HOUR)],
    [
      'Inventory was switched off, and on again',
      'failed',
      () => {
        groups().changeGroup(OPERATOR, 'meters', { configuration: off });
        groups().changeGroup(OPERATOR, 'meters', { configuration: on });
      },
    ],
    [
      'the group is gone, and there again',
      'failed',
      () => {
        groups().deleteGroup(OPERATOR, 'meters');
        groups().createGroup(OPERATOR, { id: 'meters', configuration: on });
        groups().change(IMSI, { groupId: 'meters' });
      },
    ],
    [
      'the device was in another group meanwhile',
      'failed',
      async () => {
        groups().createGroup(OPERATOR, { id: 'others', configuration: on });
        for (const groupId of ['others', 'meters']) {
          await world.await(root.call('POST', `/devices/${id}/set_group`, { groupId }));
        }
      },
    ],
  ];

  it.each(['pull', 'pull-coap'].flatMap((method) => endings.map((ending) => [method, ...ending] as const)))(
    'by %s when %s',
    async (method, _what, state, end) => {
      onImage = () => {
        stand(1, 0);
        return '2.04';
      };
      const request = await give({ method });
      const path = new URL(String((await standing(request)).result?.['uri'])).pathname.slice(1).split('/');
      const fetch = async (): Promise<string> =>
        (await (method === 'pull' ? device.ask('0.01', path) : device.raw({ method: '0.01', path }))).code;
      expect(await fetch()).toBe('2.05');
      await end();
      await world.pass(2 * MINUTE);
      root = await world.await(world.root());
      expect((await standing(request)).state).toBe(state);
      // A device that was silent for a day has no association any more.
      if (world.platform.inventory.devices.get(id)?.online !== true) await device.join();
      expect(await fetch()).toBe('4.04');
    },
  );

  it('by pull when the device is deleted, and there again with its name', async () => {
    onImage = () => {
      stand(1, 0);
      return '2.04';
    };
    await give({ method: 'pull-coap' });
    expect((await device.raw({ method: '0.01', path: ['fw', 'app.bin'] })).code).toBe('2.05');
    expect((await world.await(root.call('DELETE', `/devices/${id}`))).status).toBe(204);
    expect((await device.raw({ method: '0.01', path: ['fw', 'app.bin'] })).code).toBe('4.04');
    await device.join();
    expect((await device.raw({ method: '0.01', path: ['fw', 'app.bin'] })).code).toBe('4.04');
  });

  it('but goes on when tags of the group change', async () => {
    onImage = () => {
      stand(1, 0);
      return '2.04';
    };
    const request = await give({ method: 'pull' });
    groups().changeGroup(OPERATOR, 'meters', { tags: { name: 'meters' } });
    expect((await standing(request)).state).toBe('running');
    expect((await device.ask('0.01', ['fw', 'app.bin'])).code).toBe('2.05');
  });
});

describe('what State and Update Result say', () => {
  const results = Array.from({ length: 13 }, (_, result) => result);

  it.each(results.filter((result) => result > 1 && result !== 11))(
    'failed, in words, with result %i',
    async (result) => {
      onImage = () => {
        stand(0, result);
        return '2.04';
      };
      for (const method of ['push', 'pull'] as const) {
        stand(0, 0);
        const { state, reason } = await standing(await give({ method }));
        expect([state, reason]).toEqual(['failed', resultText(result)]);
      }
      expect(resultText(result)).toMatch(result < 12 ? /: [a-zA-Z ]+$/ : /not a value of the standard$/);
    },
  );

  it('in each phase, for each State and Update Result', () => {
    const verdicts = (phase: Phase, state: number, before?: number): string =>
      results.map((result) => judge(phase, { state, result }, before)).join(' ');
    const failed = (n: number): string => Array<string>(n).fill('failed').join(' ');
    const all = (verdict: string): string => results.map(() => verdict).join(' ');
    for (const phase of ['download', 'update'] as const) {
      // Idle: 1 is success, 11 is deferred, 12 is nothing that the standard has.
      expect(verdicts(phase, 0)).toBe(`still updated ${failed(9)} still failed`);
      expect(verdicts(phase, 0, 6)).toBe(`still updated ${failed(4)} still ${failed(4)} still failed`);
      expect(verdicts(phase, 0, 1)).toBe(`still still ${failed(9)} still failed`);
      expect(verdicts(phase, 1)).toBe(all('moving'));
      expect(verdicts(phase, 3)).toBe(all('moving'));
      expect(verdicts(phase, 4)).toBe(all('still'));
      expect(verdicts(phase, -1)).toBe(all('still'));
    }
    expect(verdicts('download', 2)).toBe(all('downloaded'));
    expect(verdicts('update', 2)).toBe(`still still ${failed(9)} moving failed`);
    expect(verdicts('update', 2, 8)).toBe(`still still ${failed(6)} still ${failed(2)} moving failed`);
  });
});

describe('a device that says nothing more', () => {
  it('while it updates has failed when a day of running time is over, and not by a wall clock that jumps', async () => {
    const request = await give({ update: true });
    stand(3, 0);
    await world.pass(MINUTE);
    await device.ask('0.04', device.location);
    await world.pass(23 * HOUR);
    root = await world.await(world.root());
    expect((await standing(request)).state).toBe('running');
    await world.pass(HOUR + MINUTE);
    expect(await standing(request)).toMatchObject({
      ...{ state: 'failed', reason: 'the device has not said in time what came of it' },
    });
  });

  it('does not hold up what else is asked of it', async () => {
    onImage = () => {
      stand(1, 0);
      return '2.04';
    };
    const request = await give({ method: 'pull' });
    // Its firmware object answers no more.
    device.override = ({ path }) =>
      path.join('/').startsWith('5/0') ? world.clock.sleep(MINUTE).then(() => reply('5.03')) : undefined;
    await world.pass(10 * MINUTE);
    const startedAt = world.clock.now();
    expect((await world.await(root.call('GET', `/devices/${id}/3/0/9`))).status).toBe(200);
    expect(world.clock.now() - startedAt).toBeLessThan(45 * SECOND);
    device.override = firmwareObject;
    stand(2, 0);
    await world.pass(3 * MINUTE);
    expect((await standing(request)).state).toBe('done');
  });

  it('of the update that it was told to do has failed, and is not asked twice', async () => {
    const request = await give({ update: true });
    stand(0, 0);
    await world.pass(14 * MINUTE);
    expect((await standing(request)).state).toBe('running');
    await world.pass(3 * MINUTE);
    expect(await standing(request)).toMatchObject({
      ...{ state: 'failed', reason: 'the device is Idle and says nothing of the update' },
    });
    expect(device.executed).toEqual(['/5/0/2']);
  });
});
