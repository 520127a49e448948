// Unified Endpoint: one message goes to every service that takes messages and that the caller's group has enabled. HTTP at port 80, TCP and UDP at 23080, under two names.
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
import type { ServiceContext } from '../context.js';
import type { Service, ServiceDefinition } from '../service.js';
import { type MessageTaker, unifiedEndpoint } from './config.js';
import { unifiedAnswer, type ServiceAnswer, type UnifiedAnswer } from './response.js';

const NAMES = ['uni.soracom.io', 'unified.soracom.io'] as const;
/** Honoured by Harvest Data at its own entry point, not through this one. */
const NOT_PASSED = 'x-soracom-timestamp';

export class Unified implements Service, MessageService {
  readonly name = 'unified';
  readonly #context: ServiceContext;
  readonly #namespace: ReturnType<typeof unifiedEndpoint>;
  readonly #services: readonly MessageService[];
  readonly #entry: MessageEntry;

  /** `order`: names of services, in which their answers are listed. */
  constructor(
    context: ServiceContext,
    services: readonly MessageService[],
    { namespace, order }: { readonly namespace: ReturnType<typeof unifiedEndpoint>; readonly order: readonly string[] },
  ) {
    this.#context = context;
    this.#namespace = namespace;
    this.#services = [...services].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
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
    return this.#namespace.of(group)?.binaryFormatV1 === true;
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
    return unifiedAnswer(answers, this.#namespace.of(caller.group)?.response ?? {});
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

/** `takers`: the services that take messages, in the order in which the documentation lists their answers. */
export const unified = (takers: readonly MessageTaker[]) => {
  const namespace = unifiedEndpoint(takers);
  const order = takers.map(({ name }) => name);
  return {
    name: 'unified',
    namespace,
    start: (platform) => new Unified(platform, platform.messageServices, { namespace, order }),
  } satisfies ServiceDefinition<Unified>;
};
