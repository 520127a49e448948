// What everything that serves devices or operators is given.

import type { Session } from '../cellular/network.js';
import type { Clock } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace/trace.js';
import type { Database } from './database.js';
import type { Directory } from './directory/index.js';
import type { HeldBytes } from './held.js';
import type { HttpLimits, MessageLimits } from './limits.js';
import type { AwsCredentials } from './outbound/aws-signature.js';
import type { Forwarder } from './outbound/forward.js';
import type { Upstream } from './outbound/upstream.js';
import type { RateLimit } from './rate.js';
import type { RunningTime } from './running-time.js';
import type { Seal } from './seal.js';

export interface ServiceContext {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly database: Database;
  /** What retention counts. */
  readonly running: RunningTime;
  readonly seal: Seal;
  /** The platform's own stream; fork it by the service's name. */
  readonly random: Random;
  /** The way to customers' servers and clouds: plain bytes, and HTTP over them. */
  readonly upstream: Upstream;
  readonly forwarder: Forwarder;
  /** The platform's own user at AWS, who assumes the roles that operators name. */
  readonly awsKey?: AwsCredentials | undefined;
  /** Devices may simulate TLS (host/tls): those of a virtual world. */
  readonly simulatedTls?: boolean;
  readonly limits: HttpLimits;
  /** Where bodies that are held are counted. */
  readonly held?: HeldBytes;
  /** What SIMs may send, by IMSI: a datagram is 1, more work is counted besides (COST). */
  readonly rate: RateLimit;
  readonly messageLimits: MessageLimits;
  /** The trace of the device that holds this caller's SIM. */
  readonly traceOf: (caller: Pick<Session, 'imsi'>) => Trace;
  /** Numbers the requests of a world: the same number on all legs of one request. */
  readonly nextId: () => number;
}
