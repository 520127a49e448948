// Programs of others that are compiled here, each folder once: again only when what makes it has changed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Calls `make` with `home` empty, unless that was done with these files, `recipe`, as they are. */
export async function compiledOnce(home, recipe, make) {
  const stamp = join(home, 'built');
  const hash = createHash('sha256');
  for (const file of recipe) hash.update(readFileSync(file));
  const wanted = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  await make();
  writeFileSync(stamp, wanted);
}

/** Warnings of others' sources are theirs. */
export const compile = (args, options = {}) =>
  promisify(execFile)('cc', ['-w', '-O1', ...args], { maxBuffer: 1 << 24, ...options });
