// A device with the LwM2M client, a network, and servers that a test scripts: all on one clock of its own, in milliseconds. The device is
// the compiled app (client-app.ts) over the board's imports; CoAP of the servers is coap-packet's, DTLS test/dtls/server.ts.
import { generate, parse, type ParsedPacket } from 'coap-packet';
import { NetState, Status } from '../../host/board/abi.js';
import { MemoryStore, PowerCut } from '../../host/board/store.js';
import { Random } from '../../host/random.js';
import { compileDebugSource } from '../kit/compile.js';
import { TestServer, type ServerOptions } from '../dtls/server.js';
import { APP } from './client-app.js';

const compiled = new Map<string, Promise<WebAssembly.Module>>();
function moduleOnce(source: string): Promise<WebAssembly.Module> {
  const known = compiled.get(source) ?? compileDebugSource(source).then((bytes) => new WebAssembly.Module(bytes));
  compiled.set(source, known);
  return known;
}

interface App {
  memory: WebAssembly.Memory;
  name_at(): number;
  configure(nameLen: number, preferred: number, pack: number, factory: number): number;
  setup(): void;
  loop(): bigint;
  state(): number;
  registered(): number;
  trial(): number;
  value(index: number): number;
  grow(): void;
  measure(value: number): void;
}

export const ClientState = { Off: 0, Holding: 1, Bootstrapping: 2, Serving: 3 } as const;

/** A server's end of the network: datagrams with the address that they came from. */
export interface Peer {
  receive(datagram: Buffer, from: string): void;
}

interface Socket {
  readonly host: string;
  readonly queue: Buffer[];
  address: string;
}

export interface RigOptions {
  readonly seed?: string;
  readonly name?: string;
  readonly preferred?: number;
  readonly pack?: boolean;
  readonly factory?: boolean;
  readonly store?: MemoryStore;
  /** The app's source; client-app.ts unless given. */
  readonly app?: string;
}

/** Faults of the network: shares of datagrams, each way. */
export interface Faults {
  readonly loss?: number;
  readonly duplication?: number;
  readonly reordering?: number;
  readonly corruption?: number;
}

const LATENCY = 20;
/** From power to the app's first turn. */
const BOOT = 250;

export class Rig {
  now = 0;
  readonly logs: string[] = [];
  readonly peers = new Map<string, Peer>();
  /** All datagrams: time, whether up, host and port of the server, address of the device, bytes. */
  readonly wire: { at: number; up: boolean; host: string; device: string; bytes: Buffer }[] = [];
  faults: Faults = {};
  /** Servers by host name that cannot be reached. */
  readonly down = new Set<string>();
  readonly store: MemoryStore;
  cuts = 0;
  /** Turns that the device has had. */
  turns = 0;
  app: App | undefined;
  #wake = 0;
  #bootedAt = 0;
  #sockets = new Map<number, Socket>();
  #handles = 0;
  #addresses = 0;
  #events: { at: number; n: number; run: () => void }[] = [];
  #count = 0;
  readonly #random: Random;
  readonly #entropy: Random;

  private constructor(
    readonly module: WebAssembly.Module,
    readonly options: RigOptions,
  ) {
    this.store = options.store ?? new MemoryStore();
    this.#random = new Random(`${options.seed ?? 'rig'} network`);
    this.#entropy = new Random(`${options.seed ?? 'rig'} device`);
  }

  static async create(options: RigOptions = {}): Promise<Rig> {
    return new Rig(await moduleOnce(options.app ?? APP), options);
  }

