// How many bytes an operator's files may take up, and all files: what is more is refused, and what goes makes room.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Database } from '../../host/platform/index.js';
import { DiskBlobs } from '../../host/platform/harvest-files/blobs.js';
import { NoRoomError } from '../../host/platform/harvest-files/room.js';
import { FileStore } from '../../host/platform/harvest-files/store.js';
import { FILES_LIMITS, PRUNE_STEP } from '../../host/platform/limits.js';
import { ApiWorld } from './api-harness.js';

const LIMITS = { operatorBytes: 100, allBytes: 150 };

async function* body(bytes: number, fails: boolean): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += 10) yield await Promise.resolve(new Uint8Array(Math.min(10, bytes - at)));
  if (fails) throw new Error('cut off');
}

describe('room for files', () => {
  it('is what the limits say, over uploads that fail, files that are replaced or deleted, and restarts', async () => {
    const step = fc.record({
      what: fc.constantFrom('put', 'put', 'put', 'cut', 'delete', 'restart'),
      operatorId: fc.constantFrom('OP1', 'OP2'),
      name: fc.constantFrom('a', 'b', 'c'),
      bytes: fc.nat(80),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const [database, blobs, clock] = [new Database(), new DiskBlobs(), new VirtualClock(1e12)];
        let store = new FileStore({ clock, database, blobs, room: LIMITS });
        const model = new Map<string, number>();
        const taken = (of: string): number =>
          [...model].filter(([key]) => key.startsWith(of)).reduce((sum, [, bytes]) => sum + bytes, 0);
        for (const { what, operatorId, name, bytes } of steps) {
          const key = { operatorId, scope: 'private', path: `/${name}` } as const;
          const own = `${operatorId}/${name}`;
          if (what === 'restart') store = new FileStore({ clock, database, blobs, room: LIMITS });
          else if (what === 'delete') {
            await store.delete(key);
            model.delete(own);
          } else {
            const outcome = await store.put(key, 'text/plain', body(bytes, what === 'cut')).then(
              () => 'stored',
              (error: unknown) => (error instanceof NoRoomError ? 'no room' : 'cut off'),
            );
            // The one that is replaced is there until the other is.
            const fits = taken(operatorId) + bytes <= LIMITS.operatorBytes && taken('') + bytes <= LIMITS.allBytes;
            expect(outcome).toBe(!fits ? 'no room' : what === 'cut' ? 'cut off' : 'stored');
            if (outcome === 'stored') model.set(own, bytes);
          }
        }
        blobs.close();
      }),
      { numRuns: 60 },
    );
  });

  it('counts what is being uploaded at the same time', async () => {
    const [database, blobs, clock] = [new Database(), new DiskBlobs(), new VirtualClock(1e12)];
    const store = new FileStore({ clock, database, blobs, room: LIMITS });
    const put = (path: string) =>
      store.put({ operatorId: 'OP1', scope: 'private', path }, 'text/plain', body(60, false)).then(
        () => 'stored',
        (error: unknown) => (error as Error).name,
      );
    expect((await Promise.all([put('/a'), put('/b')])).sort()).not.toEqual(['stored', 'stored']);
    blobs.close();
  });

  it('is refused by the API with a status of its own', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    vi.spyOn(world.platform.files, 'put').mockRejectedValue(new NoRoomError());
    const answer = await root.call('PUT', '/files/private/a.txt', undefined, { raw: 'x' });
    expect([answer.status, answer.json['code']]).toEqual([507, 'HVF0003']);
    world.platform.close();
  });
});

it('files of long ago are deleted in steps of few, each upload one, and make room', async () => {
  const [database, clock, folder] = [new Database(), new VirtualClock(1e12), mkdtempSync(join(tmpdir(), 'akari-old-'))];
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const store = new FileStore({ database, blobs: new DiskBlobs(folder), clock });
  const put = (n: number) =>
    store.put({ operatorId: 'OP1', scope: 'private', path: `/${n}` }, 'text/plain', body(1, false));
  const count = PRUNE_STEP.rows + 3;
  for (let n = 0; n < count; n++) await put(n);
  await clock.run({ deadline: clock.now() + (FILES_LIMITS.retentionDays + 1) * 86_400e9 });
  const left: number[] = [];
  for (let n = count; n < count + 3; n++) {
    await put(n);
    left.push(readdirSync(folder).length);
  }
  expect(left).toEqual([3 + 1, 0 + 2, 0 + 3]);
});
