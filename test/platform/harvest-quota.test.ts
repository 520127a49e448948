// How much Harvest Data keeps, and how old entries are deleted: in steps, so that nobody waits for a million of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataStore, type Resource } from '../../host/platform/harvest/store.js';
import { Database, DEFAULT_OPERATOR } from '../../host/platform/index.js';
import { LimitError } from '../../host/platform/limit-error.js';
import { HARVEST_LIMITS, type HarvestQuotas, PRUNE_STEP } from '../../host/platform/limits.js';
import { RunningTime } from '../../host/platform/running-time.js';
import { IMSI, session } from './harness.js';
import { ask, datagram, harvestWorld, OTHER } from './harvest-world.js';

const HOST = 'harvest.soracom.io';
const DAY = 86_400_000;
const WIDE = { entries: 1e9, bytes: 1e12 };
const sim = (resourceId: string, operatorId = 'OP1'): Resource => ({
  operatorId,
  resourceType: 'Subscriber',
  resourceId,
});
const entry = (content = '{}') => ({ timeMs: 1, contentType: 'application/json', content });

class Lab {
  now = 0;
  data: DataStore;
  constructor(
    readonly quotas: HarvestQuotas = { resource: WIDE, operator: WIDE, all: WIDE },
    readonly database = new Database(),
  ) {
    this.data = this.open();
  }

  /** As the next process does. */
  open(): DataStore {
    const { database, quotas } = this;
    const running = new RunningTime(database, { now: () => this.now * 1e6 });
    return (this.data = new DataStore({ database, running, quotas, unixMs: () => this.now, retentionDays: 40 }));
  }

  get rows(): number {
    return Number(this.database.get('SELECT COUNT(*) AS n FROM harvest_entries')?.['n']);
  }

  tries(resource: Resource, ...contents: string[]): boolean {
    try {
      this.data.add(resource, contents.map(entry));
      return true;
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      return false;
    }
  }
}

describe('a quota of entries and bytes', () => {
  it.each<[string, Partial<HarvestQuotas>, { another: boolean; otherOperator: boolean }]>([
    ['of a SIM: entries', { resource: { entries: 2, bytes: 1e9 } }, { another: true, otherOperator: true }],
    [
      'of a SIM: bytes, also of characters that have two',
      { resource: { entries: 9, bytes: 8 } },
      { another: true, otherOperator: true },
    ],
    ['of an operator', { operator: { entries: 2, bytes: 1e9 } }, { another: false, otherOperator: true }],
    ['of all', { all: { entries: 9, bytes: 8 } }, { another: false, otherOperator: false }],
  ])('%s', async (_what, limits, { another, otherOperator }) => {
    const lab = new Lab({ resource: WIDE, operator: WIDE, all: WIDE, ...limits });
    const two = ['"ü"', '"é"'];
    expect(lab.tries(sim('1'), ...two, '1')).toBe(false); // all or none
    expect(lab.rows).toBe(0);
    expect(lab.tries(sim('1'), ...two)).toBe(true);
    expect(lab.tries(sim('1'), '1')).toBe(false);
    lab.open();
    expect(lab.tries(sim('1'), '1')).toBe(false);
    expect(lab.tries(sim('2'), '1')).toBe(another);
    expect(lab.tries(sim('1', 'OP2'), '1')).toBe(otherOperator);
    await lab.data.delete(sim('1'), 1);
    expect(lab.tries(sim('1'), '1')).toBe(true);
  });

  it('is what the table has, whatever was added, refused, undone and deleted', async () => {
    const lab = new Lab({
      resource: { entries: 6, bytes: 60 },
      operator: { entries: 9, bytes: 90 },
      all: { entries: 12, bytes: 120 },
    });
    const owner = fc.record({ sim: fc.constantFrom('1', '2'), operator: fc.constantFrom('OP1', 'OP2') });
    const step = fc.tuple(
      owner,
      fc.constantFrom('add', 'delete', 'undone', 'later'),
      fc.array(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 4 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        lab.database.run('DELETE FROM harvest_entries');
        lab.open();
        for (const [{ sim: id, operator }, what, contents] of steps) {
          const of = sim(id, operator);
          if (what === 'delete') await lab.data.delete(of, 1);
          else if (what === 'later') lab.now += 30 * DAY;
          else if (what === 'add') lab.tries(of, ...contents);
          else {
            const spoilt = [...contents.map(entry), { ...entry(), contentType: null as unknown as string }];
            await lab.data.addTogether(of, spoilt).catch(() => undefined);
          }
        }
        const owners = ['OP1', 'OP2'].flatMap((operator) => ['1', '2'].map((id) => sim(id, operator)));
        const counted = owners.map((of) => lab.data.quota.kept(of));
        lab.open();
        expect(counted).toEqual(owners.map((of) => lab.data.quota.kept(of)));
      }),
      { numRuns: 200 },
    );
  });

  it('that is used up is 507 over HTTP and UDP; another SIM’s entries are taken', async () => {
    const harvestLimits = { quotas: { ...HARVEST_LIMITS.quotas, resource: { entries: 1, bytes: 1000 } } };
    const world = harvestWorld({ SoracomHarvest: { enabled: true } }, { harvestLimits });
    const post = async (imsi = IMSI): Promise<string> => {
      const { status, body } = await ask(world, HOST, 'POST', '/', { body: '{}', caller: session(imsi) });
      return `${status} ${body.toString()}`;
    };
    const words =
      'no room: Harvest Data keeps 1 entries of one SIM or device; delete some, or wait until old ones are deleted';
    expect(await post()).toBe('201 ');
    expect(await post()).toBe(`507 ${words}\n`);
    expect(await datagram(world, HOST, 8514, '{}')).toBe(`507 ${words}`);
    expect(await post(OTHER)).toBe('201 ');
    const { data } = world.platform;
    const own = sim(IMSI, DEFAULT_OPERATOR);
    await data.delete(own, data.list(own).entries[0]?.time ?? 0);
    expect(await post()).toBe('201 ');
  });
});

