// What an operator may have of users, roles, AuthKeys and tokens; what it has is read and decided in a bounded time.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCondition, ConditionError } from '../../host/platform/accounts/condition.js';
import { tokensOf } from '../../host/platform/accounts/condition-tokens.js';
import { parsePermission } from '../../host/platform/accounts/permission.js';
import { PermissionCache } from '../../host/platform/accounts/permission-cache.js';
import { Sam } from '../../host/platform/accounts/sam.js';
import { Database } from '../../host/platform/database.js';
import { API_LIMITS, DECISION, SAM_LIMITS } from '../../host/platform/limits.js';
import { ApiWorld, OPERATOR, OTHER_OPERATOR } from './api-harness.js';

const base = `/operators/${OPERATOR}`;
const LIMIT = { status: 409, json: { code: 'COM0010' } };

/** A permission of so many bytes. */
const sized = (bytes: number): string => {
  const text = JSON.stringify({ statements: [{ effect: 'deny', api: '*', condition: "'a' == 'b'" }] });
  return text.padEnd(bytes, ' ');
};

describe('limits of an operator', () => {
  it('users, as documented; one that goes makes room', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    const { sam } = world.platform.accounts;
    for (let i = 1; i < SAM_LIMITS.users; i++) sam.createUser(OPERATOR, `user${i}`, '');
    expect((await root.call('POST', `${base}/users/last`, {})).status).toBe(201);
    const refused = await root.call('POST', `${base}/users/more`, {});
    expect(refused).toMatchObject(LIMIT);
    expect(refused.json['message']).toContain(`${SAM_LIMITS.users} are the limit`);
    expect((await root.get(`${base}/users/more`)).status).toBe(404);
    await root.call('DELETE', `${base}/users/user1`);
    expect((await root.call('POST', `${base}/users/more`, {})).status).toBe(201);
    expect(() => sam.createUser(OTHER_OPERATOR, 'user', '')).not.toThrow();
  });

  it('roles, as documented; one that is there may be changed', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    const { sam } = world.platform.accounts;
    for (let i = 0; i < SAM_LIMITS.roles; i++) sam.putRole(OPERATOR, `role${i}`, sized(100));
    expect(await root.call('POST', `${base}/roles/more`, { permission: sized(100) })).toMatchObject(LIMIT);
    expect((await root.call('PUT', `${base}/roles/role3`, { permission: sized(200) })).status).toBe(200);
  });

  it('bytes of what a user may do by itself and by its roles, whichever of them grows', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    const { sam } = world.platform.accounts;
    const most = API_LIMITS.permission;
    sam.createUser(OPERATOR, 'ops', '');
    sam.createUser(OPERATOR, 'other', '');
    sam.changeUser(OPERATOR, 'ops', { permission: sized(most) });
    for (const [i, bytes] of [most, 100].entries()) sam.putRole(OPERATOR, `role${i}`, sized(bytes));
    const attach = (roleId: string) => root.call('POST', `${base}/users/ops/roles`, { roleId });
    expect((await attach('role0')).status).toBe(200);
    expect(await attach('role1')).toMatchObject(LIMIT);
    await root.call('PUT', `${base}/users/ops/permission`, { permission: sized(most - 100) });
    expect((await attach('role1')).status).toBe(200);
    expect(await root.call('PUT', `${base}/users/ops/permission`, { permission: sized(most) })).toMatchObject(LIMIT);
    const grown = await root.call('PUT', `${base}/roles/role1`, { permission: sized(101) });
    expect(grown).toMatchObject(LIMIT);
    expect(grown.json['message']).toContain('"ops"');
    expect(sam.role(OPERATOR, 'role1')?.permission).toHaveLength(100);
    expect(2 * most).toBe(SAM_LIMITS.userPermission);
  });

  it('AuthKeys of the root and of each user, also when many are made at once', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    const all = Array.from({ length: SAM_LIMITS.authKeys + 2 }, () => root.call('POST', `${base}/auth_keys`));
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    // One is of the configuration.
    expect(statuses.filter((status) => status === 201)).toHaveLength(SAM_LIMITS.authKeys - 1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(3);
    await root.call('POST', `${base}/users/ops`, {});
    expect((await root.call('POST', `${base}/users/ops/auth_keys`)).status).toBe(200);
  });

  it('tokens: the one that ends first makes room, of the same owner only', async () => {
    const database = new Database();
    const world = new ApiWorld({ database });
    const [root, other] = [await world.root(), await world.other()];
    const { accounts } = world.platform;
    const owner = { operatorId: OPERATOR, userName: undefined };
    const first = accounts.renew(owner, 'api-x', 180);
    for (let i = 0; i < SAM_LIMITS.tokens + 10; i++) accounts.renew(owner, 'api-x', 3600);
    expect(database.get('SELECT count(*) AS n FROM api_tokens WHERE operator_id = ?', OPERATOR)).toEqual({
      n: SAM_LIMITS.tokens,
    });
    expect(accounts.callerOf('api-x', first)).toBeUndefined();
    expect((await root.get('/groups')).status).toBe(200);
    expect((await other.get('/groups')).status).toBe(200);
    // The newest is good even when it ends first.
    expect(accounts.callerOf('api-x', accounts.renew(owner, 'api-x', 180))).toBeDefined();
  });
});

