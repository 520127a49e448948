// Unified Endpoint: one message goes to every service that the caller's group has enabled: Beam, Funnel, Funk, Harvest
// Data. HTTP at port 80, TCP and UDP at 23080, under two names.
//
// The services do their own work (message/message.ts is all that is known of them); response.ts makes one answer of
// theirs.

import type { ServiceRegistry } from '../../cellular/network.js';
import { UNIFIED_STATUS } from '../choices.js';
import { foldedName } from '../http/text.js';
import { MessageEntry } from '../message/entry.js';
import { failure } from '../message/front.js';
import {
  type DeviceMessage,
  type MessageAnswer,
  type MessageService,
  type Reply,
  statusAndBody,
} from '../message/message.js';
import type { Caller } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { Service, ServiceContext } from '../service.js';
import { unifiedEndpoint } from './config.js';
import { unifiedAnswer, type ServiceAnswer, type UnifiedAnswer } from './response.js';

const NAMES = ['uni.soracom.io', 'unified.soracom.io'] as const;
/** In which the documentation lists the services' answers. */
const ORDER = ['beam', 'funnel', 'funk', 'harvest'];
/** Honoured by Harvest Data at its own entry point, not through this one. */
const NOT_PASSED = 'x-soracom-timestamp';

export class Unified implements Service, MessageService {
  readonly name = 'unified';
  readonly #context: ServiceContext;
  readonly #services: readonly MessageService[];
  readonly #entry: MessageEntry;

  constructor(context: ServiceContext, services: readonly MessageService[]) {
    this.#context = context;
    this.#services = [...services].sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
    this.#entry = new MessageEntry(context, this);
  }

  register(registry: ServiceRegistry): void {
    this.#entry.register(registry, NAMES);
  }

  close(): void {
    this.#entry.close();
  }

  enabledFor(): boolean {
    return true;
  }

  framed({ group }: Caller): boolean {
    return unifiedEndpoint.of(group)?.binaryFormatV1 === true;
  }

  /** Waits for all services, whatever becomes of one of them. Throws Refusal when none is enabled. */
  async answer(message: DeviceMessage): Promise<UnifiedAnswer> {
    const { caller, protocol, target } = message;
    const enabled = this.#services.filter((service) => service.enabledFor(caller, protocol, target));
    if (enabled.length === 0) throw new Refusal(UNIFIED_STATUS.NoService, 'no service is enabled for the group');
    const headers = message.headers.filter(([name]) => foldedName(name) !== NOT_PASSED);
    const copy: DeviceMessage = { ...message, headers, unified: true };
    const answers = await Promise.all(
      enabled.map(async (service): Promise<ServiceAnswer> => ({ service, answer: await this.#ask(service, copy) })),
    );
    return unifiedAnswer(answers, unifiedEndpoint.of(caller.group)?.response ?? {});
  }

  reply(answer: UnifiedAnswer, message: DeviceMessage | undefined): Reply {
    if (answer.object !== undefined) return { bytes: Buffer.from(answer.object) };
    if (answer.by === undefined || message === undefined) return { bytes: statusAndBody(answer) };
    return answer.by.reply(answer, { ...message, unified: true });
  }

  /** Never rejects. */
  async #ask(service: MessageService, message: DeviceMessage): Promise<MessageAnswer> {
    try {
      return await service.answer(message);
    } catch (error) {
      return failure(this.#context, service.name, message.id, message.session, error);
    }
  }
}
