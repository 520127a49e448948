// Bootstrap, key rotation and firmware update of the example lwm2m-inventory through board, modem, home network and Inventory, while
// power fails: at an instant, or at a write of the store or of the flash. The operator asks for what is missing until all is well.
import { expect } from 'vitest';
import type { FlashFate } from '../../host/board/firmware.js';
import type { WriteFate } from '../../host/board/store.js';
import { MINUTE, SECOND } from '../../host/index.js';
import { Random } from '../../host/random.js';
import {
  Job,
  type JobOptions,
  type Method,
  METHODS,
  NEW,
  OLD,
  OPERATOR,
  type Phase,
  RESULT,
  SIM,
} from './update-job.js';

export { type Method, METHODS };

/** About how long each part takes, in which an instant may lie. */
const PHASES: Readonly<Record<Phase, number>> = {
  ...{ bootstrap: 12 * SECOND, rotation: 12 * SECOND, transfer: 60 * SECOND, update: 12 * SECOND },
};

interface WriteCut<Where extends string, Fate> {
  readonly where: Where;
  readonly write: number;
  readonly fate: Fate;
}
type StoreCut = WriteCut<'store', Exclude<Extract<WriteFate, string>, 'done'>>;
type FlashCut = WriteCut<'flash', Exclude<Extract<FlashFate, string>, 'done'>>;
/** So long after the part began, 0 to 1 of its usual length. */
interface TimeCut {
  readonly where: Phase;
  readonly share: number;
}
export type Cut = StoreCut | FlashCut | TimeCut;

export interface Plan extends JobOptions {
  readonly cuts: readonly Cut[];
  /** Share of datagrams that are lost, each way. */
  readonly loss?: number;
}

export interface Told {
  readonly cuts: number;
  readonly storeWrites: number;
  readonly flashWrites: number;
  readonly seconds: number;
}

/** Has power fail as the plan says. Board and modem have one supply, which comes back after a while. */
class Supply {
  failures = 0;
  readonly #job: Job;
  readonly #cuts: readonly Cut[];
  readonly #pauses: Random;

  constructor(job: Job, { seed, cuts }: Plan) {
    this.#job = job;
    this.#cuts = cuts;
    this.#pauses = new Random(`${seed} pauses`);
    job.device.store.fate = (n) => this.#fate<StoreCut>('store', n);
    job.device.flash.fate = (n) => this.#fate<FlashCut>('flash', n);
    job.onPhase = (phase) => {
      for (const cut of cuts) if (cut.where === phase) this.#fail(cut.share * PHASES[phase]);
    };
  }

  #fate<C extends StoreCut | FlashCut>(where: C['where'], write: number): C['fate'] | 'done' {
    const cut = this.#cuts.find((one): one is C => one.where === where && 'write' in one && one.write === write);
    if (cut === undefined) return 'done';
    this.#fail(0);
    return cut.fate;
  }

  #fail(delay: number): void {
    const { device, world } = this.#job;
    const pause = MINUTE * this.#pauses.next() ** 3;
    this.failures++;
    world.clock.after(delay, () => device.powerOff());
    world.clock.after(delay + pause, () => device.powerOn());
  }
}

/** One job under one plan, and what must hold after it. */
export async function updateRun(plan: Plan): Promise<Told> {
  const job = await Job.begin(plan);
  const supply = new Supply(job, plan);
  const { world, device, log } = job;
  const kind = plan.package ?? 'good';
  const story = (): string => `${JSON.stringify(plan)}\n${log.join('\n')}`;
  const restart = async (): Promise<void> => {
    device.powerOff();
    await job.pass(SECOND);
    device.powerOn();
    await job.there();
  };
  world.network.impairments.udpLoss = plan.loss ?? 0;
  try {
    job.phase('bootstrap');
    device.powerOn();
    await job.there();
    const first = job.bootstraps;
    let rotations = plan.rotation === 'before' ? await job.rotate() : 0;
    rotations += await job.update(RESULT[kind]);
    // Whatever was cut, the account that it has works, and was given to it for a reason.
    await restart();
    expect(job.bootstraps - first, story()).toBeLessThanOrEqual(rotations);
    const told = job.bootstraps;
    await restart();
    expect(job.bootstraps, story()).toBe(told);
    const version = kind === 'good' ? NEW : OLD;
    expect(job.running, story()).toBe(version);
    expect(await job.value('/3/0/3'), story()).toBe(version);
    expect(await job.value('/5/0/5'), story()).toBe(RESULT[kind]);
    expect(job.record, story()).toMatchObject({ online: true, imsi: SIM.imsi });
    expect(job.inventory.devices.list(OPERATOR).length, story()).toBe(1);
    expect(job.traps.length > 0, story()).toBe(kind === 'dead');
    return {
      ...{ cuts: supply.failures, storeWrites: device.store.writes, flashWrites: device.flash.writes },
      seconds: world.clock.now() / SECOND,
    };
  } catch (error) {
    if (error instanceof Error && !error.message.includes(plan.seed)) error.message += `\n${story()}`;
    throw error;
  } finally {
    await world.close();
  }
}

/** How it goes when power does not fail: what there is to be cut. */
export const undisturbed = (method: Method): Promise<Told> =>
  updateRun({ seed: `undisturbed ${method}`, method, rotation: 'before', cuts: [] });

const FLASH_FATES = ['cut-before', 'cut-within', 'cut-after'] as const;
const STORE_FATES = ['cut-before', 'cut-after'] as const;

const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)] as T;

/** A plan by chance: one to four cuts of any kind, any package, on a line that loses or not. */
export function randomPlan(
  seed: string,
  { storeWrites, flashWrites }: Pick<Told, 'storeWrites' | 'flashWrites'>,
): Plan {
  const random = new Random(`${seed} plan`);
  const cut = (): Cut => {
    switch (random.below(4)) {
      case 0:
        return { where: 'store', write: random.below(storeWrites), fate: pick(random, STORE_FATES) };
      case 1:
        return { where: 'flash', write: random.below(flashWrites), fate: pick(random, FLASH_FATES) };
      default:
        return { where: pick(random, Object.keys(PHASES) as Phase[]), share: random.next() };
    }
  };
  return {
    ...{ seed, method: pick(random, METHODS), loss: pick(random, [0, 0, 0.1]) },
    package: pick(random, ['good', 'good', 'good', 'good', 'spoilt', 'dead'] as const),
    rotation: pick(random, ['before', 'during', 'never'] as const),
    cuts: Array.from({ length: 1 + random.below(4) }, cut),
  };
}

/** A plan for each write of an undisturbed run with each of its fates. `every`: of the flash's writes, which are many and alike. */
export function writePlans(method: Method, { storeWrites, flashWrites }: Told, every = 1): Plan[] {
  const plan = (cut: StoreCut | FlashCut): Plan => ({
    ...{ seed: `${method} ${cut.where} ${cut.write} ${cut.fate}`, method, rotation: 'before', cuts: [cut] },
  });
  const store = Array.from({ length: storeWrites }, (_, write) =>
    STORE_FATES.map((fate) => plan({ where: 'store', write, fate })),
  );
  // The first and the last, which is the commit, among them.
  const flash = Array.from({ length: flashWrites }, (_, write) => write)
    .filter((write) => write % every === 0 || write >= flashWrites - 2)
    .map((write) => FLASH_FATES.map((fate) => plan({ where: 'flash', write, fate })));
  return [...store, ...flash].flat();
}
