// What operators see of devices, and what they have them do: everything below /v1/devices.

import { z } from 'zod';
import { noContent, ok, type Reply } from '../api/call.js';
import type { LegacyCall as Call, LegacyRoute as Route } from '../api/legacy.js';
import { ApiError } from '../api/error.js';
import { pageOf, pageReply } from '../api/page.js';
import { tagFilter, tagList, withoutTag, withTags } from '../api/tags.js';
import { ApiStatus } from '../choices.js';
import type { Directory } from '../directory/index.js';
import { PathError } from '../harvest-files/path.js';
import { API_LIMITS, INVENTORY_LIMITS } from '../limits.js';
import { BOOTSTRAP_OBJECTS, ContentError, parsePath, type Path, pathText } from '../../lwm2m/index.js';
import { isEndpoint } from './bootstrap.js';
import { compositeBodies, compositeKey, compositeLeaves, pathsIn } from './composite.js';
import type { DeviceRecord } from './devices.js';
import { firmwareBody } from './images.js';
import type { Inventory } from './index.js';
import { WITH_MODEL } from './operations.js';
import type { DeviceRequest, Operation, Outcome } from './requests.js';
import { createBody, leavesOf, writeBody } from './view.js';

const creation = z.strictObject({
  endpoint: z
    .string()
    .refine(isEndpoint, `1 to ${INVENTORY_LIMITS.endpointBytes} bytes without control characters are wanted`),
  groupId: z.string().min(1).optional(),
  tags: z.record(z.string().min(1).max(API_LIMITS.tagName), z.string().max(API_LIMITS.tagValue)).default({}),
});
const groupChoice = z.looseObject({ groupId: z.string().min(1) });
/** OMA LwM2M Transport 6.4.3: numbers with what they are to be. */
const execution = z.object({
  value: z
    .string()
    .regex(/^\d(='[!#-&(-[\]-~]*')?(,\d(='[!#-&(-[\]-~]*')?)*$/, "arguments as 0='reset',1 are wanted")
    .optional(),
});
const flag = z.union([z.boolean().transform(Number), z.literal(0), z.literal(1)]);
const attribute = (value: z.ZodType<number>) => z.union([value, z.null()]).optional();
/** OMA LwM2M Core 5.1.2; `edge`, `con` and `hqmax` are of version 1.2. */
const attributes = z
  .object({
    ...{
      pmin: attribute(z.number()),
      pmax: attribute(z.number()),
      gt: attribute(z.number()),
      lt: attribute(z.number()),
    },
    ...{ st: attribute(z.number()), epmin: attribute(z.number()), epmax: attribute(z.number()) },
    ...{ edge: attribute(flag), con: attribute(flag), hqmax: attribute(z.int().min(1)) },
  })
  .refine((value) => Object.keys(value).length > 0, 'one attribute at least is wanted');

