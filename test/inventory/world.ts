// A platform with Inventory on, and devices for it, on the virtual clock. The devices are small and written for these
// tests: what a device sends and takes is the kit's DTLS client and a CoAP conversation, over lines with faults.

import type { Session } from '../../host/cellular/network.js';
import { MS, SECOND, type Nanoseconds } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { InProcessUpstream } from '../../host/cloud/index.js';
import {
  CoapPeer,
  type CoapRequest,
  type CoapResponse,
  findTexts,
  findUint,
  type IncomingRequest,
  emit,
  Method,
  Option,
  parse,
  textOption,
  uintOption,
} from '../../host/coap/index.js';
import { DtlsState, loadKit, type DtlsKit } from '../../host/kit/index.js';
import {
  ContentFormat,
  type Leaf,
  Models,
  parsePath,
  pathText,
  readContent,
  writeContent,
  type Value,
  type ResourceType,
} from '../../host/lwm2m/index.js';
import type { Row } from '../../host/platform/database.js';
import { Database, Platform, type PlatformOptions, Seal } from '../../host/platform/index.js';
import { Random } from '../../host/random.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';
import { AUTH_KEY, Client, OPERATOR, OTHER_AUTH_KEY, OTHER_OPERATOR } from '../platform/api-harness.js';
import { EPOCH_MS, FakeRegistry, ICCID, IMSI, session as openSession } from '../platform/harness.js';

export { IMSI, OPERATOR, OTHER_OPERATOR };
export const OTHER_IMSI = '440109999999999';
export const OFF_IMSI = '440101111111112';
export const ALONE_IMSI = '440101111111113';
export const ENDPOINT = 'urn:imei:860000012345678';

export const inventoryConfig = (inventory: object = {}): unknown => ({
  operators: {
    [OPERATOR]: { authKeys: { [AUTH_KEY.authKeyId]: AUTH_KEY.authKey } },
    [OTHER_OPERATOR]: { authKeys: { [OTHER_AUTH_KEY.authKeyId]: OTHER_AUTH_KEY.authKey } },
  },
  groups: {
    meters: { configuration: { SoracomInventory: { enabled: true, ...inventory } } },
    off: { configuration: { SoracomInventory: { enabled: false } } },
  },
  subscribers: [
    { imsi: IMSI, iccid: ICCID, groupId: 'meters' },
    { imsi: OFF_IMSI, iccid: '8981100005819480002', groupId: 'off' },
    { imsi: ALONE_IMSI, iccid: '8981100005819480003' },
  ],
});

export interface LineFaults {
  readonly loss?: number;
  readonly repeat?: number;
  /** Longest delay; datagrams overtake each other. */
  readonly delay?: Nanoseconds;
  readonly corrupt?: number;
}

export interface OnWire {
  readonly from: 'client' | 'server';
  readonly port: number;
  readonly datagram: Uint8Array;
  readonly t: Nanoseconds;
}

export class InventoryWorld {
  readonly clock: VirtualClock;
  readonly trace: Trace;
  readonly events: TraceEvent[] = [];
  readonly registry = new FakeRegistry();
  platform: Platform;
  readonly #again: (name: string) => Platform;
  readonly #database: Database;
  readonly random: Random;
  readonly anybody: Client;
  readonly wire: OnWire[] = [];
  faults: LineFaults = {};

  constructor({
    inventory,
    seed = 'inventory',
    ...options
  }: Partial<PlatformOptions> & { inventory?: object; seed?: string } = {}) {
    this.clock = new VirtualClock(EPOCH_MS);
    this.trace = new Trace(this.clock);
    this.random = new Random(seed);
    this.trace.listen((event) => this.events.push(event));
    const { database = new Database(), seal = new Seal() } = options;
    this.#database = database;
    this.#again = (name) =>
      new Platform({
        ...{ clock: this.clock, trace: this.trace, random: this.random.fork(name) },
        upstream: new InProcessUpstream({ clock: this.clock }),
        config: inventoryConfig(inventory),
        ...{ ...options, database, seal },
      });
    this.platform = this.#again('platform');
    this.platform.register(this.registry);
    // A SIM of the other operator.
    if (this.platform.directory.subscriber(OTHER_IMSI) === undefined) {
      const group = { id: 'theirs', configuration: { SoracomInventory: { enabled: true } } };
      this.platform.directory.createGroup(OTHER_OPERATOR, group);
      this.platform.directory.register(OTHER_OPERATOR, {
        ...{ imsi: OTHER_IMSI, iccid: '8981100005819480009', groupId: 'theirs' },
      });
    }
    this.anybody = new Client((request) => this.platform.api.fetch(request));
  }

