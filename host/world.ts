// A world from one configuration: the home network and its subscribers, the platform, customers' servers, and devices
// with their SIMs. This is the host's public face; everything in it can be reached and made to fail.

import type { Sensors } from './board/sensors.js';
import { Board } from './board/board.js';
import { FirmwareFlash } from './board/firmware.js';
import { SerialLine, type UartDelivery } from './board/serial.js';
import { MemoryStore } from './board/store.js';
import { HomeNetwork, type Impairments, MemorySubscribers, type SubscriberStore } from './cellular/index.js';
import type { Clock, Nanoseconds } from './clock/clock.js';
import { RealClock } from './clock/real.js';
import { VirtualClock } from './clock/virtual.js';
import type { CertificateAuthority, Clouds, CloudServer, CustomerServer } from './cloud/index.js';
import { Baseband } from './modem/baseband/index.js';
import { DataCard, Modem } from './modem/index.js';
import { makeOutside, type Outside, type OutsideConfig } from './outside.js';
import { releaseBinary } from './package-root.js';
import {
  type Database,
  Platform,
  type PlatformConfig,
  type PlatformOptions,
  type Seal,
  storageFaultOf,
} from './platform/index.js';
import { FrontStatus } from './platform/choices.js';
import { Random } from './random.js';
import { CardSlot, type SimCard, type SimProfile, Terminal, personalise } from './sim/index.js';
import { Trace } from './trace/trace.js';

export type { CustomerConfig } from './outside.js';

/** A virtual world begins at this moment unless told otherwise. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** A subscriber of the home network: what HSS and platform know, whatever card a device then holds. */
export interface SubscriberConfig {
  readonly profile: SimProfile;
  /** Id of the platform group, a key of `platform.groups`. */
  readonly group?: string;
  /** Tags of the subscriber at the platform. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface WorldConfig extends OutsideConfig {
  /** Virtual unless given: time jumps, nothing sleeps. Real: a person watches. */
  readonly clock?: 'virtual' | 'real';
  /** Fixes every random choice. A real clock without one gets a fresh seed. */
  readonly seed?: string;
  /** UNIX milliseconds at which a virtual world begins. */
  readonly epochMs?: number;
  /** For tests of the host itself: see VirtualClock. */
  readonly alwaysSettle?: boolean;
  /** How characters of the devices' serial lines arrive; `blocks` unless given. */
  readonly uart?: UartDelivery;
  readonly subscribers?: readonly SubscriberConfig[];
  readonly platform?: Omit<PlatformConfig, 'subscribers'>;
  /** Where Inventory sends bootstrapped devices; to the platform's own name for it unless given. */
  readonly inventoryUri?: string;
  /** Overrides of DTLS_LIMITS for Inventory's device management server. */
  readonly dtlsLimits?: PlatformOptions['dtlsLimits'];
  /** Where the platform keeps what has to outlive the world; in memory unless given. The world closes it, also when it cannot be made. */
  readonly storage?: { readonly database: Database; readonly seal: Seal; readonly filesFolder?: string };
  readonly network?: {
    /** The address of a subscriber's session; chance decides for whom it says nothing. */
    readonly addressOf?: (imsi: string) => string | undefined;
    /** Where the home network keeps the subscribers' SQN; in memory unless given. */
    readonly keep?: (subscribers: MemorySubscribers) => SubscriberStore;
  };
}

export interface DeviceConfig {
  readonly name: string;
  /** The app: a device binary. */
  readonly app: Uint8Array | WebAssembly.Module;
  /** The card in its slot; absent: the slot is empty. */
  readonly sim?: SimProfile | SimCard;
  /** 15 digits. */
  readonly imei?: string;
  /** Model of its modem: one of MODEM_MODELS, the first of them unless given. */
  readonly modem?: string;
  readonly sensors?: Sensors;
  /** The board's non-volatile memory; a new one unless given. */
  readonly store?: MemoryStore;
  /** Where its board keeps images of firmware updates; a new one unless given. */
  readonly flash?: FirmwareFlash;
}

export interface DataCardConfig {
  readonly name: string;
  readonly sim: SimProfile | SimCard;
  /** 15 digits. */
  readonly imei?: string;
  /** Called after every change of the card's session. */
  readonly onChange?: () => void;
}

const IMEI = '860000012345678';

/** A board with its app, wired to a modem with a card slot. */
export class Device {
  readonly name: string;
  readonly store: MemoryStore;
  readonly flash: FirmwareFlash;
  readonly line: SerialLine;
  readonly slot: CardSlot;
  readonly modem: Modem;
  readonly board: Board;
  /** What goes wrong between this device and the network, on top of `world.network.impairments`. */
  readonly impairments: Impairments;

