// The bootstrap server, UDP 5683: reachable inside a session only, which says whose SIM it is. A device asks with its
// endpoint name and is written an account for the device management server (OMA LwM2M Core 6.1, SORACOM Inventory).

import type { Session } from '../../cellular/network.js';
import {
  CoapError,
  CoapPeer,
  type CoapResponse,
  findUint,
  type IncomingRequest,
  Method,
  Option,
  uintOption,
} from '../../coap/index.js';
import { ContentError, ContentFormat, pathText, writeContent } from '../../lwm2m/index.js';
import { BootstrapStatus, INVENTORY } from '../choices.js';
import { storageFaultOf } from '../database.js';
import type { HeldBytes } from '../held.js';
import { COST, INVENTORY_LIMITS } from '../limits.js';
import { type Caller, callerOf } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import { type Account, accountOf, secondBootstrapAccount } from './account.js';
import { type SoracomInventory, soracomInventory } from './config.js';
import type { DeviceRecord, Devices } from './devices.js';
import { type Discovered, readDiscovered, securityInstanceFor } from './discovered.js';
import type { DeviceKeys } from './keys.js';
import type { BootstrapKnobs } from './knobs.js';

export interface BootstrapOptions {
  readonly context: ServiceContext;
  readonly devices: Devices;
  readonly keys: DeviceKeys;
  readonly serverUri: string;
  /** Where bodies that come in blocks are counted, by SIM. */
  readonly blocks: HeldBytes;
  /** Further resources at this port: images. */
  readonly resource?: (
    request: IncomingRequest,
    fetcher: { readonly operatorId: string; readonly imsi: string },
  ) => CoapResponse | Promise<CoapResponse> | undefined;
}

/** A socket of a session. */
interface Conversation {
  readonly peer: CoapPeer;
  readonly session: Session;
  reply: (bytes: Uint8Array) => void;
  /** Counts the bootstraps that were begun: a later one ends those before. */
  run: number;
  acks: number;
  lastHeard: number;
  /** Bootstraps under way. */
  active: number;
}

/** Formats that a device may ask for with `pct`, by the names in its answer. */
const FORMATS: readonly number[] = [ContentFormat.Tlv, ContentFormat.SenmlJson, ContentFormat.SenmlCbor];
/** A bootstrap that goes message by message. */
interface Begun {
  readonly conversation: Conversation;
  readonly run: number;
  readonly device: DeviceRecord;
  readonly config: SoracomInventory;
  readonly format: number;
  /** The client is of LwM2M 1.1 at least. */
  readonly isModern: boolean;
}

/** Asks the device one thing. Rejects with CoapError when it answers anything but `wanted`. */
type Ask = (method: string, path: string, wanted: string, more?: object) => Promise<CoapResponse>;
/** What is known of the client's own Bootstrap account. */
type Seen = Discovered | 'refused' | 'silent';

const NOTHING = Buffer.alloc(0);

const plain = (code: string): CoapResponse => ({ code, options: [], payload: NOTHING });

export class BootstrapServer {
  /** For tests. */
  knobs: BootstrapKnobs = {};
  readonly #options: BootstrapOptions;
  /** The one silent for longest comes first, here and of each SIM. */
  readonly #conversations = new Map<string, Conversation>();
  readonly #ofSim = new Map<string, Set<string>>();

  constructor(options: BootstrapOptions) {
    this.#options = options;
  }