describe('a decision', () => {
  it('is the same after a restart: what is read counts, whether it was read before or not', () => {
    const database = new Database();
    const sam = new Sam(database, () => 0);
    sam.createUser(OPERATOR, 'ops', '');
    const pattern = `pathVariable('path') matches '(a?){800}b'`;
    const allow = { statements: [{ effect: 'allow', api: '*', condition: `not (${pattern})` }] };
    sam.changeUser(OPERATOR, 'ops', { permission: JSON.stringify(allow) });
    const may = (from: Sam, length: number) =>
      from.userMay(
        OPERATOR,
        'ops',
        { api: 'A:b' },
        { operatorId: OPERATOR, pathVariables: { path: 'a'.repeat(length) } },
      );
    const answers = (from: Sam) => Array.from({ length: 60 }, (_, i) => may(from, 10 * i).permitted);
    expect(answers(sam)).toEqual(answers(sam));
    expect(answers(new Sam(database, () => 0))).toEqual(answers(sam));
    expect(new Set(answers(sam))).toEqual(new Set([true, false]));
  });

  it('reads no more than its steps are enough for, of a database of before these limits', () => {
    const database = new Database();
    const sam = new Sam(database, () => 0);
    sam.createUser(OPERATOR, 'ops', '');
    const add = (i: number, permission: string): void => {
      database.run('INSERT INTO sam_roles VALUES (?, ?, ?, ?, 0, 0)', OPERATOR, `role${i}`, '', permission);
      database.run('INSERT INTO sam_user_roles VALUES (?, ?, ?)', OPERATOR, 'ops', `role${i}`);
    };
    const may = () => sam.userMay(OPERATOR, 'ops', { api: 'A:b' }, { operatorId: OPERATOR, pathVariables: {} });
    for (let i = 0; i < 5; i++) add(i, sized(API_LIMITS.permission));
    expect(may()).toMatchObject({ permitted: false, fault: `it takes more than ${DECISION.steps} steps to decide` });
    for (let i = 5; i < 2000; i++) add(i, sized(100));
    expect(may()).toMatchObject({
      permitted: false,
      fault: `no more than ${SAM_LIMITS.roles} roles of a user are read`,
    });
  });

  it('the former name of an operation counts as it, others do not', () => {
    const sam = new Sam(new Database(), () => 0);
    sam.putRole(OPERATOR, 'r', '{"statements":[{"effect":"allow","api":"Group:putTags"}]}');
    const may = (api: string, formerApi?: string) =>
      sam.roleMay(OPERATOR, 'r', { api, formerApi }, { operatorId: OPERATOR, pathVariables: {} }).permitted;
    expect([may('Group:putGroupTags', 'Group:putTags'), may('Group:putGroupTags'), may('Group:putTags')]).toEqual([
      ...[true, false, true],
    ]);
  });
});

