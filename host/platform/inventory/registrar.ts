// The device management server, UDP 5684: DTLS with the key that the bootstrap gave, and over it the registration of
// devices (OMA LwM2M Core 6.2). Who a device is, is told by the identity of its key and by nothing else.

import {
  CoapPeer,
  type CoapResponse,
  findUint,
  type IncomingRequest,
  Method,
  Option,
  textOption,
} from '../../coap/index.js';
import { type Association, type DtlsLimits, type DtlsPath, DtlsServer } from '../../dtls/index.js';
import type { Nanoseconds, Timer } from '../../clock/clock.js';
import { ContentError, ContentFormat, parsePath, pathText, readLinks } from '../../lwm2m/index.js';
import type { Trace } from '../../trace/trace.js';
import { INVENTORY } from '../choices.js';
import type { HeldBytes } from '../held.js';
import { COST } from '../limits.js';
import type { RateLimit } from '../rate.js';
import type { ServiceContext } from '../context.js';
import type { Associations } from './associations.js';
import { isEndpoint, parameter, shown, stored } from './bootstrap.js';
import { type DeviceRecord, type Devices, randomName, type Registration } from './devices.js';
import type { DeviceKeys } from './keys.js';

/** A device that can be spoken with. */
export interface DeviceLink {
  readonly deviceId: string;
  /** Of the device's keys, the one of this association. */
  readonly keyId: string;
  /** Whose what it says is: the SIM in whose session the key was given, the device if it was made by hand. */
  readonly caller: string;
  readonly peer: CoapPeer;
  /** When it was heard last. */
  readonly heardAt: Nanoseconds;
}

export interface RegistrarEvents {
  /** It has registered: nothing of what was agreed on before holds. */
  readonly registered: (device: DeviceRecord, link: DeviceLink) => void;
  /** It has said something. `fresh`: over another association than before. */
  readonly updated: (device: DeviceRecord, link: DeviceLink, fresh: boolean) => void;
  /** Its registration is over. */
  readonly gone: (device: DeviceRecord) => void;
  /** What a device asks for or sends besides; undefined: nothing of the kind. */
  readonly other: (
    device: DeviceRecord,
    link: DeviceLink,
    request: IncomingRequest,
  ) => CoapResponse | Promise<CoapResponse> | undefined;
}

export interface RegistrarOptions {
  readonly context: ServiceContext;
  readonly devices: Devices;
  readonly keys: DeviceKeys;
  readonly events: RegistrarEvents;
  /** What devices may say, by `DeviceLink.caller`. */
  readonly rate: RateLimit;
  readonly traceOf: (device: DeviceRecord) => Trace;
  /** Where bodies that come in blocks are counted, by device. */
  readonly blocks: HeldBytes;
  readonly limits?: Partial<DtlsLimits>;
  /** Where associations outlive the process; they end with it unless given. */
  readonly associations?: Associations | undefined;
}

/** Sends to where a device was heard last: `to` is the key of that path. */
export type Outward = (to: string, datagram: Uint8Array) => void;

const VERSIONS = ['1.0', '1.1', '1.2'];
const DEFAULT_LIFETIME = 86_400;
const MAX_LIFETIME = 0xffff_ffff;
const MAX_OBJECTS = 512;
const NOTHING = Buffer.alloc(0);

const plain = (code: string, detail = ''): CoapResponse => ({ code, options: [], payload: Buffer.from(detail) });

