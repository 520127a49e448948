import { expect } from 'vitest';
import { buildStoreCuts, storeCuts } from './flash.js';
import { withPrograms } from '../peers.js';

const { it } = withPrograms('gcc', 'libc');

it('a value in flash is the old one or the new one after any power cut, and a full store says so', async () => {
  expect(await storeCuts(await buildStoreCuts(), 1, 120)).toMatch(/^120 cuts, [1-9]\d* moves, [1-9]\d* refused\n$/);
});
