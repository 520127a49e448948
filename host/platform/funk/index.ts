// Funk: a device's message calls a function in a cloud, and what the function returns goes back to the device.
//
// HTTP at port 80, TCP and UDP at 23080. lambda.ts makes the call of AWS Lambda; Azure Functions and Cloud Functions get
// an HTTPS POST with a token that the platform signed. context.ts says what the function is told about the caller.

import type { ServiceRegistry } from '../../cellular/network.js';
import { SECOND } from '../../clock/clock.js';
import { CallerStatus } from '../choices.js';
import type { HeaderList } from '../http/text.js';
import type { SigningKeys } from '../keys/keys.js';
import { MessageEntry } from '../message/entry.js';
import {
  type DeviceMessage,
  type MessageAnswer,
  type MessageCaller,
  type MessageService,
  type Reply,
  statusAndBody,
} from '../message/message.js';
import { interpret } from '../message/payload.js';
import { AwsAccess } from '../cloud-delivery/aws-access.js';
import { Delivery } from '../cloud-delivery/delivery.js';
import { credentialsFor, misconfigured, secretText } from '../cloud-delivery/credentials.js';
import { wantOn } from '../caller.js';
import type { ServiceContext } from '../context.js';
import type { Service, ServiceDefinition } from '../service.js';
import type { FunkDestination, SoracomFunk } from './config.js';
import { soracomFunk } from './config.js';
import { tokenClaims } from './context.js';
import { lambdaAnswer, lambdaRequest } from './lambda.js';

const NAME = 'funk.soracom.io';
/** A connection without a request for so long is closed (Funk, HTTP keep-alive). */
const KEEP_ALIVE = 65 * SECOND;

export class Funk implements Service, MessageService {
  readonly name = 'funk';
  readonly messages = this;
  readonly #context: ServiceContext;
  readonly #keys: SigningKeys;
  readonly #delivery: Delivery;
  readonly #aws: AwsAccess;
  readonly #entry: MessageEntry;

  constructor(context: ServiceContext, keys: SigningKeys) {
    this.#context = { ...context, random: context.random.fork('funk') };
    this.#keys = keys;
    this.#delivery = new Delivery(context, this.name);
    this.#aws = new AwsAccess(context, this.#delivery);
    const limits = { ...context.limits, requestHeader: Math.min(context.limits.requestHeader, KEEP_ALIVE) };
    this.#entry = new MessageEntry(context, this, { limits });
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

  async answer(message: DeviceMessage): Promise<MessageAnswer> {
    const config = configOf(message.caller);
    wantOn(config?.enabled, 'Funk', CallerStatus.NoGroup);
    const { contentType, destination, credentialsId } = config ?? {};
    if (destination === undefined) throw misconfigured('no destination is configured');
    const { json } = interpret(message, contentType);
    const { clock } = this.#context;
    try {
      if (destination.provider === 'aws') {
        const credentialsOf = (region: string) => this.#aws.credentials(message, credentialsId, region);
        const request = await lambdaRequest(destination, message, json, credentialsOf, clock.unixMs());
        const answer = await this.#delivery.post(message, request);
        if (answer.status === 403) this.#aws.forget(message, credentialsId);
        return lambdaAnswer(answer);
      }
      return await this.#overHttps(
        message,
        destination,
        json,
        this.#authorization(message, destination, credentialsId),
      );
    } catch (error) {
      return this.#delivery.failureAnswer(error, message);
    }
  }

  reply(answer: MessageAnswer, message: DeviceMessage | undefined): Reply {
    const skip = message !== undefined && configOf(message.caller)?.skipStatusCode === true;
    return { bytes: skip ? answer.body : statusAndBody(answer) };
  }

  /** Azure Functions and Cloud Functions: the function itself looks at the token. */
  async #overHttps(
    message: DeviceMessage,
    { resourceUrl }: FunkDestination,
    json: string,
    authorization: HeaderList,
  ): Promise<MessageAnswer> {
    const token = await this.#keys.sign(tokenClaims(message, this.#context.random));
    const { status, headers, body } = await this.#delivery.post(message, {
      url: new URL(resourceUrl),
      headers: [
        ['User-Agent', 'SORACOM Funk'],
        ['Content-Type', 'application/json'],
        ['x-soracom-token', token],
        ...authorization,
      ],
      body: Buffer.from(json),
    });
    return { status, body, headers: headers.filter(([name]) => name.toLowerCase() === 'content-type') };
  }

  #authorization(
    { caller }: DeviceMessage,
    { provider }: FunkDestination,
    credentialsId: SoracomFunk['credentialsId'],
  ): HeaderList {
    if (credentialsId === undefined) return [];
    const { token } = credentialsFor(this.#context.directory, caller, credentialsId, 'api-token-credentials');
    const text = secretText(token);
    return [provider === 'azure' ? ['x-functions-key', text] : ['Authorization', `Bearer ${text}`]];
  }
}

const configOf = ({ group }: MessageCaller): SoracomFunk | undefined => soracomFunk.of(group);

export const funk = {
  name: 'funk',
  namespace: soracomFunk,
  start: (platform) => new Funk(platform, platform.keys),
} satisfies ServiceDefinition<Funk>;
