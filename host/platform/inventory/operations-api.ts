// What operators have their devices do: the routes below /v1/devices/{id} that ask the device itself. An answer of 202 with a request says
// that the device is away, or takes its time; /requests shows later what came of it.

import { z } from 'zod';
import { record } from '../../record.js';
import { type Call, noContent, type OperatorCaller, type Reply } from '../api/call.js';
import { ApiError } from '../api/error.js';
import { flag, word } from '../api/parameters.js';
import { type AnswerShape, type Route, route } from '../api/routes.js';
import { ApiStatus } from '../choices.js';
import { optional } from '../config/fields.js';
import { PathError } from '../harvest-files/path.js';
import { INVENTORY_LIMITS } from '../limits.js';
import { BOOTSTRAP_OBJECTS, ContentError, parsePath, type Path, pathText } from '../../lwm2m/index.js';
import { compositeBodies, compositeKey, compositeLeaves, compositeShape, pathsIn } from './composite.js';
import { deviceOf, requestShape, requestView } from './device-view.js';
import type { DeviceRecord } from './devices.js';
import { firmwareBody } from './images.js';
import type { Inventory } from './inventory.js';
import { WITH_MODEL } from './operations.js';
import type { Operation, Outcome } from './requests.js';
import { createBody, instanceShape, leavesOf, objectShape, partShape, resourceShape, writeBody } from './view.js';

/** OMA LwM2M Transport 6.4.3: numbers with what they are to be. */
const execution = optional(
  z.object({
    value: optional(
      z
        .string()
        .regex(/^\d(='[!#-&(-[\]-~]*')?(,\d(='[!#-&(-[\]-~]*')?)*$/, "must be arguments of LwM2M, as 0='reset',1"),
    ),
  }),
);
const binary = z.union([z.boolean().transform(Number), z.literal(0), z.literal(1)]);
const attribute = (value: z.ZodType<number>) => optional(z.union([value, z.null()]));
/** OMA LwM2M Core 5.1.2; `edge`, `con` and `hqmax` are of version 1.2. Null takes one away. */
const attributes = z
  .object({
    ...{
      pmin: attribute(z.number()),
      pmax: attribute(z.number()),
      gt: attribute(z.number()),
      lt: attribute(z.number()),
    },
    ...{ st: attribute(z.number()), epmin: attribute(z.number()), epmax: attribute(z.number()) },
    ...{ edge: attribute(binary), con: attribute(binary), hqmax: attribute(z.int().min(1)) },
  })
  .refine((set) => Object.values(set).some((value) => value !== undefined), 'names no attribute of LwM2M');

/** The device's own code, `2.04`, where there is nothing else to say. */
const codeShape = z.strictObject({ code: z.string() });
const observedFlag = { observed: z.boolean() };

/** By the number of ids in a path, from 1. */
const SHAPES = [objectShape, instanceShape, resourceShape, partShape] as const;
const NAMES = ['object', 'instance', 'resource', 'resource_instance'] as const;
const pathAt = (depth: number): string =>
  ['/devices/:device_id', ...NAMES.slice(0, depth).map((name) => `:${name}{[0-9]{1,5}}`)].join('/');

/** The definition calls them by one name at an instance and by another at a resource. */
const nameAt = (depth: number, verb: string) =>
  depth < 3
    ? { api: `Device:${verb}DeviceResources` }
    : { api: `Device:${verb}DeviceResource`, formerApi: `Device:${verb}DeviceResources` };

type OperatorCall<B = unknown> = Call<OperatorCaller, unknown, B>;

/** What routes of operations do. */
class OperationApi {
  constructor(readonly inventory: Inventory) {}

  of(call: Call): DeviceRecord {
    return deviceOf(this.inventory.devices, call);
  }

  pathOf(call: Call): string {
    const parts = NAMES.flatMap((name) => (call.params[name] === undefined ? [] : [call.param(name)]));
    const path = parsePath(`/${parts.join('/')}`);
    if (path === undefined) throw new ApiError('malformed', 'ids are numbers from 0 to 65534');
    allowed(path);
    return pathText(path);
  }

