// What operators see of Harvest Data: everything below /v1/data, and the older /v1/subscribers/:imsi/data.

import { type Call, noContent, ok, type Reply } from '../api/call.js';
import { ApiError } from '../api/error.js';
import { pageReply, pageSize } from '../api/page.js';
import type { Route } from '../api/routes.js';
import { type DataEntry, type DataStore, type Resource, RESOURCE_TYPES } from './store.js';

const LAST_MS = Number.MAX_SAFE_INTEGER;

/** An operator sees what its own devices sent, whatever the path names. */
export function dataRoutes(data: DataStore): Route[] {
  const list = (call: Call, resource: Resource): Reply => {
    const { entries, nextKey } = data.list(resource, {
      from: call.number('from', 0, LAST_MS),
      to: call.number('to', 0, LAST_MS),
      sort: call.word('sort', ['asc', 'desc']),
      limit: pageSize(call),
      after: pageKey(call),
      category: call.one('category'),
    });
    return pageReply(call, { items: entries, next: nextKey }, (entry: DataEntry) => entry);
  };
  const route = (method: Route['method'], path: string, name: string, handle: Route['handle']): Route => ({
    ...{ method, path, api: `DataEntry:${name}`, for: 'operator', handle },
  });
  return [
    route('GET', '/data/:resource_type/:resource_id', 'getDataEntries', (call) => list(call, resourceOf(call))),
    route('GET', '/data/:resource_type/:resource_id/:time', 'getDataEntry', (call) => {
      const entry = data.get(resourceOf(call), timeOf(call));
      if (entry === undefined) throw new ApiError('no-data');
      return ok(entry);
    }),
    route('DELETE', '/data/:resource_type/:resource_id/:time', 'deleteDataEntry', (call) => {
      if (!data.delete(resourceOf(call), timeOf(call))) throw new ApiError('no-data');
      return noContent;
    }),
    {
      ...route('GET', '/subscribers/:imsi/data', 'getDataFromSubscriber', (call) => list(call, subscriberOf(call))),
      for: 'sim',
    },
  ];
}

/** The whole of it is checked here: the store would take what it cannot read for the beginning. */
function pageKey(call: Call): string | undefined {
  const key = call.one('last_evaluated_key');
  if (key !== undefined && !/^\d{1,15}(-\d{1,15})?$/.test(key)) {
    throw new ApiError('malformed', 'last_evaluated_key is none of a page');
  }
  return key;
}

function resourceOf(call: Call): Resource {
  const name = call.param('resource_type');
  const resourceType = RESOURCE_TYPES.find((type) => type === name);
  if (resourceType === undefined) {
    throw new ApiError('malformed', `resource_type: one of ${RESOURCE_TYPES.join(', ')} is wanted`);
  }
  return { operatorId: call.caller.operatorId, resourceType, resourceId: call.param('resource_id') };
}

const subscriberOf = (call: Call): Resource => ({
  operatorId: call.caller.operatorId,
  resourceType: 'Subscriber',
  resourceId: call.param('imsi'),
});

function timeOf(call: Call): number {
  const text = call.param('time');
  if (!/^\d{1,15}$/.test(text)) throw new ApiError('malformed', 'time: UNIX milliseconds are wanted');
  return Number(text);
}
