// What one message of a device becomes in the store: one entry, or one for each element of a batch.

import { HARVEST_STATUS } from '../choices.js';
import type { HarvestLimits } from '../limits.js';
import { interpret, type Payload } from '../message/payload.js';
import type { DeviceMessage, PayloadMessage } from '../message/message.js';
import { Refusal } from '../refusal.js';
import type { SoracomHarvest } from './config.js';
import { elements, jsonPointer, valueAt } from './json.js';
import type { NewEntry } from './store.js';
import { unixMsOf } from './time.js';

export type HarvestMessage = PayloadMessage & Pick<DeviceMessage, 'unixMs'>;

/** Throws Refusal; then nothing of the message is to be stored. */
export function entriesOf(message: HarvestMessage, config: SoracomHarvest, limits: HarvestLimits): readonly NewEntry[] {
  const stated = timestampHeader(message);
  const payload = interpret(message, config.contentType ?? detected(message));
  const { category } = config;
  if (config.batchWrite !== undefined && payload.kind === 'json') {
    return batch(payload.json, config, limits).map((entry) => ({ ...entry, category }));
  }
  wantSize(message.body.length, limits.entryBytes);
  const { contentType, content } = stored(payload);
  const timeMs = (payload.kind === 'json' ? timeIn(payload.json, config) : undefined) ?? stated ?? message.unixMs;
  return [{ timeMs, contentType, content, category }];
}

/** Over TCP and UDP nothing says what the bytes are; see choices.ts. */
function detected({ protocol, body }: PayloadMessage): 'json' | undefined {
  if (protocol === 'http' || !/^\s*[[{]/.test(body.toString('latin1', 0, 64))) return undefined;
  try {
    JSON.parse(body.toString());
    return 'json';
  } catch {
    return undefined;
  }
}

function stored({ kind, json, bytes, contentType }: Payload): { contentType: string; content: string } {
  if (kind === 'text') return { contentType, content: bytes.toString() };
  return { contentType: 'application/json', content: json };
}

/** X-Soracom-Timestamp, UNIX milliseconds. */
function timestampHeader({ headers }: PayloadMessage): number | undefined {
  const value = headers.find(([name]) => name.toLowerCase() === 'x-soracom-timestamp')?.[1];
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? unixMsOf(value, 'unix-milliseconds') : undefined;
  if (ms === undefined) throw new Refusal(HARVEST_STATUS.BadTimestamp, 'X-Soracom-Timestamp is no UNIX time in ms');
  return ms;
}

function timeIn(json: string, { customTimestamp }: SoracomHarvest): number | undefined {
  if (customTimestamp === undefined) return undefined;
  const value = valueAt(json, jsonPointer(customTimestamp.value) ?? []);
  return value === undefined ? undefined : unixMsOf(JSON.parse(value), customTimestamp.format);
}

function batch(json: string, config: SoracomHarvest, limits: HarvestLimits): readonly NewEntry[] {
  const pointer = config.batchWrite?.value ?? '';
  const array = elements(valueAt(json, jsonPointer(pointer) ?? []) ?? '');
  const place = pointer === '' ? 'the payload' : `"${pointer}" of the payload`;
  if (array === undefined) throw new Refusal(HARVEST_STATUS.BadBatch, `${place} is not an array`);
  if (array.length === 0) throw new Refusal(HARVEST_STATUS.BadBatch, `${place} is empty`);
  if (array.length > limits.batchEntries) {
    const counts = `${array.length} entries, ${limits.batchEntries} are the limit`;
    throw new Refusal(HARVEST_STATUS.BadBatch, `${place} has ${counts}`);
  }
  return array.map((content, index) => {
    wantSize(Buffer.byteLength(content), limits.entryBytes, `entry ${index}: `);
    const timeMs = timeIn(content, config);
    if (timeMs === undefined) throw new Refusal(HARVEST_STATUS.BadTimestamp, `entry ${index} has no time`);
    return { timeMs, contentType: 'application/json', content };
  });
}

function wantSize(bytes: number, limit: number, place = ''): void {
  if (bytes > limit) throw new Refusal(HARVEST_STATUS.TooLarge, `${place}${bytes} bytes, ${limit} are the limit`);
}
