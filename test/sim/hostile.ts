// Attacks on the card that go on for as long as one likes: some in each test run, a million in `npm run soak`.

import { expect } from 'vitest';
import { Board } from '../../host/board/board.js';
import { concat, fromHex, toHex } from '../../host/bytes.js';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import { Trace } from '../../host/trace/trace.js';
import { AID, ATR, Bench, K, OPC, module, storeOf } from './card.js';
import { challengeAt } from './challenges.js';

/** What the board told of the card beside its start: traps, restarts. */
export const traps = (bench: Bench): unknown[] =>
  bench.events.filter((event) => event.type === 'board' && event.event !== 'start');

/** The card's status words: assembly/sim/status-words.ts. */
export const STATUS_WORD =
  /^(9000|91..|61..|628[23]|63c.|6581|67..|688[12]|698[1-6]|6a8[0-368]|6b00|6c..|6d00|6e00|6f00|9240|940[0248]|98(02|04|08|10|40|50|62|64)|9f..)$/;

const INSTRUCTIONS = [
  ...[0x04, 0x10, 0x12, 0x14, 0x20, 0x24, 0x26, 0x28, 0x2c, 0x32, 0x44, 0x70, 0x88, 0xa2, 0xa4, 0xb0, 0xb2, 0xc0],
  ...[0xc2, 0xd6, 0xdc, 0xf2, 0xfa],
];
const READS = [0x12, 0x70, 0xb0, 0xb2, 0xc0, 0xf2];
const UICC = [0x10, 0x12, 0x14, 0x32, 0xc2, 0xf2];
const FIDS = [
  ...['3f00', '7fff', '7ff0', '7ff1', '7f10', '7f20', '5f3b', '2f00', '2f06', '6f06', '6f07', '6f08', '6f39', '6fb7'],
  ...['6f40', '6fe4', '6f46', '6f7e'],
];

/** A command that is mostly well formed. */
export function someCommand(random: Random): Uint8Array {
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const wild = random.below(8) === 0;
  const ins = wild ? random.below(256) : pick(INSTRUCTIONS);
  const channel = random.below(6) === 0 ? pick([1, 2, 3, 0x40, 0x41, 0x4f]) : 0;
  const gsm = random.below(6) === 0;
  const cla = wild ? random.below(255) : gsm ? 0xa0 : (UICC.includes(ins) ? 0x80 : 0) | channel;
  const p1 = random.below(3) === 0 ? random.below(256) : pick([0, 0, 0, 1, 4, 8, 9, 0x80 | random.below(32)]);
  const p2 = random.below(3) === 0 ? random.below(256) : pick([0, 0, 1, 2, 3, 4, 4, 5, 6, 0x0c, 0x80, 0x81, 0x0a]);
  const data = pick([
    new Uint8Array(0),
    fromHex(pick(FIDS)),
    fromHex(pick(FIDS) + pick(FIDS)),
    fromHex(AID).slice(0, random.below(17)),
    concat(Uint8Array.of(16), random.bytes(16)),
    concat(Uint8Array.of(16), random.bytes(16), Uint8Array.of(16), random.bytes(16)),
    fromHex(
      pick(['3838383838383838', '31323334ffffffff', '30303030ffffffff', '3132333435363738' + '31323334ffffffff']),
    ),
    fromHex(pick(['ffffffffff', '81030203008202828183010' + '0', 'd60719010382028281', '000001', '04010000'])),
    random.bytes(8),
    random.bytes(16),
    random.bytes(random.below(256)),
  ]);
  const header = Uint8Array.of(cla, ins, p1, p2);
  // T=0 leaves it to the terminal to know which way the data goes.
  const reads = READS.includes(ins) || (!INSTRUCTIONS.includes(ins) && random.below(2) === 0);
  if (reads) return concat(header, Uint8Array.of(pick([0, 1, 9, 38, random.below(256)])));
  return concat(header, Uint8Array.of(data.length), data);
}

/** One byte changed, one cut off, or one put in between. */
export function mutated(command: Uint8Array, random: Random): Uint8Array {
  const at = random.below(command.length);
  const kind = random.below(3);
  if (kind === 0) return command.map((byte, i) => (i === at ? random.below(256) : byte));
  if (kind === 1) return concat(command.subarray(0, at), command.subarray(at + 1));
  return concat(command.subarray(0, at), Uint8Array.of(random.below(256)), command.subarray(at));
}

/** Keys of a card with TUAK. */
const TUAK = { k: '3c4f'.repeat(8) + 'a1b7'.repeat(8), topc: '6bd2'.repeat(8) + '59e8'.repeat(8) } as const;