  datagram(bytes: Uint8Array, session: Session, reply: (bytes: Uint8Array) => void, from: string): void {
    const key = `${session.imsi} ${from}`;
    const known = this.#conversations.get(key);
    if (known === undefined && !this.#hasRoom(session.imsi)) return this.#refuse(bytes, session, reply);
    const conversation = known?.session === session ? known : this.#begin(session, reply);
    conversation.reply = reply;
    conversation.lastHeard = this.#options.context.clock.now();
    this.#conversations.delete(key);
    this.#conversations.set(key, conversation);
    const own = this.#ofSim.get(session.imsi) ?? new Set();
    this.#ofSim.set(session.imsi, own);
    own.delete(key);
    own.add(key);
    this.#shorten();
    conversation.peer.receive(bytes);
  }

  close(): void {
    for (const { peer } of this.#conversations.values()) peer.close();
    this.#conversations.clear();
    this.#ofSim.clear();
  }

  #begin(session: Session, reply: (bytes: Uint8Array) => void): Conversation {
    const { context } = this.#options;
    const conversation: Conversation = {
      ...{ session, reply, run: 0, acks: 0, lastHeard: 0, active: 0 },
      peer: new CoapPeer({
        clock: context.clock,
        room: this.#options.blocks.of(session.imsi),
        random: context.random.fork(`bootstrap ${session.imsi} ${context.nextId()}`),
        send: (bytes) => this.#send(conversation, bytes),
        handle: (request) => stored(() => this.#answer(conversation, request)),
      }),
    };
    return conversation;
  }

  #shorten(): void {
    const now = this.#options.context.clock.now();
    for (const [key, { peer, lastHeard }] of this.#conversations) {
      const old = lastHeard + 2 * INVENTORY.bootstrapStep < now;
      if (this.#conversations.size <= INVENTORY_LIMITS.bootstraps && !(old && peer.quiet)) return;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    const conversation = this.#conversations.get(key);
    if (conversation === undefined) return;
    conversation.peer.close();
    this.#conversations.delete(key);
    const { imsi } = conversation.session;
    const own = this.#ofSim.get(imsi);
    own?.delete(key);
    if (own?.size === 0) this.#ofSim.delete(imsi);
  }

  /** Of a SIM's own conversations one in which nothing is under way makes room for another. */
  #hasRoom(imsi: string): boolean {
    const own = this.#ofSim.get(imsi);
    if (own === undefined || own.size < INVENTORY_LIMITS.bootstrapsPerSim) return true;
    for (const key of own) {
      const conversation = this.#conversations.get(key);
      if (conversation === undefined || conversation.active > 0 || !conversation.peer.quiet) continue;
      this.#drop(key);
      return true;
    }
    return false;
  }

  /** Answers without keeping anything. */
  #refuse(bytes: Uint8Array, session: Session, reply: (bytes: Uint8Array) => void): void {
    const { clock, random } = this.#options.context;
    const handle = (): CoapResponse => {
      this.#tell(session, 'refused', { endpoint: '', detail: 'too many bootstraps of this SIM are open' });
      return plain(BootstrapStatus.TooMany);
    };
    const peer = new CoapPeer({ clock, random: random.fork('refused'), send: reply, handle });
    peer.receive(bytes);
    peer.close();
  }

  #send(conversation: Conversation, bytes: Uint8Array): void {
    const { dropFirstAck = false, duplicate = false } = this.knobs;
    const isAck = (((bytes[0] ?? 0) >> 4) & 3) === 2;
    if (isAck && conversation.acks++ === 0 && dropFirstAck) return;
    conversation.reply(bytes);
    if (duplicate) conversation.reply(bytes);
  }

