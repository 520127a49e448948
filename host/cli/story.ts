import { SECOND } from '../clock/clock.js';
import type { TraceEvent } from '../trace/events.js';
import type { Part, Style } from './output.js';
import { UnknownCommands } from './unknown-commands.js';

/** The chapters of a device's first message, in the order in which they happen. */
const CHAPTERS = {
  boot: 'The device starts; its modem wakes the SIM',
  aka: 'SIM and network prove themselves to each other',
  session: 'A session: from here on the network knows who is calling',
  device: 'The device sends plain HTTP to a well-known name, without a secret',
  platform: 'The platform adds identity and signature, and forwards over TLS',
  customer: "The customer's server checks for itself",
} as const;
type Chapter = keyof typeof CHAPTERS;

const WHO_WIDTH = 9;
const BODY_MAX = 400;

const shorten = (text: string): string => (text.length > BODY_MAX ? `${text.slice(0, BODY_MAX)}..` : text);

const fieldList = (fields: Record<string, unknown> | undefined): string =>
  Object.entries(fields ?? {})
    .map(([name, value]) => `${name} ${String(value)}`)
    .join('  ');

/** A data block (hexadecimal in the event) as text where it is text. */
function readable({ text, data }: Extract<TraceEvent, { type: 'at' }>): string {
  if (data !== true || typeof text !== 'string') return String(text);
  const decoded = Buffer.from(text, 'hex').toString('latin1');
  return /^[\x20-\x7e\r\n\t]*$/.test(decoded) ? decoded : text;
}

/** Tells a world's events to a person, as they happen. */
export class Story {
  readonly #write: (...line: readonly Part[]) => void;
  readonly #told = new Set<Chapter>();
  readonly #unknown = new UnknownCommands();

  /** `write` is given the parts of one line. */
  constructor(write: (...line: readonly Part[]) => void) {
    this.#write = write;
  }

  readonly sink = (event: TraceEvent): void => {
    switch (event.type) {
      case 'contact':
        return this.#tell(event, 'boot', 'sim', `contacts: ${event.event}`);
      case 'atr':
        return this.#tell(event, 'boot', 'sim', `ATR ${event.bytes}`);
      case 'apdu': {
        const command = event.command === undefined ? '' : ` ${String(event.command)}`;
        const response = event.response === undefined ? '' : ` ${String(event.response)}`;
        const said = `${event.name} ${event.header}${command} ->${response} ${event.sw}`;
        return this.#tell(event, 'boot', 'sim', said, 'dim');
      }
      case 'at': {
        const arrow = event.from === 'device' ? '>' : '<';
        for (const line of readable(event).split(/\r?\n/)) {
          if (line !== '') this.#tell(event, undefined, 'AT', `${arrow} ${shorten(line)}`, 'cyan');
        }
        return;
      }
      case 'nas':
        return this.#tell(event, 'aka', event.from, `${event.message}  ${fieldList(event.fields)}`, 'magenta');
      case 'aka':
        return this.#tell(
          event,
          'aka',
          event.side,
          `${event.ok ? 'ok' : 'NO'}  ${event.step}  ${fieldList(event.fields)}`,
          event.ok ? 'magenta' : 'red',
        );
      case 'modem': {
        const warning = this.#unknown.telling(event);
        if (warning !== undefined) this.#tell(event, undefined, 'modem', warning, 'yellow');
        return;
      }
      case 'registration':
        return this.#tell(
          event,
          undefined,
          'modem',
          `registration: ${event.state}${event.cause === undefined ? '' : `, cause ${event.cause}`}`,
        );
      case 'session':
        return this.#tell(
          event,
          'session',
          'network',
          `session ${event.event}: IMSI ${event.imsi} has ${event.ip} at APN ${event.apn}${event.reason ? ` (${event.reason})` : ''}`,
          'green',
        );
      case 'dns':
        return this.#tell(event, undefined, 'network', `${event.name} is ${event.address ?? event.error ?? 'unknown'}`);
      case 'socket':
        return this.#tell(
          event,
          undefined,
          'modem',
          `socket ${event.id} ${event.event} ${event.remote}${event.error ? `: ${event.error}` : ''}`,
        );
      case 'http':
        return this.#http(event);
      case 'service':
        return this.#tell(event, 'platform', event.service, `${event.event} ${event.status}: ${event.reason}`, 'red');
      case 'verified':
        return this.#tell(
          event,
          'customer',
          'customer',
          event.ok
            ? `signature verified, from IMSI ${event.imsi ?? '?'}: ${shorten(event.body)}`
            : `REFUSED: ${event.reason ?? 'no reason'}`,
          event.ok ? 'green' : 'red',
        );
      case 'board':
        return this.#tell(
          event,
          'boot',
          'board',
          `${event.app}: ${event.event}${event.cause ? ` (${event.cause})` : ''}${event.reason ? `: ${event.reason}` : ''}`,
        );
      case 'log':
        return this.#tell(event, undefined, 'app', event.text, event.level === 'error' ? 'red' : 'yellow');
      case 'impairment':
        return this.#tell(event, undefined, 'world', event.event, 'red');
      case 'line':
        return; // single characters are for the JSON trace
    }
  };

  #http(event: Extract<TraceEvent, { type: 'http' }>): void {
    const chapter = event.leg === 'device' ? 'device' : 'platform';
    const who = event.leg === 'device' ? 'beam' : 'customer';
    const arrow = event.kind === 'request' ? '->' : '<-';
    const first = event.kind === 'request' ? `${event.method} ${event.url}` : `${event.status}`;
    this.#tell(event, chapter, who, `${arrow} ${first}`, 'blue');
    for (const [name, value] of event.headers) {
      const added = event.leg === 'customer' && name.toLowerCase().startsWith('x-soracom-');
      this.#tell(event, undefined, '', `   ${name}: ${String(value)}`, added ? 'green' : 'blue');
    }
    if (event.body !== '') this.#tell(event, undefined, '', `   ${shorten(event.body)}`, 'blue');
  }

  #tell(event: TraceEvent, chapter: Chapter | undefined, who: string, text: string, style?: Style): void {
    if (chapter !== undefined && !this.#told.has(chapter)) {
      this.#told.add(chapter);
      this.#write('');
      this.#write(['bold', `${this.#told.size}. ${CHAPTERS[chapter]}`]);
    }
    const time = (event.t / SECOND).toFixed(3).padStart(9);
    const body = text.trimEnd();
    this.#write(['dim', time], `  ${who.padEnd(WHO_WIDTH)} `, style ? [style, body] : body);
  }
}
