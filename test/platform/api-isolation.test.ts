import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { API_LIMITS } from '../../host/platform/limits.js';
import { ApiWorld, type Client, OPERATOR, OTHER_OPERATOR, OTHER_STOCK_IMSI } from './api-harness.js';
import { IMSI } from './harness.js';

const MARK = 'belongs-to-the-other';

/** Two operators who have one of everything. */
async function bothOperators(): Promise<{ world: ApiWorld; root: Client; other: Client; otherGroup: string }> {
  const world = new ApiWorld();
  const [root, other] = [await world.root(), await world.other()];
  const { json } = await other.call('POST', '/groups', { tags: { name: MARK } });
  const otherGroup = String(json['groupId']);
  const tags = [{ tagName: 'name', tagValue: MARK }];
  const registration = { registrationSecret: 'another-secret', groupId: otherGroup, tags };
  await other.call('POST', `/subscribers/${OTHER_STOCK_IMSI}/register`, registration);
  await other.call('POST', `/credentials/${MARK}`, { type: 'psk', description: MARK, credentials: { key: 'k' } });
  const mine = `/operators/${OTHER_OPERATOR}`;
  await other.call('POST', `${mine}/users/${MARK}`, { description: MARK });
  await other.call('POST', `${mine}/roles/${MARK}`, { permission: '{"statements":[]}', description: MARK });
  return { world, root, other, otherGroup };
}

/** All that an operator can see of itself. */
async function everything(client: Client, operatorId: string): Promise<string> {
  const paths = [
    '/subscribers',
    '/groups',
    '/credentials',
    ...['', '/users', '/roles', '/auth_keys'].map((p) => `/operators/${operatorId}${p}`),
  ];
  return (await Promise.all(paths.map(async (path) => (await client.get(path)).text))).join('\n');
}

