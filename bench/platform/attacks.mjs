// What others notice of attacks: the times of one SIM's and one operator's requests while another SIM or user attacks, beside
// those while all is quiet.
import { Agent, request } from 'node:http';
import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { start, stop } from './processes.mjs';
import { decisionTimes } from './roles.mjs';

const BLOCK = 201;
/** Milliseconds from one request to the next, of the SIM and of the operator; how long all are sent. */
const PERIOD = 20;
const QUIET = 3000;
const UNDER_ATTACK = 5000;
/** After an attack has begun or ended. */
const SETTLING = 700;
/** The demand: at most twice the quiet time and so many milliseconds. */
const MORE = 5;
const DECISION_MS = 10;

export const ATTACKS = [
  ...['costly access decisions', 'device records and bootstraps', 'large bodies held open', 'sign-in with wrong keys'],
  ...['slow heads', 'idle connections', 'datagrams'],
];

/** Milliseconds from when it was due. */
function timed(due, options, body = '') {
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      response.on('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - due);
        else reject(new Error(`${options.path}: ${response.statusCode}`));
      });
      response.on('error', reject).resume();
    });
    sent.on('error', reject).end(body);
  });
}

/** One request each `PERIOD`, however long those before it take. */
async function times(make, ms) {
  const all = [];
  const began = performance.now();
  for (let n = 0; n * PERIOD < ms; n++) {
    const due = began + n * PERIOD;
    await sleep(Math.max(0, due - performance.now()));
    all.push(make(performance.now()));
  }
  return Promise.all(all);
}

const p99 = (all) => all.toSorted((a, b) => a - b)[Math.ceil(0.99 * all.length) - 1];

async function callers(at) {
  const agent = new Agent({ keepAlive: true });
  const beam = { ...at.beam, agent, localAddress: at.victim, method: 'POST', path: '/' };
  const headers = { 'content-type': 'application/json' };
  const signedIn = await fetch(`http://${at.api.host}:${at.api.port}/v1/auth`, {
    ...{ method: 'POST', headers, body: JSON.stringify(at.key) },
  });
  const { apiKey, token } = await signedIn.json();
  const tokens = { 'x-soracom-api-key': apiKey, 'x-soracom-token': token };
  return {
    SIM: (due) => timed(due, { ...beam, headers }, '{"temperature":21.5}'),
    operator: (due) => timed(due, { ...at.api, agent, path: '/v1/groups', headers: tokens }),
  };
}

const measure = async (all, ms) =>
  Object.fromEntries(await Promise.all(Object.entries(all).map(async ([who, make]) => [who, await times(make, ms)])));

/** Figures with the demand as their budget. `text` is told as it goes on. */
export async function attackFigures(text) {
  text(`  attacks, each some ${(2 * QUIET + UNDER_ATTACK) / 1000} s; load of the machine ${loadavg()[0].toFixed(1)}`);
  const figures = decisionTimes().flatMap(({ kind, cold, warm }) =>
    Object.entries({ cold, warm }).map(([how, ms]) => ({
      ...{
        name: `a decision, largest role or user, ${kind}, ${how}`,
        value: rounded(ms),
        unit: 'ms',
        budget: DECISION_MS,
      },
    })),
  );
  const origin = await start('origin.mjs');
  const at = await start('attacked.mjs', origin.url, String(BLOCK));
  const { child, ...where } = at;
  try {
    const all = await callers(where);
    await measure(all, QUIET);
    for (const name of ATTACKS) {
      const before = await measure(all, QUIET);
      const attack = await start('attack.mjs', name, JSON.stringify(where));
      await sleep(SETTLING);
      const during = await measure(all, UNDER_ATTACK).finally(() => stop(attack));
      await sleep(SETTLING);
      const after = await measure(all, QUIET);
      for (const who of Object.keys(all)) {
        const quiet = p99([...before[who], ...after[who]]);
        figures.push({
          ...{ name: `${name}: p99 of another ${who} (quiet ${rounded(quiet)})`, value: rounded(p99(during[who])) },
          ...{ unit: 'ms', budget: rounded(2 * quiet + MORE) },
        });
      }
      text(`  ${name}: done`);
    }
  } finally {
    await stop({ child });
    await stop(origin);
  }
  return figures;
}

const rounded = (ms) => Number(ms.toFixed(1));
