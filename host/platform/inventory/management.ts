// What the device management server does with devices: asks them what operators want, observes them, gives them images
// (OMA LwM2M Core 6.3 and 6.4). Who cannot be asked now is asked when it comes back.

import {
  CoapError,
  type CoapOption,
  type CoapRequest,
  type CoapResponse,
  type Observation,
  Option,
  uintOption,
} from '../../coap/index.js';
import { type Nanoseconds, SECOND } from '../../clock/clock.js';
import {
  ContentError,
  ContentFormat,
  type Leaf,
  Models,
  type ObjectModel,
  parsePath,
  type Path,
  pathText,
  readContent,
} from '../../lwm2m/index.js';
import type { Trace } from '../../trace/trace.js';
import { INVENTORY } from '../choices.js';
import { INVENTORY_LIMITS } from '../limits.js';
import type { RateLimit } from '../rate.js';
import type { ServiceContext } from '../context.js';
import { kindOf } from './bootstrap.js';
import { asked, compositeView, fetchRequest, pathsIn } from './composite.js';
import type { SoracomInventory } from './config.js';
import type { DeviceRecord, Devices } from './devices.js';
import { FirmwareUpdates } from './firmware.js';
import type { Images } from './images.js';
import { Intake } from './intake.js';
import type { NotificationTarget } from './notifications.js';
import { type Asking, leavesIn, perform, readRequests, segments, WITH_MODEL } from './operations.js';
import { RequestQueue } from './queue.js';
import type { Readings } from './readings.js';
import type { DeviceLink } from './registrar.js';
import type { DeviceRequest, Operation, Outcome, Requests } from './requests.js';
import { viewOf } from './view.js';

export interface ManagementOptions {
  readonly context: ServiceContext;
  readonly devices: Devices;
  readonly requests: Requests;
  readonly readings: Readings;
  readonly images: Images;
  readonly target: NotificationTarget;
  /** What devices may say by themselves. */
  readonly rate: RateLimit;
  /** Models of an operator's own objects. */
  readonly modelsOf: (operatorId: string) => readonly ObjectModel[];
  readonly configOf: (device: DeviceRecord) => SoracomInventory | undefined;
  readonly traceOf: (device: DeviceRecord) => Trace;
  readonly reachable: (device: DeviceRecord) => DeviceLink | undefined;
}

/** Where a device says who made it: resources of object 3 that the device's record shows. */
const FACTS: Readonly<Record<string, string>> = {
  '/3/0/0': 'manufacturer',
  '/3/0/1': 'modelNumber',
  '/3/0/2': 'serialNumber',
  '/3/0/3': 'firmwareVersion',
};
const MAX_FACT = 255;
const NO_PATH: Path = [];
const NOTHING = Buffer.alloc(0);

/** Max-Age has 32 bits (RFC 7252 5.10.5). */
const seconds = (time: Nanoseconds): number => Math.min(Math.ceil(time / SECOND), 0xffff_ffff);

export class Management {
  readonly #options: ManagementOptions;
  /** By device, then by path. */
  readonly #observations = new Map<string, Map<string, Observation>>();
  readonly #queue: RequestQueue;
  /** Devices whose observations have not all begun. */
  readonly #unfinished = new Set<string>();
  /** Who waits for what comes of a request. */
  readonly #waiters = new Map<string, (request: DeviceRequest) => void>();
  readonly #firmware: FirmwareUpdates;
  readonly #intake: Intake;

