// Devices and what they are asked, as the management API shows them: shapes of answers, and how they are made.

import { z } from 'zod';
import type { Call } from '../api/call.js';
import { ApiError } from '../api/error.js';
import { milliseconds, named } from '../api/shapes.js';
import { tagsShown } from '../api/tags.js';
import { type Models, parsePath } from '../../lwm2m/index.js';
import type { DeviceRecord, Devices } from './devices.js';
import { type DeviceRequest, REQUEST_STATES } from './requests.js';
import { resourceModelView, resourceShape } from './view.js';

const dateTimeShape = z.iso.datetime();
const nullableText = z.string().nullable();

const objectShape = z.strictObject({
  id: z.int(),
  version: z.string().optional(),
  /** Of the model, when it is asked for. */
  ...{ name: z.string().optional(), multiple: z.boolean().optional(), mandatory: z.boolean().optional() },
  resources: z.record(z.string(), resourceShape).optional(),
  instances: z.record(z.string(), z.strictObject({ id: z.int() })),
});

export const deviceShape = named(
  'Device',
  z.strictObject({
    ...{ device_id: z.string(), deviceId: z.string(), endpoint: z.string(), operatorId: z.string() },
    ...{ tags: tagsShown, online: z.boolean() },
    ...{ groupId: nullableText, imsi: nullableText, imei: nullableText, ipAddress: nullableText },
    ...{ manufacturer: nullableText, modelNumber: nullableText, serialNumber: nullableText },
    firmwareVersion: nullableText,
    objects: z.record(z.string(), objectShape),
    registrationId: nullableText,
    /** Seconds. */
    registrationLifeTime: z.int().nullable(),
    lastRegistrationUpdate: dateTimeShape.nullable(),
    ...{ createdTime: dateTimeShape, lastModifiedTime: dateTimeShape },
  }),
);

export const requestShape = named(
  'DeviceRequest',
  z.strictObject({
    ...{ requestId: z.string(), operation: z.string(), path: z.string(), state: z.enum(REQUEST_STATES) },
    ...{ createdTime: milliseconds, expiresTime: milliseconds },
    ...{ code: z.string().optional(), result: z.unknown().optional(), reason: z.string().optional() },
  }),
);

/** The device of a path, if it is the caller's. Throws ApiError. */
export function deviceOf(devices: Devices, call: Call): DeviceRecord {
  const found = devices.get(call.param('device_id'));
  if (found?.operatorId !== call.caller.operatorId) throw new ApiError('no-device');
  return found;
}

/** `models`: shown with the objects, if given. */
export function deviceView(device: DeviceRecord, models?: Models): z.input<typeof deviceShape> {
  const { deviceId, registration, facts, createdMs, modifiedMs } = device;
  const { endpoint, groupId, imsi, imei, ipAddress, online, operatorId, tags } = device;
  return {
    // The documentation has the first, the public client libraries the second.
    ...{ device_id: deviceId, deviceId, endpoint, operatorId, tags, online },
    ...{ groupId: groupId ?? null, imsi: imsi ?? null, imei: imei ?? null, ipAddress: ipAddress ?? null },
    ...{ manufacturer: null, modelNumber: null, serialNumber: null, firmwareVersion: null, ...facts },
    objects: objectsView(registration?.objects ?? {}, models),
    registrationId: online ? (registration?.id ?? null) : null,
    registrationLifeTime: registration?.lifetime ?? null,
    lastRegistrationUpdate: registration === undefined ? null : dateTime(registration.updatedMs),
    ...{ createdTime: dateTime(createdMs), lastModifiedTime: dateTime(modifiedMs) },
  };
}

const dateTime = (unixMs: number): string => new Date(unixMs).toISOString();

/**
 * The objects of a registration, by id, with their instances: `{"3":{"id":3,"instances":{"0":{"id":0}}}}`. The API's definition says only
 * that it is an object. A link to an object beside links to its instances is there for its version.
 */
function objectsView(
  links: Readonly<Record<string, Readonly<Record<string, string>>>>,
  models: Models | undefined,
): Record<string, z.input<typeof objectShape>> {
  const objects = new Map<number, z.input<typeof objectShape>>();
  for (const [text, { ver }] of Object.entries(links)) {
    const [id = 0, instance] = parsePath(text) ?? [];
    const object = objects.get(id) ?? { id, ...modelOf(id, models), instances: {} };
    objects.set(id, object);
    if (ver !== undefined) object.version = ver;
    if (instance !== undefined) object.instances[instance] = { id: instance };
  }
  return Object.fromEntries(objects);
}

function modelOf(id: number, models: Models | undefined): Partial<z.input<typeof objectShape>> {
  const model = models?.object(id);
  if (model === undefined) return {};
  const { name, multiple, mandatory, resources } = model;
  const each = resources.map((resource) => [
    resource.id,
    { id: resource.id, name: resource.name, ...resourceModelView(resource) },
  ]);
  return { name, multiple, mandatory, resources: Object.fromEntries(each) as z.input<typeof objectShape>['resources'] };
}

/** What was asked, without its values: they may be secrets. */
export function requestView({
  requestId,
  operation: { kind, path },
  state,
  outcome,
  createdMs,
  expiresMs,
}: DeviceRequest): z.input<typeof requestShape> {
  const { code, result, reason } = outcome ?? {};
  return {
    ...{ requestId, operation: kind, path, state, createdTime: createdMs, expiresTime: expiresMs },
    ...(code !== undefined && { code }),
    ...(result !== undefined && { result }),
    ...(reason !== undefined && { reason }),
  };
}
