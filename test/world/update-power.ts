// Bootstrap, key rotation and firmware update of the example lwm2m-inventory through board, modem, home network and Inventory, while
// power fails: at an instant, or at a write of the store or of the flash. An operator who does not give up asks for what is missing.
import binaryen from 'binaryen';
import { expect } from 'vitest';
import type { FlashFate } from '../../host/board/firmware.js';
import type { WriteFate } from '../../host/board/store.js';
import {
  type Device,
  firmwarePackage,
  HOUR,
  loadSimProfile,
  MINUTE,
  SECOND,
  type TraceEvent,
  World,
} from '../../host/index.js';
import { inventoryApp } from './inventory-app.js';
import { Random } from '../../host/random.js';

const SIM = loadSimProfile('examples/profiles/soracom-demo.json');
const OPERATOR = 'OP0012345678';
const OLD = '1.0.0';
const NEW = '1.0.1';
/** The longest that an operator in this world has patience with a run. */
const PATIENCE = 48 * HOUR;

export const METHODS = ['push', 'pull', 'pull-coap'] as const;
export type Method = (typeof METHODS)[number];
/** What the package holds: the app as another version, one whose bytes were changed, one that does not come up. */
export type Package = 'good' | 'spoilt' | 'dead';

/** The part of the job that an instant lies in, with about how long it takes. */
const PHASES = { bootstrap: 12 * SECOND, rotation: 12 * SECOND, transfer: 60 * SECOND, update: 12 * SECOND } as const;
export type Phase = keyof typeof PHASES;

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

export interface Plan {
  readonly seed: string;
  readonly method: Method;
  readonly package?: Package;
  /** When the operator wants another key: before the update, or when the image is on its way. */
  readonly rotation?: 'before' | 'during' | 'never';
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

/** A module that no board gets through `setup` of. */
const dead = (): Uint8Array =>
  binaryen
    .parseText(
      `(module (memory (export "memory") 1) (func (export "setup") unreachable)
         (func (export "loop") (result i32) (i32.const -1)) (func (export "board_abi") (result i32) (i32.const 1)))`,
    )
    .emitBinary();

const packages = new Map<Uint8Array, Readonly<Record<Package, Uint8Array>>>();

/** The app in the packages says that it is the new version, and is otherwise the one that runs. */
function packageOf(app: Uint8Array, kind: Package): Uint8Array {
  const known = packages.get(app);
  if (known) return known[kind];
  const made = (() => {
    const image = Uint8Array.from(app);
    const bytes = Buffer.from(image.buffer);
    let places = 0;
    for (let at = 0; (at = bytes.indexOf(OLD, at, 'latin1')) >= 0; at++, places++) bytes.write(NEW, at, 'latin1');
    if (places === 0) throw new Error(`the app does not say that it is ${OLD}`);
    const good = firmwarePackage({ image, name: 'lwm2m-inventory', version: NEW });
    const spoilt = Uint8Array.from(good);
    spoilt[20_000] = (spoilt[20_000] ?? 0) ^ 1;
    return { good, spoilt, dead: firmwarePackage({ image: dead(), name: 'lwm2m-inventory', version: NEW }) };
  })();
  packages.set(app, made);
  return made[kind];
}

type Inventory = World['platform']['inventory'];
type Operation = Parameters<Inventory['management']['submit']>[1];

class Job {
  readonly log: string[] = [];
  readonly traps: string[] = [];
  cuts = 0;
  #isNews = false;
  readonly #pauses: Random;
  readonly #plan: Plan;