describe('two operators', () => {
  it('see nothing of each other in their lists', async () => {
    const { root, other } = await bothOperators();
    expect(await everything(other, OTHER_OPERATOR)).toContain(MARK);
    expect(await everything(root, OPERATOR)).not.toContain(MARK);
    expect(await everything(other, OTHER_OPERATOR)).not.toContain(IMSI);
  });

  it('one of a name each: what one does to its own leaves the other’s alone', async () => {
    const { root, other } = await bothOperators();
    await other.call('POST', '/credentials/beam-psk', { type: 'psk', description: MARK, credentials: { key: 'k' } });
    expect((await root.call('DELETE', '/credentials/beam-psk')).status).toBe(204);
    expect((await other.get('/credentials/beam-psk')).json).toMatchObject({ description: MARK });
    expect((await root.call('POST', `/operators/${OPERATOR}/users/${MARK}`, {})).status).toBe(201);
    expect((await root.call('DELETE', `/operators/${OPERATOR}/users/${MARK}`)).status).toBe(204);
    expect((await other.get(`/operators/${OTHER_OPERATOR}/users/${MARK}`)).status).toBe(200);
  });

  it('any method, any path, any body that names what is the other’s: nothing shows, nothing changes', async () => {
    const { root, other, otherGroup } = await bothOperators();
    const before = await everything(other, OTHER_OPERATOR);
    const names = fc.constantFrom(OTHER_STOCK_IMSI, otherGroup, MARK, OTHER_OPERATOR, 'keyId-other');
    const spelt = names.chain((name) =>
      fc.constantFrom(
        name,
        `../${name}`,
        `%2e%2e/${name}`,
        encodeURIComponent(`../${name}`),
        [...name].map((c) => `%${c.charCodeAt(0).toString(16)}`).join(''),
        name.toLowerCase(),
        `${name}/`,
        `${name}%00`,
        `./${name}`,
      ),
    );
    const word = fc.constantFrom(
      ...['subscribers', 'groups', 'credentials', 'operators', 'users', 'roles', 'tags', 'configuration', 'SoracomAir'],
      ...['suspend', 'activate', 'set_group', 'unset_group', 'register', 'auth_keys', 'permission', 'password', IMSI],
      ...['sensors', OPERATOR, 'token', 'name', 'data', 'Subscriber'],
    );
    const path = fc
      .array(fc.oneof(word, word, spelt), { minLength: 1, maxLength: 5 })
      .map((parts) => `/${parts.join('/')}`);
    const shaped = fc.constantFrom(
      ...[`/subscribers/${OTHER_STOCK_IMSI}`, `/groups/${otherGroup}`, `/credentials/${MARK}`],
      ...[`/subscribers/${OTHER_STOCK_IMSI}/tags`, `/groups/${otherGroup}/configuration/SoracomAir`],
      ...[`/groups/${otherGroup}/subscribers`, `/operators/${OTHER_OPERATOR}/users/${MARK}`],
      ...[`/operators/${OPERATOR}/users/${MARK}`, `/operators/${OPERATOR}/roles/${MARK}`],
      ...[`/subscribers/${IMSI}/set_group`, `/operators/${OPERATOR}/auth_keys/keyId-other`],
    );
    const body = fc.constantFrom(
      ...[undefined, {}, [], { groupId: otherGroup }, { operatorId: OTHER_OPERATOR, description: 'x' }],
      ...[[{ tagName: 'name', tagValue: 'mine' }], [{ key: 'userdata', value: 'mine' }]],
      ...[{ registrationSecret: 'another-secret' }, { permission: '{"statements":[{"effect":"allow","api":"*"}]}' }],
    );
    const headers = fc.constantFrom({}, { 'x-soracom-operator-id': OTHER_OPERATOR }, { host: OTHER_OPERATOR });
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE');
    const made = new Set<string>();
    await fc.assert(
      fc.asyncProperty(method, fc.oneof(path, shaped), body, headers, async (verb, target, content, more) => {
        const answer = await root.call(verb, target, verb === 'GET' ? undefined : content, { headers: more });
        made.add(String(answer.status));
        // A user or role of this name that the caller has made for itself tells nothing of the other's.
        if (!target.startsWith(`/operators/${OPERATOR}`)) {
          expect(answer.text.replaceAll(target.split('/').at(-1) ?? MARK, '')).not.toContain(MARK);
        }
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 1500 },
    );
    expect(await everything(other, OTHER_OPERATOR)).toBe(before);
    expect([...made].sort()).toEqual(expect.arrayContaining(['200', '400', '403', '404']));
  });
});

describe('what is wrong with a request', () => {
  const root = new ApiWorld().root();
  const put = `/subscribers/${IMSI}/tags`;

  it.each([
    ['', 400],
    ['{', 400],
    ['[1,]', 400],
    ['\ufeff[]', 200],
    [Buffer.from([0x5b, 0xff, 0x5d]), 400],
    ['[]\0', 400],
    [`${'['.repeat(40)}${']'.repeat(40)}`, 400],
    [`[${' '.repeat(API_LIMITS.bodyBytes - 2)}]`, 200],
    [`[${' '.repeat(API_LIMITS.bodyBytes - 1)}]`, 413],
  ])('a body of %j: %i', async (raw, status) => {
    expect((await (await root).call('PUT', put, undefined, { raw })).status).toBe(status);
  });

  it.each([
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['APPLICATION/JSON', 200],
    ['application/merge-patch+json', 200],
    ['text/plain', 415],
    ['application/jsonp', 415],
    ['application/x-www-form-urlencoded', 415],
    ['', 415],
  ])('Content-Type %j: %i', async (type, status) => {
    const answer = await (await root).call('PUT', put, [], { headers: { 'content-type': type } });
    expect(answer.status).toBe(status);
    if (status === 415) expect(answer.json).toMatchObject({ code: 'COM0005' });
  });

  it('no such API: 404; an API without this method: 405, which says what there is', async () => {
    const client = await root;
    for (const path of ['', '/', '/nowhere', '/Subscribers', '/subscribers/', `/subscribers/${IMSI}/`, '/../v2']) {
      expect(await client.get(path)).toMatchObject({ status: 404, json: { code: 'COM0002' } });
    }
    expect(await client.call('PATCH', '/groups/sensors')).toMatchObject({
      status: 405,
      json: { code: 'COM0003', message: 'the method is not served here: use GET, DELETE' },
    });
  });

  it('says it in Japanese when asked to', async () => {
    const headers = { 'x-soracom-lang': 'ja' };
    const answer = await (await root).call('GET', '/groups/nowhere', undefined, { headers });
    expect(answer.json).toEqual({ code: 'GRP0001', message: '指定されたグループはありません' });
    const other = await (await root).call('GET', '/groups/nowhere', undefined, { headers: { 'x-soracom-lang': 'fr' } });
    expect(other.json).toEqual({ code: 'GRP0001', message: 'there is no such group' });
  });

  it('without a token nothing is told, not even what is there', async () => {
    const { anybody } = new ApiWorld();
    for (const path of [`/subscribers/${IMSI}`, '/subscribers/1', '/groups/sensors', `/operators/${OTHER_OPERATOR}`]) {
      expect(await anybody.get(path)).toMatchObject({ status: 401, json: { code: 'AUM0002' } });
    }
  });

  it('any body to any route: an answer with a code, never a fault of the platform', async () => {
    const client = await new ApiWorld().root();
    const routes = fc.constantFrom(
      ...['/groups', '/groups/sensors/tags', '/groups/sensors/configuration/SoracomBeam', put],
      ...[`/subscribers/${IMSI}/set_group`, `/subscribers/${IMSI}/update_speed_class`, '/credentials/c'],
      ...[`/operators/${OPERATOR}/users/u`, `/operators/${OPERATOR}/roles/r`, `/operators/${OPERATOR}/token`],
      ...[`/operators/${OPERATOR}/users/u/password`, `/operators/${OPERATOR}/users/u/permission`],
    );
    const near = fc.record(
      {
        ...{
          tags: fc.jsonValue(),
          permission: fc.string(),
          type: fc.constantFrom('psk', 'x509'),
          groupId: fc.string(),
        },
        ...{ credentials: fc.jsonValue(), tokenTimeoutSeconds: fc.double(), password: fc.string() },
      },
      { requiredKeys: [] },
    );
    const list = fc.array(
      fc.record({ key: fc.string(), value: fc.jsonValue(), tagName: fc.string() }, { requiredKeys: [] }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('POST', 'PUT'),
        routes,
        fc.oneof(fc.jsonValue(), near, list),
        async (verb, path, body) => {
          const { status, json } = await client.call(verb, path, body);
          expect(status).toBeLessThan(500);
          if (status >= 400) expect(json['code']).toMatch(/^[A-Z]{3}\d{4}$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});
