// What the client keeps of one server: its registration, and the channel to it.

import { CHANNEL_SIZE, Channel } from "./channel";
import { Managed } from "./managed";
import { OBSERVATIONS_SIZE, Observations } from "./observe";
import { REGISTRATION_SIZE, Registration, RegistrationState } from "./registration";

/** One server. */
@unmanaged
export class Session<H, N, S, F> {
  /** Which Server instance of the accounts; -1: none. */
  index: i32;
  ssid: i32;
  /** It has had its first turn. */
  isStarted: bool;
  /** It has been registered since the accounts are in use. */
  isProven: bool;
  startAt: i64;
  /** Queue mode: when the device may sleep. */
  sleepAt: i64;
  seen: RegistrationState;
  /** Its retry rules are used up; it gets another turn some day. */
  isGivenUp: bool;


  @inline
  get registration(): Registration<F> {
    return changetype<Registration<F>>(changetype<usize>(this) + ((offsetof<Session<H, N, S, F>>() + 7) & ~7));
  }


  @inline
  get observations(): Observations<Managed<H, F>, F> {
    return changetype<Observations<Managed<H, F>, F>>(changetype<usize>(this.channel) + CHANNEL_SIZE);
  }


  @inline
  get channel(): Channel<N, S> {
    return changetype<Channel<N, S>>(changetype<usize>(this.registration) + REGISTRATION_SIZE);
  }
}

export const SESSION_SIZE: i32 =
  (<i32>offsetof<Session<usize, usize, usize, usize>>() +
    8 +
    REGISTRATION_SIZE +
    8 +
    CHANNEL_SIZE +
    8 +
    OBSERVATIONS_SIZE +
    7) &
  ~7;

/** Alerts that say that the credentials are bad: nothing but others would help. Transport, table of alerts. */
export function isFinal(alert: i32): bool {
  return (alert >= 42 && alert <= 46) || alert == 48 || alert == 49 || (alert >= 112 && alert <= 115);
}
