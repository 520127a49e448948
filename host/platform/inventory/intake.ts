// What devices say by themselves, in notifications and Sends: kept, and passed on where their group says so. In the order in which a
// device said it; in portions, between which everybody else is served.

import type { Clock, Nanoseconds } from '../../clock/clock.js';
import type { Leaf, Models } from '../../lwm2m/index.js';
import { LimitError } from '../limit-error.js';
import { COST, PORTION } from '../limits.js';
import { pace } from '../pace.js';
import type { RateLimit } from '../rate.js';
import type { SoracomInventory } from './config.js';
import type { DeviceRecord } from './devices.js';
import type { Notification, NotificationTarget } from './notifications.js';
import type { Readings } from './readings.js';
import type { DeviceLink } from './registrar.js';

export interface IntakeOptions {
  readonly clock: Clock;
  readonly readings: Readings;
  readonly target: NotificationTarget;
  /** What devices may say, by `DeviceLink.caller`. */
  readonly rate: RateLimit;
  readonly modelsOf: (device: DeviceRecord) => Models;
  readonly configOf: (device: DeviceRecord) => SoracomInventory | undefined;
  /** Harvest Data keeps no more: there is nothing that the device could do about it. */
  readonly noRoom: (device: DeviceRecord, reason: string) => void;
}

export class Intake {
  readonly #options: IntakeOptions;
  /** By device: ends when all is kept that it has said so far. */
  readonly #lines = new Map<string, Promise<void>>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Counts so many values more. Returns after what time they may be said again, if that is too much now. */
  admit({ caller }: Pick<DeviceLink, 'caller'>, values: number): Nanoseconds | undefined {
    const { rate } = this.#options;
    const cost = COST.write + values * COST.value;
    return rate.take(caller, cost) ? undefined : rate.wait(caller, cost);
  }

  /** Resolves when all of it is kept. Rejects when storage fails: portions before that are kept then. */
  take(device: DeviceRecord, link: Pick<DeviceLink, 'caller'>, leaves: readonly Leaf[]): Promise<void> {
    const { deviceId } = device;
    const before = this.#lines.get(deviceId);
    const work =
      before === undefined ? this.#portions(device, link, leaves) : this.#after(before, device, link, leaves);
    const release = this.#options.clock.hold();
    const over = (): void => {
      release();
      if (this.#lines.get(deviceId) === line) this.#lines.delete(deviceId);
    };
    const line: Promise<void> = work.then(over, over);
    this.#lines.set(deviceId, line);
    return work;
  }

  async #after(before: Promise<void>, ...[device, link, leaves]: Parameters<Intake['take']>): Promise<void> {
    await before;
    await this.#portions(device, link, leaves);
  }

  async #portions(...[device, link, leaves]: Parameters<Intake['take']>): Promise<void> {
    const { readings, target, rate, modelsOf, configOf } = this.#options;
    const { caller } = link;
    const keep = (part: readonly Leaf[]): void => readings.keep(device.deviceId, part);
    const grouped = (): readonly Notification[] => readings.notifications(device, leaves, modelsOf(device));
    const pass = (part: readonly Notification[]): void => {
      rate.spend(caller, COST.delivery * target.notify(device, part));
      if (configOf(device)?.harvestEnabled === true) this.#harvest(device, part);
    };
    if (leaves.length <= PORTION) {
      return this.#inTurn(caller, () => {
        keep(leaves);
        if (leaves.length > 0) pass(grouped());
      });
    }
    for (const part of slices(leaves)) await this.#inTurn(caller, () => keep(part));
    const notifications = await this.#inTurn(caller, grouped);
    for (const part of slices(notifications)) await this.#inTurn(caller, () => pass(part));
  }

  #harvest(device: DeviceRecord, notifications: readonly Notification[]): void {
    try {
      this.#options.readings.harvest(device, notifications);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      this.#options.noRoom(device, error.message);
    }
  }

  async #inTurn<T>(caller: string, work: () => T): Promise<T> {
    const turn = pace.turn(caller);
    if (turn !== undefined) await turn;
    return work();
  }
}

const slices = <T>(all: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / PORTION) }, (_, i) => all.slice(i * PORTION, (i + 1) * PORTION));