  private constructor(
    readonly world: World,
    readonly device: Device,
    plan: Plan,
  ) {
    this.#plan = plan;
    this.#pauses = new Random(`${plan.seed} pauses`);
    world.network.impairments.udpLoss = plan.loss ?? 0;
    world.trace.listen((event) => this.#note(event));
    device.store.fate = (n) => this.#fate<StoreCut>('store', n);
    device.flash.fate = (n) => this.#fate<FlashCut>('flash', n);
  }

  static async begin(plan: Plan): Promise<Job> {
    const world = await World.create({
      seed: plan.seed,
      subscribers: [{ profile: SIM, group: 'meters' }],
      platform: { groups: { meters: { configuration: { SoracomInventory: { enabled: true, lifetime: 300 } } } } },
    });
    const app = await inventoryApp(plan.method);
    const device = world.device({ name: 'sensor', app, sim: SIM, sensors: { analog: () => 715 } });
    return new Job(world, device, plan);
  }

  #note(event: TraceEvent): void {
    if (event.type === 'log') this.log.push(event.text);
    if (event.type === 'board' && event.event === 'trap') this.traps.push(event.reason ?? '');
    if (event.type === 'inventory') this.#isNews = true;
  }

  /** Until what Inventory keeps is so. It is looked at after each thing that Inventory does: after each event would take long. */
  async #kept(what: () => boolean, within: number): Promise<void> {
    this.#isNews = true;
    const until = (): boolean => {
      const isNews = this.#isNews;
      this.#isNews = false;
      return isNews && what();
    };
    await this.world.run({ for: within, until });
  }

  // --- Power ---

