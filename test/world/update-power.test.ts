// A selection of update-power.soak.ts, which cuts power at every write and by chance, thousands of times.
import { expect, it } from 'vitest';
import { METHODS, type Plan, randomPlan, undisturbed, updateRun, writePlans } from './update-power.js';

/** So many of them, from the first to the last. */
const some = (plans: readonly Plan[], count: number): Plan[] =>
  Array.from({ length: count }, (_, i) => plans[Math.round((i * (plans.length - 1)) / (count - 1))] as Plan);

it.each(METHODS)(
  'power that is cut at a write of a bootstrap, a key rotation or an update by %s: the device has a working account and the new image',
  async (method) => {
    for (const plan of some(writePlans(method, await undisturbed(method), 25), 4)) {
      expect((await updateRun(plan)).cuts).toBe(1);
    }
  },
);

it('a new image whose power fails while it is on trial gives way to the old one, and nothing says that the update succeeded', async () => {
  const told = await undisturbed('push');
  // The last of the store's writes: what the update has come to.
  const plans = writePlans('push', told, 1000).filter((plan) =>
    plan.cuts.some((cut) => cut.where === 'store' && cut.write >= told.storeWrites - 2),
  );
  expect(plans.length).toBe(4);
  for (const plan of plans) await updateRun(plan);
});

it('power that is cut at any instant, once or more, on lines that lose, with good packages and bad ones', async () => {
  const told = await undisturbed('pull');
  for (let i = 0; i < 8; i++) await updateRun(randomPlan(`gate ${i}`, told));
});
