// One message of a device, whatever brought it: what Funnel, Funk, Harvest Data, Beam's converters and the unified
// endpoint take.

import type { Session } from '../../cellular/network.js';
import type { HeaderList } from '../http/text.js';
import type { Caller } from '../caller.js';

/** `device`: an Inventory device said it by itself. */
export type SourceProtocol = 'http' | 'tcp' | 'udp' | 'device';

/** Who sent a message, as its session says; of an Inventory device the SIM that it was bootstrapped with, '' where none was. */
export type Sender = Pick<Session, 'imsi' | 'imei'>;

/** On whose behalf a message is passed on. */
export type MessageCaller = Pick<Caller, 'operatorId' | 'imsi' | 'simId' | 'msisdn' | 'group'>;

export interface DeviceMessage {
  /** Number of the request in this world: the same on all legs of the trace. */
  readonly id: number;
  readonly session: Sender;
  readonly caller: MessageCaller;
  /** Inventory devices only. */
  readonly deviceId?: string;
  readonly protocol: SourceProtocol;
  readonly body: Buffer;
  /** HTTP only; POST elsewhere. */
  readonly method: string;
  /** HTTP only: path and query as in the request line; / elsewhere. */
  readonly target: string;
  /** HTTP only; empty elsewhere. */
  readonly headers: HeaderList;
  /** When the platform had all of it, UNIX milliseconds. */
  readonly unixMs: number;
  /** Aborted when the device's connection is gone. */
  readonly signal: AbortSignal;
  /** It came through the unified endpoint. */
  readonly unified?: boolean;
}

/** What of a message says how its payload is to be understood. */
export type PayloadMessage = Pick<DeviceMessage, 'protocol' | 'headers' | 'body'> & {
  readonly caller: Pick<Caller, 'group'>;
};

export interface MessageAnswer {
  readonly status: number;
  /** Absent: the standard phrase. */
  readonly reason?: string;
  readonly body: Uint8Array;
  /** HTTP only, without Content-Length. */
  readonly headers?: HeaderList;
}

/** What goes back over TCP or UDP. */
export interface Reply {
  readonly bytes: Uint8Array;
  /** TCP: FIN follows. */
  readonly close?: boolean;
}

export interface MessageService {
  /** Short name for trace, errors and the unified endpoint's details: `funnel`. */
  readonly name: string;
  /** True when the caller's group has switched this service on for such messages. `target`: as in DeviceMessage. */
  enabledFor(caller: MessageCaller, protocol: SourceProtocol, target: string): boolean;
  /** Called once for each message. Throws Refusal for what the platform itself refuses; a storage fault is a 503, any other error a 500. */
  answer(message: DeviceMessage): Promise<MessageAnswer>;
  /** The answer as a device sees it over TCP or UDP. Refusals come through here as well. */
  reply(answer: MessageAnswer, message: DeviceMessage | undefined): Reply;
  /** True when this caller's TCP bytes come in frames of SORACOM Binary Format v1. */
  framed(caller: MessageCaller): boolean;
}

/** The common reply: status, a space and the body; the status alone when there is no body. */
export function statusAndBody({ status, body }: MessageAnswer): Uint8Array {
  return body.length === 0 ? Buffer.from(String(status)) : Buffer.concat([Buffer.from(`${status} `), body]);
}
