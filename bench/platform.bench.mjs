// Requests through Beam, which identifies, signs and forwards, beside a reverse proxy that only forwards: each a process of
// its own in front of the same origin. The rate is requests per second of that process's processor time; the times are
// what the load generator saw, with everything on one computer. Then Harvest Data over HTTP, each entry on the disk. At the end
// attacks, and what others notice of them.
import { attackFigures } from './platform/attacks.mjs';
import { load, processorSeconds, start, stop } from './platform/processes.mjs';

export const title = 'platform: HTTP from 16 connections';

/** The system tells a process's time in steps of 10 ms. */
export const turns = { rounds: 5, seconds: 1 };

const BLOCK = 200;
/** Seconds, the least that can be told. */
const STEP = 0.01;
const PERCENTILE_REQUESTS = 3000;

const KEEPING = 'httpxy, kept connections';
const CLOSING = 'httpxy, a connection each';

let rig;

async function rigOf() {
  if (rig) return rig;
  const origin = await start('origin.mjs');
  const proxy = await start('proxy.mjs', origin.url, 'close');
  const keeping = await start('proxy.mjs', origin.url, 'keep');
  const served = await start('served.mjs', origin.url, String(BLOCK));
  rig = { origin, proxy, keeping, served };
  return rig;
}

const timed = (part, url, from) => async (n) => {
  const before = processorSeconds(part);
  await load(url, n, from);
  return Math.max(processorSeconds(part) - before, STEP);
};

export async function contenders() {
  const { proxy, keeping, served } = await rigOf();
  return [
    { name: KEEPING, unit: 'requests/s', run: timed(keeping, keeping.url) },
    { name: CLOSING, unit: 'requests/s', run: timed(proxy, proxy.url) },
    {
      name: 'Beam, signs and forwards',
      unit: 'requests/s',
      run: timed(served, served.beam, served.from),
      peers: [CLOSING, KEEPING],
    },
    { name: 'Harvest Data, stored', unit: 'requests/s', run: timed(served, served.harvest, served.from) },
  ];
}

export async function sizes(text) {
  const { origin, proxy, keeping, served } = await rigOf();
  try {
    const bare = await load(proxy.url, PERCENTILE_REQUESTS);
    const beam = await load(served.beam, PERCENTILE_REQUESTS, served.from);
    const harvest = await load(served.harvest, PERCENTILE_REQUESTS, served.from);
    const figures = [
      { name: 'httpxy, p50', value: bare.p50, unit: 'ms' },
      { name: 'httpxy, p99', value: bare.p99, unit: 'ms' },
      { name: 'Beam, p50', value: beam.p50, unit: 'ms' },
      { name: 'Beam, p99', value: beam.p99, unit: 'ms' },
      { name: 'Harvest Data, p50', value: harvest.p50, unit: 'ms' },
      { name: 'Harvest Data, p99', value: harvest.p99, unit: 'ms' },
    ];
    return [...figures, ...(await attackFigures(text))];
  } finally {
    for (const part of [served, proxy, keeping, origin]) await stop(part);
    rig = undefined;
  }
}