  after(ms: number, run: () => void): void {
    const at = this.now + ms;
    const n = this.#count++;
    let i = this.#events.length;
    while (i > 0 && (this.#events[i - 1]?.at ?? 0) > at) i--;
    this.#events.splice(i, 0, { at, n, run });
  }

  powerOn(): void {
    this.#bootedAt = this.now;
    this.#sockets.clear();
    const app = new WebAssembly.Instance(this.module, { board: this.#imports() }).exports as unknown as App;
    this.app = app;
    const { name = 'apa', preferred = 11542, pack = false, factory = true } = this.options;
    const bytes = Buffer.from(name);
    Buffer.from(app.memory.buffer, app.name_at(), 120).set(bytes.subarray(0, 120));
    this.#guard(() => {
      const status = app.configure(bytes.length, preferred, Number(pack), Number(factory));
      if (status !== Status.Ok) throw new Error(`configure: ${status}`);
      app.setup();
    });
    this.#wake = this.now;
  }

  powerOff(): void {
    this.app = undefined;
    this.#sockets.clear();
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.cuts++;
      this.powerOff();
      this.after(BOOT, () => {
        this.powerOn();
      });
    }
  }

  /** Lets `ms` go by. */
  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      this.#turn();
      const next = Math.min(this.#events[0]?.at ?? Infinity, this.app ? Math.max(this.now, this.#wake) : Infinity);
      if (next > until) break;
      this.now = next;
      while (this.#events[0] && this.#events[0].at <= this.now) this.#events.shift()?.run();
    }
    this.now = until;
  }

  /** Lets time go by until something holds; throws after `most` ms. */
  until(what: () => boolean, most = 3_600_000): void {
    const end = this.now + most;
    while (!what()) {
      if (this.now >= end) throw new Error(`not within ${most} ms:\n${this.logs.join('\n')}`);
      this.run(100);
    }
  }

  #turn(): void {
    let spins = 0;
    while (this.app && this.#wake <= this.now) {
      const { app } = this;
      this.#guard(() => {
        const deadline = Number(app.loop());
        this.#wake = deadline > 9e15 ? Infinity : deadline + this.#bootedAt;
      });
      this.turns++;
      if (++spins > 50) throw new Error(`the device does not come to rest at ${this.now}:\n${this.logs.join('\n')}`);
    }
  }

  /** The app has something to do: it gets a turn. */
  wake(): void {
    this.#wake = this.now;
  }

  /** All addresses of the device are others from now on: what goes to the old ones is lost. */
  rebind(): void {
    for (const socket of this.#sockets.values()) socket.address = `10.0.0.1:${++this.#addresses + 40_000}`;
  }

  /** Sends to the device at an address. */
  send(bytes: Uint8Array, to: string, host: string): void {
    this.#carry(Buffer.from(bytes), false, host, to, (datagram) => {
      for (const socket of this.#sockets.values()) {
        if (socket.address !== to) continue;
        socket.queue.push(datagram);
        this.#wake = this.now;
      }
    });
  }

  #carry(bytes: Buffer, up: boolean, host: string, device: string, deliver: (datagram: Buffer) => void): void {
    this.wire.push({ at: this.now, up, host, device, bytes });
    const { loss = 0, duplication = 0, reordering = 0, corruption = 0 } = this.faults;
    const happens = (share: number): boolean => share > 0 && this.#random.next() < share;
    for (let copies = happens(duplication) ? 2 : 1; copies > 0; copies--) {
      if (happens(loss) || this.down.has(host)) continue;
      const copy = Buffer.from(bytes);
      if (happens(corruption)) {
        // CoAP in clear: UDP's checksum finds it, and the datagram is dropped (RFC 1122 4.1.3.4). DTLS has to find it itself.
        if ((bytes[0] ?? 0) >> 6 === 1) continue;
        copy[this.#random.below(copy.length)] = this.#random.below(256);
      }
      this.after(LATENCY + (happens(reordering) ? this.#random.below(3_000) : 0), () => {
        deliver(copy);
      });
    }
  }

  #imports(): Record<string, (...args: never[]) => number | bigint | undefined> {
    const at = (ptr: number, len: number): Buffer => Buffer.from((this.app as App).memory.buffer, ptr, len);
    return {
      clock_ms: () => BigInt(this.now - this.#bootedAt),
      clock_unix_ms: () => BigInt(Date.UTC(2026, 0, 1) + this.now),
      entropy: (ptr: number, len: number) => (at(ptr, len).set(this.#entropy.bytes(len)), Status.Ok),
      log: (_level: number, ptr: number, len: number): undefined => {
        this.logs.push(at(ptr, len).toString());
      },
      store_read: (key: number, ptr: number, max: number) => {
        const value = this.store.read(key);
        if (value) at(ptr, max).set(value.subarray(0, max));
        return value?.length ?? Status.NotFound;
      },
      store_write: (key: number, ptr: number, len: number) => this.store.write(key, at(ptr, len)),
      net_open: (_kind: number, ptr: number, len: number, port: number) => {
        const host = `${at(ptr, len).toString()}:${port}`;
        const handle = ++this.#handles;
        this.#sockets.set(handle, { host, queue: [], address: `10.0.0.1:${++this.#addresses + 40_000}` });
        return handle;
      },
      net_state: (handle: number) => (this.#sockets.has(handle) ? NetState.Open : Status.Closed),
      net_send: (handle: number, ptr: number, len: number) => {
        const socket = this.#sockets.get(handle);
        if (!socket) return Status.Closed;
        const { host, address } = socket;
        this.#carry(Buffer.from(at(ptr, len)), true, host, address, (datagram) => {
          this.peers.get(host)?.receive(datagram, address);
        });
        return len;
      },
      net_recv: (handle: number, ptr: number, max: number) => {
        const datagram = this.#sockets.get(handle)?.queue.shift();
        if (!datagram) return 0;
        at(ptr, max).set(datagram.subarray(0, max));
        return Math.min(datagram.length, max);
      },
      net_close: (handle: number) => (this.#sockets.delete(handle), Status.Ok),
    };
  }
}

// --- Servers ---

export interface Command {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'FETCH' | 'IPATCH';
  readonly path: string;
  readonly query?: string;
  /** The token, where it has to be one that was used before. */
  readonly token?: Buffer;
  readonly format?: number;
  readonly accept?: number;
  readonly payload?: Uint8Array;
  readonly observe?: number;
}
export interface Answer {
  readonly code: string;
  readonly payload: Buffer;
  readonly format: number | undefined;
  readonly token: Buffer;
  readonly location: readonly string[];
}

/** A state of something that is observed. */
export interface Notification extends Answer {
  readonly at: number;
  readonly observe: number | undefined;
}

const uint = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  let at = 0;
  while (at < 4 && bytes[at] === 0) at++;
  return bytes.subarray(at);
};
export const optionOf = (packet: ParsedPacket, name: string): Buffer[] =>
  packet.options.filter((option) => option.name === name).map(({ value }) => value as Buffer);
