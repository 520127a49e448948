// A radio and sessions for the modem's tests: they do what the test says.

import type {
  PdnRequest,
  Radio,
  Session,
  TcpConnection,
  TcpEvents,
  UdpEvents,
  UdpSocket,
  Usim,
} from '../../host/cellular/network.js';
import { AttachError, Registration, SocketError } from '../../host/cellular/network.js';
import type { Clock } from '../../host/clock/clock.js';
import { MS } from '../../host/clock/clock.js';

export class TestConnection implements TcpConnection {
  readonly sent: Uint8Array[] = [];
  unacknowledged = 0;
  ended = false;
  aborted = false;
  resumed = 0;

  constructor(
    readonly host: string,
    readonly port: number,
    readonly events: TcpEvents,
  ) {}

  send(bytes: Uint8Array): void {
    this.sent.push(bytes.slice());
  }
  get text(): string {
    return Buffer.concat(this.sent).toString('latin1');
  }
  resume(): void {
    this.resumed++;
  }
  end(): void {
    this.ended = true;
  }
  abort(): void {
    this.aborted = true;
  }
}

export class TestSession implements Session {
  readonly dns = ['100.127.0.53', '100.127.1.53'];
  open = true;
  readonly connections: TestConnection[] = [];
  readonly udp: { events: UdpEvents; sent: { bytes: Uint8Array; host: string; port: number }[]; closed: boolean }[] =
    [];
  names = new Map([['beam.soracom.io', '100.127.127.100']]);
  /** How a TCP connection goes. */
  connect: (connection: TestConnection) => void = (connection) =>
    connection.events.connected(`100.127.127.100:${connection.port}`);
  closedBecause: string | undefined;

  constructor(
    readonly clock: Clock,
    readonly imsi: string,
    readonly imei: string,
    readonly ip: string,
    readonly apn: string,
  ) {}

  async resolve(name: string): Promise<readonly string[]> {
    await this.clock.sleep(20 * MS);
    const address = this.names.get(name);
    if (!address) throw new SocketError('name-unknown', name);
    return [address];
  }

  connectTcp(host: string, port: number, events: TcpEvents): TcpConnection {
    const connection = new TestConnection(host, port, events);
    this.connections.push(connection);
    this.clock.after(60 * MS, () => this.connect(connection));
    return connection;
  }

  openUdp(events: UdpEvents): UdpSocket {
    const socket = { events, sent: [] as { bytes: Uint8Array; host: string; port: number }[], closed: false };
    this.udp.push(socket);
    return {
      send: (bytes, host, port) => socket.sent.push({ bytes, host, port }),
      close: () => (socket.closed = true),
    };
  }

  close(reason: string): void {
    this.open = false;
    this.closedBecause = reason;
  }
}

export class TestRadio implements Radio {
  registration: Registration = Registration.Off;
  rejectCause: number | undefined;
  cell: Radio['cell'];
  rsrp: number | undefined;
  onChange: (() => void) | undefined;
  readonly sessions: TestSession[] = [];
  readonly requests: PdnRequest[] = [];
  attempts: number[] = [];
  detached = 0;
  dropped = 0;
  /** Thrown by the next attaches; undefined: they go well. */
  refuse: (() => AttachError) | undefined;
  refusePdn: (() => AttachError) | undefined;
  lastImsi = '';

  constructor(readonly clock: Clock) {}

  async attach(usim: Usim, imei: string): Promise<void> {
    this.attempts.push(this.clock.now());
    this.set(Registration.Searching);
    await this.clock.sleep(800 * MS);
    this.lastImsi = await usim.imsi();
    await usim.authenticate(new Uint8Array(16).fill(1), new Uint8Array(16).fill(2));
    const refusal = this.refuse?.();
    this.clock.stir();
    if (refusal) {
      this.rejectCause = refusal.causes.emm;
      this.set(refusal.code === 'rejected' ? Registration.Denied : Registration.Searching);
      throw refusal;
    }
    void imei;
    this.rsrp = -95;
    this.cell = { tac: 0x1a2b, ci: 0x01c3d404, act: 7, plmn: '44010', operator: 'NTT DOCOMO' };
    this.set(Registration.Home);
  }

  async activate(pdn: PdnRequest): Promise<Session> {
    this.requests.push(pdn);
    await this.clock.sleep(100 * MS);
    this.clock.stir();
    const refusal = this.refusePdn?.();
    if (refusal) throw refusal;
    const session = new TestSession(this.clock, this.lastImsi, '', `10.236.152.${129 + this.sessions.length}`, pdn.apn);
    this.sessions.push(session);
    return session;
  }

  async detach(): Promise<void> {
    this.detached++;
    await this.clock.sleep(50 * MS);
    this.lose(Registration.Off);
  }

  drop(): void {
    this.dropped++;
    this.lose(Registration.Off);
  }

  /** The network goes away, with the sessions or without. */
  lose(registration: Registration, sessions = true): void {
    if (sessions) for (const session of this.sessions) session.open = false;
    this.cell = undefined;
    this.rsrp = undefined;
    this.set(registration);
  }

  set(registration: Registration): void {
    this.registration = registration;
    this.clock.stir();
    this.onChange?.();
  }

  get session(): TestSession {
    const last = this.sessions.at(-1);
    if (!last) throw new Error('no session was asked for');
    return last;
  }
}
