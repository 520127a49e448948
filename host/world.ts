// A world from one configuration: the home network and its subscribers, the platform, customers' servers, and devices
// with their SIMs. This is the host's public face; everything in it can be reached and made to fail.

import type { Sensors } from './board/sensors.js';
import { Board } from './board/board.js';
import { SerialLine } from './board/serial.js';
import { MemoryStore } from './board/store.js';
import { HomeNetwork, type Impairments, MemorySubscribers } from './cellular/index.js';
import type { Clock, Nanoseconds } from './clock/clock.js';
import { RealClock } from './clock/real.js';
import { VirtualClock } from './clock/virtual.js';
import {
  CertificateAuthority,
  CustomerServer,
  type CustomerServerOptions,
  InProcessUpstream,
  SocketUpstream,
} from './cloud/index.js';
import { Baseband } from './modem/baseband/index.js';
import { Modem } from './modem/index.js';
import { releaseBinary } from './package-root.js';
import { Platform, type PlatformConfig } from './platform/index.js';
import { Random } from './random.js';
import { Secret } from './secret.js';
import { CardSlot, type SimCard, type SimProfile, Terminal, personalise } from './sim/index.js';
import { Trace } from './trace/trace.js';

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

/** A customer's HTTPS server, with a certificate of the world's own authority, which the platform trusts. */
export interface CustomerConfig {
  readonly host: string;
  /** 443 unless given. On a real clock the server listens on a free loopback port behind this name. */
  readonly port?: number;
  /** The key of Beam's signature, as the customer was told it. */
  readonly psk: string;
  /** What the customer's application finds wrong with a signed request, if anything; it then answers 422. */
  readonly check?: CustomerServerOptions['check'];
}

export interface WorldConfig {
  /** Virtual unless given: time jumps, nothing sleeps. Real: a person watches. */
  readonly clock?: 'virtual' | 'real';
  /** Fixes every random choice. A real clock without one gets a fresh seed. */
  readonly seed?: string;
  /** UNIX milliseconds at which a virtual world begins. */
  readonly epochMs?: number;
  /** For tests of the host itself: see VirtualClock. */
  readonly alwaysSettle?: boolean;
  readonly subscribers?: readonly SubscriberConfig[];
  readonly platform?: Omit<PlatformConfig, 'subscribers'>;
  readonly customers?: readonly CustomerConfig[];
}

export interface DeviceConfig {
  readonly name: string;
  /** The app: a device binary. */
  readonly app: Uint8Array | WebAssembly.Module;
  /** The card in its slot; absent: the slot is empty. */
  readonly sim?: SimProfile | SimCard;
  /** 15 digits. */
  readonly imei?: string;
  readonly sensors?: Sensors;
  /** The board's non-volatile memory; a new one unless given. */
  readonly store?: MemoryStore;
}

const IMEI = '860000012345678';

