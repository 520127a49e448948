// The network's clock as the modem tells it (AT+QLTS, BG95 AT Commands Manual), and when to ask for it.

import { Fields } from "../../util/text";
import { AtClient } from "../at";
import { Quectel } from "./dialect";

const ANSWER_MS = 5_000;
/** Network time is asked for again: known, to follow the drift; unknown, because it may have come. */
const TIME_MS = 43_200_000;
const TIME_RETRY_MS = 600_000;

// Century, year, month, day, hour, minute, second: the least and the most that each may be.
// prettier-ignore
const LIMITS = memory.data<u8>([20, 20, 24, 99, 1, 12, 1, 31, 0, 23, 0, 59, 0, 60]);
const PARTS = 7;
const YEAR = 1;
const parts = memory.data(PARTS, 1);

/** Place with the driver, then `begin`. */
@unmanaged
export class NetworkTime {
  /** When to ask next. */
  askAt: i64;
  private read: i64;
  private offset: i64;

  begin(): void {
    this.read = -1;
    this.offset = -1;
  }

  /** UNIX milliseconds, or -1 while the network has not told. */
  unixMs(now: i64): i64 {
    return this.offset < 0 ? -1 : this.offset + now;
  }

  ask(at: AtClient<Quectel>, now: i64): void {
    this.read = -1;
    this.askAt = now + TIME_RETRY_MS;
    at.ask(now, "AT+QLTS=1", ANSWER_MS, "+QLTS:");
  }

  /** `+QLTS: "2026/11/23,18:41:50+36,0"`: GMT in mode 1 whatever the zone says; `""` before the network has told. */
  line(fields: Fields): void {
    for (let i = 0; i < PARTS; i++) {
      // A character stands before each but the year's second half.
      if (i != YEAR) fields.over(1);
      const value = fields.two();
      const limits = LIMITS + <usize>i * 2;
      if (value < <i32>load<u8>(limits) || value > <i32>load<u8>(limits, 1)) return;
      store<u8>(parts + i, value);
    }
    const days = daysSince1970(2_000 + load<u8>(parts, YEAR), load<u8>(parts, YEAR + 1), load<u8>(parts, YEAR + 2));
    const minutes = (days * 24 + load<u8>(parts, YEAR + 3)) * 60 + load<u8>(parts, YEAR + 4);
    this.read = (<i64>minutes * 60 + load<u8>(parts, YEAR + 5)) * 1_000;
  }

  /** The answer is complete. */
  take(now: i64): void {
    if (this.read < 0) return;
    this.offset = this.read - now;
    this.askAt = now + TIME_MS;
  }
}

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
function daysSince1970(year: i32, month: i32, day: i32): i32 {
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719_469;
}
