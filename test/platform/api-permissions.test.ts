import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCondition, ConditionError, type Facts } from '../../host/platform/accounts/condition.js';
import { Pattern, PatternError } from '../../host/platform/accounts/pattern.js';
import { decide, parsePermission, PermissionError } from '../../host/platform/accounts/permission.js';
import { ApiWorld, AUTH_KEY, type Client, OPERATOR, OTHER_OPERATOR } from './api-harness.js';
import { IMSI } from './harness.js';

const allow = (api: string | readonly string[], condition?: string) => ({ effect: 'allow', api, condition });
const deny = (api: string) => ({ effect: 'deny', api });
const facts = (path: string, more: Partial<Facts> = {}): Facts => ({
  ...{ operatorId: OPERATOR, pathVariables: { path }, imsi: IMSI },
  ...more,
});
const statements = (...list: object[]) => parsePermission(JSON.stringify({ statements: list }));

describe('permissions', () => {
  it.each([
    [[allow('FileEntry:getFile')], 'FileEntry:getFile', true],
    [[allow('FileEntry:getFile')], 'FileEntry:putFile', false],
    [[allow('FileEntry:*')], 'FileEntry:putFile', true],
    [[allow('FileEntry:*')], 'FileEntryMore:putFile', false],
    [[allow('*')], 'Group:deleteGroup', true],
    [[allow('*'), deny('Group:*')], 'Group:deleteGroup', false],
    [[deny('Group:deleteGroup'), allow('Group:*')], 'Group:getGroup', true],
    [[allow(['Group:getGroup', 'Group:listGroups'])], 'Group:listGroups', true],
    [[], 'Group:getGroup', false],
  ])('%j: may %s be called? %s', (list, api, wanted) => {
    expect(decide(statements(...list), { api }, facts(''))).toEqual({ permitted: wanted });
  });

  it.each([
    ['{', 'permission is not JSON'],
    ['{}', 'permission: statements: '],
    ['{"statements":[{"effect":"permit","api":"*"}]}', 'permission: statements[0].effect: '],
    ['{"statements":[{"effect":"allow","api":"get"}]}', 'permission: statements[0].api: must be "Name:operation"'],
    ['{"statements":[{"effect":"allow","api":"*","if":"x"}]}', 'unknown key "if"'],
    ['{"statements":[{"effect":"allow","api":"*","condition":"a b"}]}', 'not understood at character 1'],
    [JSON.stringify({ statements: [allow('*', `'a' matches '${'a'.repeat(9000)}'`)] }), '8192 bytes are the limit'],
  ])('%s is refused: %s', (text, fault) => {
    expect(() => parsePermission(text)).toThrow(PermissionError);
    expect(() => parsePermission(text)).toThrow(fault);
  });
});

