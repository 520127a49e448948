// What goes wrong in the field. Each case ends in a retry that succeeds or in a clear error; nothing is lost, nothing
// is accepted twice, order is kept.
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/index.js';
import { Random } from '../../host/random.js';
import { type Scene, type SceneOptions, scene, sequence } from './demo-world.js';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Runs two quiet minutes, then a fault, then time to recover; all readings so far must have arrived, in order, once. */
async function survives(fault: (s: Scene) => Promise<void> | void, options: SceneOptions = {}): Promise<Scene> {
  const s = await scene(options);
  s.device.powerOn();
  await s.world.run({ for: 2 * MINUTE + 30 * SECOND });
  expect(sequence(s.customer)).toEqual(upTo(3));
  await fault(s);
  await s.world.run({ for: 20 * MINUTE });
  const minutes = Math.floor(s.world.clock.now() / MINUTE);
  const got = sequence(s.customer);
  expect(got).toEqual(upTo(got.length));
  expect(got.length).toBeGreaterThanOrEqual(minutes);
  await s.world.close();
  return s;
}

describe('a device survives', () => {
  it('an hour without network: all readings arrive afterwards', async () => {
    await survives(async ({ world }) => {
      world.network.impairments.outage(true);
      await world.run({ for: HOUR });
      world.network.impairments.outage(false);
    });
  });

  it('a modem that falls silent for ten minutes', async () => {
    await survives(async ({ world, device }) => {
      device.modem.silence(true);
      await world.run({ for: 10 * MINUTE });
      device.modem.silence(false);
    });
  });

  it.each([0, 1, 5, 20, 40, 80, 160, 300, 600, 1_000, 2_500])(
    'a modem that resets %i ms after a reading was due',
    async (ms) => {
      await survives(async ({ world, device }) => {
        await world.run({ for: 30 * SECOND + ms * 1e6 });
        device.modem.reset();
      });
    },
  );

  it('a session that the operator takes away', async () => {
    const { of } = await survives(({ world }) => world.network.detach('440103123456789', true));
    expect(of('session').filter(({ event }) => event === 'open').length).toBeGreaterThan(1);
  });

  it('connections reset by the network', async () => {
    await survives(async ({ world }) => {
      for (let i = 0; i < 20; i++) {
        await world.run({ for: 7 * SECOND });
        world.network.impairments.resetConnections();
      }
    });
  });

  it('lost TCP segments and datagrams', async () => {
    await survives(({ world }) => {
      world.network.impairments.tcpLoss = 0.2;
      world.network.impairments.udpLoss = 0.2;
    });
  });

  it('an answer cut short, and takes the same id again: the customer keeps it once', async () => {
    const { customer } = await survives((s) => s.customer.next({ cut: 'body' }, { cut: 'answer' }));
    const ids = customer.messages.map(({ messageId }) => messageId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('a customer that is slow, hangs, or fails for a while', async () => {
    await survives(({ customer }) =>
      customer.next({ delay: 20 * SECOND }, { hang: true }, { status: 500 }, { status: 503 }, { status: 429 }),
    );
  });

  it('power cuts at any time', async () => {
    const random = new Random('power cuts');
    await survives(async ({ world, device }) => {
      for (let i = 0; i < 40; i++) {
        await world.run({ for: random.below(90 * SECOND) });
        device.powerOff();
        await world.run({ for: random.below(10 * SECOND) });
        device.powerOn();
      }
    }).catch((error: unknown) => {
      throw new Error(`seed ${random.seed}`, { cause: error });
    });
  });

  it.each(upTo(30).map((i) => `garbage ${i}`))('%s on both UARTs', async (seed) => {
    const random = new Random(seed);
    const s = await survives(async ({ world, device }) => {
      for (let i = 0; i < 60; i++) {
        await world.run({ for: random.below(3 * SECOND) });
        const noise = random.bytes(random.below(40));
        (random.below(2) === 0 ? device.line.near : device.line.far).inject(noise);
      }
    });
    expect(s.of('board').filter(({ event }) => event === 'trap')).toEqual([]);
  });
});

describe('a device says clearly and keeps trying when', () => {
  it('the name is unknown', async () => {
    const s = await scene({ destination: 'https://nowhere.example/' });
    s.device.powerOn();
    await s.world.run({ for: 10 * MINUTE });
    expect(s.of('service')[0]).toMatchObject({
      status: 502,
      reason: expect.stringContaining('nowhere.example') as unknown,
    });
    expect(s.of('log').some(({ text }) => text.includes('502'))).toBe(true);
    expect(s.of('service').length).toBeGreaterThan(2);
    await s.world.close();
  });

  it("the customer's certificate is not trusted", async () => {
    const { selfSigned } = await import('../../host/cloud/index.js');
    const s = await scene();
    s.customer.present(await selfSigned(['customer.example']));
    s.device.powerOn();
    await s.world.run({ for: 10 * MINUTE });
    expect(s.customer.messages).toEqual([]);
    expect(s.of('service')[0]?.reason).toMatch(/certificate|self.signed/i);
    expect(s.of('log').some(({ text }) => text.includes('502'))).toBe(true);
    await s.world.close();
  });
});
