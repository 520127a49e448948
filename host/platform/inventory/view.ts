// Values of devices as the management API shows and takes them: `{"id":9,"name":"Battery Level","value":100}` for a resource,
// `{"id":7,"values":{"0":3800}}` for one with instances, `{"id":0,"resources":{"9":{..}}}` for an instance, `{"id":3,"instances":{"0":{..}}}`
// for an object. The name is that of the model, if there is one.

import { z } from 'zod';
import { record } from '../../record.js';
import { named } from '../api/shapes.js';
import { optional } from '../config/fields.js';
import {
  byId,
  ContentError,
  type Leaf,
  type Models,
  type Path,
  pathText,
  type ResourceModel,
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

/** What a resource is, besides its value: shown when the model is asked for. */
export interface ViewOptions {
  readonly models: Models;
  readonly withModel?: boolean;
}

/** What was read at `path`. */
export function viewOf(leaves: readonly Leaf[], path: Path, options: ViewOptions): object {
  const [object = 0, instance, resource, part] = path;
  if (part !== undefined) return leaves.length === 0 ? { id: part } : { id: part, value: jsonOf(leaves[0]) };
  if (resource !== undefined) return resourceView(path, leaves, options);
  if (instance !== undefined) return instanceView(path, leaves, options);
  const instances = inOrder(leaves, 1).map(([id, below]) => [id, instanceView([object, id], below, options)]);
  return { id: object, instances: Object.fromEntries(instances) as object };
}

const inOrder = (leaves: readonly Leaf[], depth: 1 | 2) => [...byId(leaves, depth)].sort(([a], [b]) => a - b);

const jsonOf = (leaf: Leaf | undefined): unknown => (leaf === undefined ? null : jsonValue(leaf.value));

function instanceView(path: Path, leaves: readonly Leaf[], options: ViewOptions): object {
  const [, id = 0] = path;
  const resources = inOrder(leaves, 2).map(([number, below]) => [
    number,
    resourceView([...path, number], below, options),
  ]);
  return { id, resources: Object.fromEntries(resources) as object };
}

function resourceView(path: Path, leaves: readonly Leaf[], { models, withModel = false }: ViewOptions): object {
  const [, , id = 0] = path;
  const model = models.resource(path);
  return {
    ...{ id, ...(model && { name: model.name }), ...valueView(leaves) },
    ...(withModel && model && resourceModelView(model)),
  };
}

/** `value` of a resource, or the `values` of its instances. */
export function valueView(leaves: readonly Leaf[]): object {
  const [first] = leaves;
  if (first?.path.length === 3) return { value: jsonOf(first) };
  return { values: Object.fromEntries(leaves.map((leaf) => [String(leaf.path[3] ?? 0), jsonOf(leaf)])) };
}

/** As the API's definition words it. */
export const resourceModelView = ({ type, operations, multiple, mandatory }: ResourceModel): object => ({
  ...{ operations: operations === '' ? 'NONE' : operations, multiple, mandatory },
  ...(type !== undefined && { type: type === 'unsigned' ? 'INTEGER' : type.toUpperCase() }),
});

const id = z.int().min(0).max(65_534);
const shownValue = z.union([z.string(), z.number(), z.boolean()]).nullable();
/** What of an answer is there only when the model is asked for. */
const modelShape = {
  ...{ operations: z.string().optional(), multiple: z.boolean().optional(), mandatory: z.boolean().optional() },
  type: z.string().optional(),
};
export const resourceShape = named(
  'ResourceInstance',
  z.strictObject({
    ...{ id, name: z.string().optional(), value: shownValue.optional() },
    ...{ values: z.record(z.string(), shownValue).optional(), ...modelShape },
  }),
);
/** One instance of a resource. */
export const partShape = z.strictObject({ id, value: shownValue.optional() });
export const instanceShape = named(
  'ObjectInstance',
  z.strictObject({ id, resources: z.record(z.string(), resourceShape) }),
);
export const objectShape = z.strictObject({ id, instances: z.record(z.string(), instanceShape) });

export const scalar = z.union([z.string(), z.number(), z.boolean()]);
const instanceKey = z.string().regex(/^\d{1,5}$/, 'must be a number');
const givenId = optional(id);
/** The definition has a list of the values of a resource with several; by their ids is how they are read. */
const valuesBody = z.union([
  record(instanceKey, scalar),
  z.array(scalar).transform((list) => Object.fromEntries(list.map((value, i) => [String(i), value]))),
]);
interface ResourceBody {
  readonly id?: number | undefined;
  readonly value?: string | number | boolean | undefined;
  readonly values?: Readonly<Record<string, string | number | boolean>> | undefined;
}
/** Typed clients send both, the one that they do not mean empty. */
const resourceBody = z
  .object({ id: givenId, value: optional(scalar), values: optional(valuesBody) })
  .transform(({ values, ...rest }): ResourceBody => {
    const isLeftOut = values === undefined || (rest.value !== undefined && Object.keys(values).length === 0);
    return isLeftOut ? rest : { ...rest, values };
  })
  .refine(({ value, values }) => (value === undefined) !== (values === undefined), 'must have either value or values');
/** Resources in a list, or under their ids as they are read. */
const resourcesBody = z.union([
  z.array(resourceBody.refine((body) => body.id !== undefined, 'must have an id')),
  z
    .record(instanceKey, resourceBody)
    .transform((all) => Object.entries(all).map(([key, one]) => ({ ...one, id: Number(key) }))),
]);
const instanceBody = z.object({ id: givenId, resources: resourcesBody });
export const writeBody = z.union([instanceBody, resourceBody]);
/** Create may leave it to the device what the instance holds. */
export const createBody = z.object({ id: givenId, resources: optional(resourcesBody).transform((all) => all ?? []) });
type WriteBody = z.output<typeof writeBody>;

/**
 * What an operator wants written to `path`, an instance or below. `nameOf`: what messages call a place. Throws ContentError.
 */
export function leavesOf(
  body: WriteBody,
  path: Path,
  models: Models,
  nameOf: (path: Path) => string = pathText,
): Leaf[] {
  if ('resources' in body) {
    if (path.length !== 2) throw new ContentError('resources are for an instance');
    return body.resources.flatMap((resource) => leavesOf(resource, [...path, resource.id ?? 0], models, nameOf));
  }
  if (path.length < 3) throw new ContentError('an instance is written by its resources');
  const type = models.resource(path)?.type;
  if (type === undefined) throw new ContentError(`${nameOf(path)} is not in the object's model, or is to be executed`);
  const leaf = (at: Path, value: string | number | boolean): Leaf => ({
    path: at,
    type,
    value: typed(type, value, nameOf(at)),
  });
  if (body.value !== undefined) return [leaf(path, body.value)];
  if (path.length > 3) throw new ContentError('values are for a resource');
  return Object.entries(body.values ?? {}).map(([id, value]) => leaf([...path, Number(id)], value));
}

function typed(type: ResourceType, value: string | number | boolean, place: string): Value {
  let made: Value = value;
  if (type === 'opaque') {
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value))
      throw new ContentError(`${place}: must be base64`);
    made = Buffer.from(value, 'base64');
  } else if (typeof value === 'string' && ['integer', 'unsigned', 'time'].includes(type)) {
    if (!/^-?\d{1,20}$/.test(value)) throw new ContentError(`${place}: must be a whole number`);
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
