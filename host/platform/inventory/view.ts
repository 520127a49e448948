// Values of devices as the management API shows and takes them: `{"id": 9, "value": 100}` for a resource, `{"id": 7,
// "values": {"0": 3800}}` for one with instances, `{"id": 0, "resources": [..]}` for an instance, `{"id": 3, "instances":
// [..]}` for an object.

import { z } from 'zod';
import {
  byId,
  ContentError,
  type Leaf,
  type Models,
  type Path,
  type ResourceType,
  toTlv,
  type Value,
} from '../../lwm2m/index.js';

/** Bytes are base64 in JSON, integers beyond 2^53 are text. */
export function jsonValue(value: Value): string | number | boolean {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** What was read at `path`. */
export function viewOf(leaves: readonly Leaf[], path: Path): unknown {
  const [object = 0, instance, resource, part] = path;
  if (part !== undefined) return leaves.length === 0 ? { id: part } : { id: part, value: jsonOf(leaves[0]) };
  if (resource !== undefined) return resourceView(resource, leaves);
  if (instance !== undefined) return instanceView(instance, leaves);
  return { id: object, instances: inOrder(leaves, 1).map(([id, below]) => instanceView(id, below)) };
}

const inOrder = (leaves: readonly Leaf[], depth: 1 | 2) => [...byId(leaves, depth)].sort(([a], [b]) => a - b);

const jsonOf = (leaf: Leaf | undefined): unknown => (leaf === undefined ? null : jsonValue(leaf.value));

function instanceView(id: number, leaves: readonly Leaf[]): unknown {
  return { id, resources: inOrder(leaves, 2).map(([resource, below]) => resourceView(resource, below)) };
}

function resourceView(id: number, leaves: readonly Leaf[]): unknown {
  const [first] = leaves;
  if (first !== undefined && first.path.length === 3) return { id, value: jsonOf(first) };
  return { id, values: Object.fromEntries(leaves.map((leaf) => [String(leaf.path[3] ?? 0), jsonOf(leaf)])) };
}

export const scalar = z.union([z.string(), z.number(), z.boolean()]);
const instanceKey = z.string().regex(/^\d{1,5}$/, 'a number is wanted');
const resourceBody = z
  .strictObject({
    id: z.int().min(0).max(65_534).optional(),
    value: scalar.optional(),
    values: z.record(instanceKey, scalar).optional(),
  })
  .refine(({ value, values }) => (value === undefined) !== (values === undefined), 'value or values is wanted');
const instanceBody = z.strictObject({
  id: z.int().min(0).max(65_534).optional(),
  resources: z.array(resourceBody.refine(({ id }) => id !== undefined, 'id is wanted')).min(1),
});
export const writeBody = z.union([resourceBody, instanceBody]);
type WriteBody = z.output<typeof writeBody>;

/** What an operator wants written to `path`, an instance or below. Throws ContentError. */
export function leavesOf(body: WriteBody, path: Path, models: Models): Leaf[] {
  if ('resources' in body) {
    if (path.length !== 2) throw new ContentError('resources are for an instance');
    return body.resources.flatMap((resource) => leavesOf(resource, [...path, resource.id ?? 0], models));
  }
  if (path.length < 3) throw new ContentError('resources are wanted for an instance');
  const type = models.resource(path)?.type;
  if (type === undefined)
    throw new ContentError(`/${path.join('/')} is not in the object's model, or is to be executed`);
  const leaf = (at: Path, value: string | number | boolean): Leaf => ({
    path: at,
    type,
    value: typed(type, value, at),
  });
  if (body.value !== undefined) return [leaf(path, body.value)];
  if (path.length > 3) throw new ContentError('values are for a resource');
  return Object.entries(body.values ?? {}).map(([id, value]) => leaf([...path, Number(id)], value));
}

function typed(type: ResourceType, value: string | number | boolean, at: Path): Value {
  const place = `/${at.join('/')}`;
  let made: Value = value;
  if (type === 'opaque') {
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value))
      throw new ContentError(`${place}: base64 is wanted`);
    made = Buffer.from(value, 'base64');
  } else if (typeof value === 'string' && ['integer', 'unsigned', 'time'].includes(type)) {
    if (!/^-?\d{1,20}$/.test(value)) throw new ContentError(`${place}: a whole number is wanted`);
    made = BigInt(value);
  }
  try {
    toTlv(type, made);
  } catch (error) {
    if (error instanceof ContentError) throw new ContentError(`${place}: ${error.message}`);
    throw error;
  }
  return made;
}
