// Times as devices write them into their payloads.

export const TIME_FORMATS = ['iso-8601', 'unix-seconds', 'unix-milliseconds'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

/** 9999-12-31T23:59:59.999Z: what lies beyond has no four-digit year. */
const LAST_MS = 253_402_300_799_999;

/**
 * UNIX milliseconds, 1970 to 9999, rounded down; undefined for what is not such a time. UNIX times may be numbers or
 * digits in a string. ISO 8601: a date, or a date and a time to the minute, second or fraction, basic or extended;
 * without a zone it is UTC.
 */
export function unixMsOf(value: unknown, format: TimeFormat): number | undefined {
  const ms = format === 'iso-8601' ? isoMs(value) : unixMs(value, format === 'unix-seconds' ? 1000 : 1);
  return ms !== undefined && ms >= 0 && ms <= LAST_MS ? ms : undefined;
}

function unixMs(value: unknown, factor: number): number | undefined {
  if (typeof value === 'number') return Math.floor(value * factor);
  if (typeof value !== 'string') return undefined;
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(value) ?? [];
  return whole === undefined ? undefined : Math.floor(Number(`${whole}.${fraction}`) * factor);
}

const EXTENDED =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d\d(?::?\d\d)?)?)?$/;
const BASIC = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(?:(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?:\d\d)?)?$/;

function isoMs(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const match = EXTENDED.exec(value) ?? BASIC.exec(value);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part: string | undefined) => Number(part ?? 0));
  const fraction = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const days = new Date(Date.UTC(2000, month, 0)).setUTCFullYear(year, month, 0);
  if (month < 1 || month > 12 || day < 1 || day > new Date(days).getUTCDate()) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = offsetMinutes(match[8]);
  if (offset === undefined) return undefined;
  const date = new Date(0).setUTCFullYear(year, month - 1, day);
  return date + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction;
}

/** Minutes east of UTC. */
function offsetMinutes(zone: string | undefined): number | undefined {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? '') ?? [];
  if (sign === undefined) return 0;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