  constructor(options: ManagementOptions) {
    this.#options = options;
    const { context, requests, devices, images, reachable, readings, target, rate, configOf } = options;
    this.#intake = new Intake({
      ...{ clock: context.clock, readings, target, rate, configOf },
      modelsOf: ({ operatorId }) => this.models(operatorId),
      noRoom: (device, reason) => this.#tell(device, 'refused', reason),
    });
    this.#queue = new RequestQueue({
      ...{ clock: context.clock, requests },
      reachable: (deviceId) => {
        const device = devices.get(deviceId);
        const link = device && reachable(device);
        return device && link && { device, link };
      },
      ask: (device, link, request) => this.#ask(device, link, request),
      after: (device, request) => this.#after(device, request),
    });
    this.#firmware = new FirmwareUpdates({
      ...{ clock: context.clock, running: context.running, devices, requests, images, reachable },
      modelsOf: ({ operatorId }) => this.models(operatorId),
      after: (device, request) => this.#after(device, request),
      soon: (device, work) => this.#soon(device, work),
    });
  }

  close(): void {
    this.#queue.close();
    this.#firmware.close();
  }

  models(operatorId: string): Models {
    return new Models(this.#options.modelsOf(operatorId));
  }

  // --- What operators want ---

  /** Undefined: too many requests wait for this device. */
  submit(device: DeviceRecord, operation: Operation): DeviceRequest | undefined {
    const request = this.#options.requests.add(device.deviceId, operation);
    const link = this.#options.reachable(device);
    if (request !== undefined && link !== undefined) this.#soon(device, () => this.#queue.flush(device, link));
    return request;
  }

  /** Resolves when something came of it, or after a while to how it stands then. */
  async outcome(request: DeviceRequest): Promise<DeviceRequest> {
    const { clock } = this.#options.context;
    const { deviceId, requestId } = request;
    return new Promise((resolve) => {
      const end = (after: DeviceRequest): void => {
        this.#waiters.delete(requestId);
        timer.cancel();
        clock.stir();
        resolve(after);
      };
      const timer = clock.after(INVENTORY.apiWait, () => {
        end(this.#options.requests.get(deviceId, requestId) ?? request);
      });
      this.#waiters.set(requestId, end);
    });
  }

  /** Ends a firmware update that is under way; nothing is offered to the device any more. */
  stopUpdate(deviceId: string, reason: string): void {
    this.#firmware.stop(deviceId, reason);
  }

  // --- What devices do ---

  /** Nothing of what was agreed on before holds (OMA LwM2M Core 6.4.4): observations start again. */
  registered(device: DeviceRecord, link: DeviceLink): void {
    this.#soon(device, () => this.#begin(device, link));
    this.#soon(device, () => this.#firmware.check(device, link, true));
  }

  updated(device: DeviceRecord, link: DeviceLink, fresh: boolean): void {
    const isToBegin = fresh || this.#unfinished.has(device.deviceId);
    this.#soon(device, () => (isToBegin ? this.#begin(device, link) : this.#queue.flush(device, link)));
    this.#soon(device, () => this.#firmware.check(device, link, fresh));
  }

  gone({ deviceId }: DeviceRecord): void {
    this.#observations.delete(deviceId);
    this.#unfinished.delete(deviceId);
  }

  /** Send (OMA LwM2M Core 1.1, 6.4.6). */
  async sent(
    device: DeviceRecord,
    link: DeviceLink,
    payload: Uint8Array,
    format: number | undefined,
  ): Promise<CoapResponse> {
    const answer = (code: string, ...options: CoapOption[]): CoapResponse => ({ code, options, payload: NOTHING });
    if (format !== ContentFormat.SenmlJson && format !== ContentFormat.SenmlCbor) return answer('4.15');
    try {
      const { models, nowS } = this.#known(device);
      const leaves = readContent(payload, format, NO_PATH, models, nowS);
      if (leaves.length > INVENTORY_LIMITS.values) return answer('4.13');
      const objects = new Set(Object.keys(device.registration?.objects ?? {}).map((path) => parsePath(path)?.[0]));
      if (!leaves.every(({ path: [object] }) => objects.has(object))) return answer('4.04');
      const wait = this.#intake.admit(link, leaves.length);
      // RFC 8516: when it may come again.
      if (wait !== undefined) return answer('4.29', uintOption(Option.MaxAge, seconds(wait)));
      await this.#told(device, link, leaves, pathText(NO_PATH));
      return answer('2.04');
    } catch (error) {
      if (error instanceof ContentError) return answer('4.00');
      throw error;
    }
  }

  /** What operators wait for comes first, before each of the others: a device may answer none of those. */
  async #begin(device: DeviceRecord, link: DeviceLink): Promise<void> {
    const { readings, configOf } = this.#options;
    const { deviceId } = device;
    this.#observations.delete(deviceId);
    this.#unfinished.delete(deviceId);
    const listed = Object.keys(device.registration?.objects ?? {});
    const wanted = new Set([...readings.observed(deviceId), ...(configOf(device)?.observe ?? [])]);
    const observes = [...wanted].map((path) => () => this.#observe(device, link, path));
    const works = [...(listed.includes('/3/0') ? [() => this.#facts(device, link)] : []), ...observes];
    let silent = 0;
    for (const work of works) {
      await this.#queue.flush(device, link);
      // The device may be gone meanwhile, and so may all else.
      if (link.peer.closed) return;
      const startedAt = this.#options.context.clock.now();
      silent = (await this.#attempt(work)) || link.heardAt > startedAt ? 0 : silent + 1;
      if (silent < INVENTORY.silentRequests) continue;
      // It is away: once more when it is back.
      this.#unfinished.add(deviceId);
      return;
    }
    await this.#queue.flush(device, link);
  }

  async #facts(device: DeviceRecord, link: DeviceLink): Promise<void> {
    const path: Path = [3, 0];
    const response = await readRequests({ device }, path, (request) => link.peer.request(request));
    if (!response.code.startsWith('2.')) return;
    this.#learn(device, leavesIn(this.#known(device), response, path));
  }

  #learn(device: DeviceRecord, leaves: readonly Leaf[]): void {
    this.#options.readings.keep(device.deviceId, leaves);
    this.#learnFacts(device, leaves);
  }

  #learnFacts(device: DeviceRecord, leaves: readonly Leaf[]): void {
    const found = leaves.flatMap(({ path, value }): [string, string][] => {
      const name = FACTS[pathText(path)];
      return name !== undefined && typeof value === 'string' ? [[name, value.slice(0, MAX_FACT)]] : [];
    });
    if (found.length === 0) return;
    const facts = { ...this.#options.devices.get(device.deviceId)?.facts, ...Object.fromEntries(found) };
    this.#options.devices.change(device.deviceId, { facts });
  }

  /** What fails for a reason of the platform's own, for example its disk, is told, and the platform goes on. */
  #soon(device: DeviceRecord, work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#tell(device, 'refused', `internal error (${kindOf(error)})`));
  }

  /** What a device does not do, or says wrongly, is no reason to stop. Returns whether it has answered. */
  async #attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof CoapError) && !(error instanceof ContentError)) throw error;
      return !(error instanceof CoapError && error.code === 'timeout');
    }
  }

  // --- Requests, one after the other ---

  /** Rejects with CoapError when there is no answer, and with nothing else. */
  async #ask(device: DeviceRecord, link: DeviceLink, request: DeviceRequest): Promise<Outcome> {
    const { kind, path } = request.operation;
    this.#tell(device, 'request', `${kind} ${path}`);
    try {
      return await this.#do(device, link, request);
    } catch (error) {
      if (error instanceof CoapError) throw error;
      if (error instanceof ContentError) return { reason: error.message, isUnreadable: true };
      // A file that cannot be read, say: what else waits for the device does not wait for that.
      return { reason: `internal error (${kindOf(error)})` };
    }
  }

  #after(device: DeviceRecord, request: DeviceRequest): void {
    const { operation, outcome, state } = request;
    const what = outcome?.code ?? outcome?.reason ?? state;
    this.#tell(device, 'response', `${operation.kind} ${operation.path} ${what}`);
    this.#waiters.get(request.requestId)?.(request);
  }

  async #do(device: DeviceRecord, link: DeviceLink, request: DeviceRequest): Promise<Outcome> {
    const { operation } = request;
    const { kind, path, body } = operation;
    switch (kind) {
      case 'observe':
      case 'observe-composite':
        return this.#observe(device, link, path, body === WITH_MODEL);
      case 'unobserve':
      case 'unobserve-composite':
        return this.#unobserve(device, path);
      case 'firmware':
        return this.#firmware.begin(device, link, request);
      default:
        return perform(this.#asking(device, link), kind, operation);
    }
  }

  #asking(device: DeviceRecord, link: DeviceLink): Asking {
    return { device, link, ...this.#known(device), learn: (leaves) => this.#learn(device, leaves) };
  }

  /** What payloads of the device are read with. */
  #known({ operatorId }: DeviceRecord): Pick<Asking, 'models' | 'nowS'> {
    return { models: this.models(operatorId), nowS: Math.floor(this.#options.context.clock.unixMs() / 1000) };
  }

  /** `text`: a path, or several that are observed as one. */
  async #observe(device: DeviceRecord, link: DeviceLink, text: string, withModel = false): Promise<Outcome> {
    const { deviceId } = device;
    const paths = pathsIn(text);
    const [path = NO_PATH, ...others] = paths;
    const isComposite = others.length > 0;
    let observation: Observation | undefined;
    const send = async (request: CoapRequest): Promise<CoapResponse> => {
      const begun = await link.peer.observe(
        request,
        (notification) => this.#notified(device, link, notification, text),
        (reason) => {
          this.#observations.get(deviceId)?.delete(text);
          this.#tell(device, 'notified', `${text} ${reason}`);
        },
      );
      observation = begun.observation;
      return begun.response;
    };
    const response = isComposite
      ? await send(fetchRequest(device, segments(device, NO_PATH), paths))
      : await readRequests({ device }, path, send);
    const { code } = response;
    if (!code.startsWith('2.')) return { code };
    if (observation !== undefined) {
      const all = this.#observations.get(deviceId) ?? new Map<string, Observation>();
      this.#observations.set(deviceId, all);
      all.get(text)?.end('observed again');
      all.set(text, observation);
    }
    const leaves = this.#observed(device, response, paths);
    await this.#told(device, link, leaves, text);
    const { models } = this.#known(device);
    const view = isComposite ? compositeView(leaves) : viewOf(leaves, path, { models, withModel });
    return { code, result: { observed: observation !== undefined, ...view } };
  }

  async #unobserve({ deviceId }: DeviceRecord, text: string): Promise<Outcome> {
    const observation = this.#observations.get(deviceId)?.get(text);
    this.#observations.get(deviceId)?.delete(text);
    if (observation === undefined) return { code: '2.05' };
    return { code: (await observation.cancel()).code };
  }

  #observed(device: DeviceRecord, response: CoapResponse, paths: readonly Path[]): readonly Leaf[] {
    const [path = NO_PATH, ...others] = paths;
    const known = this.#known(device);
    return others.length === 0 ? leavesIn(known, response, path) : asked(leavesIn(known, response, NO_PATH), paths);
  }

  #notified(device: DeviceRecord, link: DeviceLink, response: CoapResponse, text: string): void {
    const known = this.#options.devices.get(device.deviceId);
    if (known === undefined) return;
    const refused = (error: unknown): void => {
      const reason = error instanceof ContentError ? error.message : `internal error (${kindOf(error)})`;
      this.#tell(known, 'refused', `notification of ${text}: ${reason}`);
    };
    try {
      const leaves = this.#observed(known, response, pathsIn(text));
      // Nothing answers a notification: what is too much is dropped, as by a network.
      if (this.#intake.admit(link, leaves.length) !== undefined) throw new ContentError('the device says too much');
      this.#told(known, link, leaves, text).catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  /** Keeps what a device said by itself. Rejects when storage fails. */
  async #told(device: DeviceRecord, link: DeviceLink, leaves: readonly Leaf[], path: string): Promise<void> {
    this.#tell(device, 'notified', path);
    this.#learnFacts(device, leaves);
    await this.#intake.take(device, link, leaves);
  }

  #tell(device: DeviceRecord, event: 'request' | 'response' | 'notified' | 'refused', detail: string): void {
    const { endpoint, deviceId } = device;
    this.#options.traceOf(device).emit({ type: 'inventory', event, endpoint, deviceId, detail });
  }
}
