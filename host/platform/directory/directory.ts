// Subscribers, groups and credentials of the platform's operators: kept in the database, secrets sealed, and held in
// memory for the services, which ask for them with every request.

import { readAs } from '../../faults.js';
import { Secret } from '../../secret.js';
import { Database, DatabaseError, type Row, storedJson } from '../database.js';
import { Seal } from '../seal.js';
import { type Credentials, type CredentialsInput, credentialsEntry } from './credentials.js';
import { Namespaces, type WrittenConfiguration } from '../config/namespace.js';
import { configFaults, directoryConfig, GROUP_BYTES, PlatformConfigError } from './schema.js';
import { Stock } from './stock.js';
import type { Group, Subscriber, SubscriberDirectory, SubscriberStatus } from './types.js';

/** Who owns what a configuration names, when it names no operator. */
export const DEFAULT_OPERATOR = 'OP0012345678';

const TABLES = [
  `CREATE TABLE groups (
     operator_id TEXT NOT NULL, group_id TEXT PRIMARY KEY, tags TEXT NOT NULL, configuration BLOB NOT NULL,
     created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL) STRICT;
   CREATE TABLE subscribers (
     operator_id TEXT NOT NULL, imsi TEXT PRIMARY KEY, sim_id TEXT NOT NULL, msisdn TEXT NOT NULL, iccid TEXT NOT NULL,
     status TEXT NOT NULL, speed_class TEXT NOT NULL, tags TEXT NOT NULL, group_id TEXT REFERENCES groups (group_id),
     created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL) STRICT;
   CREATE TABLE credentials (
     operator_id TEXT NOT NULL, credentials_id TEXT NOT NULL, type TEXT NOT NULL, description TEXT NOT NULL,
     sealed BLOB NOT NULL, created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL, used_ms INTEGER,
     PRIMARY KEY (operator_id, credentials_id)) STRICT;`,
  `ALTER TABLE subscribers ADD COLUMN termination_enabled INTEGER NOT NULL DEFAULT 0;`,
];

export interface DirectoryOptions {
  /** What groups may be configured for; nothing unless given. */
  readonly namespaces?: Namespaces;
  /** In memory unless given. */
  readonly database?: Database;
  readonly seal?: Seal;
  /** UNIX milliseconds, for the times of creation and change. */
  readonly unixMs?: () => number;
}

/** A group as its operator sees it. `written` is the configuration as it was written (JSON): it may hold secrets. */
export interface GroupRecord extends Group {
  readonly operatorId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly written: Secret;
  readonly createdMs: number;
  readonly modifiedMs: number;
}

/** What is told of an entry of the credentials store: not its secrets. */
export interface CredentialsRecord {
  readonly credentialsId: string;
  readonly type: Credentials['type'];
  readonly description: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly usedMs: number | undefined;
}

export type SubscriberChange = Partial<Pick<Subscriber, 'status' | 'speedClass' | 'tags' | 'terminationEnabled'>> & {
  /** null: in no group. */
  readonly groupId?: string | null;
};

interface StoredSubscriber extends Omit<Subscriber, 'group'> {
  readonly groupId: string | undefined;
}

export class Directory implements SubscriberDirectory {
  readonly namespaces: Namespaces;
  readonly #configSchema: ReturnType<typeof directoryConfig>;
  readonly #database: Database;
  readonly #seal: Seal;
  readonly #unixMs: () => number;
  readonly #stock: Stock;
  readonly #subscribers = new Map<string, StoredSubscriber>();
  readonly #groups = new Map<string, GroupRecord>();
  readonly #groupListeners: ((group: Pick<GroupRecord, 'operatorId' | 'id'>) => void)[] = [];
  readonly #credentials = new Map<string, { readonly record: CredentialsRecord; readonly value: Credentials }>();

