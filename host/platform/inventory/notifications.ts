// What a device says by itself, as the platform passes it on (SORACOM, Inventory: data format): one JSON object for each instance and
// moment, `{"deviceId":"d-1","path":"/3/0","lastModifiedTime":1524554897000,"resources":{"9":{"name":"Battery Level","value":95}}}`.

import { byId, type Leaf, type Models, type Path, pathText } from '../../lwm2m/index.js';
import type { DeviceRecord } from './devices.js';
import { valueView } from './view.js';

/** Who gets what devices say by themselves, besides Harvest Data. */
export interface NotificationTarget {
  /** Soon: nothing is waited for. Returns how many messages it sends for that. */
  notify(device: DeviceRecord, notifications: readonly Notification[]): number;
}

export interface Notification {
  /** UNIX milliseconds. */
  readonly timeMs: number;
  readonly json: string;
}

/** In the order in which the values came. `msOf`: a value's time, UNIX milliseconds. */
export function notificationsOf(
  deviceId: string,
  leaves: readonly Leaf[],
  models: Models,
  msOf: (leaf: Leaf) => number,
): readonly Notification[] {
  const groups = new Map<string, { timeMs: number; path: Path; leaves: Leaf[] }>();
  for (const leaf of leaves) {
    const [timeMs, path] = [msOf(leaf), leaf.path.slice(0, 2)];
    const key = `${timeMs} ${pathText(path)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { timeMs, path, leaves: [leaf] });
    else group.leaves.push(leaf);
  }
  return [...groups.values()].map(({ timeMs, path, leaves: own }) => {
    const content = { deviceId, path: pathText(path), lastModifiedTime: timeMs, resources: resourcesOf(own, models) };
    return { timeMs, json: JSON.stringify(content) };
  });
}

/** Without a model there is no name. Of a place that is there twice the last counts. */
function resourcesOf(leaves: readonly Leaf[], models: Models): object {
  const byPath = new Map(leaves.map((leaf) => [pathText(leaf.path), leaf]));
  return Object.fromEntries(
    [...byId([...byPath.values()], 2)].map(([id, own]) => {
      const name = models.resource(own[0]?.path ?? [])?.name;
      return [id, { ...(name !== undefined && { name }), ...valueView(own) }];
    }),
  );
}
