// What operators see and change of their devices: everything below /v1/devices but what devices themselves are asked, which is in
// operations-api.ts.

import { z } from 'zod';
import { type Call, noContent, ok, type OperatorCaller, type Reply } from '../api/call.js';
import { ApiError } from '../api/error.js';
import { pageOf, pageReply, paging } from '../api/page.js';
import { flag } from '../api/parameters.js';
import { type Route, route } from '../api/routes.js';
import { milliseconds } from '../api/shapes.js';
import { tagFilter, tagFiltering, tagList, tagSet, withoutTag, withTags } from '../api/tags.js';
import { optional } from '../config/fields.js';
import type { Directory } from '../directory/index.js';
import { API_LIMITS, INVENTORY_LIMITS } from '../limits.js';
import { isEndpoint } from './bootstrap.js';
import { deviceOf, deviceShape, deviceView, requestShape, requestView } from './device-view.js';
import type { DeviceChange, DeviceRecord } from './devices.js';
import type { Inventory } from './inventory.js';

const creation = z.object({
  /** The device's id unless given. */
  endpoint: optional(
    z.string().refine(isEndpoint, `must be 1 to ${INVENTORY_LIMITS.endpointBytes} bytes without control characters`),
  ),
  groupId: optional(z.string().min(1)),
  tags: optional(tagSet),
});
type Creation = z.output<typeof creation>;

/** The definition's answer is the device. What only this one answer ever holds is its key, base64. */
const createdShape = deviceShape.extend({ device: deviceShape, deviceKeyId: z.string(), secretKey: z.string() });

const readingsShape = z.strictObject({
  observed: z.array(z.string()),
  readings: z.array(z.strictObject({ path: z.string(), value: z.unknown(), time: milliseconds })),
});

/** What routes of devices do. */
class DeviceApi {
  constructor(
    readonly inventory: Inventory,
    readonly directory: Directory,
  ) {}

  of(call: Call): DeviceRecord {
    return deviceOf(this.inventory.devices, call);
  }

  ownGroup(call: Call, groupId: string): string {
    if (this.directory.group(call.caller.operatorId, groupId) === undefined) throw new ApiError('no-group');
    return groupId;
  }

  create(call: Call<OperatorCaller, unknown, Creation>): Reply {
    const { endpoint, groupId, tags = {} } = call.input;
    const { operatorId } = call.caller;
    if (groupId !== undefined) this.ownGroup(call, groupId);
    if (endpoint !== undefined && this.inventory.devices.byEndpoint(operatorId, endpoint) !== undefined) {
      throw new ApiError('device-exists');
    }
    if (this.inventory.devices.count(operatorId) >= INVENTORY_LIMITS.devicesPerOperator)
      throw new ApiError('too-many-devices');
    const device = deviceView(this.inventory.devices.create({ operatorId, endpoint, tags, groupId }));
    const { id, key } = this.inventory.keys.create(device.deviceId);
    const secretKey = Buffer.from(key.reveal()).toString('base64');
    return { status: 201, json: { ...device, device, deviceKeyId: id, secretKey } };
  }

  change(call: Call, what: DeviceChange): DeviceRecord {
    const changed = this.inventory.devices.change(this.of(call).deviceId, what);
    if (changed === undefined) throw new ApiError('no-device');
    return changed;
  }
}

export function deviceRoutes(inventory: Inventory, directory: Directory): Route[] {
  const api = new DeviceApi(inventory, directory);
  return [...wholeDevices(api), ...settings(api), ...history(api)];
}

const PATH = '/devices/:device_id';
const SHOWN = { 200: deviceShape };
const named = (name: string) => ({ api: `Device:${name}`, for: 'operator' }) as const;

