// The start of many SIMs: a part of them at a time. All at once, on one thread, each would wait for the turns of all the others until
// its card or the network gives up.

import { type Clock, SECOND } from '../clock/clock.js';

/**
 * SIMs under way at once. One takes some 10 ms of the thread, most of 1.4 s that the network takes: so many keep the thread busy, and
 * none waits for its turn as long as cards and network wait.
 */
const AT_ONCE = 150;
/** For so long one keeps its place. It goes on by itself after that. */
const PLACE_LIMIT = 10 * SECOND;
/** Times that a SIM is switched on whose card does not answer. */
const ATTEMPTS = 3;
const MUTE = 'SIM: failed';

/** A SIM and its modem's part. */
export interface Attaching {
  readonly session: unknown;
  readonly fault: string | undefined;
  powerOn(): void;
  powerOff(): void;
  /** Called after every change. */
  onChange: (() => void) | undefined;
}

export interface AttachOptions {
  readonly clock: Pick<Clock, 'after' | 'stir'>;
  /** Aborted: nobody is waited for, and nobody else is switched on. */
  readonly signal?: AbortSignal | undefined;
  /** `done`: how many have a session, a fault, or have had their time. */
  readonly progress?: ((done: number, all: number) => void) | undefined;
}

/** Switches all of them on. Resolves when each has a session, or a reason why not, or has been waited for. */
export async function attachAll(
  sims: readonly Attaching[],
  { clock, signal, progress = () => undefined }: AttachOptions,
): Promise<void> {
  const waiting = sims.values();
  // One listener for all: Node takes more than ten for a leak.
  const underWay = new Set<() => void>();
  const endAll = (): void => {
    for (const end of underWay) end();
  };
  signal?.addEventListener('abort', endAll);
  let done = 0;
  const place = async (): Promise<void> => {
    for (const sim of waiting) {
      if (signal?.aborted) return;
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        if (attempt > 1) sim.powerOff();
        sim.powerOn();
        await settled(sim, clock, underWay);
        if (sim.fault !== MUTE || signal?.aborted) break;
      }
      progress(++done, sims.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, place));
  signal?.removeEventListener('abort', endAll);
}

/** `underWay`: what ends the wait at once is among these meanwhile. */
function settled(sim: Attaching, clock: Pick<Clock, 'after' | 'stir'>, underWay: Set<() => void>): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      sim.onChange = undefined;
      underWay.delete(end);
      clock.stir('promises');
      resolve();
    };
    const timer = clock.after(PLACE_LIMIT, end);
    underWay.add(end);
    sim.onChange = () => {
      if (sim.session !== undefined || sim.fault !== undefined) end();
    };
    sim.onChange();
  });
}
