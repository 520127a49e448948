import type { Duplex } from 'node:stream';
import { MS, type Clock, type Nanoseconds } from '../clock/clock.js';
import type { Upstream } from '../platform/outbound/upstream.js';
import { duplexPair } from './duplex-pair.js';

/** One way between the platform and a customer's server, when nothing else is said. */
const LATENCY = 5 * MS;

export interface InProcessOptions {
  readonly clock: Clock;
  /** One way. */
  readonly latency?: Nanoseconds;
  readonly trustedCas?: readonly string[];
  /** Where hosts lead that the world does not own. Absent: their names are unknown. */
  readonly others?: Upstream;
  /** TLS with the hosts of this world is simulated. */
  readonly simulatedTls?: boolean;
}

type Service = ((stream: Duplex) => void) | 'refused' | 'silent';

/** Customers' servers inside the world: no socket is opened, time is the world's. */
export class InProcessUpstream implements Upstream {
  readonly trustedCas: readonly string[];
  readonly #clock: Clock;
  readonly #latency: Nanoseconds;
  readonly #others: Upstream | undefined;
  readonly #services = new Map<string, Service>();
  readonly #hosts = new Set<string>();
  readonly #simulatedTls: boolean;

  constructor({ clock, latency = LATENCY, trustedCas = [], others, simulatedTls = false }: InProcessOptions) {
    this.#clock = clock;
    this.#latency = latency;
    this.#others = others;
    this.#simulatedTls = simulatedTls;
    this.trustedCas = [...trustedCas, ...(others?.trustedCas ?? [])];
  }

  /**
   * Says what happens to connections to host:port: a server takes them, or they are refused (nothing listens there), or
   * packets vanish. A call replaces what was said before.
   */
  serve(host: string, port: number, service: Service): void {
    this.#hosts.add(host.toLowerCase());
    this.#services.set(`${host.toLowerCase()}:${port}`, service);
  }

  simulatesTls(host: string): boolean {
    return this.#simulatedTls && this.#hosts.has(host.toLowerCase());
  }

  async connect(host: string, port: number): Promise<Duplex> {
    const name = host.toLowerCase();
    if (!this.#hosts.has(name)) {
      if (this.#others !== undefined) return this.#others.connect(host, port);
      await this.#clock.sleep(2 * this.#latency);
      throw new Error(`name unknown: ${host}`);
    }
    const service = this.#services.get(`${name}:${port}`) ?? 'refused';
    if (service === 'silent') return new Promise(() => undefined);
    await this.#clock.sleep(2 * this.#latency);
    if (service === 'refused') throw new Error('connection refused');
    const [near, far] = duplexPair(this.#clock, this.#latency);
    service(far);
    return near;
  }
}
