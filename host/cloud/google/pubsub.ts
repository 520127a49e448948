// Google Cloud Pub/Sub as a stand-in: publishing over REST (Pub/Sub reference, projects.topics.publish).

import type { CloudRequest, CloudResponse } from '../cloud-server.js';
import type { GoogleTokens } from './oauth.js';

export const PUBSUB_HOST = 'pubsub.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/pubsub';
const MAX_MESSAGES = 1000;

export interface TopicConfig {
  /** `projects/PROJECT/topics/TOPIC` */
  readonly name: string;
  /** Service accounts that may publish; all unless given. */
  readonly publishers?: readonly string[];
}

export interface PublishedMessage {
  readonly topic: string;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageId: string;
}

export class PubSub {
  readonly messages: PublishedMessage[] = [];
  readonly #tokens: GoogleTokens;
  readonly #topics: ReadonlyMap<string, TopicConfig>;

  constructor(tokens: GoogleTokens, topics: readonly TopicConfig[]) {
    this.#tokens = tokens;
    this.#topics = new Map(topics.map((topic) => [topic.name, topic]));
  }

  handle(request: CloudRequest): CloudResponse {
    const [, name] = /^\/v1\/(projects\/[^/]+\/topics\/[^/:]+):publish$/.exec(request.url) ?? [];
    if (name === undefined || request.method !== 'POST') return { status: 404 };
    const who = this.#tokens.bearer(request, SCOPE);
    if ('status' in who)
      return failed(who.status, who.status === 401 ? 'UNAUTHENTICATED' : 'PERMISSION_DENIED', who.message);
    const topic = this.#topics.get(name);
    if (topic === undefined) {
      return failed(404, 'NOT_FOUND', `Resource not found (resource=${name.split('/')[3] ?? ''}).`);
    }
    if (topic.publishers !== undefined && !topic.publishers.includes(who.email)) {
      return failed(403, 'PERMISSION_DENIED', 'User not authorized to perform this action.');
    }
    const messages = messagesOf(request.body);
    if (messages === undefined || messages.length === 0 || messages.length > MAX_MESSAGES) {
      return failed(400, 'INVALID_ARGUMENT', 'You have passed an invalid argument to the service (argument=).');
    }
    const messageIds = messages.map(({ data, attributes }) => {
      const messageId = String(1_000_000 + this.messages.length);
      this.messages.push({ topic: name, data, attributes, messageId });
      return messageId;
    });
    return { status: 200, body: JSON.stringify({ messageIds }) };
  }
}

const failed = (code: number, status: string, message: string): CloudResponse => ({
  status: code,
  body: JSON.stringify({ error: { code, message, status } }),
});

/** Undefined for what is no publish request: a message needs data or attributes. */
function messagesOf(body: Buffer): Pick<PublishedMessage, 'data' | 'attributes'>[] | undefined {
  try {
    const { messages } = JSON.parse(body.toString()) as { messages?: unknown };
    if (!Array.isArray(messages)) return undefined;
    return messages.map((message: { data?: unknown; attributes?: unknown }) => {
      const { data = '', attributes = {} } = message;
      if (typeof data !== 'string' || typeof attributes !== 'object' || attributes === null) throw new TypeError();
      const bytes = Buffer.from(data, 'base64');
      if (bytes.toString('base64') !== data || !Object.values(attributes).every((value) => typeof value === 'string')) {
        throw new TypeError();
      }
      if (data === '' && Object.keys(attributes).length === 0) throw new TypeError();
      return { data: bytes, attributes: attributes as Record<string, string> };
    });
  } catch {
    return undefined;
  }
}
