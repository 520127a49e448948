// An operator stops a SIM: its session ends, and the network gives it no other until the operator lets it go on.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/clock/clock.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { AUTH_KEY, apiConfig, Client } from '../platform/api-harness.js';
import { PROFILE, type Scene, scene, sequence } from './demo-world.js';

const { imsi } = PROFILE;
/** TS 24.301 annex B: for good, and for now. */
const BARRED = 8;
const NOT_NOW = 34;

let s: Scene;
let operator: Client;

beforeEach(async () => {
  s = await scene({ operators: apiConfig.operators });
  operator = await new Client((request) => s.world.platform.api.fetch(request)).signIn(AUTH_KEY);
});
afterEach(() => s.world.close());

const session = () => s.world.network.sessionByImsi(imsi);
const statusOf = async (): Promise<unknown> => (await operator.get(`/subscribers/${imsi}`)).json['status'];
const order = async (verb: string): Promise<number> =>
  (await operator.call('POST', `/subscribers/${imsi}/${verb}`)).status;
const nas = (message: string): Extract<TraceEvent, { type: 'nas' }>[] =>
  s.of('nas').filter((event) => event.from === 'network' && event.message === message);
const causes = (): unknown[] => nas('PDN CONNECTIVITY REJECT').map(({ fields }) => fields?.['cause']);

async function online(): Promise<void> {
  s.device.powerOn();
  expect(await s.world.run({ for: 5 * MINUTE, until: () => s.customer.messages.length > 0 })).toBe(true);
}

describe('a SIM that its operator stops', () => {
  it.each([
    ['suspend', 'suspended', BARRED],
    ['deactivate', 'inactive', NOT_NOW],
  ])(
    '%s: the SIM is %s, its session ends, the modem is told, each new request is refused with cause %i',
    async (verb, status, cause) => {
      await online();
      const before = session();
      expect(await order(verb)).toBe(200);
      expect([await statusOf(), before?.open, session()]).toEqual([status, false, undefined]);
      const heard = s.customer.messages.length;
      let opened = 0;
      await s.world.run({ for: HOUR, until: () => (session() && opened++, false) });
      expect([opened, s.customer.messages.length]).toEqual([0, heard]);
      expect(nas('DEACTIVATE EPS BEARER CONTEXT REQUEST').length).toBeGreaterThan(0);
      expect(new Set(causes())).toEqual(new Set([cause]));
      // The device goes on asking, less and less often (TS 24.301 5.5.1.2.6: no storm of requests).
      expect(causes().length).toBeGreaterThan(3);
      expect(causes().length).toBeLessThan(60);
    },
  );

  it('activate: it has a session again by itself, and what it read meanwhile comes', async () => {
    await online();
    await order('suspend');
    await s.world.run({ for: 30 * MINUTE });
    expect(await order('activate')).toBe(200);
    const heard = s.customer.messages.length;
    const lasts = 30 * MINUTE;
    expect(await s.world.run({ for: lasts, until: () => s.customer.messages.length > heard + 20 })).toBe(true);
    expect([await statusOf(), session()?.open]).toEqual(['active', true]);
    const read = sequence(s.customer);
    expect(read).toEqual(read.map((_, i) => i));
  });

  it('stopped while it is off: it attaches, and gets no session', async () => {
    await order('suspend');
    s.device.powerOn();
    await s.world.run({ for: 2 * MINUTE });
    expect([nas('ATTACH ACCEPT').length > 0, causes().length > 0, session()]).toEqual([true, true, undefined]);
  });

  it('terminated: no session, whatever it does', async () => {
    await online();
    expect(await order('enable_termination')).toBe(200);
    expect(await order('terminate')).toBe(200);
    await s.world.run({ for: 10 * MINUTE });
    expect([session(), await statusOf(), new Set(causes())]).toEqual([undefined, 'terminated', new Set([BARRED])]);
  });
});

describe('a SIM that was not used yet', () => {
  it.each(['ready', 'standby'] as const)('%s: its first session makes it active', async (status) => {
    s.world.platform.directory.change(imsi, { status });
    await s.world.run({ for: 10 * SECOND });
    expect(await statusOf()).toBe(status);
    await online();
    expect(await statusOf()).toBe('active');
    expect(causes()).toEqual([]);
  });
});
