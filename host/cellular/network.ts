// The contracts between a modem's baseband, the home network and the platform's services.

import type { Duplex } from 'node:stream';

/** What the USIM says to one challenge (TS 31.102 7.1.2). */
export type AuthOutcome =
  | { readonly kind: 'ok'; readonly res: Uint8Array; readonly ck: Uint8Array; readonly ik: Uint8Array }
  | { readonly kind: 'resync'; readonly auts: Uint8Array }
  | { readonly kind: 'mac-failure' }
  | { readonly kind: 'refused'; readonly sw: number };

/** What the operator of a SIM has to say to a session: yes, not for now, or not until the subscription is another. */
export type Admission = 'admitted' | 'not-now' | 'barred';

/** The SIM as the baseband sees it; the modem implements it through its card reader. */
export interface Usim {
  /** 6..15 digits. */
  imsi(): Promise<string>;
  authenticate(rand: Uint8Array, autn: Uint8Array): Promise<AuthOutcome>;
}

/** What a device asks of a packet data network (APN soracom.io, user sora, password sora). */
export interface PdnRequest {
  readonly apn: string;
  readonly user: string;
  readonly password: string;
  readonly auth: 'none' | 'pap' | 'chap';
}

/** TS 27.007 `<stat>`. */
export const Registration = { Off: 0, Home: 1, Searching: 2, Denied: 3, Unknown: 4, Roaming: 5 } as const;
export type Registration = (typeof Registration)[keyof typeof Registration];

/** Thrown by `Radio.attach` and `Radio.activate`. `emm` and `esm` are the causes of TS 24.301 annexes A and B. */
export class AttachError extends Error {
  constructor(
    readonly code: 'no-network' | 'rejected' | 'network-not-authentic' | 'card' | 'timeout',
    message: string,
    readonly causes: { readonly emm?: number; readonly esm?: number } = {},
  ) {
    super(message);
    this.name = 'AttachError';
  }
}

/** The baseband: speaks NAS with the network on one side, is driven by the AT interpreter on the other. */
export interface Radio {
  readonly registration: Registration;
  /** EMM cause of the last rejection, if the registration was denied. */
  readonly rejectCause: number | undefined;
  /** Tracking area, cell, access technology (TS 27.007), operator: known while registered. */
  readonly cell:
    | {
        readonly tac: number;
        readonly ci: number;
        readonly act: number;
        readonly plmn: string;
        readonly operator: string;
      }
    | undefined;
  /** dBm of the serving cell, undefined without one. */
  readonly rsrp: number | undefined;
  /** Called after every change of `registration`, and when the network takes the session away. */
  onChange: (() => void) | undefined;
  /** EPS attach with mutual authentication. Resolves when registered. */
  attach(usim: Usim, imei: string): Promise<void>;
  /** Asks for a PDN connection on the attached radio. */
  activate(pdn: PdnRequest): Promise<Session>;
  detach(): Promise<void>;
  /** Antenna and power gone at once (modem reset): no message is sent, everything local is dropped. */
  drop(): void;
}

/** One SIM's connection: the only source of identity for every service. */
export interface Session {
  readonly imsi: string;
  readonly imei: string;
  readonly ip: string;
  readonly apn: string;
  readonly dns: readonly string[];
  readonly open: boolean;
  /** When it was opened, UNIX milliseconds, if known. */
  readonly openedMs?: number;
  /** Whether the services take simulated TLS (host/tls) from this session's device. */
  readonly simulatedTls?: boolean;
  /** Resolves to dotted IPv4 addresses; rejects with SocketError 'name-unknown' or 'timeout'. */
  resolve(name: string): Promise<readonly string[]>;
  /** Starts a TCP connection to a name or dotted address. Events come later, never from inside this call. */
  connectTcp(host: string, port: number, events: TcpEvents): TcpConnection;
  /** Sends and receives datagrams from one local port. */
  openUdp(events: UdpEvents): UdpSocket;
  close(reason: string): void;
}

export type SocketFault = 'name-unknown' | 'refused' | 'timeout' | 'reset' | 'no-session';

export class SocketError extends Error {
  constructor(
    readonly code: SocketFault,
    message: string,
  ) {
    super(message);
    this.name = 'SocketError';
  }
}

export interface TcpEvents {
  connected(remote: string): void;
  /** Returns false to say "no more for now", until `resume`: then the window closes, and the far end has to wait. */
  data(bytes: Uint8Array): boolean;
  /** The far end has finished sending (FIN). */
  ended(): void;
  /** The connection is gone; nothing follows. */
  failed(error: SocketError): void;
}

export interface TcpConnection {
  /** Queues bytes; they arrive in order or the connection fails. */
  send(bytes: Uint8Array): void;
  /** Bytes handed in and not yet acknowledged by the far end's stack. */
  readonly unacknowledged: number;
  /** There is room again after `data` said false. What waited may come from inside this call (`data`, `ended`). */
  resume(): void;
  /** FIN after what is queued. */
  end(): void;
  /** RST; no event follows. */
  abort(): void;
}

export interface UdpEvents {
  message(bytes: Uint8Array, fromIp: string, fromPort: number): void;
  failed(error: SocketError): void;
}

export interface UdpSocket {
  send(bytes: Uint8Array, host: string, port: number): void;
  close(): void;
}

/** Takes one TCP connection of a session; `stream` carries the device's bytes. */
export type TcpService = (stream: Duplex, caller: Session) => void;

/**
 * Takes one datagram of a session. `reply` sends one back to where it came from, which `from` names (`10.0.0.1:49152`):
 * all datagrams of one socket have the same.
 */
export type UdpService = (bytes: Uint8Array, caller: Session, reply: (bytes: Uint8Array) => void, from: string) => void;

/** Where services are found: names to addresses, and (address, port) to a service. */
export interface ServiceRegistry {
  /** Binds names to one address, where callers find the services of that name, and returns it; a name given before keeps its address. */
  name(...names: readonly string[]): string;
  /** Callers do not resolve the names: they are told the address. */
  readonly isByAddress?: boolean;
  tcp(name: string, port: number, service: TcpService): void;
  udp(name: string, port: number, service: UdpService): void;
}
