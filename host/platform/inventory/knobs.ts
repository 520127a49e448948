// What a test can make a bootstrap server do besides what is right: devices have to live with all of it.

import type { Nanoseconds } from '../../clock/clock.js';

export interface BootstrapKnobs {
  /** The first Acknowledgement that the server sends is lost. */
  readonly dropFirstAck?: boolean;
  /** Every datagram of the server comes twice. */
  readonly duplicate?: boolean;
  /** Between the last write and Finish; Infinity: never. */
  readonly finishDelay?: Nanoseconds;
  /** Answers every Bootstrap-Request with this code, for example 4.00. */
  readonly refuse?: string;
  /** The short server id is written nowhere. */
  readonly omitShortServerId?: boolean;
  /** The Security instance is TLV that ends in its middle. */
  readonly malformedTlv?: boolean;
  /** Writes go in blocks of so many bytes. */
  readonly blockBytes?: number;
  /** Ids of the instances that are written: 0 is where many devices have their bootstrap account. */
  readonly securityInstance?: number;
  readonly serverInstance?: number;
  /** A second bootstrap account is written as well. */
  readonly secondBootstrapAccount?: boolean;
  /** What is deleted first; / unless given. */
  readonly deletes?: readonly string[];
  /** Discover and read before writing. */
  readonly looksFirst?: boolean;
  /** The code for Bootstrap-Pack-Request, instead of the pack. */
  readonly refusePack?: string;
  /** A resource that no device knows is written into the Server instance. */
  readonly unknownResource?: boolean;
  /** The lifetime that is written. */
  readonly lifetime?: number;
  readonly serverUri?: string;
}
