// What retention counts: the time that the platform has run with this database. A wall clock that is wrong, at a start or in
// between, then deletes nothing; time at which the platform did not run does not count. Kept in the database, so that it
// goes on over restarts; what was not kept when the process was killed is lost, and things stay so much longer.

import type { Clock, Nanoseconds } from '../clock/clock.js';
import type { Database } from './database.js';

const TABLES = [`CREATE TABLE running_time (id INTEGER PRIMARY KEY CHECK (id = 1), ms INTEGER NOT NULL) STRICT;`];

export class RunningTime {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #start: Nanoseconds;
  #before: number;

  constructor(database: Database, clock: Pick<Clock, 'now'>) {
    this.#database = database;
    this.#clock = clock;
    this.#start = clock.now();
    database.define('running time', TABLES);
    this.#before = Number(database.get('SELECT ms FROM running_time')?.['ms'] ?? 0);
  }

  /** Milliseconds. Never goes back while the process lives. */
  ms(): number {
    return this.#before + Math.floor((this.#clock.now() - this.#start) / 1e6);
  }

  /** Something is marked with this time: it has been. */
  atLeast(ms: number): void {
    this.#before += Math.max(0, ms - this.ms());
  }

  /** Throws DatabaseError. */
  keep(): void {
    this.#database.run('INSERT OR REPLACE INTO running_time (id, ms) VALUES (1, ?)', this.ms());
  }
}
