// Funnel: a device's message goes to a cloud's data service, and the device learns whether the cloud took it.
//
// HTTP at port 80, TCP and UDP at 23080. envelope.ts makes what is sent, adapters/ the request of each cloud,
// ../cloud-delivery/cloud-message.ts the words for a device when a cloud refuses.

import type { ServiceRegistry } from '../../cellular/network.js';
import { CallerStatus, FUNNEL, MessageStatus } from '../choices.js';
import { MessageEntry } from '../message/entry.js';
import {
  type DeviceMessage,
  type MessageAnswer,
  type MessageCaller,
  type MessageService,
  type Reply,
  statusAndBody,
} from '../message/message.js';
import { interpret, type Payload } from '../message/payload.js';
import { AwsAccess } from '../cloud-delivery/aws-access.js';
import { Delivery, type CloudRequest } from '../cloud-delivery/delivery.js';
import { cloudMessage } from '../cloud-delivery/cloud-message.js';
import { misconfigured, withImsi } from '../cloud-delivery/credentials.js';
import { wantOn } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import type { Service, ServiceDefinition } from '../service.js';
import { adapterFor, PubSubAdapter } from './adapters/index.js';
import { type SoracomFunnel, soracomFunnel } from './config.js';
import { contentFor } from './envelope.js';

const NAME = 'funnel.soracom.io';
/** Bytes of an HTTP body, and the words for more (Funnel, HTTP). */
const MAX_BODY = 800_000;
const TOO_LARGE = `Maximum content-length is: ${MAX_BODY}`;
/** The documentation's own words. */
const INVALID_JSON = 'Invalid JSON is send to funnel.';

export class Funnel implements Service, MessageService {
  readonly name = 'funnel';
  readonly messages = this;
  readonly #context: ServiceContext;
  readonly #delivery: Delivery;
  readonly #aws: AwsAccess;
  readonly #pubsub: PubSubAdapter;
  readonly #entry: MessageEntry;

  constructor(context: ServiceContext) {
    this.#context = context;
    this.#delivery = new Delivery(context, this.name);
    this.#aws = new AwsAccess(context, this.#delivery);
    this.#pubsub = new PubSubAdapter(context.clock);
    const limits = { ...context.limits, maxRequestBody: Math.min(context.limits.maxRequestBody, MAX_BODY) };
    this.#entry = new MessageEntry(context, this, { limits, tooLargeText: TOO_LARGE });
  }

  register(registry: ServiceRegistry): void {
    this.#entry.register(registry, [NAME]);
  }

  close(): void {
    this.#entry.close();
  }

  framed(caller: MessageCaller): boolean {
    return configOf(caller)?.binaryFormatV1 === true;
  }

  enabledFor(caller: MessageCaller): boolean {
    return configOf(caller)?.enabled === true;
  }

  /** 204 when the cloud took the message; otherwise the cloud's status and words. */
  async answer(message: DeviceMessage): Promise<MessageAnswer> {
    const config = configOf(message.caller) ?? { enabled: false };
    wantOn(config.enabled, 'Funnel', CallerStatus.NoGroup);
    const payload = this.#payload(message, config);
    if (payload === undefined) return text(MessageStatus.InvalidPayload, INVALID_JSON);
    try {
      return await this.#deliver(message, config, payload);
    } catch (error) {
      return this.#delivery.failureAnswer(error, message);
    }
  }

  reply(answer: MessageAnswer): Reply {
    if (answer.status === 204) return { bytes: Buffer.from('200') };
    return { bytes: statusAndBody(answer), close: Buffer.from(answer.body).toString() === INVALID_JSON };
  }

  /** Undefined: not the JSON that it should be. */
  #payload(message: DeviceMessage, { contentType }: SoracomFunnel): Payload | undefined {
    try {
      return interpret(message, contentType, INVALID_JSON);
    } catch (error) {
      if (!(error instanceof Refusal) || error.message !== INVALID_JSON) throw error;
      this.#delivery.report('refused', message, error.status, error.message);
      return undefined;
    }
  }

  async #deliver(message: DeviceMessage, config: SoracomFunnel, payload: Payload): Promise<MessageAnswer> {
    const { destination, credentialsId } = config;
    if (destination === undefined) throw misconfigured('no destination is configured');
    const { provider, service, resourceUrl, endpoint } = destination;
    const adapter = adapterFor(provider, service, this.#pubsub);
    if (adapter === undefined) throw misconfigured('the destination is none that is emulated');
    const { clock, directory } = this.#context;
    const delivery = {
      ...{ message, endpoint, credentialsId, directory },
      ...contentFor(message, config, destination, payload),
      resourceUrl: withImsi(resourceUrl, message.caller.imsi),
      unixMs: clock.unixMs(),
      send: (request: CloudRequest) => this.#delivery.post(message, request),
      awsCredentials: (region: string) => this.#aws.credentials(message, credentialsId, region),
    };
    const answer = await this.#delivery.post(message, await adapter.request(delivery));
    adapter.answered?.(delivery, answer);
    const { status } = answer;
    if (provider === 'aws' && status === 403) this.#aws.forget(message, credentialsId);
    if (status < 300) return { status: 204, body: Buffer.alloc(0) };
    if (status >= 400) return text(status, cloudMessage(answer));
    this.#delivery.report(
      'upstream-error',
      message,
      FUNNEL.oddAnswer,
      `the destination answered with status ${status}`,
    );
    return text(FUNNEL.oddAnswer, `the destination answered with status ${status}`);
  }
}

const configOf = ({ group }: MessageCaller): SoracomFunnel | undefined => soracomFunnel.of(group);

const text = (status: number, words: string): MessageAnswer => ({
  status,
  body: Buffer.from(words),
  headers: [['Content-Type', 'text/plain; charset=utf-8']],
});

export const funnel = {
  name: 'funnel',
  namespace: soracomFunnel,
  start: (platform) => new Funnel(platform),
} satisfies ServiceDefinition<Funnel>;
