// Checks of passwords wait in turns that are fair to who wants to sign in.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../../host/platform/accounts/places.js';
import { Turns } from '../../host/platform/accounts/turns.js';
import { ApiWorld, AUTH_KEY } from './api-harness.js';

describe('turns', () => {
  it('go round among addresses, then among the names of one', () => {
    const turns = new Turns<string>({ last: 10, step: 100, all: 100 });
    for (const item of ['a x1', 'a x2', 'a y1', 'b z1', 'b z2', 'a x3']) {
      const [address = '', name = ''] = item.split(' ');
      expect(turns.add(item, [address, name[0] ?? ''])).toBeUndefined();
    }
    const order: (string | undefined)[] = [];
    for (let item = turns.next(); item !== undefined; item = turns.next()) order.push(item);
    expect(order).toEqual(['a x1', 'b z1', 'a y1', 'b z2', 'a x2', 'a x3']);
  });

  it('a name has its limit; when all is full, the name with most makes room for another, of its own address too', () => {
    const turns = new Turns<string>({ last: 3, step: 6, all: 6 });
    const add = (item: string): string | undefined => turns.add(item, [item[0] ?? '', item[1] ?? '']);
    expect(['ax', 'ax', 'ax', 'ax', 'ay', 'ay', 'az', 'az'].map(add)).toEqual([
      ...[undefined, undefined, undefined, 'ax', undefined, undefined, undefined, 'ax'],
    ]);
    expect(add('bx')).toMatch(/^a/);
    expect(add('bx')).toMatch(/^a/);
  });

  it('one step of the way has its limit, and makes room for its own only', () => {
    const turns = new Turns<string>({ last: 9, step: 3, all: 20 });
    const add = (item: string, ...path: string[]): string | undefined => turns.add(item, ['new', ...path]);
    expect(['a1', 'a2', 'b1'].map((item) => add(item, 'net', item[0] ?? ''))).toEqual(Array(3).fill(undefined));
    expect(add('c1', 'net', 'c')).toBe('a2');
    expect(add('d1', 'net', 'd')).toBe('d1');
    expect(add('e1', 'other', 'e')).toBeUndefined();
  });

  it('each item that was taken in comes out once, unless it was dropped; what a name waits is bounded by the others', () => {
    const item = fc.record({ path: fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }), take: fc.boolean() });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 80 }), (items) => {
        const turns = new Turns<number>({ last: 3, step: 5, all: 8 });
        const out: number[] = [];
        items.forEach(({ path, take }, i) => {
          const dropped = turns.add(i, path.map(String));
          if (dropped !== undefined) out.push(dropped);
          const next = take ? turns.next() : undefined;
          if (next !== undefined) out.push(next);
        });
        let rest = 0;
        for (let next = turns.next(); next !== undefined; next = turns.next(), rest++) out.push(next);
        expect(rest).toBeLessThanOrEqual(8);
        expect(out.toSorted((a, b) => a - b)).toEqual(items.map((_, i) => i));
      }),
    );
  });
});

describe('the place of an address', () => {
  it.each([
    ['192.0.2.7', ['192.0.2', '192.0.2.7']],
    ['::ffff:192.0.2.7', ['192.0.2', '192.0.2.7']],
    ['2001:db8:1:2:3:4:5:6', ['2001:db8:1', '2001:db8:1:2']],
    ['2001:DB8:0001::6', ['2001:db8:1', '2001:db8:1:0']],
    ['::1', ['0:0:0', '0:0:0:0']],
    ['fe80::1%eth0', ['fe80:0:0', 'fe80:0:0:0']],
    ['', ['', '']],
  ])('%s: %j', (address, place) => {
    expect(placeOf(address)).toEqual(place);
  });

  it('is one for all addresses of a /64', () => {
    const group = fc.nat(0xffff).map((n) => n.toString(16));
    fc.assert(
      fc.property(fc.array(group, { minLength: 4, maxLength: 4 }), fc.ipV6(), (network, other) => {
        const address = [...network, ...network].join(':');
        expect(placeOf(address)).toEqual([network.slice(0, 3).join(':'), network.join(':')]);
        expect(placeOf(other)).toHaveLength(2);
      }),
    );
  });
});

it('64 callers with wrong keys leave an operator’s sign-in working', async () => {
  const { anybody } = new ApiWorld();
  let over = false;
  const attack = async (): Promise<void> => {
    while (!over) {
      await anybody.call('POST', '/auth', { authKeyId: 'keyId-none', authKey: 'wrong' });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const attackers = Array.from({ length: 64 }, attack);
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await anybody.call('POST', '/auth', AUTH_KEY)).status);
  over = true;
  await Promise.all(attackers);
  expect(statuses).toEqual(Array(5).fill(200));
});
