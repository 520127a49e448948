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

export function deviceRoutes(inventory: Inventory, directory: Directory): Route[] {
  const { devices, keys, management, requests, readings } = inventory;

  const of = (call: Call): DeviceRecord => deviceOf(devices, call);

  const ownGroup = (call: Call, groupId: string): string => {
    if (directory.group(call.caller.operatorId, groupId) === undefined) throw new ApiError('no-group');
    return groupId;
  };

  const create = (call: Call<OperatorCaller, unknown, Creation>): Reply => {
    const { endpoint, groupId, tags = {} } = call.input;
    const { operatorId } = call.caller;
    if (groupId !== undefined) ownGroup(call, groupId);
    if (endpoint !== undefined && devices.byEndpoint(operatorId, endpoint) !== undefined) {
      throw new ApiError('device-exists');
    }
    if (devices.count(operatorId) >= INVENTORY_LIMITS.devicesPerOperator) throw new ApiError('too-many-devices');
    const device = deviceView(devices.create({ operatorId, endpoint, tags, groupId }));
    const { id, key } = keys.create(device.deviceId);
    const secretKey = Buffer.from(key.reveal()).toString('base64');
    return { status: 201, json: { ...device, device, deviceKeyId: id, secretKey } };
  };

  const change = (call: Call, what: DeviceChange): DeviceRecord => {
    const changed = devices.change(of(call).deviceId, what);
    if (changed === undefined) throw new ApiError('no-device');
    return changed;
  };

  const path = '/devices/:device_id';
  const api = (name: string) => ({ api: `Device:${name}`, for: 'operator' }) as const;
  const shown = { 200: deviceShape };
  return [
    route({
      ...{ ...api('listDevices'), method: 'GET', path: '/devices', summary: 'devices, by id' },
      // The definition's usual limit is -1: all.
      query: { ...tagFiltering, ...paging({ page: API_LIMITS.maxPage, maxPage: API_LIMITS.maxPage }) },
      answers: { 200: z.array(deviceShape) },
      handle: (call) => {
        const tagged = tagFilter(call);
        const found = devices.list(call.caller.operatorId).filter(({ tags }) => tagged(tags));
        const page = pageOf(call, found, ({ deviceId }) => deviceId);
        return pageReply(call, page, (device) => deviceView(device));
      },
    }),
    route({
      ...{ ...api('createDevice'), method: 'POST', path: '/devices' },
      summary: 'makes a device that has no SIM; its key is in this answer and in no other',
      ...{ body: creation, answers: { 201: createdShape }, handle: create },
    }),
    route({
      ...{ ...api('getDevice'), method: 'GET', path, summary: 'one device' },
      ...{ query: { model: flag() }, answers: shown },
      handle: (call) => {
        const models = call.query.model === true ? management.models(call.caller.operatorId) : undefined;
        return ok(deviceView(of(call), models));
      },
    }),
    route({
      ...{ ...api('deleteDevice'), method: 'DELETE', path, summary: 'deletes a device with all that is kept of it' },
      answers: { 204: 'nothing' },
      handle: (call) => {
        inventory.delete(of(call).deviceId);
        return noContent;
      },
    }),
    route({
      ...{ ...api('putDeviceTags'), method: 'PUT', path: `${path}/tags`, summary: 'adds or replaces tags of a device' },
      ...{ body: tagList, answers: shown },
      handle: (call) => ok(deviceView(change(call, { tags: withTags(of(call).tags, call.input) }))),
    }),
    route({
      ...{ ...api('deleteDeviceTag'), method: 'DELETE', path: `${path}/tags/:tag_name` },
      summary: 'takes one tag of a device away',
      answers: { 204: 'nothing' },
      handle: (call) => {
        change(call, { tags: withoutTag(of(call).tags, call.param('tag_name')) });
        return noContent;
      },
    }),
    route({
      ...{ ...api('setDeviceGroup'), method: 'POST', path: `${path}/set_group`, summary: 'puts a device into a group' },
      ...{ body: z.object({ groupId: z.string().min(1) }), answers: shown },
      handle: (call) => ok(deviceView(change(call, { groupId: ownGroup(call, call.input.groupId) }))),
    }),
    route({
      ...{ ...api('unsetDeviceGroup'), method: 'POST', path: `${path}/unset_group` },
      ...{ summary: 'takes a device out of its group', answers: shown },
      handle: (call) => ok(deviceView(change(call, { groupId: undefined }))),
    }),
    route({
      ...{ ...api('listDeviceRequests'), method: 'GET', path: `${path}/requests` },
      summary: 'what the device was asked, the newest first',
      answers: { 200: z.array(requestShape) },
      handle: (call) => ok(requests.list(of(call).deviceId).map(requestView)),
    }),
    route({
      ...{ ...api('getDeviceRequest'), method: 'GET', path: `${path}/requests/:request_id` },
      ...{ summary: 'one thing that the device was asked', answers: { 200: requestShape } },
      handle: (call) => {
        const found = requests.get(of(call).deviceId, call.param('request_id'));
        if (found === undefined) throw new ApiError('no-request');
        return ok(requestView(found));
      },
    }),
    route({
      ...{ ...api('listDeviceReadings'), method: 'GET', path: `${path}/readings` },
      ...{ summary: 'what the device said last, and what it is observed for', answers: { 200: readingsShape } },
      handle: (call) => {
        const { deviceId } = of(call);
        const said = readings.list(deviceId).map(({ path, value, timeMs: time }) => ({ path, value, time }));
        return ok({ observed: readings.observed(deviceId), readings: said });
      },
    }),
  ];
}
