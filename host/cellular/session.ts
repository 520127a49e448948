import type { Clock, Nanoseconds, Timer } from '../clock/clock.js';
import type { Trace } from '../trace/trace.js';
import type { Impairments } from './impairments.js';
import type { BearerPath } from './air.js';
import type { TcpConnection, TcpEvents, UdpEvents, UdpSocket } from './network.js';
import { DeviceStack } from './packet/device-stack.js';
import { Gateway } from './packet/gateway.js';
import { PacketLink } from './packet/link.js';
import type { Registry } from './registry.js';

export interface PdnIdentity {
  readonly imsi: string;
  readonly imei: string;
  readonly ip: string;
  readonly apn: string;
  readonly dns: readonly [string, string];
}

export interface PdnSessionOptions {
  readonly clock: Clock;
  /** Bound to the device. */
  readonly trace: Trace;
  readonly impairments: Impairments;
  readonly registry: Registry;
  /** A session without a packet for this long is closed; undefined: never. */
  readonly idleCut?: Nanoseconds | undefined;
  /** See Session. */
  readonly simulatedTls?: boolean;
  /** Called when the network's end has closed: the address is free again. */
  readonly forget?: () => void;
}

/**
 * One PDN connection. Services get it as the caller; the sockets are the device's side of it. Its two ends close one
 * by one: the network's with `close`, the device's with `closeDevice` when the modem hears of it.
 */
export class PdnSession implements BearerPath {
  readonly imsi: string;
  readonly imei: string;
  readonly ip: string;
  readonly apn: string;
  readonly dns: readonly string[];
  readonly openedMs: number;
  readonly simulatedTls: boolean;
  /** Called once when the network's end has closed, with the reason. */
  onClose: ((reason: string) => void) | undefined;
  /** Called at the device when something that it sent found the network's end closed. */
  onUnknown: (() => void) | undefined;

  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #stack: DeviceStack;
  readonly #gateway: Gateway;
  readonly #forget: () => void;
  readonly #idleCut: Nanoseconds | undefined;
  #idle: Timer | undefined;
  #lastPacket: Nanoseconds;
  #open = true;

  constructor(identity: PdnIdentity, options: PdnSessionOptions) {
    const { clock, trace, impairments, registry, idleCut, forget, simulatedTls = false } = options;
    this.imsi = identity.imsi;
    this.imei = identity.imei;
    this.ip = identity.ip;
    this.apn = identity.apn;
    this.dns = identity.dns;
    this.openedMs = clock.unixMs();
    this.simulatedTls = simulatedTls;
    this.#clock = clock;
    this.#trace = trace;
    const uplink = new PacketLink(clock, impairments, 'uplink', (packet) => {
      this.#lastPacket = clock.now();
      this.#gateway.receive(packet);
    });
    const downlink = new PacketLink(clock, impairments, 'downlink', (packet) => {
      if (packet.kind === 'error-indication') this.onUnknown?.();
      else this.#stack.receive(packet);
    });
    this.#stack = new DeviceStack(clock, (packet) => uplink.send(packet));
    this.#gateway = new Gateway(clock, trace, registry, this, (packet) => {
      this.#lastPacket = clock.now();
      downlink.send(packet);
    });
    const deaf = impairments.onReset(() => {
      this.#gateway.resetConnections();
      this.#stack.resetConnections();
    });
    this.#forget = () => {
      deaf();
      forget?.();
    };
    this.#idleCut = idleCut;
    this.#lastPacket = clock.now();
    this.#watchIdle();
    trace.emit({ type: 'session', event: 'open', imsi: this.imsi, ip: this.ip, apn: this.apn });
  }

  /** Looks again when the session could have been idle for long enough. */
  #watchIdle(): void {
    const cut = this.#idleCut;
    if (cut === undefined) return;
    this.#idle = this.#clock.at(this.#lastPacket + cut, () => {
      if (this.#clock.now() - this.#lastPacket >= cut) this.close('no packet for too long');
      else this.#watchIdle();
    });
  }

  get open(): boolean {
    return this.#open;
  }

  resolve(name: string): Promise<readonly string[]> {
    return this.#stack.resolve(name);
  }

  connectTcp(host: string, port: number, events: TcpEvents): TcpConnection {
    return this.#stack.connectTcp(host, port, events);
  }

  openUdp(events: UdpEvents): UdpSocket {
    return this.#stack.openUdp(events);
  }

  close(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#idle?.cancel();
    this.#forget();
    this.#gateway.close();
    this.#trace.emit({ type: 'session', event: 'close', imsi: this.imsi, ip: this.ip, apn: this.apn, reason });
    this.onClose?.(reason);
  }

  /** The modem's stack lets go: everything open on the device fails with 'no-session', and nothing is sent. */
  closeDevice(): void {
    this.#stack.close();
  }
}