describe('permissions that are kept as read', () => {
  it('have a limit in all, and are read again when they had to go', () => {
    const cache = new PermissionCache(1000);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(600))), (asked) => {
        for (const [i, extra] of asked) {
          const text = `{"statements":[{"effect":"allow","api":"A:a${i}"}]}`.padEnd(60 + extra);
          expect(cache.of(text)).toEqual(parsePermission(text));
          expect(cache.size).toBeLessThanOrEqual(1000);
        }
      }),
    );
  });

  it('of those, the one asked last stays longest', () => {
    const cache = new PermissionCache(250);
    const texts = ['a', 'b', 'c'].map((name) => `{"statements":[{"effect":"allow","api":"A:${name}"}]}`.padEnd(100));
    const [a = '', b = '', c = ''] = texts;
    const kept = cache.of(a);
    cache.of(b);
    expect(cache.of(a)).toBe(kept);
    cache.of(c);
    expect(cache.of(a)).toBe(kept);
  });
});

describe('the words of a condition', () => {
  const word = fc.oneof(
    fc.constantFrom('==', '!=', '&&', '||', '(', ')', '!', 'and', 'or', 'not', 'matches', 'pathVariable', 'x1'),
    fc.string().map((text) => `'${text.replaceAll("'", "''")}'`),
  );
  const space = fc.stringMatching(/^[ \t\n]{0,3}$/);

  it('are the same with any space between them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, space)), space, (parts, before) => {
        // Names and texts that stand side by side are apart.
        const source = before + parts.map(([text, gap]) => text + (/[\w']$/.test(text) ? ` ${gap}` : gap)).join('');
        fc.pre(
          !/![=]/.test(parts.map(([text]) => text[0]).join('')) && !/!\s*=/.test(source.replaceAll(/'[^']*'/g, '')),
        );
        expect(tokensOf(source).map(({ text }) => text)).toEqual(parts.map(([text]) => text));
      }),
    );
  });

  it('any text is read as words, or refused where it is not understood', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a'=!&|() \n#"]{0,40}$/), (source) => {
        try {
          const tokens = tokensOf(source);
          expect(tokens.map(({ text }) => text).join('')).toBe(
            source.replaceAll(/('[^']*')|\s/g, (_, quoted?: string) => quoted ?? ''),
          );
        } catch (error) {
          if (!(error instanceof ConditionError)) throw error;
          expect(error.message).toMatch(/at character \d+$/);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('take time by the length of the condition, whatever it is made of', () => {
    const n = 200_000;
    const started = process.hrtime.bigint();
    for (const source of [`${' '.repeat(n)}x`, `x ${' '.repeat(n)}`, `'${"''".repeat(n)}`, `'a'${' '.repeat(n)}#`]) {
      try {
        tokensOf(source);
      } catch (error) {
        if (!(error instanceof ConditionError)) throw error;
      }
    }
    expect(tokensOf("''!=''or ".repeat(n / 10))).toHaveLength((4 * n) / 10);
    expect(() => compileCondition(`'a'=='b'${' '.repeat(n)}or'a'=='b'`)).not.toThrow();
    expect(Number(process.hrtime.bigint() - started) / 1e9).toBeLessThan(2);
  });
});

describe('making AuthKeys and setting passwords', () => {
  it('an operator that makes many keys holds up no sign-in of another', async () => {
    const world = new ApiWorld();
    const [root, other] = [await world.root(), await world.other()];
    const order: string[] = [];
    const { accounts } = world.platform;
    const making = Array.from({ length: 10 }, async (_, i) => {
      await accounts.makeAuthKey({ operatorId: OPERATOR, userName: `user${i}` });
      order.push('made');
    });
    const signing = world.other().then(() => order.push('signed in'));
    await Promise.all([...making, signing]);
    expect(order.indexOf('signed in')).toBeLessThanOrEqual(2);
    expect((await root.get('/groups')).status).toBe(200);
    expect((await other.get('/groups')).status).toBe(200);
  });

  it('lets others be served meanwhile', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    await root.call('POST', `${base}/users/ops`, {});
    let done = false;
    const made = root.call('POST', `${base}/users/ops/password`, { password: 'long enough' }).then((answer) => {
      done = true;
      return answer;
    });
    let turns = 0;
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    expect((await made).status).toBe(201);
    expect(turns).toBeGreaterThan(10);
  });

  it('two first passwords at once: one is set, the other told that there is one', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    await root.call('POST', `${base}/users/ops`, {});
    const set = (password: string) => root.call('POST', `${base}/users/ops/password`, { password });
    const statuses = (await Promise.all([set('password one'), set('password two')])).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, 409]);
  });
});
