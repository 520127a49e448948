// A message front with a service of the test's own behind it, on the virtual clock.

import type { Session } from '../../host/cellular/network.js';
import { MINUTE, MS } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { duplexPair, InProcessUpstream } from '../../host/cloud/index.js';
import { Database, Directory, Seal, type ServiceContext } from '../../host/platform/index.js';
import { NAMESPACES } from '../../host/platform/services.js';
import { DATAGRAM_LIMITS, HTTP_LIMITS, MESSAGE_LIMITS, type MessageLimits } from '../../host/platform/limits.js';
import { MessageFront } from '../../host/platform/message/front.js';
import {
  type DeviceMessage,
  type MessageAnswer,
  type MessageService,
  statusAndBody,
} from '../../host/platform/message/message.js';
import { Forwarder } from '../../host/platform/outbound/forward.js';
import { RateLimit } from '../../host/platform/rate.js';
import { RunningTime } from '../../host/platform/running-time.js';
import { Random } from '../../host/random.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';
import { config, Device, EPOCH_MS, session } from './harness.js';

export interface FrontWorldOptions {
  readonly framed?: boolean;
  readonly limits?: Partial<MessageLimits>;
  readonly answer?: (message: DeviceMessage) => Promise<MessageAnswer>;
}

/** What a platform gives its services, in process. */
export function serviceContext(
  clock: VirtualClock,
  directory: Directory,
  events: TraceEvent[],
  limits: Partial<MessageLimits> = {},
): ServiceContext {
  const trace = new Trace(clock);
  trace.listen((event) => events.push(event));
  const upstream = new InProcessUpstream({ clock });
  const database = new Database();
  let lastId = 0;
  return {
    ...{ clock, directory, upstream, database, seal: new Seal(), random: new Random('front') },
    running: new RunningTime(database, clock),
    rate: new RateLimit(clock, DATAGRAM_LIMITS),
    forwarder: new Forwarder(clock, upstream, HTTP_LIMITS),
    limits: HTTP_LIMITS,
    messageLimits: { ...MESSAGE_LIMITS, ...limits },
    traceOf: () => trace,
    nextId: () => ++lastId,
  };
}

/** Echoes each message as `200 <body>`, unless an answer is given. */
export class FrontWorld {
  readonly clock = new VirtualClock(EPOCH_MS);
  readonly events: TraceEvent[] = [];
  readonly directory = new Directory({ namespaces: NAMESPACES }).seed(config());
  readonly messages: DeviceMessage[] = [];
  readonly front: MessageFront;

  constructor({ framed = false, limits, answer }: FrontWorldOptions = {}) {
    const { clock, directory } = this;
    const context = serviceContext(clock, directory, this.events, limits);
    const service: MessageService = {
      name: 'echo',
      enabledFor: () => true,
      answer: (message) => {
        this.messages.push(message);
        return answer?.(message) ?? Promise.resolve({ status: 200, body: message.body });
      },
      reply: (reply) => ({ bytes: statusAndBody(reply) }),
      framed: () => framed,
    };
    this.front = new MessageFront(context, service);
  }

  connect(caller: Session = session()): Device {
    const [near, far] = duplexPair(this.clock, 20 * MS);
    this.front.accept(far, caller);
    return new Device(this, near);
  }

  run(until: () => boolean, within = 60 * MINUTE): Promise<string> {
    return this.clock.run({ until, deadline: this.clock.now() + within });
  }
}
