// One typed event per thing that happens in a world, from the contacts of the card to the customer's server.
//
// A field that may hold a secret has the type `Secret` (or `Secret | string`): writers print it as [redacted] unless
// asked by name to show secrets. Byte strings are lower-case hexadecimal.

import type { Secret } from '../secret.js';

export type TraceBody =
  /** Contacts of the card: power, reset, and bursts of characters on the I/O line. */
  | { type: 'contact'; event: 'power-on' | 'power-off' | 'reset' }
  | { type: 'line'; from: 'card' | 'terminal'; bytes: string | Secret; note?: string }
  | { type: 'atr'; bytes: string }
  /** One command and its answer at the T=0 interface (`sw` = SW1 SW2). */
  | { type: 'apdu'; name: string; header: string; command?: string | Secret; response?: string | Secret; sw: string }
  /** One line (or a data block) between device and modem. */
  | { type: 'at'; from: 'device' | 'modem'; text: string | Secret; data?: boolean }
  /** One NAS message between the modem and the network. `fields` for people. */
  | {
      type: 'nas';
      from: 'modem' | 'network';
      message: string;
      bytes: string | Secret;
      fields?: Record<string, string | number | Secret>;
    }
  /** A step of authentication, said by the side that did it. */
  | {
      type: 'aka';
      side: 'card' | 'modem' | 'network' | 'hss';
      step: string;
      ok: boolean;
      fields?: Record<string, string | number | Secret>;
    }
  /** A command that the emulated modem does not know: a real one may. */
  | { type: 'modem'; event: 'unknown-command'; command: string }
  | { type: 'registration'; state: string; cause?: number }
  | { type: 'session'; event: 'open' | 'close'; imsi: string; ip: string; apn: string; reason?: string }
  | { type: 'dns'; name: string; address?: string; error?: string }
  | {
      type: 'socket';
      event: 'connect' | 'connected' | 'refused' | 'ended' | 'reset' | 'timeout';
      id: number;
      remote: string;
      error?: string;
    }
  /** A request or response as it crosses one leg: device to platform, platform to customer. */
  | {
      type: 'http';
      leg: 'device' | 'customer';
      kind: 'request';
      id: number;
      method: string;
      url: string;
      headers: [string, string][];
      body: string;
    }
  | {
      type: 'http';
      leg: 'device' | 'customer';
      kind: 'response';
      id: number;
      status: number;
      headers: [string, string][];
      body: string;
    }
  /** A device's message over TCP or UDP, and the reply to it. */
  | {
      type: 'message';
      service: string;
      kind: 'request' | 'response';
      protocol: 'tcp' | 'udp' | 'http';
      id: number;
      body: string;
    }
  /** What a service of the platform did by itself: it refused, a server behind it failed, or its own storage did. */
  | {
      type: 'service';
      service: string;
      event: 'refused' | 'upstream-error' | 'storage-fault';
      id: number;
      status: number;
      reason: string;
      imsi: string;
    }
  /** What Inventory does with a device: bootstrap, registration, requests and what came of them. */
  | {
      type: 'inventory';
      event:
        | 'bootstrap-request'
        | 'bootstrapped'
        | 'bootstrap-failed'
        | 'registered'
        | 'resumed'
        | 'updated'
        | 'deregistered'
        | 'expired'
        | 'refused'
        | 'request'
        | 'response'
        | 'notified';
      endpoint: string;
      deviceId?: string;
      imsi?: string;
      detail?: string;
    }
  /** A call of the management API, by an operator or by a SIM through Metadata; the path without its query. */
  | {
      type: 'api';
      method: string;
      path: string;
      status: number;
      /** As permissions name it, `Subscriber:getSubscriber`. */
      api?: string;
      /** Fields of the body that the API does not know: it passed them over, or keeps them without acting on them. */
      unknown?: readonly string[];
      operatorId?: string;
      userName?: string;
      imsi?: string;
      /** Why it was refused, where the answer alone does not say it: an access decision that could not be made. */
      reason?: string;
    }
  /** A group's configuration has keys that no service knows: they are kept, and nothing comes of them. */
  | { type: 'configuration'; operatorId: string; unknown: readonly string[] }
  /** The customer's server's own verdict on a request. */
  | { type: 'verified'; ok: boolean; imsi?: string; messageId?: string; reason?: string; body: string }
  /** Life of a board and what its app logs. */
  | {
      type: 'board';
      /**
       * `image`: one that came by firmware update has been committed. `no-sensor`: the app asks for something that nothing is wired to,
       * which `reason` names; told once.
       */
      event: 'start' | 'restart' | 'trap' | 'image' | 'no-sensor';
      app: string;
      cause?: string;
      reason?: string;
      bytes?: number;
    }
  | { type: 'log'; level: 'error' | 'warn' | 'info' | 'debug'; text: string }
  | {
      type: 'impairment';
      event: 'outage-start' | 'outage-end' | 'connections-reset' | 'modem-reset' | 'modem-silent' | 'modem-back';
    };

/** Where and when: `t` nanoseconds of world time; `device` names the device whose part spoke, if any. */
export type TraceEvent = { t: number; device?: string } & TraceBody;

export type TraceType = TraceBody['type'];
