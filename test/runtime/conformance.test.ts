// The probe on the host's board and on the C runtime: one table, the same answers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Board, MemoryStore, SerialLine } from '../../host/board/index.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import { Trace } from '../../host/trace/trace.js';
import { CONFORMANCE, MILLIVOLTS, PIN_IN, PIN_OUT, type Probe, take } from './conformance.js';
import { RealBoard, build } from './native.js';
import { scratch } from './scratch.js';
import { withPrograms } from '../peers.js';

class HostProbe implements Probe {
  readonly #clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly #line = new SerialLine(this.#clock);
  #received = Buffer.alloc(0);
  readonly #board = new Board({
    name: 'probe',
    module: readFileSync('build/release/probe.wasm'),
    clock: this.#clock,
    trace: new Trace(this.#clock),
    random: new Random('probe'),
    store: new MemoryStore(),
    uarts: [this.#line.near],
    knowsTime: true,
    sensors: {
      analog: (channel) => (channel === 0 ? MILLIVOLTS : undefined),
      readPin: (pin) => (pin === PIN_IN ? 1 : undefined),
      writePin: (pin) => pin === PIN_OUT,
    },
  });

  constructor() {
    this.#line.far.received = (bytes) => (this.#received = Buffer.concat([this.#received, bytes]));
    this.#board.powerOn();
  }

  async ask(command: Uint8Array, length: number): Promise<Buffer> {
    this.#received = Buffer.alloc(0);
    this.#line.far.send(command);
    const until = (): boolean => this.#received.length >= length;
    await this.#clock.run({ deadline: this.#clock.now() + 5 * SECOND, until });
    await this.#clock.run({ deadline: this.#clock.now() + MS });
    return this.#received;
  }

  async restart(command: Uint8Array): Promise<void> {
    this.#line.far.send(command);
    await this.#clock.run({ deadline: this.#clock.now() + SECOND });
  }

  powerCycle(): Promise<void> {
    this.#board.powerOff();
    this.#board.powerOn();
    return Promise.resolve();
  }
}

describe('the probe on the host', () => {
  const probe = new HostProbe();
  it.each(CONFORMANCE)('$name', async (step) => {
    expect(await take(probe, step)).toBeUndefined();
  });
});

withPrograms('gcc', 'libc', 'make', 'wasm2c').describe(
  'the probe on the posix port, with AddressSanitizer and UBSan',
  () => {
    const folder = scratch();
    const pin = join(folder, 'pin-in');
    const out = join(folder, 'pin-out');
    let program: string;
    let board: RealBoard;
    const probe: Probe = {
      ask: (command, length) => board.ask(command, length),
      restart: (command) => board.restart(command),
      powerCycle: async () => {
        await board.kill();
        board = await start();
      },
    };

    const start = (): Promise<RealBoard> =>
      RealBoard.posix(program, {
        args: [
          ...['--store', join(folder, 'store'), '--adc', `0=${MILLIVOLTS}`],
          ...['--gpio-in', `${PIN_IN}=${pin}`, '--gpio-out', `${PIN_OUT}=${out}`],
        ],
      });

    beforeAll(async () => {
      writeFileSync(pin, '1\n');
      writeFileSync(out, '');
      program = await build('build/release/probe.wasm', { make: ['SANITIZE=1'] });
      board = await start();
    });
    afterAll(() => board.kill());

    it.each(CONFORMANCE)('$name', async (step) => {
      expect(await take(probe, step)).toBeUndefined();
    });

    it('has really set the pin', () => {
      expect(readFileSync(out, 'utf8')).toBe('1\n');
    });

    it('has logged each start with its cause, and the trap with module and reason', async () => {
      await board.restart(Buffer.from('T'));
      await board.ask(Buffer.from('B'), 4);
      expect(board.log).toMatch(
        /info {2}probe: start: power\n.*info {2}probe\n.*error probe: trap: unreachable\n.*info {2}probe: start: trap\n/,
      );
    });

    it('says NoSpace when the disk takes no more, and keeps the old value', async () => {
      await board.kill();
      const args = ['--store', join(folder, 'store')];
      board = await RealBoard.posix(program, { args, wrap: 'trap "" XFSZ; ulimit -f 0; exec "$@"' });
      expect((await board.ask(Buffer.from('S\x07full'), 4)).readInt32LE()).toBe(-4);
      expect((await board.ask(Buffer.from('s\x07'), 8)).subarray(4).toString()).toBe('efgh');
    });
  },
);
