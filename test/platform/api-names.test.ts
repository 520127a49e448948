// Names that are members of every JavaScript object: as tags, ids and keys they are words like any other, and what is answered with
// success is there afterwards, also after a restart.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { wording } from '../../host/faults.js';
import { Database } from '../../host/platform/index.js';
import { Seal } from '../../host/platform/seal.js';
import { record } from '../../host/record.js';
import { type Answered, ApiWorld, apiConfig, type Client } from './api-harness.js';
import { IMSI } from './harness.js';

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'then',
  'toJSON',
];

const MEMBERS = Object.getOwnPropertyNames(Object.prototype);
const own = (name: string, value: unknown): object => Object.fromEntries([[name, value]]);
const tagsOf = ({ json }: Answered): object => (json['tags'] ?? {}) as object;
const valueIn = (tags: object, name: string): unknown => Object.getOwnPropertyDescriptor(tags, name)?.value;

interface Kind {
  /** Makes one with these tags, or finds one; its path. */
  readonly make: (client: Client, tags: object) => Promise<string>;
  readonly list: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  groups: {
    make: async (client, tags) => `/groups/${String((await client.call('POST', '/groups', { tags })).json['groupId'])}`,
    list: '/groups',
  },
  devices: {
    make: async (client, tags) => {
      const { json } = await client.call<{ device: { deviceId: string } }>('POST', '/devices', { tags });
      return `/devices/${json.device.deviceId}`;
    },
    list: '/devices',
  },
  subscribers: {
    make: async (client, tags) => {
      const list = Object.entries(tags).map(([tagName, tagValue]) => ({ tagName, tagValue: tagValue as string }));
      await client.call('PUT', `/subscribers/${IMSI}/tags`, list);
      return `/subscribers/${IMSI}`;
    },
    list: '/subscribers',
  },
};

describe.each(Object.entries(KINDS))('tags of %s', (_kind, { make, list }) => {
  it.each(NAMES)('%s: kept, filtered by, replaced and deleted', async (name) => {
    const [database, seal] = [new Database(), new Seal()];
    const client = await new ApiWorld({ database, seal }).root();
    const path = await make(client, own(name, 'first'));
    expect(valueIn(tagsOf(await client.get(path)), name)).toBe('first');
    const found = await client.get<object[]>(`${list}?tag_name=${name}&tag_value=first`);
    expect(found.json).toHaveLength(1);
    expect((await client.get<object[]>(`${list}?tag_name=${name}&tag_value=other`)).json).toHaveLength(0);

    const again = await new ApiWorld({ database, seal, config: {} }).root(); // the next process
    expect(valueIn(tagsOf(await again.get(path)), name)).toBe('first');
    const put = await again.call('PUT', `${path}/tags`, [{ tagName: name, tagValue: 'second' }]);
    expect(valueIn(tagsOf(put), name)).toBe('second');
    expect((await again.call('DELETE', `${path}/tags/${name}`)).status).toBe(204);
    expect(Object.hasOwn(tagsOf(await again.get(path)), name)).toBe(false);
    expect((await again.call('DELETE', `${path}/tags/${name}`)).status).toBe(404);
  });
});

describe.each(NAMES)('%s', (name) => {
  it('as a tag of the configuration', async () => {
    const [subscriber, ...others] = apiConfig.subscribers;
    const tagged = { ...subscriber, tags: own(name, 'x') };
    const client = await new ApiWorld({ config: { ...apiConfig, subscribers: [tagged, ...others] } }).root();
    expect(valueIn(tagsOf(await client.get(`/subscribers/${IMSI}`)), name)).toBe('x');
  });

  it('as the id of credentials and of a group in the configuration', async () => {
    const group = { configuration: { SoracomBeam: {} } };
    const credentials = { type: 'psk', credentials: { key: 'k' } };
    const config = { operators: apiConfig.operators, groups: own(name, group), credentials: own(name, credentials) };
    const client = await new ApiWorld({ config }).root();
    expect((await client.get(`/groups/${name}`)).status).toBe(200);
    const { json } = await client.get<{ credentialsId: string }[]>('/credentials');
    expect(json.map(({ credentialsId }) => credentialsId)).toEqual([name]);
  });

  it('as the id of credentials: kept and deleted', async () => {
    const client = await new ApiWorld().root();
    const made = await client.call('POST', `/credentials/${name}`, { type: 'psk', credentials: { key: 'k' } });
    expect(made.status).toBe(201);
    expect((await client.get<{ credentialsId: string }[]>('/credentials')).text).toContain(JSON.stringify(name));
    expect((await client.call('DELETE', `/credentials/${name}`)).status).toBe(204);
  });

  it('as a namespace of a group: refused by name; as a key in one: kept and told', async () => {
    const world = new ApiWorld();
    const client = await world.root();
    const refused = await client.call('POST', '/groups', { configuration: own(name, { enabled: true }) });
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining(name)]);
    const { json } = await client.call('POST', '/groups', { configuration: { SoracomAir: own(name, 'x') } });
    const kept = (json['configuration'] as { SoracomAir: object }).SoracomAir;
    expect(valueIn(kept, name)).toBe('x');
    expect(JSON.stringify(world.events.filter(({ type }) => type === 'configuration'))).toContain(name);
  });

  it('as any part of a path or query of any route: no fault of the platform', async () => {
    const world = new ApiWorld();
    const client = await world.root();
    const { json } = await client.get<{ paths: Record<string, Record<string, unknown>> }>('/openapi.json');
    for (const [template, methods] of Object.entries(json.paths)) {
      const path = template.replace(/\{\w+\}/g, name);
      if (path.endsWith('/logout')) continue; // the token is used on
      for (const method of Object.keys(methods).map((word) => word.toUpperCase())) {
        const bodies =
          method === 'GET' || method === 'HEAD' ? [undefined] : [undefined, own(name, own(name, 1)), [own(name, name)]];
        for (const body of bodies) {
          for (const query of ['', `?${name}=${name}`]) {
            const { status } = await client.call(method, path + query, body, { follow: false });
            expect(status, `${method} ${path}${query} ${JSON.stringify(body)}`).toBeLessThan(500);
          }
        }
      }
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(MEMBERS);
  });
});

describe('record', () => {
  const [key, value] = [z.string().max(9), z.number()];

  it('takes and refuses what z.record does, and keeps every key', () => {
    const name = fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 12 }));
    const entry = fc.tuple(name, fc.oneof(fc.integer(), fc.string(), fc.constant(null)));
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
        const written = Object.fromEntries(entries);
        const { success, data, error } = record(key, value).safeParse(written, { error: wording });
        const without = Object.entries(written).filter(([name]) => name !== '__proto__');
        const plain = z.record(key, value).safeParse(Object.fromEntries(without), { error: wording });
        const proto = Object.getOwnPropertyDescriptor(written, '__proto__');
        expect(success).toBe(plain.success && (proto === undefined || typeof proto.value === 'number'));
        if (success) expect(Object.entries(data)).toEqual(Object.entries(written));
        if (!success && proto === undefined) expect(error?.issues).toEqual(plain.error?.issues);
      }),
    );
  });

  it.each([[null], [1], ['x'], [[]], [undefined]])('refuses %j', (other) => {
    expect(record(key, value).safeParse(other).error?.issues).toMatchObject([
      { code: 'invalid_type', expected: 'record' },
    ]);
  });

  it('has a limit of keys', () => {
    const two = record(key, value, { max: 1, what: 'tags' }).safeParse({ a: 1, b: 2 });
    expect(two.error?.issues).toMatchObject([{ message: '1 tags at most' }]);
  });
});
