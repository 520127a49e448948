import type { TraceEvent } from '../trace/events.js';

/** What a person needs to hear of an event that went wrong: which side, and which check. Undefined for all others. */
export function faultOf(event: TraceEvent): string | undefined {
  switch (event.type) {
    case 'aka':
      return event.ok ? undefined : `${event.side}: ${event.step}`;
    case 'verified':
      return event.ok ? undefined : `customer: ${event.reason ?? 'refused'}`;
    case 'service':
      return `${event.service}: ${event.status} ${event.reason}`;
    case 'socket':
      return event.error === undefined ? undefined : `modem: socket to ${event.remote}: ${event.error}`;
    case 'dns':
      return event.error === undefined ? undefined : `network: ${event.name}: ${event.error}`;
    case 'registration':
      return event.state === 'denied'
        ? `network: registration denied, EMM cause ${event.cause ?? 'unknown'}`
        : undefined;
    case 'board':
      return event.event === 'trap' ? `${event.app}: trap: ${event.reason ?? ''}` : undefined;
    default:
      return undefined;
  }
}
