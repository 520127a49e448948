import type { BearerPath } from '../../cellular/air.js';
import type { Session, TcpConnection, TcpEvents, UdpEvents, UdpSocket } from '../../cellular/network.js';

/**
 * The modem's view of its PDN connection. `open` says what the modem believes; the network may know better for as long
 * as no message gets through.
 */
export class DeviceSession implements Session {
  readonly #path: BearerPath;
  readonly #release: (reason: string) => void;
  #open = true;

  /** `release` is called when the device closes the session: the network wants to be told. */
  constructor(
    path: BearerPath,
    readonly bearer: number,
    readonly dns: readonly string[],
    release: (reason: string) => void,
  ) {
    this.#path = path;
    this.#release = release;
  }

  get imsi(): string {
    return this.#path.imsi;
  }

  get imei(): string {
    return this.#path.imei;
  }

  get ip(): string {
    return this.#path.ip;
  }

  get apn(): string {
    return this.#path.apn;
  }

  get open(): boolean {
    return this.#open;
  }

  resolve(name: string): Promise<readonly string[]> {
    return this.#path.resolve(name);
  }

  connectTcp(host: string, port: number, events: TcpEvents): TcpConnection {
    return this.#path.connectTcp(host, port, events);
  }

  openUdp(events: UdpEvents): UdpSocket {
    return this.#path.openUdp(events);
  }

  close(reason: string): void {
    if (!this.#open) return;
    this.end();
    this.#release(reason);
  }

  /** The bearer is gone: everything open on it fails with 'no-session'. */
  end(): void {
    this.#open = false;
    this.#path.closeDevice();
  }
}
