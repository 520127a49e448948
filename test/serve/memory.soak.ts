// A million requests through Beam, signed and forwarded: what the process holds after the first tenth is what it holds at
// the end.
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { load, start, stop } from '../../bench/platform/processes.mjs';

const BLOCK = '201';
const PART = 100_000;
const PARTS = 10;
/** Bytes that memory may grow by after the first part: the collector's slack, not a byte for each request. */
const SLACK = 48 * 2 ** 20;

it('memory stays flat over a million requests', { timeout: 3_600_000 }, async () => {
  const origin = await start('origin.mjs');
  const served = await start('served.mjs', origin.url, BLOCK);
  const rss: number[] = [];
  try {
    for (let part = 0; part < PARTS; part++) {
      await load(served.beam, PART, served.from);
      const told = once(served.child, 'message');
      served.child.send('memory');
      rss.push(((await told) as [{ rss: number }])[0].rss);
      console.log(`${(part + 1) * PART} requests: ${Math.round((rss[part] ?? 0) / 2 ** 20)} MiB`);
    }
  } finally {
    await stop(served);
    await stop(origin);
  }
  expect(Math.max(...rss) - (rss[0] ?? 0)).toBeLessThan(SLACK);
});
