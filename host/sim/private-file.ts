import { statSync } from 'node:fs';

const OTHERS = 0o077;

/** A sentence for a file of secrets that users other than its owner may read or write; undefined if they may not. */
export function openToOthers(path: string): string | undefined {
  if (process.platform === 'win32') return undefined; // its modes say nothing
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & OTHERS) === 0) return undefined;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  return `mode ${shown} lets others at the keys in it; run: chmod 600 ${path}`;
}
