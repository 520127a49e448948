import type { ServiceRegistry, TcpService, UdpService } from './network.js';

/**
 * Addresses that the platform publishes, and those that its names have always had here: scripts and devices may hold them. All other
 * names get theirs in the order in which they come.
 */
const KNOWN: Readonly<Record<string, string>> = {
  'metadata.soracom.io': '100.127.100.127',
  'ntp.soracom.io': '100.127.0.123',
  'beam.soracom.io': '100.127.10.1',
  'endorse.soracom.io': '100.127.10.2',
  'funk.soracom.io': '100.127.10.3',
  'funnel.soracom.io': '100.127.10.4',
  'harvest.soracom.io': '100.127.10.5',
  'harvest-files.soracom.io': '100.127.10.6',
  'uni.soracom.io': '100.127.10.7',
  'bootstrap.soracom.io': '100.127.10.8',
  'jp.inventory.soracom.io': '100.127.10.9',
  'api.soracom.io': '100.127.10.10',
};
/** First of the addresses given out: 100.127.11.1, .2, .. */
const FIRST_BLOCK = 11;
const HOSTS_PER_BLOCK = 254;

/** Names, addresses and listeners of the platform inside one world. */
export class Registry implements ServiceRegistry {
  readonly #addresses = new Map<string, string>();
  readonly #tcp = new Map<string, TcpService>();
  readonly #udp = new Map<string, UdpService>();
  #given = 0;

  name(...names: readonly string[]): string {
    const keys = names.map(canonical);
    const known = keys.map((key) => this.#addresses.get(key) ?? KNOWN[key]).find((address) => address !== undefined);
    const address = known ?? this.#nextAddress();
    for (const key of keys) if (!this.#addresses.has(key)) this.#addresses.set(key, KNOWN[key] ?? address);
    return address;
  }

  tcp(name: string, port: number, service: TcpService): void {
    this.#bind(this.#tcp, 'TCP', name, port, service);
  }

  udp(name: string, port: number, service: UdpService): void {
    this.#bind(this.#udp, 'UDP', name, port, service);
  }

  /** The address of a name, undefined if nobody has it. */
  lookUp(name: string): string | undefined {
    return this.#addresses.get(canonical(name));
  }

  /** True if a service has this address: a port without listener then refuses; elsewhere nothing answers. */
  reachable(address: string): boolean {
    return [...this.#addresses.values()].includes(address);
  }

  tcpAt(address: string, port: number): TcpService | undefined {
    return this.#tcp.get(`${address}:${port}`);
  }

  udpAt(address: string, port: number): UdpService | undefined {
    return this.#udp.get(`${address}:${port}`);
  }

  #bind<S>(services: Map<string, S>, protocol: string, name: string, port: number, service: S): void {
    const key = `${this.name(name)}:${port}`;
    if (services.has(key)) throw new Error(`${protocol} port ${port} of ${name} (${key}) already has a service`);
    services.set(key, service);
  }

  #nextAddress(): string {
    const n = this.#given++;
    return `100.127.${FIRST_BLOCK + Math.floor(n / HOSTS_PER_BLOCK)}.${1 + (n % HOSTS_PER_BLOCK)}`;
  }
}

/** DNS names do not care about case or a final dot. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
