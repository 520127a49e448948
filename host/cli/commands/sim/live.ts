// What the commands that keep a card running share: real time, a trace by --json, an end by Ctrl-C.

import { RealClock } from '../../../clock/real.js';
import { Random } from '../../../random.js';
import { Trace } from '../../../trace/trace.js';
import type { Output } from '../../output.js';
import { untilInterrupted } from '../../until-interrupted.js';

export interface LiveRig {
  readonly clock: RealClock;
  readonly trace: Trace;
  readonly random: Random;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Runs `job` with all that and puts everything away after it. */
export async function live<T>(output: Output, showSecrets: boolean, job: (rig: LiveRig) => Promise<T>): Promise<T> {
  const clock = new RealClock();
  const trace = new Trace(clock);
  if (output.json) trace.listen((event) => output.trace(event, showSecrets));
  const random = new Random(Random.freshSeed());
  try {
    return await untilInterrupted((signal) => job({ clock, trace, random, signal }));
  } finally {
    clock.close();
  }
}