export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #dtls: DtlsServer;
  readonly #links = new Map<Association, DeviceLink & { heardAt: Nanoseconds }>();
  /** The association over which a device was heard last. */
  readonly #current = new Map<string, Association>();
  readonly #heard = new Map<string, number>();
  readonly #expiry = new Map<string, Timer>();
  /** Those of an earlier process that have said nothing in this one. */
  readonly #restored = new Set<Association>();
  #outward: Outward | undefined;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    const { context, devices, keys, limits, associations } = options;
    const { clock, random } = context;
    this.#dtls = new DtlsServer({
      ...{ clock, random: random.fork('inventory') },
      ...(limits && { limits }),
      keeper: associations,
      keysOf: (identity) => (devices.get(identity) === undefined ? undefined : keys.of(identity)),
      opened: (association) => this.#opened(association),
      data: (association, bytes) => this.#data(association, bytes),
      ended: (association) => this.#ended(association),
    });
    const online = devices.online();
    for (const { registration } of online) context.running.atLeast(registration?.updatedRanMs ?? 0);
    for (const device of online) this.#watch(device);
    this.#restore();
  }

  get counts(): DtlsServer['counts'] {
    return this.#dtls.counts;
  }

  /** Takes one datagram, from any network. */
  datagram(bytes: Uint8Array, path: DtlsPath): void {
    this.#dtls.receive(bytes, path);
  }

  /**
   * From now on datagrams can be sent without being asked for. Devices that an earlier process talked with are spoken to, unless they
   * sleep: who does, or cannot be sent to, is when it says something.
   */
  reachOut(outward: Outward): void {
    this.#outward = outward;
    for (const association of [...this.#restored]) {
      const device = this.#options.devices.get(association.identity);
      const link = device && this.reachable(device);
      if (link !== undefined && link === this.#links.get(association)) this.#resume(association);
    }
  }

  /** The device, if it can be asked now: registered, connected, and awake if it sleeps. */
  reachable({ deviceId, online, registration }: DeviceRecord): DeviceLink | undefined {
    const association = this.#current.get(deviceId);
    if (!online || association === undefined || registration === undefined) return undefined;
    if (this.#restored.has(association) && this.#outward === undefined) return undefined;
    const heard = this.#heard.get(deviceId) ?? -Infinity;
    if (registration.queueMode && this.#options.context.clock.now() - heard > INVENTORY.awake) return undefined;
    return this.#links.get(association);
  }

  /** The device is nobody any more. */
  forget(deviceId: string): void {
    this.#expiry.get(deviceId)?.cancel();
    this.#expiry.delete(deviceId);
    this.#dtls.forget(deviceId);
    this.#heard.delete(deviceId);
  }

  close(): void {
    for (const timer of this.#expiry.values()) timer.cancel();
    this.#expiry.clear();
    if (this.#options.associations === undefined) this.#dtls.close();
    else this.#dtls.suspend();
  }

  // --- Associations ---

  /** Goes on with what an earlier process left. */
  #restore(): void {
    const { associations, context } = this.#options;
    if (associations === undefined) return;
    const kept = associations.all();
    const asleep = new Map(kept.map(({ association: { id }, asleepFor }) => [id, asleepFor]));
    const pathOf = (key: string): DtlsPath => ({ key, send: (datagram) => this.#outward?.(key, datagram) });
    for (const association of this.#dtls.restore(kept, pathOf)) {
      // Never the message ids and tokens of before, even if chance is made to repeat itself.
      this.#opened(association, `${context.clock.unixMs()}`);
      this.#restored.add(association);
      const asleepFor: Nanoseconds = asleep.get(association.kept?.id ?? '') ?? 0;
      this.#current.set(association.identity, association);
      this.#heard.set(association.identity, context.clock.now() - asleepFor);
    }
  }

  /** What was agreed on before, an earlier process did: observations start again, and what waits is asked. */
  #resume(association: Association): void {
    const { context, devices, events } = this.#options;
    this.#restored.delete(association);
    const link = this.#links.get(association);
    if (link === undefined || this.#current.get(link.deviceId) !== association) return;
    context.clock.after(0, () => {
      const device = devices.get(link.deviceId);
      if (device?.online !== true || link.peer.closed) return;
      this.#tell(device, 'resumed');
      events.updated(device, link, true);
    });
  }

  #opened(association: Association, name?: string): void {
    const { clock, random, nextId } = this.#options.context;
    const { identity } = association;
    const peer: CoapPeer = new CoapPeer({
      ...{ clock, random: random.fork(`coap ${identity} ${name ?? nextId()}`), maxBytes: association.maxBytes },
      room: this.#options.blocks.of(identity),
      send: (bytes) => association.send(bytes),
      handle: (request) => stored(() => this.#answer(association, request)),
    });
    const { keyId } = association;
    const caller = this.#options.keys.simOf(identity, keyId) ?? identity;
    this.#links.set(association, { deviceId: identity, keyId, caller, peer, heardAt: -Infinity });
  }

  #data(association: Association, bytes: Buffer): void {
    const link = this.#links.get(association);
    if (link === undefined || !this.#options.rate.take(link.caller)) return;
    link.heardAt = this.#options.context.clock.now();
    if (this.#current.get(link.deviceId) === association)
      this.#heard.set(link.deviceId, this.#options.context.clock.now());
    if (this.#restored.has(association)) this.#resume(association);
    link.peer.receive(bytes);
  }

  #ended(association: Association): void {
    this.#links.get(association)?.peer.close('the association is over');
    this.#links.delete(association);
    this.#restored.delete(association);
    if (this.#current.get(association.identity) === association) this.#current.delete(association.identity);
  }

  // --- Requests of devices ---

  #answer(association: Association, request: IncomingRequest): CoapResponse | Promise<CoapResponse> {
    const device = this.#options.devices.get(association.identity);
    if (device === undefined) return plain('4.03');
    const [first, id, ...below] = request.path;
    const link = this.#links.get(association);
    if (link === undefined) return plain('4.03');
    if (first !== 'rd') return this.#options.events.other(device, link, request) ?? plain('4.04');
    // What it says of itself is written down.
    if (!this.#options.rate.take(link.caller, COST.write)) return plain('4.29');
    if (below.length > 0) return plain('4.04');
    try {
      if (id === undefined) {
        return request.method === Method.Post ? this.#register(association, device, request) : plain('4.05');
      }
      // Another device's registration is as good as none.
      if (!device.online || device.registration?.id !== id) return plain('4.04');
      if (request.method === Method.Post) return this.#update(association, device, device.registration, request);
      if (request.method === Method.Delete) return this.#deregister(association, device);
      return plain('4.05');
    } catch (error) {
      if (!(error instanceof ContentError)) throw error;
      return this.#refuse(device, '4.00', error.message);
    }
  }

  #refuse(device: DeviceRecord, code: string, detail: string): CoapResponse {
    this.#tell(device, 'refused', detail);
    return plain(code, detail);
  }

  #register(association: Association, device: DeviceRecord, request: IncomingRequest): CoapResponse {
    const { context, devices, events } = this.#options;
    const endpoint = parameter(request, 'ep') ?? device.endpoint;
    if (!isEndpoint(endpoint) || endpoint !== device.endpoint) {
      return this.#refuse(device, '4.00', `ep ${shown(endpoint)} is not this key's`);
    }
    const version = parameter(request, 'lwm2m') ?? '1.0';
    if (!VERSIONS.includes(version)) return this.#refuse(device, '4.12', `lwm2m ${version.slice(0, 8)}`);
    const updated = this.#now;
    const registration: Registration = {
      ...{ id: randomName(context.random, 10), version, registeredMs: updated.updatedMs, ...updated },
      ...withParameters(request, NO_PARAMETERS),
    };
    const ipAddress = addressOf(association);
    const changed = devices.change(device.deviceId, { registration, online: true, ipAddress });
    if (changed === undefined) return plain('4.03');
    this.#options.keys.used(device.deviceId, association.keyId);
    this.#dtls.forget(device.deviceId, association);
    this.#become(association, changed);
    this.#tell(changed, 'registered', `lt=${registration.lifetime} lwm2m=${version}`);
    const link = this.#links.get(association);
    // After the answer: a request before it would meet a device that does not know that it is registered.
    if (link) context.clock.after(0, () => events.registered(changed, link));
    const location = ['rd', registration.id].map((part) => textOption(Option.LocationPath, part));
    return { code: '2.01', options: location, payload: NOTHING };
  }

  #update(
    association: Association,
    device: DeviceRecord,
    before: Registration,
    request: IncomingRequest,
  ): CoapResponse {
    const { context, devices, events } = this.#options;
    const registration = { ...before, ...withParameters(request, before), ...this.#now };
    const changed = devices.change(device.deviceId, { registration, ipAddress: addressOf(association) });
    if (changed === undefined) return plain('4.04');
    const fresh = this.#current.get(device.deviceId) !== association;
    this.#become(association, changed);
    this.#tell(changed, 'updated');
    const link = this.#links.get(association);
    if (link) context.clock.after(0, () => events.updated(changed, link, fresh));
    return plain('2.04');
  }

  #deregister(association: Association, device: DeviceRecord): CoapResponse {
    this.#over(device, 'deregistered');
    this.#heard.delete(device.deviceId);
    if (this.#current.get(device.deviceId) === association) this.#current.delete(device.deviceId);
    return plain('2.02');
  }

  #become(association: Association, device: DeviceRecord): void {
    const before = this.#current.get(device.deviceId);
    // What is under way there waits for an answer that never comes, and holds up what is to be asked here.
    if (before !== association && before !== undefined) this.#links.get(before)?.peer.abandon('heard from elsewhere');
    this.#current.set(device.deviceId, association);
    this.#heard.set(device.deviceId, this.#options.context.clock.now());
    this.#watch(device);
  }

  get #now(): Pick<Registration, 'updatedMs' | 'updatedRanMs'> {
    const { clock, running } = this.#options.context;
    return { updatedMs: clock.unixMs(), updatedRanMs: running.ms() };
  }

  /** Ends a registration whose lifetime is over: in running time, so that a wall clock that is wrong ends none. */
  #watch({ deviceId, registration }: DeviceRecord): void {
    const { clock, running } = this.#options.context;
    this.#expiry.get(deviceId)?.cancel();
    this.#expiry.delete(deviceId);
    if (registration === undefined || registration.lifetime === 0) return;
    const ageMs = running.ms() - (registration.updatedRanMs ?? running.ms());
    const left = registration.lifetime * 1e9 + INVENTORY.grace - ageMs * 1e6;
    this.#expiry.set(
      deviceId,
      clock.after(Math.max(0, left), () => {
        const device = this.#options.devices.get(deviceId);
        if (device?.online === true) this.#over(device, 'expired');
      }),
    );
  }

  #over(device: DeviceRecord, how: 'deregistered' | 'expired'): void {
    const { devices, events } = this.#options;
    this.#expiry.get(device.deviceId)?.cancel();
    this.#expiry.delete(device.deviceId);
    const changed = devices.change(device.deviceId, { online: false });
    this.#tell(device, how);
    if (changed) events.gone(changed);
  }

  #tell(
    device: DeviceRecord,
    event: 'registered' | 'resumed' | 'updated' | 'deregistered' | 'expired' | 'refused',
    detail?: string,
  ): void {
    const { endpoint, deviceId } = device;
    this.#options.traceOf(device).emit({
      ...{ type: 'inventory', event, endpoint, deviceId },
      ...(detail !== undefined && { detail }),
    });
  }
}

