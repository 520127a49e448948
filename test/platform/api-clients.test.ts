// What SORACOM's own command line and libraries send, request by request, where that is more, less or other than one would
// write by hand: typed clients say "" or null where they have nothing to say, older ones use older names.

import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { soracomAir } from '../../host/platform/air/config.js';
import { NAMESPACES } from '../../host/platform/services.js';
import { ApiWorld, type Client, OPERATOR } from './api-harness.js';
import { EPOCH_MS, IMSI } from './harness.js';

async function signedIn(): Promise<{ world: ApiWorld; root: Client }> {
  const world = new ApiWorld();
  return { world, root: await world.root() };
}

interface GroupJson {
  readonly configuration: Record<string, Record<string, unknown>>;
  readonly message?: string;
}
const configure = (root: Client, namespace: string, values: object) =>
  root.call<GroupJson>(
    'PUT',
    `/groups/sensors/configuration/${namespace}`,
    Object.entries(values).map(([key, value]) => ({ key, value: value as unknown })),
  );

describe('a token', () => {
  it('is a JWT whose payload names the operator, and a user; it holds no secret', async () => {
    const { world, root } = await signedIn();
    const token = root.ticket?.token ?? '';
    expect(decodeJwt(token)).toEqual({
      ...{ aud: 'api', operator: { operatorId: OPERATOR }, iat: Math.floor(EPOCH_MS / 1000) },
      exp: Math.ceil(EPOCH_MS / 1000) + 86_400,
      jti: expect.any(String) as string,
    });
    expect(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).not.toContain(root.ticket?.apiKey ?? '-');
    const user = await world.user(root, 'ops', []);
    expect(decodeJwt(user.ticket?.token ?? '')).toMatchObject({
      ...{ operator: { operatorId: OPERATOR }, samUser: { operatorId: OPERATOR, userName: 'ops' } },
    });
  });

  it('that somebody has altered, signed otherwise or not at all is none', async () => {
    const { world, root } = await signedIn();
    const { apiKey = '', token = '' } = root.ticket ?? {};
    const [header = '', payload = '', mac = ''] = token.split('.');
    const other = Buffer.from(JSON.stringify({ ...decodeJwt(token), operator: { operatorId: 'OP0087654321' } }));
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    for (const altered of [
      `${header}.${other.toString('base64url')}.${mac}`,
      `${none}.${payload}.`,
      `${none}.${payload}.${mac}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${mac}=`,
      `${header}.${payload}.${mac}.`,
      `${header}.${payload}`,
      '..',
      'x'.repeat(100_000),
    ]) {
      const client = new (root.constructor as typeof Client)(world.anybody.fetch, { apiKey, token: altered });
      expect((await client.get('/groups')).status).toBe(401);
    }
    expect((await root.get('/groups')).status).toBe(200);
  });
});

