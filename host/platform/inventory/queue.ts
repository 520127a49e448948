// What operators ask of devices, one request after the other for each device. A request that a device does not answer holds up no other: as
// long as the device is there, that request has failed; if nothing comes from it at all, everything waits until it is back. A device may be
// there and answer neither some requests nor empty messages: what was not answered is asked again after all others.

import { CoapError } from '../../coap/index.js';
import type { Clock, Nanoseconds, Timer } from '../../clock/clock.js';
import { INVENTORY } from '../choices.js';
import type { DeviceRecord } from './devices.js';
import type { DeviceLink } from './registrar.js';
import type { DeviceRequest, Outcome, Requests } from './requests.js';

export interface RequestQueueOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  /** The device as it can be asked now. */
  readonly reachable: (deviceId: string) => { readonly device: DeviceRecord; readonly link: DeviceLink } | undefined;
  /** Rejects with CoapError when there is no answer, and with nothing else. */
  readonly ask: (device: DeviceRecord, link: DeviceLink, request: DeviceRequest) => Promise<Outcome>;
  /** Something came of a request, or it waits again. */
  readonly after: (device: DeviceRecord, request: DeviceRequest) => void;
}

/** What came of asking: the device is there, nothing is known of it, or there is no way to it any more. */
type Found = 'there' | 'silent' | 'gone';