export const textsOf = (packet: ParsedPacket, name: string): string[] => optionOf(packet, name).map(String);
const numberOf = (bytes: Buffer | undefined): number | undefined =>
  bytes === undefined ? undefined : bytes.length === 0 ? 0 : bytes.readUIntBE(0, bytes.length);

/** One end of CoAP that a test plays: answers requests by `handler`, repeats its own until they are answered. */
export class CoapPeer implements Peer {
  /** Answers a request: code, and options by name; undefined: nothing. */
  handler: (packet: ParsedPacket, path: string, from: string) => Reply | undefined = () => undefined;
  /** Requests that came, duplicates left out. */
  readonly requests: { at: number; method: string; path: string; query: string[]; payload: Buffer }[] = [];
  /** Block size exponent of bodies sent, if they are sent in blocks. */
  szx: number | undefined;
  mid = 1_000;
  /** States of what is observed, by token; what is to be done with one: it is acknowledged unless this says that it is refused. */
  readonly notifications: Notification[] = [];
  refuses: (token: Buffer) => boolean = () => false;
  /** Datagrams with responses to our own requests that are thrown away. */
  #pending = new Map<string, (packet: ParsedPacket) => void>();
  #seen = new Map<string, Buffer | undefined>();

  /** What is between it and the network when its port is not 5683. */
  readonly dtls: DtlsFront;