  /** `status`: of what the device has done. */
  async submit(call: Call, device: DeviceRecord, operation: Operation, status = 200): Promise<Reply> {
    const request = this.inventory.management.submit(device, operation);
    if (request === undefined)
      throw new ApiError('busy', `${INVENTORY_LIMITS.waitingRequests} requests wait for the device`);
    const reached = this.inventory.registrar.reachable(device) !== undefined;
    const after = reached ? await call.wait(this.inventory.management.outcome(request)) : request;
    const { state, outcome } = after;
    if (state === 'queued' || state === 'running') return { status: ApiStatus.Accepted, json: requestView(after) };
    if (state === 'done') return { status, json: outcome?.result ?? { code: outcome?.code } };
    throw failure(operation.kind, state, outcome);
  }

  ask(call: Call, kind: Operation['kind'], body?: unknown, status?: number): Promise<Reply> {
    return this.submit(
      call,
      this.of(call),
      { kind, path: this.pathOf(call), ...(body !== undefined && { body }) },
      status,
    );
  }

  /** What is to be written is looked at now, so that who asks hears of it, and again when the device is there. */
  write(
    call: Call<OperatorCaller, { readonly mode?: string | undefined }, z.output<typeof writeBody>>,
  ): Promise<Reply> {
    const { operatorId } = this.of(call);
    wellFormed(() =>
      leavesOf(call.input, parsePath(this.pathOf(call)) ?? [], this.inventory.management.models(operatorId)),
    );
    return this.ask(call, call.query.mode === 'update' ? 'update' : 'write', call.input, ApiStatus.Accepted);
  }

  create(call: OperatorCall<z.output<typeof createBody>>): Promise<Reply> {
    const { operatorId } = this.of(call);
    const { id } = call.input;
    // No id is one that the device chooses.
    const nameAt = ([object, , ...rest]: Path): string => `/${[object, id ?? '*', ...rest].join('/')}`;
    const at = [...(parsePath(this.pathOf(call)) ?? []), id ?? 0];
    wellFormed(() => leavesOf(call.input, at, this.inventory.management.models(operatorId), nameAt));
    return this.ask(call, 'create', call.input);
  }

  keepObserved(deviceId: string, path: string): void {
    const observed = this.inventory.readings.observed(deviceId);
    if (!observed.includes(path) && observed.length >= INVENTORY_LIMITS.observations) {
      throw new ApiError('too-many-devices', `${INVENTORY_LIMITS.observations} observations are the limit`);
    }
    this.inventory.readings.observe(deviceId, path);
  }

  async unobserve(call: Call): Promise<Reply> {
    this.inventory.readings.unobserve(this.of(call).deviceId, this.pathOf(call));
    // Without waiting for a device that cannot be asked now: it is asked for nothing of the kind from now on.
    await this.ask(call, 'unobserve');
    return noContent;
  }

  firmware(call: OperatorCall<z.output<typeof firmwareBody>>): Reply {
    const device = this.of(call);
    try {
      const { file } = call.input;
      if (call.input.method !== 'reset' && !this.inventory.images.has(device.operatorId, file ?? ''))
        throw new ApiError('no-file', 'of a size for an image');
    } catch (error) {
      if (!(error instanceof PathError)) throw error;
      throw new ApiError('malformed', error.message);
    }
    // An image takes longer than a caller waits.
    const request = this.inventory.management.submit(device, { kind: 'firmware', path: '/5/0', body: call.input });
    if (request === undefined) throw new ApiError('busy', 'too many requests wait for the device');
    return { status: ApiStatus.Accepted, json: requestView(request) };
  }

  /** The device bootstraps again, which gives it another key (resource 9 of the Server object). */
  rotateKey(call: Call): Promise<Reply> {
    const device = this.of(call);
    const server = Object.keys(device.registration?.objects ?? {}).find((path) => /^\/1\/\d+$/.test(path));
    return this.submit(call, device, { kind: 'execute', path: `${server ?? '/1/0'}/9` });
  }

  composite(call: OperatorCall<z.output<typeof compositeBodies.read>>, kind: Operation['kind']) {
    const device = this.of(call);
    const path = compositePath(call.input.paths);
    if (kind === 'observe-composite') this.keepObserved(device.deviceId, path);
    if (kind === 'unobserve-composite') this.inventory.readings.unobserve(device.deviceId, path);
    return this.submit(call, device, { kind, path });
  }

