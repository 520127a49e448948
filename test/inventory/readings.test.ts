// What is kept of what devices say: the last value of each path, and of one device no more than it may fill.
import { expect, it } from 'vitest';
import type { Leaf } from '../../host/lwm2m/index.js';
import { Database } from '../../host/platform/index.js';
import { Readings } from '../../host/platform/inventory/readings.js';

const leaf = (id: number, value: number | string, time?: number): Leaf => ({
  ...{ path: [33000, 0, id], type: typeof value === 'string' ? 'string' : 'integer', value },
  ...(time !== undefined && { time }),
});
const many = (from: number, to: number, value: number): Leaf[] =>
  Array.from({ length: to - from }, (_, i) => leaf(from + i, value));

const readings = (): Readings =>
  new Readings({ database: new Database(), data: undefined as never, unixMs: () => 5_000 });

it('the last value counts, with its own time if it has one', () => {
  const kept = readings();
  kept.keep('d-1', [leaf(1, 10), leaf(2, 20, 7)]);
  kept.keep('d-1', [leaf(1, 11, 9)]);
  expect(kept.list('d-1')).toEqual([
    { path: '/33000/0/1', value: 11, timeMs: 9_000 },
    { path: '/33000/0/2', value: 20, timeMs: 7_000 },
  ]);
});

it('of one device 1024 paths are kept, in one message or in many: known ones go on, others have no room', () => {
  const kept = readings();
  kept.keep('d-1', many(0, 1_000, 1));
  kept.keep('d-1', many(500, 3_000, 2));
  kept.keep('d-1', many(2_000, 2_010, 3));
  kept.keep('d-1', many(0, 1, 4));
  const values = new Map(kept.list('d-1').map(({ path, value }) => [Number(path.split('/')[3]), value]));
  expect(values.size).toBe(1_024);
  expect([0, 499, 500, 1_023, 1_024, 2_005].map((id) => values.get(id))).toEqual([4, 1, 2, 2, undefined, undefined]);
  // Another device is not concerned.
  kept.keep('d-2', many(2_000, 2_010, 3));
  expect(kept.list('d-2')).toHaveLength(10);
});

it('a value that is too long is left out, and nothing else', () => {
  const kept = readings();
  kept.keep('d-1', [leaf(1, 'x'.repeat(5_000)), leaf(2, 2)]);
  expect(kept.list('d-1').map(({ path }) => path)).toEqual(['/33000/0/2']);
});