  #fate<C extends StoreCut | FlashCut>(where: C['where'], write: number): C['fate'] | 'done' {
    const cut = this.#plan.cuts.find((one): one is C => one.where === where && 'write' in one && one.write === write);
    if (cut === undefined) return 'done';
    this.#failure(0);
    return cut.fate;
  }

  /** Board and modem have one supply, which comes back after a while. */
  #failure(delay: number): void {
    const { clock } = this.world;
    const pause = MINUTE * this.#pauses.next() ** 3;
    this.cuts++;
    clock.after(delay, () => this.device.powerOff());
    clock.after(delay + pause, () => this.device.powerOn());
  }

  /** A part of the job begins: what is to happen in it is counted from now, once. */
  #phases = new Set<Phase>();
  phase(name: Phase): void {
    if (this.#phases.has(name)) return;
    this.#phases.add(name);
    for (const cut of this.#plan.cuts) if (cut.where === name) this.#failure(cut.share * PHASES[name]);
  }

  // --- The operator ---

  get inventory(): Inventory {
    return this.world.platform.inventory;
  }

  get record() {
    return this.inventory.devices.list(OPERATOR)[0];
  }

  async pass(time: number): Promise<void> {
    await this.world.run({ for: time });
    if (this.world.clock.now() > PATIENCE) throw new Error('the operator has lost patience');
  }

  /** What comes of it: undefined when the device gave no answer. */
  async ask(operation: Operation): Promise<{ code?: string; result?: unknown } | undefined> {
    const { record } = this;
    if (record === undefined) return undefined;
    const { requests, management } = this.inventory;
    const request = management.submit(record, operation);
    if (request === undefined) return undefined;
    const state = () => requests.get(record.deviceId, request.requestId)?.state ?? 'failed';
    await this.#kept(() => !['queued', 'running'].includes(state()), 10 * MINUTE);
    await this.pass(0);
    return requests.get(record.deviceId, request.requestId)?.outcome;
  }

  async value(path: string): Promise<unknown> {
    const answer = await this.ask({ kind: 'read', path });
    return (answer?.result as { value?: unknown } | undefined)?.value;
  }

  /** Until the device answers. */
  async there(): Promise<void> {
    while ((await this.value('/3/0/3')) === undefined) await this.pass(5 * SECOND);
  }

  /** Another key, however often it has to be asked for. */
  async rotate(): Promise<number> {
    const { record } = this;
    if (record === undefined) throw new Error('no device');
    const keys = () => this.inventory.keys.of(record.deviceId).map(({ id }) => id);
    const before = keys();
    let asked = 0;
    this.phase('rotation');
    while (keys().some((id) => before.includes(id))) {
      const server = Object.keys(this.record?.registration?.objects ?? {}).find((path) => /^\/1\/\d+$/.test(path));
      if ((await this.ask({ kind: 'execute', path: `${server}/9` })) !== undefined) asked++;
      await this.#kept(() => !keys().some((id) => before.includes(id)), 2 * MINUTE);
      await this.there();
    }
    return asked;
  }

  /** Sees to it that the package has come to its end; the result that object 5 shows. Rotations that were asked for are counted. */
  async update(wanted: number): Promise<number> {
    const { method, rotation } = this.#plan;
    const body = { file: '/fw.bin', method };
    let rotations = 0;
    const given: unknown[] = [];
    for (;;) {
      const state = await this.value('/5/0/3');
      const result = await this.value('/5/0/5');
      given.push([state, result]);
      switch (state) {
        case undefined:
          break;
        case 0:
          if (result === wanted) return rotations;
          this.phase('transfer');
          if (rotation === 'during' && rotations === 0) {
            this.inventory.management.submit(this.record ?? never(), { kind: 'firmware', path: '/5/0', body });
            await this.pass(20 * SECOND * this.#pauses.next());
            rotations = await this.rotate();
          } else await this.ask({ kind: 'firmware', path: '/5/0', body });
          break;
        case 1:
          // What is pushed and was broken off has to be begun anew.
          if (method === 'push') await this.ask({ kind: 'firmware', path: '/5/0', body });
          break;
        case 2:
          if (result === wanted) return rotations;
          this.phase('update');
          await this.ask({ kind: 'execute', path: '/5/0/2' });
          break;
        default:
      }
      await this.pass(10 * SECOND);
    }
  }

  async publish(): Promise<void> {
    const bytes = packageOf(await inventoryApp(this.#plan.method), this.#plan.package ?? 'good');
    const body = (async function* () {
      yield bytes;
    })();
    const key = { operatorId: OPERATOR, scope: 'private', path: '/fw.bin' } as const;
    await this.world.platform.files.put(key, 'application/octet-stream', body);
  }
}

const never = (): never => {
  throw new Error('no device');
};

/** Results of object 5 (OMA LwM2M Core E.6): success, integrity, failed. */
const RESULT: Readonly<Record<Package, number>> = { good: 1, spoilt: 5, dead: 8 };

/** One job under one plan, and what must hold after it. */
export async function updateRun(plan: Plan): Promise<Told> {
  const job = await Job.begin(plan);
  const { world, device, log } = job;
  const kind = plan.package ?? 'good';
  const story = (): string => `${JSON.stringify(plan)}\n${log.join('\n')}`;
  const starts = () => log.filter((line) => line.startsWith('lwm2m-inventory: started'));
  const bootstraps = () => log.filter((line) => line.startsWith('lwm2m: bootstrap from')).length;
  try {
    await job.publish();
    job.phase('bootstrap');
    device.powerOn();
    await job.there();
    const first = bootstraps();
    let rotations = plan.rotation === 'before' ? await job.rotate() : 0;
    rotations += await job.update(RESULT[kind]);
    // Whatever was cut, the account that it has works, and was given to it for a reason.
    device.powerOff();
    await job.pass(SECOND);
    device.powerOn();
    await job.there();
    expect(bootstraps() - first, story()).toBeLessThanOrEqual(rotations);
    const told = bootstraps();
    device.powerOff();
    await job.pass(SECOND);
    device.powerOn();
    await job.there();
    expect(bootstraps(), story()).toBe(told);
    const version = kind === 'good' ? NEW : OLD;
    expect(starts().at(-1), story()).toBe(`lwm2m-inventory: started, version ${version}`);
    expect(await job.value('/3/0/3'), story()).toBe(version);
    expect(await job.value('/5/0/5'), story()).toBe(RESULT[kind]);
    expect(job.record, story()).toMatchObject({ online: true, imsi: SIM.imsi });
    expect(job.inventory.devices.list(OPERATOR).length, story()).toBe(1);
    expect(job.traps.length > 0, story()).toBe(kind === 'dead');
    return {
      ...{ cuts: job.cuts, storeWrites: device.store.writes, flashWrites: device.flash.writes },
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
