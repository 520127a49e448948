// Network and modem must not believe different things for ever, whatever message was lost.

import { describe, expect, it } from 'vitest';
import type { Session } from '../../host/cellular/network.js';
import { Registration } from '../../host/cellular/network.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { IMEI, IMSI, SORACOM, bench } from './bench.js';

type Bench = ReturnType<typeof bench>;

/** A service that answers, so that a session can be seen to work. */
function withEcho(b: Bench): Bench {
  b.network.name('echo.soracom.io');
  b.network.tcp('echo.soracom.io', 7, (stream) => {
    stream.on('data', (bytes: Buffer) => {
      b.clock.stir();
      stream.write(bytes);
    });
    stream.on('error', () => undefined);
  });
  return b;
}

/** True when a byte comes back; false when the connection failed, or nothing came for 30 s. */
function echo({ clock }: Bench, session: Session): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(30 * SECOND, () => {
      tcp.abort();
      end(false);
    });
    const end = (ok: boolean): void => {
      timer.cancel();
      clock.stir();
      resolve(ok);
    };
    const tcp = session.connectTcp('echo.soracom.io', 7, {
      connected: () => tcp.send(Buffer.from('A')),
      data: () => {
        tcp.abort();
        end(true);
        return true;
      },
      ended: () => end(false),
      failed: () => end(false),
    });
  });
}

/** What any modem's owner does: attach, activate, use, and all again when it fails; says how often something failed. */
async function device(b: Bench, done: () => boolean): Promise<number> {
  let failures = 0;
  let session: Session | undefined;
  while (!done()) {
    try {
      await b.radio.attach(b.card, IMEI);
      if (!session?.open) session = await b.radio.activate(SORACOM);
      if (await echo(b, session)) {
        await b.clock.sleep(5 * SECOND);
        continue;
      }
    } catch {
      // again
    }
    failures++;
    await b.clock.sleep(1 * SECOND);
  }
  return failures;
}

/** Both sides hold the same bearer, or none. */
const agree = ({ radio, network }: Bench, session: Session | undefined): boolean =>
  (radio.registration === Registration.Home && session?.open ? session.ip : undefined) ===
  network.sessionByImsi(IMSI)?.ip;

/** One outage, from `start` for `length`; then the device has `limit` to get a byte through. */
async function outage(start: number, length: number, limit: number): Promise<void> {
  const b = withEcho(bench({ seed: 'outage' }));
  let finished = false;
  const life = device(b, () => finished);
  await b.run(start);
  b.network.impairments.outage(true);
  await b.run(length);
  b.network.impairments.outage(false);
  await b.run(limit);
  const session = b.network.sessionByImsi(IMSI);
  expect([start / MS, length / SECOND, b.radio.registration, session?.open]).toEqual([
    start / MS,
    length / SECOND,
    Registration.Home,
    true,
  ]);
  // And it works: within a cycle of the device a connection of its own gets through.
  const before = b.events.length;
  await b.run(10 * SECOND);
  const words = b.events.slice(before).map(({ type }) => type);
  expect([start / MS, length / SECOND, words.includes('dns')]).toEqual([start / MS, length / SECOND, true]);
  finished = true;
  await b.must(life, 300 * SECOND);
}

describe('An outage in the middle of attach and activation', () => {
  // Shorter than radio link failure, longer, longer than all repetitions of the network, of the modem.
  it.each([1, 6, 45, 100])('of %i s, at every 10 ms: the device is online in bounded time', async (length) => {
    const b = withEcho(bench({ seed: 'outage' }));
    const start = b.clock.now();
    await b.online();
    const whole = b.clock.now() - start + 400 * MS;
    for (let at = 0; at <= whole; at += 10 * MS) await outage(at, length * SECOND, 120 * SECOND);
  });
});

