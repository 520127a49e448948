// Checks of passwords wait in turns that are fair to who wants to sign in.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Turns } from '../../host/platform/accounts/turns.js';
import { ApiWorld, AUTH_KEY } from './api-harness.js';

describe('turns', () => {
  it('go round among addresses, then among the names of one', () => {
    const turns = new Turns<string>({ name: 10, all: 100 });
    for (const item of ['a x1', 'a x2', 'a y1', 'b z1', 'b z2', 'a x3']) {
      const [address = '', name = ''] = item.split(' ');
      expect(turns.add(item, address, name[0] ?? '')).toBeUndefined();
    }
    const order: (string | undefined)[] = [];
    for (let item = turns.next(); item !== undefined; item = turns.next()) order.push(item);
    expect(order).toEqual(['a x1', 'b z1', 'a y1', 'b z2', 'a x2', 'a x3']);
  });

  it('a name has its limit; when all is full, the address with most makes room for another', () => {
    const turns = new Turns<string>({ name: 3, all: 6 });
    const add = (item: string): string | undefined => turns.add(item, item[0] ?? '', item[1] ?? '');
    expect(['ax', 'ax', 'ax', 'ax', 'ay', 'ay', 'az', 'az'].map(add)).toEqual([
      ...[undefined, undefined, undefined, 'ax', undefined, undefined, undefined, 'az'],
    ]);
    expect(add('bx')).toBe('ax');
    expect(add('bx')).toMatch(/^a/);
  });

  it('each item that was taken in comes out once, unless it was dropped', () => {
    const item = fc.record({ address: fc.nat(4), name: fc.nat(3), take: fc.boolean() });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 80 }), (items) => {
        const turns = new Turns<number>({ name: 3, all: 8 });
        const out: number[] = [];
        items.forEach(({ address, name, take }, i) => {
          const dropped = turns.add(i, String(address), String(name));
          if (dropped !== undefined) out.push(dropped);
          const next = take ? turns.next() : undefined;
          if (next !== undefined) out.push(next);
        });
        for (let next = turns.next(); next !== undefined; next = turns.next()) out.push(next);
        expect(out.toSorted((a, b) => a - b)).toEqual(items.map((_, i) => i));
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
