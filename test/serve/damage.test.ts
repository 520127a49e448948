// Files of a data folder that are damaged: a start ends with words, a running world answers 503, and no process dies of it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Database, DatabaseError } from '../../host/platform/index.js';
import { freeBlock } from './block.js';
import { damaged } from './damage.js';

/** What no program of ours writes: text that is none, and text among numbers. */
function spoilt(): Database {
  const database = new Database();
  database.define('t', ['CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, number INTEGER)']);
  database.run(
    "INSERT INTO t VALUES (1, CAST(x'61ff62' AS TEXT), 7), (2, 'right \u{1f600} \ufffd', CAST(x'ff' AS TEXT))",
  );
  return database;
}

describe('text in a database that is not UTF-8', () => {
  it.each([
    ['SELECT word FROM t WHERE id = 1'],
    ['SELECT * FROM t'],
    ['SELECT max(word) AS m FROM t WHERE id = 1'],
    ["SELECT word || 'x' AS w FROM t WHERE id = 1"],
    ['SELECT number FROM t WHERE id = 2'],
  ])('%s: damage, told by name', (sql) => {
    for (const read of ['all', 'get'] as const) {
      const error = (() => {
        try {
          return spoilt()[read](sql);
        } catch (thrown) {
          return thrown;
        }
      })();
      expect(error).toBeInstanceOf(DatabaseError);
      expect(error).toMatchObject({ fault: 'damaged' });
      expect((error as Error).message).toMatch(/ is damaged: put a copy of the whole folder back \((UTF-8|text)\)$/);
    }
  });

  it('is found by the check, and what is beside it can be read', () => {
    const database = spoilt();
    expect(() => database.check()).toThrow(/damaged.*\((UTF-8|text)\)/);
    expect(database.get('SELECT word, id FROM t WHERE id = 2')).toEqual({ word: 'right \u{1f600} \ufffd', id: 2 });
    expect(database.all('SELECT number FROM t WHERE id = 1 ORDER BY id DESC')).toEqual([{ number: 7 }]);
    database.run('DELETE FROM t');
    expect(() => database.check()).not.toThrow();
  });
});

describe('a data folder whose files are overwritten', () => {
  it('before the start or while the world runs: words or 503, at any place', async () => {
    const place = mkdtempSync(join(tmpdir(), 'akari-damage-'));
    onTestFinished(() => rmSync(place, { recursive: true, force: true }));
    const { done, died } = await damaged(place, await freeBlock('start'), 0, 16);
    expect(died).toBeUndefined();
    expect(done.filter(({ faults }) => faults.length > 0)).toEqual([]);
    // Both have happened.
    expect(done.some(({ outcome }) => outcome.startsWith('DatabaseError: '))).toBe(true);
    expect(done.some(({ outcome }) => outcome === 'some 503')).toBe(true);
  });
});
