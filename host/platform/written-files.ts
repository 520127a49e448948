// Whether the files of a database are still those that this process has written. It has them for itself (locking_mode=EXCLUSIVE), so
// that SQLite keeps pages in memory and does not look at the files for changes: a copy that is put in their place, or a
// tool that writes to them, would go unnoticed, and what is written afterwards would be lost at the next start.

import { closeSync, copyFileSync, ftruncateSync, openSync, realpathSync, renameSync, statSync } from 'node:fs';

/** The database and its log. The index of the log is in memory. */
const SUFFIXES = ['', '-wal'] as const;

const MISSING = 'missing';

/** Which file it is, and when it was last written; one system call, some 3 us. Reading, renaming the folder and hard links change none of it. */
function stateOf(path: string): string {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? MISSING : `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code); // the folder above it cannot be searched any more, or the disk is gone
  }
}

export class WrittenFiles {
  readonly #paths: readonly string[];
  #states: readonly string[];

  constructor(file: string) {
    const real = realpathSync(file); // the log is beside the file itself, not beside a link to it
    this.#paths = SUFFIXES.map((suffix) => real + suffix);
    this.#states = this.#paths.map(stateOf);
  }

  /** The files as they are now were written by this process. */
  accept(): void {
    this.#states = this.#paths.map(stateOf);
  }

  /**
   * Takes the log from SQLite, which would otherwise write its pages into whatever is at the database's name, at the latest when
   * the process ends. A log of this process is put aside (`-wal.left`): it would not fit a copy that was put back. One that was
   * put there stays.
   */
  disown(): void {
    const [, log = ''] = this.#paths;
    const [, state] = this.#states;
    const now = stateOf(log);
    if (now === MISSING) return;
    const fd = openSync(log, 'r+');
    try {
      copyFileSync(log, `${log}.left`);
      if (now !== state) renameSync(`${log}.left`, log);
      ftruncateSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** The file that something else has written, replaced or removed since `accept`, with the word for it. */
  changed(): string | undefined {
    for (const [i, path] of this.#paths.entries()) {
      const now = stateOf(path);
      if (now !== this.#states[i]) return `${path} was ${now === MISSING ? 'removed' : 'changed'}`;
    }
    return undefined;
  }
}
