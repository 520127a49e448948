// A world with nothing but Beam, one subscriber and a customer's server, on the virtual clock.

import type { Duplex } from 'node:stream';
import type { ServiceRegistry, Session, TcpService, UdpService } from '../../host/cellular/network.js';
import { MINUTE, MS, type Clock, type Nanoseconds } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { CertificateAuthority, CustomerServer, duplexPair, InProcessUpstream } from '../../host/cloud/index.js';
import {
  Platform,
  type HttpLimits,
  type PlatformConfig,
  type PlatformOptions,
  type Upstream,
} from '../../host/platform/index.js';
import { Secret } from '../../host/secret.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';

export const EPOCH_MS = 1608251959862;
export const PSK = 'topsecret';
export const IMSI = '440101234567890';
export const IMEI = '860000012345678';
export const ICCID = '8981100005819480000';
export const MSISDN = '812012345678';
export const CUSTOMER = 'customer.example';

/** Keys take a while and are no part of what is tested: one authority for all worlds of a test file. */
export const ca = await CertificateAuthority.create();
export const certificate = await ca.issue([CUSTOMER]);

export const secretText = (text: string): Secret => new Secret(Buffer.from(text));

export interface FakeSession extends Session {
  open: boolean;
}

export function session(imsi = IMSI, imei = IMEI): FakeSession {
  const unused = (): never => {
    throw new Error('not part of this test');
  };
  return {
    imsi,
    imei,
    ip: '10.0.0.1',
    apn: 'soracom.io',
    dns: [],
    open: true,
    resolve: unused,
    connectTcp: unused,
    openUdp: unused,
    close: unused,
  };
}

/** Names, ports and services, without a network between. */
export class FakeRegistry implements ServiceRegistry {
  readonly services = new Map<string, TcpService>();
  readonly datagrams = new Map<string, UdpService>();

  name(): string {
    return '100.127.0.1';
  }

  tcp(name: string, port: number, service: TcpService): void {
    this.services.set(`${name}:${port}`, service);
  }

  udp(name: string, port: number, service: UdpService): void {
    this.datagrams.set(`${name}:${port}`, service);
  }

  connect(port: number, stream: Duplex, caller: Session, name = 'beam.soracom.io'): void {
    const service = this.services.get(`${name}:${port}`);
    if (service === undefined) throw new Error(`nothing at ${name}, TCP port ${port}`);
    service(stream, caller);
  }

  /** Sends one datagram; `reply` gets what comes back. */
  send(
    ...[name, port, bytes, caller, reply, socket = 49_152]: readonly [
      name: string,
      port: number,
      bytes: Uint8Array,
      caller: Session,
      reply: (bytes: Uint8Array) => void,
      socket?: number,
    ]
  ): void {
    const service = this.datagrams.get(`${name}:${port}`);
    if (service === undefined) throw new Error(`nothing at ${name}, UDP port ${port}`);
    service(bytes, caller, reply, `${caller.ip}:${socket}`);
  }
}

/** A typical group: the HTTP entry point at /, signed. */
export function config(entries: Record<string, object> = {}, extra: Partial<PlatformConfig> = {}): unknown {
  return {
    groups: {
      sensors: {
        configuration: {
          SoracomBeam: {
            'http://beam.soracom.io:8888/': {
              name: 'telemetry',
              enabled: true,
              destination: `https://${CUSTOMER}/ingest`,
              addSubscriberHeader: true,
              addEquipmentHeader: true,
              addSignature: true,
              psk: { $credentialsId: 'beam-psk' },
            },
            ...entries,
          },
        },
      },
    },
    credentials: { 'beam-psk': { type: 'psk', credentials: { key: PSK } } },
    subscribers: [{ imsi: IMSI, iccid: ICCID, msisdn: MSISDN, groupId: 'sensors' }],
    ...extra,
  };
}

export interface BeamWorldOptions {
  readonly config?: unknown;
  readonly limits?: Partial<HttpLimits>;
  readonly upstream?: (clock: Clock) => Upstream;
  /** Anything else that the platform is given. */
  readonly platform?: Partial<PlatformOptions>;
}

export class BeamWorld {
  readonly clock = new VirtualClock(EPOCH_MS);
  readonly trace = new Trace(this.clock);
  readonly events: TraceEvent[] = [];
  readonly registry = new FakeRegistry();
  readonly upstream = new InProcessUpstream({ clock: this.clock, trustedCas: [ca.certificate] });
  readonly customer = new CustomerServer({
    clock: this.clock,
    trace: this.trace,
    psk: secretText(PSK),
    certificate,
  });
  readonly platform: Platform;