  /** What is written down of associations. */
  associations(): readonly Row[] {
    return this.#database.all('SELECT * FROM inventory_associations');
  }

  /**
   * Another process in the platform's place. `crash`: the one before had no time to write anything down. `rows`: what this one finds
   * after a crash, unless it is what is there now.
   */
  restart(how: 'orderly' | 'crash', rows = this.associations()): void {
    this.platform.inventory.close();
    if (how === 'crash') {
      for (const row of rows) {
        this.#database.run(
          `INSERT OR REPLACE INTO inventory_associations (id, sealed, path, next_write, next_read, heard_ms, heard_ran_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
          ...['id', 'sealed', 'path', 'next_write', 'next_read', 'heard_ms', 'heard_ran_ms'].map(
            (name) => row[name] ?? null,
          ),
        );
      }
    }
    this.platform = this.#again(`platform ${this.clock.now()}`);
    this.platform.register(this.registry);
  }

  root(): Promise<Client> {
    return this.anybody.signIn(AUTH_KEY);
  }

  other(): Promise<Client> {
    return this.anybody.signIn(OTHER_AUTH_KEY);
  }

  /** Lets time pass until `until`, or for so long; says whether it came. */
  async run(until: () => boolean, within: Nanoseconds = 300 * SECOND): Promise<boolean> {
    return (await this.clock.run({ until, deadline: this.clock.now() + within })) === 'until';
  }

  async pass(time: Nanoseconds): Promise<void> {
    await this.clock.run({ deadline: this.clock.now() + time });
  }

  /** Runs the world until this is settled. */
  async await<T>(work: Promise<T>, within: Nanoseconds = 600 * SECOND): Promise<T> {
    let state: { value: T } | { error: unknown } | undefined;
    work.then(
      (value) => {
        this.clock.stir();
        state = { value };
      },
      (error: unknown) => {
        this.clock.stir();
        state = { error };
      },
    );
    await this.run(() => state !== undefined, within);
    if (state === undefined) throw new Error('it never comes to an end');
    if ('error' in state) throw state.error;
    return state.value;
  }

  inventoryEvents(event?: string): readonly Extract<TraceEvent, { type: 'inventory' }>[] {
    return this.events
      .filter((one) => one.type === 'inventory')
      .filter((one) => event === undefined || one.event === event);
  }

  /**
   * A line that loses, repeats, delays and damages. What is damaged in clear fails UDP's checksum and is dropped (RFC 1122
   * 4.1.3.4); under DTLS it arrives, as if the checksum had not seen it.
   */
  carry(datagram: Uint8Array, port: number, deliver: (copy: Uint8Array) => void): void {
    const { loss = 0, repeat = 0, delay = 0, corrupt = 0 } = this.faults;
    for (let copies = this.random.next() < repeat ? 2 : 1; copies > 0; copies--) {
      if (this.random.next() < loss) continue;
      const copy = datagram.slice();
      if (this.random.next() < corrupt) {
        if (port === 5683) continue;
        const at = this.random.below(copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << this.random.below(8));
      }
      this.clock.after(20 * MS + this.random.next() * delay, () => {
        this.clock.stir();
        deliver(copy);
      });
    }
  }

  /** Sends to a port of the platform; `receive` gets what comes back. */
  send(
    port: number,
    caller: Session,
    socket: number,
    datagram: Uint8Array,
    receive: (bytes: Uint8Array) => void,
  ): void {
    const name = port === 5683 ? 'bootstrap.soracom.io' : 'jp.inventory.soracom.io';
    this.wire.push({ from: 'client', port, datagram, t: this.clock.now() });
    this.carry(datagram, port, (copy) =>
      this.registry.send(
        ...[name, port, copy, caller],
        (reply) => {
          this.wire.push({ from: 'server', port, datagram: reply.slice(), t: this.clock.now() });
          this.carry(reply, port, receive);
        },
        socket,
      ),
    );
  }
}

export interface Account {
  readonly uri: string;
  readonly identity: Uint8Array;
  readonly key: Uint8Array;
  readonly shortServerId: number;
  readonly lifetime: number;
}

type Handler = (request: IncomingRequest) => CoapResponse | Promise<CoapResponse>;
export const reply = (
  code: string,
  payload: Uint8Array | string = '',
  options: CoapResponse['options'] = [],
): CoapResponse => ({
  ...{ code, options, payload: Buffer.from(payload as string) },
});

let sockets = 50_000;

export class TestDevice {
  /** What it was written, by path of the instance. */
  readonly written = new Map<string, readonly Leaf[]>();
  readonly resources = new Map<string, { type: ResourceType; value: Value }>([
    ['/3/0/0', { type: 'string', value: 'Akari' }],
    ['/3/0/1', { type: 'string', value: 'test' }],
    ['/3/0/3', { type: 'string', value: '1.0.0' }],
    ['/3/0/9', { type: 'integer', value: 95 }],
    ['/3/0/13', { type: 'time', value: 1_600_000_000 }],
    ['/5/0/3', { type: 'integer', value: 0 }],
    ['/5/0/5', { type: 'integer', value: 0 }],
    ['/3303/0/5700', { type: 'float', value: 21.5 }],
  ]);
  readonly executed: string[] = [];
  readonly requests: IncomingRequest[] = [];
  finished = false;
  /** How it takes Bootstrap-Discover, and where its own Bootstrap account is. */
  discover: 'answers' | 'refuses' | 'silent' = 'answers';
  bootstrapAccount = 0;
  /** Takes no command of the bootstrap server. */
  deaf = false;
  location: readonly string[] = [];
  peer: CoapPeer | undefined;
  kit: DtlsKit | undefined;
  /** Answers before the device itself does. */
  override: ((request: IncomingRequest) => CoapResponse | Promise<CoapResponse> | undefined) | undefined;
  /** Takes messages in the place of `peer`. */
  takes: ((message: Uint8Array) => void) | undefined;
  observed = new Map<string, Buffer>();
  #sequence = 10;
  #socket = sockets++;
  #timer: { cancel(): void } | undefined;
  readonly #bootstrapPeer: CoapPeer;

  constructor(
    readonly world: InventoryWorld,
    readonly session: Session = openSession(),
    readonly endpoint = ENDPOINT,
  ) {
    const socket = sockets++;
    const { clock } = world;
    this.#bootstrapPeer = new CoapPeer({
      clock,
      random: world.random.fork(`device ${socket}`),
      send: (bytes) => world.send(5683, this.session, socket, bytes, (back) => this.#bootstrapDatagram(back)),
      handle: (request) => this.#bootstrapRequest(request),
    });
  }

  /** Asks for an account; the code of the answer. */
  async bootstrap(query: readonly string[] = [`ep=${this.endpoint}`], path = ['bs']): Promise<CoapResponse> {
    this.finished = false;
    const method = path[0] === 'bs' ? Method.Post : Method.Get;
    return this.world.await(this.#bootstrapPeer.request({ method, path, query }));
  }

  /** Anything else that it may ask the bootstrap server. */
  raw(request: CoapRequest): Promise<CoapResponse> {
    return this.world.await(this.#bootstrapPeer.request(request));
  }

  /** The account, once Finish has come. */
  async account(): Promise<Account> {
    const answer = await this.bootstrap();
    if (answer.code !== '2.04') throw new Error(`bootstrap: ${answer.code}`);
    if (!(await this.world.run(() => this.finished))) throw new Error('Finish never comes');
    return this.accountWritten();
  }

  accountWritten(): Account {
    const all = [...this.written.values()].flat();
    const value = (object: number, resource: number): Value | undefined =>
      all.find(({ path }) => path[0] === object && path[2] === resource)?.value;
    return {
      uri: String(value(0, 0)),
      identity: value(0, 3) as Uint8Array,
      key: value(0, 5) as Uint8Array,
      shortServerId: Number(value(0, 10)),
      lifetime: Number(value(1, 1)),
    };
  }

  #bootstrapDatagram(datagram: Uint8Array): void {
    const message = parse(datagram);
    if (this.deaf && 'code' in message && message.code.startsWith('0.')) return;
    // Not even an Acknowledgement, as of agents that know no GET in a bootstrap.
    if (this.discover === 'silent' && 'code' in message && message.code === Method.Get) return;
    this.#bootstrapPeer.receive(datagram);
  }

  #bootstrapRequest(request: IncomingRequest): CoapResponse {
    this.requests.push(request);
    if (request.method === Method.Get && findUint(request.options, Option.Accept) === ContentFormat.Link) {
      if (this.discover === 'refuses') return reply('4.05');
      const format = [uintOption(Option.ContentFormat, ContentFormat.Link)];
      return reply('2.05', `</0>,</0/${this.bootstrapAccount}>`, format);
    }
    const path = parsePath(`/${request.path.join('/')}`) ?? [];
    switch (request.method) {
      case Method.Delete:
        this.written.clear();
        return reply('2.02');
      case Method.Put:
        this.written.set(
          pathText(path),
          readContent(request.payload, findUint(request.options, Option.ContentFormat), path, new Models(), 0),
        );
        return reply('2.04');
      case Method.Post:
        this.finished = true;
        return reply('2.04');
      default:
        return reply('4.05');
    }
  }

  // --- DTLS ---

  /** Again with the session that there was, and nothing else. */
  async reconnect(patience = 60_000): Promise<boolean> {
    const { identity, key } = this.accountWritten();
    return this.connect({ identity, key }, null, patience);
  }

  /** Tells the server of a change, as its observation wants it. */
  async notify(text: string, content = this.content(text)): Promise<void> {
    const token = this.observed.get(text);
    if (token === undefined) throw new Error(`${text} is not observed`);
    const message = emit({
      type: 'CON',
      mid: 0x7000 + (this.#sequence & 0xfff),
      token,
      ...content,
      payload: Buffer.from(content.payload),
    });
    this.kit?.dtlsWrite(new Uint8Array(message));
    this.#flush();
    await this.world.pass(SECOND);
  }

  /** Any bytes, in a record of its association. */
  say(bytes: Uint8Array): void {
    this.kit?.dtlsWrite(new Uint8Array(bytes));
    this.#flush();
  }

  /** From another address, as behind a NAT that has forgotten. */
  rebind(): void {
    this.#socket = sockets++;
  }

  /** Opens the association; says whether that worked. */
  async connect(
    { identity, key }: Pick<Account, 'identity' | 'key'>,
    options: object | null = {},
    limit = 300_000,
  ): Promise<boolean> {
    const { world } = this;
    this.kit ??= await loadKit();
    const { kit } = this;
    if (options !== null) kit.dtlsNew(options);
    kit.dtlsBegin(this.#ms(), world.random.bytes(32), identity, key);
    const peer: CoapPeer = new CoapPeer({
      clock: world.clock,
      random: world.random.fork(`coap ${sockets++}`),
      send: (bytes) => {
        kit.dtlsWrite(new Uint8Array(bytes));
        this.#flush();
      },
      handle: (request) => this.#request(request),
    });
    this.peer = peer;
    this.#flush();
    await world.run(() => [DtlsState.Open, DtlsState.Closed].includes(kit.dtlsStatus().state as 0 | 5), limit * MS);
    return kit.dtlsStatus().state === DtlsState.Open;
  }

  #ms(): number {
    return Math.floor(this.world.clock.now() / MS);
  }

  #flush(): void {
    const { kit, world } = this;
    if (kit === undefined) return;
    for (let out = kit.dtlsOutput(); out !== undefined; out = kit.dtlsOutput()) {
      world.send(5684, this.session, this.#socket, out, (back) => this.#hear(back));
    }
    this.#timer?.cancel();
    const due = kit.dtlsDeadline();
    if (due === Infinity) return;
    this.#timer = world.clock.at(Math.max(due * MS, world.clock.now() + MS), () => {
      kit.dtlsStep(this.#ms());
      this.#flush();
    });
  }

  #hear(datagram: Uint8Array): void {
    for (const piece of this.kit?.dtlsReceive(this.#ms(), datagram) ?? []) {
      this.#noteObservation(piece);
      if (this.takes) this.takes(piece);
      else this.peer?.receive(piece);
    }
    this.#flush();
  }

  /** What the platform sends by itself, to where it heard the device last. */
  hear(to: string, datagram: Uint8Array): void {
    if (to !== `${this.session.ip}:${this.#socket}`) return;
    this.world.carry(datagram, 5684, (copy) => this.#hear(copy));
  }

  /** Whose token a notification has to carry. */
  #noteObservation(bytes: Uint8Array): void {
    const message = parse(bytes);
    if ('malformed' in message || (message.code !== '0.01' && message.code !== '0.05')) return;
    const path = `/${findTexts(message.options, Option.UriPath).join('/')}`;
    if (findUint(message.options, Option.Observe) === 0) this.observed.set(path, message.token);
  }

  // --- LwM2M ---

  ask(
    method: string,
    path: readonly string[],
    query: readonly string[] = [],
    payload?: Uint8Array,
    contentFormat?: number,
  ): Promise<CoapResponse> {
    if (this.peer === undefined) throw new Error('not connected');
    return this.world.await(
      this.peer.request({
        method,
        path,
        query,
        ...(payload && { payload }),
        ...(contentFormat !== undefined && { contentFormat }),
      }),
    );
  }

  async register(
    query: readonly string[] = ['lwm2m=1.1', `ep=${this.endpoint}`, 'b=U', 'lt=300'],
    links = '</1/0>,</3/0>,</5/0>,</3303/0>',
  ): Promise<CoapResponse> {
    const answer = await this.ask(Method.Post, ['rd'], query, Buffer.from(links), ContentFormat.Link);
    if (answer.code === '2.01') this.location = findTexts(answer.options, Option.LocationPath);
    return answer;
  }

  update(query: readonly string[] = []): Promise<CoapResponse> {
    return this.ask(Method.Post, this.location, query);
  }

  /** From nothing to registered. */
  async join(): Promise<this> {
    const account = await this.account();
    if (!(await this.connect(account))) throw new Error('no association');
    const { code } = await this.register();
    if (code !== '2.01') throw new Error(`register: ${code}`);
    await this.world.pass(SECOND);
    return this;
  }

  readonly #request: Handler = (request) => {
    this.requests.push(request);
    const own = this.override?.(request);
    if (own !== undefined) return own;
    const path = parsePath(`/${request.path.join('/')}`) ?? [];
    const text = pathText(path);
    const below = [...this.resources].filter(([key]) => key === text || key.startsWith(`${text}/`));
    switch (request.method) {
      case Method.Get: {
        if (findUint(request.options, Option.Accept) === ContentFormat.Link) {
          return reply('2.05', below.map(([key]) => `<${key}>`).join(','), [uintOption(Option.ContentFormat, 40)]);
        }
        if (below.length === 0) return reply('4.04');
        const observe = findUint(request.options, Option.Observe);
        if (observe === 1) this.observed.delete(text);
        const extra = observe === 0 ? [uintOption(Option.Observe, this.#sequence++)] : [];
        return this.#content(text, extra);
      }
      case Method.Put:
      case Method.Post: {
        const format = findUint(request.options, Option.ContentFormat);
        if (request.query.length > 0) return reply('2.04');
        if (format === undefined || (format === 0 && request.method === Method.Post)) {
          this.executed.push(`${text} ${request.payload.toString()}`.trim());
          return reply('2.04');
        }
        if (path.length === 1)
          return reply(
            '2.01',
            '',
            ['3303', '1'].map((part) => textOption(Option.LocationPath, part)),
          );
        for (const { path: at, type, value } of readContent(request.payload, format, path, new Models(), 0)) {
          this.resources.set(pathText(at), { type, value });
        }
        return reply('2.04');
      }
      case Method.Delete:
        return reply('2.02');
      default:
        return reply('4.05');
    }
  };

  #content(text: string, extra: CoapResponse['options'] = []): CoapResponse {
    const path = parsePath(text) ?? [];
    const leaves = [...this.resources]
      .filter(([key]) => key === text || key.startsWith(`${text}/`))
      .map(([key, { type, value }]): Leaf => ({ path: parsePath(key) ?? [], type, value }));
    const payload = writeContent(leaves, ContentFormat.Tlv, path);
    return { code: '2.05', options: [uintOption(Option.ContentFormat, ContentFormat.Tlv), ...extra], payload };
  }

  /** The payload of a notification. */
  content(text: string): CoapResponse {
    return this.#content(text, [uintOption(Option.Observe, this.#sequence++)]);
  }
}
