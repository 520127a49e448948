// Files for their owner's eyes only: cards, keys, what a served world keeps.

import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** What others may not have: all of it. */
const OTHERS = 0o077;

const shownMode = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

/**
 * A sentence for a file of secrets that users other than its owner may read or write; undefined if they may not. Such a file is not
 * made private and used: others may know the secrets by now, which is for a person to judge.
 */
export function openToOthers(path: string): string | undefined {
  if (process.platform === 'win32') return undefined; // its modes say nothing
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & OTHERS) === 0) return undefined;
  return `mode ${shownMode(mode)} lets others at the keys in it; run: chmod 600 ${path}`;
}

/** The entry and, of a folder, all below it. Links are not followed. Throws what the file system throws. */
export function makePrivate(path: string): void {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined || entry.isSymbolicLink()) return;
  const folder = entry.isDirectory();
  if ((entry.mode & OTHERS) !== 0 && process.platform !== 'win32') chmodSync(path, folder ? FOLDER_MODE : FILE_MODE);
  if (folder) for (const name of readdirSync(path)) makePrivate(join(path, name));
}

/** An empty file, if there is none; what is in it stays. */
export function ensurePrivateFile(path: string): void {
  // A file that is there is not opened: closing it would end the locks that this process has on it (POSIX, fcntl).
  if (!existsSync(path)) closeSync(openSync(path, 'a', FILE_MODE));
  makePrivate(path);
}

/** Whole or not at all, also over a power cut. */
export function writePrivate(path: string, bytes: Uint8Array): void {
  const beside = `${path}.new`;
  const file = openSync(beside, 'w', FILE_MODE);
  try {
    chmodSync(beside, FILE_MODE); // one left by a crash keeps the mode it has
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  // The name is part of the folder: that is on the disk only after its own sync.
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