/** Parts of what the cards keep: eight bytes are enough to know it by. */
const SECRETS = [K, OPC, TUAK.k, TUAK.topc].flatMap((hex) =>
  (hex.match(/.{16}/g) ?? []).map((part) => Buffer.from(part, 'hex')),
);

/**
 * `count` random and mutated APDUs by the direct call. After each: a status word of the table, no key in the answer, no
 * key anywhere in the card's memory.
 */
export function hostileCommands(seed: string, count: number): void {
  const random = new Random(seed);
  const clock = new VirtualClock(0);
  const trace = new Trace(clock);
  const faults: unknown[] = [];
  trace.listen((event) => {
    if (event.type === 'board' && event.event !== 'start') faults.push(event);
  });
  let board: Board | undefined;
  const start = (): Board => {
    const tuak = { algorithm: 'tuak', opc: undefined, ...TUAK };
    const store = storeOf({ pin1Enabled: random.below(2) === 0, ...(random.below(3) === 0 ? tuak : {}) });
    const started = new Board({ name: 'sim', module, clock, trace, random, store });
    started.powerOn();
    return started;
  };
  for (let i = 0; i < count; i++) {
    if (i % 5000 === 0) board = start();
    const exports = board?.exports;
    const { apdu_buffer: buffer, apdu, apdu_reset: reset } = (exports ?? {}) as Record<string, () => number>;
    if (!exports || !buffer || !apdu || !reset) throw new Error(`seed ${seed}, command ${i}: the card is gone`);
    const run = (command: Uint8Array): Buffer => {
      const memory = Buffer.from(exports.memory.buffer);
      memory.set(command, buffer());
      const length = (apdu as (length: number) => number)(command.length);
      return memory.subarray(buffer(), buffer() + length);
    };
    if (i % 100 === 0) {
      reset();
      run(fromHex(`00a4040c10${AID}`));
      run(fromHex('002000010831323334ffffffff'));
      if (random.below(2) === 0) run(fromHex('0020000a083838383838383838'));
      for (let n = random.below(4); n > 0; n--) run(fromHex('0070000001'));
    }
    // A challenge that is the network's, now and then: with a SQN that may be fresh, and a MAC that is right, but for TUAK.
    const known = random.below(30) === 0;
    const whole = known ? fromHex(challengeAt(random.below(4000), random).replaceAll(' ', '')) : someCommand(random);
    const command = random.below(3) === 0 ? mutated(whole, random).subarray(0, 261) : whole;
    const answer = run(command);
    const sw = answer.toString('hex', answer.length - 2);
    const why = (): string => `seed ${seed}, command ${i}: ${toHex(command)} -> ${answer.toString('hex')}`;
    if (!STATUS_WORD.test(sw)) throw new Error(`${why()}: no status word of the table`);
    const memory = Buffer.from(exports.memory.buffer, 0, MEMORY_BYTES);
    for (const secret of SECRETS) {
      if (memory.includes(secret)) throw new Error(`${why()}: a key is left in memory`);
    }
    if (faults.length > 0) throw new Error(`${why()}: ${JSON.stringify(faults)}`);
  }
}

/** The card's linear memory in use, and more: its budget. */
const MEMORY_BYTES = 24_576;

/**
 * About `bytes` characters of noise on the contacts, in bursts: garbage and commands, with bits flipped, whenever it suits
 * them. The card never traps, and after reset it answers.
 */
export async function noisyLine(seed: string, bytes: number): Promise<void> {
  let sent = 0;
  for (let round = 0; sent < bytes; round++) {
    const why = `seed ${seed}-${round}`;
    const random = new Random(`${seed}-${round}`);
    const bench = new Bench({ seed: why });
    await bench.powerOn();
    if (round % 2 === 0) await bench.send(`00a4040c10${AID}`);
    const { line } = bench.slot;
    const { terminal } = line;
    // Nobody listens: what the card says collides with what comes next.
    line.terminal = undefined;
    for (let burst = 0; burst < 8; burst++) {
      const garbage = random.below(3) === 0 ? random.bytes(1 + random.below(300)) : someCommand(random);
      sent += garbage.length;
      line.send(garbage);
      if (random.below(4) === 0) line.noise = () => (random.below(6) === 0 ? random.below(512) : 0);
      await bench.clock.run({ deadline: bench.clock.now() + random.below(0.02 * SECOND) });
    }
    line.noise = undefined;
    line.terminal = terminal;
    expect(traps(bench), why).toEqual([]);
    expect(await bench.reset(), why).toBe(ATR);
    expect(await bench.send('00a40004022fe2'), why).toMatch(/^6119$|^6a82$/);
  }
}
