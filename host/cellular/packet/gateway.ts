import { MS } from '../../clock/clock.js';
import type { Clock } from '../../clock/clock.js';
import type { Trace } from '../../trace/trace.js';
import type { Session } from '../network.js';
import type { Registry } from '../registry.js';
import type { Packet } from './packet.js';
import { ServiceStream } from './service-stream.js';

/** How long the name servers think: a name of their own, and one that they have to ask the world for. */
const DNS_KNOWN = 2 * MS;
const DNS_UNKNOWN = 80 * MS;

/** The network's end of one PDN connection: name server, and the way to the platform's services. */
export class Gateway {
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #registry: Registry;
  readonly #session: Session;
  readonly #send: (packet: Packet) => void;
  readonly #streams = new Map<number, ServiceStream>();
  #open = true;

  constructor(clock: Clock, trace: Trace, registry: Registry, session: Session, send: (packet: Packet) => void) {
    this.#clock = clock;
    this.#trace = trace;
    this.#registry = registry;
    this.#session = session;
    this.#send = send;
  }

  receive(packet: Packet): void {
    if (!this.#open) this.#send({ kind: 'error-indication' });
    else if (packet.kind === 'tcp') this.#tcp(packet);
    else if (packet.kind === 'udp') this.#udp(packet);
    else if (packet.kind === 'dns') this.#dns(packet.id, packet.name);
  }

  resetConnections(): void {
    for (const stream of [...this.#streams.values()]) stream.reset();
  }

  /** The session is over: the services' streams fail, and nothing is taken from the device any more. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.resetConnections();
  }

  #tcp(packet: Extract<Packet, { kind: 'tcp' }>): void {
    const { connection, address, port, segment } = packet;
    const known = this.#streams.get(connection);
    if (known) {
      known.receive(segment);
      return;
    }
    if (segment.flags === 'rst') return;
    const service = this.#registry.tcpAt(address, port);
    if (segment.flags !== 'syn' || !service) {
      // A host that is there refuses; an address that nobody has says nothing.
      if (this.#registry.reachable(address)) {
        this.#send({ ...packet, segment: { flags: 'rst', seq: 0, ack: 0, window: 0, data: new Uint8Array() } });
      }
      return;
    }
    const stream = new ServiceStream(
      this.#clock,
      this.#session.ip,
      (answer) => {
        if (this.#open) this.#send({ ...packet, segment: answer });
      },
      {
        connected: () => {
          this.#clock.stir();
          service(stream, this.#session);
        },
        closed: () => this.#streams.delete(connection),
      },
    );
    // A service that does not listen for errors must not bring the world down.
    stream.on('error', () => undefined);
    this.#streams.set(connection, stream);
    stream.receive(segment);
  }

  #udp(packet: Extract<Packet, { kind: 'udp' }>): void {
    const { ip, port } = packet;
    const service = this.#registry.udpAt(ip, port);
    if (!service) return;
    this.#clock.stir();
    const reply = (data: Uint8Array): void => {
      if (this.#open) this.#send({ ...packet, data: data.slice() });
    };
    service(packet.data, this.#session, reply, `${this.#session.ip}:${packet.socket}`);
  }

  #dns(id: number, name: string): void {
    const address = this.#registry.lookUp(name);
    this.#clock.after(address === undefined ? DNS_UNKNOWN : DNS_KNOWN, () => {
      if (!this.#open) return;
      this.#trace.emit({ type: 'dns', name, ...(address === undefined ? { error: 'NXDOMAIN' } : { address }) });
      this.#send({ kind: 'dns', id, name, answer: address === undefined ? [] : [address] });
    });
  }
}
