// The network's clock as the modem tells it (AT+QLTS, BG95 AT Commands Manual), and when to ask for it.

import { Fields } from "../util/text";
import { AtClient } from "./at";

const ANSWER_MS = 5_000;
/** Network time is asked for again: known, to follow the drift; unknown, because it may have come. */
const TIME_MS = 43_200_000;
const TIME_RETRY_MS = 600_000;

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

  ask(at: AtClient, now: i64): void {
    this.read = -1;
    this.askAt = now + TIME_RETRY_MS;
    at.command().str("AT+QLTS=1");
    at.send(now, ANSWER_MS, "+QLTS:");
  }

  /** `+QLTS: "2026/11/23,18:41:50+36,0"`: GMT in mode 1 whatever the zone says; `""` before the network has told. */
  line(fields: Fields): void {
    fields.over(1);
    const century = fields.two();
    const year = fields.two();
    fields.over(1);
    const month = fields.two();
    fields.over(1);
    const day = fields.two();
    fields.over(1);
    const hour = fields.two();
    fields.over(1);
    const minute = fields.two();
    fields.over(1);
    const second = fields.two();
    if (century != 20 || year < 24 || month < 1 || month > 12 || day < 1 || day > 31) return;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return;
    const days = daysSince1970(2000 + year, month, day);
    this.read = (((<i64>days * 24 + hour) * 60 + minute) * 60 + second) * 1_000;
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
