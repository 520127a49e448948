// Everything that a served world keeps, in one folder of mode 0700:
//   platform.db   what operators configured, what devices stored; secrets in it are sealed
//   master.key    opens the seals: 32 bytes, mode 0600
//   operator.json  the default operator's AuthKey, mode 0600: made when the folder is new and no configuration names one
//   files/        the bytes of Harvest Files, under names of the platform's own
//   cards/        one file of mode 0600 per SIM: the card's own memory
// An old copy may be put back: no nonce of a DTLS association is used a second time then. What is lost is what was written since, and
// with it the knowledge of which records of devices were already taken.

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Accounts, Database, DatabaseError, DEFAULT_OPERATOR, Seal } from '../platform/index.js';
import { Secret } from '../secret.js';
import { FileStore, openToOthers, personalise, type SimProfile } from '../sim/index.js';

const KEY_BYTES = 32;

export class DataFolder {
  readonly path: string;
  readonly database: Database;
  /** Folder of Harvest Files. */
  readonly files: string;
  readonly seal: Seal;

  /** Opens the folder, or makes it. Throws DatabaseError: its message names the file and says what to do. */
  constructor(path: string) {
    this.path = resolve(path);
    this.files = join(this.path, 'files');
    try {
      mkdirSync(join(this.path, 'cards'), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new DatabaseError(`${this.path}: the data folder cannot be made (${code(error)})`);
    }
    const database = join(this.path, 'platform.db');
    this.seal = new Seal(masterKey(join(this.path, 'master.key'), existsSync(database)));
    this.database = new Database(database);
  }

  /** Where the AuthKey of the default operator is. */
  get operatorFile(): string {
    return join(this.path, 'operator.json');
  }

  /** Makes an AuthKey when the default operator could not sign in: it is told in `operatorFile` and nowhere else. */
  unlock(accounts: Accounts): void {
    if (!accounts.isLocked(DEFAULT_OPERATOR)) return;
    // Nobody is left with a key that no file tells.
    this.database.transaction(() => {
      const owner = { operatorId: DEFAULT_OPERATOR, userName: undefined };
      const { authKeyId, authKey } = accounts.makeAuthKey(owner);
      const told = { authKeyId, authKey: Buffer.from(authKey.reveal()).toString() };
      writePrivate(this.operatorFile, Buffer.from(`${JSON.stringify(told, null, 2)}\n`));
    });
  }

  /** The memory of this SIM; a card from the factory when the folder has none. Throws FileStoreError. */
  card(profile: SimProfile): FileStore {
    return new FileStore(join(this.path, 'cards', `${profile.iccid}.json`), profile.iccid, () => personalise(profile));
  }
}

function masterKey(path: string, wanted: boolean): Secret {
  if (existsSync(path)) {
    const others = openToOthers(path);
    if (others !== undefined) throw new DatabaseError(`${path}: ${others}`);
    const key = readFileSync(path);
    if (key.length !== KEY_BYTES) throw new DatabaseError(`${path} has ${key.length} bytes, ${KEY_BYTES} are wanted`);
    return new Secret(key);
  }
  if (wanted) throw new DatabaseError(`${path} is missing: without it the secrets in platform.db cannot be opened`);
  const key = randomBytes(KEY_BYTES);
  writePrivate(path, key);
  return new Secret(key);
}

/** Whole or not at all, for nobody else's eyes. */
function writePrivate(path: string, bytes: Uint8Array): void {
  const file = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

const code = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown';
