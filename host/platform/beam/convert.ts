// Beam's TCP to HTTP(S) and UDP to HTTP(S) entry points: each message becomes a POST with a JSON body, the answer comes
// back as a message. The unified endpoint uses the same, and the HTTP entry points for what came by HTTP.

import { BeamStatus } from '../choices.js';
import type { Delivery } from '../cloud-delivery/delivery.js';
import {
  type DeviceMessage,
  type MessageAnswer,
  type MessageCaller,
  type MessageService,
  type Reply,
  type SourceProtocol,
  statusAndBody,
} from '../message/message.js';
import { interpret } from '../message/payload.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import type { BeamEntry } from './config.js';
import { beamFailure } from './failure.js';
import { forwardedHeaders } from './headers.js';
import { forwardRequest } from './http.js';
import { findEntry, findRoute } from './route.js';

const DEFAULT_VERSION = '201509';
const LF = '0a';
/** What ends the error text of version 201509, instead of end-of-data bytes. */
const CRLF = Buffer.from('\r\n');

/** The answer of a destination that version 201509 puts into words of its own. */
interface WordedAnswer extends MessageAnswer {
  readonly worded?: true;
}

export class Converter implements MessageService {
  readonly name = 'beam';
  readonly #context: ServiceContext;
  readonly #delivery: Delivery;

  constructor(context: ServiceContext, delivery: Delivery) {
    this.#context = context;
    this.#delivery = delivery;
  }

  enabledFor(caller: MessageCaller, protocol: SourceProtocol, target: string): boolean {
    if (protocol === 'http') return findRoute(caller.group, 'http', target) !== undefined;
    return entryFor(caller, protocol) !== undefined;
  }

  framed(caller: MessageCaller): boolean {
    return entryFor(caller, 'tcp')?.binaryFormatV1 === true;
  }

  async answer(message: DeviceMessage): Promise<WordedAnswer> {
    try {
      return message.protocol === 'http' ? await this.#forward(message) : await this.#post(message);
    } catch (error) {
      const failure = beamFailure(this.#delivery, error, message);
      if (failure === undefined) throw error;
      return { status: failure.status, body: Buffer.from(failure.text) };
    }
  }

  reply(answer: WordedAnswer, message: DeviceMessage | undefined): Reply {
    const entry = message && entryFor(message.caller, message.protocol);
    const bytes = entry?.skipStatusCode === true ? answer.body : statusAndBody(answer);
    if (entry === undefined || message?.unified === true || message?.protocol !== 'tcp') {
      return { bytes: answer.worded ? Buffer.concat([bytes, CRLF]) : bytes };
    }
    // With nothing to say there is nothing to end, unless the operator wants the end marked.
    const marked = versionOf(entry) === '201509' && bytes.length > 0;
    const { eodBytes = marked ? LF : '' } = entry;
    return { bytes: Buffer.concat([bytes, answer.worded ? CRLF : Buffer.from(eodBytes, 'hex')]) };
  }

  /** HTTP through the unified endpoint, which writes its own Content-Length and Date. */
  async #forward(message: DeviceMessage): Promise<MessageAnswer> {
    const { caller: subscriber, session: caller, id, method, target, headers, body, signal } = message;
    const route = findRoute(subscriber.group, 'http', target);
    if (route === undefined) throw new Refusal(BeamStatus.Refused, 'no entry point is enabled here');
    const request = { id, caller, method, target, headers, body, signal };
    const {
      status,
      reason,
      headers: all,
      body: answered,
    } = await forwardRequest({ context: this.#context, delivery: this.#delivery }, request, route, subscriber);
    const answerHeaders = all.filter(([name]) => !/^(content-length|date)$/i.test(name));
    return { status, headers: answerHeaders, body: Buffer.from(answered), ...(reason !== undefined && { reason }) };
  }

  async #post(message: DeviceMessage): Promise<WordedAnswer> {
    const { caller: subscriber, session: caller, unixMs, deviceId } = message;
    const entry = entryFor(subscriber, message.protocol);
    if (entry === undefined) throw new Refusal(BeamStatus.Refused, 'no entry point is enabled here');
    const destination = new URL(entry.destination);
    const target = destination.pathname + destination.search;
    const body = Buffer.from(interpret(message, undefined).json);
    const method = 'POST';
    const headers = forwardedHeaders(
      [
        ['User-Agent', 'SORACOM Beam'],
        ['Content-Type', 'application/json'],
      ],
      {
        ...{ entry, destination, subscriber, caller, directory: this.#context.directory, method, unixMs, deviceId },
        bodyLength: body.length,
      },
    );
    const answer = await this.#delivery.send(message, { url: destination, method, target, headers, body });
    const { status } = answer;
    if (status < 400 || message.unified === true || versionOf(entry) !== '201509') return { status, body: answer.body };
    const text = `${entry.destination} returns a status code (${status}). Please check your destination.`;
    return { status, body: Buffer.from(text), worded: true };
  }
}

const versionOf = ({ version = DEFAULT_VERSION }: BeamEntry): string => version;

function entryFor({ group }: MessageCaller, protocol: SourceProtocol): BeamEntry | undefined {
  return protocol === 'http' ? undefined : findEntry(group, `${protocol}-http`);
}
