// What a device says by itself, as Harvest Data gets it: SORACOM's form, for any values of any places and moments.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Leaf, Models } from '../../host/lwm2m/index.js';
import { notificationsOf } from '../../host/platform/inventory/notifications.js';

interface Content {
  readonly deviceId: string;
  readonly path: string;
  readonly lastModifiedTime: number;
  readonly resources: Readonly<
    Record<
      string,
      { readonly name?: string; readonly value?: unknown; readonly values?: Readonly<Record<string, unknown>> }
    >
  >;
}

const models = new Models([
  {
    ...{ id: 33_000, name: 'Tank', multiple: true, mandatory: false },
    resources: [
      { id: 1, name: 'Open', type: 'boolean', operations: 'R', multiple: false, mandatory: false },
      { id: 2, name: 'Levels', type: 'integer', operations: 'R', multiple: true, mandatory: false },
    ],
  },
]);
const told = (leaves: readonly Leaf[]): Content[] =>
  notificationsOf('d-1', leaves, models, ({ time = 5 }) => 1000 * time).map(({ timeMs, json }) => {
    const content = JSON.parse(json) as Content;
    expect(content.lastModifiedTime).toBe(timeMs);
    return content;
  });

it('one entry for each instance and moment; names where the model has them; instances of a resource as values', () => {
  const leaves: Leaf[] = [
    { path: [33_000, 0, 1], type: 'boolean', value: true },
    { path: [33_000, 0, 2, 0], type: 'integer', value: 3 },
    { path: [33_000, 0, 2, 7], type: 'integer', value: 4 },
    { path: [33_000, 1, 1], type: 'boolean', value: false },
    { path: [33_000, 0, 1], type: 'boolean', value: false, time: 6 },
    { path: [33_001, 0, 9], type: 'opaque', value: Uint8Array.of(1, 2) },
  ];
  expect(told(leaves)).toEqual([
    {
      ...{ deviceId: 'd-1', path: '/33000/0', lastModifiedTime: 5000 },
      resources: { 1: { name: 'Open', value: true }, 2: { name: 'Levels', values: { 0: 3, 7: 4 } } },
    },
    { deviceId: 'd-1', path: '/33000/1', lastModifiedTime: 5000, resources: { 1: { name: 'Open', value: false } } },
    { deviceId: 'd-1', path: '/33000/0', lastModifiedTime: 6000, resources: { 1: { name: 'Open', value: false } } },
    { deviceId: 'd-1', path: '/33001/0', lastModifiedTime: 5000, resources: { 9: { value: 'AQI=' } } },
  ]);
});

it('of a place that is there twice at one moment the last counts, as everywhere', () => {
  const twice = (path: readonly number[]): Leaf[] =>
    [1, 2].map((value): Leaf => ({ path: [...path], type: 'integer', value }));
  expect(told([...twice([33_001, 0, 1]), ...twice([33_001, 0, 2, 3])])).toMatchObject([
    { resources: { 1: { value: 2 }, 2: { values: { 3: 2 } } } },
  ]);
});

it('no value is lost, and none is in another place or moment', () => {
  const id = fc.nat(3);
  const place = fc.tuple(fc.constantFrom(33_000, 33_001), id, id, fc.option(id, { nil: undefined }), id);
  const places = fc.uniqueArray(place, {
    selector: ([object, instance, resource, , time]) => [object, instance, resource, time].join('/'),
    maxLength: 40,
  });
  fc.assert(
    fc.property(places, (all) => {
      const leaves = all.map(([object, instance, resource, part, time], n): Leaf => ({
        path: [object, instance, resource, ...(part === undefined ? [] : [part])],
        ...{ type: 'integer', value: n, time },
      }));
      const seen = told(leaves).flatMap(({ path, lastModifiedTime, resources }) =>
        Object.entries(resources).flatMap(([resource, { value, values }]) =>
          value === undefined
            ? Object.entries(values ?? {}).map(([part, one]) => [`${path}/${resource}/${part}`, lastModifiedTime, one])
            : [[`${path}/${resource}`, lastModifiedTime, value]],
        ),
      );
      const sent = leaves.map(({ path, value, time = 0 }) => [`/${path.join('/')}`, 1000 * time, value]);
      const sorted = (list: readonly (readonly unknown[])[]): string[] => list.map((one) => JSON.stringify(one)).sort();
      expect(sorted(seen)).toEqual(sorted(sent));
    }),
  );
});