  constructor(
    readonly rig: Rig,
    readonly host: string,
  ) {
    this.dtls = new DtlsFront(rig, host, this);
    rig.peers.set(host, this.isSecure ? this.dtls : this);
  }

  get isSecure(): boolean {
    return !this.host.endsWith(':5683');
  }

  transmit(bytes: Buffer, to: string): void {
    if (this.isSecure) this.dtls.send(bytes, to);
    else this.rig.send(bytes, to, this.host);
  }

  receive(datagram: Buffer, from: string): void {
    let packet: ParsedPacket;
    try {
      packet = parse(datagram);
    } catch {
      return;
    }
    const klass = Number(packet.code.split('.')[0]);
    if (packet.code === '0.00') return;
    if (klass > 0) {
      const pending = this.#pending.get(packet.token.toString('hex'));
      if (pending) pending(packet);
      else this.#notified(packet, from);
      return;
    }
    const key = `${from} ${packet.messageId}`;
    if (this.#seen.has(key)) {
      const again = this.#seen.get(key);
      if (again) this.transmit(again, from);
      return;
    }
    const method = ['', 'GET', 'POST', 'PUT', 'DELETE'][Number(packet.code.slice(2))] ?? packet.code;
    const path = `/${textsOf(packet, 'Uri-Path').join('/')}`;
    this.requests.push({
      ...{ at: this.rig.now, method, path, query: textsOf(packet, 'Uri-Query'), payload: packet.payload },
    });
    const reply = this.handler(packet, path, from);
    let bytes: Buffer | undefined;
    if (reply) {
      bytes = generate({
        ...{ code: reply.code, ack: packet.confirmable, confirmable: false },
        ...{ messageId: packet.messageId, token: packet.token, payload: reply.payload ?? Buffer.alloc(0) },
        options: (reply.options ?? []).map(([name, value]) => ({ name, value: Buffer.from(value) })) as never,
      });
      if (!reply.silent) this.transmit(bytes, from);
    }
    this.#seen.set(key, bytes);
    reply?.then?.();
  }

