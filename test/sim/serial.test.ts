import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../host/bytes.js';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import { CharacterCard, type Framing, LineDecoder, encodeLine } from '../../host/sim/index.js';
import { Trace } from '../../host/trace/trace.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { AID, ATR, module, storeOf } from './card.js';
import { withPrograms } from '../peers.js';

const run = promisify(execFile);

/** A card on a byte stream, on a virtual clock. */
class Stream {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly events: TraceEvent[] = [];
  readonly card: CharacterCard;
  #said: Uint8Array = new Uint8Array(0);

  constructor(framing: Framing = 'raw') {
    const trace = new Trace(this.clock);
    trace.listen((event) => this.events.push(event));
    const card = { module, store: storeOf({ pin1Enabled: true }) };
    this.card = new CharacterCard({ card, clock: this.clock, trace, random: new Random('serial'), framing });
    this.card.output = (bytes) => (this.#said = concat(this.#said, bytes));
    this.card.powerOn();
  }

  /** Sends bytes, gives the card a second, and returns what it said. */
  async send(hex: string | Uint8Array): Promise<string> {
    this.card.input(typeof hex === 'string' ? fromHex(hex) : hex);
    await this.clock.run({ deadline: this.clock.now() + SECOND });
    const said = toHex(this.#said);
    this.#said = new Uint8Array(0);
    return said;
  }
}

describe('the character line as bytes', () => {
  it('raw: the ATR comes by itself, then PPS and T=0', async () => {
    const line = new Stream();
    expect(await line.send('')).toBe(ATR);
    expect(await line.send('ff10957a')).toBe('ff10957a');
    expect(await line.send('00a4000c02')).toBe('a4');
    expect(await line.send('2fe2')).toBe('9000');
    expect(await line.send('00b000000a')).toBe('b0981801000021436587f49000');
  });

  it('closing it is power off: nothing is answered, and the state is lost', async () => {
    const line = new Stream();
    await line.send('');
    await line.send(`00a4040c10${AID}`);
    line.card.powerOff();
    expect(await line.send('00b0870009')).toBe('');
    line.card.powerOn();
    expect(await line.send('')).toBe(ATR);
    expect(await line.send('00b0870009')).toBe('6a82');
  });

  it('parmrk: a break is a reset, also in the middle of a command; FF is doubled', async () => {
    const line = new Stream('parmrk');
    expect(await line.send('')).toBe(ATR);
    expect(await line.send('ffff10957a')).toBe('ffff10957a');
    expect(await line.send('00a4000c02')).toBe('a4');
    expect(await line.send('ff0000')).toBe(ATR);
    expect(await line.send('00a4000c02')).toBe('a4');
    expect(await line.send('2f05')).toBe('9000');
    expect(await line.send('00b0000004')).toBe('b0656effffffff9000');
  });

  it('parmrk: a character with a parity error ends the session until a reset', async () => {
    const line = new Stream('parmrk');
    await line.send('');
    expect(await line.send('00a4ff00a5')).toBe('');
    expect(await line.send('00b000000a')).toBe('');
    expect(await line.send('ff0000')).toBe(ATR);
  });

  it('parmrk: any characters come through, cut anywhere', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(300), (bytes, cut) => {
        const line = encodeLine('parmrk', bytes);
        const decoder = new LineDecoder('parmrk');
        const inputs = [...decoder.push(line.subarray(0, cut)), ...decoder.push(line.subarray(cut))];
        expect(inputs).toEqual([...bytes].map((byte) => ({ kind: 'character', byte })));
      }),
    );
  });

  it('noise neither traps the card nor keeps it from the next reset; no PIN or key is in the trace', async () => {
    const seed = 'serial-noise-1';
    const random = new Random(seed);
    const line = new Stream('parmrk');
    for (let i = 0; i < 200; i++) {
      await line.send(random.bytes(random.below(700)));
      line.card.powerOn();
      expect(await line.send(''), seed).toBe(ATR);
      if (i === 0) expect(await line.send('0020000108')).toBe('20');
      if (i === 0) await line.send('31323334ffffffffffffffff');
    }
    expect(line.events.filter((event) => event.type === 'board' && event.event === 'trap')).toEqual([]);
    expect(line.events.map((event) => toJsonLine(event)).join()).not.toContain('31323334');
  });
});