  /** Reads what the database holds. Throws SealError when that was sealed with another master key, DatabaseError when it is damaged. */
  constructor(options: DirectoryOptions = {}) {
    const { namespaces = new Namespaces(), database = new Database(), seal = new Seal(), unixMs = () => 0 } = options;
    this.namespaces = namespaces;
    this.#configSchema = directoryConfig(namespaces);
    this.#database = database;
    this.#seal = seal;
    this.#unixMs = unixMs;
    database.define('directory', TABLES);
    this.#stock = new Stock(database, seal);
    for (const row of database.all('SELECT * FROM groups')) this.#keepGroup(this.#readGroup(row));
    for (const row of database.all('SELECT * FROM subscribers')) this.#keep(readSubscriber(row));
    for (const row of database.all('SELECT * FROM credentials')) this.#readCredentials(row);
  }

  /**
   * Adds what a configuration names and the directory does not have yet; what is there stays as it is. All or nothing.
   * Throws PlatformConfigError; `source` names the configuration in its message, for example its file.
   */
  seed(config: unknown, source = 'platform configuration'): this {
    // Who writes a file by hand is told of slips; the API keeps what it does not know.
    const faults = configFaults(this.namespaces, config);
    if (faults.length > 0) throw new PlatformConfigError(source, faults);
    const data = this.#configSchema.parse(config);
    // The values as written: parsing has made secrets of some.
    const written = config as { groups?: Record<string, { configuration: WrittenConfiguration }> };
    const writtenCredentials = (config as { credentials?: Record<string, CredentialsInput> }).credentials ?? {};
    this.#database.transaction(() => {
      for (const [id, { configuration }] of Object.entries(written.groups ?? {})) {
        if (!this.#groups.has(id)) this.createGroup(DEFAULT_OPERATOR, { id, configuration });
      }
      for (const [id, entry] of Object.entries(writtenCredentials)) {
        if (this.credentials(DEFAULT_OPERATOR, id) === undefined) this.putCredentials(DEFAULT_OPERATOR, id, entry);
      }
      for (const subscriber of data.subscribers) {
        if (!this.#subscribers.has(subscriber.imsi)) this.register(DEFAULT_OPERATOR, subscriber);
      }
      for (const sim of data.stock) if (!this.#subscribers.has(sim.imsi)) this.#stock.add(sim);
    });
    return this;
  }

  // --- Subscribers ---

  subscriber(imsi: string): Subscriber | undefined {
    const found = this.#subscribers.get(imsi);
    return found && this.#withGroup(found);
  }

  /** All of an operator, by IMSI. */
  subscribers(operatorId: string): readonly Subscriber[] {
    return [...this.#subscribers.values()]
      .filter((subscriber) => subscriber.operatorId === operatorId)
      .sort((a, b) => (a.imsi < b.imsi ? -1 : 1))
      .map((subscriber) => this.#withGroup(subscriber));
  }

  /** Throws DirectoryError 'exists' for an IMSI that is there, 'no-group'. */
  register(
    operatorId: string,
    subscriber: {
      readonly imsi: string;
      readonly iccid: string;
      readonly simId?: string | undefined;
      readonly msisdn?: string | undefined;
      readonly groupId?: string | undefined;
      readonly status?: SubscriberStatus | undefined;
      readonly speedClass?: string | undefined;
      readonly tags?: Readonly<Record<string, string>> | undefined;
      readonly terminationEnabled?: boolean | undefined;
    },
  ): Subscriber {
    const { imsi, iccid, groupId } = subscriber;
    if (this.#subscribers.has(imsi)) throw new DirectoryError('exists', `${imsi} is registered already`);
    if (groupId !== undefined) this.#ownGroup(operatorId, groupId);
    const now = this.#unixMs();
    const stored: StoredSubscriber = {
      ...{ operatorId, imsi, iccid, groupId },
      simId: subscriber.simId ?? iccid,
      msisdn: subscriber.msisdn ?? '',
      status: subscriber.status ?? 'active',
      speedClass: subscriber.speedClass ?? 's1.standard',
      tags: subscriber.tags ?? {},
      terminationEnabled: subscriber.terminationEnabled ?? false,
      ...{ createdMs: now, modifiedMs: now },
    };
    this.#save(stored);
    return this.#withGroup(stored);
  }

  /**
   * Registers a SIM from the stock for the operator who knows the secret that came with it. Throws DirectoryError
   * 'unknown' for any other, whether it is there or not, and 'no-group'.
   */
  claim(
    operatorId: string,
    imsi: string,
    secret: string,
    more: { readonly groupId?: string | undefined; readonly tags?: Readonly<Record<string, string>> | undefined },
  ): Subscriber {
    if (more.groupId !== undefined) this.#ownGroup(operatorId, more.groupId);
    return this.#database.transaction(() => {
      const sim = this.#stock.take(imsi, secret);
      if (sim === undefined) throw new DirectoryError('unknown', `there is no SIM ${imsi} with this secret`);
      return this.register(operatorId, { ...sim, ...more, status: 'ready' });
    });
  }

  /** Throws DirectoryError 'unknown' or 'no-group'. */
  change(imsi: string, { groupId, ...fields }: SubscriberChange): Subscriber {
    const found = this.#subscribers.get(imsi);
    if (found === undefined) throw new DirectoryError('unknown', `there is no subscriber ${imsi}`);
    if (typeof groupId === 'string') this.#ownGroup(found.operatorId, groupId);
    const stored: StoredSubscriber = {
      ...found,
      ...fields,
      groupId: groupId === undefined ? found.groupId : (groupId ?? undefined),
      modifiedMs: this.#unixMs(),
    };
    this.#save(stored);
    return this.#withGroup(stored);
  }

  // --- Groups ---

  group(operatorId: string, id: string): GroupRecord | undefined {
    const found = this.#groups.get(id);
    return found?.operatorId === operatorId ? found : undefined;
  }

  /** Whether any operator has a group of this id. */
  hasGroup(id: string): boolean {
    return this.#groups.has(id);
  }

  groups(operatorId: string): readonly GroupRecord[] {
    return [...this.#groups.values()].filter((group) => group.operatorId === operatorId);
  }

  /** Throws DirectoryError 'exists', or PlatformConfigError for a configuration that cannot be. */
  createGroup(
    operatorId: string,
    group: {
      readonly id: string;
      readonly tags?: Readonly<Record<string, string>>;
      readonly configuration?: WrittenConfiguration;
    },
  ): GroupRecord {
    const { id, tags = {}, configuration = {} } = group;
    if (this.#groups.has(id)) throw new DirectoryError('exists', `there is a group "${id}" already`);
    const now = this.#unixMs();
    return this.#saveGroup({ operatorId, id, tags, createdMs: now, modifiedMs: now }, configuration);
  }

  /** Replaces tags or the whole configuration. Throws DirectoryError 'no-group', or PlatformConfigError. */
  changeGroup(
    operatorId: string,
    id: string,
    change: { readonly tags?: Readonly<Record<string, string>>; readonly configuration?: WrittenConfiguration },
  ): GroupRecord {
    const { createdMs, ...group } = this.#ownGroup(operatorId, id);
    const { tags = group.tags, configuration = writtenConfiguration(group) } = change;
    const changed = this.#saveGroup({ operatorId, id, tags, createdMs, modifiedMs: this.#unixMs() }, configuration);
    for (const listener of this.#groupListeners) listener(changed);
    return changed;
  }

  /** From now on `listener` is called when a group has another configuration, or is gone. */
  onGroupChange(listener: (group: Pick<GroupRecord, 'operatorId' | 'id'>) => void): void {
    this.#groupListeners.push(listener);
  }

  /** Its subscribers are then in no group. Throws DirectoryError 'no-group'. */
  deleteGroup(operatorId: string, id: string): void {
    this.#ownGroup(operatorId, id);
    this.#database.transaction(() => {
      for (const { imsi, groupId } of [...this.#subscribers.values()]) {
        if (groupId === id) this.change(imsi, { groupId: null });
      }
      this.#database.run('DELETE FROM groups WHERE group_id = ?', id);
    });
    this.#groups.delete(id);
    for (const listener of this.#groupListeners) listener({ operatorId, id });
  }

  // --- Credentials ---

  credentials(operatorId: string, credentialsId: string): Credentials | undefined {
    return this.#credentials.get(key(operatorId, credentialsId))?.value;
  }

  credentialsRecords(operatorId: string): readonly CredentialsRecord[] {
    return [...this.#credentials].filter(([k]) => k.startsWith(`${operatorId}/`)).map(([, { record }]) => record);
  }

  /** Makes or replaces an entry. Throws PlatformConfigError. */
  putCredentials(operatorId: string, credentialsId: string, entry: unknown): CredentialsRecord {
    const { value, description = '' } = parseCredentials(entry, `credentials ${credentialsId}`);
    const { type, credentials } = entry as CredentialsInput;
    const now = this.#unixMs();
    const createdMs = this.#credentials.get(key(operatorId, credentialsId))?.record.createdMs ?? now;
    const place = `credentials/${key(operatorId, credentialsId)}`;
    this.#database.run(
      `INSERT OR REPLACE INTO credentials
         (operator_id, credentials_id, type, description, sealed, created_ms, modified_ms) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      ...[operatorId, credentialsId, type, description],
      this.#seal.close(Buffer.from(JSON.stringify(credentials)), place),
      ...[createdMs, now],
    );
    const record = { credentialsId, type, description, createdMs, modifiedMs: now, usedMs: undefined };
    this.#credentials.set(key(operatorId, credentialsId), { record, value });
    return record;
  }

  /** Returns whether it was there. */
  deleteCredentials(operatorId: string, credentialsId: string): boolean {
    this.#database.run(
      'DELETE FROM credentials WHERE operator_id = ? AND credentials_id = ?',
      operatorId,
      credentialsId,
    );
    return this.#credentials.delete(key(operatorId, credentialsId));
  }

  // --- Store ---

  #withGroup({ groupId, ...subscriber }: StoredSubscriber): Subscriber {
    return { ...subscriber, group: groupId === undefined ? undefined : this.#groups.get(groupId) };
  }

  #ownGroup(operatorId: string, id: string): GroupRecord {
    const found = this.group(operatorId, id);
    if (found === undefined) throw new DirectoryError('no-group', `there is no group "${id}"`);
    return found;
  }

  #keep(subscriber: StoredSubscriber): void {
    this.#subscribers.set(subscriber.imsi, subscriber);
  }

  #save(subscriber: StoredSubscriber): void {
    const { operatorId, imsi, simId, msisdn, iccid, status, speedClass, tags, groupId, createdMs, modifiedMs } =
      subscriber;
    this.#database.run(
      `INSERT OR REPLACE INTO subscribers
         (operator_id, imsi, sim_id, msisdn, iccid, status, speed_class, tags, group_id, created_ms, modified_ms,
          termination_enabled)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[operatorId, imsi, simId, msisdn, iccid, status, speedClass, JSON.stringify(tags)],
      ...[groupId ?? null, createdMs, modifiedMs, subscriber.terminationEnabled ? 1 : 0],
    );
    this.#keep(subscriber);
  }

  #keepGroup(group: GroupRecord): GroupRecord {
    this.#groups.set(group.id, group);
    return group;
  }

  #saveGroup(group: Omit<GroupRecord, 'configuration' | 'written'>, input: WrittenConfiguration): GroupRecord {
    const { operatorId, id, tags, createdMs, modifiedMs } = group;
    const configuration = this.#read(input, `group ${id}`);
    const written = Buffer.from(JSON.stringify(input));
    const size = written.length;
    if (size > GROUP_BYTES) {
      throw new PlatformConfigError(`group ${id}`, [`configuration has ${size} bytes, ${GROUP_BYTES} is the limit`]);
    }
    this.#database.run(
      `INSERT INTO groups (operator_id, group_id, tags, configuration, created_ms, modified_ms) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (group_id) DO UPDATE
         SET tags = excluded.tags, configuration = excluded.configuration, modified_ms = excluded.modified_ms`,
      ...[operatorId, id, JSON.stringify(tags), this.#seal.close(written, `groups/${id}`)],
      ...[createdMs, modifiedMs],
    );
    return this.#keepGroup({ ...group, configuration, written: new Secret(written) });
  }

  #readGroup(row: Row): GroupRecord {
    const id = String(row['group_id']);
    const written = new Secret(this.#seal.open(row['configuration'] as Uint8Array, `groups/${id}`));
    return {
      id,
      operatorId: String(row['operator_id']),
      tags: storedJson<Record<string, string>>(row, 'tags'),
      written,
      configuration: this.#stored((source) => this.#read(writtenConfiguration({ written }), `group ${id}${source}`)),
      createdMs: Number(row['created_ms']),
      modifiedMs: Number(row['modified_ms']),
    };
  }

  #read(input: WrittenConfiguration, source: string): Group['configuration'] {
    const read = readAs(this.namespaces.schema, input);
    if (read.faults !== undefined) throw new PlatformConfigError(source, read.faults);
    return read.data;
  }

  /** What was taken once and is not understood now is no fault of a configuration. Throws DatabaseError. */
  #stored<T>(parse: (source: string) => T): T {
    try {
      return parse(` in ${this.#database.file}`);
    } catch (error) {
      if (!(error instanceof PlatformConfigError)) throw error;
      throw new DatabaseError(`what is stored cannot be used: ${error.message}`, 'damaged', 'directory');
    }
  }

  #readCredentials(row: Row): void {
    const [operatorId, credentialsId] = [String(row['operator_id']), String(row['credentials_id'])];
    const place = `credentials/${key(operatorId, credentialsId)}`;
    const credentials: unknown = JSON.parse(this.#seal.open(row['sealed'] as Uint8Array, place).toString());
    const { value } = this.#stored((source) =>
      parseCredentials({ type: row['type'], credentials }, `credentials ${credentialsId}${source}`),
    );
    const record: CredentialsRecord = {
      credentialsId,
      type: value.type,
      description: String(row['description']),
      createdMs: Number(row['created_ms']),
      modifiedMs: Number(row['modified_ms']),
      usedMs: row['used_ms'] == null ? undefined : Number(row['used_ms']),
    };
    this.#credentials.set(key(operatorId, credentialsId), { record, value });
  }
}

