// What a device without a SIM sends to the management API, with the key that its operator was shown: from the Internet and from a
// session, as programs in use send it; and what somebody without the key, or with too much to say, gets.

import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { duplexPair } from '../../host/cloud/index.js';
import type { PlatformOptions } from '../../host/platform/index.js';
import { PUBLISH_LIMITS } from '../../host/platform/limits.js';
import { AUTH_KEY, type Client, OPERATOR, OTHER_AUTH_KEY, OTHER_OPERATOR } from '../platform/api-harness.js';
import { BeamWorld, session } from '../platform/harness.js';
import { secure } from '../platform/secure.js';
import { InventoryWorld, TestDevice } from './world.js';

const harvest = (settings: object = {}): object => ({
  configuration: { SoracomHarvest: { enabled: true, ...settings } },
});
const config = {
  operators: {
    [OPERATOR]: { authKeys: { [AUTH_KEY.authKeyId]: AUTH_KEY.authKey } },
    [OTHER_OPERATOR]: { authKeys: { [OTHER_AUTH_KEY.authKeyId]: OTHER_AUTH_KEY.authKey } },
  },
  groups: {
    on: harvest(),
    off: { configuration: { SoracomHarvest: { enabled: false } } },
    batch: harvest({
      ...{ category: 'meters', batchWrite: { type: 'jsonpointer', value: '/all' } },
      customTimestamp: { type: 'jsonpointer', value: '/t', format: 'unix-seconds' },
    }),
    parsed: {
      configuration: {
        SoracomAir: { binaryParserEnabled: true, binaryParserFormat: 'a:0:uint:8' },
        SoracomHarvest: { enabled: true },
      },
    },
  },
};

interface Made {
  readonly id: string;
  readonly secret: string;
}
interface Entry {
  readonly content: string;
  readonly contentType: string;
  readonly time: number;
  readonly category?: string;
}

async function made(root: Client, groupId?: string): Promise<Made> {
  const { json } = await root.call('POST', '/devices', { ...(groupId !== undefined && { groupId }) });
  return { id: String(json['deviceId']), secret: String(json['secretKey']) };
}

function world(options: Partial<PlatformOptions> = {}): InventoryWorld {
  return new InventoryWorld({ config, ...options });
}

const publish = (client: Client, { id, secret }: Made, raw: string | Uint8Array = '{"temperature":21}', to = '') =>
  client.call('POST', `/devices/${id}/publish${to}?device_secret=${encodeURIComponent(secret)}`, undefined, { raw });

async function sent(on: InventoryWorld, root: Client, { id }: Made): Promise<readonly Entry[]> {
  return (await on.await(root.get<Entry[]>(`/devices/${id}/data`))).json;
}

