// The world as a server: what a real network would route from each SIM's session to the platform, programs on this
// computer send from the session's own loopback address. Each SIM of the configuration attaches for real, its card
// against the home network, and keeps its session as long as the world runs.
// Operators call the management API at an address of its own, from any address; so do devices with a key of Inventory.
//   config.ts     the file;  attach.ts  SIMs, a part of them at a time;  folder.ts, layout.ts, lock.ts, keeping.ts  what outlives the process;  loopback.ts  the entry points
// Not here: the command and what it prints (host/cli/commands/serve.ts).

import type { Session } from '../cellular/network.js';
import type { DataCard } from '../modem/index.js';
import { releaseBinary } from '../package-root.js';
import type { TraceSink } from '../trace/trace.js';
import { makeCard, World } from '../world.js';
import { attachAll } from './attach.js';
import type { ServeConfig, ServedSim } from './config.js';
import type { DataFolder } from './folder.js';
import { addressOf, KeptSubscribers } from './keeping.js';
import { type EntryPoint, Loopback, outsideOf, PORT_OFFSET } from './loopback.js';

export { loadServeConfig, type ServeConfig, type ServedSim } from './config.js';
export { DataFolder, FolderError } from './folder.js';
export { type EntryPoint, LoopbackError, PORT_OFFSET } from './loopback.js';

export interface ServeOptions {
  readonly config: ServeConfig;
  /** Absent: nothing outlives the process. `close`, and a start that fails, close it. */
  readonly folder?: DataFolder;
  readonly seed?: string;
  /** Second byte of the platform's addresses; 127 unless given. */
  readonly block?: number;
  /** Somebody called whose address has no session. */
  readonly refused?: (from: string, to: EntryPoint) => void;
  /** Gets every event of the world. */
  readonly sink?: TraceSink;
  /** Aborted: `start` no longer waits for SIMs to attach. */
  readonly signal?: AbortSignal;
  /** Told as SIMs attach: how many have a session, or cannot have one, of how many. */
  readonly progress?: (done: number, all: number) => void;
}

/** Where operators call: the first address of the world's block, plain HTTP. */
export interface ApiPoint {
  readonly host: string;
  readonly port: number;
}

export interface ServedSession {
  readonly imsi: string;
  readonly group: string | undefined;
  readonly session: Session | undefined;
  /** Why there is no session. */
  readonly fault: string | undefined;
}

/** Of the device management server, which devices reach from any network with their key. */
const DEVICES_PORT = 5684;

/** As for any service at port 80. */
const API_PORT = 80 + PORT_OFFSET;

export class Serve {
  readonly world: World;
  readonly #loopback: Loopback;
  readonly #sims: readonly (ServedSim & { readonly card: DataCard })[];

  readonly #folder: DataFolder | undefined;

  private constructor(
    world: World,
    loopback: Loopback,
    sims: readonly (ServedSim & { readonly card: DataCard })[],
    folder: DataFolder | undefined,
  ) {
    this.world = world;
    this.#loopback = loopback;
    this.#sims = sims;
    this.#folder = folder;
  }

  /** Resolves when the entry points listen and the SIMs that are to be online are, or cannot be. */
  static async start(options: ServeOptions): Promise<Serve> {
    try {
      return await Serve.#start(options);
    } catch (error) {
      options.folder?.close();
      throw error;
    }
  }

  static async #start(options: ServeOptions): Promise<Serve> {
    const { config, folder, seed, block, refused = () => undefined, sink } = options;
    const memory = new Map<string, string>();
    const address = (imsi: string): string => {
      if (folder !== undefined) return addressOf(folder.database, imsi);
      const found = memory.get(imsi) ?? `127.64.${((memory.size + 1) >> 8) & 0xff}.${(memory.size + 1) & 0xff}`;
      memory.set(imsi, found);
      return found;
    };
    // In the order of the file, whichever SIM attaches first.
    for (const { profile } of config.sims) address(profile.imsi);
    const world = await World.create({
      clock: 'real',
      ...(seed !== undefined && { seed }),
      subscribers: config.sims.map(({ profile, group, tags }) => ({
        profile,
        ...(group !== undefined && { group }),
        ...(tags && { tags }),
      })),
      platform: config.platform,
      inventoryUri: `coaps://${outsideOf(block)}:${DEVICES_PORT}`,
      customers: config.customers,
      ...(config.clouds && { clouds: config.clouds }),
      upstream: config.upstream,
      ...(folder && { storage: { database: folder.database, seal: folder.seal, filesFolder: folder.files } }),
      network: {
        addressOf: address,
        ...(folder && { keep: (subscribers) => new KeptSubscribers(folder.database, subscribers) }),
      },
    });
    const { network, platform } = world;
    const loopback = new Loopback({
      registry: network,
      sessionByIp: (ip) => network.sessionByIp(ip),
      refused,
      guard: (work) => world.guarded(work),
      ...(block !== undefined && { block }),
    });
    if (sink) world.trace.listen(sink);
    network.onSessionClosed = (ip) => loopback.sessionClosed(ip);
    const sims: (ServedSim & { readonly card: DataCard })[] = [];
    const serve = new Serve(world, loopback, sims, folder);
    try {
      for (const sim of config.sims) sims.push({ ...sim, card: cardOf(world, sim, folder) });
      platform.register(loopback);
      await loopback.open();
      await loopback.openOutside('management API', API_PORT, (stream, from) => platform.api.accept(stream, from));
      const send = await loopback.bindOutside('device management', DEVICES_PORT, (bytes, from, reply) =>
        platform.inventory.fromAnywhere(bytes, { key: from, send: reply }),
      );
      platform.inventory.reachOut(send);
      await folder?.unlock(platform.accounts);
    } catch (error) {
      await serve.close();
      throw error;
    }
    const online = sims.filter((sim) => sim.online).map(({ card }) => card);
    await attachAll(online, { clock: world.clock, signal: options.signal, progress: options.progress });
    return serve;
  }

  get entryPoints(): readonly EntryPoint[] {
    return this.#loopback.entryPoints;
  }

  get api(): ApiPoint {
    return { host: this.#loopback.outside, port: API_PORT };
  }

  /** Where devices register with the key that their bootstrap gave them. */
  get devices(): ApiPoint {
    return { host: this.#loopback.outside, port: DEVICES_PORT };
  }

  get sessions(): readonly ServedSession[] {
    return this.#sims.map(({ profile: { imsi }, group, card }) => ({
      ...{ imsi, group, session: card.session, fault: card.fault },
    }));
  }

  /** Detaches all SIMs, lets go of all connections, and closes what is kept. */
  async close(): Promise<void> {
    await this.#loopback.close();
    await Promise.all(this.#sims.map(({ card }) => card.detach()));
    await this.world.close();
    this.#folder?.close();
  }
}

function cardOf(world: World, { profile, imei }: ServedSim, folder: DataFolder | undefined): DataCard {
  const sim = folder ? { module: releaseBinary('sim'), store: folder.card(profile) } : makeCard(profile);
  const card = world.dataCard({ name: profile.imsi, sim, ...(imei !== undefined && { imei }) });
  return card;
}
