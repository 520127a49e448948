import { describe, expect, it } from 'vitest';
import { soracomAir } from '../../host/platform/air/config.js';
import { soracomBeam } from '../../host/platform/beam/config.js';
import { ApiWorld, type Client, OPERATOR } from './api-harness.js';
import { EPOCH_MS } from './harness.js';

const BEAM = 'http://beam.soracom.io:8888/';

async function signedIn(): Promise<{ world: ApiWorld; root: Client }> {
  const world = new ApiWorld();
  return { world, root: await world.root() };
}

interface GroupJson {
  readonly groupId: string;
  readonly configuration: Record<string, Record<string, unknown>>;
  readonly tags: Record<string, string>;
}
const configure = (root: Client, namespace: string, body: unknown, group = 'sensors') =>
  root.call<GroupJson & { message: string }>('PUT', `/groups/${group}/configuration/${namespace}`, body);

describe('groups', () => {
  it('are made, read, listed and deleted', async () => {
    const { world, root } = await signedIn();
    const made = await root.call<GroupJson>('POST', '/groups', { tags: { name: 'north' } });
    expect(made.status).toBe(201);
    expect(made.json).toEqual({
      groupId: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/) as string,
      operatorId: OPERATOR,
      tags: { name: 'north' },
      configuration: {},
      createdAt: EPOCH_MS,
      createdTime: EPOCH_MS,
      lastModifiedAt: EPOCH_MS,
      lastModifiedTime: EPOCH_MS,
    });
    const { groupId } = made.json;
    expect((await root.get(`/groups/${groupId}`)).json).toEqual(made.json);
    const list = await root.get<GroupJson[]>('/groups');
    expect(list.json.map((group) => group.groupId).sort()).toEqual([groupId, 'sensors'].sort());
    const tagged = await root.get<GroupJson[]>('/groups?tag_name=name&tag_value=nor&tag_value_match_mode=prefix');
    expect(tagged.json.map((group) => group.groupId)).toEqual([groupId]);
    expect((await root.get<GroupJson[]>('/groups?limit=1')).headers.get('x-soracom-next-key')).toBe(
      list.json[0]?.groupId,
    );
    expect((await root.call('DELETE', `/groups/${groupId}`)).status).toBe(204);
    expect((await root.get(`/groups/${groupId}`)).status).toBe(404);
    expect((await root.call('DELETE', '/groups/sensors')).status).toBe(204);
    expect(world.platform.directory.subscribers(OPERATOR).map(({ group }) => group)).toEqual(Array(3).fill(undefined));
  });

  it('never give one id twice, though the seed of the world is the same', async () => {
    const { world, root } = await signedIn();
    const first = await root.call<GroupJson>('POST', '/groups', {});
    const directory = world.platform.directory;
    expect(directory.hasGroup(first.json.groupId)).toBe(true);
    const second = await root.call<GroupJson>('POST', '/groups', {});
    expect(second.json.groupId).not.toBe(first.json.groupId);
  });

  it('tags', async () => {
    const { root } = await signedIn();
    const put = await root.call<GroupJson>('PUT', '/groups/sensors/tags', [{ tagName: 'site', tagValue: 'x' }]);
    expect(put).toMatchObject({ status: 200, json: { tags: { site: 'x' } } });
    expect((await root.call('DELETE', '/groups/sensors/tags/site')).status).toBe(204);
    expect((await root.call('DELETE', '/groups/sensors/tags/site')).status).toBe(404);
    expect((await root.call('PUT', '/groups/nowhere/tags', [])).status).toBe(404);
  });

  it('are made with a configuration, as the definition’s example is', async () => {
    const { root } = await signedIn();
    const configuration = { SoracomAir: { userdata: 'hi', metadata: { enabled: true } }, SoracomBeam: {} };
    const made = await root.call<GroupJson>('POST', '/groups', { configuration, tags: { name: 'north' }, more: 1 });
    expect(made).toMatchObject({ status: 201, json: { configuration, tags: { name: 'north' } } });
    for (const body of [{}, { tags: null, configuration: null }, { tags: {}, configuration: { SoracomAir: null } }]) {
      expect((await root.call('POST', '/groups', body)).status).toBe(201);
    }
    const wrong = await root.call('POST', '/groups', { configuration: { SoracomAir: { ipLinkMtu: 1 } } });
    expect(wrong).toMatchObject({ status: 400, json: { code: 'GRP0003' } });
    expect((await root.call('POST', '/groups', { configuration: { Nothing: {} } })).status).toBe(400);
  });

  it.each([[{ tags: { a: 1 } }], [{ configuration: [1] }], [{ configuration: { SoracomAir: 1 } }], [[]]])(
    '400 for POST %j',
    async (body) => {
      const { root } = await signedIn();
      expect((await root.call('POST', '/groups', body)).status).toBe(400);
    },
  );
});