/** The configuration as its operator wrote it, secrets included. */
export const writtenConfiguration = ({ written }: Pick<GroupRecord, 'written'>): WrittenConfiguration =>
  JSON.parse(Buffer.from(written.reveal()).toString()) as WrittenConfiguration;

/** Why the directory did not do what it was asked to. */
export class DirectoryError extends Error {
  constructor(
    readonly code: 'exists' | 'unknown' | 'no-group',
    message: string,
  ) {
    super(message);
    this.name = 'DirectoryError';
  }
}

const key = (operatorId: string, id: string): string => `${operatorId}/${id}`;

const readSubscriber = (row: Row): StoredSubscriber => ({
  operatorId: String(row['operator_id']),
  imsi: String(row['imsi']),
  simId: String(row['sim_id']),
  msisdn: String(row['msisdn']),
  iccid: String(row['iccid']),
  status: String(row['status']) as SubscriberStatus,
  speedClass: String(row['speed_class']),
  tags: storedJson<Record<string, string>>(row, 'tags'),
  groupId: row['group_id'] == null ? undefined : String(row['group_id']),
  terminationEnabled: Number(row['termination_enabled']) === 1,
  createdMs: Number(row['created_ms']),
  modifiedMs: Number(row['modified_ms']),
});

function parseCredentials(
  entry: unknown,
  source: string,
): { readonly value: Credentials; readonly description: string | undefined } {
  const read = readAs(credentialsEntry, entry);
  if (read.faults !== undefined) throw new PlatformConfigError(source, read.faults);
  const { type, credentials, description } = read.data;
  return { value: { type, ...credentials } as Credentials, description };
}
