// What the client keeps of one server: its registration, and the channel to it.

import { Channel } from "./channel";
import { Managed } from "./managed";
import { Observations } from "./observe";
import { Registration, RegistrationState } from "./registration";

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
  @part registration: Registration<F>;
  @part channel: Channel<N, S>;
  @part observations: Observations<Managed<H, F>, F>;
}

/** Alerts that say that the credentials are bad: nothing but others would help. Transport, table of alerts. */
export function isFinal(alert: i32): bool {
  return (alert >= 42 && alert <= 46) || alert == 48 || alert == 49 || (alert >= 112 && alert <= 115);
}