  writeComposite(call: OperatorCall<z.output<typeof compositeBodies.write>>): Promise<Reply> {
    const device = this.of(call);
    const { values } = call.input;
    const path = compositePath(Object.keys(values));
    wellFormed(() => compositeLeaves(values, this.inventory.management.models(device.operatorId)));
    return this.submit(call, device, { kind: 'write-composite', path, body: values });
  }
}

export function operationRoutes(inventory: Inventory): Route[] {
  const api = new OperationApi(inventory);
  return [
    ...wholeDeviceRoutes(api),
    ...readRoutes(api),
    ...discoverRoutes(api),
    ...writeRoutes(api),
    ...attributeRoutes(api),
    ...instanceRoutes(api),
    ...observeRoutes(api),
    ...compositeRoutes(api),
  ];
}

const ONE = '/devices/:device_id';

const readRoutes = (api: OperationApi): Route[] =>
  [1, 2, 3, 4].map((depth) =>
    route({
      ...{ method: 'GET', path: pathAt(depth), ...nameAt(depth, 'read'), for: 'operator' },
      summary: `reads ${WORDS[depth]}`,
      query: { model: flag() },
      answers: asked(SHAPES[depth - 1] as z.ZodType),
      handle: (call) => api.ask(call, 'read', call.query.model === true ? WITH_MODEL : undefined),
    }),
  );

const discoverRoutes = (api: OperationApi): Route[] =>
  [1, 2, 3].map((depth) =>
    route({
      ...{ method: 'GET', path: `${pathAt(depth)}/discover`, api: 'Device:discoverDeviceResources', for: 'operator' },
      summary: `which resources are there, with their attributes, below ${WORDS[depth]}`,
      answers: asked(z.array(z.strictObject({ path: z.string(), attributes: record(z.string(), z.string()) }))),
      handle: (call) => api.ask(call, 'discover'),
    }),
  );

const writeRoutes = (api: OperationApi): Route[] =>
  [2, 3, 4].map((depth) =>
    route({
      ...{ method: 'PUT', path: pathAt(depth), ...nameAt(depth, 'write'), for: 'operator' },
      summary: `writes ${WORDS[depth]}`,
      query: { mode: word(['replace', 'update']) },
      body: writeBody,
      answers: { 202: z.union([requestShape, codeShape]) },
      handle: (call) => api.write(call),
    }),
  );

const attributeRoutes = (api: OperationApi): Route[] =>
  [1, 2, 3, 4].map((depth) =>
    route({
      ...{ method: 'PUT', path: `${pathAt(depth)}/attributes`, api: 'Device:writeDeviceAttributes', for: 'operator' },
      summary: `sets when the device is to tell of ${WORDS[depth]}`,
      body: attributes,
      answers: asked(codeShape),
      handle: (call) => {
        const set = Object.entries(call.input).filter(([, value]) => value !== undefined);
        return api.ask(call, 'attributes', Object.fromEntries(set.map(([name, value]) => [name, String(value ?? '')])));
      },
    }),
  );

const observeRoutes = (api: OperationApi): Route[] =>
  [2, 3, 4].flatMap((depth) => [
    route({
      ...{ method: 'POST', path: `${pathAt(depth)}/observe`, ...nameAt(depth, 'observe'), for: 'operator' },
      summary: `has the device tell of changes of ${WORDS[depth]}`,
      query: { model: flag() },
      answers: { 202: z.union([requestShape, (SHAPES[depth - 1] as typeof resourceShape).extend(observedFlag)]) },
      handle: (call) => {
        api.keepObserved(api.of(call).deviceId, api.pathOf(call));
        return api.ask(call, 'observe', call.query.model === true ? WITH_MODEL : undefined, ApiStatus.Accepted);
      },
    }),
    route({
      ...{ method: 'POST', path: `${pathAt(depth)}/unobserve`, ...nameAt(depth, 'unobserve'), for: 'operator' },
      summary: `has the device tell of ${WORDS[depth]} no longer`,
      answers: { 204: 'nothing' },
      handle: (call) => api.unobserve(call),
    }),
  ]);

