import { expect } from 'vitest';
import { CardError } from '../../host/sim/index.js';
import type { Bench } from './card.js';

const ICCID = '981801000021436587f4';

/** Powers on and reads EF_ICCID, again and again; how often that went well. What fails is a CardError. */
export async function struggle(bench: Bench, seed: string, rounds: number): Promise<{ good: number; failed: number }> {
  const counts = { good: 0, failed: 0 };
  for (let round = 0; round < rounds; round++) {
    try {
      await bench.powerOn();
      await bench.ask('00a4000c022fe2');
      if ((await bench.ask('00b000000a')).data === ICCID) counts.good++;
    } catch (error) {
      expect(error, seed).toBeInstanceOf(CardError);
      counts.failed++;
    }
  }
  return counts;
}
