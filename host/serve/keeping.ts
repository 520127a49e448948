// What the home network keeps in the database of a served world: each subscriber's SQN, and the address of its session.

import { fromHex, toHex } from '../bytes.js';
import {
  type AuthSubscriber,
  type MemorySubscribers,
  type SubscriberStore,
  SubscriberStoreError,
} from '../cellular/index.js';
import { type Database, storageFaultOf } from '../platform/index.js';

const TABLES = [
  `CREATE TABLE sqn (imsi TEXT PRIMARY KEY, sqn TEXT NOT NULL) STRICT;
   CREATE TABLE address (number INTEGER PRIMARY KEY AUTOINCREMENT, imsi TEXT NOT NULL UNIQUE) STRICT;`,
];

/** SQN outlives the process: a network that starts again would be refused by every card as a replay. */
export class KeptSubscribers implements SubscriberStore {
  readonly #database: Database;
  readonly #subscribers: MemorySubscribers;

  constructor(database: Database, subscribers: MemorySubscribers) {
    this.#database = database;
    this.#subscribers = subscribers;
    database.define('home network', TABLES);
    for (const { imsi, sqn } of database.all('SELECT imsi, sqn FROM sqn')) {
      subscribers.setSqn(String(imsi), fromHex(String(sqn)));
    }
  }

  find(imsi: string): AuthSubscriber | undefined {
    return this.#subscribers.find(imsi);
  }

  setSqn(imsi: string, sqn: Uint8Array): void {
    try {
      this.#database.run('INSERT OR REPLACE INTO sqn (imsi, sqn) VALUES (?, ?)', imsi, toHex(sqn));
    } catch (error) {
      const fault = storageFaultOf(error);
      throw fault === undefined ? error : new SubscriberStoreError(`SQN cannot be stored: ${fault}`, { cause: error });
    }
    this.#subscribers.setSqn(imsi, sqn);
  }
}

/** 127.64.0.0/10 has room for so many sessions. */
const SESSIONS_MAX = 2 ** 22 - 2;

/** The loopback address of this subscriber's sessions: 127.64.0.1 for the first one that was ever seen, and so on. */
export function addressOf(database: Database, imsi: string): string {
  database.define('home network', TABLES);
  database.run('INSERT OR IGNORE INTO address (imsi) VALUES (?)', imsi);
  const number = Number(database.get('SELECT number FROM address WHERE imsi = ?', imsi)?.['number']);
  if (number > SESSIONS_MAX) throw new RangeError(`no address is left for ${imsi}`);
  return `127.${64 + (number >> 16)}.${(number >> 8) & 0xff}.${number & 0xff}`;
}
