// What a data folder consists of, and whether that is what is there: a file that is opened may be a pipe, on which the process would
// wait for ever.

import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files and folders of a data folder. */
const FILES =
  /^(in-use\.lock(-journal)?|platform\.db(-wal(\.left)?|-shm|-journal)?|(master\.key|operator\.json)(\.new)?)$/;
const FOLDERS = /^(files|cards)$/;

export const isOwn = (name: string): boolean => FILES.test(name) || FOLDERS.test(name);

function kindOf(entry: Stats): string {
  if (entry.isFile()) return 'a file';
  if (entry.isDirectory()) return 'a folder';
  if (entry.isFIFO()) return 'a pipe';
  if (entry.isSocket()) return 'a socket';
  return 'a device';
}

/** Where a link leads counts. */
function faultOf(path: string, kind: 'a file' | 'a folder'): string | undefined {
  let found: string;
  try {
    const entry = statSync(path, { throwIfNoEntry: false });
    if (entry === undefined && lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined; // gone meanwhile
    found = entry === undefined ? 'a link that leads to nothing' : kindOf(entry);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    found = code === 'ELOOP' ? 'a link that leads back to itself' : `something that cannot be looked at (${code})`;
  }
  return found === kind
    ? undefined
    : `${path} is ${found}; it must be ${kind}: move it away, or put a copy of the data folder back`;
}

/** What is wrong with the first entry that is not of its kind, in words; undefined: all are. `path`: a folder. Throws what the file system throws. */
export function layoutFault(path: string): string | undefined {
  for (const name of readdirSync(path)) {
    const below = join(path, name);
    const fault = FILES.test(name)
      ? faultOf(below, 'a file')
      : FOLDERS.test(name)
        ? (faultOf(below, 'a folder') ?? firstOf(below))
        : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Cards and the bytes of Harvest Files are files, whatever their names. */
function firstOf(folder: string): string | undefined {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const fault = entry.isFile() ? undefined : faultOf(join(folder, entry.name), 'a file');
    if (fault !== undefined) return fault;
  }
  return undefined;
}