describe('publish', () => {
  it('keeps what a device sends in Harvest Data, without a token', async () => {
    const on = world();
    const root = await on.await(on.root());
    const device = await on.await(made(root, 'on'));
    const { status, text } = await on.await(publish(on.anybody, device));
    expect([status, text]).toEqual([201, '']);
    await on.await(publish(on.anybody, device, '{"temperature":22}', '/sensors/1'));
    const [second, first] = await sent(on, root, device);
    expect(first).toMatchObject({ content: '{"temperature":21}', contentType: 'application/json' });
    expect(second).toMatchObject({ content: '{"temperature":22}', resourceType: 'Device', resourceId: device.id });
  });

  it('takes the key as programs in use send it: in a header, in the query with + and / as they are', async () => {
    const on = world();
    const root = await on.await(on.root());
    // A key with both, to be sure that they are there.
    let device = await on.await(made(root, 'on'));
    while (!/\+.*\/|\/.*\+/.test(device.secret)) device = await on.await(made(root, 'on'));
    const call = (query: string, headers = {}) =>
      on.await(on.anybody.call('POST', `/devices/${device.id}/publish${query}`, { a: 1 }, { headers }));
    expect((await call(`?device_secret=${device.secret}`)).status).toBe(201);
    expect((await call(`?device_secret=${device.secret.replace(/=+$/, '')}`)).status).toBe(201);
    expect((await call('', { 'x-device-secret': device.secret })).status).toBe(201);
    expect((await call('')).status).toBe(401);
    expect(await sent(on, root, device)).toHaveLength(3);
  });

  it('reads kinds, times, batches and the binary parser as Harvest Data does for SIMs', async () => {
    const on = world();
    const root = await on.await(on.root());
    const batch = await on.await(made(root, 'batch'));
    expect((await on.await(publish(on.anybody, batch, '{"all":[{"t":1500000000},{"t":1500000001}]}'))).status).toBe(
      201,
    );
    expect(await sent(on, root, batch)).toMatchObject([
      { content: '{"t":1500000001}', time: 1_500_000_001_000, category: 'meters' },
      { content: '{"t":1500000000}', time: 1_500_000_000_000, category: 'meters' },
    ]);
    const parsed = await on.await(made(root, 'parsed'));
    const path = `/devices/${parsed.id}/publish?device_secret=${encodeURIComponent(parsed.secret)}`;
    const headers = { 'content-type': 'application/octet-stream', 'x-soracom-timestamp': '1600000000000' };
    const raw = Uint8Array.of(7);
    expect((await on.await(on.anybody.call('POST', path, undefined, { raw, headers }))).status).toBe(201);
    expect(await sent(on, root, parsed)).toMatchObject([{ time: 1_600_000_000_000 }]);
    expect(JSON.parse((await sent(on, root, parsed))[0]?.content ?? '')).toMatchObject({ a: 7 });
    for (const [body, more] of [
      ['{"all":7}', {}],
      ['{', {}],
      [`{"x":"${'x'.repeat(2000)}"}`, { 'x-soracom-timestamp': '1' }],
      ['{"all":[{"t":1}]}', { 'content-type': 'application/json', 'x-soracom-timestamp': 'noon' }],
    ] as const) {
      const refused = await on.await(
        on.anybody.call('POST', path.replace(parsed.id, batch.id), undefined, { raw: body, headers: more }),
      );
      // The key of another device.
      expect(refused.status).toBe(401);
      const own = `/devices/${batch.id}/publish?device_secret=${encodeURIComponent(batch.secret)}`;
      const answer = await on.await(on.anybody.call('POST', own, undefined, { raw: body, headers: more }));
      expect([body.slice(0, 9), answer.status, answer.json['code']]).toEqual([body.slice(0, 9), 400, 'COM0001']);
    }
  });

  it('is refused where Harvest Data is off, and without a group', async () => {
    const on = world();
    const root = await on.await(on.root());
    for (const group of ['off', undefined]) {
      const answer = await on.await(publish(on.anybody, await on.await(made(root, group))));
      expect([answer.status, answer.json['code']]).toEqual([400, 'HVD0002']);
    }
  });

  it('takes no key but the device’s own, and says the same of a device that is not there', async () => {
    const on = world();
    const root = await on.await(on.root());
    const [device, other] = [await on.await(made(root, 'on')), await on.await(made(root, 'on'))];
    const zero = Buffer.alloc(16).toString('base64');
    const answers = new Set<string>();
    for (const [id, secret] of [
      [device.id, other.secret],
      [device.id, ''],
      [device.id, zero],
      [device.id, device.secret.slice(0, -4)],
      [device.id, `${device.secret.slice(0, -2)}AA`],
      [device.id, device.secret.toLowerCase()],
      [device.id, 'x'.repeat(5000)],
      ['d-none', device.secret],
      ['%00', device.secret],
    ] as const) {
      const { status, text } = await on.await(publish(on.anybody, { id, secret }));
      answers.add(`${status} ${text}`);
    }
    expect([...answers]).toEqual(['401 {"code":"AUM0001","message":"authentication failed"}']);
    await on.await(root.call('DELETE', `/devices/${device.id}`));
    expect((await on.await(publish(on.anybody, device))).status).toBe(401);
    expect(await sent(on, root, other)).toEqual([]);
  });

  it('the key that a SIM was given is none to publish with', async () => {
    const on = new InventoryWorld();
    const device = new TestDevice(on);
    const account = await device.account();
    await on.await(
      (await on.await(on.root())).call('PUT', '/groups/meters/configuration/SoracomHarvest', [
        { key: 'enabled', value: true },
      ]),
    );
    const key = { id: Buffer.from(account.identity).toString(), secret: Buffer.from(account.key).toString('base64') };
    expect((await on.await(publish(on.anybody, key))).status).toBe(401);
  });

  it('has a limit a minute for each device, and wrong keys use none of it up', async () => {
    const on = world();
    const root = await on.await(on.root());
    const [device, other] = [await on.await(made(root, 'on')), await on.await(made(root, 'on'))];
    const statuses = new Map<number, number>();
    const count = async (made: Made): Promise<void> => {
      const { status } = await on.await(publish(on.anybody, made));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    };
    for (let i = 0; i < 100; i++) await count({ ...device, secret: other.secret });
    for (let i = 0; i < PUBLISH_LIMITS.device.caller.burst + 5; i++) await count(device);
    await count(other);
    expect(Object.fromEntries(statuses)).toEqual({ 401: 100, 201: PUBLISH_LIMITS.device.caller.burst + 1, 429: 5 });
    await on.pass(SECOND / PUBLISH_LIMITS.device.caller.perSecond);
    expect((await on.await(publish(on.anybody, device))).status).toBe(201);
  });

  it('has a limit a minute for each address; another address does not notice', async () => {
    const on = world();
    const root = await on.await(on.root());
    const device = await on.await(made(root, 'on'));
    const from = async (address: string): Promise<string> => {
      const target = `/v1/devices/${device.id}/publish?device_secret=${encodeURIComponent(device.secret)}`;
      const [near, far] = duplexPair(on.clock);
      on.platform.api.accept(far, address);
      near.write(`POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`);
      let text = '';
      near.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await on.pass(1_000_000_000);
      return text.slice(9, 12);
    };
    const unknown = { ...device, id: 'd-none' };
    for (let i = 0; i < PUBLISH_LIMITS.address.caller.burst; i++) await on.await(publish(on.anybody, unknown));
    const { status, json } = await on.await(publish(on.anybody, device));
    expect([status, json['code']]).toEqual([429, 'COM0007']);
    expect(await from('192.0.2.1')).toBe('201');
  });

  it('shows the key in no event and no answer', async () => {
    const on = world();
    const root = await on.await(on.root());
    const device = await on.await(made(root, 'on'));
    const path = `/devices/${device.id}/publish?device_secret=${encodeURIComponent(device.secret)}`;
    const answers = [
      await on.await(publish(on.anybody, device)),
      await on.await(publish(on.anybody, { ...device, id: 'd-none' })),
      await on.await(on.anybody.call('POST', `${path}&device_secret=x`)),
      await on.await(on.anybody.call('POST', `${path}&x=1`)),
      await on.await(on.anybody.call('GET', path)),
      await on.await(root.call('GET', `/devices/${device.id}/data?device_secret=${device.secret}`)),
      await on.await(publish(on.anybody, device, 'x'.repeat(100_000))),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 401, 400, 400, 405, 400, 413]);
    const told = JSON.stringify([on.events, answers]);
    for (const form of [device.secret, encodeURIComponent(device.secret), device.secret.slice(0, 20)]) {
      expect(told).not.toContain(form);
    }
  });

  it('is there for a device in a session, too', async () => {
    const on = new BeamWorld({ config: { ...config, subscribers: [] } });
    const { platform } = on;
    const device = platform.inventory.devices.create({ operatorId: OPERATOR, groupId: 'on' });
    const secret = Buffer.from(platform.inventory.keys.create(device.deviceId).key.reveal()).toString('base64');
    const target = `/v1/devices/${device.deviceId}/publish?device_secret=${encodeURIComponent(secret)}`;
    const request = `POST ${target} HTTP/1.1\r\nHost: api.soracom.io\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{"a":1}`;
    expect(await secure(on, 'api.soracom.io', request, { caller: session() })).toMatch(/^HTTP\/1\.1 201 /);
    expect(
      platform.data.list({ operatorId: OPERATOR, resourceType: 'Device', resourceId: device.deviceId }, {}).entries,
    ).toHaveLength(1);
    expect(JSON.stringify(on.events)).not.toContain(secret.slice(0, 20));
  });
});
