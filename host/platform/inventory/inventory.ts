// The parts of Inventory put together, and where devices find it.

import type { ServiceRegistry } from '../../cellular/network.js';
import { Method, findUint, type IncomingRequest, Option } from '../../coap/index.js';
import type { DtlsLimits, DtlsPath } from '../../dtls/index.js';
import type { Trace } from '../../trace/trace.js';
import { INVENTORY } from '../choices.js';
import type { Directory } from '../directory/index.js';
import type { FileStore } from '../harvest-files/store.js';
import type { DataStore } from '../harvest/store.js';
import { HeldBytes } from '../held.js';
import { ADDRESS_LIMITS, BLOCK_LIMITS, DEVICE_LIMITS, type HeldLimits } from '../limits.js';
import type { MessageService } from '../message/message.js';
import type { ServiceContext } from '../context.js';
import { RateLimit } from '../rate.js';
import type { Service } from '../service.js';
import { Associations } from './associations.js';
import { BootstrapServer } from './bootstrap.js';
import { type SoracomInventory, soracomInventory } from './config.js';
import { type DeviceRecord, Devices } from './devices.js';
import { Images } from './images.js';
import { DeviceKeys } from './keys.js';
import { Management } from './management.js';
import { ObjectModels } from './models.js';
import { Passing } from './passing.js';
import { Readings } from './readings.js';
import { type DeviceLink, hostOf, type Outward, Registrar } from './registrar.js';
import { Requests } from './requests.js';

const BOOTSTRAP_NAME = 'bootstrap.soracom.io';
const BOOTSTRAP_PORT = 5683;
const SERVER_NAMES = ['jp.inventory.soracom.io', 'g.inventory.soracom.io'] as const;
const SERVER_PORT = 5684;

export interface InventoryParts {
  /** Where readings are kept, too. */
  readonly data: DataStore;
  readonly files: FileStore;
  /** Those of them that a device's group has switched on get what the device says by itself. */
  readonly services: readonly MessageService[];
  /** Of a device whose SIM is in some device of the world. */
  readonly traceOf: (imsi: string | undefined) => Trace;
  /** Where devices find the device management server; where the real one is unless given. */
  readonly serverUri?: string | undefined;
  /** Overrides of DTLS_LIMITS. */
  readonly dtlsLimits?: Partial<DtlsLimits> | undefined;
  /** Instead of BLOCK_LIMITS. */
  readonly blockLimits?: HeldLimits | undefined;
  /** The database outlives the process, and so do associations with devices. */
  readonly lasting?: boolean;
}

export class Inventory implements Service {
  readonly devices: Devices;
  readonly keys: DeviceKeys;
  readonly models: ObjectModels;
  readonly requests: Requests;
  readonly readings: Readings;
  readonly images: Images;
  readonly management: Management;
  readonly bootstrap: BootstrapServer;
  readonly registrar: Registrar;
  readonly #directory: Directory;
  readonly #passing: Passing;
  /** Datagrams from outside sessions, by address. */
  readonly #addresses: RateLimit;
  /** Where devices find the bootstrap server. */
  #plainUri = `coap://${BOOTSTRAP_NAME}:${BOOTSTRAP_PORT}`;

