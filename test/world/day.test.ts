import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HOUR } from '../../host/index.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { scene, sequence } from './demo-world.js';

/** A day with an hour's outage in it; the whole trace as one hash. */
async function day(seed: string): Promise<{ readings: number[]; trace: string }> {
  const { world, device, customer, events } = await scene({ seed });
  const hash = createHash('sha256');
  const drain = (): void => {
    for (const event of events.splice(0)) hash.update(`${toJsonLine(event)}\n`);
  };
  device.powerOn();
  for (let hour = 0; hour < 24; hour++) {
    world.network.impairments.outage(hour === 10);
    await world.run({ for: HOUR });
    drain();
  }
  await world.close();
  return { readings: sequence(customer), trace: hash.digest('hex') };
}

describe('a day of beam-telemetry', () => {
  it('brings 1,440 readings in order, an hour of outage notwithstanding, and the same trace for the same seed', async () => {
    const first = await day('1');
    expect(first.readings).toEqual(Array.from({ length: 1_440 }, (_, i) => i));
    expect((await day('1')).trace).toBe(first.trace);
  });
});