describe('configuration', () => {
  it('PUT replaces keys that are there and adds others; what is configured acts at once', async () => {
    const { world, root } = await signedIn();
    const put = await configure(root, 'SoracomAir', [
      { key: 'userdata', value: 'bye' },
      { key: 'metadata', value: { enabled: true } },
    ]);
    expect(put).toMatchObject({
      status: 200,
      json: { configuration: { SoracomAir: { userdata: 'bye', metadata: { enabled: true } } } },
    });
    expect(soracomAir.of(world.platform.directory.group(OPERATOR, 'sensors'))).toMatchObject({
      userdata: 'bye',
    });
    const more = await configure(root, 'SoracomHarvest', [{ key: 'enabled', value: false }]);
    expect(Object.keys(more.json.configuration)).toEqual(['SoracomAir', 'SoracomHarvest']);
  });

  it('DELETE takes away a key (percent-encoded), then the namespace', async () => {
    const { root } = await signedIn();
    const entry = { enabled: true, destination: 'https://customer.example/' };
    await configure(root, 'SoracomBeam', [{ key: BEAM, value: entry }]);
    const path = `/groups/sensors/configuration/SoracomBeam`;
    expect((await root.call('DELETE', `${path}/${encodeURIComponent(BEAM)}`)).status).toBe(204);
    const again = await root.call('DELETE', `${path}/${encodeURIComponent(BEAM)}`);
    expect(again).toMatchObject({ status: 404, json: { code: 'GRP0004' } });
    expect((await root.call('DELETE', path)).status).toBe(204);
    expect((await root.call('DELETE', path)).status).toBe(400);
    expect((await root.get<GroupJson>('/groups/sensors')).json.configuration).toEqual({
      SoracomAir: { userdata: 'hello' },
    });
  });

  it.each([
    ['SoracomAir', [{ key: '__proto__', value: {} }], '__proto__'],
    ['SoracomAir', [{ key: 'metadata', value: { allowOrigin: 'a\nb' } }], 'SoracomAir.metadata.allowOrigin'],
    ['SoracomAir', [{ key: 'dnsServers', value: ['dns'] }], 'SoracomAir.dnsServers[0]: must be an IPv4 address'],
    ['SoracomAir', [{ key: 'useCustomDns', value: true }], 'SoracomAir.dnsServers: must be given'],
    ['SoracomAir', [{ key: 'ipLinkMtu', value: 100 }], 'SoracomAir.ipLinkMtu'],
    ['SoracomAir', [{ key: 'authenticationRequired', value: true }], 'SoracomAir.username: must be given'],
    ['SoracomBeam', [{ key: 'ftp://x', value: {} }], 'is not an entry point'],
    ['SoracomOrbit', [{ key: 'enabled', value: true }], 'the service of SoracomOrbit is not there yet'],
    ['SoracomKrypton', [{ key: 'enabled', value: true }], 'the service of SoracomKrypton is not there yet'],
    ['SoracomFlux', [{ key: 'enabled', value: true }], 'the service of SoracomFlux is not there yet'],
    ['SoracomEverything', [{ key: 'enabled', value: true }], 'no namespace "SoracomEverything"'],
    [
      'SoracomAir',
      [
        { key: 'useCustomDns', value: true },
        { key: 'dnsServers', value: [] },
      ],
      'SoracomAir.dnsServers: must be given',
    ],
    ['SoracomBeam', [{ key: BEAM, value: { enabled: true, destination: '' } }], '.destination: must be given'],
    ['constructor', [{ key: 'enabled', value: true }], 'no namespace "constructor"'],
    ['SoracomAir', [], 'must have at least 1 entry'],
    ['SoracomAir', [{ value: 1 }], '[0].key'],
    ['SoracomAir', { userdata: '' }, 'must be an array, not an object'],
  ])('%s %j: 400 with the field', async (namespace, body, fault) => {
    const { root } = await signedIn();
    const { status, json } = await configure(root, namespace, body);
    expect(status).toBe(400);
    expect(json.message).toContain(fault);
    expect((await root.get<GroupJson>('/groups/sensors')).json.configuration).toEqual({
      SoracomAir: { userdata: 'hello' },
    });
  });

  it('404 for a group that is not there', async () => {
    const { root } = await signedIn();
    const put = await configure(root, 'SoracomAir', [{ key: 'userdata', value: '' }], 'nowhere');
    expect(put).toMatchObject({ status: 404, json: { code: 'GRP0001' } });
    expect((await root.call('DELETE', '/groups/nowhere/configuration/SoracomAir')).status).toBe(404);
    expect((await root.call('DELETE', '/groups/nowhere/configuration/SoracomAir/userdata')).status).toBe(404);
  });

  it('holds 8 KB in all, userdata counted, and not a byte more', async () => {
    const { root } = await signedIn();
    const userdata = (bytes: number) => configure(root, 'SoracomAir', [{ key: 'userdata', value: 'u'.repeat(bytes) }]);
    const rest = '{"SoracomAir":{"userdata":""}}'.length;
    expect((await userdata(8192 - rest)).status).toBe(200);
    const over = await userdata(8193 - rest);
    expect(over.status).toBe(400);
    expect(over.json.message).toContain('8193 bytes, 8192 is the limit');
    expect((await configure(root, 'SoracomHarvest', [{ key: 'enabled', value: true }])).status).toBe(400);
  });

  it('secrets in it do not read back; a placeholder that comes back stands for what is there', async () => {
    const { world, root } = await signedIn();
    const entry = {
      enabled: true,
      destination: 'https://customer.example/',
      addSignature: true,
      addSubscriberHeader: true,
      psk: 'hunter2',
    };
    const put = await configure(root, 'SoracomBeam', [{ key: BEAM, value: entry }]);
    expect(put.text).not.toContain('hunter2');
    const shown = put.json.configuration['SoracomBeam']?.[BEAM];
    expect(shown).toEqual({ ...entry, psk: '[redacted]' });
    const changed = { ...(shown as object), destination: 'https://other.example/' };
    expect((await configure(root, 'SoracomBeam', [{ key: BEAM, value: changed }])).status).toBe(200);
    const kept = soracomBeam.of(world.platform.directory.group(OPERATOR, 'sensors'))?.[BEAM];
    expect(kept?.destination).toBe('https://other.example/');
    expect(Buffer.from((kept?.psk as { reveal(): Uint8Array }).reveal()).toString()).toBe('hunter2');
    const fresh = await configure(root, 'SoracomBeam', [{ key: `${BEAM}new`, value: shown }]);
    expect(fresh).toMatchObject({ status: 400, json: { code: 'COM0001' } });
    const air = await configure(root, 'SoracomAir', [{ key: 'password', value: 'hunter3' }]);
    expect(air.json.configuration['SoracomAir']?.['password']).toBe('[redacted]');
    expect(JSON.stringify(world.events)).not.toMatch(/hunter/);
  });
});

