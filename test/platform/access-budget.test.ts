// An access decision takes a bounded number of steps, whatever operators write into roles.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, UndecidedError } from '../../host/platform/accounts/budget.js';
import { CLASSES, charSet, has, opposite } from '../../host/platform/accounts/char-set.js';
import { Pattern } from '../../host/platform/accounts/pattern.js';
import { decide, parsePermission } from '../../host/platform/accounts/permission.js';
import { Database } from '../../host/platform/database.js';
import { DECISION } from '../../host/platform/limits.js';
import { ApiWorld, OPERATOR } from './api-harness.js';
import { IMSI } from './harness.js';
import { ask, harvestWorld } from './harvest-world.js';

const matches = (pattern: string): string => `pathVariable('path') matches '${pattern}'`;
const permission = (...conditions: readonly string[]): string =>
  JSON.stringify({ statements: conditions.map((condition) => ({ effect: 'allow', api: '*', condition })) });
const A_B = { api: 'A:b' };
const facts = (path: string) => ({ operatorId: OPERATOR, imsi: IMSI, pathVariables: { path } });

/** Each pattern takes time by the length of the text only; 140 of them fit into one role. */
const HEAVY = permission(Array(140).fill(matches('(a?){1000}a{1000}')).join(' or '));
const PATH = `${'a'.repeat(1000)}b`;
const FAULT = `it takes more than ${DECISION.steps} steps to decide`;

describe('the steps of one decision', () => {
  it('are limited: beyond them the answer is no', () => {
    expect(decide(parsePermission(HEAVY), A_B, facts(PATH))).toEqual({ permitted: false, fault: FAULT });
  });

  it('are those of all statements together', () => {
    const slow = matches('(a?){100}b');
    const one = parsePermission(permission(slow));
    expect(decide(one, A_B, facts('a'.repeat(1000)))).toEqual({ permitted: false });
    const many = parsePermission(permission(...Array<string>(50).fill(slow), matches('a*')));
    expect(decide(many, A_B, facts('a'.repeat(1000)))).toEqual({ permitted: false, fault: FAULT });
  });

  it('do not make a yes of a no: a statement that denies counts, and one that cannot be decided, too', () => {
    const deny = { effect: 'deny', api: '*', condition: matches('(a?){1000}a{1000}') };
    const statements = parsePermission(JSON.stringify({ statements: [{ effect: 'allow', api: '*' }, deny] }));
    expect(decide(statements, A_B, facts('c'))).toEqual({ permitted: true });
    expect(decide(statements, A_B, facts(PATH))).toEqual({ permitted: false, fault: FAULT });
  });

  it('are enough for 40 statements about a long path', () => {
    const role = parsePermission(
      permission(...Array<string>(39).fill(matches('logs/:imsi/.*b')), matches('logs/:imsi/.*')),
    );
    expect(decide(role, A_B, facts(`logs/${IMSI}/`.padEnd(1024, 'a')))).toEqual({ permitted: true });
  });

  it('are counted, not timed: any pattern with any text is done within them, give or take one pattern’s states', () => {
    const piece = fc.constantFrom(...['a', '.', '[^b]', '\\d', '(', ')', '|', '*', '+', '?', '{3}', '{1,40}', '{900}']);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(1100), (pieces, length) => {
        let pattern: Pattern;
        try {
          pattern = new Pattern(pieces.join(''));
        } catch {
          return;
        }
        let spent = 0;
        class Counting extends Budget {
          override spend(steps: number): void {
            spent += steps;
            super.spend(steps);
          }
        }
        try {
          pattern.matches('a'.repeat(length), new Counting());
        } catch (error) {
          if (!(error instanceof UndecidedError)) throw error;
        }
        expect(spent).toBeLessThan(DECISION.steps + 3 * 4096);
      }),
      { numRuns: 300 },
    );
  });

  it('count a class of many characters as one', () => {
    const all = Array.from({ length: 3000 }, (_, i) => String.fromCharCode(0x4e00 + 2 * i)).join('');
    const text = all.slice(-1).repeat(1000);
    const budget = new Budget(5000);
    expect(new Pattern(`[${all}]*`).matches(text, budget)).toBe(true);
  });
});

