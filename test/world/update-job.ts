// An operator who does not give up, and a device with the example lwm2m-inventory in a whole world: board, modem, home network, Inventory.
// What goes wrong meanwhile is for who uses this.
import binaryen from 'binaryen';
import {
  type Device,
  type FirmwareFlash,
  firmwarePackage,
  HOUR,
  loadSimProfile,
  MINUTE,
  SECOND,
  type TraceEvent,
  World,
  type WorldConfig,
} from '../../host/index.js';
import { Random } from '../../host/random.js';
import { inventoryApp } from './inventory-app.js';

export const SIM = loadSimProfile('examples/profiles/soracom-demo.json');
export const OPERATOR = 'OP0012345678';
export const OLD = '1.0.0';
/** Its last character is the old one's: other literals of the binary may be the end of this text. */
export const NEW = '1.1.0';
/** The longest that an operator in this world has patience with a run. */
const PATIENCE = 48 * HOUR;

export const METHODS = ['push', 'pull', 'pull-coap'] as const;
export type Method = (typeof METHODS)[number];
/** What the package holds: the app as another version, one whose bytes were changed, one that does not come up. */
export type Package = 'good' | 'spoilt' | 'dead';

/** A part of the job. */
export type Phase = 'bootstrap' | 'rotation' | 'transfer' | 'update';

export interface JobOptions extends Pick<WorldConfig, 'dtlsLimits'> {
  readonly seed: string;
  readonly method: Method;
  readonly package?: Package;
  readonly flash?: FirmwareFlash;
  /** When the operator wants another key: before the update, or when the image is on its way. */
  readonly rotation?: 'before' | 'during' | 'never';
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

/** Results of object 5 (OMA LwM2M Core E.6): success, integrity, failed. */
export const RESULT: Readonly<Record<Package, number>> = { good: 1, spoilt: 5, dead: 8 };

export class Job {
  readonly log: string[] = [];
  readonly traps: string[] = [];
  /** What object 5 said, time after time: state and result. */
  readonly given: (readonly [unknown, unknown])[] = [];
  /** Called once for each part of the job, when it begins. */
  onPhase: ((phase: Phase) => void) | undefined;
  readonly #phases = new Set<Phase>();
  #isNews = false;
  readonly #random: Random;
  readonly #options: JobOptions;

  private constructor(
    readonly world: World,
    readonly device: Device,
    options: JobOptions,
  ) {
    this.#options = options;
    this.#random = new Random(`${options.seed} operator`);
    world.trace.listen((event) => this.#note(event));
  }

  static async begin(options: JobOptions): Promise<Job> {
    const { seed, method, dtlsLimits, flash } = options;
    const world = await World.create({
      seed,
      subscribers: [{ profile: SIM, group: 'meters' }],
      platform: { groups: { meters: { configuration: { SoracomInventory: { enabled: true, lifetime: 300 } } } } },
      ...(dtlsLimits && { dtlsLimits }),
    });
    const app = await inventoryApp(method);
    const sensors = { analog: () => 715 };
    const device = world.device({ name: 'sensor', app, sim: SIM, sensors, ...(flash && { flash }) });
    const job = new Job(world, device, options);
    await job.#publish();
    return job;
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

  phase(name: Phase): void {
    if (this.#phases.has(name)) return;
    this.#phases.add(name);
    this.onPhase?.(name);
  }

  /** How often the device has asked for a bootstrap. */
  get bootstraps(): number {
    return this.log.filter((line) => line.startsWith('lwm2m: bootstrap from')).length;
  }

  /** Which image was started last. */
  get running(): string | undefined {
    return /version (.+)$/.exec(this.log.findLast((line) => line.startsWith('lwm2m-inventory: started')) ?? '')?.[1];
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
    const { method, rotation } = this.#options;
    const body = { file: '/fw.bin', method };
    let rotations = 0;
    for (;;) {
      const state = await this.value('/5/0/3');
      const result = await this.value('/5/0/5');
      this.given.push([state, result]);
      switch (state) {
        case undefined:
          break;
        case 0:
          if (result === wanted) return rotations;
          this.phase('transfer');
          if (rotation === 'during' && rotations === 0) {
            this.inventory.management.submit(this.record ?? never(), { kind: 'firmware', path: '/5/0', body });
            await this.pass(20 * SECOND * this.#random.next());
            rotations = await this.rotate();
          } else await this.ask({ kind: 'firmware', path: '/5/0', body });
          break;
        case 1:
          // What is pushed and was broken off has to be started again.
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

  async #publish(): Promise<void> {
    const bytes = packageOf(await inventoryApp(this.#options.method), this.#options.package ?? 'good');
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