export function deviceRoutes(inventory: Inventory, directory: Directory): Route[] {
  const { devices, keys, management, requests, readings } = inventory;

  const of = (call: Call): DeviceRecord => {
    const found = devices.get(call.param('device_id'));
    if (found?.operatorId !== call.caller.operatorId) throw new ApiError('no-device');
    return found;
  };

  const list = (call: Call): Reply => {
    const tagged = tagFilter(call);
    const all = devices.list(call.caller.operatorId).filter(({ tags }) => tagged(tags));
    return pageReply(
      call,
      pageOf(call, all, ({ deviceId }) => deviceId),
      deviceView,
    );
  };

  const ownGroup = (call: Call, groupId: string): string => {
    if (directory.group(call.caller.operatorId, groupId) === undefined) throw new ApiError('no-group');
    return groupId;
  };

  const create = async (call: Call): Promise<Reply> => {
    const { endpoint, groupId, tags } = await call.body(creation);
    const { operatorId } = call.caller;
    if (Object.keys(tags).length > API_LIMITS.tags) throw new ApiError('malformed', `${API_LIMITS.tags} tags at most`);
    if (groupId !== undefined) ownGroup(call, groupId);
    if (devices.byEndpoint(operatorId, endpoint) !== undefined) throw new ApiError('device-exists');
    if (devices.count(operatorId) >= INVENTORY_LIMITS.devicesPerOperator) throw new ApiError('too-many-devices');
    const device = devices.create({ operatorId, endpoint, tags, ...(groupId !== undefined && { groupId }) });
    const { id, key } = keys.create(device.deviceId);
    const secretKey = Buffer.from(key.reveal()).toString('base64');
    // The only answer that ever holds the key.
    return { status: 201, json: { device: deviceView(device), deviceKeyId: id, secretKey } };
  };

  const change = (call: Call, what: Parameters<typeof devices.change>[1]): Reply => {
    const changed = devices.change(of(call).deviceId, what);
    if (changed === undefined) throw new ApiError('no-device');
    return ok(deviceView(changed));
  };

  const remove = (call: Call): Reply => {
    inventory.delete(of(call).deviceId);
    return noContent;
  };

  // --- What a device is asked ---

  const pathOf = (call: Call): string => {
    const names = ['object', 'instance', 'resource', 'resource_instance'];
    const parts = names.flatMap((name) => (call.params[name] === undefined ? [] : [call.param(name)]));
    const path = parsePath(`/${parts.join('/')}`);
    if (path === undefined) throw new ApiError('malformed', 'ids are numbers from 0 to 65534');
    allowed(path);
    return pathText(path);
  };

  /** `status`: of what the device has done. */
  const submit = async (call: Call, device: DeviceRecord, operation: Operation, status = 200): Promise<Reply> => {
    const request = management.submit(device, operation);
    if (request === undefined)
      throw new ApiError('busy', `${INVENTORY_LIMITS.waitingRequests} requests wait for the device`);
    const reached = inventory.registrar.reachable(device) !== undefined;
    const after = reached ? await call.wait(management.outcome(request)) : request;
    const { state, outcome } = after;
    if (state === 'queued' || state === 'running') return { status: 202, json: requestView(after) };
    if (state === 'done') return { status, json: outcome?.result ?? { code: outcome?.code } };
    throw failure(state, outcome);
  };

  const asked =
    (kind: Operation['kind'], read?: (call: Call, device: DeviceRecord, path: string) => unknown, status?: number) =>
    async (call: Call): Promise<Reply> => {
      const device = of(call);
      const path = pathOf(call);
      const body = await read?.(call, device, path);
      return submit(call, device, { kind, path, ...(body !== undefined && { body }) }, status);
    };

  const withModel = (call: Call): unknown =>
    call.word('model', ['true', 'false']) === 'true' ? WITH_MODEL : undefined;

  /** Checked now, so that who asks hears of it, and again when the device is there. */
  const written = async (call: Call, device: DeviceRecord, path: string): Promise<unknown> => {
    const body = await call.body(writeBody);
    wellFormed(() => leavesOf(body, parsePath(path) ?? [], management.models(device.operatorId)));
    return body;
  };

  const created = async (call: Call, device: DeviceRecord, path: string): Promise<unknown> => {
    const body = await call.body(createBody);
    // No id is one that the device chooses.
    const nameOf = ([object, , ...rest]: Path): string => `/${[object, body.id ?? '*', ...rest].join('/')}`;
    const at = [...(parsePath(path) ?? []), body.id ?? 0];
    wellFormed(() => leavesOf(body, at, management.models(device.operatorId), nameOf));
    return body;
  };

  const write = async (call: Call): Promise<Reply> => {
    const mode = call.word('mode', ['replace', 'update']) ?? 'replace';
    return asked(mode === 'replace' ? 'write' : 'update', written, ApiStatus.Accepted)(call);
  };

  const argumentsOf = async (call: Call): Promise<unknown> => {
    if (!hasBody(call)) return undefined;
    return (await call.body(execution)).value;
  };

  const attributesOf = async (call: Call): Promise<unknown> => {
    const set = await call.body(attributes);
    return Object.fromEntries(Object.entries(set).map(([name, value]) => [name, value == null ? '' : String(value)]));
  };

  // --- Several places at once ---

  const compositeOf = (paths: readonly string[]): string => {
    const key = compositeKey(paths);
    for (const path of pathsIn(key)) allowed(path);
    return key;
  };

  const readComposite = async (call: Call): Promise<Reply> => {
    const device = of(call);
    const { paths } = await call.body(compositeBodies.read);
    return submit(call, device, { kind: 'read-composite', path: compositeOf(paths) });
  };

  const writeComposite = async (call: Call): Promise<Reply> => {
    const device = of(call);
    const { values } = await call.body(compositeBodies.write);
    const path = compositeOf(Object.keys(values));
    wellFormed(() => compositeLeaves(values, management.models(device.operatorId)));
    return submit(call, device, { kind: 'write-composite', path, body: values });
  };

  const observeComposite = async (call: Call): Promise<Reply> => {
    const device = of(call);
    const { paths } = await call.body(compositeBodies.observe);
    const path = compositeOf(paths);
    keepObserved(device.deviceId, path);
    return submit(call, device, { kind: 'observe-composite', path });
  };

  const unobserveComposite = async (call: Call): Promise<Reply> => {
    const device = of(call);
    const { paths } = await call.body(compositeBodies.unobserve);
    const path = compositeOf(paths);
    readings.unobserve(device.deviceId, path);
    return submit(call, device, { kind: 'unobserve-composite', path });
  };

  const keepObserved = (deviceId: string, path: string): void => {
    const observed = readings.observed(deviceId);
    if (!observed.includes(path) && observed.length >= INVENTORY_LIMITS.observations) {
      throw new ApiError('too-many-devices', `${INVENTORY_LIMITS.observations} observations are the limit`);
    }
    readings.observe(deviceId, path);
  };

  const observe = async (call: Call): Promise<Reply> => {
    keepObserved(of(call).deviceId, pathOf(call));
    return asked('observe', withModel, ApiStatus.Accepted)(call);
  };

  const unobserve = async (call: Call): Promise<Reply> => {
    readings.unobserve(of(call).deviceId, pathOf(call));
    const { status } = await asked('unobserve')(call);
    // Without waiting for a device that cannot be asked now: it is asked for nothing of the kind from now on.
    return status < 300 ? noContent : { status };
  };

  const firmware = async (call: Call): Promise<Reply> => {
    const device = of(call);
    const body = await call.body(firmwareBody);
    try {
      if (!inventory.images.has(device.operatorId, body.file)) throw new ApiError('no-file', 'of a size for an image');
    } catch (error) {
      if (!(error instanceof PathError)) throw error;
      throw new ApiError('malformed', error.message);
    }
    // An image takes longer than a caller waits.
    const request = management.submit(device, { kind: 'firmware', path: '/5/0', body });
    if (request === undefined) throw new ApiError('busy', 'too many requests wait for the device');
    return { status: 202, json: requestView(request) };
  };

  /** The device bootstraps anew, which gives it another key (resource 9 of the Server object). */
  const rotateKey = async (call: Call): Promise<Reply> => {
    const device = of(call);
    const server = Object.keys(device.registration?.objects ?? {}).find((path) => /^\/1\/\d+$/.test(path));
    return submit(call, device, { kind: 'execute', path: `${server ?? '/1/0'}/9` });
  };

  const requestOf = (call: Call): Reply => {
    const found = requests.get(of(call).deviceId, call.param('request_id'));
    if (found === undefined) throw new ApiError('no-request');
    return ok(requestView(found));
  };

  const route = (method: Route['method'], path: string, name: string, handle: Route['handle']): Route => ({
    ...{ method, path: `/devices${path}`, api: `Device:${name}`, for: 'operator', handle },
  });
  const device = '/:device_id';
  const object = `${device}/:object{[0-9]{1,5}}`;
  const instance = `${object}/:instance{[0-9]{1,5}}`;
  const resource = `${instance}/:resource{[0-9]{1,5}}`;
  const item = `${resource}/:resource_instance{[0-9]{1,5}}`;
  const each = (
    paths: readonly string[],
    method: Route['method'],
    last: string,
    name: string,
    handle: Route['handle'],
  ) => paths.map((path) => route(method, `${path}${last}`, name, handle));
  return [
    route('GET', '', 'listDevices', list),
    route('POST', '', 'createDevice', create),
    route('GET', device, 'getDevice', (call) => ok(deviceView(of(call)))),
    route('DELETE', device, 'deleteDevice', remove),
    route('PUT', `${device}/tags`, 'putDeviceTags', async (call) =>
      change(call, { tags: withTags(of(call).tags, await call.body(tagList)) }),
    ),
    route('DELETE', `${device}/tags/:tag_name`, 'deleteDeviceTag', (call) =>
      change(call, { tags: withoutTag(of(call).tags, call.param('tag_name')) }),
    ),
    route('POST', `${device}/set_group`, 'setDeviceGroup', async (call) =>
      change(call, { groupId: ownGroup(call, (await call.body(groupChoice)).groupId) }),
    ),
    route('POST', `${device}/unset_group`, 'unsetDeviceGroup', (call) => change(call, { groupId: undefined })),
    route('GET', `${device}/requests`, 'listDeviceRequests', (call) =>
      ok(requests.list(of(call).deviceId).map(requestView)),
    ),
    route('GET', `${device}/requests/:request_id`, 'getDeviceRequest', requestOf),
    route('GET', `${device}/readings`, 'listDeviceReadings', (call) => {
      const { deviceId } = of(call);
      const observed = readings.observed(deviceId);
      return ok({
        observed,
        readings: readings.list(deviceId).map(({ path, value, timeMs: time }) => ({ path, value, time })),
      });
    }),
    route('POST', `${device}/firmware`, 'updateDeviceFirmware', firmware),
    route('POST', `${device}/rotate_key`, 'rotateDeviceKey', rotateKey),
    ...each([object, instance, resource, item], 'GET', '', 'readDeviceResources', asked('read', withModel)),
    ...each([object, instance, resource], 'GET', '/discover', 'discoverDeviceResources', asked('discover')),
    ...each([instance, resource, item], 'PUT', '', 'writeDeviceResources', write),
    ...each(
      [object, instance, resource, item],
      'PUT',
      '/attributes',
      'writeDeviceAttributes',
      asked('attributes', attributesOf),
    ),
    route('POST', object, 'createDeviceObjectInstance', asked('create', created)),
    route('DELETE', instance, 'deleteDeviceObjectInstance', asked('delete')),
    // Of LwM2M 1.2; an older device refuses.
    route('DELETE', item, 'deleteDeviceResourceInstance', asked('delete')),
    route('POST', `${resource}/execute`, 'executeDeviceResource', asked('execute', argumentsOf, ApiStatus.Accepted)),
    ...each([instance, resource, item], 'POST', '/observe', 'observeDeviceResources', observe),
    ...each([instance, resource, item], 'POST', '/unobserve', 'unobserveDeviceResources', unobserve),
    // The public API has none of these: see INVENTORY_LIMITS.compositePaths.
    route('POST', `${device}/composite/read`, 'readDeviceResources', readComposite),
    route('POST', `${device}/composite/write`, 'writeDeviceResources', writeComposite),
    route('POST', `${device}/composite/observe`, 'observeDeviceResources', observeComposite),
    route('POST', `${device}/composite/unobserve`, 'unobserveDeviceResources', unobserveComposite),
  ];
}