function wholeDevices(api: DeviceApi): Route[] {
  return [
    route({
      ...{ ...named('listDevices'), method: 'GET', path: '/devices', summary: 'devices, by id' },
      // The definition's usual limit is -1: all.
      query: { ...tagFiltering, ...paging({ page: API_LIMITS.maxPage, maxPage: API_LIMITS.maxPage }) },
      answers: { 200: z.array(deviceShape) },
      handle: (call) => {
        const tagged = tagFilter(call);
        const found = api.inventory.devices.list(call.caller.operatorId).filter(({ tags }) => tagged(tags));
        const page = pageOf(call, found, ({ deviceId }) => deviceId);
        return pageReply(call, page, (device) => deviceView(device));
      },
    }),
    route({
      ...{ ...named('createDevice'), method: 'POST', path: '/devices' },
      summary: 'makes a device that has no SIM; its key is in this answer and in no other',
      ...{ body: creation, answers: { 201: createdShape } },
      handle: (call) => api.create(call),
    }),
    route({
      ...{ ...named('getDevice'), method: 'GET', path: PATH, summary: 'one device' },
      ...{ query: { model: flag() }, answers: SHOWN },
      handle: (call) => {
        const models = call.query.model === true ? api.inventory.management.models(call.caller.operatorId) : undefined;
        return ok(deviceView(api.of(call), models));
      },
    }),
    route({
      ...{
        ...named('deleteDevice'),
        method: 'DELETE',
        path: PATH,
        summary: 'deletes a device with all that is kept of it',
      },
      answers: { 204: 'nothing' },
      handle: (call) => {
        api.inventory.delete(api.of(call).deviceId);
        return noContent;
      },
    }),
  ];
}

/** Tags and group. */
function settings(api: DeviceApi): Route[] {
  return [
    route({
      ...{
        ...named('putDeviceTags'),
        method: 'PUT',
        path: `${PATH}/tags`,
        summary: 'adds or replaces tags of a device',
      },
      ...{ body: tagList, answers: SHOWN },
      handle: (call) => ok(deviceView(api.change(call, { tags: withTags(api.of(call).tags, call.input) }))),
    }),
    route({
      ...{ ...named('deleteDeviceTag'), method: 'DELETE', path: `${PATH}/tags/:tag_name` },
      summary: 'takes one tag of a device away',
      answers: { 204: 'nothing' },
      handle: (call) => {
        api.change(call, { tags: withoutTag(api.of(call).tags, call.param('tag_name')) });
        return noContent;
      },
    }),
    route({
      ...{
        ...named('setDeviceGroup'),
        method: 'POST',
        path: `${PATH}/set_group`,
        summary: 'puts a device into a group',
      },
      ...{ body: z.object({ groupId: z.string().min(1) }), answers: SHOWN },
      handle: (call) => ok(deviceView(api.change(call, { groupId: api.ownGroup(call, call.input.groupId) }))),
    }),
    route({
      ...{ ...named('unsetDeviceGroup'), method: 'POST', path: `${PATH}/unset_group` },
      ...{ summary: 'takes a device out of its group', answers: SHOWN },
      handle: (call) => ok(deviceView(api.change(call, { groupId: undefined }))),
    }),
  ];
}

/** What the device was asked, and what it said. */
function history(api: DeviceApi): Route[] {
  return [
    route({
      ...{ ...named('listDeviceRequests'), method: 'GET', path: `${PATH}/requests` },
      summary: 'what the device was asked, the newest first',
      answers: { 200: z.array(requestShape) },
      handle: (call) => ok(api.inventory.requests.list(api.of(call).deviceId).map(requestView)),
    }),
    route({
      ...{ ...named('getDeviceRequest'), method: 'GET', path: `${PATH}/requests/:request_id` },
      ...{ summary: 'one thing that the device was asked', answers: { 200: requestShape } },
      handle: (call) => {
        const found = api.inventory.requests.get(api.of(call).deviceId, call.param('request_id'));
        if (found === undefined) throw new ApiError('no-request');
        return ok(requestView(found));
      },
    }),
    route({
      ...{ ...named('listDeviceReadings'), method: 'GET', path: `${PATH}/readings` },
      ...{ summary: 'what the device said last, and what it is observed for', answers: { 200: readingsShape } },
      handle: (call) => {
        const { deviceId } = api.of(call);
        const said = api.inventory.readings
          .list(deviceId)
          .map(({ path, value, timeMs: time }) => ({ path, value, time }));
        return ok({ observed: api.inventory.readings.observed(deviceId), readings: said });
      },
    }),
  ];
}
