// Harvest Data: keeps what devices send, over HTTP (80), TCP and UDP (8514).
//
// entries.ts makes entries of a message, store.ts keeps them, api.ts reads them back for operators. The transports are
// in ../http and ../message.

import type { ServiceRegistry } from '../../cellular/network.js';
import type { Clock } from '../../clock/clock.js';
import { HARVEST_STATUS } from '../choices.js';
import { LimitError } from '../limit-error.js';
import { COST, HARVEST_LIMITS, type HarvestLimits } from '../limits.js';
import { MessageEntry } from '../message/entry.js';
import {
  type DeviceMessage,
  type MessageAnswer,
  type MessageService,
  type Reply,
  type SourceProtocol,
  statusAndBody,
} from '../message/message.js';
import { type Caller, wantOn } from '../caller.js';
import type { RateLimit } from '../rate.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import type { Service, ServiceDefinition } from '../service.js';
import { dataRoutes } from './api.js';
import { soracomHarvest } from './config.js';
import { entriesOf, type HarvestMessage } from './entries.js';
import { DataStore, type Resource } from './store.js';

const NAME = 'harvest.soracom.io';
const MESSAGE_PORT = 8514;

export class Harvest implements Service, MessageService {
  readonly name = 'harvest';
  readonly messages = this;
  readonly store: DataStore;
  readonly #clock: Clock;
  readonly #limits: HarvestLimits;
  readonly #rate: RateLimit;
  readonly #entry: MessageEntry;

  constructor(context: ServiceContext, limits: Partial<HarvestLimits> = {}) {
    const { clock, database, running, rate } = context;
    this.#clock = clock;
    this.#rate = rate;
    this.#limits = { ...HARVEST_LIMITS, ...limits };
    const { retentionDays, quotas } = this.#limits;
    this.store = new DataStore({ database, unixMs: () => clock.unixMs(), running, retentionDays, quotas });
    this.#entry = new MessageEntry(context, this);
  }

  register(registry: ServiceRegistry): void {
    this.#entry.register(registry, [NAME], MESSAGE_PORT);
  }

  close(): void {
    this.#entry.close();
  }

  /** What an Inventory device says by itself is kept as readings, where its group wants it. */
  enabledFor({ group }: Caller, protocol: SourceProtocol): boolean {
    return protocol !== 'device' && soracomHarvest.of(group)?.enabled === true;
  }

  /** 201 without a body once the entries are on the disk. */
  async answer(message: DeviceMessage): Promise<MessageAnswer> {
    const { operatorId, imsi } = message.caller;
    await this.keep({ operatorId, resourceType: 'Subscriber', resourceId: imsi }, message);
    return { status: 201, body: Buffer.alloc(0) };
  }

  /** Keeps what a SIM or a device sent, as its group wants it. Resolves when it is on the disk; rejects with Refusal. */
  async keep(resource: Resource, message: HarvestMessage): Promise<void> {
    const config = soracomHarvest.of(message.caller.group) ?? { enabled: false };
    wantOn(config.enabled, 'Harvest Data', HARVEST_STATUS.Off);
    const entries = entriesOf(message, config, this.#limits);
    // Who sends over a connection waits for each answer. A datagram waits for nothing, and a batch is more work than other messages.
    const write = message.protocol === 'udp' ? COST.write : 0;
    if (!this.#rate.take(resource.resourceId, write + (entries.length - 1) * COST.value)) {
      throw new Refusal(HARVEST_STATUS.TooMuch, 'too many entries in a short time');
    }
    const release = this.#clock.hold();
    try {
      await this.store.addTogether(resource, entries);
    } catch (error) {
      if (error instanceof LimitError) throw new Refusal(HARVEST_STATUS.NoRoom, error.message);
      throw new Refusal(HARVEST_STATUS.NotStored, `not stored (${codeOf(error)})`);
    } finally {
      release();
    }
  }

  reply(answer: MessageAnswer): Reply {
    return { bytes: statusAndBody(answer) };
  }

  framed(caller: Caller): boolean {
    return soracomHarvest.of(caller.group)?.binaryFormatV1 === true;
  }
}

/** SQLITE_FULL, SQLITE_IOERR and the like: no word of the message, which might quote values. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'storage';

export interface HarvestOptions {
  /** Overrides of HARVEST_LIMITS. */
  readonly harvestLimits?: Partial<HarvestLimits>;
}

export const harvest = {
  name: 'harvest',
  namespace: soracomHarvest,
  start: (platform, { harvestLimits }: HarvestOptions) => new Harvest(platform, harvestLimits),
  routes: ({ store }) => dataRoutes(store),
} satisfies ServiceDefinition<Harvest>;