  #notified(packet: ParsedPacket, from: string): void {
    const isRefused = this.refuses(packet.token);
    const observe = numberOf(optionOf(packet, 'Observe')[0]);
    this.notifications.push({ ...answerOf(packet, packet.payload), at: this.rig.now, observe });
    if (!packet.confirmable && !isRefused) return;
    const { messageId } = packet;
    this.transmit(generate({ code: '0.00', ack: !isRefused, reset: isRefused, messageId } as never), from);
  }

  /** Sends a CON, in blocks when `szx` is set; `done` gets the answer, or undefined when there is none after 62 s. */
  ask(to: string, command: Command, done: (answer: Answer | undefined) => void): void {
    const payload = Buffer.from(command.payload ?? []);
    const { szx } = this;
    const size = szx === undefined ? Infinity : 1 << (szx + 4);
    const block = (num: number): void => {
      const part = payload.subarray(num * size, Math.min(payload.length, (num + 1) * size));
      const more = (num + 1) * size < payload.length;
      const blocked = payload.length > size ? ((num << 4) | (more ? 8 : 0) | (szx ?? 0)) >>> 0 : undefined;
      this.#exchange(to, command, size === Infinity ? payload : part, blocked, (packet) => {
        if (packet?.code === '2.31') block(num + 1);
        else if (packet && this.#moreOf(packet)) this.#fetch(to, command, packet, 1, packet.payload, done);
        else done(packet && answerOf(packet, packet.payload));
      });
    };
    block(0);
  }

  #moreOf(packet: ParsedPacket): boolean {
    return ((numberOf(optionOf(packet, 'Block2')[0]) ?? 0) & 8) !== 0;
  }

  #fetch(
    to: string,
    command: Command,
    first: ParsedPacket,
    num: number,
    body: Buffer,
    done: (answer: Answer | undefined) => void,
  ): void {
    const szx = (numberOf(optionOf(first, 'Block2')[0]) ?? 0) & 7;
    this.#exchange(to, { ...command, block2: (num << 4) | szx } as Command, Buffer.alloc(0), undefined, (packet) => {
      if (!packet) done(undefined);
      else if (this.#moreOf(packet))
        this.#fetch(to, command, packet, num + 1, Buffer.concat([body, packet.payload]), done);
      else done(answerOf(packet, Buffer.concat([body, packet.payload])));
    });
  }

  #exchange(
    to: string,
    command: Command & { block2?: number },
    payload: Buffer,
    block1: number | undefined,
    done: (packet: ParsedPacket | undefined) => void,
  ): void {
    const messageId = (this.mid = (this.mid + 1) & 0xffff);
    const token = command.token ?? Buffer.from([0xa5, 0, messageId >> 8, messageId & 255]);
    const segments = command.path === '/' ? [] : command.path.slice(1).split('/');
    const options: { name: string; value: Buffer }[] = segments.map((part) => ({
      ...{ name: 'Uri-Path', value: Buffer.from(part) },
    }));
    const add = (name: string, value: number | undefined): void => {
      if (value !== undefined) options.push({ name, value: uint(value) });
    };
    add('Observe', command.observe);
    add('Content-Format', command.format);
    for (const part of command.query?.split('&') ?? []) options.push({ name: 'Uri-Query', value: Buffer.from(part) });
    add('Accept', command.accept);
    add('Block1', block1);
    add('Block2', command.block2);
    const code = { GET: '0.01', POST: '0.02', PUT: '0.03', DELETE: '0.04', FETCH: '0.05', IPATCH: '0.07' }[
      command.method
    ];
    const bytes = generate({ code, confirmable: true, messageId, token, payload, options: options as never });
    const key = token.toString('hex');
    let open = true;
    const finish = (packet: ParsedPacket | undefined): void => {
      if (!open) return;
      open = false;
      this.#pending.delete(key);
      done(packet);
    };
    this.#pending.set(key, finish);
    const repeat = (tries: number, wait: number): void => {
      if (!open) return;
      if (tries > 4) {
        finish(undefined);
        return;
      }
      this.transmit(bytes, to);
      this.rig.after(wait, () => {
        repeat(tries + 1, wait * 2);
      });
    };
    repeat(0, 2_000);
  }
}

export interface Reply {
  readonly code: string;
  readonly options?: readonly (readonly [string, Uint8Array | string])[];
  readonly payload?: Buffer;
  /** It is lost on its way. */
  readonly silent?: boolean;
  readonly then?: () => void;
}

const answerOf = (packet: ParsedPacket, payload: Buffer): Answer => ({
  ...{ code: packet.code, payload, format: numberOf(optionOf(packet, 'Content-Format')[0]) },
  ...{ token: packet.token, location: textsOf(packet, 'Location-Path') },
});

/** A bootstrap server: after Bootstrap-Request it sends its commands one by one, then Finish. */
export class BootstrapServer extends CoapPeer {
  commands: Command[] = [];
  /** What it answers to Bootstrap-Request. */
  code = '2.04';
  /** It says nothing to the request and goes on with its commands. */
  dropsAck = false;
  /** Before Finish, ms; -1: never. */
  finishAfter = 0;
  readonly answers: string[] = [];
  readonly payloads: Buffer[] = [];
  /** Sessions that the device has finished with 2.04. */
  finished = 0;
  /** Called when the device has taken Finish. */
  onFinish: () => void = () => undefined;
  sessions = 0;
  /** The device that asked last. */
  device = '';

