// Timers of the modem's side: TS 24.301 tables 10.2.1 and 10.3.1, and what TS 36.304 leaves to the modem.

import { SECOND } from '../../clock/clock.js';

/** ATTACH REQUEST waits for its end. */
export const T3410 = 15 * SECOND;
/** RES is kept for a challenge that comes again because the answer got lost. */
export const T3416 = 30 * SECOND;
/** After AUTHENTICATION FAILURE for a wrong MAC: the network has this long to prove itself. */
export const T3418 = 20 * SECOND;
/** The same after a synchronisation failure. */
export const T3420 = 15 * SECOND;
export const T3421 = 15 * SECOND;
export const T3430 = 15 * SECOND;
export const T3482 = 8 * SECOND;
export const T3492 = 6 * SECOND;
/** Every repeated message is sent this often in all. */
export const TRIES = 5;
/** Failed challenges in a row after which the network counts as not genuine (5.4.2.7). */
export const CHALLENGE_FAILURES = 3;

/** Looking for a cell when there is none. */
export const SEARCH = 2 * SECOND;
/** From the last good signal to "no service": radio link failure (T310) and a search. */
export const LOSS = 5 * SECOND;
/** From the return of the signal to camping on the cell. */
export const RETURN = 2 * SECOND;
