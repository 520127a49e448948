// An association that outlives the process: what has to be written down, and when, so that afterwards no nonce is used twice
// and no record is taken twice (RFC 6347 4.1.2.6, RFC 5288 6.2). A client does not notice that its server was restarted.

import type { Nanoseconds } from '../clock/clock.js';
import type { Secret } from '../secret.js';
import type { Agreement } from './handshake.js';

/** What does not change as long as an association is open. */
export interface KeptAssociation extends Agreement {
  /** Tells it from all others. */
  readonly id: string;
  readonly identity: string;
  readonly keyId: string;
  readonly master: Secret;
}

/** Bounds of what was used: written down before anything beyond them is. */
export interface Marks {
  /** Where the client was heard last. */
  readonly pathKey: string;
  /** No record with this sequence number, or a higher one, has been sent. */
  readonly nextWrite: number;
  /** No record with this sequence number, or a higher one, has been taken. */
  readonly nextRead: number;
  /** Since the client was heard last. */
  readonly silentFor: Nanoseconds;
}

/** Writes them down. What throws has not written: an association then ends where its marks end. */
export interface AssociationKeeper {
  opened(association: KeptAssociation, marks: Marks): void;
  marked(id: string, marks: Marks): void;
  ended(id: string): void;
}

/**
 * How far ahead marks are set. Records of the server: any number, a client takes gaps. Of the client: those between its last one and the
 * mark are dropped after a crash, and a request is sent five times (RFC 7252 4.2), so that the fifth is taken at the latest.
 */
const WRITE_AHEAD = 1024;
const READ_AHEAD = 4;

/** The marks of one association. What cannot be written down must not be used: then the answer is false. */
export class Bounds {
  readonly #keeper: AssociationKeeper | undefined;
  /** Undefined: nobody keeps it, and there is nothing to respect. */
  #kept: { readonly id: string; readonly nextWrite: number; readonly nextRead: number } | undefined;

  constructor(keeper: AssociationKeeper | undefined) {
    this.#keeper = keeper;
  }

  get isKept(): boolean {
    return this.#kept !== undefined;
  }

  /** It is open. When nothing can be written, it is good for as long as the process lives. */
  open(association: KeptAssociation, used: Marks): void {
    const marks = this.#ahead(used);
    try {
      this.#keeper?.opened(association, marks);
      if (this.#keeper) this.restored(association.id, marks);
    } catch {
      // as said
    }
  }

  restored(id: string, { nextWrite, nextRead }: Marks): void {
    this.#kept = { id, nextWrite, nextRead };
  }

  /** Room for so many more records. */
  mayWrite(used: Marks, records: number): boolean {
    return (
      this.#kept === undefined || used.nextWrite + records <= this.#kept.nextWrite || this.#mark(this.#ahead(used))
    );
  }

  /** `used`: with the record that has come. */
  mayRead(used: Marks, isElsewhere: boolean): boolean {
    if (this.#kept === undefined || (!isElsewhere && used.nextRead <= this.#kept.nextRead)) return true;
    return this.#mark(this.#ahead(used));
  }

  /** Nothing more will be used. */
  close(used: Marks): boolean {
    return this.#mark(used);
  }

  #ahead(used: Marks): Marks {
    const limit = this.#kept?.nextRead ?? 0;
    const nextRead = used.nextRead <= limit ? limit : used.nextRead + READ_AHEAD;
    return { ...used, nextWrite: used.nextWrite + WRITE_AHEAD, nextRead };
  }

  #mark(marks: Marks): boolean {
    if (this.#kept === undefined) return true;
    try {
      this.#keeper?.marked(this.#kept.id, marks);
    } catch {
      return false;
    }
    this.restored(this.#kept.id, marks);
    return true;
  }
}
