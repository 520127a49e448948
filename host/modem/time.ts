import type { Clock } from '../clock/clock.js';
import { MS } from '../clock/clock.js';

/** 1980-01-06, where a modem's clock starts when it has not heard from a network. */
const GPS_EPOCH_MS = Date.UTC(1980, 0, 6);

/** The modem's calendar: set by the network at registration (NITZ), in UTC and zone +00, or by AT+CCLK. */
export class NetworkTime {
  readonly #clock: Clock;
  #offsetMs: number;
  #synchronisedMs: number | undefined;
  /** Quarters of an hour ahead of UTC, as AT+CCLK set it. */
  #zone = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = this.#startOffset();
  }

  /** Power was lost. */
  reset(): void {
    this.#offsetMs = this.#startOffset();
    this.#synchronisedMs = undefined;
    this.#zone = 0;
  }

  /** The network has told the time. */
  synchronise(): void {
    this.#synchronisedMs = this.#clock.unixMs();
    this.#offsetMs = this.#synchronisedMs - this.#upMs();
    this.#zone = 0;
  }

  set({ unixMs, zone }: CalendarTime): void {
    this.#offsetMs = unixMs - this.#upMs();
    this.#zone = zone;
  }

  /** Quarters of an hour. */
  get zone(): number {
    return this.#zone;
  }

  /** UNIX milliseconds by this calendar. */
  now(): number {
    return this.#offsetMs + this.#upMs();
  }

  /** When the network told the time last. */
  get synchronisedMs(): number | undefined {
    return this.#synchronisedMs;
  }

  #startOffset(): number {
    return GPS_EPOCH_MS - this.#upMs();
  }

  #upMs(): number {
    return Math.floor(this.#clock.now() / MS);
  }
}

const two = (value: number): string => String(value % 100).padStart(2, '0');

const QUARTER_MS = 15 * 60_000;

/** A time, and the zone in which it is shown, in quarters of an hour ahead of UTC. */
export interface CalendarTime {
  readonly unixMs: number;
  readonly zone: number;
}

/** `24/05/01,12:34:56+00` in the zone, or with the year's four digits. */
export function calendarText(unixMs: number, fullYear: boolean, zone = 0): string {
  const date = new Date(unixMs + zone * QUARTER_MS);
  const year = fullYear ? String(date.getUTCFullYear()) : two(date.getUTCFullYear());
  const day = `${year}/${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}`;
  return `${day},${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}${zone < 0 ? '-' : '+'}${two(Math.abs(zone))}`;
}

/** `yy/MM/dd,hh:mm:ss[+-zz]` (zz quarters of an hour) as a time in its zone (+00 where none is named); undefined when it is no such time. */
export function parseCalendar(text: string): CalendarTime | undefined {
  const match = /^(\d\d)\/(\d\d)\/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)?$/.exec(text);
  if (!match) return undefined;
  const [yy = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zone = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const local = new Date(Date.UTC(2000 + yy, month - 1, day, hour, minute, second));
  const real =
    local.getUTCMonth() === month - 1 && local.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return real ? { unixMs: local.getTime() - zone * QUARTER_MS, zone } : undefined;
}
