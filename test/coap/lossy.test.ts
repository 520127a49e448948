// Two endpoints over a link that loses, doubles, delays and garbles datagrams, on the virtual clock.
import { describe, expect, test } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import { End, connect, type Faults } from './end.js';
import { uri } from './hex.js';

const POST = 2;
const PUT = 3;
const GET = 1;
const CONTENT = 0x45;
const CHANGED = 0x44;

const WORST: Faults = { loss: 0.3, duplication: 0.3, reordering: 0.3 };

async function pair(
  seed: string,
  faults: Faults,
  options: { szx?: number } = {},
): Promise<{ clock: VirtualClock; device: End; server: End; sent: Uint8Array[] }> {
  const clock = new VirtualClock(0);
  const random = new Random(`coap pair ${seed}`);
  const number = (): bigint => Buffer.from(random.bytes(8)).readBigUInt64LE();
  const device = await End.create(clock, { seed: number(), ...options });
  const server = await End.create(clock, { seed: number(), ...options });
  return { clock, device, server, sent: connect(clock, seed, device, server, faults) };
}

/** Asks and runs until the outcome is there. */
async function outcomeOf(clock: VirtualClock, end: End, ask: Parameters<End['ask']>[0]): Promise<End['outcomes'][0]> {
  const before = end.outcomes.length;
  expect(end.ask(ask)).toBe(Status.Ok);
  await clock.run({ until: () => end.outcomes.length > before, deadline: clock.now() + 120 * MINUTE });
  const outcome = end.outcomes[before];
  if (!outcome) throw new Error('a request has no outcome after two hours');
  return outcome;
}

