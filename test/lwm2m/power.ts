// Power cuts at every store write of a bootstrap and of a key rotation, over seeded runs: whenever power fails, the device comes back with
// an account that works, the old one or the new one.
import { expect } from 'vitest';
import { Random } from '../../host/random.js';
import { rotate, trigger, world } from './rig-world.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

export interface PowerResult {
  readonly cuts: number;
  readonly writes: number;
  /** Identities by which the device has registered. */
  readonly identities: readonly string[];
}

/**
 * One run: bootstrap, then a rotation whose new key is right or wrong, on a network with faults; power is cut before or after writes that
 * chance picks, also at moments between writes. Both servers take the old key throughout: what is tested is what the device keeps.
 */
export async function powerRun(seed: string): Promise<PowerResult> {
  const random = new Random(`${seed} power`);
  const parts = await world({ seed });
  const { rig, dm } = parts;
  const happens = (share: number): boolean => random.next() < share;
  const faults = happens(0.5) ? { loss: 0.1, duplication: 0.1, reordering: 0.1 } : {};
  // A first write is cut in half of the runs; in others some later one, or several.
  const chance = 0.2 + random.next() * 0.5;
  let allowed = 1 + random.below(4);
  const first = random.below(5);
  rig.store.fate = (n) => {
    if (allowed <= 0 || (n !== first && !happens(chance))) return 'done';
    allowed--;
    return happens(0.5) ? 'cut-before' : 'cut-after';
  };
  rig.faults = faults;
  rig.powerOn();
  rig.until(() => rig.app?.registered() === 1, 12 * HOUR);
  expect(dm.identities.at(-1)).toBe('d-1');
  const isRight = happens(0.6);
  rotate(parts, isRight ? undefined : new Uint8Array(16).fill(9));
  trigger(parts);
  // A person pulls the plug.
  if (happens(0.5)) {
    rig.run(random.below(20 * SECOND));
    rig.powerOff();
    rig.run(random.below(60 * SECOND));
    if (!rig.app) rig.powerOn();
  }
  rig.run(2 * HOUR);
  rig.faults = {};
  rig.until(() => rig.app?.registered() === 1, 6 * HOUR);
  // What it has come to is an account that works, and it outlives another restart.
  const before = dm.identities.length;
  rig.store.fate = undefined;
  rig.powerOff();
  rig.powerOn();
  rig.until(() => dm.identities.length > before, 6 * HOUR);
  const { identities } = dm;
  expect(['d-1', 'd-2']).toContain(identities.at(-1));
  if (!isRight) expect(identities.at(-1)).toBe('d-1');
  return { cuts: rig.cuts, writes: rig.store.writes, identities };
}