  #answer(conversation: Conversation, request: IncomingRequest): CoapResponse | Promise<CoapResponse> {
    const [resource = '', ...below] = request.path;
    const isBootstrap = below.length === 0 && (resource === 'bs' || resource === 'bspack');
    if (!isBootstrap) return this.#other(conversation.session, request);
    if (request.method !== (resource === 'bs' ? Method.Post : Method.Get)) return plain('4.05');
    const endpoint = parameter(request, 'ep') ?? '';
    this.#tell(conversation.session, 'bootstrap-request', { endpoint: shown(endpoint) });
    const refused = (code: string, detail: string): CoapResponse => {
      this.#tell(conversation.session, 'refused', { endpoint: shown(endpoint), detail });
      return { code, options: [], payload: Buffer.from(detail) };
    };
    let caller: Caller;
    try {
      caller = callerOf(this.#options.context.directory, conversation.session);
    } catch (error) {
      if (error instanceof Refusal) return refused(BootstrapStatus.Forbidden, error.message);
      throw error;
    }
    const config = soracomInventory.of(caller.group);
    if (config?.enabled !== true) {
      return refused(BootstrapStatus.Forbidden, 'Inventory is not enabled for the group');
    }
    if (this.knobs.refuse !== undefined) return refused(this.knobs.refuse, 'refused');
    if (!isEndpoint(endpoint)) return refused(BootstrapStatus.BadRequest, 'ep: must be an endpoint name');
    const pack = resource === 'bspack';
    const format = pack
      ? (findUint(request.options, Option.Accept) ?? ContentFormat.SenmlCbor)
      : Number(parameter(request, 'pct') ?? ContentFormat.Tlv);
    if (!FORMATS.includes(format) || (pack && format === ContentFormat.Tlv)) {
      return refused(pack ? '4.06' : BootstrapStatus.UnsupportedFormat, 'content format');
    }
    if (pack && this.knobs.refusePack !== undefined) return refused(this.knobs.refusePack, 'no pack here');
    // The device, and its key.
    if (!this.#options.context.rate.take(caller.imsi, 2 * COST.write)) {
      return refused(BootstrapStatus.TooMany, 'too many bootstraps in a short time');
    }
    const device = this.#deviceOf(caller, conversation.session, endpoint);
    if (device === undefined) return refused(BootstrapStatus.Forbidden, 'too many devices');
    if (pack) return this.#pack(device, config, format, caller.imsi);
    conversation.run++;
    conversation.peer.abandon('another bootstrap began');
    const { run } = conversation;
    // After the answer: a client may take commands before it for the answer's loss, and Wakaama then gives up.
    const isModern = parameter(request, 'pct') !== undefined;
    const begun = { conversation, run, device, config, format, isModern };
    this.#options.context.clock.after(0, () => void this.#run(begun));
    return plain('2.04');
  }