describe('conditions', () => {
  it.each([
    [`pathVariable('path') matches 'logs/:imsi/.*'`, `logs/${IMSI}/a.txt`, true],
    [`pathVariable('path') matches 'logs/:imsi/.*'`, `logs/440109999999999/a.txt`, false],
    [`pathVariable('path') matches 'logs/:imsi/.*'`, `old/logs/${IMSI}/a.txt`, false],
    [`pathVariable('path') == 'a''b'`, `a'b`, true],
    [`pathVariable('path') != 'a'`, 'b', true],
    [`pathVariable('nothing') != 'a'`, 'b', false],
    [`pathVariable('__proto__') == pathVariable('__proto__')`, 'b', false],
    [`operatorId == '${OPERATOR}' and samUserName eq 'ops'`, '', true],
    [`samUserName == 'other' or pathVariable('path') matches '\\d+'`, '12', true],
    [`not (pathVariable('path') == 'a' || pathVariable('path') == 'b')`, 'c', true],
    [`!(pathVariable('path') == 'a') && 'x' == 'x'`, 'a', false],
    [`pathVariable('path') == ':imsi'`, IMSI, true],
  ])('%s with path %s: %s', (condition, path, wanted) => {
    expect(compileCondition(condition)(facts(path, { samUserName: 'ops' }))).toBe(wanted);
  });

  it.each([
    ['', 1],
    [`pathVariable('path')`, 21],
    [`pathVariable('path') matches`, 29],
    [`pathVariable(path) == 'a'`, 14],
    [`'a' == 'b' 'c'`, 11],
    [`'a' like 'b'`, 4],
    [`('a' == 'b'`, 12],
    [`'a' == "b"`, 7],
    [`T(java.lang.Runtime) == 'x'`, 7],
    [`pathVariable('path') matches pathVariable('path')`, 29],
  ])('%s is not understood at character %i', (condition, at) => {
    expect(() => compileCondition(condition)).toThrow(`character ${at}`);
  });

  it('any text: a condition, or the error of this module', () => {
    const words = fc.constantFrom(
      '(',
      ')',
      'not',
      'and',
      'or',
      '==',
      'matches',
      `'a'`,
      `pathVariable('path')`,
      `'(`,
      '!',
    );
    const near = fc.array(words, { maxLength: 12 }).map((list) => list.join(' '));
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (text) => {
        try {
          compileCondition(text)(facts('a'));
        } catch (error) {
          if (!(error instanceof ConditionError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
    expect(() => compileCondition('!'.repeat(5000))).toThrow(ConditionError);
    expect(() => compileCondition('('.repeat(5000))).toThrow(ConditionError);
  });
});

describe('patterns', () => {
  /** Expressions of what this knows, for V8's own matcher to compare with. */
  const expression = fc.letrec<{ whole: string; piece: string }>((tie) => ({
    piece: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\.', '[a-c1]', '/', '[]a]'.slice(1, 2)),
      fc
        .tuple(tie('whole'), fc.constantFrom('', '?', '*', '+', '{2}', '{1,3}', '{0,}', '*?'))
        .map(([inner, count]) => `(?:${inner})${count}`),
      fc.tuple(tie('whole'), tie('whole')).map(([a, b]) => `(${a}|${b})`),
    ),
    whole: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
  })).whole;

  it('match what V8 says they match', () => {
    fc.assert(
      fc.property(
        expression,
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '.', '/', '\n') }),
        (source, text) => {
          const wanted = new RegExp(`^(?:${source})$`, 's').test(text);
          expect(new Pattern(source).matches(text)).toBe(wanted);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('any text: a pattern, or the error of this module', () => {
    const near = fc.string({ unit: fc.constantFrom(...'ab()[]{}*+?|\\-^$.,:d1') });
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), fc.string(), (source, text) => {
        try {
          new Pattern(source).matches(text);
        } catch (error) {
          if (!(error instanceof PatternError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    '(a',
    'a)',
    '[a',
    '*',
    'a**',
    'a{2',
    'a{3,2}',
    'a{1001}',
    '(?=a)',
    '^a',
    'a$',
    '\\q',
    '\\',
    '[b-a]',
    '[x-\\d]',
  ])('%s is refused', (source) => {
    expect(() => new Pattern(source)).toThrow(PatternError);
  });

  it('of a size that is no good are refused before they cost anything', () => {
    expect(() => new Pattern('((a{1000}){1000}){1000}')).toThrow('more than 4096 steps');
    expect(() => new Pattern('('.repeat(100_000))).toThrow('more than 64 groups');
  });

  it('take time by the length of the text, whatever the pattern', () => {
    const path = `${'a'.repeat(1024)}!`;
    const steps = ['(a+)+', '(a|a)*', '(a*)*b', '.*.*.*.*.*x', '(a|aa)+$'.slice(0, -1), '(.*a){10}'];
    const before = process.hrtime.bigint();
    for (const source of steps) expect(new Pattern(source).matches(path)).toBe(false);
    expect(Number(process.hrtime.bigint() - before) / 1e9).toBeLessThan(20);
  });
});

describe('SAM users and roles over the API', () => {
  const base = `/operators/${OPERATOR}`;
  const permission = (...list: object[]) => ({ permission: JSON.stringify({ statements: list }) });

  async function signedIn(): Promise<{ world: ApiWorld; root: Client }> {
    const world = new ApiWorld();
    return { world, root: await world.root() };
  }

  it('a user may do what its statements allow, and else is told which permission is missing', async () => {
    const { world, root } = await signedIn();
    const user = await world.user(root, 'ops', [
      allow('Subscriber:getSubscriber'),
      allow('Subscriber:putTags', `pathVariable('imsi') == '${IMSI}'`),
    ]);
    expect((await user.get(`/subscribers/${IMSI}`)).status).toBe(200);
    expect((await user.call('PUT', `/subscribers/${IMSI}/tags`, [])).status).toBe(200);
    expect((await user.call('PUT', `/subscribers/440101234567891/tags`, [])).status).toBe(403);
    expect(await user.get('/subscribers')).toMatchObject({
      status: 403,
      json: { code: 'AUM0003', message: 'not permitted: Subscriber:listSubscribers' },
    });
    expect((await user.call('POST', `${base}/token`, {})).status).toBe(200);
    expect((await user.call('POST', '/auth/logout')).status).toBe(204);
    expect(world.events).toContainEqual(
      expect.objectContaining({ type: 'api', userName: 'ops', api: 'Subscriber:listSubscribers', status: 403 }),
    );
  });

  it('a new user may do nothing; roles add to what it may, and take effect at once', async () => {
    const { world, root } = await signedIn();
    const user = await world.user(root, 'ops', []);
    expect((await user.get('/groups')).status).toBe(403);
    const made = await root.call('POST', `${base}/roles/reader`, {
      ...permission(allow('Group:*')),
      description: 'reads',
    });
    expect(made).toMatchObject({ status: 200, json: { roleId: 'reader' } });
    expect((await root.call('POST', `${base}/roles/reader`, permission())).json).toMatchObject({ code: 'SAM0002' });
    expect((await root.call('POST', `${base}/users/ops/roles`, { roleId: 'reader' })).status).toBe(200);
    expect((await root.call('POST', `${base}/users/ops/roles`, { roleId: 'nothing' })).status).toBe(404);
    expect((await user.get('/groups')).status).toBe(200);
    expect((await root.get<object[]>(`${base}/users/ops/roles`)).json).toMatchObject([{ roleId: 'reader' }]);
    expect((await root.get<object[]>(`${base}/roles/reader/users`)).json).toMatchObject([{ userName: 'ops' }]);
    await root.call('PUT', `${base}/roles/reader`, permission(deny('Group:listGroups'), allow('*')));
    expect((await user.get('/groups')).status).toBe(403);
    expect((await user.get('/subscribers')).status).toBe(200);
    expect((await root.get(`${base}/roles/reader`)).json).toMatchObject({ description: 'reads' });
    expect((await root.call('DELETE', `${base}/users/ops/roles/reader`)).status).toBe(200);
    expect((await root.call('DELETE', `${base}/users/ops/roles/reader`)).status).toBe(404);
    expect((await user.get('/subscribers')).status).toBe(403);
    expect((await root.call('DELETE', `${base}/roles/reader`)).status).toBe(204);
    expect((await root.get<object[]>(`${base}/roles`)).json).toEqual([]);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const body = method === 'PUT' ? permission() : undefined;
      expect(await root.call(method, `${base}/roles/reader`, body)).toMatchObject({ json: { code: 'SAM0001' } });
    }
  });

  it('a user cannot make keys of the root, whatever it may', async () => {
    const { world, root } = await signedIn();
    const user = await world.user(root, 'ops', [allow('*')]);
    expect((await user.call('POST', `${base}/auth_keys`)).status).toBe(403);
    expect((await user.get(`${base}/auth_keys`)).status).toBe(403);
    expect((await root.get<object[]>(`${base}/auth_keys`)).json).toMatchObject([{ authKeyId: AUTH_KEY.authKeyId }]);
  });

  it('AuthKeys: made, told once, used, deleted', async () => {
    const { world, root } = await signedIn();
    const { json: key } = await root.call('POST', `${base}/auth_keys`);
    expect((await world.anybody.signIn(key)).ticket).toBeDefined();
    const shown = await root.get(`${base}/auth_keys/${String(key['authKeyId'])}`);
    expect(shown.json['lastUsedDateTime']).toEqual(expect.any(Number));
    expect(shown.text).not.toContain(String(key['authKey']));
    expect((await root.call('DELETE', `${base}/auth_keys/${String(key['authKeyId'])}`)).status).toBe(204);
    expect((await world.anybody.call('POST', '/auth', key)).status).toBe(401);
    expect((await root.call('DELETE', `${base}/auth_keys/keyId-other`)).status).toBe(404);
  });

  it('users: made, changed, listed, and with their going all that they signed in with', async () => {
    const { world, root } = await signedIn();
    const made = await root.call('POST', `${base}/users/ops`, { description: 'd' });
    expect(made).toMatchObject({ status: 201, json: { userName: 'ops', description: 'd', hasPassword: false } });
    expect((await root.call('POST', `${base}/users/ops`, {})).json).toMatchObject({ code: 'SAM0004' });
    expect((await root.call('POST', `${base}/users/a%20b`, {})).status).toBe(400);
    expect((await root.call('PUT', `${base}/users/ops`, { description: 'e' })).json).toMatchObject({
      description: 'e',
    });
    const wrong = await root.call('PUT', `${base}/users/ops/permission`, { permission: '{"statements":1}' });
    expect(wrong).toMatchObject({ status: 400, json: { code: 'COM0001' } });
    await root.call('PUT', `${base}/users/ops/permission`, permission(allow('*')));
    const { json: key } = await root.call('POST', `${base}/users/ops/auth_keys`);
    const user = await world.anybody.signIn(key);
    expect((await user.get('/groups')).status).toBe(200);
    expect((await root.get<object[]>(`${base}/users`)).json).toMatchObject([
      { userName: 'ops', authKeyList: [{ authKeyId: key['authKeyId'] }] },
    ]);
    expect((await root.call('DELETE', `${base}/users/ops`)).status).toBe(204);
    expect((await user.get('/groups')).status).toBe(401);
    expect((await world.anybody.call('POST', '/auth', key)).status).toBe(401);
    // One of the same name is another.
    await root.call('POST', `${base}/users/ops`, {});
    expect((await user.get('/groups')).status).toBe(401);
    expect((await root.call('DELETE', `${base}/users/nobody`)).json).toMatchObject({ code: 'SAM0003' });
  });

  it('passwords: made, changed with the current one, taken away', async () => {
    const { world, root } = await signedIn();
    await root.call('POST', `${base}/users/ops`, {});
    const path = `${base}/users/ops/password`;
    const signIn = (password: string) =>
      world.anybody.call('POST', '/auth', { operatorId: OPERATOR, userName: 'ops', password });
    expect((await root.get(path)).json).toEqual({ hasPassword: false });
    expect((await root.call('DELETE', path)).status).toBe(404);
    expect((await root.call('POST', path, { password: 'short' })).status).toBe(400);
    expect((await root.call('POST', path, { password: 'long enough' })).status).toBe(201);
    expect((await root.call('POST', path, { password: 'long enough' })).status).toBe(409);
    expect((await signIn('long enough')).status).toBe(200);
    const change = (currentPassword: string) =>
      root.call('PUT', path, { currentPassword, newPassword: 'longer than that' });
    expect((await change('wrong')).status).toBe(403);
    expect((await change('long enough')).status).toBe(200);
    expect((await signIn('long enough')).status).toBe(401);
    expect((await signIn('longer than that')).status).toBe(200);
    expect((await root.call('DELETE', path)).status).toBe(204);
    expect((await signIn('longer than that')).status).toBe(401);
  });

  it('another operator’s id in the path: 403, whether it is there or not', async () => {
    const { root } = await signedIn();
    for (const id of [OTHER_OPERATOR, 'OP0000000000', 'x']) {
      for (const path of ['', '/roles', '/users', '/auth_keys', '/users/ops/password']) {
        expect((await root.get(`/operators/${id}${path}`)).status).toBe(403);
      }
    }
    expect((await root.get(base)).json).toMatchObject({ operatorId: OPERATOR, email: 'root@operator.example' });
  });

  it('a role’s statements are there for the services', async () => {
    const { world, root } = await signedIn();
    await root.call(
      'POST',
      `${base}/roles/files`,
      permission(allow('FileEntry:putFile', `pathVariable('path') matches ':imsi/.*'`)),
    );
    const { sam } = world.platform.accounts;
    const may = (operatorId: string, path: string) =>
      sam.roleMay(operatorId, 'files', { api: 'FileEntry:putFile' }, facts(path)).permitted;
    expect(may(OPERATOR, `${IMSI}/a`)).toBe(true);
    expect(may(OPERATOR, '440109999999999/a')).toBe(false);
    expect(may(OTHER_OPERATOR, `${IMSI}/a`)).toBe(false);
  });
});
