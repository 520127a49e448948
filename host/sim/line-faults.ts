import type { Random } from '../random.js';
import type { LineFaults } from './line.js';

/** How often in a character, 0..1 each. */
export interface FaultRates {
  /** One bit flips: parity is wrong, and the receiver may ask for it again. */
  readonly parity?: number;
  /** Two bits flip: parity is right, and nobody notices. */
  readonly corrupt?: number;
  /** The character is lost. */
  readonly lost?: number;
  /** Another one follows that nobody sent. */
  readonly extra?: number;
}

const BITS = 9;

/** Faults for `IsoLine.faults` (of a device in a world: `device.slot.line.faults`) that are the same for the same seed. */
export function seededFaults(random: Random, rates: FaultRates): LineFaults {
  const happens = (rate: number | undefined): boolean => rate !== undefined && rate > 0 && random.next() < rate;
  return {
    flip: () => {
      const first = random.below(BITS);
      if (happens(rates.corrupt)) return (1 << first) | (1 << ((first + 1 + random.below(BITS - 1)) % BITS));
      return happens(rates.parity) ? 1 << first : 0;
    },
    lose: () => happens(rates.lost),
    add: () => (happens(rates.extra) ? random.below(256) : undefined),
  };
}
