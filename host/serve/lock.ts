// One process at a time has a data folder. The lock is a record lock of the kernel (fcntl, LockFileEx) on a file in the
// folder, taken by SQLite: it goes with the process, however that ends, and it holds against another user of the folder
// in this process too. It is the folder that is locked, by whatever path or link it is named. Over NFS it holds as far as
// the server's locks do (https://www.sqlite.org/faq.html#q5).

import Sqlite from 'libsql';

export class FolderLock {
  readonly #sqlite: Sqlite.Database;

  private constructor(sqlite: Sqlite.Database) {
    this.#sqlite = sqlite;
  }

  /** Undefined: somebody has it. `file` is made when it is not there, and stays empty. Throws what SQLite throws. */
  static take(file: string): FolderLock | undefined {
    const sqlite = new Sqlite(file);
    try {
      // RESERVED is what one connection can have, and there is no step before it at which two could stop each other. Without a
      // journal nothing is written, so that a full disk does not matter.
      sqlite.exec('PRAGMA busy_timeout=0; PRAGMA journal_mode=OFF; BEGIN IMMEDIATE');
      return new FolderLock(sqlite);
    } catch (error) {
      sqlite.close();
      if (error instanceof Sqlite.SqliteError && error.code === 'SQLITE_BUSY') return undefined;
      throw error;
    }
  }

  /** May be called again. */
  release(): void {
    if (this.#sqlite.open) this.#sqlite.close();
  }
}
