// What operators see of Harvest Data: everything below /v1/data, and the same under /v1/subscribers/:imsi/data and
// /v1/devices/:device_id/data.

import { z } from 'zod';
import { type ApiCaller, type Call, noContent, ok, type Reply } from '../api/call.js';
import { ApiError } from '../api/error.js';
import { pageReply, paging } from '../api/page.js';
import { text, wholeNumber, word } from '../api/parameters.js';
import { type Route, route } from '../api/routes.js';
import { milliseconds, named } from '../api/shapes.js';
import { API_LIMITS } from '../limits.js';
import { type DataEntry, type DataStore, type Resource, RESOURCE_TYPES } from './store.js';

const LAST_MS = Number.MAX_SAFE_INTEGER;

/** Parameters of a list of entries. */
const listing = {
  from: wholeNumber(0, LAST_MS),
  to: wholeNumber(0, LAST_MS),
  sort: word(['desc', 'asc']),
  category: text(),
  ...paging({ page: API_LIMITS.dataPage, maxPage: API_LIMITS.maxPage }),
};
type ListCall = Call<ApiCaller, { readonly [N in keyof typeof listing]: z.output<(typeof listing)[N]> }>;

const entryShape = named(
  'DataEntry',
  z.strictObject({
    content: z.string(),
    contentType: z.string(),
    time: milliseconds,
    category: z.string().optional(),
    resourceType: z.enum(RESOURCE_TYPES),
    resourceId: z.string(),
  }),
);

/** An operator sees what its own devices sent, whatever the path names. */
export function dataRoutes(data: DataStore): Route[] {
  const list = (call: ListCall, resource: Resource): Reply => {
    const { from, to, sort, category, limit } = call.query;
    const found = data.list(resource, {
      ...{ from, to, sort, limit, after: pageKey(call.query.last_evaluated_key) },
      category: category === '' ? undefined : category,
    });
    return pageReply(call, { items: found.entries, next: found.nextKey }, (entry: DataEntry) => entry);
  };
  const path = '/data/:resource_type/:resource_id';
  const listed = { query: listing, answers: { 200: z.array(entryShape) } };
  return [
    route({
      ...{ method: 'GET', path, api: 'DataEntry:getDataEntries', for: 'operator' },
      ...{ summary: 'what a SIM or a device has sent to Harvest Data', ...listed },
      handle: (call) => list(call, resourceOf(call)),
    }),
    route({
      ...{ method: 'GET', path: `${path}/:time`, api: 'DataEntry:getDataEntry', for: 'operator' },
      summary: 'one entry of Harvest Data',
      answers: { 200: entryShape },
      handle: (call) => {
        const entry = data.get(resourceOf(call), timeOf(call));
        if (entry === undefined) throw new ApiError('no-data');
        return ok(entry);
      },
    }),
    route({
      ...{ method: 'DELETE', path: `${path}/:time`, api: 'DataEntry:deleteDataEntry', for: 'operator' },
      summary: 'deletes one entry of Harvest Data',
      answers: { 204: 'nothing' },
      handle: async (call) => {
        if (!(await data.delete(resourceOf(call), timeOf(call)))) throw new ApiError('no-data');
        return noContent;
      },
    }),
    route({
      ...{ method: 'GET', path: '/subscribers/:imsi/data', api: 'DataEntry:getDataFromSubscriber', for: 'sim' },
      ...{ summary: 'what a SIM has sent to Harvest Data', ...listed },
      handle: (call) => list(call, subscriberOf(call)),
    }),
    route({
      ...{ method: 'GET', path: '/devices/:device_id/data', api: 'Device:getDataFromDevice', for: 'operator' },
      ...{ summary: 'what a device of Inventory has sent to Harvest Data', ...listed },
      handle: (call) => list(call, deviceOf(call)),
    }),
  ];
}

/** The whole of it is checked here: the store would take what it cannot read for the beginning. */
function pageKey(key = ''): string | undefined {
  if (key === '') return undefined;
  if (!/^\d{1,15}(-\d{1,15})?$/.test(key)) {
    throw new ApiError('malformed', 'last_evaluated_key is none of a page');
  }
  return key;
}

function resourceOf(call: Call): Resource {
  const name = call.param('resource_type');
  const resourceType = RESOURCE_TYPES.find((type) => type === name);
  if (resourceType === undefined) {
    throw new ApiError('malformed', `resource_type: must be one of ${RESOURCE_TYPES.join(', ')}`);
  }
  return { operatorId: call.caller.operatorId, resourceType, resourceId: call.param('resource_id') };
}

const deviceOf = (call: Call): Resource => ({
  operatorId: call.caller.operatorId,
  resourceType: 'Device',
  resourceId: call.param('device_id'),
});

const subscriberOf = (call: Call): Resource => ({
  operatorId: call.caller.operatorId,
  resourceType: 'Subscriber',
  resourceId: call.param('imsi'),
});

function timeOf(call: Call): number {
  const text = call.param('time');
  if (!/^\d{1,15}$/.test(text)) throw new ApiError('malformed', 'time: must be UNIX milliseconds');
  return Number(text);
}
