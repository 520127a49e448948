// SIGKILL at random instants, restart after restart, over one store.
import { readFileSync, readdirSync } from 'node:fs';
import { join as path } from 'node:path';
import { expect } from 'vitest';
import { Random } from '../../host/random.js';
import { sequence } from '../world/demo-world.js';
import { join, modemWorld } from './modem-line.js';
import { RealBoard } from './native.js';
import { eventually } from '../until.js';
import { scratch } from './scratch.js';

/** Longest life of a board, ms: long enough to send; most lives end earlier. */
const LIFE_MS = 4_000;
/** Slot of the outbox: magic, then the reading's number. */
const MAGIC = 'AOB1';

/** Numbers of the readings that the store holds: what the board was told is written. */
function stored(store: string): number[] {
  return readdirSync(store)
    .filter((name) => /^[0-9a-f]{8}$/.test(name))
    .map((name) => readFileSync(path(store, name)))
    .filter((slot) => slot.toString('latin1', 0, 4) === MAGIC)
    .map((slot) => slot.readUInt32LE(4));
}

/** Cuts a board's power so often, lets it finish in peace, and checks that every stored reading came, once. */
export async function cutPower(program: string, seed: string, cuts: number): Promise<void> {
  const random = new Random(seed);
  const store = scratch();
  const acknowledged = new Set<number>();
  const s = await modemWorld();
  let log = '';
  let board: RealBoard | undefined;
  const start = async (): Promise<RealBoard> => {
    const fresh = await RealBoard.posix(program, { args: ['--store', store, '--adc', '0=715'] });
    join(s.device, fresh.uart);
    return fresh;
  };
  const note = (): void => {
    for (const seq of stored(store)) acknowledged.add(seq);
  };
  try {
    for (let i = 0; i < cuts; i++) {
      board = await start();
      await new Promise((resolve) => setTimeout(resolve, LIFE_MS * random.next() ** 3));
      await board.kill();
      log += `--- ${i}\n${board.log}`;
      note();
    }
    board = await start();
    const story = (): string => `seed ${seed}\n${log}--- last\n${board?.log ?? ''}`;
    await eventually('an empty outbox', 120_000, () => {
      note();
      const arrived = new Set(sequence(s.customer));
      return acknowledged.size > 0 && [...acknowledged].every((seq) => arrived.has(seq)) ? true : undefined;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\narrived ${sequence(s.customer).join(' ')}\n${story()}`);
    });
    const readings = sequence(s.customer);
    expect(readings, story()).toEqual(Array.from(readings, (_, seq) => seq));
    expect(acknowledged.size, story()).toBeGreaterThan(1);
    expect(
      s.of('verified').every(({ ok }) => ok),
      story(),
    ).toBe(true);
    expect(story()).not.toMatch(/trap|watchdog|runtime error|Sanitizer/);
  } finally {
    await board?.kill();
    await s.world.close();
  }
}
