// What an HTTP front of the platform hands to a service, and what it takes back.

import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import type { Clock } from '../../clock/clock.js';
import type { HeaderList } from './text.js';

export interface RequestHead {
  /** Number of the request in this world: the same on all legs of the trace. */
  readonly id: number;
  readonly caller: Session;
  readonly method: string;
  /** As in the request line. */
  readonly target: string;
  readonly headers: HeaderList;
}

export interface DeviceRequest extends RequestHead {
  readonly body: Buffer;
  /** Aborted when the device's connection is gone. */
  readonly signal: AbortSignal;
}

/** A request whose body comes as it arrives: while nobody asks for the next piece, the device has to wait. */
export interface StreamedRequest extends RequestHead {
  /** To be read once. Ends when the body is whole; throws BodyError when it does not come whole, or becomes too long. */
  readonly body: AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
}

interface AnswerHead {
  readonly status: number;
  /** Absent: the standard phrase. */
  readonly reason?: string;
  readonly headers: HeaderList;
}

export interface Answer extends AnswerHead {
  readonly body: Uint8Array;
  readonly trailers?: HeaderList;
  /** What the trace shows instead of a body that grants access. */
  readonly shown?: string;
}

/** A body that is read piece by piece as the device takes it. */
export interface BodySource {
  /** Bytes that `chunks` gives. */
  readonly length: number;
  /** Called at most once, and not at all for HEAD. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Nothing more will be read. Always called, once. */
  release(): void;
}

/** The headers hold the Content-Length. */
export interface StreamedAnswer extends AnswerHead {
  readonly source: BodySource;
}

/** 101: what comes after it is the service's. */
export interface SwitchedAnswer extends AnswerHead {
  readonly status: 101;
  /** `first`: what the device sent behind its request. */
  join(stream: Duplex, first: Buffer): void;
  /** Instead of `join`, when the device is gone. */
  drop(): void;
}

/** What stands behind a front. */
export interface HttpService {
  /** True when the head alone is enough to refuse, so that a body announced with `Expect: 100-continue` is not sent. */
  refuses(head: RequestHead): boolean;
  /** Called once for each request, unless `stream` is. A rejection is answered with 503 for a storage fault, 500 otherwise. */
  answer(request: DeviceRequest): Promise<Answer | StreamedAnswer>;
  /** For requests whose body is not to be held in memory. */
  readonly stream?: {
    /** The longest body in bytes; undefined when this request's body is to be taken whole. */
    limit(head: RequestHead): number | undefined;
    /** Called once for each request with a limit. What it leaves of the body is dropped, and the connection ends. */
    answer(request: StreamedRequest): Promise<Answer | StreamedAnswer>;
  };
  /** Bytes of the longest body that is taken whole; the front's own limit unless given. */
  readonly maxBody?: number;
  /** What the front answers by itself; a short text where this gives nothing. */
  refusal?(status: number, reason: string): Answer | undefined;
  /** For GET requests that ask for WebSocket (RFC 6455 4.1); without it they are requests like all. */
  upgrade?(request: RequestHead & { readonly signal: AbortSignal }): Promise<Answer | SwitchedAnswer>;
  /** The front answered by itself. */
  failed(id: number, caller: Session, status: number, reason: string): void;
}

/** Why a body did not come whole. Status 0: there is nobody left to be told. */
export class BodyError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'BodyError';
  }
}

/** Whose share of all that is limited a request takes: the SIM's, or the address's where no SIM is. */
export const callerKey = ({ imsi, ip }: Pick<Session, 'imsi' | 'ip'>): string => imsi || ip;

/** A short text from the platform itself. */
export function textAnswer(status: number, text: string, clock: Clock): Answer {
  const body = Buffer.from(`${text}\n`);
  const headers: HeaderList = [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(body.length)],
    ['Date', new Date(clock.unixMs()).toUTCString()],
  ];
  return { status, headers, body };
}
