// Object models as operators upload and see them: everything below /v1/device_object_models.

import { z } from 'zod';
import { type ApiCaller, type Call, noContent, ok, type Reply } from '../api/call.js';
import { ApiError } from '../api/error.js';
import { pageOf, pageReply, paging } from '../api/page.js';
import { word } from '../api/parameters.js';
import { checked, isOf, readText } from '../api/read.js';
import { type Route, route } from '../api/routes.js';
import { named } from '../api/shapes.js';
import { API_LIMITS, INVENTORY_LIMITS } from '../limits.js';
import { ContentError, DEFAULT_MODELS, modelFromXml, type ObjectModel, RESOURCE_TYPES } from '../../lwm2m/index.js';
import { type NewObjectModel, objectModel, type ObjectModels } from './models.js';

/** Security holds keys: no operator reads or redefines it, nor the other objects that the platform itself relies on. */
const OWN_FROM = 8;

const SCOPES = ['private', 'public'] as const;
type Scope = (typeof SCOPES)[number];

const modelShape = named(
  'DeviceObjectModel',
  z.strictObject({
    ...{ id: z.int(), name: z.string(), version: z.string().optional(), multiple: z.boolean(), mandatory: z.boolean() },
    ...{ modelId: z.string(), objectId: z.string(), objectName: z.string(), scope: z.enum(SCOPES) },
    resources: z.array(
      z.strictObject({
        ...{ id: z.int(), name: z.string(), multiple: z.boolean(), mandatory: z.boolean() },
        /** A resource that is to be executed has none. */
        type: z.enum(RESOURCE_TYPES).optional(),
        operations: z.string(),
      }),
    ),
  }),
);

const XML = ['application/xml', 'text/xml'];
/** Takes a model, as JSON or as XML, and answers with it. */
const taken = { body: objectModel, otherBodies: XML, answers: { 200: modelShape } } as const;
type ModelCall = Call<ApiCaller, unknown, NewObjectModel>;

export function objectModelRoutes(models: ObjectModels): Route[] {
  const idOf = (call: Call): number => Number(call.param('model_id'));

  const get = (call: Call): Reply => {
    const id = idOf(call);
    const own = models.get(call.caller.operatorId, id);
    const known = own ?? DEFAULT_MODELS.find((model) => model.id === id);
    if (known === undefined) throw new ApiError('no-model');
    return ok(modelView(own === undefined ? 'public' : 'private')(known));
  };

  const put = async (call: ModelCall, is: 'new' | 'known'): Promise<Reply> => {
    const { operatorId } = call.caller;
    const model = isOf(XML, call.request) ? checked(objectModel, await xmlOf(call.request)) : call.input;
    if (is === 'known' && model.id !== idOf(call)) throw new ApiError('malformed', 'id is not that of the path');
    if (model.id < OWN_FROM) throw new ApiError('forbidden', `objects 0 to ${OWN_FROM - 1} are the platform's`);
    const before = models.get(operatorId, model.id);
    if (is === 'new' && before !== undefined) throw new ApiError('model-exists');
    if (is === 'known' && before === undefined) throw new ApiError('no-model');
    if (before === undefined && models.list(operatorId).length >= INVENTORY_LIMITS.customObjects) {
      throw new ApiError('too-many-devices', `${INVENTORY_LIMITS.customObjects} object models are the limit`);
    }
    const { version, ...rest } = model;
    const stored: ObjectModel = { ...rest, ...(version !== undefined && { version }) };
    models.put(operatorId, stored);
    return ok(modelView('private')(stored));
  };

  const api = (name: string) => ({ api: `DeviceObjectModel:${name}`, for: 'operator' }) as const;
  const path = '/device_object_models';
  const one = `${path}/:model_id{[0-9]{1,5}}`;
  const update = (method: 'POST' | 'PUT'): Route =>
    route({
      ...{ ...api('updateDeviceObjectModel'), method, path: one, summary: 'changes a model of the operator’s own' },
      ...taken,
      handle: (call) => put(call, 'known'),
    });
  return [
    route({
      ...{ ...api('listDeviceObjectModels'), method: 'GET', path, summary: 'models of objects' },
      // The definition's usual limit is -1: all.
      query: { scope: word(SCOPES), ...paging({ page: API_LIMITS.maxPage, maxPage: API_LIMITS.maxPage }) },
      answers: { 200: z.array(modelShape) },
      handle: (call) => {
        const scope = call.query.scope ?? 'private';
        const listed = scope === 'public' ? DEFAULT_MODELS : models.list(call.caller.operatorId);
        const page = pageOf(call, listed, ({ id }) => keyOf(id));
        return pageReply(call, page, modelView(scope));
      },
    }),
    route({
      ...{ ...api('createDeviceObjectModel'), method: 'POST', path, summary: 'makes a model of the operator’s own' },
      ...taken,
      handle: (call) => put(call, 'new'),
    }),
    route({
      ...{ ...api('getDeviceObjectModel'), method: 'GET', path: one, summary: 'one model' },
      answers: { 200: modelShape },
      handle: get,
    }),
    update('POST'),
    // Beside the public API's POST.
    update('PUT'),
    route({
      ...{ ...api('deleteDeviceObjectModel'), method: 'DELETE', path: one },
      summary: 'deletes a model of the operator’s own',
      answers: { 204: 'nothing' },
      handle: (call) => {
        if (!models.delete(call.caller.operatorId, idOf(call))) throw new ApiError('no-model');
        return noContent;
      },
    }),
  ];
}

/** A model as OMA's registry has it. Throws ApiError. */
async function xmlOf(request: Request): Promise<unknown> {
  const text = await readText(request);
  try {
    return modelFromXml(text);
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    throw new ApiError('malformed', error.message);
  }
}

/** In the order of numbers. */
const keyOf = (id: number): string => String(id).padStart(5, '0');

const modelView =
  (scope: Scope) =>
  (model: ObjectModel): z.input<typeof modelShape> => ({
    ...model,
    ...{ modelId: String(model.id), objectId: String(model.id), objectName: model.name, scope },
    resources: model.resources.map(({ type, ...resource }) => ({ ...resource, ...(type && { type }) })),
  });