/** A board with its app, wired to a modem with a card slot. */
export class Device {
  readonly name: string;
  readonly store: MemoryStore;
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
    this.line = new SerialLine(clock);
    this.slot = new CardSlot({ clock, trace, random: random.fork('card') });
    if (config.sim !== undefined) this.slot.insert('module' in config.sim ? config.sim : makeCard(config.sim));
    const air = world.network.attachPoint(config.name);
    this.impairments = air.impairments;
    this.modem = new Modem({
      clock,
      trace,
      serial: this.line.far,
      reader: new Terminal({ slot: this.slot, clock, trace }),
      radio: new Baseband({
        clock,
        trace,
        random: random.fork('baseband'),
        air,
      }),
      imei: config.imei ?? IMEI,
      files: { 'cacert.pem': world.authority.certificate },
    });
    this.board = new Board({
      name: config.name,
      module: config.app,
      clock,
      trace,
      random: random.fork('board'),
      store: this.store,
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

/** A card with this profile, fresh from the factory. */
export function makeCard(profile: SimProfile): SimCard {
  return { module: releaseBinary('sim'), store: new MemoryStore({ values: personalise(profile) }) };
}

export class World {
  readonly seed: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  readonly network: HomeNetwork;
  readonly platform: Platform;
  /** Vouches for the platform's and the customers' servers; the modems have its certificate as `cacert.pem`. */
  readonly authority: CertificateAuthority;
  /** By host name. */
  readonly customers: ReadonlyMap<string, CustomerServer>;
  readonly #devices = new Map<string, Device>();
  /** Which device holds the SIM of which IMSI, for the platform's trace. */
  readonly #holders = new Map<string, string>();

  private constructor(config: WorldConfig, clock: Clock, parts: Cloud) {
    this.seed = config.seed ?? (clock.kind === 'real' ? Random.freshSeed() : '1');
    this.clock = clock;
    this.trace = parts.trace;
    this.random = new Random(this.seed);
    this.authority = parts.authority;
    this.customers = parts.customers;
    const subscribers = config.subscribers ?? [];
    this.network = new HomeNetwork({
      clock,
      trace: this.trace,
      random: this.random.fork('network'),
      subscribers: new MemorySubscribers(subscribers.map(({ profile }) => profile)),
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
          msisdn,
          ...(group !== undefined && { groupId: group }),
          ...(tags !== undefined && { tags }),
        })),
      },
      upstream: parts.upstream,
      certificates: (names) => parts.authority.issue(names),
      deviceOf: (imsi) => this.#holders.get(imsi),
      sessionOf: (imsi) => this.network.sessionByImsi(imsi),
    });
    this.platform.register(this.network);
  }

  /** Throws PlatformConfigError for a configuration that cannot be; its message names the field. */
  static async create(config: WorldConfig = {}): Promise<World> {
    const { epochMs = EPOCH_MS, alwaysSettle = false } = config;
    const clock = config.clock === 'real' ? new RealClock() : new VirtualClock(epochMs, { alwaysSettle });
    return new World(config, clock, await makeCloud(config.customers ?? [], clock));
  }

  get devices(): ReadonlyMap<string, Device> {
    return this.#devices;
  }

  /** Adds a device, switched off. Throws ModuleError for an app that no board can run. */
  device(config: DeviceConfig): Device {
    if (this.#devices.has(config.name)) throw new Error(`there is a device "${config.name}" already`);
    const device = new Device(this, config);
    this.#devices.set(config.name, device);
    if (config.sim !== undefined && 'imsi' in config.sim) this.#holders.set(config.sim.imsi, config.name);
    return device;
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
    for (const device of this.#devices.values()) device.powerOff();
    this.platform.close();
    await Promise.all([...this.customers.values()].map((server) => server.close()));
    if (this.clock instanceof RealClock) this.clock.close();
  }
}

/** How often `World.run` asks on a real clock. */
const POLL = 20_000_000;

interface Cloud {
  readonly trace: Trace;
  readonly authority: CertificateAuthority;
  readonly customers: ReadonlyMap<string, CustomerServer>;
  readonly upstream: InProcessUpstream | SocketUpstream;
}

async function makeCloud(configs: readonly CustomerConfig[], clock: Clock): Promise<Cloud> {
  const trace = new Trace(clock);
  const authority = await CertificateAuthority.create();
  const trustedCas = [authority.certificate];
  const customers = new Map<string, CustomerServer>();
  const hosts: Record<string, { host: string; port: number }> = {};
  const inProcess = new InProcessUpstream({ clock, trustedCas });
  for (const { host, port = 443, psk, check } of configs) {
    const certificate = await authority.issue([host]);
    const server = new CustomerServer({
      clock,
      trace,
      psk: new Secret(Buffer.from(psk)),
      certificate,
      ...(check && { check }),
    });
    customers.set(host, server);
    if (clock.kind === 'real') {
      hosts[`${host}:${port}`] = { host: '127.0.0.1', port: await server.listen() };
    } else {
      inProcess.serve(host, port, (stream) => server.accept(stream));
    }
  }
  const upstream = clock.kind === 'real' ? new SocketUpstream({ clock, hosts, trustedCas }) : inProcess;
  return { trace, authority, customers, upstream };
}
