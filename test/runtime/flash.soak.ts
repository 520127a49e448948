import { beforeAll } from 'vitest';
import { buildStoreCuts, storeCuts } from './flash.js';
import { withPrograms } from '../peers.js';

const { it } = withPrograms('gcc', 'libc');

const SEED = Number(process.env['AKARI_SOAK_SEED'] ?? 1);
let program: string;
beforeAll(async () => {
  program = await buildStoreCuts();
});

it.each(Array.from({ length: 10 }, (_, i) => SEED * 1000 + i))('flash store, seed %i', async (seed) => {
  await storeCuts(program, seed, 500);
});
