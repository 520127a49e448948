// Hundreds of thousands of hostile datagrams and more. AKARI_SOAK_SEED picks another stretch.
import { it } from 'vitest';
import { loadDevice } from './device.js';
import { hostileCase } from './hostile.js';

const SEED = process.env['AKARI_SOAK_SEED'] ?? '1';
const CASES = 50_000;

it.each([0, 1])('fifty thousand clients of thirty events each, %i', async (part) => {
  const device = await loadDevice('Ccm8Gcm');
  for (let i = 0; i < CASES; i++) hostileCase(device, `soak-${SEED}-${part}-${i}`);
});
