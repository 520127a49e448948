import { describe, expect, test } from 'vitest';
import { Rig } from './rig.js';

describe('beam-telemetry with a modem that behaves', () => {
  test.each(['debug', 'release'] as const)('brings the modem up and sends a reading a minute (%s)', async (kind) => {
    const rig = new Rig({ kind });
    rig.board.powerOn();
    await rig.run(5 * 60 + 30);
    expect(rig.faults()).toEqual([]);
    expect(rig.accepted.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