describe('what is read', () => {
  it('repetitions of nothing cost nothing', () => {
    const started = process.hrtime.bigint();
    expect(new Pattern('(((){1000}){1000}){1000}').matches('')).toBe(true);
    expect(new Pattern(`(a${'()'.repeat(3000)}(){9}){1000}`).matches('a'.repeat(1000))).toBe(true);
    expect(() => parsePermission(HEAVY)).not.toThrow();
    expect(Number(process.hrtime.bigint() - started) / 1e9).toBeLessThan(1);
  });

  it('a pattern that an IMSI makes too large permits nothing, and says why', () => {
    const role = parsePermission(permission(matches('(:imsi){800}')));
    expect(decide(role, A_B, facts('x'))).toEqual({
      permitted: false,
      fault: 'a pattern: the pattern has more than 4096 steps',
    });
  });

  it.each(['d', 'D', 'w', 'W', 's', 'S'])('\\%s is what ECMAScript says', (letter) => {
    const wanted = new RegExp(`^\\${letter}$`, 'u');
    const set = CLASSES[letter] ?? [];
    for (let code = 0; code <= 0x10400; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      if (has(set, code) !== wanted.test(String.fromCodePoint(code))) throw new Error(`U+${code.toString(16)}`);
    }
  });

  it('a set of ranges has what one of them has, its opposite the rest', () => {
    const range = fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), (ranges) => {
        const set = charSet(ranges);
        for (let code = 0; code < 70; code++) {
          const wanted = ranges.some(([from, to]) => from <= code && code <= to);
          expect([has(set, code), has(opposite(set), code)]).toEqual([wanted, !wanted]);
        }
      }),
    );
  });

  it('the beginning of an operation’s name, as the documentation’s examples have it', () => {
    const role = parsePermission('{"statements":[{"effect":"allow","api":["Subscriber:list*","Payment:get*"]}]}');
    const may = (api: string): boolean => decide(role, { api }, facts('')).permitted;
    expect(['Subscriber:listSubscribers', 'Payment:getPayment'].map(may)).toEqual([true, true]);
    expect(['Subscriber:getSubscriber', 'SubscriberX:list', 'Payment:listPayments'].map(may)).not.toContain(true);
  });
});

describe('who asks', () => {
  it('a SAM user of the management API is told no; the log says why', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    const user = await world.user(root, 'ops', []);
    const path = `/operators/${OPERATOR}/users/ops/permission`;
    expect((await root.call('PUT', path, { permission: HEAVY })).status).toBe(200);
    const asked = await user.get(`/files/private/${PATH}`);
    expect(asked).toMatchObject({ status: 403, json: { code: 'AUM0003' } });
    const told = world.events.filter((event) => event.type === 'api' && event.userName === 'ops');
    expect(told.at(-1)).toMatchObject({ status: 403, reason: FAULT });
  });

  it('a device of Harvest Files is told no; the log says why', async () => {
    const files = harvestWorld({ SoracomHarvestFiles: { enabled: true, assumedRoleId: 'device' } });
    files.platform.accounts.sam.putRole(OPERATOR, 'device', HEAVY);
    expect((await ask(files, 'harvest-files.soracom.io', 'GET', `/${PATH}`)).status).toBe(403);
    const reasons = files.events.filter((event) => event.type === 'service').map((event) => event.reason);
    expect(reasons).toEqual([`the role does not permit this (${FAULT})`]);
  });

  it('a stored permission that is understood no more permits nothing, and the log says why', async () => {
    const database = new Database();
    const world = new ApiWorld({ database });
    const root = await world.root();
    const user = await world.user(root, 'ops', [{ effect: 'allow', api: '*' }]);
    expect((await user.get('/groups')).status).toBe(200);
    database.run('UPDATE sam_users SET permission = ?', '{"statements":[{"effect":"allow","api":"*","when":"x"}]}');
    expect((await user.get('/groups')).status).toBe(403);
    expect(world.events.at(-1)).toMatchObject({ status: 403, reason: expect.stringContaining('"when"') as string });
  });
});
