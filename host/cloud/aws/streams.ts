// Kinesis Data Streams and Firehose as stand-ins: PutRecord of each (their API references), JSON 1.1.

import type { CloudRequest, CloudResponse } from '../cloud-server.js';
import { headerOf } from '../cloud-server.js';
import { type AwsAccount, jsonError, requestId } from './account.js';

/** Bytes of one record. */
const MAX_DATA = 1024 * 1024;
/** Firehose: bytes of one record. */
const MAX_FIREHOSE = 1000 * 1024;

export interface StreamRecord {
  readonly stream: string;
  readonly partitionKey: string;
  readonly data: Buffer;
  readonly sequenceNumber: string;
}

export interface DeliveredRecord {
  readonly stream: string;
  readonly data: Buffer;
}

/** What went wrong with a call that was allowed: AWS's own name for it. */
class CallFault extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

abstract class JsonService {
  protected readonly account: AwsAccount;
  protected readonly streams: ReadonlySet<string>;

  constructor(account: AwsAccount, streams: readonly string[]) {
    this.account = account;
    this.streams = new Set(streams);
  }

  protected abstract readonly service: string;
  /** `X-Amz-Target` of the one operation there is. */
  protected abstract readonly target: string;
  protected abstract readonly streamField: string;
  protected abstract resource(stream: string): string;
  protected abstract put(stream: string, input: Readonly<Record<string, unknown>>): object;

  handle(request: CloudRequest): CloudResponse {
    const { account, service } = this;
    if (request.method !== 'POST' || headerOf(request, 'x-amz-target') !== this.target) {
      return jsonError(account, 400, { code: 'UnknownOperationException', message: '' });
    }
    const input = parsed(request.body);
    const stream = textOf(input?.[this.streamField]) ?? '';
    const refusal = account.refusal(request, service, `${service}:PutRecord`, this.resource(stream));
    if (refusal !== undefined) return jsonError(account, 400, refusal);
    if (input === undefined) return jsonError(account, 400, { code: 'SerializationException', message: '' });
    try {
      if (!this.streams.has(stream)) throw this.unknown(stream);
      return {
        status: 200,
        headers: [
          ['Content-Type', 'application/x-amz-json-1.1'],
          ['x-amzn-RequestId', requestId(account)],
        ],
        body: JSON.stringify(this.put(stream, input)),
      };
    } catch (error) {
      if (!(error instanceof CallFault)) throw error;
      return jsonError(account, 400, error);
    }
  }

  protected abstract unknown(stream: string): CallFault;

  protected data(value: unknown, most: number): Buffer {
    const text = textOf(value);
    const bytes = Buffer.from(text ?? '', 'base64');
    if (text === undefined || bytes.toString('base64') !== text) {
      throw new CallFault('SerializationException', 'Data is not base64');
    }
    if (bytes.length > most)
      throw new CallFault(
        'ValidationException',
        `1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to ${most}`,
      );
    return bytes;
  }
}

export class KinesisService extends JsonService {
  protected readonly service = 'kinesis';
  protected readonly target = 'Kinesis_20131202.PutRecord';
  protected readonly streamField = 'StreamName';
  readonly records: StreamRecord[] = [];

  protected resource(stream: string): string {
    return this.account.arn('kinesis', `stream/${stream}`);
  }

  protected unknown(stream: string): CallFault {
    const message = `Stream ${stream} under account ${this.account.accountId} not found.`;
    return new CallFault('ResourceNotFoundException', message);
  }

  protected put(stream: string, { Data, PartitionKey }: Readonly<Record<string, unknown>>): object {
    const data = this.data(Data, MAX_DATA);
    const partitionKey = textOf(PartitionKey) ?? '';
    if (partitionKey.length < 1 || partitionKey.length > 256) {
      throw new CallFault(
        'ValidationException',
        "1 validation error detected: Value at 'partitionKey' failed to satisfy constraint: Member must have length between 1 and 256",
      );
    }
    const sequenceNumber = `4959${String(this.records.length + 1).padStart(52, '0')}`;
    this.records.push({ stream, partitionKey, data, sequenceNumber });
    return { SequenceNumber: sequenceNumber, ShardId: 'shardId-000000000000' };
  }
}

export class FirehoseService extends JsonService {
  protected readonly service = 'firehose';
  protected readonly target = 'Firehose_20150804.PutRecord';
  protected readonly streamField = 'DeliveryStreamName';
  readonly records: DeliveredRecord[] = [];

  protected resource(stream: string): string {
    return this.account.arn('firehose', `deliverystream/${stream}`);
  }

  protected unknown(stream: string): CallFault {
    const message = `Firehose ${stream} under account ${this.account.accountId} not found.`;
    return new CallFault('ResourceNotFoundException', message);
  }

  protected put(stream: string, { Record: record }: Readonly<Record<string, unknown>>): object {
    const { Data } = (typeof record === 'object' && record !== null ? record : {}) as { Data?: unknown };
    this.records.push({ stream, data: this.data(Data, MAX_FIREHOSE) });
    return { RecordId: requestId(this.account), Encrypted: false };
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function parsed(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
