import mqtt from 'mqtt';
import { toJsonLine } from './json-lines.js';
import type { TraceSink } from './trace.js';

export interface MqttSink {
  readonly sink: TraceSink;
  /** Resolves when the broker has acknowledged every event. */
  close(): Promise<void>;
}

/**
 * Publishes each event as JSON to a broker, so that dashboards can watch a world: topic `{base}/{device or "world"}/{type}`,
 * QoS 1, where the base is the URL's path (`mqtt://host:1883/lab/world1`), `akari` without one. Secrets are masked, always.
 * Rejects when the broker cannot be reached.
 */
export async function openMqttSink(url: URL): Promise<MqttSink> {
  const base = url.pathname.replace(/^\/+|\/+$/g, '') || 'akari';
  const broker = new URL(url);
  broker.pathname = '';
  const client = await mqtt.connectAsync(broker.href, { reconnectPeriod: 0, connectTimeout: 10_000 }, false);
  const unacknowledged = new Set<Promise<unknown>>();
  let failure: unknown;
  client.on('error', (error) => (failure ??= error));

  return {
    sink: (event) => {
      const sent = client
        .publishAsync(`${base}/${event.device ?? 'world'}/${event.type}`, toJsonLine(event), { qos: 1 })
        .catch((error: unknown) => (failure ??= error))
        .finally(() => unacknowledged.delete(sent));
      unacknowledged.add(sent);
    },
    close: async () => {
      await Promise.all(unacknowledged);
      await client.endAsync();
      if (failure !== undefined) throw failure instanceof Error ? failure : new Error(String(failure));
    },
  };
}
