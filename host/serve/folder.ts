// Everything that a served world keeps, in one folder of mode 0700 whose files have 0600:
//   in-use.lock    empty; locked while a process has the folder (lock.ts)
//   platform.db    what operators configured, what devices stored; secrets in it are sealed. With -wal beside it; -wal.left is
//                  what was not yet in a database that another program changed meanwhile
//   master.key     opens the seals: 32 bytes
//   operator.json  the default operator's AuthKey: made when the folder is new and no configuration names one
//   files/         the bytes of Harvest Files, under names of the platform's own
//   cards/         one file per SIM: the card's own memory
// A folder of wider mode is tightened if it is empty or a data folder; files with keys that others may read are refused.
// An old copy may be put back: no nonce of a DTLS association is used a second time then. What is lost is what was written since, and
// with it the knowledge of which records of devices were already taken.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Accounts, Database, DatabaseError, DEFAULT_OPERATOR, Seal, SealError } from '../platform/index.js';
import { ensurePrivateFile, makePrivate, openToOthers, writePrivate } from '../private-file.js';
import { Secret } from '../secret.js';
import { FileStore, personalise, type SimProfile } from '../sim/index.js';
import { isOwn, layoutFault } from './layout.js';
import { FolderLock } from './lock.js';

const KEY_BYTES = 32;

/** The folder is not the one to use: the user has to do something, and the message says what. */
export class FolderError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FolderError';
  }
}

/** Tells a wrong master key from damage: a text that the key has sealed, and what its bytes were. */
const KEY_CHECK = [
  `CREATE TABLE master_key (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL, digest BLOB NOT NULL) STRICT;`,
];
const KEY_PLACE = 'master-key';

const digestOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

export class DataFolder {
  readonly path: string;
  readonly database: Database;
  /** Folder of Harvest Files. */
  readonly files: string;
  readonly seal: Seal;
  readonly #lock: FolderLock;

  /**
   * Opens the folder, or makes it; `close` it. Throws FolderError for a folder that is in use, is something else, or has another
   * master key; DatabaseError for one that is damaged, full or cannot be used. Their messages name the folder and say what to do.
   */
  constructor(path: string) {
    this.path = resolve(path);
    this.files = join(this.path, 'files');
    this.#lock = withWords(this.path, () => {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
      claim(this.path);
      const fault = layoutFault(this.path);
      if (fault !== undefined) throw new FolderError(fault);
      return lockOf(this.path);
    });
    let database: Database | undefined;
    try {
      const file = join(this.path, 'platform.db');
      const hadDatabase = existsSync(file);
      withWords(this.path, () => {
        for (const name of ['cards', 'files']) mkdirSync(join(this.path, name), { recursive: true, mode: 0o700 });
        for (const name of ['', '-wal', '-wal.left', '-shm', '-journal']) makePrivate(file + name);
        makePrivate(this.files);
        chmodSync(join(this.path, 'cards'), 0o700);
      });
      refuseOpenSecret(this.operatorFile);
      this.seal = withWords(this.path, () => new Seal(masterKey(join(this.path, 'master.key'), hadDatabase)));
      withWords(this.path, () => ensurePrivateFile(file));
      database = new Database(file, { mayBeNew: !this.#hasLeavings(), exclusive: true });
      database.check();
      checkKey(database, this.seal, this.path);
      this.database = database;
    } catch (error) {
      database?.close();
      this.#lock.release();
      throw error;
    }
  }

  /** Where the AuthKey of the default operator is. */
  get operatorFile(): string {
    return join(this.path, 'operator.json');
  }

  /** Makes an AuthKey when the default operator could not sign in: it is told in `operatorFile` and nowhere else. */
  async unlock(accounts: Accounts): Promise<void> {
    if (!accounts.isLocked(DEFAULT_OPERATOR)) return;
    // No key is left that no file tells.
    await accounts.makeAuthKey({ operatorId: DEFAULT_OPERATOR, userName: undefined }, ({ authKeyId, authKey }) => {
      const told = { authKeyId, authKey: Buffer.from(authKey.reveal()).toString() };
      withWords(this.path, () => writePrivate(this.operatorFile, Buffer.from(`${JSON.stringify(told, null, 2)}\n`)));
    });
  }

  /** The memory of this SIM; a card from the factory when the folder has none. Throws FileStoreError. */
  card(profile: SimProfile): FileStore {
    return new FileStore(join(this.path, 'cards', `${profile.iccid}.json`), profile.iccid, () => personalise(profile));
  }

  /** Another may have it then. May be called again. */
  close(): void {
    this.database.close();
    this.#lock.release();
  }

  /** What is made only once the database holds something. */
  #hasLeavings(): boolean {
    return (
      existsSync(this.operatorFile) ||
      [join(this.path, 'cards'), this.files].some((folder) => readdirSync(folder).length > 0)
    );
  }
}

