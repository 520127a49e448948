// A firmware update to its end: the image is given by images.ts; whether it came to anything is what the device's State and Update Result
// say (firmware-state.ts). A request stays under way meanwhile, over sleep, new registrations and restarts of the platform; other requests
// to the device do not wait for it.

import { CoapError, type CoapRequest, type CoapResponse, Method } from '../../coap/index.js';
import type { Clock, Nanoseconds, Timer } from '../../clock/clock.js';
import { ContentError, ContentFormat, type Models, type Path, writeContent } from '../../lwm2m/index.js';
import { INVENTORY } from '../choices.js';
import type { RunningTime } from '../running-time.js';
import type { DeviceRecord, Devices } from './devices.js';
import {
  type FirmwareProgress,
  FirmwareState,
  judge,
  resultText,
  type Standing,
  stateText,
  UpdateResult,
} from './firmware-state.js';
import { formatsOf, writeIn } from './formats.js';
import { type ImageBody, type Images, readFirmwareBody } from './images.js';
import type { Offer } from './offers.js';
import { leavesIn, readRequests, segments } from './operations.js';
import type { DeviceLink } from './registrar.js';
import type { DeviceRequest, Outcome, Requests } from './requests.js';

const PACKAGE = [5, 0, 0];
const PACKAGE_URI = [5, 0, 1];
const UPDATE = [5, 0, 2];
const STATE = [5, 0, 3];
const RESULT = [5, 0, 5];
const CANCEL = [5, 0, 10];

export interface FirmwareOptions {
  readonly clock: Clock;
  readonly running: RunningTime;
  readonly devices: Devices;
  readonly requests: Requests;
  readonly images: Images;
  readonly modelsOf: (device: DeviceRecord) => Models;
  readonly reachable: (device: DeviceRecord) => DeviceLink | undefined;
  /** Something came of a request. */
  readonly after: (device: DeviceRecord, request: DeviceRequest) => void;
  /** Runs work whose unforeseen errors are told. */
  readonly soon: (device: DeviceRecord, work: () => Promise<void>) => void;
}

/** Why there is nothing to wait for. */
class Over extends Error {}

export class FirmwareUpdates {
  readonly #options: FirmwareOptions;
  /** By device: when it is looked at next. */
  readonly #looks = new Map<string, { readonly timer: Timer; readonly wait: Nanoseconds }>();
  readonly #checking = new Set<string>();

  constructor(options: FirmwareOptions) {
    this.#options = options;
    // What an earlier process has begun goes on.
    for (const { deviceId, outcome } of options.requests.allUnderWay()) {
      const device = options.devices.get(deviceId);
      if (device === undefined) continue;
      if (outcome?.progress?.offer !== undefined) options.images.restore(outcome.progress.offer);
      this.#later(device);
    }
  }