  #other(session: Session, request: IncomingRequest): CoapResponse | Promise<CoapResponse> {
    const { context, resource } = this.#options;
    try {
      const { operatorId, imsi, group } = callerOf(context.directory, session);
      if (soracomInventory.of(group)?.enabled !== true) return plain('4.04');
      return resource?.(request, { operatorId, imsi }) ?? plain('4.04');
    } catch (error) {
      // To a SIM that may not use this there is nothing here.
      if (error instanceof Refusal) return plain('4.04');
      throw error;
    }
  }

  /** The operator's device of this name, from whatever SIM; a new one if there is none. */
  #deviceOf({ operatorId, group }: Caller, session: Session, endpoint: string): DeviceRecord | undefined {
    const { devices } = this.#options;
    const known = devices.byEndpoint(operatorId, endpoint);
    if (known !== undefined) return known;
    const { imsi, imei } = session;
    if (devices.count(operatorId) >= INVENTORY_LIMITS.devicesPerOperator) return undefined;
    if (devices.countOf(operatorId, imsi) >= INVENTORY_LIMITS.devicesPerSim) return undefined;
    return devices.create({ operatorId, endpoint, groupId: group.id, imsi, imei });
  }

  #account(deviceId: string, imsi: string, config: SoracomInventory, seen: Seen): Account {
    const { serverUri, keys } = this.#options;
    const { knobs } = this;
    const instance = knobs.securityInstance ?? securityInstanceFor(seen);
    return accountOf(deviceId, keys.create(deviceId, imsi), { config, serverUri, knobs, instance });
  }

  /** All at once (OMA LwM2M Core 1.2, 6.1.7.5). */
  #pack({ deviceId }: DeviceRecord, config: SoracomInventory, format: number, imsi: string): CoapResponse {
    const { security, server } = this.#account(deviceId, imsi, config, 'refused');
    const payload = writeContent([...security.leaves, ...server.leaves], format, []);
    return { code: '2.05', options: [uintOption(Option.ContentFormat, format)], payload };
  }

  async #run({ conversation, run, device, config, format, isModern }: Begun): Promise<void> {
    const { deviceId, endpoint } = device;
    const { clock } = this.#options.context;
    const { knobs } = this;
    const told = { endpoint, deviceId };
    let step = '';
    conversation.active++;
    const ask: Ask = async (method, path, wanted, more = {}) => {
      if (conversation.run !== run) throw new CoapError('closed', 'another bootstrap began');
      step = `${method} ${path}`;
      const segments = path.split('/').filter((part) => part !== '');
      const blocks = knobs.blockBytes === undefined ? {} : { blockBytes: knobs.blockBytes };
      const response = await conversation.peer.request({ method, path: segments, ...blocks, ...more });
      if (response.code !== wanted) throw new CoapError('malformed', `the device answers ${response.code}`);
      return response;
    };
    const write = ({ path, leaves }: Account['security']): Promise<CoapResponse> => {
      const whole = writeContent(leaves, format, path);
      const cut = knobs.malformedTlv === true && path[0] === 0;
      const payload = cut ? whole.subarray(0, whole.length - 1) : whole;
      return ask(Method.Put, pathText(path), '2.04', { contentFormat: format, payload });
    };
    try {
      for (const path of knobs.deletes ?? ['/']) await ask(Method.Delete, path, '2.02');
      const seen = knobs.securityInstance === undefined ? await this.#look(ask, isModern) : 'refused';
      const { security, server } = this.#account(deviceId, conversation.session.imsi, config, seen);
      if (knobs.looksFirst === true) {
        await ask(Method.Get, '/', '2.05', { accept: ContentFormat.Link });
        await ask(Method.Get, '/1', '2.05').catch(ignored('malformed'));
      }
      await write(security);
      if (knobs.secondBootstrapAccount === true) await write(secondBootstrapAccount());
      await write(server);
      const { finishDelay = 0 } = knobs;
      if (finishDelay === Infinity) return;
      if (finishDelay > 0) await clock.sleep(finishDelay);
      await ask(Method.Post, '/bs', '2.04');
      this.#tell(conversation.session, 'bootstrapped', told);
    } catch (error) {
      // The message of an unforeseen error might hold anything: only its kind is told.
      const reason = error instanceof CoapError ? error.message : `internal error (${kindOf(error)})`;
      this.#tell(conversation.session, 'bootstrap-failed', { ...told, detail: `${step}: ${reason}` });
    } finally {
      conversation.active--;
    }
  }

  /** Where the client has its own Bootstrap account. `isModern`: it is of LwM2M 1.1 at least. */
  async #look(ask: Ask, isModern: boolean): Promise<Seen> {
    try {
      const more = { accept: ContentFormat.Link, patience: INVENTORY.discoverWait };
      return readDiscovered((await ask(Method.Get, '/0', '2.05', more)).payload);
    } catch (error) {
      if (error instanceof CoapError && error.code === 'timeout') return isModern ? 'refused' : 'silent';
      const isRefusal = error instanceof CoapError && (error.code === 'reset' || error.code === 'malformed');
      if (isRefusal || error instanceof ContentError) return 'refused';
      throw error;
    }
  }

  #tell(
    session: Session,
    event: 'bootstrap-request' | 'bootstrapped' | 'bootstrap-failed' | 'refused',
    more: { endpoint: string; deviceId?: string; detail?: string },
  ): void {
    const { imsi } = session;
    this.#options.context.traceOf(session).emit({ type: 'inventory', event, imsi, ...more });
  }
}

/** An answer; a storage fault is one, too: it is not the device's, and may pass. Other errors stay errors. */
export function stored(answer: () => CoapResponse | Promise<CoapResponse>): CoapResponse | Promise<CoapResponse> {
  const unavailable = (error: unknown): CoapResponse => {
    const fault = storageFaultOf(error);
    if (fault === undefined) throw error;
    return { code: BootstrapStatus.StorageFault, options: [], payload: Buffer.from(fault) };
  };
  try {
    const given = answer();
    return given instanceof Promise ? given.catch(unavailable) : given;
  } catch (error) {
    return unavailable(error);
  }
}

const ignored =
  (code: CoapError['code']) =>
  (error: unknown): void => {
    if (!(error instanceof CoapError) || error.code !== code) throw error;
  };

export const kindOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/** What follows `name=` in the query. */
export function parameter({ query }: IncomingRequest, name: string): string | undefined {
  const found = query.find((part) => part.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** UTF-8 of up to 128 bytes, without control characters. */
export const isEndpoint = (endpoint: string): boolean =>
  endpoint !== '' && Buffer.byteLength(endpoint) <= INVENTORY_LIMITS.endpointBytes && !/[\p{Cc}\ufffd]/u.test(endpoint);

/** As much of a name as the trace takes. */
export const shown = (endpoint: string): string => endpoint.slice(0, INVENTORY_LIMITS.endpointBytes);
