// A million commands and a million characters. AKARI_SOAK_SEED picks another stretch.

import { it } from 'vitest';
import { hostileCommands, noisyLine } from './hostile.js';

const SEED = process.env['AKARI_SOAK_SEED'] ?? '1';

it.each([0, 1, 2, 3])('a quarter of a million APDUs, %i', (part) => hostileCommands(`soak-${SEED}-${part}`, 250_000));

it.each([0, 1, 2, 3])('a quarter of a million noisy characters, %i', (part) =>
  noisyLine(`line-${SEED}-${part}`, 250_000),
);
