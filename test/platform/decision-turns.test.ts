// Access decisions that take long have a small share of the time, whoever asks for them; others do not wait.

import { describe, expect, it } from 'vitest';
import { BusyError } from '../../host/platform/accounts/busy-error.js';
import { DecisionTurns } from '../../host/platform/accounts/decision-turns.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { DECISION } from '../../host/platform/limits.js';
import { ApiWorld, OPERATOR } from './api-harness.js';
import { ask, harvestWorld } from './harvest-world.js';

const COSTLY = DECISION.steps;
/** From one decision of so many steps to the next. */
const APART = COSTLY * 10 * (DECISION.share - 1);

class Lab {
  readonly clock = new VirtualClock(0);
  readonly turns = new DecisionTurns(this.clock);
  readonly decided: string[] = [];
  refused = 0;

  /** As a front does. */
  async decide(caller: string, steps: number): Promise<void> {
    try {
      await this.turns.turn(caller);
    } catch (error) {
      if (!(error instanceof BusyError)) throw error;
      this.refused++;
      return;
    }
    this.decided.push(caller);
    this.turns.spent(caller, steps);
  }

  async run(until: number): Promise<void> {
    await this.clock.run({ deadline: until });
  }
}

describe('turns of decisions', () => {
  it('costly ones have one tenth of the time; the callers of them take turns', async () => {
    const lab = new Lab();
    await lab.decide('a', COSTLY);
    await lab.decide('b', COSTLY);
    for (let i = 0; i < 5; i++) void lab.decide('a', COSTLY);
    for (let i = 0; i < 2; i++) void lab.decide('b', COSTLY);
    await lab.run(1);
    expect(lab.decided).toEqual(['a', 'b']);
    await lab.run(9 * APART);
    expect(lab.decided.slice(2)).toEqual(['a', 'b', 'a', 'b', 'a', 'a', 'a']);
  });

  it('light ones do not wait, whatever others do; a caller that was costly is as others after a while', async () => {
    const lab = new Lab();
    await lab.decide('a', COSTLY);
    for (let i = 0; i < 10; i++) void lab.decide('a', COSTLY);
    expect(lab.turns.turn('b')).toBeUndefined();
    lab.turns.spent('b', DECISION.light);
    expect(lab.turns.isCostly('b')).toBe(false);
    await lab.run(20 * APART);
    expect(lab.turns.isCostly('a')).toBe(true);
    await lab.run(20 * APART + DECISION.memory);
    expect(lab.turns.turn('a')).toBeUndefined();
  });

  it('no more wait of one caller than the limit; what is told of callers has a limit, too', async () => {
    const lab = new Lab();
    await lab.decide('a', COSTLY);
    for (let i = 0; i < DECISION.waiting + 3; i++) void lab.decide('a', COSTLY);
    await lab.run(0);
    expect(lab.refused).toBe(3);
    for (let i = 0; i < 2 * DECISION.allWaiting; i++) lab.turns.spent(`sim${i}`, COSTLY);
    expect([lab.turns.isCostly('sim0'), lab.turns.isCostly(`sim${2 * DECISION.allWaiting - 1}`)]).toEqual([
      ...[false, true],
    ]);
  });
});

const CONDITION = Array(100).fill(`pathVariable('path') matches '(a?){1000}a{1000}'`).join(' or ');
const HEAVY = JSON.stringify({ statements: [{ effect: 'allow', api: '*', condition: CONDITION }] });
const PATH = `${'a'.repeat(1000)}b`;

describe('who asks', () => {
  it('a SAM user with a costly permission waits for each further decision; its operator and others do not', async () => {
    const world = new ApiWorld();
    const [root, other] = [await world.root(), await world.other()];
    const user = await world.user(root, 'ops', []);
    await root.call('PUT', `/operators/${OPERATOR}/users/ops/permission`, { permission: HEAVY });
    expect((await user.get(`/files/private/${PATH}`)).status).toBe(403);
    const statuses: number[] = [];
    const attack = Array.from({ length: DECISION.waiting + 4 }, async () => {
      statuses.push((await user.get(`/files/private/${PATH}`)).status);
    });
    expect([(await root.get('/groups')).status, (await other.get('/groups')).status]).toEqual([200, 200]);
    expect(statuses.every((status) => status === 429)).toBe(true);
    await world.pass(1);
    await Promise.all(attack);
    expect(statuses.filter((status) => status === 429)).toHaveLength(4);
    expect(statuses.filter((status) => status === 403)).toHaveLength(DECISION.waiting);
  });

  it('a SIM whose role is costly, the same', async () => {
    const files = harvestWorld({ SoracomHarvestFiles: { enabled: true, assumedRoleId: 'device' } });
    files.platform.accounts.sam.putRole(OPERATOR, 'device', HEAVY);
    const get = async (): Promise<number> => (await ask(files, 'harvest-files.soracom.io', 'GET', `/${PATH}`)).status;
    expect(await get()).toBe(403);
    const started = files.clock.now();
    expect(await get()).toBe(403);
    expect(files.clock.now() - started).toBeGreaterThanOrEqual(APART - MS);
    expect(files.clock.now() - started).toBeLessThan(SECOND);
  });
});
