import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MINUTE, loadSimProfile, releaseBinary, type TraceEvent, World, type WorldConfig } from '../../host/index.js';
import { loadServeConfig } from '../../host/serve/index.js';
import { toJsonLine } from '../../host/trace/json-lines.js';

const PROFILE = loadSimProfile('examples/profiles/soracom-demo.json');

/** Every example that is a device. */
const APPS = readdirSync('examples', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(`examples/${entry.name}`).includes('assembly'))
  .map(({ name }) => name);

/** Ten minutes of an example in the world of `akari run`. */
async function eventsOf(app: string, mode: Pick<WorldConfig, 'uart' | 'tls'>): Promise<string[]> {
  const { platform, customers, clouds, sims } = await loadServeConfig('examples/world/world.json');
  const [sim] = sims;
  const subscribers = [
    { profile: PROFILE, ...(sim?.group && { group: sim.group }), ...(sim?.tags && { tags: sim.tags }) },
  ];
  const world = await World.create({ ...mode, subscribers, platform, customers, ...(clouds && { clouds }) });
  try {
    const events: string[] = [];
    world.trace.listen((event) => events.push(withoutTimes(event)));
    const sensors = { analog: () => 712, writePin: () => true };
    world.device({ name: 'device', app: releaseBinary(app), sim: PROFILE, sensors }).powerOn();
    await world.run({ for: 10 * MINUTE });
    return events;
  } finally {
    await world.close();
  }
}

/** An event without what depends on the moment: times, durations, and the signatures over them. */
function withoutTimes({ t: _, ...event }: TraceEvent & { readonly t?: number }): string {
  const readable =
    event.type === 'at' && 'data' in event && typeof event.text === 'string'
      ? { ...event, text: Buffer.from(event.text, 'hex').toString('latin1') }
      : event;
  return toJsonLine(readable as TraceEvent)
    .replaceAll(/(?<=\\"Data\\":\\")[\w+/=]+/g, (data) => Buffer.from(data, 'base64').toString())
    .replaceAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'TOKEN')
    .replaceAll(/\b17672\d{5}(\d{3})?\b/g, 'UNIX-TIME')
    .replaceAll(/\b\d+ ms\b/g, 'DURATION')
    .replaceAll(/\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT\b/g, 'DATE')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'SIGNATURE');
}

describe('a faster way of emulation shows the same events in the same order with the same bytes', () => {
  test.each(APPS)('%s', async (app) => {
    const slow = await eventsOf(app, { uart: 'characters', tls: 'real' });
    expect(await eventsOf(app, { uart: 'blocks', tls: 'real' })).toEqual(slow);
    expect(await eventsOf(app, { uart: 'blocks', tls: 'simulated' })).toEqual(slow);
  });
});
