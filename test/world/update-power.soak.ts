// Thousands of updates with power cuts: each write of the store and of the flash, by each way in which an image comes, with each
// fate; then cuts by chance, of which AKARI_SOAK_SEED picks another stretch.
import { expect, it } from 'vitest';
import { METHODS, type Plan, randomPlan, type Told, undisturbed, updateRun, writePlans } from './update-power.js';

const SEED = process.env['AKARI_SOAK_SEED'] ?? 'soak';
const BY_CHANCE = 1_500;

async function runAll(name: string, plans: readonly Plan[]): Promise<void> {
  let cuts = 0;
  for (const [i, plan] of plans.entries()) {
    if (i % 50 === 0) console.log(`${name}: ${i} of ${plans.length} runs, ${cuts} power cuts`);
    cuts += (await updateRun(plan)).cuts;
  }
  console.log(
    `${name}: ${plans.length} runs, ${cuts} power cuts, all came to a device that is online with the right image`,
  );
  expect(cuts).toBeGreaterThanOrEqual(plans.length);
}

it.each(METHODS)('power is cut at each write of an update by %s', async (method) => {
  await runAll(method, writePlans(method, await undisturbed(method)));
});

it(`${BY_CHANCE} updates with power cuts by chance`, async () => {
  const told: Told = await undisturbed('pull');
  await runAll(
    SEED,
    Array.from({ length: BY_CHANCE }, (_, i) => randomPlan(`${SEED} ${i}`, told)),
  );
});
