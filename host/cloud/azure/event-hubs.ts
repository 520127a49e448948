// One namespace of Azure Event Hubs: sending an event over HTTPS (Event Hubs REST API, "Send event"), with shared access
// signatures checked by code of its own (Event Hubs, "Authenticate with shared access signatures").

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import type { Random } from '../../random.js';
import { type CloudRequest, type CloudResponse, headerOf } from '../cloud-server.js';

/** A shared access policy of the namespace, or of one hub. */
export interface SharedAccessPolicy {
  readonly name: string;
  readonly key: string;
  /** Absent: the policy is the namespace's. */
  readonly hub?: string;
  /** `Send` unless given. */
  readonly rights?: readonly ('Send' | 'Listen' | 'Manage')[];
}

export interface EventHubsConfig {
  /** The namespace is `NAMESPACE.servicebus.windows.net`. */
  readonly namespace: string;
  readonly hubs: readonly string[];
  readonly policies: readonly SharedAccessPolicy[];
}

export interface HubEvent {
  readonly hub: string;
  readonly body: Buffer;
  readonly contentType: string | undefined;
  /** From `BrokerProperties`. */
  readonly partitionKey: string | undefined;
}

const MAX_EVENT = 1024 * 1024;

export class EventHubs {
  readonly host: string;
  readonly events: HubEvent[] = [];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #config: EventHubsConfig;

  constructor(clock: Clock, random: Random, config: EventHubsConfig) {
    this.#clock = clock;
    this.#random = random;
    this.#config = config;
    this.host = `${config.namespace}.servicebus.windows.net`;
  }

  handle(request: CloudRequest): CloudResponse {
    const [, hub = '', query = ''] = /^\/([\w.-]+)\/messages\/?(?:\?(.*))?$/.exec(request.url) ?? [];
    const uri = `sb://${this.host}/${hub}`;
    if (hub === '' || request.method !== 'POST') return this.#error(404, 'The requested path is not served.');
    const fault = this.#unauthorized(headerOf(request, 'authorization'), hub);
    if (fault !== undefined) return this.#error(401, fault);
    if (!this.#config.hubs.includes(hub)) {
      return this.#error(404, `The messaging entity '${uri}' could not be found.`);
    }
    const version = new URLSearchParams(query).get('api-version');
    if (version !== null && !/^\d{4}-\d\d$/.test(version)) return this.#error(400, 'The api-version is not supported.');
    if (request.body.length > MAX_EVENT) {
      return this.#error(
        413,
        `The received message (size:${request.body.length} bytes) exceeds the limit (${MAX_EVENT} bytes) allowed on the link.`,
      );
    }
    const partitionKey = partitionOf(headerOf(request, 'brokerproperties'));
    this.events.push({ hub, body: request.body, contentType: headerOf(request, 'content-type'), partitionKey });
    return { status: 201, headers: [['Content-Type', 'application/xml; charset=utf-8']] };
  }

  /** What is wrong with a shared access signature, if anything. */
  #unauthorized(authorization: string | undefined, hub: string): string | undefined {
    if (authorization === undefined) return "MissingToken: The request's authorization header is missing.";
    const [, text] = /^SharedAccessSignature (\S+)$/.exec(authorization) ?? [];
    if (text === undefined) return 'MalformedToken: The authorization header is malformed.';
    const fields = new Map(
      text.split('&').map((pair) => [pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1)]),
    );
    const [sr, sig, se, skn] = ['sr', 'sig', 'se', 'skn'].map((name) => fields.get(name));
    if (sr === undefined || sig === undefined || se === undefined || skn === undefined || !/^\d+$/.test(se)) {
      return 'MalformedToken: The token lacks a field or has a malformed one.';
    }
    const policy = this.#config.policies.find(
      ({ name, hub: only }) => name === decodeURIComponent(skn) && (only === undefined || only === hub),
    );
    const wanted = createHmac('sha256', policy?.key ?? '')
      .update(`${sr}\n${se}`)
      .digest();
    const given = Buffer.from(decodeURIComponent(sig), 'base64');
    if (policy === undefined || given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      return 'InvalidSignature: The token has an invalid signature.';
    }
    if (Number(se) * 1000 <= this.#clock.unixMs()) return 'ExpiredToken: The token is expired.';
    if (!covers(decodeURIComponent(sr), this.host, hub))
      return 'InvalidAudience: The authorization token is for another resource.';
    if (!(policy.rights ?? ['Send']).some((right) => right === 'Send' || right === 'Manage')) {
      return "Unauthorized access. 'Send' claim(s) are required to perform this operation.";
    }
    return undefined;
  }

  #error(status: number, detail: string): CloudResponse {
    const tracking = Buffer.from(this.#random.bytes(8)).toString('hex');
    const time = new Date(this.#clock.unixMs()).toISOString().slice(0, 19);
    return {
      status,
      headers: [['Content-Type', 'application/xml; charset=utf-8']],
      body: `<Error><Code>${status}</Code><Detail>${detail} TrackingId:${tracking}, SystemTracker:${this.host}, Timestamp:${time}</Detail></Error>`,
    };
  }
}

/** A signature is good for its URI and all below it, whatever the scheme and the case. */
function covers(resource: string, host: string, hub: string): boolean {
  const place = /^[a-z]+:\/\/([^/]+)(\/.*)?$/i.exec(resource);
  if (place?.[1]?.toLowerCase() !== host) return false;
  const path = (place[2] ?? '').replace(/\/+$/, '').toLowerCase();
  return path === '' || path === `/${hub.toLowerCase()}` || path === `/${hub.toLowerCase()}/messages`;
}

function partitionOf(properties: string | undefined): string | undefined {
  try {
    const { PartitionKey } = JSON.parse(properties ?? '{}') as { PartitionKey?: unknown };
    return typeof PartitionKey === 'string' ? PartitionKey : undefined;
  } catch {
    return undefined;
  }
}
