// A board that runs beam-telemetry, a scripted modem, and a customer's server that keeps books.

import { readFileSync } from 'node:fs';
import { Board } from '../../host/board/board.js';
import type { UartDevice } from '../../host/board/uart.js';
import { SerialLine } from '../../host/board/serial.js';
import { MemoryStore } from '../../host/board/store.js';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';
import type { Answer, Request } from './scripted-modem.js';
import { ScriptedModem } from './scripted-modem.js';

const EPOCH_MS = Date.UTC(2026, 10, 23);
const binaries = new Map<string, WebAssembly.Module>();

export function binary(kind: 'debug' | 'release'): WebAssembly.Module {
  let module = binaries.get(kind);
  if (!module) binaries.set(kind, (module = new WebAssembly.Module(readFileSync(`build/${kind}/beam-telemetry.wasm`))));
  return module;
}

export interface Reading {
  readonly id: string;
  readonly seq: number;
  readonly t?: number;
  readonly temperature: number;
}

export const ok: Answer = { text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' };

export class Rig {
  readonly clock = new VirtualClock(EPOCH_MS);
  readonly trace = new Trace(this.clock);
  readonly store: MemoryStore;
  readonly board: Board;
  readonly line: SerialLine;
  readonly modem: ScriptedModem;
  readonly log: string[] = [];
  readonly traps: string[] = [];
  /** Readings that the customer answered with 2xx, in that order, repeats included. */
  readonly accepted: Reading[] = [];
  readonly requests: Request[] = [];
  /** What the customer answers to a request (accepted if 2xx). */
  policy: (request: Request, n: number) => Answer | undefined = () => ok;
  millivolts: number | undefined = 715;

  constructor(
    options: {
      kind?: 'debug' | 'release';
      store?: MemoryStore;
      seed?: string;
      knowsTime?: boolean;
      wrap?: (uart: UartDevice) => UartDevice;
    } = {},
  ) {
    this.store = options.store ?? new MemoryStore();
    this.line = new SerialLine(this.clock);
    this.modem = new ScriptedModem(this.clock, this.line.far);
    this.modem.serve = (request) => this.#serve(request);
    this.trace.listen((event: TraceEvent) => {
      if (event.type === 'log') this.log.push(event.text);
      if (event.type === 'board' && event.event === 'trap') this.traps.push(event.reason ?? '');
    });
    this.board = new Board({
      name: 'beam-telemetry',
      module: binary(options.kind ?? 'debug'),
      clock: this.clock,
      trace: this.trace,
      random: new Random(options.seed ?? 'rig'),
      store: this.store,
      uarts: [options.wrap ? options.wrap(this.line.near) : this.line.near],
      sensors: { analog: (channel) => (channel === 0 ? this.millivolts : undefined) },
      knowsTime: options.knowsTime ?? false,
    });
  }

  #serve(request: Request): Answer | undefined {
    const n = this.requests.push(request) - 1;
    const answer = this.policy(request, n);
    if (answer && /^HTTP\/1.1 2\d\d /.test(answer.text)) {
      const reading = JSON.parse(request.body) as Reading;
      if (reading.id !== request.headers['x-message-id'])
        throw new Error('the id of the body is not that of the header');
      this.accepted.push(reading);
    }
    return answer;
  }

  async run(seconds: number): Promise<void> {
    await this.clock.run({ deadline: this.clock.now() + seconds * SECOND });
  }

  /** Runs until `until`, at most `seconds`; false when the time ran out. */
  async runUntil(until: () => boolean, seconds: number): Promise<boolean> {
    return (await this.clock.run({ deadline: this.clock.now() + seconds * SECOND, until })) === 'until';
  }

  /** First acceptance of each reading. */
  get distinct(): Reading[] {
    return this.accepted.filter((reading, i) => this.accepted.findIndex(({ id }) => id === reading.id) === i);
  }

  /** What must hold whatever happens. Returns what does not. */
  faults(): string[] {
    const faults = this.traps.map((trap) => `trap: ${trap}`);
    const bodies = new Map<string, string>();
    for (const { body, headers } of this.requests) {
      const id = headers['x-message-id'] ?? 'none';
      if ((bodies.get(id) ?? body) !== body) faults.push(`two bodies under ${id}`);
      bodies.set(id, body);
    }
    const seqs = this.distinct.map(({ seq }) => seq);
    seqs.forEach((seq, i) => {
      if (i > 0 && seq < (seqs[i - 1] as number)) faults.push(`reading ${seq} after ${seqs[i - 1]}`);
    });
    return faults;
  }
}