  constructor(rig: Rig, host = 'bootstrap.example:5683') {
    super(rig, host);
    this.handler = (_packet, path, from) => {
      if (path !== '/bs') return { code: '4.04' };
      this.device = from;
      this.sessions++;
      const then = (): void => {
        this.next(this.sessions, from, 0);
      };
      return { code: this.code, silent: this.dropsAck, ...(this.code === '2.04' ? { then } : {}) };
    };
  }

  next(session: number, from: string, index: number): void {
    if (session !== this.sessions) return;
    const command = this.commands[index];
    if (command) {
      this.ask(from, command, (answer) => {
        if (session !== this.sessions) return;
        this.answers.push(`${command.method} ${command.path} ${answer?.code ?? '-'}`);
        if (answer) this.payloads.push(answer.payload);
        if (answer) this.next(session, from, index + 1);
      });
      return;
    }
    if (this.finishAfter < 0) return;
    this.rig.after(this.finishAfter, () => {
      this.ask(from, { method: 'POST', path: '/bs' }, (answer) => {
        this.answers.push(`finish ${answer?.code ?? '-'}`);
        if (answer?.code === '2.04') {
          this.finished++;
          this.onFinish();
        }
      });
    });
  }
}

/** Takes DTLS off what comes for a server, and puts it on what goes. */
export class DtlsFront implements Peer {
  /** Keys by identity. */
  readonly keys = new Map<string, Uint8Array>();
  handshakes = 0;
  cid = true;
  /** What it sends in place of what it should, whenever something has come. */
  refuses: ((server: TestServer) => Uint8Array | undefined) | undefined;
  sessions: { id: number; server: TestServer; from: string }[] = [];
  #ids = 0;

  constructor(
    readonly rig: Rig,
    readonly host: string,
    readonly behind: Peer,
  ) {}

  /** The open session with that address. */
  sessionOf(from: string): TestServer | undefined {
    return this.sessions.findLast((each) => each.from === from && each.server.state === 'open')?.server;
  }

  send(bytes: Buffer, to: string): void {
    const session = this.sessionOf(to);
    if (session) this.rig.send(session.send(bytes), to, this.host);
  }

  receive(datagram: Buffer, from: string): void {
    const { rig, host } = this;
    let session = this.sessions.findLast((each) => each.from === from);
    if (datagram[0] === 25) {
      session = this.sessions.find((each) => each.id === datagram[11]);
      if (session) session.from = from;
    }
    const isHello = datagram[0] === 22 && datagram[3] === 0 && datagram[4] === 0 && datagram[13] === 1;
    if (isHello && (!session || session.server.state === 'open')) {
      const id = ++this.#ids & 255;
      const { keys } = this;
      const server: TestServer = new TestServer({
        get psk() {
          return keys.get(server.identity) ?? new Uint8Array(16).fill(0xee);
        },
        ...(this.cid ? { cid: Uint8Array.of(id) } : {}),
        sessionId: 0,
        seed: `${host} ${id}`,
      } as ServerOptions);
      session = { id, server, from };
      this.sessions.push(session);
      this.handshakes++;
    }
    if (!session) return;
    const { server } = session;
    let answers: Uint8Array[] = [];
    try {
      answers = server.receive(datagram);
    } catch {
      // Corrupted on its way: the test's server is not made for that.
    }
    const alert = this.refuses?.(server);
    for (const out of alert ? [alert] : answers) rig.send(out, from, host);
    for (const data of server.data.splice(0)) this.behind.receive(Buffer.from(data), from);
  }
}

/** A server that takes registrations, in clear or over DTLS. */
export class DmServer {
  readonly coap: CoapPeer;
  readonly dtls: DtlsFront;
  /** What it answers to Register; '2.01' is with a location. */
  code = '2.01';
  /** Registrations by location: endpoint name, address that it was last heard from. */
  readonly registrations = new Map<string, { name: string; from: string }>();
  /** Identities by which somebody has registered. */
  readonly identities: string[] = [];
  #locations = 0;