describe('a typed client that has nothing to say', () => {
  it('the six keys of SoracomAir, always: what was left alone is not set', async () => {
    const { world, root } = await signedIn();
    const air = {
      ...{ useCustomDns: false, dnsServers: null, userdata: 'only this' },
      metadata: { enabled: false, readonly: false, allowOrigin: '' },
      ...{ binaryParserEnabled: false, binaryParserFormat: '' },
    };
    const put = await configure(root, 'SoracomAir', air);
    expect(put).toMatchObject({ status: 200, json: { configuration: { SoracomAir: air } } });
    const used = soracomAir.of(world.platform.directory.group(OPERATOR, 'sensors'));
    expect(used).toMatchObject({ userdata: 'only this', metadata: { enabled: false } });
    expect([used?.dnsServers, used?.metadata?.allowOrigin, used?.binaryParserFormat]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect((await configure(root, 'SoracomAir', { useCustomDns: false, dnsServers: [] })).status).toBe(200);
    expect((await configure(root, 'SoracomAir', { useCustomDns: true, dnsServers: [''] })).status).toBe(400);
  });

  it.each<[string, object]>([
    ['SoracomAir', { ipLinkMtu: 0, username: '', password: '', authenticationRequired: false, locationEnabled: null }],
    ['SoracomAir', { metadata: null, userdata: null }],
    [
      'SoracomBeam',
      {
        'tcp://beam.soracom.io:8023': {
          ...{ name: '', destination: '', enabled: false, addSubscriberHeader: false, addSignature: false, psk: '' },
        },
      },
    ],
    [
      'SoracomBeam',
      {
        'http://beam.soracom.io:8888/': {
          ...{ name: '', destination: 'https://customer.example/', enabled: true, psk: null },
          customHeaders: { a: { action: '', headerKey: '', headerValue: '' } },
          authorization: { $credentialsId: '' },
        },
      },
    ],
    [
      'SoracomBeam',
      {
        'tcp://beam.soracom.io:23080': {
          ...{
            destination: 'https://customer.example/',
            enabled: true,
            version: '',
            eodBytes: '',
            customHeaders: null,
          },
          useClientCert: '',
          clientCerts: null,
        },
      },
    ],
    ['SoracomEndorse', { enabled: true, tokenTimeoutSeconds: 0, allowOrigin: '', authorizedRedirectUrls: [''] }],
    ['SoracomEndorse', { enabled: null, parametersToEndorse: null, authorizedRedirectUrls: null }],
    ['SoracomFunk', { enabled: false, destination: { provider: '', service: '', resourceUrl: '' }, contentType: '' }],
    ['SoracomFunk', { enabled: false, destination: null, credentialsId: { $credentialsId: '' }, skipStatusCode: null }],
    ['SoracomFunnel', { enabled: false, destination: { provider: '', service: '', resourceUrl: '' } }],
    ['SoracomFunnel', { enabled: false, destination: {}, credentialsId: '', contentType: '', addSimId: null }],
    ['SoracomHarvest', { enabled: true, contentType: '', category: '', binaryFormatV1: null }],
    ['SoracomHarvest', { enabled: true, customTimestamp: { type: '', value: '', format: '' }, batchWrite: null }],
    ['SoracomHarvest', { contentType: 'json' }],
    ['SoracomHarvestFiles', { enabled: true, defaultPath: '', assumedRoleId: '', roleId: '' }],
    ['SoracomInventory', { enabled: true, lifetime: 0, shortServerId: 0, observe: null, harvestEnabled: null }],
    [
      'UnifiedEndpoint',
      { enabled: true, response: { format: '', success: { statusCode: 0, body: '' }, failure: null } },
    ],
    ['UnifiedEndpoint', { response: {} }],
  ])('%s %j: taken, and reads back as it was written', async (namespace, values) => {
    const { root } = await signedIn();
    const put = await configure(root, namespace, values);
    expect([put.status, put.json.message]).toEqual([200, undefined]);
    expect(put.json.configuration[namespace]).toMatchObject(
      JSON.parse(JSON.stringify(values).replace(/"psk":"[^"]+"/g, '"psk":"[redacted]"')) as object,
    );
  });

  it('every key of every namespace may be null, "", [] or {}: the whole is then as if it were not there', () => {
    for (const { name: namespace, schema } of NAMESPACES.all) {
      const bare = NAMESPACES.schema.parse({ [namespace]: {} });
      const { shape } = schema as { shape?: Readonly<Record<string, unknown>> };
      for (const key of Object.keys(shape ?? {})) {
        for (const empty of [null, '', [], {}, false, 0]) {
          const read = NAMESPACES.schema.safeParse({ [namespace]: { [key]: empty } });
          expect([namespace, key, empty, read.success]).toEqual([namespace, key, empty, true]);
          if (empty === null) expect(JSON.stringify(read.data)).toBe(JSON.stringify(bare));
        }
      }
    }
  });

  it('empty fields in the bodies of the other routes', async () => {
    const { root } = await signedIn();
    const own = `/operators/${OPERATOR}`;
    const calls: [string, string, object, number][] = [
      ['POST', '/groups', { tags: null, configuration: '' }, 201],
      ['POST', `${own}/users/ops`, { description: null }, 201],
      ['PUT', `${own}/users/ops`, { description: null }, 200],
      ['POST', `${own}/roles/r`, { permission: '{"statements":[]}', description: null }, 200],
      ['PUT', `${own}/users/ops/permission`, { permission: '{"statements":[]}', description: '' }, 200],
      ['POST', `${own}/token`, { tokenTimeoutSeconds: 0 }, 200],
      ['POST', `${own}/token`, { tokenTimeoutSeconds: null }, 200],
      [
        'POST',
        '/credentials/c',
        { type: 'x509', description: null, credentials: { key: 'k', cert: 'c', ca: null } },
        201,
      ],
      ['POST', `/subscribers/${IMSI}/activate`, {}, 200],
    ];
    for (const [method, path, body, status] of calls) {
      expect([path, (await root.call(method, path, body)).status]).toEqual([path, status]);
    }
  });
});

describe('keys and fields that nothing here knows', () => {
  it('in a configuration: kept and shown as they were written, and told of in the trace', async () => {
    const { world, root } = await signedIn();
    const entry = {
      ...{ name: 'x', destination: 'https://customer.example/', enabled: true, psk: 'hunter2' },
      ...{ replaceTopic: true, clientCerts: { default: { $credentialsId: 'x' } } },
    };
    const put = await configure(root, 'SoracomBeam', { 'http://beam.soracom.io:8888/': entry });
    expect(put).toMatchObject({
      status: 200,
      json: { configuration: { SoracomBeam: { 'http://beam.soracom.io:8888/': { ...entry, psk: '[redacted]' } } } },
    });
    expect(world.events.filter(({ type }) => type === 'configuration')).toMatchObject([
      {
        operatorId: OPERATOR,
        unknown: ['SoracomBeam["http://beam.soracom.io:8888/"]: unknown keys "replaceTopic", "clientCerts"'],
      },
    ]);
    const again = put.json.configuration['SoracomBeam'] ?? {};
    expect((await configure(root, 'SoracomBeam', again)).status).toBe(200);
    expect((await configure(root, 'SoracomAir', { userdat: '', metadata: { enable: true } })).status).toBe(200);
    expect(JSON.stringify(world.events)).not.toContain('hunter2');
  });

  it('in bodies: passed over, and told of in the trace by name alone', async () => {
    const { world, root } = await signedIn();
    await root.call('PUT', `/subscribers/${IMSI}/tags`, [{ tagName: 'a', tagValue: 'b', more: 'hush' }]);
    expect(world.events.at(-1)).toMatchObject({ type: 'api', status: 200, unknown: ['[0]: unknown key "more"'] });
    const own = `/operators/${OPERATOR}`;
    const calls: [string, string, object][] = [
      ['POST', '/groups', { x: 1 }],
      ['POST', `${own}/users/ops`, { x: 1 }],
      ['POST', `${own}/users/ops/password`, { password: 'a long enough one', x: 1 }],
      ['POST', `${own}/roles/r`, { permission: '{"statements":[]}', x: 1 }],
      ['POST', `${own}/users/ops/roles`, { roleId: 'r', x: 1 }],
      ['POST', '/credentials/c', { type: 'psk', credentials: { key: 'k', x: 1 }, x: 1 }],
      ['POST', `/subscribers/${IMSI}/set_group`, { groupId: 'sensors', x: 1 }],
    ];
    for (const [method, path, body] of calls) expect((await root.call(method, path, body)).status).toBeLessThan(300);
  });
});

describe('addresses and statuses as the definition has them', () => {
  it('the root of the files: `/files/private//`, and no further double slash', async () => {
    const { root } = await signedIn();
    const put = await root.call('PUT', '/files/private/a.txt', undefined, {
      ...{ raw: 'x', headers: { 'content-type': 'text/plain' } },
    });
    expect(put.status).toBe(201);
    for (const path of ['/files/private//', '/files/private/']) {
      expect((await root.get<object[]>(path)).json).toMatchObject([{ filePath: '/a.txt' }]);
    }
    expect((await root.get('/files/private///')).status).toBe(400);
    expect((await root.call('DELETE', '/files/private//')).status).toBe(403);
    expect((await root.get('/files/private//a.txt')).text).toBe('x');
  });

  it('a file: 302 to a link that is good without a token, for that file, for a while', async () => {
    const { world, root } = await signedIn();
    const raw = { raw: 'hello', headers: { 'content-type': 'text/plain' } };
    await root.call('PUT', '/files/private/d/a%20b.txt', undefined, raw);
    const { status, headers } = await root.call('GET', '/files/private/d/a%20b.txt', undefined, { follow: false });
    expect(status).toBe(302);
    const link = (headers.get('location') ?? '').replace(/^\/v1/, '');
    expect(link).toMatch(/^\/downloads\/private\/d\/a%20b\.txt\?ticket=/);
    expect((await world.anybody.get(link)).text).toBe('hello');
    const [, ticket = ''] = link.split('?');
    for (const other of [`/downloads/private/d/other?${ticket}`, `/downloads/public/d/a%20b.txt?${ticket}`]) {
      expect(await world.anybody.get(other)).toMatchObject({ status: 403, json: { code: 'HVF0002' } });
    }
    const token = root.ticket?.token ?? '';
    expect((await world.anybody.get(`/downloads/private/d/a%20b.txt?ticket=${token}`)).status).toBe(403);
    expect((await world.anybody.get('/downloads/private/d/a%20b.txt')).status).toBe(400);
    expect(JSON.stringify(world.events)).not.toContain(ticket);
    await world.pass(301);
    expect((await world.anybody.get(link)).status).toBe(403);
  });

  it('a directory without its slash: 302 to its listing', async () => {
    const { root } = await signedIn();
    await root.call('PUT', '/files/private/d/e/f', undefined, { raw: 'x', headers: { 'content-type': 'text/plain' } });
    const { status, headers } = await root.call('GET', '/files/private/d/e', undefined, { follow: false });
    expect([status, headers.get('location')]).toEqual([302, '/v1/files/private/d/e/']);
    expect((await root.get<object[]>('/files/private/d')).json).toMatchObject([
      { filePath: '/d/e', isDirectory: true },
    ]);
    expect((await root.get('/files/private/g')).status).toBe(404);
  });

  it('HEAD of a file: what is known of it', async () => {
    const { root } = await signedIn();
    await root.call('PUT', '/files/private/a', undefined, { raw: 'hello', headers: { 'content-type': 'text/plain' } });
    const { status, headers } = await root.call('HEAD', '/files/private/a');
    expect([status, headers.get('content-length'), headers.get('content-type')]).toEqual([200, '5', 'text/plain']);
    expect(headers.get('etag')).toMatch(/^"/);
    expect((await root.call('HEAD', '/files/private/b')).status).toBe(404);
  });

  it('pages of ten for data and files', async () => {
    const { world, root } = await signedIn();
    const resource = { operatorId: OPERATOR, resourceType: 'Subscriber', resourceId: IMSI } as const;
    const entries = Array.from({ length: 12 }, (_, i) => ({ timeMs: i, contentType: 'text/plain', content: 'x' }));
    world.platform.data.add(resource, entries);
    expect((await root.get<object[]>(`/data/Subscriber/${IMSI}`)).json).toHaveLength(10);
    expect((await root.get<object[]>(`/data/Subscriber/${IMSI}?limit=5000`)).json).toHaveLength(12);
    for (let i = 0; i < 11; i++) {
      const raw = { raw: 'x', headers: { 'content-type': 'text/plain' } };
      await root.call('PUT', `/files/private/${i}`, undefined, raw);
    }
    expect((await root.get<object[]>('/files/private//')).json).toHaveLength(10);
    expect((await root.get<object[]>('/files?scope=private&prefix=%2F')).json).toHaveLength(10);
  });

  it('a user’s permission is taken away: 204, and the user may do nothing', async () => {
    const { world, root } = await signedIn();
    const user = await world.user(root, 'ops', [{ effect: 'allow', api: '*' }]);
    expect((await user.get('/groups')).status).toBe(200);
    const path = `/operators/${OPERATOR}/users/ops/permission`;
    expect((await root.call('DELETE', path)).status).toBe(204);
    expect((await user.get('/groups')).status).toBe(403);
    expect((await root.get(path)).json).toEqual({ permission: '{"statements":[]}' });
  });

  it('permissions by the definition’s names, and by those they had before', async () => {
    const { world, root } = await signedIn();
    for (const api of ['Subscriber:putSubscriberTags', 'Subscriber:putTags']) {
      const user = await world.user(root, api.replace(':', '-'), [{ effect: 'allow', api }]);
      expect((await user.call('PUT', `/subscribers/${IMSI}/tags`, [])).status).toBe(200);
      const denied = await world.user(root, `no-${api.replace(':', '-')}`, [
        { effect: 'allow', api: '*' },
        { effect: 'deny', api },
      ]);
      expect((await denied.call('PUT', `/subscribers/${IMSI}/tags`, [])).status).toBe(403);
    }
  });

  it('a role that is a bare name is stored: AWS says what it thinks of it', async () => {
    const { root } = await signedIn();
    const credentials = { externalId: 'External-0123456789ABCDEF', roleArn: 'sample_role' };
    const made = await root.call('POST', '/credentials/role', { type: 'aws-iam-role-credentials', credentials });
    expect(made).toMatchObject({ status: 201, json: { credentials } });
  });
});