  /** Gives the image. The outcome is final, or holds the progress of what goes on by itself. Rejects with CoapError. */
  async begin(device: DeviceRecord, link: DeviceLink, { operation }: DeviceRequest): Promise<Outcome> {
    const { images } = this.#options;
    const body = readFirmwareBody(operation.body);
    this.stop(device.deviceId, body === undefined ? 'the device was reset' : 'another image was given meanwhile');
    let outcome: Outcome | undefined;
    try {
      if (body !== undefined) outcome = await this.#give(device, link, body);
      else outcome = { code: '2.04', result: shown(await this.#freed(device, link)) };
      return outcome;
    } catch (error) {
      if (error instanceof Over) return { reason: error.message };
      throw error;
    } finally {
      if (outcome?.progress === undefined) images.withdraw(device.deviceId);
      else this.#later(device);
    }
  }

  /** Ends the update that is under way, if there is one; nothing is offered to the device any more. */
  stop(deviceId: string, reason: string): void {
    const { devices, requests, images } = this.#options;
    images.withdraw(deviceId);
    const [device, request] = [devices.get(deviceId), requests.underWay(deviceId)];
    if (device === undefined) this.#forget(deviceId);
    else if (request !== undefined) {
      const { result } = request.outcome ?? {};
      this.#end(device, request, { reason, ...(result !== undefined && { result }) });
    }
  }

  /** Checks the state of the device's update, if there is one. `isBack`: the device has restarted, or has a new address. */
  async check(device: DeviceRecord, link: DeviceLink, isBack = false): Promise<void> {
    const { requests, running } = this.#options;
    const { deviceId } = device;
    const request = requests.underWay(deviceId);
    if (request?.outcome?.progress === undefined || this.#checking.has(deviceId) || link.peer.closed) return;
    const isUnderWay = (): boolean => requests.underWay(deviceId)?.requestId === request.requestId;
    this.#checking.add(deviceId);
    try {
      const { stillSinceMs, ...known } = request.outcome.progress;
      const progress = isBack ? known : { ...known, stillSinceMs };
      const standing = await this.#standing(device, link, INVENTORY.firmwareLook);
      if (!isUnderWay()) return;
      const outcome = await this.#follow(device, link, request, standing, { ...request.outcome, progress });
      if (!isUnderWay()) return;
      if (outcome.progress === undefined) this.#end(device, request, outcome);
      else requests.done(request, outcome);
    } catch (error) {
      // It may be there and say so at the next look, as long as there is time.
      if (!(error instanceof CoapError || error instanceof ContentError || error instanceof Over)) throw error;
    } finally {
      this.#checking.delete(deviceId);
    }
    const after = requests.underWay(deviceId)?.outcome?.progress;
    if (after === undefined) return;
    if (after.untilMs <= running.ms()) this.#expire(device);
    else this.#later(device, isBack || after.phase !== request.outcome.progress.phase);
  }

  close(): void {
    for (const { timer } of this.#looks.values()) timer.cancel();
    this.#looks.clear();
  }

  // --- Looks ---

  /** Looks again after a while, each time a longer one unless it is a `start`. */
  #later(device: DeviceRecord, start = false): void {
    const { clock, devices, requests, running, reachable, soon } = this.#options;
    const { deviceId } = device;
    const before = start ? undefined : this.#looks.get(deviceId)?.wait;
    const wait = before === undefined ? INVENTORY.firmwareFirstLook : Math.min(2 * before, INVENTORY.firmwareLastLook);
    this.#looks.get(deviceId)?.timer.cancel();
    const timer = clock.after(wait, () => {
      const known = devices.get(deviceId);
      const progress = requests.underWay(deviceId)?.outcome?.progress;
      if (known === undefined || progress === undefined) return this.#forget(deviceId);
      const link = reachable(known);
      // One that sleeps or is away is looked at when it is back.
      if (progress.untilMs <= running.ms()) this.#expire(known);
      else if (link === undefined || this.#checking.has(deviceId)) this.#later(known);
      else soon(known, () => this.check(known, link));
    });
    this.#looks.set(deviceId, { timer, wait });
  }

  #forget(deviceId: string): void {
    this.#looks.get(deviceId)?.timer.cancel();
    this.#looks.delete(deviceId);
  }

  #expire({ deviceId }: DeviceRecord): void {
    this.stop(deviceId, 'the device has not said in time what came of it');
  }

  #end(device: DeviceRecord, request: DeviceRequest, outcome: Outcome): void {
    const { requests, images, after } = this.#options;
    this.#forget(device.deviceId);
    images.withdraw(device.deviceId);
    after(device, requests.done(request, { ...outcome, progress: undefined }));
  }

  // --- What is asked ---

  async #give(device: DeviceRecord, link: DeviceLink, body: ImageBody): Promise<Outcome> {
    const { images, running } = this.#options;
    const before = await this.#ready(device, link, body.method);
    let given: Outcome;
    let offer: Offer | undefined;
    if (body.method === 'push') {
      given = await images.push(device, link, { ...body, path: segments(device, PACKAGE) });
    } else {
      const offered = images.offer(device, link, body.file, body.method);
      if ('refused' in offered) return { reason: offered.refused };
      ({ offer } = offered);
      given = { code: await this.#name(device, link, offered.uri), result: { uri: offered.uri } };
      if (images.offered(device.deviceId) !== offer) return { reason: 'the image is not offered any more' };
    }
    const { code } = given;
    if (code?.startsWith('2.') !== true) return code === undefined ? given : this.#refused(device, link, code);
    const progress: FirmwareProgress = {
      ...{ phase: 'download', untilMs: running.ms() + INVENTORY.requestLife / 1e6, before, offer },
    };
    const outcome = { ...given, progress };
    try {
      const standing = await this.#standing(device, link, INVENTORY.firmwareLook);
      return await this.#follow(device, link, { operation: { kind: 'firmware', path: '', body } }, standing, outcome);
    } catch (error) {
      if (!(error instanceof CoapError || error instanceof ContentError || error instanceof Over)) throw error;
      return outcome;
    }
  }

  /** The image was not taken: the code of that, and what the device says of it. */
  async #refused(device: DeviceRecord, link: DeviceLink, code: string): Promise<Outcome> {
    let words = '';
    try {
      const { result } = await this.#standing(device, link, INVENTORY.firmwareLook);
      if (result > UpdateResult.Success) words = `: ${resultText(result)}`;
    } catch (error) {
      if (!(error instanceof CoapError || error instanceof ContentError || error instanceof Over)) throw error;
    }
    return { code, reason: `the device does not take the image${words}` };
  }

