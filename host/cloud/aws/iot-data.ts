// AWS IoT's data endpoint as a stand-in: publishing over HTTPS (AWS IoT developer guide, "HTTPS": POST /topics/...).

import type { CloudRequest, CloudResponse } from '../cloud-server.js';
import { type AwsAccount, requestId, restError } from './account.js';

export interface TopicMessage {
  readonly topic: string;
  readonly qos: number;
  readonly payload: Buffer;
}

/** Bytes of a message, and of its topic; levels of a topic (AWS IoT quotas). */
const MAX_PAYLOAD = 128 * 1024;
const MAX_TOPIC = 256;
const MAX_SLASHES = 7;

export class IotDataService {
  readonly #account: AwsAccount;
  readonly messages: TopicMessage[] = [];

  constructor(account: AwsAccount) {
    this.#account = account;
  }

  handle(request: CloudRequest): CloudResponse {
    const account = this.#account;
    const refused = (status: number, code: string, message: string): CloudResponse => {
      const { headers = [] } = restError(account, status, { code, message });
      return { status, headers, body: JSON.stringify({ message, traceId: requestId(account) }) };
    };
    const [, path, query = ''] = /^\/topics\/([^?]*)(?:\?(.*))?$/.exec(request.url) ?? [];
    if (path === undefined || request.method !== 'POST') return refused(404, 'ResourceNotFoundException', 'Not found');
    let topic: string;
    try {
      topic = decodeURIComponent(path);
    } catch {
      return refused(400, 'InvalidRequestException', 'Invalid topic');
    }
    const resource = account.arn('iot', `topic/${topic}`);
    const refusal = account.refusal(request, 'iotdata', 'iot:Publish', resource);
    if (refusal !== undefined) return refused(403, 'ForbiddenException', refusal.message);
    const fault = topicFault(topic);
    if (fault !== undefined) return refused(400, 'InvalidRequestException', fault);
    const qos = Number(new URLSearchParams(query).get('qos') ?? '0');
    if (qos !== 0 && qos !== 1) return refused(400, 'InvalidRequestException', 'Invalid QoS');
    if (request.body.length > MAX_PAYLOAD) return refused(413, 'RequestEntityTooLargeException', 'Payload too large');
    this.messages.push({ topic, qos, payload: request.body });
    return { status: 200, body: JSON.stringify({ message: 'OK', traceId: requestId(account) }) };
  }
}

function topicFault(topic: string): string | undefined {
  if (topic === '' || Buffer.byteLength(topic) > MAX_TOPIC) return 'Invalid topic length';
  if (/[+#\0]/.test(topic)) return 'Topic has a wildcard';
  if (topic.split('/').length - 1 > MAX_SLASHES && !topic.startsWith('$aws/rules/')) return 'Topic has too many levels';
  return undefined;
}