/** The address that a path leads to. */
export const hostOf = ({ key }: Pick<DtlsPath, 'key'>): string => key.replace(/:\d+$/, '');
const addressOf = ({ path }: Association): string => hostOf(path);

type Parameters = Pick<Registration, 'lifetime' | 'binding' | 'queueMode' | 'root' | 'formats' | 'objects'>;

const NO_PARAMETERS: Parameters = {
  ...{ lifetime: DEFAULT_LIFETIME, binding: 'U', queueMode: false, root: '', formats: [], objects: {} },
};

/** What a Register or Update says, over what was known before. Throws ContentError. */
function withParameters(request: IncomingRequest, before: Parameters): Parameters {
  const lt = parameter(request, 'lt');
  if (lt !== undefined && !/^\d{1,10}$/.test(lt)) throw new ContentError('lt: must be seconds');
  const lifetime = lt === undefined ? before.lifetime : Math.min(Number(lt), MAX_LIFETIME);
  const b = parameter(request, 'b');
  if (b !== undefined && !/^[UMHTSNQ]{1,8}$/.test(b)) throw new ContentError('b: must be a binding');
  if (request.query.some((part) => part.startsWith('Q='))) throw new ContentError('Q has no value');
  const queueMode = b === undefined && !request.query.includes('Q') ? before.queueMode : false;
  return {
    lifetime,
    binding: b ?? before.binding,
    queueMode: queueMode || request.query.includes('Q') || (b?.includes('Q') ?? false),
    ...(request.payload.length === 0
      ? { root: before.root, formats: before.formats, objects: before.objects }
      : objectsIn(request)),
  };
}

/** Throws ContentError. */
function objectsIn({ payload, options }: IncomingRequest): Pick<Parameters, 'root' | 'formats' | 'objects'> {
  const format = findUint(options, Option.ContentFormat) ?? ContentFormat.Link;
  if (format !== ContentFormat.Link) throw new ContentError('the list of objects is no link format');
  const links = readLinks(payload);
  const top = links.find(({ attributes }) => attributes['rt'] === 'oma.lwm2m');
  const prefix = (top?.path ?? '/').replace(/\/$/, '');
  const formats = (top?.attributes['ct'] ?? '')
    .split(' ')
    .flatMap((text) => (/^\d{1,5}$/.test(text) ? [Number(text)] : []));
  const found = links.flatMap(({ path, attributes }): [string, Record<string, string>][] => {
    const at = path.startsWith(`${prefix}/`) ? parsePath(path.slice(prefix.length)) : undefined;
    return at === undefined || at.length === 0 || at.length > 2 ? [] : [[pathText(at), attributes]];
  });
  if (found.length > MAX_OBJECTS) throw new ContentError('too many objects');
  return { root: prefix, formats, objects: Object.fromEntries(found) };
}