  constructor(world: World, config: DeviceConfig) {
    const { clock } = world;
    const trace = world.trace.of(config.name);
    const random = world.random.fork(`device ${config.name}`);
    this.name = config.name;
    this.store = config.store ?? new MemoryStore();
    this.flash = config.flash ?? new FirmwareFlash();
    this.line = new SerialLine(clock, world.uart);
    const { slot, reader, radio, impairments } = mobileEnd(world, trace, random, config);
    this.slot = slot;
    this.impairments = impairments;
    this.modem = new Modem({
      ...{ clock, trace, reader, radio },
      serial: this.line.far,
      imei: config.imei ?? IMEI,
      ...(config.modem !== undefined && { model: config.modem }),
      files: { 'cacert.pem': world.authority.certificate },
    });
    this.board = new Board({
      name: config.name,
      module: config.app,
      clock,
      trace,
      random: random.fork('board'),
      store: this.store,
      flash: this.flash,
      uarts: [this.line.near],
      ...(config.sensors && { sensors: config.sensors }),
    });
  }

  /** Board and modem have one supply. */
  powerOn(): void {
    this.modem.powerOn();
    this.board.powerOn();
  }

  powerOff(): void {
    this.board.powerOff();
    this.modem.powerOff();
  }
}

/** A card in its slot, and the radio: what every modem has. */
function mobileEnd(
  { clock, network, uart }: World,
  trace: Trace,
  random: Random,
  { name, sim }: Pick<DeviceConfig, 'name' | 'sim'>,
): { slot: CardSlot; reader: Terminal; radio: Baseband; impairments: Impairments } {
  const slot = new CardSlot({ clock, trace, random: random.fork('card'), delivery: uart });
  if (sim !== undefined) slot.insert('module' in sim ? sim : makeCard(sim));
  const air = network.attachPoint(name);
  const radio = new Baseband({ clock, trace, random: random.fork('baseband'), air });
  return { slot, reader: new Terminal({ slot, clock, trace }), radio, impairments: air.impairments };
}

/** A card with this profile, fresh from the factory. */
export function makeCard(profile: SimProfile): SimCard {
  return { module: releaseBinary('sim'), store: new MemoryStore({ values: personalise(profile) }) };
}

export class World {
  readonly seed: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  readonly uart: UartDelivery;
  readonly network: HomeNetwork;
  readonly platform: Platform;
  /** Vouches for the platform's and the customers' servers; the modems have its certificate as `cacert.pem`. */
  readonly authority: CertificateAuthority;
  /** By host name. */
  readonly customers: ReadonlyMap<string, CustomerServer>;
  readonly clouds: Clouds;
  /**
   * Where a program on this computer finds the platform's public keys, on a real clock: `${keyOrigin}/soracom-public-keys/KID`.
   * Inside the world they are where the platform publishes them.
   */
  readonly keyOrigin: string | undefined;
  readonly #servers: readonly CloudServer[];
  readonly #devices = new Map<string, Device>();
  readonly #dataCards = new Map<string, DataCard>();
  /** Which device holds the SIM of which IMSI, for the platform's trace. */
  readonly #holders = new Map<string, string>();

  private constructor(config: WorldConfig, clock: Clock, random: Random, trace: Trace, parts: Outside) {
    this.seed = random.seed;
    this.clock = clock;
    this.trace = trace;
    this.random = random;
    this.uart = config.uart ?? 'blocks';
    this.authority = parts.authority;
    this.customers = parts.customers;
    this.clouds = parts.clouds;
    this.keyOrigin = parts.keyOrigin;
    this.#servers = parts.servers;
    const subscribers = config.subscribers ?? [];
    const known = new MemorySubscribers(subscribers.map(({ profile }) => profile));
    this.network = new HomeNetwork({
      clock,
      trace: this.trace,
      random: this.random.fork('network'),
      subscribers: config.network?.keep?.(known) ?? known,
      admit: (imsi) => this.platform.admit(imsi),
      ...(config.network?.addressOf && { addressOf: config.network.addressOf }),
      simulatedTls: parts.simulatedTls,
    });
    this.platform = new Platform({
      clock,
      trace: this.trace,
      random: this.random.fork('platform'),
      config: {
        ...config.platform,
        subscribers: subscribers.map(({ profile: { imsi, iccid, simId, msisdn }, group, tags }) => ({
          imsi,
          iccid,
          simId,
          ...(msisdn !== '' && { msisdn }),
          ...(group !== undefined && { groupId: group }),
          ...(tags !== undefined && { tags }),
        })),
      },
      upstream: parts.upstream,
      certificates: (names) => parts.authority.issue(names),
      awsKey: parts.awsKey,
      simulatedTls: parts.simulatedTls,
      ...config.storage,
      ...(config.inventoryUri !== undefined && { inventoryUri: config.inventoryUri }),
      dtlsLimits: config.dtlsLimits,
      deviceOf: (imsi) => this.#holders.get(imsi),
      sessionOf: (imsi) => this.network.sessionByImsi(imsi),
    });
    this.platform.register(this.network);
  }

