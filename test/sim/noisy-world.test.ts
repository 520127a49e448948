import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../host/clock/clock.js';
import { seededFaults } from '../../host/sim/index.js';
import { scene, sequence } from '../world/demo-world.js';

describe('a device whose SIM contacts are noisy', () => {
  it.each([{ parity: 0.05 }, { parity: 0.02, lost: 0.0005, extra: 0.0005 }])(
    'gets its readings across: %o',
    async (rates) => {
      const { world, device, customer, of } = await scene();
      device.slot.line.faults = seededFaults(world.random.fork('contacts'), rates);
      device.powerOn();
      await world.run({ for: 30 * MINUTE });
      const got = sequence(customer);
      expect(got).toEqual(got.map((_, i) => i));
      expect(got.length).toBeGreaterThanOrEqual(25);
      expect(of('line').some(({ note }) => note?.includes('parity error'))).toBe(true);
      await world.close();
    },
  );
});
