// Runs damage.mjs, and says what came of each seed.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { endsWithTests } from '../leftover.js';

export interface Damaged {
  readonly seed: number;
  /** Where the files were overwritten, or the first of many places. */
  readonly how: string;
  readonly outcome: string;
  readonly faults: readonly string[];
}

export interface Campaign {
  readonly done: readonly Damaged[];
  /** The seed over which the process ended, with how it ended and its last words. */
  readonly died: string | undefined;
}

export async function damaged(place: string, block: number, first: number, count: number): Promise<Campaign> {
  const args = ['test/serve/damage.mjs', place, String(block), String(first), String(count)];
  const child = endsWithTests(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  const done: Damaged[] = [];
  let [last, words] = ['before the first', ''];
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-2000)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told = JSON.parse(line) as Partial<Damaged>;
    if (told.outcome !== undefined) done.push(told as Damaged);
    else last = line;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { done, died: code === 0 && done.length === count ? undefined : `${last}: ${code ?? signal} ${words}` };
}
