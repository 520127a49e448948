// Object models as operators upload and see them: everything below /v1/device_object_models.

import { noContent, ok, type Reply } from '../api/call.js';
import type { LegacyCall as Call, LegacyRoute as Route } from '../api/legacy.js';
import { ApiError } from '../api/error.js';
import { pageOf, pageReply } from '../api/page.js';
import { INVENTORY } from '../choices.js';
import { ContentError, DEFAULT_MODELS, modelFromXml, type ObjectModel } from '../../lwm2m/index.js';
import { objectModel, type ObjectModels } from './models.js';

/** Security holds keys: no operator reads or redefines it, nor the other objects that the platform itself relies on. */
const OWN_FROM = 8;

export function objectModelRoutes(models: ObjectModels): Route[] {
  const idOf = (call: Call): number => Number(call.param('model_id'));

  const list = (call: Call): Reply => {
    const own = models.list(call.caller.operatorId);
    const scope = call.word('scope', ['private', 'public']) ?? 'private';
    const shown = scope === 'public' ? DEFAULT_MODELS : own;
    const page = pageOf(call, shown, ({ id }) => keyOf(id));
    return pageReply(call, page, modelView(scope));
  };

  const get = (call: Call): Reply => {
    const id = idOf(call);
    const own = models.get(call.caller.operatorId, id);
    const known = own ?? DEFAULT_MODELS.find((model) => model.id === id);
    if (known === undefined) throw new ApiError('no-model');
    return ok(modelView(own === undefined ? 'public' : 'private')(known));
  };

  const put = async (call: Call, is: 'new' | 'known'): Promise<Reply> => {
    const { operatorId } = call.caller;
    const model = call.isXml ? call.checked(objectModel, await xmlOf(call)) : await call.body(objectModel);
    if (is === 'known' && model.id !== idOf(call)) throw new ApiError('malformed', 'id is not that of the path');
    if (model.id < OWN_FROM) throw new ApiError('forbidden', `objects 0 to ${OWN_FROM - 1} are the platform's`);
    const before = models.get(operatorId, model.id);
    if (is === 'new' && before !== undefined) throw new ApiError('model-exists');
    if (is === 'known' && before === undefined) throw new ApiError('no-model');
    if (before === undefined && models.list(operatorId).length >= INVENTORY.customObjects) {
      throw new ApiError('too-many-devices', `${INVENTORY.customObjects} object models are the limit`);
    }
    const { version, ...rest } = model;
    const resources = model.resources.map((resource) => ({ ...resource, type: resource.type }));
    models.put(operatorId, { ...rest, resources, ...(version !== undefined && { version }) });
    const stored = models.get(operatorId, model.id);
    return { status: is === 'new' ? 201 : 200, json: stored && modelView('private')(stored) };
  };

  const remove = (call: Call): Reply => {
    if (!models.delete(call.caller.operatorId, idOf(call))) throw new ApiError('no-model');
    return noContent;
  };

  const route = (method: Route['method'], path: string, name: string, handle: Route['handle']): Route => ({
    ...{ method, path: `/device_object_models${path}`, api: `DeviceObjectModel:${name}`, for: 'operator', handle },
  });
  const one = '/:model_id{[0-9]{1,5}}';
  return [
    route('GET', '', 'listDeviceObjectModels', list),
    route('POST', '', 'createDeviceObjectModel', (call) => put(call, 'new')),
    route('GET', one, 'getDeviceObjectModel', get),
    route('PUT', one, 'updateDeviceObjectModel', (call) => put(call, 'known')),
    route('DELETE', one, 'deleteDeviceObjectModel', remove),
  ];
}

/** A model as OMA's registry has it. Throws ApiError. */
async function xmlOf(call: Call): Promise<unknown> {
  const text = await call.text();
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
  (scope: 'private' | 'public') =>
  (model: ObjectModel): unknown => ({
    ...model,
    modelId: String(model.id),
    scope,
    resources: model.resources.map(({ type, ...resource }) => ({ ...resource, ...(type && { type }) })),
  });
