// Work that is written together: one commit for all that is asked for in a turn of the event loop.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { Database } from '../../host/platform/index.js';

const TABLE = ['CREATE TABLE numbers (n INTEGER PRIMARY KEY) STRICT'];

function opened(file = join(mkdtempSync(join(tmpdir(), 'akari-')), 'platform.db')): Database {
  const database = new Database(file, { exclusive: true });
  database.define('test', TABLE);
  return database;
}

const add = (database: Database, n: number): number => database.run('INSERT INTO numbers (n) VALUES (?)', n);
const numbers = (database: Database): number[] =>
  database.all('SELECT n FROM numbers ORDER BY n').map(({ n }) => Number(n));

it('commits once for all of a turn, and answers nobody before', async () => {
  const database = opened();
  const transaction = vi.spyOn(database, 'transaction');
  const answered: number[] = [];
  const all = Array.from({ length: 100 }, (_, n) =>
    database.together(() => add(database, n)).then(() => answered.push(n)),
  );
  expect(numbers(database)).toEqual([]);
  await Promise.all(all);
  expect(transaction).toHaveBeenCalledTimes(1);
  expect(answered).toEqual([...answered.keys()]);
  expect(numbers(database)).toHaveLength(100);
  database.close();
});

it('undoes the work that throws, whole and alone, whatever else there is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 12 }), async (works) => {
      for (const database of [new Database(), opened()]) {
        database.define('test', TABLE);
        // A number that is there already fails, and so may a part that has written others before it.
        const made = works.map((work) =>
          database.together(() => database.transaction(() => work.forEach((n) => add(database, n)))),
        );
        const results = await Promise.allSettled(made);
        const kept = new Set<number>();
        const expected = works.map((work) => {
          const fits = new Set(work).size === work.length && !work.some((n) => kept.has(n));
          if (fits) work.forEach((n) => kept.add(n));
          return fits ? 'fulfilled' : 'rejected';
        });
        expect(results.map(({ status }) => status)).toEqual(expected);
        expect(numbers(database)).toEqual([...kept].toSorted((a, b) => a - b));
        database.close();
      }
    }),
    { numRuns: 40 },
  );
});

it('answers nothing but errors when the commit fails', async () => {
  const database = opened();
  database.run('CREATE TABLE children (n INTEGER REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED) STRICT');
  const results = await Promise.allSettled([
    database.together(() => add(database, 1)),
    // Its fault shows at the commit.
    database.together(() => database.run('INSERT INTO children (n) VALUES (7)')),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(numbers(database)).toEqual([]);
  await database.together(() => add(database, 2));
  expect(numbers(database)).toEqual([2]);
  database.close();
});

it('writes what waits when it is closed', async () => {
  const database = opened();
  const written = database.together(() => add(database, 1));
  database.close();
  await written;
  expect(numbers(opened(database.file))).toEqual([1]);
});

it('says that it is closed to who comes later, and blames no other program', async () => {
  const database = opened();
  const lost = vi.fn();
  database.onLost = lost;
  database.close();
  const closed = { name: 'DatabaseError', code: 'closed', message: `${database.file} is closed` };
  await expect(database.together(() => add(database, 1))).rejects.toMatchObject(closed);
  expect(() => add(database, 1)).toThrow(expect.objectContaining(closed));
  expect(() => numbers(database)).toThrow(expect.objectContaining(closed));
  expect(lost).not.toHaveBeenCalled();
});