  /** What follows from how the device stands: an end, or the progress. */
  async #follow(
    device: DeviceRecord,
    link: DeviceLink,
    { operation }: Pick<DeviceRequest, 'operation'>,
    standing: Standing,
    { code = '2.04', result: known, progress }: Outcome,
  ): Promise<Outcome> {
    const { running, images } = this.#options;
    if (progress === undefined) return { code, result: known };
    const { phase, before } = progress;
    const { state, result } = standing;
    const view = { ...(known as object | undefined), ...shown(standing) };
    const goesOn = (next: FirmwareProgress): Outcome => ({ code, result: view, progress: next });
    const failed = (reason: string): Outcome => ({ reason, result: view });
    switch (judge(phase, standing, before)) {
      case 'updated':
        return { code, result: view };
      case 'failed':
        return failed(resultText(result));
      case 'moving':
        return goesOn({
          ...{ ...progress, before: undefined, stillSinceMs: undefined },
          ...(state === FirmwareState.Updating && { phase: 'update' }),
        });
      case 'downloaded': {
        if (readFirmwareBody(operation.body)?.update !== true) return { code, result: view };
        const executed = await link.peer.request({ method: Method.Post, path: segments(device, UPDATE) });
        if (!executed.code.startsWith('2.')) {
          return { code: executed.code, reason: 'the device does not update', result: view };
        }
        return goesOn({ ...progress, phase: 'update', before: result, stillSinceMs: undefined });
      }
      case 'still': {
        const now = running.ms();
        // Who fetches is not still, whatever it says.
        const since = Math.max(progress.stillSinceMs ?? now, images.fetchedAtMs(device.deviceId) ?? 0);
        if (now - since < INVENTORY.firmwareStart / 1e6) return goesOn({ ...progress, stillSinceMs: since });
        return failed(`the device is ${stateText(state)} and says nothing of the update`);
      }
    }
  }

  /**
   * Sees to it that the device can take an image: what waits there, or is on its way, is given up. Returns the Update Result that it has,
   * if that could be taken for what comes of this image.
   */
  async #ready(device: DeviceRecord, link: DeviceLink, method: ImageBody['method']): Promise<number | undefined> {
    const { state, result } = await this.#standing(device, link);
    if (state === FirmwareState.Updating) throw new Over('the device is updating');
    if (state === FirmwareState.Downloaded) return (await this.#freed(device, link)).result;
    // What does not give up its download may take another in its place.
    if (state === FirmwareState.Downloading) await this.#name(device, link, '');
    // A device has left Idle, and its result behind, when it has taken the last block of a push.
    if (method === 'push') return result === UpdateResult.Success ? result : undefined;
    if (result <= UpdateResult.Success) return result;
    // A device may go on with a download that it has lost; of all others the result goes with the URI.
    if (result === UpdateResult.ConnectionLost) return result;
    await this.#name(device, link, '');
    return (await this.#standing(device, link)).result;
  }

  /** Brings the device to Idle (E.6.1): an empty Package URI, a Package of one zero byte, Cancel. Throws Over if it does not come there. */
  async #freed(device: DeviceRecord, link: DeviceLink): Promise<Standing> {
    const codes: string[] = [];
    const ways = [
      () => this.#name(device, link, ''),
      () =>
        this.#ask(link, {
          ...{ method: Method.Put, path: segments(device, PACKAGE), contentFormat: ContentFormat.Opaque },
          payload: Buffer.of(0),
        }),
      () => this.#ask(link, { method: Method.Post, path: segments(device, CANCEL) }),
    ];
    let standing = await this.#standing(device, link);
    for (const way of ways) {
      if (standing.state === FirmwareState.Idle) return standing;
      if (standing.state === FirmwareState.Updating) throw new Over('the device is updating');
      codes.push(await way());
      standing = await this.#standing(device, link);
    }
    if (standing.state === FirmwareState.Idle) return standing;
    const answers = `its answers to an empty URI, an empty image and Cancel are ${codes.join(', ')}`;
    throw new Over(`the device stays ${stateText(standing.state)}: ${answers}`);
  }

  async #ask({ peer }: DeviceLink, request: CoapRequest): Promise<string> {
    return (await peer.request(request)).code;
  }

  /** Writes the Package URI. */
  async #name(device: DeviceRecord, { peer }: DeviceLink, uri: string): Promise<string> {
    const path = segments(device, PACKAGE_URI);
    const { code } = await writeIn(formatsOf(device.registration), (contentFormat) => {
      const payload = writeContent([{ path: PACKAGE_URI, type: 'string', value: uri }], contentFormat, PACKAGE_URI);
      return peer.request({ method: Method.Put, path, contentFormat, payload });
    });
    return code;
  }

  /** Throws Over for a device that does not say how it stands. */
  async #standing(device: DeviceRecord, { peer }: DeviceLink, patience?: Nanoseconds): Promise<Standing> {
    const send = (request: CoapRequest): Promise<CoapResponse> =>
      peer.request({ ...request, ...(patience !== undefined && { patience }) });
    const read = async (path: Path, name: string): Promise<number> => {
      const response = await readRequests({ device }, path, send);
      if (!response.code.startsWith('2.')) throw new Over(`the device does not say its ${name}: ${response.code}`);
      const known = { models: this.#options.modelsOf(device), nowS: 0 };
      const value = Number(leavesIn(known, response, path)[0]?.value);
      if (!Number.isInteger(value)) throw new ContentError(`the ${name} that the device says is no number`);
      return value;
    };
    return { state: await read(STATE, 'State'), result: await read(RESULT, 'Update Result') };
  }
}

const shown = ({ state, result }: Standing): object => ({ state: stateText(state), updateResult: result });
