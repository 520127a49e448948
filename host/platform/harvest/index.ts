// Harvest Data: keeps what devices send, over HTTP (80), TCP and UDP (8514).
//
// entries.ts makes entries of a message, store.ts keeps them, api.ts reads them back for operators. The transports are
// the affair of ../http and ../message.

import type { ServiceRegistry } from '../../cellular/network.js';
import { HARVEST_STATUS } from '../choices.js';
import { HARVEST_LIMITS, type HarvestLimits } from '../limits.js';
import { MessageEntry } from '../message/entry.js';
import {
  type DeviceMessage,
  type MessageAnswer,
  type MessageService,
  type Reply,
  statusAndBody,
} from '../message/message.js';
import { type Caller, wantOn } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { Service, ServiceContext } from '../service.js';
import { entriesOf, type HarvestMessage } from './entries.js';
import { DataStore, type Resource } from './store.js';

const NAME = 'harvest.soracom.io';
const MESSAGE_PORT = 8514;

export class Harvest implements Service, MessageService {
  readonly name = 'harvest';
  readonly store: DataStore;
  readonly #limits: HarvestLimits;
  readonly #entry: MessageEntry;

  constructor(context: ServiceContext, limits: Partial<HarvestLimits> = {}) {
    const { clock, database, running } = context;
    this.#limits = { ...HARVEST_LIMITS, ...limits };
    const { retentionDays } = this.#limits;
    this.store = new DataStore({ database, unixMs: () => clock.unixMs(), running, retentionDays });
    this.#entry = new MessageEntry(context, this);
  }

  register(registry: ServiceRegistry): void {
    this.#entry.register(registry, [NAME], MESSAGE_PORT);
  }

  close(): void {
    this.#entry.close();
  }

  enabledFor({ group }: Caller): boolean {
    return group.configuration.SoracomHarvest?.enabled === true;
  }

  /** 201 without a body once the entries are on the disk. */
  async answer(message: DeviceMessage): Promise<MessageAnswer> {
    const { operatorId, imsi } = message.caller;
    this.keep({ operatorId, resourceType: 'Subscriber', resourceId: imsi }, message);
    return { status: 201, body: Buffer.alloc(0) };
  }

  /** Keeps what a SIM or a device sent, as its group wants it; it is on the disk then. Throws Refusal. */
  keep(resource: Resource, message: HarvestMessage): void {
    const config = message.caller.group.configuration.SoracomHarvest ?? { enabled: false };
    wantOn(config.enabled, 'Harvest Data', HARVEST_STATUS.Off);
    const entries = entriesOf(message, config, this.#limits);
    try {
      this.store.add(resource, entries);
    } catch (error) {
      throw new Refusal(HARVEST_STATUS.NotStored, `not stored (${codeOf(error)})`);
    }
  }

  reply(answer: MessageAnswer): Reply {
    return { bytes: statusAndBody(answer) };
  }

  framed(caller: Caller): boolean {
    return caller.group.configuration.SoracomHarvest?.binaryFormatV1 === true;
  }
}

/** SQLITE_FULL, SQLITE_IOERR and the like: no word of the message, which might quote values. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'storage';