/** Who is at fault, as far as it is known. */
function failure(state: string, { code, reason, isUnreadable }: Outcome = {}): ApiError {
  if (code === '4.04') return new ApiError('device-has-not', code);
  if (code !== undefined) return new ApiError('device-refused', code);
  return new ApiError(isUnreadable === true ? 'device-answer' : 'device-silent', reason ?? state);
}

/** Throws ApiError for what holds keys. */
function allowed([object]: Path): void {
  if (object !== undefined && BOOTSTRAP_OBJECTS.has(object)) throw new ApiError('forbidden', `object ${object}`);
}

/** Throws ApiError for what cannot be written. */
function wellFormed(make: () => unknown): void {
  try {
    make();
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    throw new ApiError('malformed', error.message);
  }
}

/** Without a body there is nothing to read, whatever the Content-Type says. */
const hasBody = ({ request }: Call): boolean => request.body !== null && request.headers.get('content-length') !== '0';

function deviceView(device: DeviceRecord): unknown {
  const { deviceId, registration, facts, createdMs, modifiedMs } = device;
  const { endpoint, groupId, imsi, imei, ipAddress, online, operatorId, tags } = device;
  return {
    // The documentation has the first, the public client libraries the second.
    ...{ device_id: deviceId, deviceId, endpoint, operatorId, tags, online },
    ...{ groupId: groupId ?? null, imsi: imsi ?? null, imei: imei ?? null, ipAddress: ipAddress ?? null },
    ...{ manufacturer: null, modelNumber: null, serialNumber: null, firmwareVersion: null, ...facts },
    objects: objectsView(registration?.objects ?? {}),
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
function objectsView(links: Readonly<Record<string, Readonly<Record<string, string>>>>): object {
  const objects = new Map<number, { id: number; version?: string; instances: Record<string, object> }>();
  for (const [text, { ver }] of Object.entries(links)) {
    const [id = 0, instance] = parsePath(text) ?? [];
    const object = objects.get(id) ?? { id, instances: {} };
    objects.set(id, object);
    if (ver !== undefined) object.version = ver;
    if (instance !== undefined) object.instances[instance] = { id: instance };
  }
  return Object.fromEntries(objects);
}

/** What was asked, without its values: they may be secrets. */
function requestView({
  requestId,
  operation: { kind, path },
  state,
  outcome,
  createdMs,
  expiresMs,
}: DeviceRequest): unknown {
  const { code, result, reason } = outcome ?? {};
  return {
    ...{ requestId, operation: kind, path, state, createdTime: createdMs, expiresTime: expiresMs },
    ...(code !== undefined && { code }),
    ...(result !== undefined && { result }),
    ...(reason !== undefined && { reason }),
  };
}
