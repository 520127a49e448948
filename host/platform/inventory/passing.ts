// What devices say by themselves goes to the services that their group has switched on (SORACOM, Inventory: resource observation): to
// Beam, Funnel and Funk, as a message each, in the order in which a device said it. A device does not wait for a destination.

import { setMaxListeners } from 'node:events';
import type { Directory } from '../directory/index.js';
import { HeldBytes } from '../held.js';
import { DESTINATION_BYTES, INVENTORY_LIMITS, NOTIFICATION_LIMITS } from '../limits.js';
import { failure } from '../message/front.js';
import type { DeviceMessage, MessageCaller, MessageService } from '../message/message.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import { MessageStatus } from '../choices.js';
import type { DeviceRecord } from './devices.js';
import type { Notification, NotificationTarget } from './notifications.js';

/** Messages of one device to one destination, in order: one of them is on its way. */
interface Line {
  readonly key: string;
  readonly waiting: (() => Promise<void>)[];
  busy: boolean;
}

/** A service as a group has configured it. */
interface Destination {
  readonly operatorId: string;
  /** Lines that have something to send and are not busy. */
  readonly ready: Line[];
  underWay: number;
}

export class Passing implements NotificationTarget {
  readonly #context: ServiceContext;
  readonly #services: readonly MessageService[];
  readonly #directory: Directory;
  readonly #lines = new Map<string, Line>();
  readonly #destinations = new Map<string, Destination>();
  /** Messages on their way, by operator, and all of them. */
  readonly #underWay = new Map<string, number>();
  #allUnderWay = 0;
  readonly #held = new HeldBytes(NOTIFICATION_LIMITS);
  readonly #heldByDestination = new HeldBytes({ caller: DESTINATION_BYTES, all: Infinity, floor: 0 });
  readonly #closed = new AbortController();

  constructor(
    context: ServiceContext,
    { services, directory }: { readonly services: readonly MessageService[]; readonly directory: Directory },
  ) {
    this.#context = context;
    this.#services = services;
    this.#directory = directory;
    // All messages that are on their way listen to it; Node takes more than ten for a leak.
    setMaxListeners(0, this.#closed.signal);
  }

  notify(device: DeviceRecord, notifications: readonly Notification[]): number {
    const caller = this.#callerOf(device);
    if (caller === undefined) return 0;
    let sent = 0;
    for (const service of this.#services) {
      if (!service.enabledFor(caller, 'device', '/')) continue;
      for (const notification of notifications) {
        if (this.#pass(service, this.#message(device, caller, notification), device.groupId)) sent++;
      }
    }
    return sent;
  }

  /** What is under way is abandoned. */
  close(): void {
    this.#closed.abort();
    this.#lines.clear();
    this.#destinations.clear();
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

  /** Returns whether it is sent: there is room. */
  #pass(service: MessageService, message: DeviceMessage, groupId = ''): boolean {
    const { deviceId = '', caller, id, session } = message;
    const { operatorId } = caller;
    const where = `${operatorId} ${service.name} ${groupId}`;
    const key = `${where} ${deviceId}`;
    const line = this.#lines.get(key) ?? { key, waiting: [], busy: false };
    const refuse = (status: number, text: string): false => {
      failure(this.#context, service.name, id, session, new Refusal(status, text));
      return false;
    };
    const many = 'too many notifications of this device wait for the destination';
    if (line.waiting.length >= INVENTORY_LIMITS.waitingNotifications) return refuse(MessageStatus.CallerFull, many);
    const { length } = message.body;
    // As among all: what says little gets through while others fill the room of the destination.
    const isSmall = this.#held.bytesOf(key) + length <= NOTIFICATION_LIMITS.floor;
    const [share, common] = [this.#held.share(key), this.#heldByDestination.share(where)];
    if (!isSmall && common.take(length) !== undefined) {
      return refuse(MessageStatus.CallerFull, 'too many notifications wait for the destination');
    }
    const fault = share.take(length);
    if (fault !== undefined) common.release();
    if (fault === 'caller') return refuse(MessageStatus.CallerFull, many);
    if (fault === 'all') return refuse(MessageStatus.Full, 'too many notifications wait for destinations');
    const destination = this.#destinations.get(where) ?? { operatorId, ready: [], underWay: 0 };
    this.#destinations.set(where, destination);
    if (!line.busy && line.waiting.length === 0) destination.ready.push(line);
    this.#lines.set(key, line);
    line.waiting.push(async () => {
      try {
        await service.answer(message);
      } catch (error) {
        failure(this.#context, service.name, id, session, error);
      } finally {
        share.release();
        common.release();
      }
    });
    this.#start(where, destination);
    return true;
  }

  /** Starts what may start: the devices in turns, one message of each at a time. */
  #start(where: string, destination: Destination): void {
    while (destination.ready.length > 0 && this.#mayStart(destination)) {
      const line = destination.ready.shift();
      const job = line?.waiting.shift();
      if (line === undefined || job === undefined) continue;
      line.busy = true;
      this.#count(destination, 1);
      void job().then(() => this.#done(where, destination, line));
    }
    if (destination.underWay === 0 && destination.ready.length === 0) this.#destinations.delete(where);
  }

  #mayStart({ operatorId, underWay }: Destination): boolean {
    const limits = INVENTORY_LIMITS.notificationsUnderWay;
    if (underWay < limits.floor) return true;
    const own = this.#underWay.get(operatorId) ?? 0;
    return underWay < limits.destination && own < limits.operator && this.#allUnderWay < limits.all;
  }

  #count(destination: Destination, more: 1 | -1): void {
    const { operatorId } = destination;
    destination.underWay += more;
    this.#allUnderWay += more;
    const own = (this.#underWay.get(operatorId) ?? 0) + more;
    if (own > 0) this.#underWay.set(operatorId, own);
    else this.#underWay.delete(operatorId);
  }

  #done(where: string, destination: Destination, line: Line): void {
    this.#context.clock.stir();
    line.busy = false;
    this.#count(destination, -1);
    if (this.#closed.signal.aborted) return;
    // Behind the others.
    if (line.waiting.length > 0) destination.ready.push(line);
    else this.#lines.delete(line.key);
    this.#start(where, destination);
    // There may be room among all now: others have waited for that.
    for (const [key, other] of this.#destinations) if (other !== destination) this.#start(key, other);
  }
}
