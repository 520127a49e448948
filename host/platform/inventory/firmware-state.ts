// Object 5 by its numbers, and what a look at it says of an update (OMA LwM2M Core, appendix E.6).

import type { Offer } from './offers.js';

/** Values of State. */
export const FirmwareState = { Idle: 0, Downloading: 1, Downloaded: 2, Updating: 3 } as const;
const STATES = ['Idle', 'Downloading', 'Downloaded', 'Updating'];

/** Values of Update Result that say more than that the update has failed. */
export const UpdateResult = { Initial: 0, Success: 1, ConnectionLost: 4, Deferred: 11 } as const;
/** 9 is of LwM2M 1.0.2; 10 and 11 are of version 1.1 of the object. */
const RESULTS = [
  ...['initial value', 'updated', 'not enough flash memory', 'out of RAM', 'connection lost during the download'],
  ...['integrity check failed', 'unsupported package type', 'invalid URI', 'firmware update failed'],
  ...['unsupported protocol', 'update cancelled', 'update deferred'],
];

export const stateText = (state: number): string =>
  STATES[state] ?? `in State ${state}, which the standard does not have`;
export const resultText = (result: number): string =>
  `Update Result ${result}: ${RESULTS[result] ?? 'not a value of the standard'}`;

/** What a device says of itself. */
export interface Standing {
  readonly state: number;
  readonly result: number;
}

/** What is waited for: the image at the device, or the end of the update that was asked for. */
export type Phase = 'download' | 'update';

/** What a request under way waits for. Times are running time, milliseconds. */
export interface FirmwareProgress {
  readonly phase: Phase;
  /** When it is given up. */
  readonly untilMs: number;
  /** See `judge`. */
  readonly before?: number | undefined;
  /** Since when nothing goes on at the device. */
  readonly stillSinceMs?: number | undefined;
  /** The image that the device may fetch meanwhile. */
  readonly offer?: Offer | undefined;
}

/** `still`: nothing goes on at the device, and it does not say why. */
export type Verdict = 'moving' | 'still' | 'downloaded' | 'updated' | 'failed';

/** `before`: the Update Result of before this phase, as long as nothing has moved since: it may be that of an earlier image. */
export function judge(phase: Phase, { state, result }: Standing, before: number | undefined): Verdict {
  const ended = (): Verdict => {
    if (result === before || result === UpdateResult.Initial || result === UpdateResult.Deferred) return 'still';
    return result === UpdateResult.Success ? 'updated' : 'failed';
  };
  switch (state) {
    case FirmwareState.Idle:
      return ended();
    case FirmwareState.Downloading:
    case FirmwareState.Updating:
      return 'moving';
    case FirmwareState.Downloaded: {
      if (phase === 'download') return 'downloaded';
      if (result === UpdateResult.Deferred) return 'moving';
      // An update that failed may leave the image where it was.
      return ended() === 'failed' ? 'failed' : 'still';
    }
    default:
      return 'still';
  }
}