describe('old entries', () => {
  it('are deleted in steps of few, at most one in some milliseconds, and never those that are kept still', () => {
    const lab = new Lab();
    const count = 3 * PRUNE_STEP.rows + 10;
    lab.data.add(
      sim('1'),
      Array.from({ length: count }, () => entry()),
    );
    lab.now += 20 * DAY;
    lab.data.add(sim('2'), [entry()]);
    lab.now += 30 * DAY;
    expect(lab.data.list(sim('1')).entries).toEqual([]); // gone for who asks
    const left: number[] = [];
    for (let i = 0; i < 5; i++) {
      for (let same = 0; same < 3; same++) lab.data.add(sim('3'), [entry()]); // in one moment: one step
      left.push(lab.rows - 3 * (i + 1));
      lab.now += PRUNE_STEP.everyMs;
    }
    expect(left).toEqual([1, 2, 3].map((n) => count + 1 - n * PRUNE_STEP.rows).concat([1, 1]));
    expect(lab.data.list(sim('2')).entries).toHaveLength(1);
  });

  it('make room in the quota', () => {
    const lab = new Lab({ resource: { entries: 2, bytes: 1e9 }, operator: WIDE, all: WIDE });
    expect(lab.tries(sim('1'), '1', '2')).toBe(true);
    expect(lab.tries(sim('1'), '1')).toBe(false);
    lab.now += 41 * DAY;
    expect(lab.tries(sim('1'), '1', '2')).toBe(true);
  });
});

describe('the entries of one millisecond, which a device can make as many as it likes,', () => {
  it('are deleted in steps of few, between which others are served; what comes meanwhile stays', async () => {
    const lab = new Lab();
    const count = 2 * PRUNE_STEP.rows + 10;
    lab.data.add(
      sim('1'),
      Array.from({ length: count }, () => entry()),
    );
    const left: number[] = [];
    const look = (): void => {
      left.push(lab.rows);
      timer = setImmediate(look);
    };
    let timer = setImmediate(look);
    const deleted = lab.data.delete(sim('1'), 1);
    lab.data.add(sim('1'), [entry('"new"')]);
    expect(await deleted).toBe(true);
    clearImmediate(timer);
    expect(left).toContain(count + 1 - PRUNE_STEP.rows);
    expect(lab.data.list(sim('1')).entries.map(({ content }) => content)).toEqual(['"new"']);
    expect(lab.data.quota.kept(sim('1'))[0]).toEqual({ entries: 1, bytes: 5 });
    expect(await lab.data.delete(sim('1'), 1)).toBe(true);
    expect(await lab.data.delete(sim('1'), 1)).toBe(false);
  });
});