  /** Rejects with PlatformConfigError for a configuration that cannot be; its message names the field. Nothing is left open then. */
  static async create(config: WorldConfig = {}): Promise<World> {
    const { epochMs = EPOCH_MS, alwaysSettle = false, tls = 'real' } = config;
    const takes = (error: unknown): boolean => tellStorageFault(trace, error);
    const clock = config.clock === 'real' ? new RealClock(takes) : new VirtualClock(epochMs, { alwaysSettle, tls });
    const trace = new Trace(clock);
    const random = new Random(config.seed ?? (clock.kind === 'real' ? Random.freshSeed() : '1'));
    const servers: CloudServer[] = [];
    try {
      const parts = await makeOutside(config, { clock, random, trace, servers });
      const world = new World(config, clock, random, trace, parts);
      parts.publish(world.platform);
      return world;
    } catch (error) {
      config.storage?.database.close();
      await closeAll(servers, clock);
      throw error;
    }
  }

  /** Runs work that nobody waits for: a storage fault in it is told in the trace, and the world goes on. */
  guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!tellStorageFault(this.trace, error)) throw error;
    }
  }

  get devices(): ReadonlyMap<string, Device> {
    return this.#devices;
  }

  /** Adds a device, switched off. Throws ModuleError for an app that no board can run, RangeError for a modem that is not known. */
  device(config: DeviceConfig): Device {
    if (this.#devices.has(config.name)) throw new Error(`there is a device "${config.name}" already`);
    const device = new Device(this, config);
    this.#devices.set(config.name, device);
    this.#hold(config);
    return device;
  }

  /** Adds a SIM in a computer, switched off: a session without a board and its firmware. */
  dataCard(config: DataCardConfig): DataCard {
    if (this.#dataCards.has(config.name)) throw new Error(`there is a data card "${config.name}" already`);
    const trace = this.trace.of(config.name);
    const { reader, radio } = mobileEnd(this, trace, this.random.fork(`data card ${config.name}`), config);
    const { imei = IMEI, onChange } = config;
    const card = new DataCard({ clock: this.clock, trace, reader, radio, imei, ...(onChange && { onChange }) });
    this.#dataCards.set(config.name, card);
    this.#hold(config);
    return card;
  }

  #hold({ name, sim }: Pick<DeviceConfig, 'name' | 'sim'>): void {
    if (sim !== undefined && 'imsi' in sim) this.#holders.set(sim.imsi, name);
  }

  /**
   * Lets time pass until `until` says true (asked after every event) or `for` has passed. Resolves to whether `until`
   * was met.
   */
  async run(options: { for: Nanoseconds; until?: () => boolean }): Promise<boolean> {
    const deadline = this.clock.now() + options.for;
    if (this.clock instanceof VirtualClock) {
      const until = options.until && { until: options.until };
      return (await this.clock.run({ deadline, ...until })) === 'until';
    }
    while (this.clock.now() < deadline) {
      if (options.until?.()) return true;
      await this.clock.sleep(POLL);
    }
    return options.until?.() ?? false;
  }

  /** Switches everything off. */
  async close(): Promise<void> {
    for (const device of [...this.#devices.values(), ...this.#dataCards.values()]) device.powerOff();
    this.platform.close();
    await closeAll(this.#servers, this.clock);
  }
}

async function closeAll(servers: readonly CloudServer[], clock: Clock): Promise<void> {
  await Promise.all(servers.map((server) => server.close()));
  if (clock instanceof RealClock) clock.close();
}

/** Whether it is one. */
function tellStorageFault(trace: Trace, error: unknown): boolean {
  const reason = storageFaultOf(error);
  if (reason === undefined) return false;
  const { StorageFault: status } = FrontStatus;
  trace.emit({ type: 'service', service: 'platform', event: 'storage-fault', id: 0, status, reason, imsi: '' });
  return true;
}

/** How often `World.run` asks on a real clock. */
const POLL = 20_000_000;