  constructor(context: ServiceContext, options: InventoryParts) {
    const { database, seal, clock, running, directory } = context;
    const { data, files, services, serverUri = INVENTORY.serverUri, dtlsLimits, lasting = false } = options;
    const random = context.random.fork('inventory');
    const unixMs = (): number => clock.unixMs();
    const kept = { database, random, unixMs, running };
    this.#directory = directory;
    this.#addresses = new RateLimit(clock, ADDRESS_LIMITS);
    const rate = new RateLimit(clock, DEVICE_LIMITS);
    this.devices = new Devices({
      ...kept,
      regrouped: (deviceId) => this.#stopPull(deviceId, 'the device is in another group now'),
    });
    this.keys = new DeviceKeys({ database, seal, random });
    this.requests = new Requests(kept);
    this.readings = new Readings({ database, data, unixMs });
    this.models = new ObjectModels(database);
    this.images = new Images({
      ...{ clock, running, files, serverUri, plainUri: () => this.#plainUri },
      isOn: (deviceId) => this.#isOn(deviceId),
      simOf: (deviceId, keyId) => this.keys.simOf(deviceId, keyId),
    });
    const { devices, keys, requests, readings, images } = this;
    const own = { ...context, random };
    this.#passing = new Passing(own, { services, directory });
    const blocks = new HeldBytes(options.blockLimits ?? BLOCK_LIMITS);
    const traceOf = ({ imsi }: DeviceRecord): Trace => options.traceOf(imsi);
    this.management = new Management({
      ...{ context: own, devices, requests, readings, images, rate, traceOf, target: this.#passing },
      modelsOf: (operatorId) => this.models.list(operatorId),
      configOf: (device) => this.configOf(device),
      reachable: (device) => this.registrar.reachable(device),
    });
    this.bootstrap = new BootstrapServer({
      ...{ context: own, devices, keys, serverUri, blocks },
      resource: (request, fetcher) => images.serve(request, fetcher),
    });
    this.registrar = new Registrar({
      ...{ context: own, devices, keys, rate, traceOf, blocks },
      ...(dtlsLimits && { limits: dtlsLimits }),
      ...(lasting && { associations: new Associations({ database, seal, unixMs, running }) }),
      events: {
        registered: (device, link) => this.management.registered(device, link),
        updated: (device, link, fresh) => this.management.updated(device, link, fresh),
        gone: (device) => this.management.gone(device),
        other: (device, link, request) => this.#other(device, link, request),
      },
    });
    directory.onGroupChange(({ operatorId, id }) => {
      for (const deviceId of images.fetchers) {
        const device = devices.get(deviceId);
        const isOfGroup = device?.operatorId === operatorId && device.groupId === id;
        if (isOfGroup && !this.#isOn(deviceId))
          this.#stopPull(deviceId, 'Inventory is off for the group of the device');
      }
    });
  }

  register(registry: ServiceRegistry): void {
    const address = registry.name(BOOTSTRAP_NAME);
    if (registry.isByAddress === true) this.#plainUri = `coap://${address}:${BOOTSTRAP_PORT}`;
    registry.name(...SERVER_NAMES);
    registry.udp(BOOTSTRAP_NAME, BOOTSTRAP_PORT, (bytes, session, reply, from) =>
      this.bootstrap.datagram(bytes, session, reply, from),
    );
    // A session is one way among others to get here: whose it is says nothing.
    registry.udp(SERVER_NAMES[0], SERVER_PORT, (bytes, _session, reply, from) =>
      this.registrar.datagram(bytes, { key: from, send: reply }),
    );
  }

  /** One datagram for the device management server, from whatever network; one of an address that sends too many is dropped. */
  fromAnywhere(bytes: Uint8Array, path: DtlsPath): void {
    if (this.#addresses.take(hostOf(path))) this.registrar.datagram(bytes, path);
  }

  /** Says how the device management server sends to where a device was heard last, even in an earlier process. */
  reachOut(outward: Outward): void {
    this.registrar.reachOut(outward);
  }

  /** What a device's group says, if there is one. */
  configOf({ operatorId, groupId }: DeviceRecord): SoracomInventory | undefined {
    if (groupId === undefined) return undefined;
    return soracomInventory.of(this.#directory.group(operatorId, groupId));
  }

  #isOn(deviceId: string): boolean {
    const device = this.devices.get(deviceId);
    return device !== undefined && this.configOf(device)?.enabled === true;
  }

  /** An image that the device was to fetch is not offered any more. */
  #stopPull(deviceId: string, reason: string): void {
    if (this.images.offered(deviceId) !== undefined) this.management.stopUpdate(deviceId, reason);
  }

  /** Takes the device away with all that is kept of it; its key belongs to no device then. */
  delete(deviceId: string): void {
    this.devices.delete(deviceId);
    this.keys.delete(deviceId);
    this.requests.delete(deviceId);
    this.readings.delete(deviceId);
    this.management.stopUpdate(deviceId, 'the device was deleted');
    this.registrar.forget(deviceId);
  }

  close(): void {
    this.bootstrap.close();
    this.management.close();
    this.registrar.close();
    this.images.close();
    this.#passing.close();
  }

  #other(device: DeviceRecord, link: DeviceLink, request: IncomingRequest) {
    const [first, ...below] = request.path;
    if (first === 'dp' && below.length === 0 && request.method === Method.Post) {
      if (!device.online) return { code: '4.04', options: [], payload: Buffer.alloc(0) };
      return this.management.sent(device, link, request.payload, findUint(request.options, Option.ContentFormat));
    }
    return this.images.serve(request, { deviceId: device.deviceId });
  }
}
