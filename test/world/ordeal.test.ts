import { it } from 'vitest';
import { check } from './ordeal.js';

it.each(Array.from({ length: 10 }, (_, i) => `ordeal ${i}`))(
  '%s: outages, resets, power cuts, garbage, faults of the customer, and every reading arrives once, in order',
  (seed) => check(seed, 15),
);
