// From where each operator and user signs in. Who has a proof (proven.ts, or is signed in already) waits among those, behind few; who
// comes from a place where the owner has signed in before waits among these, behind whatever comes from there; all others
// wait by where they come from. So does an attack with many names or from many addresses: it takes one turn in three at most.

import { isIPv6 } from 'node:net';
import type { Database } from '../database.js';
import { SIGN_IN_LIMITS } from '../limits.js';

const TABLES = [
  `CREATE TABLE sign_in_places (
     operator_id TEXT NOT NULL, user_name TEXT NOT NULL, place TEXT NOT NULL, used_ms INTEGER NOT NULL,
     PRIMARY KEY (operator_id, user_name, place)) STRICT;`,
];

/** The operator's root has no name. */
interface Owner {
  readonly operatorId: string;
  readonly userName: string | undefined;
}

export class SignInPlaces {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    database.define('sign-in-places', TABLES);
  }

  isUsual({ operatorId, userName = '' }: Owner, address: string): boolean {
    const sql = 'SELECT 1 FROM sign_in_places WHERE operator_id = ? AND user_name = ? AND place = ?';
    return this.#database.get(sql, operatorId, userName, placeOf(address)[1]) !== undefined;
  }

  /** Keeps the place of a sign-in that was right; the one used longest ago makes room. */
  keep({ operatorId, userName = '' }: Owner, address: string, unixMs: number): void {
    this.#database.run(
      'INSERT OR REPLACE INTO sign_in_places (operator_id, user_name, place, used_ms) VALUES (?, ?, ?, ?)',
      ...[operatorId, userName, placeOf(address)[1], unixMs],
    );
    this.#database.run(
      `DELETE FROM sign_in_places WHERE operator_id = ?1 AND user_name = ?2 AND place NOT IN (
         SELECT place FROM sign_in_places WHERE operator_id = ?1 AND user_name = ?2 ORDER BY used_ms DESC LIMIT ?3)`,
      ...[operatorId, userName, SIGN_IN_LIMITS.places],
    );
  }

  forget({ operatorId, userName = '' }: Owner): void {
    this.#database.run('DELETE FROM sign_in_places WHERE operator_id = ? AND user_name = ?', operatorId, userName);
  }
}

/** The path to the turns of an owner that has a proof of it: a token that is good, or the secret that was right the last time. */
export const provenTurns = ({ operatorId, userName = '' }: Owner): readonly string[] => [
  'proven',
  operatorId,
  userName,
];

/** Of who comes from a place of this owner's. */
export const ownerTurns = ({ operatorId, userName = '' }: Owner): readonly string[] => ['known', operatorId, userName];

/** And of anybody else: `kind`, `name`: how, and as whom. */
export const strangerTurns = (address: string, kind: string, name: string): readonly string[] => [
  'new',
  ...placeOf(address),
  kind,
  name,
];

/**
 * The network and the place in it that an address stands for: what one subscriber of an access network is given, an IPv4
 * address or the /64 of an IPv6 one (RFC 6177), in the /24 or /48 that one organisation has.
 */
export function placeOf(address: string): readonly [network: string, place: string] {
  if (!isIPv6(address)) return [address.split('.').slice(0, 3).join('.'), address];
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return placeOf(mapped);
  // The URL parser writes an address in its one shortest form (RFC 5952) and knows no zone.
  const [host = ''] = address.split('%');
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const all = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
  return [all.slice(0, 3).join(':'), all.slice(0, 4).join(':')];
}
