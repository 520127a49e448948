import type { Clock, Nanoseconds, Timer } from '../../clock/clock.js';

/**
 * A supervised message, as both sides of NAS have them (TS 24.301 10.2): `send` now and every `period`, `tries` times
 * in all, then `giveUp`. Returns what stops it; stopping twice, or after the end, does nothing.
 */
export function repeat(
  clock: Clock,
  period: Nanoseconds,
  tries: number,
  send: () => void,
  giveUp: () => void,
): () => void {
  let left = tries;
  let timer: Timer | undefined;
  const turn = (): void => {
    if (left-- === 0) {
      giveUp();
      return;
    }
    timer = clock.after(period, turn);
    send();
  };
  turn();
  return () => timer?.cancel();
}
