// No allocation after setup(): the heap pointer of every device binary, and of the card in it, while it does what it is for, and
// while the network does not let it.

import { expect, it } from 'vitest';
import { configurationOf } from '../../host/build/configuration.js';
import { DEMO_PROFILE, makeDemo } from '../../host/cli/demo.js';
import { HOUR, MINUTE } from '../../host/clock/clock.js';
import { loadSimProfile, makeCard } from '../../host/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { exposeHeap, heapOf } from '../board/heap.js';
import { debugBinary } from './demo-world.js';

const PROFILE = loadSimProfile(DEMO_PROFILE);
const debug = (name: string): Uint8Array => exposeHeap(debugBinary(name));
/** No devices of their own: the card, which is in each of them, the probe of the boards, and what is called from JavaScript. */
const OTHERS = /^(sim|probe|kit)/;
const { targets } = configurationOf('.');
const apps = Object.keys(targets)
  .filter((name) => name.endsWith('-debug') && !OTHERS.test(name))
  .map((name) => name.slice(0, -'-debug'.length));

it.each(apps)('%s and its card allocate nothing in hours at work, the app through an outage neither', async (name) => {
  const { world, device } = await makeDemo({
    ...{ app: debug(name), appName: name, profile: DEMO_PROFILE, clock: 'virtual', seed: 'heap' },
  });
  const events: TraceEvent[] = [];
  world.trace.listen((event) => events.push(event));
  const { board, slot } = device;
  slot.insert({ ...makeCard(PROFILE), module: debug('sim') });
  device.powerOn();
  await world.run({ for: 2 * MINUTE });
  const [app, card] = [board.exports, slot.card?.exports];
  const heaps = [app, card].map(heapOf);
  events.length = 0;

  await world.run({ for: 2 * HOUR });
  expect(events.filter(({ type }) => type === 'at').length).toBeGreaterThan(50);
  expect([board.exports === app, slot.card?.exports === card]).toEqual([true, true]); // the same instances all the time
  expect([app, card].map(heapOf)).toEqual(heaps);

  // The driver restarts the modem, and that the card; the app goes on.
  world.network.impairments.outage(true);
  await world.run({ for: 20 * MINUTE });
  world.network.impairments.outage(false);
  await world.run({ for: HOUR });
  expect(board.exports === app).toBe(true);
  expect(heapOf(app)).toEqual(heaps[0]);
  await world.close();
});

it('that is each example that is a device', () => {
  expect(apps).toEqual(expect.arrayContaining(['beam-telemetry', 'harvest-files', 'beam-udp']));
  expect(apps.length).toBeGreaterThanOrEqual(8);
});
