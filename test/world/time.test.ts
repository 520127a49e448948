import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../host/index.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { scene } from './demo-world.js';

/** Ten minutes with an outage and a modem reset in them, as lines. */
async function story(options: { seed?: string; alwaysSettle?: boolean }): Promise<string[]> {
  const { world, device, events } = await scene(options);
  device.powerOn();
  await world.run({ for: 3 * MINUTE });
  world.network.impairments.outage(true);
  await world.run({ for: 2 * MINUTE });
  world.network.impairments.outage(false);
  await world.run({ for: 2 * MINUTE });
  device.modem.reset();
  await world.run({ for: 3 * MINUTE });
  await world.close();
  return events.map((event) => toJsonLine(event));
}

describe('virtual time', () => {
  it('gives the same trace, to the byte, for the same seed, and another for another', async () => {
    const first = await story({ seed: 'a' });
    expect(await story({ seed: 'a' })).toEqual(first);
    expect(await story({ seed: 'b' })).not.toEqual(first);
  });

  it('never moves on while a promise or a stream of the world is still at work', async () => {
    expect(await story({ alwaysSettle: true })).toEqual(await story({}));
  });
});
