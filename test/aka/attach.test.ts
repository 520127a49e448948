// A device with each kind of SIM gets online: card, modem, both sides of NAS and the home network agree on the keys.
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { parseSimProfile, releaseBinary, World } from '../../host/index.js';

const CARD = {
  imsi: '440103123456789',
  iccid: '8981100000123456784',
  k: '465b5ce8b199b49faa5f0a2ee238a6bc',
  msisdn: '8190',
};
const TOPC = '5a'.repeat(32);

describe('A device attaches with', () => {
  it.each([
    ['TUAK of 128 bits', { algorithm: 'tuak', topc: TOPC }],
    ['TUAK of 256 bits, the longest RES', {
      ...{ algorithm: 'tuak', topc: TOPC, k: '3c'.repeat(32), iterations: 3 },
        resLength: 128,
    }], // prettier-ignore
    ['TUAK with RES of 32 bits', { algorithm: 'tuak', top: TOPC, resLength: 32 }],
    ['XOR', { algorithm: 'xor' }],
    ["the operator's own MILENAGE, IND of 3 bits, a card that has seen more", {
      ...{ opc: '00'.repeat(16), r: [5, 1, 2, 3, 4], c: Array.from({ length: 5 }, (_, i) => `0${i}`.repeat(16)) },
      ...{ indBits: 3, cardSqn: '000000001000' },
    }], // prettier-ignore
  ])('%s', async (_, fields) => {
    const profile = parseSimProfile({ ...CARD, ...fields }, 'test');
    const world = await World.create({
      subscribers: [{ profile, group: 'g' }],
      platform: { groups: { g: { configuration: {} } } },
      customers: [],
    });
    const steps: string[] = [];
    let attached = false;
    world.trace.listen((event) => {
      if (event.type === 'aka') steps.push(`${event.side}: ${event.step}`);
      if (event.type === 'session') attached = true;
    });
    const device = world.device({ name: 'd1', app: releaseBinary('beam-telemetry'), sim: profile });
    device.powerOn();
    await world.run({ until: () => attached, for: 120 * SECOND });
    await world.close();
    expect([attached, steps.filter((step) => /wrong|refused/i.test(step))]).toEqual([true, []]);
  });
});
