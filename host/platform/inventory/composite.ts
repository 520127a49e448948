// Several places of a device at once (OMA LwM2M Core 1.1, 6.3.8, 6.3.9, 6.4.5): bodies of the management API, requests to the device,
// and what is shown of its answers. A composite operation is kept under its paths, one after the other with a space between.

import { z } from 'zod';
import { type CoapRequest, Method } from '../../coap/index.js';
import {
  ContentError,
  ContentFormat,
  emitSenml,
  type Leaf,
  type Models,
  parsePath,
  type Path,
  pathText,
  within,
  writeContent,
} from '../../lwm2m/index.js';
import { INVENTORY_LIMITS } from '../limits.js';
import type { DeviceRecord } from './devices.js';
import { compositeFormat } from './formats.js';
import { jsonValue, leavesOf, scalar } from './view.js';

const place = z.string().refine((text) => (parsePath(text)?.length ?? 0) > 0, 'must be a path, as /3 or /3/0/9');

const placesBody = z.object({ paths: z.array(place).min(1).max(INVENTORY_LIMITS.compositePaths) });
/** One path alone is observed as such. */
const observedBody = z.object({ paths: z.array(place).min(2).max(INVENTORY_LIMITS.compositePaths) });
const valuesBody = z.object({
  values: z
    .record(place, scalar)
    .refine((values) => Object.keys(values).length > 0, 'must have at least one value')
    .refine(
      (values) => Object.keys(values).length <= INVENTORY_LIMITS.compositePaths,
      `${INVENTORY_LIMITS.compositePaths} at most`,
    ),
});

/** What the management API takes for each of the operations. */
export const compositeBodies = { read: placesBody, write: valuesBody, observe: observedBody, unobserve: observedBody };

/** Each path once, in the order of their numbers: the same paths are the same operation. */
export function compositeKey(texts: readonly string[]): string {
  const paths = texts.map((text) => parsePath(text) ?? []);
  const inOrder = paths.sort((a, b) => a.map((id, i) => id - (b[i] ?? -1)).find((d) => d !== 0) ?? a.length - b.length);
  return [...new Set(inOrder.map(pathText))].join(' ');
}

export const pathsIn = (key: string): Path[] => key.split(' ').map((text) => parsePath(text) ?? []);

/** Throws ContentError: for what is no resource, or not of its type. */
export const compositeLeaves = (values: unknown, models: Models): Leaf[] =>
  Object.entries(valuesBody.parse({ values }).values).flatMap(([text, value]) =>
    leavesOf({ value }, parsePath(text) ?? [], models),
  );

/** FETCH, with the paths as names of SenML. `root`: what comes before all paths. */
export function fetchRequest(device: DeviceRecord, root: readonly string[], paths: readonly Path[]): CoapRequest {
  const format = compositeFormat(device.registration);
  const names = paths.map((path) => ({ name: pathText(path), value: undefined }));
  const payload = emitSenml('', names, format === ContentFormat.SenmlJson ? 'json' : 'cbor');
  return { method: Method.Fetch, path: root, contentFormat: format, accept: format, payload };
}

/** iPATCH. */
export function patchRequest(device: DeviceRecord, root: readonly string[], leaves: readonly Leaf[]): CoapRequest {
  const format = compositeFormat(device.registration);
  return { method: Method.Ipatch, path: root, contentFormat: format, payload: writeContent(leaves, format, []) };
}

/** Throws ContentError for what was not asked for. */
export function asked(leaves: readonly Leaf[], paths: readonly Path[]): readonly Leaf[] {
  const stray = leaves.find((leaf) => !paths.some((path) => within(leaf.path, path)));
  if (stray !== undefined) throw new ContentError(`${pathText(stray.path)} was not asked for`);
  return leaves;
}

export const compositeShape = z.strictObject({
  observed: z.boolean().optional(),
  values: z.array(z.strictObject({ path: z.string(), value: scalar, time: z.int().optional() })),
});

export const compositeView = (leaves: readonly Leaf[]): object => ({
  values: leaves.map(({ path, value, time }) => ({
    ...{ path: pathText(path), value: jsonValue(value) },
    ...(time !== undefined && { time: Math.floor(1000 * time) }),
  })),
});
