// What a device without a SIM sends: POST /v1/devices/{id}/publish, with the key that its operator was shown when the device was made
// (SORACOM, Inventory: send data to Harvest Data). The key says who it is; there is no token.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import { type Call, type Reply } from '../api/call.js';
import { ApiError } from '../api/error.js';
import { text } from '../api/parameters.js';
import { readBytes } from '../api/read.js';
import { type Route, route } from '../api/routes.js';
import { HARVEST_STATUS } from '../choices.js';
import { sameSecret } from '../digest.js';
import type { Directory, Group } from '../directory/index.js';
import { soracomHarvest } from '../harvest/config.js';
import type { HarvestMessage } from '../harvest/entries.js';
import type { Resource } from '../harvest/store.js';
import { API_LIMITS, PUBLISH_LIMITS } from '../limits.js';
import { RateLimit } from '../rate.js';
import { Refusal } from '../refusal.js';
import type { DeviceRecord, Devices } from './devices.js';
import type { DeviceKeys } from './keys.js';

export interface PublishOptions {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly devices: Devices;
  readonly keys: DeviceKeys;
  /** Keeps a message. Rejects with Refusal. */
  readonly keep: (resource: Resource, message: HarvestMessage) => Promise<void>;
}

/** Published programs send the key in this header instead of the query. */
const SECRET_HEADER = 'x-device-secret';

const aMinute = (of: keyof typeof PUBLISH_LIMITS): number => 60 * PUBLISH_LIMITS[of].caller.perSecond;

type PublishCall = Call<undefined, { readonly device_secret: string | undefined }>;

export function publishRoutes({ clock, directory, devices, keys, keep }: PublishOptions): Route[] {
  const ofAddress = new RateLimit(clock, PUBLISH_LIMITS.address);
  const ofDevice = new RateLimit(clock, PUBLISH_LIMITS.device);

  /** Who has no key of a device is not told whether there is such a device. Throws ApiError. */
  const sender = ({ params, query, request }: PublishCall): DeviceRecord => {
    const sent = keyIn(query.device_secret ?? request.headers.get(SECRET_HEADER) ?? '');
    const device = devices.get(params['device_id'] ?? '');
    const known = device === undefined ? [] : keys.madeByHand(device.deviceId).map(({ key }) => key.reveal());
    // All are compared, and one that nobody has: the time says nothing of which there are.
    const same = [...known, randomBytes(16)].map((key) => sameSecret(key, sent));
    if (device === undefined || !same.includes(true)) throw new ApiError('auth-failed');
    return device;
  };

  const groupOf = ({ operatorId, groupId }: DeviceRecord): Group => {
    const group = groupId === undefined ? undefined : directory.group(operatorId, groupId);
    if (group === undefined || soracomHarvest.of(group)?.enabled !== true) throw new ApiError('harvest-off');
    return group;
  };

  const publish = async (call: PublishCall): Promise<Reply> => {
    if (!ofAddress.take(call.from)) throw new ApiError('busy', `${aMinute('address')} a minute and address`);
    const device = sender(call);
    const { deviceId, operatorId } = device;
    if (!ofDevice.take(deviceId)) throw new ApiError('busy', `${aMinute('device')} a minute and device`);
    const group = groupOf(device);
    const body = await readBytes(call.request, API_LIMITS.bodyBytes);
    const message = {
      ...({ protocol: 'http', caller: { group }, body, unixMs: clock.unixMs() } as const),
      headers: [...call.request.headers].map(([name, value]): [string, string] => [name, value]),
    };
    try {
      await keep({ operatorId, resourceType: 'Device', resourceId: deviceId }, message);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new ApiError(error.status === HARVEST_STATUS.NotStored ? 'storage' : 'malformed', error.message);
    }
    return { status: 201 };
  };

  const declared = {
    ...({ method: 'POST', api: 'Device:publish', for: 'anybody', otherBodies: ['*'] } as const),
    ...({ summary: 'sends data of a device without a SIM', answers: { 201: 'nothing' } } as const),
    ...{ query: { device_secret: text() }, handle: publish },
  };
  const path = '/devices/:device_id/publish';
  return [
    route({ path, ...declared }),
    // Whatever follows is the device's own: nothing depends on it.
    route({ path: `${path}/:path{.+}`, shownPath: '/devices/{device_id}/publish/{path}', ...declared }),
  ];
}

/** Base64 of either alphabet; empty when it is none. A `+` that was not percent-encoded has become a space on its way. */
const keyIn = (secret: string): Buffer =>
  /^[\w +/-]{1,64}={0,2}$/.test(secret) ? Buffer.from(secret.replaceAll(' ', '+'), 'base64') : Buffer.alloc(0);
