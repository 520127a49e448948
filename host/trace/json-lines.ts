import { Secret } from '../secret.js';
import { visible } from '../visible.js';
import type { TraceEvent } from './events.js';

/**
 * One event as one line of JSON, without line end. Secrets are masked unless `showSecrets`. Characters that a terminal obeys or
 * hides are escaped: people read such files with `cat`.
 */
export function toJsonLine(event: TraceEvent, showSecrets = false): string {
  // JSON.stringify calls Secret.toJSON before the replacer sees the value, so look at the holder's own property.
  const json = JSON.stringify(event, function (this: Record<string, unknown>, key, value: unknown) {
    const own = this[key];
    return own instanceof Secret && showSecrets ? own.revealHex() : value;
  });
  return visible(json);
}
