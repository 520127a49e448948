// Datagrams of one SIM that floods are dropped; others' are served.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UdpService } from '../../host/cellular/network.js';
import { SECOND } from '../../host/clock/clock.js';
import { Datagrams } from '../../host/platform/datagrams.js';
import { type DatagramLimits, DATAGRAM_LIMITS } from '../../host/platform/limits.js';
import { session } from './harness.js';
import { harvestWorld, OTHER } from './harvest-world.js';

const LIMITS: DatagramLimits = {
  caller: { burst: 10, perSecond: 2 },
  all: { burst: 25, perSecond: 4 },
  floor: { burst: 3, perSecond: 0.1 },
};

class Lab {
  ns = 0;
  readonly datagrams: Datagrams;

  constructor(limits = LIMITS) {
    this.datagrams = new Datagrams({ now: () => this.ns }, limits);
  }

  /** How many of so many are served. */
  send(imsi: string, n: number): number {
    return Array.from({ length: n }).filter(() => this.datagrams.take(imsi)).length;
  }

  pass(seconds: number): void {
    this.ns += seconds * SECOND;
  }
}

describe('datagrams of a SIM', () => {
  it('have a burst, and a rate after it', () => {
    const lab = new Lab();
    expect(lab.send('a', 20)).toBe(10);
    lab.pass(1);
    expect(lab.send('a', 20)).toBe(2);
    lab.pass(1000);
    expect(lab.send('a', 20)).toBe(10);
  });

  it('are served a few at once in any case, when all SIMs together have too many', () => {
    const lab = new Lab();
    expect(['a', 'b', 'c', 'd'].map((imsi) => lab.send(imsi, 20))).toEqual([10, 10, 5, 3]);
    expect(lab.send('e', 20)).toBe(3);
    lab.pass(1);
    expect(lab.send('e', 20)).toBeGreaterThan(0);
  });

  it('have a rate in all, however many SIMs send as much as each may', () => {
    const lab = new Lab();
    const imsis = Array.from({ length: 50 }, (_, i) => String(i));
    const seconds = 100;
    let served = 0;
    for (let i = 0; i <= seconds; i++) {
      for (const imsi of imsis) served += lab.send(imsi, LIMITS.caller.perSecond);
      lab.pass(1);
    }
    const floors = imsis.length * (LIMITS.floor.burst + LIMITS.floor.perSecond * seconds);
    expect(served).toBeLessThanOrEqual(LIMITS.all.burst + LIMITS.all.perSecond * seconds + floors);
  });

  it('are never more than the limits, and never fewer than the floor of a SIM that was quiet', () => {
    const step = fc.record({ imsi: fc.constantFrom('a', 'b', 'c', 'd', 'e'), n: fc.nat(15), wait: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const lab = new Lab();
        const served = new Map<string, number>();
        for (const { imsi, n, wait } of steps) {
          lab.pass(wait);
          const isNew = !served.has(imsi);
          const count = lab.send(imsi, n);
          if (isNew) expect(count).toBeGreaterThanOrEqual(Math.min(n, LIMITS.floor.burst));
          served.set(imsi, (served.get(imsi) ?? 0) + count);
        }
        const seconds = lab.ns / SECOND;
        for (const count of served.values()) expect(count).toBeLessThanOrEqual(10 + 2 * seconds);
      }),
    );
  });
});

it('of a flood nothing but the burst reaches the platform’s services; another SIM is served', async () => {
  const world = harvestWorld({ SoracomHarvest: { enabled: true } });
  const services = new Map<string, UdpService>();
  world.platform.register({
    name: () => '',
    tcp: () => undefined,
    udp: (name, port, service) => void services.set(`${name}:${port}`, service),
  });
  const harvest = services.get('harvest.soracom.io:8514');
  const answers = { flood: 0, other: [] as string[] };
  const { burst } = DATAGRAM_LIMITS.caller;
  for (let i = 0; i < burst + 500; i++) harvest?.(Buffer.from('x'), session(), () => answers.flood++, '1');
  const keep = (bytes: Uint8Array): void => void answers.other.push(Buffer.from(bytes).toString());
  harvest?.(Buffer.from('x'), session(OTHER), keep, '2');
  await world.clock.run({ deadline: world.clock.now() + SECOND });
  expect(answers).toEqual({ flood: burst, other: ['201'] });
});
