// What devices say by themselves goes to the services that their group has switched on (SORACOM, Inventory: resource observation): to
// Beam, Funnel and Funk, as a message each, in the order in which a device said it. A device does not wait for a destination.

import type { Clock } from '../../clock/clock.js';
import type { Directory } from '../directory/index.js';
import { HeldBytes } from '../held.js';
import { INVENTORY_LIMITS, NOTIFICATION_LIMITS } from '../limits.js';
import { failure } from '../message/front.js';
import type { DeviceMessage, MessageCaller, MessageService } from '../message/message.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../service.js';
import { MessageStatus } from '../choices.js';
import type { DeviceRecord } from './devices.js';
import type { Notification, NotificationTarget } from './notifications.js';

/** Messages of one device to one service. */
interface Line {
  readonly operatorId: string;
  readonly waiting: (() => Promise<void>)[];
  busy: boolean;
}

export class Passing implements NotificationTarget {
  readonly #context: ServiceContext;
  readonly #services: readonly MessageService[];
  readonly #directory: Directory;
  readonly #lines = new Map<string, Line>();
  /** Messages on their way, by operator. */
  readonly #underWay = new Map<string, number>();
  readonly #held = new HeldBytes(NOTIFICATION_LIMITS);
  readonly #closed = new AbortController();

  constructor(
    context: ServiceContext,
    { services, directory }: { readonly services: readonly MessageService[]; readonly directory: Directory },
  ) {
    this.#context = context;
    this.#services = services;
    this.#directory = directory;
  }

  notify(device: DeviceRecord, notifications: readonly Notification[]): void {
    const caller = this.#callerOf(device);
    if (caller === undefined) return;
    for (const service of this.#services) {
      if (!service.enabledFor(caller, 'device', '/')) continue;
      for (const notification of notifications) this.#pass(service, this.#message(device, caller, notification));
    }
  }

  /** What is under way is abandoned. */
  close(): void {
    this.#closed.abort();
    this.#lines.clear();
  }

  /** On whose behalf: the association and the device's record say it, nothing that the device wrote. */
  #callerOf({ operatorId, groupId, imsi }: DeviceRecord): MessageCaller | undefined {
    const group = groupId === undefined ? undefined : this.#directory.group(operatorId, groupId);
    if (group === undefined) return undefined;
    const subscriber = imsi === undefined ? undefined : this.#directory.subscriber(imsi);
    // The SIM may have gone to another operator meanwhile.
    const own = subscriber?.operatorId === operatorId ? subscriber : undefined;
    return { operatorId, group, imsi: own?.imsi ?? '', simId: own?.simId ?? '', msisdn: own?.msisdn ?? '' };
  }

  #message({ deviceId, imei = '' }: DeviceRecord, caller: MessageCaller, { json }: Notification): DeviceMessage {
    const { nextId, clock } = this.#context;
    return {
      ...{ id: nextId(), caller, deviceId, session: { imsi: caller.imsi, imei }, protocol: 'device' },
      ...{ method: 'POST', target: '/', headers: [['Content-Type', 'application/json']], body: Buffer.from(json) },
      ...{ unixMs: clock.unixMs(), signal: this.#closed.signal },
    };
  }

  #pass(service: MessageService, message: DeviceMessage): void {
    const { deviceId = '', caller, id, session } = message;
    const key = `${service.name} ${deviceId}`;
    const line = this.#lines.get(key) ?? { operatorId: caller.operatorId, waiting: [], busy: false };
    const refuse = (status: number, text: string): void => {
      failure(this.#context, service.name, id, session, new Refusal(status, text));
    };
    const many = 'too many notifications of this device wait for the destination';
    if (line.waiting.length >= INVENTORY_LIMITS.waitingNotifications) return refuse(MessageStatus.CallerFull, many);
    const share = this.#held.share(key);
    const fault = share.take(message.body.length);
    if (fault === 'caller') return refuse(MessageStatus.CallerFull, many);
    if (fault === 'all') return refuse(MessageStatus.Full, 'too many notifications wait for destinations');
    this.#lines.set(key, line);
    line.waiting.push(async () => {
      try {
        await service.answer(message);
      } catch (error) {
        failure(this.#context, service.name, id, session, error);
      } finally {
        share.release();
      }
    });
    this.#go();
  }

  /** Starts what may start: the lines in turns, one message of each at a time. */
  #go(): void {
    for (const [key, line] of this.#lines) {
      const underWay = this.#underWay.get(line.operatorId) ?? 0;
      if (line.busy || underWay >= INVENTORY_LIMITS.notificationsUnderWay) continue;
      const job = line.waiting.shift();
      if (job === undefined) {
        this.#lines.delete(key);
        continue;
      }
      line.busy = true;
      this.#underWay.set(line.operatorId, underWay + 1);
      void job().then(() => this.#done(key, line, this.#context.clock));
    }
  }

  #done(key: string, line: Line, clock: Clock): void {
    clock.stir();
    line.busy = false;
    const left = (this.#underWay.get(line.operatorId) ?? 1) - 1;
    if (left > 0) this.#underWay.set(line.operatorId, left);
    else this.#underWay.delete(line.operatorId);
    if (this.#closed.signal.aborted) return;
    // Behind the others.
    this.#lines.delete(key);
    if (line.waiting.length > 0) this.#lines.set(key, line);
    this.#go();
  }
}