describe('The last message of an activation is lost', () => {
  /** No NAS message gets through, and none that is in the air already. */
  const deafFor = async ({ network: { impairments }, run }: Bench, time: number): Promise<void> => {
    impairments.outage(true);
    await run(1 * SECOND);
    impairments.nasLoss = 1;
    impairments.outage(false);
    await run(time - 1 * SECOND);
    impairments.nasLoss = 0;
  };
  const lostAcceptance = async (b: Bench): Promise<Session> => {
    const session = await b.online();
    await deafFor(b, 60 * SECOND);
    expect([session.open, b.network.sessionByIp(session.ip)]).toEqual([true, undefined]);
    return session;
  };

  it('the next packet of the device finds no bearer, and the modem hears of it', async () => {
    const b = withEcho(bench());
    const session = await lostAcceptance(b);
    let changes = 0;
    b.radio.onChange = () => changes++;
    expect(await b.must(echo(b, session))).toBe(false);
    expect([session.open, changes]).toEqual([false, 1]);
    expect(await b.must(b.radio.activate(SORACOM).then((next) => echo(b, next)))).toBe(true);
    expect(b.names().slice(-3, -1)).not.toContain('modem: ATTACH REQUEST');
  });

  it('or else the next tracking area update, by its EPS bearer context status', async () => {
    const b = withEcho(bench());
    const session = await lostAcceptance(b);
    await b.run(3300 * SECOND);
    expect([session.open, b.radio.registration]).toEqual([false, Registration.Home]);
    expect(await b.must(b.radio.activate(SORACOM).then((next) => echo(b, next)))).toBe(true);
  });

  it('PDN DISCONNECT REQUEST is never heard: the network learns it from the tracking area update that follows', async () => {
    const b = bench();
    const session = await b.online();
    await b.run(1 * SECOND);
    b.network.impairments.nasLoss = 1;
    session.close('test');
    await b.run(29 * SECOND);
    expect(b.network.sessionByIp(session.ip)?.open).toBe(true);
    b.network.impairments.nasLoss = 0;
    await b.run(3 * SECOND);
    expect(b.network.sessionByIp(session.ip)).toBeUndefined();
  });

  it('DEACTIVATE EPS BEARER CONTEXT REQUEST is never heard: after the outage the modem knows', async () => {
    const b = bench();
    const session = await b.online();
    await b.run(1 * SECOND);
    b.network.impairments.outage(true);
    b.network.sessionByImsi(IMSI)?.close('the operator says so');
    await b.run(90 * SECOND);
    expect(session.open).toBe(true);
    b.network.impairments.outage(false);
    await b.run(5 * SECOND);
    expect([session.open, b.radio.registration]).toEqual([false, Registration.Home]);
  });

  it('a network that has forgotten the modem is noticed by an activation that nobody answers', async () => {
    const b = bench();
    await b.must(b.radio.attach(b.card, IMEI));
    await deafFor(b, 60 * SECOND); // ATTACH COMPLETE is lost, and all of T3450
    expect(b.radio.registration).toBe(Registration.Home);
    expect(await b.settle(b.radio.activate(SORACOM))).toMatchObject({ code: 'timeout' });
    await b.run(2 * SECOND);
    expect(b.radio.registration).toBe(Registration.Searching);
    expect(await b.online()).toMatchObject({ open: true });
  });
});

describe('A radio link that loses NAS messages', () => {
  it('for a while, with a session in use: afterwards both sides agree and bytes get through, for 100 seeds', async () => {
    for (let i = 0; i < 100; i++) {
      const b = withEcho(bench({ seed: `agreement ${i}` }));
      let finished = false;
      const life = device(b, () => finished);
      b.network.impairments.nasLoss = 0.3 + (i % 5) * 0.15;
      await b.run(((i * 7) % 200) * SECOND);
      // Sessions come and go while messages get lost.
      b.network.sessionByImsi(IMSI)?.close('test');
      await b.run(((i * 13) % 100) * SECOND);
      b.network.impairments.nasLoss = 0;
      await b.run(150 * SECOND);
      const session = b.network.sessionByImsi(IMSI);
      expect([i, session?.open, b.radio.registration]).toEqual([i, true, Registration.Home]);
      finished = true;
      await b.must(life);
    }
  });

  it('without a packet sent: both sides agree after the next periodic update, for 40 seeds', async () => {
    for (let i = 0; i < 40; i++) {
      const b = bench({ seed: `idle ${i}` });
      b.network.impairments.nasLoss = 0.5;
      let session: Session | undefined;
      const attached = await b.settle(b.radio.attach(b.card, IMEI), 60 * SECOND);
      if (!(attached instanceof Error)) {
        const result = await b.settle(b.radio.activate(SORACOM), 60 * SECOND);
        if (!(result instanceof Error)) session = result;
        if (i % 2 === 0) session?.close('test');
      }
      b.network.impairments.nasLoss = 0;
      await b.run(3400 * SECOND);
      if (b.radio.registration === Registration.Home) expect([i, agree(b, session)]).toEqual([i, true]);
    }
  });
});
