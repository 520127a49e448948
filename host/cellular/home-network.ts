// The mobile network of a world: subscribers, one cell, attach, sessions, names and services.

import type { Clock, Nanoseconds } from '../clock/clock.js';
import type { Random } from '../random.js';
import { Secret } from '../secret.js';
import type { Trace } from '../trace/trace.js';
import { NasLink } from './air.js';
import type { Air, CellInfo } from './air.js';
import { Auc } from './hss/index.js';
import type { SubscriberStore } from './hss/index.js';
import { Impairments } from './impairments.js';
import { Mme } from './mme.js';
import type { RadioEnd, UeContext } from './ue-context.js';
import type { Admission, ServiceRegistry, TcpService, UdpService } from './network.js';
import type { Apn } from './pdn.js';
import { Registry } from './registry.js';
import { PdnSession } from './session.js';

export interface HomeNetworkOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly random: Random;
  /** Who may attach, and where SQN is kept. */
  readonly subscribers: SubscriberStore;
  /** 5 or 6 digits, 44010 unless given. */
  readonly plmn?: string;
  readonly operatorName?: string;
  /** Access points; soracom.io with user sora and password sora unless given. The first serves who names none. */
  readonly apns?: readonly Apn[];
  readonly dns?: readonly [string, string];
  /** Cipher of NAS messages: 2 is AES (128-EEA2), 0 none (so that captures can be read), 0 unless given. */
  readonly eea?: 0 | 2;
  /** dBm that modems measure. */
  readonly rsrp?: number;
  /**
   * A session that carried no packet for this long is cut, and the modem told (`pdpdeact`). Never, unless given. The
   * platform may do so after about an hour: 1 * HOUR shows whether a device that is silent for long stands it.
   */
  readonly idleCut?: Nanoseconds;
  /** Asked before each session whether the subscriber may have it; everybody may, unless given. */
  readonly admit?: (imsi: string) => Admission;
  /** The services behind the network take simulated TLS (host/tls). */
  readonly simulatedTls?: boolean;
  /** The address of a subscriber's session; a free one of 10.0.0.0/8 for whom it says nothing. */
  readonly addressOf?: (imsi: string) => string | undefined;
}

/** Seconds between periodic tracking area updates: 54 minutes, the default of T3412. */
const T3412 = 3240;
const TAC = 0x1a2b;
const CELL_ID = 0x01c3d404;
const E_UTRAN = 7;

export class HomeNetwork implements ServiceRegistry {
  readonly impairments: Impairments;
  readonly auc: Auc;
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #random: Random;
  readonly #addresses: Random;
  readonly #dns: readonly [string, string];
  readonly #registry = new Registry();
  readonly #mme: Mme;
  readonly #cell: CellInfo;
  readonly #rsrp: number;
  readonly #idleCut: Nanoseconds | undefined;
  readonly #simulatedTls: boolean;
  readonly #addressOf: (imsi: string) => string | undefined;
  readonly #sessions = new Map<string, PdnSession>();
  /** Called with the address of each session that has ended. */
  onSessionClosed: ((ip: string) => void) | undefined;