  constructor(options: BeamWorldOptions = {}) {
    this.trace.listen((event) => this.events.push(event));
    this.upstream.serve(CUSTOMER, 443, (stream) => this.customer.accept(stream));
    this.platform = new Platform({
      clock: this.clock,
      trace: this.trace,
      config: options.config ?? config(),
      upstream: options.upstream?.(this.clock) ?? this.upstream,
      certificates: (names) => ca.issue(names),
      ...(options.limits && { limits: options.limits }),
      ...options.platform,
    });
    this.platform.register(this.registry);
  }

  connect(port = 8888, caller: Session = session(), name?: string): Device {
    const [near, far] = duplexPair(this.clock, 20 * MS);
    this.registry.connect(port, far, caller, name);
    return new Device(this, near);
  }

  /** Sends one request over a connection of its own; resolves to all that came back until the end. */
  async request(text: string | Uint8Array, port = 8888, caller?: Session, name?: string): Promise<string> {
    const device = this.connect(port, caller, name);
    device.send(text);
    await device.ended();
    return device.text;
  }

  /** Sends one datagram; resolves to the reply. Throws if none comes. */
  async datagram(bytes: string | Uint8Array, caller: Session = session(), name = 'beam.soracom.io'): Promise<string> {
    let reply: string | undefined;
    this.registry.send(name, 23080, Buffer.from(bytes), caller, (answer) => {
      reply = Buffer.from(answer).toString('latin1');
    });
    await this.run(() => reply !== undefined);
    if (reply === undefined) throw new Error('no reply to the datagram');
    return reply;
  }

  run(until: () => boolean, within: Nanoseconds = 30 * MINUTE): Promise<string> {
    return this.clock.run({ until, deadline: this.clock.now() + within });
  }

  /** A plain HTTP destination that gives these bytes for any request, and what it was asked. */
  serveBytes(host: string, port: number, reply: string | Uint8Array, end = true): { requests: string[] } {
    const requests: string[] = [];
    this.upstream.serve(host, port, (stream) => {
      let request = '';
      const index = requests.push('') - 1;
      stream.on('error', () => undefined);
      stream.on('data', (chunk: Buffer) => {
        request += chunk.toString('latin1');
        requests[index] = request;
        const [, head = '', body = ''] = /^([^]*?)\r\n\r\n([^]*)$/.exec(request) ?? [];
        const wanted = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
        if (head === '' || body.length < wanted) return;
        stream.write(reply);
        if (end) stream.end();
      });
    });
    return { requests };
  }
}

export class Device {
  #received: Buffer[] = [];
  #ended = false;
  error: Error | undefined;

  constructor(
    readonly world: { run(until: () => boolean, within?: Nanoseconds): Promise<string> },
    readonly stream: Duplex,
  ) {
    stream.on('data', (chunk: Buffer) => this.#received.push(chunk));
    stream.on('end', () => {
      this.#ended = true;
      stream.end();
    });
    stream.on('error', (error) => {
      this.error = error;
      this.#ended = true;
    });
  }

  get text(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  send(bytes: string | Uint8Array): void {
    this.stream.write(bytes);
  }

  /** Runs the world until what came back has this in it. Throws if it never does. */
  async expect(part: string): Promise<void> {
    const why = await this.world.run(() => this.text.includes(part));
    if (why !== 'until') throw new Error(`"${part}" never came: ${this.text}`);
  }

  async ended(): Promise<void> {
    const why = await this.world.run(() => this.#ended);
    if (why !== 'until') throw new Error(`the connection never ended: ${this.text}`);
  }
}

/** A request of a device that wants the connection closed after it. */
export function post(body: string, headers = '', path = '/'): string {
  const length = Buffer.byteLength(body);
  return `POST ${path} HTTP/1.1\r\nHost: beam.soracom.io:8888\r\nContent-Type: application/json\r\n${headers}Content-Length: ${length}\r\nConnection: close\r\n\r\n${body}`;
}

/** Header lines of a raw HTTP message, names in lower case. */
export function headerLines(message: string): string[] {
  const [head = ''] = message.split('\r\n\r\n');
  return head
    .split('\r\n')
    .slice(1)
    .map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()));
}