describe('akari sim serial', () => {
  const processes: ChildProcess[] = [];
  let folder = '';
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'akari-'))));
  afterEach(async () => {
    for (const child of processes.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGINT');
      await once(child, 'close');
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Starts the command; `ready` resolves each time to where the line is. */
  function serial(...args: string[]): {
    child: ChildProcess;
    ready: () => Promise<string>;
    events: unknown[];
    ended: Promise<unknown[]>;
  } {
    const line = [
      'dist/host/cli/main.js',
      'sim',
      'serial',
      '--profile',
      'examples/profiles/soracom-demo.json',
      '--json',
    ];
    const child = spawn('node', [...line, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    processes.push(child);
    const events: { type: string; event?: string; where?: string }[] = [];
    const waiting: ((where: string) => void)[] = [];
    const places: string[] = [];
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (text) => {
      const event = JSON.parse(text) as (typeof events)[number];
      events.push(event);
      if (event.event !== 'ready' || event.where === undefined) return;
      const next = waiting.shift();
      if (next) next(event.where);
      else places.push(event.where);
    });
    const ready = (): Promise<string> => {
      const place = places.shift();
      return place === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(place);
    };
    // A process may close before the last of its lines has been read.
    const ended = Promise.all([once(child, 'close'), once(lines, 'close')]).then(([how]) => how as unknown[]);
    return { child, ready, events, ended };
  }

  /** Reads so many bytes. */
  async function take(socket: Socket, count: number): Promise<string> {
    for (;;) {
      const bytes = socket.read(count) as Uint8Array | null;
      if (bytes !== null) return toHex(bytes);
      await once(socket, 'readable');
    }
  }

  it('--tcp: a connection is a cold reset, and takes the line from the one before', async () => {
    const { child, ready, events, ended } = serial('--tcp', '0');
    const port = Number((await ready()).split(':')[1]);
    let before: Socket | undefined;
    for (let round = 0; round < 3; round++) {
      const socket = connect(port, '127.0.0.1');
      expect(await take(socket, ATR.length / 2)).toBe(ATR);
      if (before !== undefined && !before.destroyed) await once(before.resume(), 'close');
      socket.write(fromHex('00a4000c02'));
      expect(await take(socket, 1)).toBe('a4');
      socket.write(fromHex('2fe2'));
      expect(await take(socket, 2)).toBe('9000');
      socket.write(fromHex('00b000000a'));
      expect(await take(socket, 13)).toBe('b0981801000021436587f49000');
      if (round === 1) socket.destroy();
      before = socket;
    }
    before?.destroy();
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(events.at(-1)).toEqual({ type: 'result', ok: true });
  });

  withPrograms('socat').it('--pty: opening the terminal is a cold reset, again and again', async () => {
    const path = join(folder, 'sim');
    const { child, ready, ended } = serial('--pty', '--path', path);
    for (let round = 0; round < 2; round++) {
      expect(await ready()).toBe(path);
      expect(talk(path, '', 21)).toBe(ATR);
    }
    await ready();
    // A terminal that nobody here wrote: socat joins the line and its own standard streams.
    const script = `printf '\\000\\260\\202\\000\\012' | socat -t 1 - ${path},raw,echo=0 | od -An -v -tx1`;
    const { stdout } = await run('sh', ['-c', script]);
    expect(stdout.replace(/\s/g, '')).toBe(`${ATR}b0981801000021436587f49000`);
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(existsSync(path)).toBe(false);
  });

  /** Opens a terminal, writes, reads so many bytes and closes it. */
  function talk(path: string, hex: string, count: number): string {
    const file = openSync(path, 'r+');
    try {
      writeSync(file, fromHex(hex));
      const got: number[] = [];
      const byte = new Uint8Array(1);
      while (got.length < count && readSync(file, byte) === 1) got.push(...byte);
      return toHex(Uint8Array.from(got));
    } finally {
      closeSync(file);
    }
  }

  const wrong = [
    [[], 2, 'expected one of --pty and --tcp'],
    [['--pty', '--tcp', '0'], 2, 'expected one of --pty and --tcp'],
    [['--tcp', '70000'], 2, 'expected a whole number from 0 to 65535'],
  ] as const;
  const wrongPath = [
    [['--pty', '--path', '/no/such/place'], 1, 'no pseudo terminal at /no/such/place (ENOENT)'],
    [['--pty', '--path', 'package.json'], 1, 'no pseudo terminal at package.json (EEXIST)'],
  ] as const;
  async function endsWith(args: readonly string[], code: number, message: string): Promise<void> {
    const { child } = serial(...args);
    let said = '';
    child.stderr?.on('data', (chunk) => (said += String(chunk)));
    expect(await once(child, 'close')).toEqual([code, null]);
    expect(said).toContain(message);
  }
  it.each(wrong)('%o ends with %i: %s', endsWith);
  withPrograms('socat').it.each(wrongPath)('%o ends with %i: %s', endsWith);
});