describe('credentials store', () => {
  const KEY = { type: 'psk', description: 'of Beam', credentials: { key: 'hunter2' } };

  it('POST makes an entry, PUT changes one, DELETE takes it away; its secret never shows', async () => {
    const { world, root } = await signedIn();
    const made = await root.call('POST', '/credentials/beam-%23%7Bimsi%7D', KEY);
    expect(made).toMatchObject({
      status: 201,
      json: {
        credentialsId: 'beam-#{imsi}',
        type: 'psk',
        description: 'of Beam',
        credentials: {},
        createDateTime: EPOCH_MS,
        updateDateTime: EPOCH_MS,
        lastUsedDateTime: null,
      },
    });
    expect(await root.call('POST', '/credentials/beam-%23%7Bimsi%7D', KEY)).toMatchObject({
      status: 409,
      json: { code: 'CRD0002' },
    });
    await world.pass(10);
    const changed = await root.call('PUT', '/credentials/beam-%23%7Bimsi%7D', { ...KEY, description: 'newer' });
    expect(changed).toMatchObject({
      status: 200,
      json: { description: 'newer', createDateTime: EPOCH_MS, updateDateTime: EPOCH_MS + 10_000 },
    });
    const list = await root.get<{ credentialsId: string }[]>('/credentials');
    expect(list.json.map(({ credentialsId }) => credentialsId)).toEqual(['beam-#{imsi}', 'beam-psk']);
    const one = await root.get('/credentials/beam-psk');
    for (const { text } of [made, changed, list, one]) expect(text).not.toMatch(/hunter2|topsecret/);
    expect((await root.call('DELETE', '/credentials/beam-psk')).status).toBe(204);
    for (const method of ['GET', 'DELETE']) {
      expect(await root.call(method, '/credentials/beam-psk')).toMatchObject({
        status: 404,
        json: { code: 'CRD0001' },
      });
    }
    expect((await root.call('PUT', '/credentials/beam-psk', KEY)).status).toBe(404);
  });

  it('what is no secret shows', async () => {
    const { root } = await signedIn();
    const { json } = await root.call('POST', '/credentials/aws', {
      type: 'aws-credentials',
      credentials: { accessKeyId: 'AKIA1', secretAccessKey: 'hunter2' },
    });
    expect(json.credentials).toEqual({ accessKeyId: 'AKIA1' });
  });

  it.each([
    [{ type: 'psk', credentials: {} }, 'credentials.key'],
    [{ type: 'psk', credentials: { key: '' } }, 'credentials.key: must not be empty'],
    [{ type: 'pks', credentials: { key: 'hunter2' } }, 'type: '],
    ['hunter2', 'must be an object, not a string'],
  ])('400 for %j, naming the field and never the secret', async (body, fault) => {
    const { root } = await signedIn();
    const { status, json, text } = await root.call('POST', '/credentials/new', body);
    expect(status).toBe(400);
    expect(json.message).toContain(fault);
    expect(text).not.toContain('hunter2');
  });

  it('400 for an id that cannot be', async () => {
    const { root } = await signedIn();
    for (const id of ['a%20b', 'a%2Fb', 'x'.repeat(129), '%00', '%F0%9F%94%91']) {
      expect((await root.call('POST', `/credentials/${id}`, KEY)).status).toBe(400);
    }
  });
});