  constructor(options: HomeNetworkOptions) {
    const { clock, trace, random, subscribers, plmn = '44010' } = options;
    this.#clock = clock;
    this.#trace = trace;
    this.#random = random;
    this.#addresses = random.fork('addresses');
    this.#dns = options.dns ?? ['100.127.0.53', '100.127.1.53'];
    this.#rsrp = options.rsrp ?? -91;
    this.#idleCut = options.idleCut;
    this.#simulatedTls = options.simulatedTls ?? false;
    this.#addressOf = options.addressOf ?? (() => undefined);
    this.#cell = { tac: TAC, ci: CELL_ID, act: E_UTRAN, plmn, operator: options.operatorName ?? 'NTT DOCOMO' };
    this.impairments = new Impairments(random.fork('impairments'), trace);
    this.auc = new Auc(subscribers, random.fork('auc'));
    this.#mme = new Mme({
      clock,
      auc: this.auc,
      random: random.fork('mme'),
      plmn,
      tac: TAC,
      apns: options.apns ?? [{ name: 'soracom.io', user: 'sora', password: new Secret(Buffer.from('sora')) }],
      dns: this.#dns,
      admit: options.admit ?? ((): Admission => 'admitted'),
      eea: options.eea ?? 0,
      t3412: T3412,
    });
  }

  /** A radio interface for one device, with impairments of its own; its events carry the device's name. */
  attachPoint(device: string): AttachPoint {
    const trace = this.#trace.of(device);
    const impairments = new Impairments(this.#random.fork(`impairments ${device}`), trace, this.impairments);
    const openSession: RadioEnd['openSession'] = (identity) => this.#openSession(identity, trace, impairments);
    return new AttachPoint({
      clock: this.#clock,
      impairments,
      connect: (send) => this.#mme.connect({ trace, send, openSession }),
      cell: this.#cell,
      rsrp: this.#rsrp,
    });
  }

  #openSession(
    identity: Parameters<RadioEnd['openSession']>[0],
    trace: Trace,
    impairments: Impairments,
  ): PdnSession | undefined {
    const ip = this.#addressOf(identity.imsi) ?? this.#freeAddress();
    if (ip === undefined) return undefined;
    this.#sessions.get(ip)?.close('its address is given to a new session');
    const forget = (): void => {
      this.#sessions.delete(ip);
      this.onSessionClosed?.(ip);
    };
    const session = new PdnSession(
      { ...identity, ip, dns: this.#dns },
      {
        clock: this.#clock,
        trace,
        impairments,
        registry: this.#registry,
        idleCut: this.#idleCut,
        simulatedTls: this.#simulatedTls,
        forget,
      },
    );
    this.#sessions.set(ip, session);
    return session;
  }

  /** The open session with this address. */
  sessionByIp(ip: string): PdnSession | undefined {
    return this.#sessions.get(ip);
  }

  /** The open session of this subscriber. */
  sessionByImsi(imsi: string): PdnSession | undefined {
    const session = this.#mme.contextOf(imsi)?.session;
    return session?.open ? session : undefined;
  }

  /** Detaches a subscriber as an operator does who suspends a SIM. `again`: the modem is asked to attach again. */
  detach(imsi: string, again: boolean): void {
    this.#mme.contextOf(imsi)?.detach(again ? 1 : 2);
  }

  name(...names: readonly string[]): string {
    return this.#registry.name(...names);
  }

  tcp(name: string, port: number, service: TcpService): void {
    this.#registry.tcp(name, port, service);
  }

  udp(name: string, port: number, service: UdpService): void {
    this.#registry.udp(name, port, service);
  }

  /** An address of 10.0.0.0/8 that no open session has; undefined when chance found none in many tries. */
  #freeAddress(): string | undefined {
    for (let tries = 0; tries < 1000; tries++) {
      const host = 1 + this.#addresses.below(2 ** 24 - 2);
      const ip = `10.${host >> 16}.${(host >> 8) & 0xff}.${host & 0xff}`;
      if (!this.#sessions.has(ip)) return ip;
    }
    return undefined;
  }
}

interface AttachPointOptions {
  readonly clock: Clock;
  readonly impairments: Impairments;
  readonly connect: (send: (message: Uint8Array) => void) => UeContext;
  readonly cell: CellInfo;
  readonly rsrp: number;
}

/** The place of one device in the network. */
export class AttachPoint implements Air {
  /** What goes wrong for this device, beside what goes wrong for all. */
  readonly impairments: Impairments;
  onCoverage: (() => void) | undefined;
  onNas: ((message: Uint8Array) => void) | undefined;
  readonly #cell: CellInfo;
  readonly #rsrp: number;
  readonly #context: UeContext;
  readonly #uplink: NasLink;
  readonly #downlink: NasLink;

  constructor({ clock, impairments, connect, cell, rsrp }: AttachPointOptions) {
    this.impairments = impairments;
    this.#cell = cell;
    this.#rsrp = rsrp;
    this.#downlink = new NasLink(clock, impairments, 'downlink', (message) => this.onNas?.(message));
    this.#context = connect((message) => this.#downlink.send(message));
    this.#uplink = new NasLink(clock, impairments, 'uplink', (message) => this.#context.receive(message));
    impairments.onCoverage(() => this.onCoverage?.());
  }

  get cell(): CellInfo | undefined {
    return this.impairments.coverage ? this.#cell : undefined;
  }

  get rsrp(): number | undefined {
    return this.impairments.coverage ? this.#rsrp : undefined;
  }

  sendNas(message: Uint8Array): void {
    this.#uplink.send(message);
  }

  release(): void {
    this.#uplink.release();
    this.#downlink.release();
  }

  bearer(id: number): PdnSession | undefined {
    return this.#context.bearer(id);
  }
}