/** Nobody but its owner may look into it. Throws FolderError for a folder with other things in it. */
function claim(path: string): void {
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0) return;
  const strange = readdirSync(path).find((name) => !isOwn(name));
  if (strange !== undefined) {
    throw new FolderError(
      `${path}: others may look into this folder, and it holds more than a data folder does ("${strange}"): ` +
        `name a folder of its own, or run: chmod 700 ${path}`,
    );
  }
  chmodSync(path, 0o700);
}

function lockOf(path: string): FolderLock {
  const file = join(path, 'in-use.lock');
  ensurePrivateFile(file);
  const lock = FolderLock.take(file);
  if (lock === undefined) {
    throw new FolderError(
      `${path} is in use by another "akari serve": stop that one, or name another folder with --data`,
    );
  }
  return lock;
}

/** Throws DatabaseError. */
function masterKey(path: string, wanted: boolean): Secret {
  if (existsSync(path)) {
    refuseOpenSecret(path);
    const key = readFileSync(path);
    if (key.length !== KEY_BYTES) {
      throw new DatabaseError(`${path} has ${key.length} bytes; it must have ${KEY_BYTES}`, 'damaged');
    }
    return new Secret(key);
  }
  if (wanted) {
    throw new DatabaseError(`${path} is missing: without it the secrets in platform.db cannot be opened`, 'damaged');
  }
  const key = randomBytes(KEY_BYTES);
  writePrivate(path, key);
  return new Secret(key);
}

function refuseOpenSecret(path: string): void {
  const others = openToOthers(path);
  if (others !== undefined) throw new DatabaseError(`${path}: ${others}`);
}

/** Throws FolderError for a master key that is not the one that this database was begun with. */
function checkKey(database: Database, seal: Seal, path: string): void {
  database.define('data folder', KEY_CHECK);
  const row = database.get('SELECT sealed, digest FROM master_key');
  if (row === undefined) {
    const sealed = seal.close(Buffer.from(KEY_PLACE), KEY_PLACE);
    database.run('INSERT INTO master_key (id, sealed, digest) VALUES (1, ?, ?)', sealed, digestOf(sealed));
    return;
  }
  const [sealed, digest] = [row['sealed'] as Uint8Array, row['digest'] as Uint8Array];
  const now = digestOf(sealed);
  if (digest.length !== now.length || !timingSafeEqual(digest, now)) {
    throw new DatabaseError(`${database.file} is damaged: put a copy of the whole folder back (master_key)`, 'damaged');
  }
  try {
    seal.open(sealed, KEY_PLACE);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw new FolderError(
      `${path}: master.key is not the key of this platform.db, which was sealed with another master key: put the right one back`,
    );
  }
}

/** Errors of the file system as DatabaseError, with the folder's name and what to do. */
function withWords<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof FolderError || error instanceof DatabaseError || code === undefined) throw error;
    const words = WRONG_NAME[code];
    if (words !== undefined) throw new FolderError(`${path}: the data folder cannot be used (${code}): ${words}`);
    const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL';
    const { message } = error as Error; // SQLite has an error without a code for what it cannot open
    const what = full
      ? 'the disk is full: make room there'
      : `the data folder cannot be used (${code === '' ? message : code})`;
    throw new DatabaseError(`${path}: ${what}`, full ? 'full' : 'unusable', code, { cause: error });
  }
}

/** What is wrong with the name, not with the disk. */
const WRONG_NAME: Readonly<Record<string, string>> = {
  EACCES: 'it, or the folder above it, belongs to another user',
  EPERM: 'it belongs to another user',
  EROFS: 'nothing can be written there',
  ENOTDIR: 'there is a file of this name, or on the way to it',
  EEXIST: 'there is a file of this name',
  ENOENT: 'a link leads to nothing',
  ELOOP: 'a link leads back to itself',
  ENAMETOOLONG: 'the name is too long',
};
