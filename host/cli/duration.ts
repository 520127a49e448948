import { InvalidArgumentError } from 'commander';
import { HOUR, MINUTE, MS, type Nanoseconds, SECOND } from '../clock/clock.js';

const UNITS: Readonly<Record<string, Nanoseconds>> = { ms: MS, s: SECOND, m: MINUTE, h: HOUR, d: 24 * HOUR };

/** `90s`, `5m`, `1.5h`, `1d`: for commander's options. */
export function parseDuration(text: string): Nanoseconds {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  const duration = unit === undefined ? 0 : Number(match?.[1]) * unit;
  if (duration <= 0) throw new InvalidArgumentError('expected a time such as 90s, 5m, 2h or 1d.');
  return duration;
}
