// The mobile network of a world: subscribers, one cell, attach, sessions, names and services.

import type { Clock } from '../clock/clock.js';
import type { Random } from '../random.js';
import { Secret } from '../secret.js';
import type { Trace } from '../trace/trace.js';
import { NasLink } from './air.js';
import type { Air, CellInfo } from './air.js';
import { Auc } from './hss/index.js';
import type { SubscriberStore } from './hss/index.js';
import { Impairments } from './impairments.js';
import { Mme } from './mme.js';
import type { Apn, UeContext } from './mme.js';
import type { ServiceRegistry, TcpService, UdpService } from './network.js';
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
  readonly #addresses: Random;
  readonly #registry = new Registry();
  readonly #mme: Mme;
  readonly #cell: CellInfo;
  readonly #rsrp: number;
  readonly #sessions = new Map<string, PdnSession>();

  constructor(options: HomeNetworkOptions) {
    const { clock, trace, random, subscribers, plmn = '44010' } = options;
    this.#clock = clock;
    this.#trace = trace;
    this.#addresses = random.fork('addresses');
    this.#rsrp = options.rsrp ?? -91;
    this.#cell = { tac: TAC, ci: CELL_ID, act: E_UTRAN, plmn, operator: options.operatorName ?? 'NTT DOCOMO' };
    this.impairments = new Impairments(random.fork('impairments'), trace);
    this.auc = new Auc(subscribers, random.fork('auc'));
    const dns = options.dns ?? (['100.127.0.53', '100.127.1.53'] as const);
    this.#mme = new Mme({
      clock,
      auc: this.auc,
      random: random.fork('mme'),
      plmn,
      tac: TAC,
      apns: options.apns ?? [{ name: 'soracom.io', user: 'sora', password: new Secret(Buffer.from('sora')) }],
      dns,
      eea: options.eea ?? 0,
      t3412: T3412,
      openSession: (identity, deviceTrace) => {
        const ip = this.#freeAddress();
        if (ip === undefined) return undefined;
        const forget = (): void => void this.#sessions.delete(ip);
        const place = { ...identity, ip, dns };
        const session = new PdnSession(place, clock, deviceTrace, this.impairments, this.#registry, forget);
        this.#sessions.set(ip, session);
        return session;
      },
    });
  }

  /** A radio interface for one device; its events carry the device's name. */
  attachPoint(device: string): Air {
    return new AttachPoint(this.#clock, this.#trace.of(device), this.impairments, this.#mme, this.#cell, this.#rsrp);
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

  /** Detaches a subscriber as an operator does who suspends a SIM. `again`: the modem is asked to attach anew. */
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

class AttachPoint implements Air {
  onCoverage: (() => void) | undefined;
  onNas: ((message: Uint8Array) => void) | undefined;
  readonly #impairments: Impairments;
  readonly #cell: CellInfo;
  readonly #rsrp: number;
  readonly #context: UeContext;
  readonly #uplink: NasLink;
  readonly #downlink: NasLink;

  constructor(clock: Clock, trace: Trace, impairments: Impairments, mme: Mme, cell: CellInfo, rsrp: number) {
    this.#impairments = impairments;
    this.#cell = cell;
    this.#rsrp = rsrp;
    this.#downlink = new NasLink(clock, impairments, 'downlink', (message) => this.onNas?.(message));
    this.#context = mme.connect(trace, (message) => this.#downlink.send(message));
    this.#uplink = new NasLink(clock, impairments, 'uplink', (message) => this.#context.receive(message));
    impairments.onCoverage(() => this.onCoverage?.());
  }

  get cell(): CellInfo | undefined {
    return this.#impairments.coverage ? this.#cell : undefined;
  }

  get rsrp(): number | undefined {
    return this.#impairments.coverage ? this.#rsrp : undefined;
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