export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #busy = new Set<string>();
  /** By device and request: how often it was not answered by a device that had just been heard. */
  readonly #tries = new Map<string, Map<string, number>>();
  /** By device: requests without an answer since it was heard of by itself. */
  readonly #inVain = new Map<string, Set<string>>();
  /** Devices that are asked again after a while, though they have said nothing. */
  readonly #retries = new Map<string, { readonly timer: Timer; readonly wait: Nanoseconds }>();

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  /** Asks what waits for the device, which has been heard. Resolves when nothing does any more, or the device is away. */
  async flush(device: DeviceRecord, link: DeviceLink): Promise<void> {
    if (!this.#busy.has(device.deviceId)) this.#inVain.delete(device.deviceId);
    await this.#flush(device, link);
  }

  async #flush(device: DeviceRecord, link: DeviceLink): Promise<void> {
    const { deviceId } = device;
    if (this.#busy.has(deviceId)) return;
    this.#busy.add(deviceId);
    try {
      await this.#round(device, link);
    } finally {
      this.#busy.delete(deviceId);
    }
  }

  /** Forgets what is to be asked again. */
  close(): void {
    for (const { timer } of this.#retries.values()) timer.cancel();
    this.#retries.clear();
    this.#tries.clear();
    this.#inVain.clear();
  }

  async #round(device: DeviceRecord, link: DeviceLink): Promise<void> {
    /** Not answered, and nothing else was heard of the device since: the next request tells whether it is there. */
    const unanswered: DeviceRequest[] = [];
    for (;;) {
      if (link.peer.closed) return;
      const request = this.#next(device.deviceId, unanswered);
      if (request === undefined) break;
      const found = await this.#try(device, link, request, unanswered);
      if (found === 'gone') return;
      if (found === 'there') {
        for (const one of unanswered.splice(0)) this.#fail(device, one);
      } else if (unanswered.length >= INVENTORY.silentRequests && !(await this.#isAwake(device, link, unanswered))) {
        return;
      }
    }
    if (unanswered.length === 0) {
      // Nothing waits any more.
      this.#tries.delete(device.deviceId);
      this.#inVain.delete(device.deviceId);
      return this.#settle(device.deviceId);
    }
    // Nothing else is to be asked.
    await this.#isAwake(device, link, unanswered);
  }

  /** Asks by an empty message (RFC 7252 4.3): a device that answers has refused, by silence, what it did not answer. */
  async #isAwake(device: DeviceRecord, link: DeviceLink, unanswered: DeviceRequest[]): Promise<boolean> {
    const isThere = await link.peer.ping();
    if (link.peer.closed) return false;
    if (!isThere) {
      const { deviceId } = device;
      const inVain = this.#inVain.get(deviceId) ?? new Set();
      this.#inVain.set(deviceId, inVain);
      for (const { requestId } of unanswered) inVain.add(requestId);
      this.#later(deviceId);
      return false;
    }
    for (const one of unanswered.splice(0)) this.#fail(device, one);
    return true;
  }

  /** In the order in which they came, but what a device has left unanswered comes after what it has not been asked. */
  #next(deviceId: string, apart: readonly DeviceRequest[]): DeviceRequest | undefined {
    const waiting = this.#options.requests
      .waiting(deviceId)
      .filter(({ requestId }) => apart.every((one) => one.requestId !== requestId));
    const inVain = this.#inVain.get(deviceId);
    const tries = this.#tries.get(deviceId);
    const isLast = ({ requestId }: DeviceRequest): boolean =>
      inVain?.has(requestId) === true || (tries?.get(requestId) ?? 0) >= INVENTORY.tries - 1;
    if (waiting.every(isLast)) this.#inVain.delete(deviceId);
    // The sort is stable.
    return waiting.sort((a, b) => Number(isLast(a)) - Number(isLast(b)))[0];
  }

  /** Puts the request to `unanswered` if it waits on. */
  async #try(
    device: DeviceRecord,
    link: DeviceLink,
    request: DeviceRequest,
    unanswered: DeviceRequest[],
  ): Promise<Found> {
    const { clock, requests } = this.#options;
    const startedAt = clock.now();
    requests.running(request);
    let isLate = false;
    const limit = clock.after(
      request.operation.kind === 'firmware' ? INVENTORY.imageTime : INVENTORY.requestTime,
      () => {
        isLate = true;
        link.peer.abandon('the answer takes too long');
      },
    );
    try {
      const outcome = await this.#options.ask(device, link, request);
      this.#end(device, requests.done(request, outcome));
      return 'there';
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
      if (isLate) {
        this.#end(device, requests.done(request, { reason: 'no complete answer in time' }));
        return 'there';
      }
      if (error.code === 'reset' || error.code === 'malformed') {
        this.#end(device, requests.done(request, { reason: error.message, isUnreadable: error.code === 'malformed' }));
        return 'there';
      }
      if (error.code !== 'timeout' && error.code !== 'acknowledged') {
        this.#end(device, requests.unanswered(request, error.message));
        return 'gone';
      }
      const wasThere = startedAt - link.heardAt <= INVENTORY.justHeard;
      const isThere = error.code === 'acknowledged' || link.heardAt > startedAt + INVENTORY.answerTime;
      if (isThere || (wasThere && this.#isLastTry(request))) {
        this.#fail(device, request);
        return isThere ? 'there' : 'silent';
      }
      const after = requests.unanswered(request, 'no answer');
      this.#end(device, after);
      if (after.state === 'queued') unanswered.push(after);
      return 'silent';
    } finally {
      limit.cancel();
    }
  }

  #isLastTry({ deviceId, requestId }: DeviceRequest): boolean {
    const ofDevice = this.#tries.get(deviceId) ?? new Map<string, number>();
    this.#tries.set(deviceId, ofDevice);
    const tries = (ofDevice.get(requestId) ?? 0) + 1;
    ofDevice.set(requestId, tries);
    return tries >= INVENTORY.tries;
  }

  #fail(device: DeviceRecord, request: DeviceRequest): void {
    this.#end(device, this.#options.requests.done(request, { reason: 'no answer' }));
  }

  #end(device: DeviceRecord, request: DeviceRequest): void {
    if (request.state !== 'queued') this.#tries.get(request.deviceId)?.delete(request.requestId);
    this.#options.after(device, request);
  }

  #settle(deviceId: string): void {
    this.#retries.get(deviceId)?.timer.cancel();
    this.#retries.delete(deviceId);
  }

  /** A device that is awake says nothing by itself until its next update, which may be a day away. */
  #later(deviceId: string): void {
    const { clock, reachable, requests } = this.#options;
    const before = this.#retries.get(deviceId);
    before?.timer.cancel();
    const wait = before === undefined ? INVENTORY.askAgain : Math.min(2 * before.wait, INVENTORY.askAgainAtMost);
    const timer = clock.after(wait, () => {
      const found = reachable(deviceId);
      if (found === undefined || requests.waiting(deviceId).length === 0) this.#settle(deviceId);
      else void this.#flush(found.device, found.link).catch(() => this.#settle(deviceId));
    });
    this.#retries.set(deviceId, { timer, wait });
  }
}