describe('30 % of datagrams lost, 30 % doubled, 30 % late by up to three seconds', () => {
  test('each POST is carried out once when it succeeds, and at most once when it does not', async () => {
    let done = 0;
    for (let run = 0; run < 12; run++) {
      const { clock, device, server } = await pair(`post ${run}`, WORST);
      const executed = new Map<string, number>();
      server.handler = ({ body, query }) => {
        const id = body.toString();
        executed.set(id, (executed.get(id) ?? 0) + 1);
        return query.includes('later') ? 'defer' : { code: CHANGED, body: Buffer.from(`did ${id}`) };
      };
      // What was put off is answered two seconds later, as soon as the line is free.
      let last = '';
      server.onEvent = () => {
        const later = (): void => {
          if (server.respondLater({ code: CHANGED, body: Buffer.from(`did ${last}`) }) === Status.Again)
            clock.after(SECOND, later);
        };
        clock.after(2 * SECOND, later);
      };
      for (let i = 0; i < 25; i++) {
        last = `${run}-${i}`;
        const query = i % 3 === 0 ? 'later' : '';
        const { result, body } = await outcomeOf(clock, device, {
          ...{ method: POST, options: uri('do', query), body: Buffer.from(last) },
          limit: 60_000,
        });
        expect([Status.Ok, Status.Timeout]).toContain(result);
        if (result === Status.Ok) {
          expect(body.toString()).toBe(`did ${last}`);
          expect(executed.get(last)).toBe(1);
          done++;
        } else {
          expect(executed.get(last) ?? 0).toBeLessThanOrEqual(1);
        }
        // What was put off for the request before must not answer the next one.
        await clock.run({ deadline: clock.now() + 150 * SECOND });
      }
    }
    // 3 % of exchanges lose every one of five transmissions or their answers; separate responses have more to lose.
    expect(done).toBeGreaterThan(12 * 25 * 0.85);
  });

  test('bodies of many blocks arrive whole, up and down, or the transfer fails with a reason', async () => {
    let whole = 0;
    for (let run = 0; run < 10; run++) {
      const { clock, device, server } = await pair(`blocks ${run}`, { ...WORST, loss: 0.1 }, { szx: 2 });
      const random = new Random(`body ${run}`);
      const up = random.bytes(1_000);
      const down = random.bytes(1_500);
      const puts: Buffer[] = [];
      server.handler = ({ message, body }) => {
        if (message.code === PUT) puts.push(body);
        return message.code === PUT ? { code: CHANGED } : { code: CONTENT, body: down };
      };
      const put = await outcomeOf(clock, device, { method: PUT, options: uri('file'), body: up });
      if (put.result === Status.Ok && put.code === CHANGED) {
        expect(puts.map((b) => b.equals(up))).toEqual([true]);
        whole++;
      } else if (put.result === Status.Ok) {
        // 4.08: nothing was taken.
        expect(puts).toHaveLength(0);
      }
      await clock.run({ deadline: clock.now() + 5 * MINUTE });
      const get = await outcomeOf(clock, device, { method: GET, options: uri('file') });
      if (get.result === Status.Ok) {
        expect(get.body.equals(down)).toBe(true);
        whole++;
      }
    }
    expect(whole).toBeGreaterThan(17);
  });

  test('an observer sees states in order and ends with the last one', async () => {
    let complete = 0;
    for (let run = 0; run < 8; run++) {
      const { clock, device, server } = await pair(`observe ${run}`, WORST);
      let token: Uint8Array | undefined;
      server.handler = ({ message }) => {
        token = message.token;
        return { code: CONTENT, body: Buffer.from('0'), observe: 1 };
      };
      const registered = await outcomeOf(clock, device, { method: GET, options: uri('temp'), observe: 0 });
      if (registered.result !== Status.Ok || !token) continue;
      const seen = (): number[] => device.notifications.map(({ body }) => Number(body.toString()));
      for (let state = 1; state <= 20; state++) {
        // Confirmable: the newest takes the place of one that is not acknowledged.
        const status = server.notify(true, token, state + 1, { code: CONTENT, body: Buffer.from(String(state)) });
        expect(status).toBe(Status.Ok);
        await clock.run({ deadline: clock.now() + 7 * SECOND });
        if (server.undelivered.length > 0) break;
      }
      await clock.run({ deadline: clock.now() + 5 * MINUTE });
      expect(seen()).toEqual([...seen()].sort((a, b) => a - b));
      expect(new Set(seen()).size).toBe(seen().length);
      if (server.undelivered.length > 0) continue;
      expect(seen().at(-1)).toBe(20);
      complete++;
    }
    expect(complete).toBeGreaterThan(3);
  });

  test('garbled datagrams on top of that: every request has an outcome, and nothing stops', async () => {
    let good = 0;
    for (let run = 0; run < 10; run++) {
      const { clock, device, server } = await pair(`garbled ${run}`, { ...WORST, corruption: 0.3 });
      server.handler = ({ path }) => ({ code: CONTENT, body: Buffer.from(path) });
      for (let i = 0; i < 20; i++) {
        const { result, code } = await outcomeOf(clock, device, { method: GET, options: uri('a/b'), limit: 30_000 });
        expect([Status.Ok, Status.Timeout, Status.Refused, Status.Malformed]).toContain(result);
        if (result === Status.Ok && code === CONTENT) good++;
        await clock.run({ deadline: clock.now() + 10 * SECOND });
      }
    }
    expect(good).toBeGreaterThan(100);
  });
});

test('on a link without faults nothing is sent that need not be', async () => {
  const { clock, device, server, sent } = await pair('clean', {}, { szx: 2 });
  const body = new Random('clean body').bytes(640);
  server.handler = ({ message }) => (message.code === PUT ? { code: CHANGED } : { code: CONTENT, body });
  expect((await outcomeOf(clock, device, { method: PUT, options: uri('f'), body })).code).toBe(CHANGED);
  expect(sent).toHaveLength(2 * 10);
  expect((await outcomeOf(clock, device, { method: GET, options: uri('f') })).body.equals(body)).toBe(true);
  expect(sent).toHaveLength(4 * 10);
});