  constructor(
    readonly rig: Rig,
    readonly host: string,
  ) {
    this.coap = new CoapPeer(rig, host);
    this.dtls = this.coap.dtls;
    this.coap.handler = (packet, path, from) => this.#serve(packet, path, from);
  }

  get keys(): Map<string, Uint8Array> {
    return this.dtls.keys;
  }

  get handshakes(): number {
    return this.dtls.handshakes;
  }

  /** Address of the device that is registered. */
  get device(): string {
    const last = [...this.registrations.values()].at(-1);
    if (!last) throw new Error('nobody is registered');
    return last.from;
  }

  #serve(packet: ParsedPacket, path: string, from: string): Reply {
    if (path === '/rd') {
      if (this.code !== '2.01') return { code: this.code };
      const location = String(this.#locations++);
      const name =
        textsOf(packet, 'Uri-Query')
          .find((part) => part.startsWith('ep='))
          ?.slice(3) ?? '';
      this.registrations.set(location, { name, from });
      this.identities.push(this.dtls.sessionOf(from)?.identity ?? '');
      return {
        code: '2.01',
        options: [
          ['Location-Path', 'rd'],
          ['Location-Path', location],
        ],
      };
    }
    const location = path.split('/')[2] ?? '';
    const known = this.registrations.get(location);
    if (!known) return { code: '4.04' };
    known.from = from;
    if (packet.code === '0.04') {
      this.registrations.delete(location);
      return { code: '2.02' };
    }
    return { code: '2.04' };
  }
}

// --- Payloads ---

/** TLV of resources: bytes, text, or numbers. */
export function tlv(values: Readonly<Record<number, Uint8Array | string | number>>): Buffer {
  return Buffer.concat(
    Object.entries(values).map(([id, value]) => {
      const bytes =
        typeof value === 'number'
          ? value >= -128 && value < 128
            ? Buffer.from([value & 255])
            : value < 32_768
              ? Buffer.from([value >> 8, value & 255])
              : Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255])
          : Buffer.from(value as string);
      return tlvEntry(3, Number(id), bytes);
    }),
  );
}

/** One entry: kind 0 instance, 1 item, 2 multiple, 3 resource. */
export function tlvEntry(kind: number, id: number, value: Uint8Array): Buffer {
  const n = value.length;
  const wide = id > 255;
  const lengthBytes = n < 8 ? 0 : n < 256 ? 1 : 2;
  const head = [(kind << 6) | (wide ? 0x20 : 0) | (lengthBytes << 3) | (lengthBytes === 0 ? n : 0)];
  if (wide) head.push(id >> 8);
  head.push(id & 255);
  if (lengthBytes === 2) head.push(n >> 8);
  if (lengthBytes > 0) head.push(n & 255);
  return Buffer.concat([Buffer.from(head), value]);
}

export const TLV = 11542;

/** A Security instance of a PSK server, or one in clear when there is no key. */
export const security = (host: string, ssid: number, identity?: string, key?: Uint8Array): Buffer =>
  key
    ? tlv({ 0: `coaps://${host}`, 1: 0, 2: 0, 3: identity ?? '', 5: key, 10: ssid })
    : tlv({ 0: `coap://${host}`, 1: 0, 2: 3, 10: ssid });
export const serverInstance = (ssid: number, more: Readonly<Record<number, number | string>> = {}): Buffer =>
  tlv({ 0: ssid, 1: 300, 6: 0, 7: 'U', ...more });
/** The commands that give a device one account. */
export const account = (securityTlv: Buffer, serverTlv: Buffer, at = 1): Command[] => [
  { method: 'DELETE', path: '/0' },
  { method: 'DELETE', path: '/1' },
  { method: 'PUT', path: `/0/${at}`, format: TLV, payload: securityTlv },
  { method: 'PUT', path: `/1/${at}`, format: TLV, payload: serverTlv },
];