/** The public API has none of these: see INVENTORY_LIMITS.compositePaths. */
const compositeRoutes = (api: OperationApi): Route[] => [
  ...(['read', 'observe', 'unobserve'] as const).map((verb) =>
    route({
      ...{ method: 'POST', path: `${ONE}/composite/${verb}`, api: `Device:${verb}DeviceResources`, for: 'operator' },
      ...{ summary: `${verb}s several places at once`, body: compositeBodies[verb] },
      answers: asked(verb === 'unobserve' ? codeShape : compositeShape),
      handle: (call) => api.composite(call, `${verb}-composite`),
    }),
  ),
  route({
    ...{ method: 'POST', path: `${ONE}/composite/write`, api: 'Device:writeDeviceResources', for: 'operator' },
    ...{ summary: 'writes several values at once', body: compositeBodies.write, answers: asked(codeShape) },
    handle: (call) => api.writeComposite(call),
  }),
];

/** Firmware and keys. */
const wholeDeviceRoutes = (api: OperationApi): Route[] => [
  route({
    ...{ method: 'POST', path: `${ONE}/firmware`, api: 'Device:updateDeviceFirmware', for: 'operator' },
    summary: 'gives the device an image out of Harvest Files',
    ...{ body: firmwareBody, answers: { 202: requestShape } },
    handle: (call) => api.firmware(call),
  }),
  route({
    ...{ method: 'POST', path: `${ONE}/rotate_key`, api: 'Device:rotateDeviceKey', for: 'operator' },
    ...{ summary: 'has the device bootstrap again, for another key', answers: asked(codeShape) },
    handle: (call) => api.rotateKey(call),
  }),
];

/** Instances are made and deleted, resources executed. */
const instanceRoutes = (api: OperationApi): Route[] => [
  route({
    ...{ method: 'POST', path: pathAt(1), api: 'Device:createDeviceObjectInstance', for: 'operator' },
    ...{ summary: 'makes an instance of an object', body: createBody },
    answers: asked(z.union([z.strictObject({ location: z.string() }), codeShape])),
    handle: (call) => api.create(call),
  }),
  // The second is of LwM2M 1.2; an older device refuses.
  ...([2, 4] as const).map((depth) =>
    route({
      ...{ method: 'DELETE', path: pathAt(depth), for: 'operator' },
      api: `Device:${depth === 2 ? 'deleteDeviceObjectInstance' : 'deleteDeviceResourceInstance'}`,
      ...{ summary: `deletes ${WORDS[depth]}`, answers: asked(codeShape) },
      handle: (call) => api.ask(call, 'delete'),
    }),
  ),
  route({
    ...{ method: 'POST', path: `${pathAt(3)}/execute`, api: 'Device:executeDeviceResource', for: 'operator' },
    ...{ summary: 'executes a resource', body: execution, answers: { 202: z.union([requestShape, codeShape]) } },
    handle: (call) => api.ask(call, 'execute', call.input?.value, ApiStatus.Accepted),
  }),
];

/** By the number of ids in a path. */
const WORDS = ['', 'an object', 'an instance', 'a resource', 'an instance of a resource'] as const;

/** What the device says, or the request when it has not said anything yet. */
const asked = (shape: z.ZodType): Readonly<Record<number, AnswerShape>> => ({ 200: shape, 202: requestShape });

/** Who is at fault, as far as it is known. */
function failure(kind: Operation['kind'], state: string, { code, reason, isUnreadable }: Outcome = {}): ApiError {
  if (code === '4.04') return new ApiError('device-has-not', code);
  // The definition has 500 for what else a device says to a value that it is written.
  if (code !== undefined && code !== '4.05' && (kind === 'write' || kind === 'update')) {
    return new ApiError('device-failed', code);
  }
  if (code !== undefined) return new ApiError('device-refused', code);
  return new ApiError(isUnreadable === true ? 'device-answer' : 'device-silent', reason ?? state);
}

function compositePath(paths: readonly string[]): string {
  const key = compositeKey(paths);
  for (const path of pathsIn(key)) allowed(path);
  return key;
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
