// One client of the server: the records of its handshake (handshake.ts), then its data, until one of both closes (RFC 6347 4.2,
// RFC 5246 7.2). The server beside it (server.ts) finds out whom a datagram belongs to.

import { Alarm } from '../alarm.js';
import type { Clock } from '../clock/clock.js';
import type { Random } from '../random.js';
import {
  Alert,
  AlertLevel,
  type CipherSuite,
  ContentType,
  HandshakeType,
  LAST_SEQUENCE,
  MAX_PLAINTEXT,
  MESSAGE_HEAD,
  VERSION,
} from './fields.js';
import {
  type Agreement,
  type ConnectionKeys,
  connectionKeys,
  type Flown,
  Handshake,
  type HandshakeStart,
  type KeysOf,
  type ResumableSession,
} from './handshake.js';
import { type AssociationKeeper, Bounds, type KeptAssociation, type Marks } from './kept.js';
import type { DtlsLimits } from './limits.js';
import { type ClientHello, type Fragment, fragments, type HandshakeMessage, readFragments } from './messages.js';
import { DtlsError, uint } from './reader.js';
import { type DtlsRecord, type Opened, overhead, plainRecord, ReplayWindow } from './record.js';

/** Where datagrams of a client come from and go to. */
export interface DtlsPath {
  /** Its transport address: the same for all datagrams from there. */
  readonly key: string;
  send(datagram: Uint8Array): void;
}

/** What an association needs of its server. */
export interface AssociationContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: DtlsLimits;
  readonly keysOf: KeysOf;
  readonly opened: (association: Association) => void;
  readonly data: (association: Association, bytes: Buffer) => void;
  readonly ended: (association: Association, reason: EndReason) => void;
  /** Who writes down what outlives the process; nothing does unless given. */
  readonly keeper?: AssociationKeeper | undefined;
}

/** Why an association ended: by whom or what. `suspended`: only here, to be taken up by the next process. */
export type EndReason =
  ('closed by peer' | 'closed' | 'alert' | 'failed' | 'timeout' | 'replaced' | 'evicted') | 'suspended';

export interface AssociationStart extends Pick<HandshakeStart, 'agreement' | 'sequence' | 'resumed'> {
  /** Record sequence number of the ClientHello, with which the server begins (RFC 6347 4.2.1). */
  readonly recordSequence: number;
  readonly path: DtlsPath;
}

type State = 'handshake' | 'open' | 'closed';

export class Association {
  readonly #context: AssociationContext;
  readonly #agreement: Agreement;
  readonly #alarm: Alarm;
  readonly #startedAt: number;
  readonly #windows = [new ReplayWindow(), new ReplayWindow()] as const;
  readonly #early: DtlsRecord[] = [];
  readonly #bounds: Bounds;
  #path: DtlsPath;
  #state: State = 'handshake';
  /** Until it is open. */
  #handshake: Handshake | undefined;
  #isResumed = false;
  #keys: ConnectionKeys | undefined;
  #identity = '';
  #flight: readonly Flown[] = [];
  #wait: number;
  #writeSequence: [number, number] = [0, 0];
  #heardAt: number;

  private constructor(context: AssociationContext, agreement: Agreement, path: DtlsPath) {
    const { clock, keeper, limits } = context;
    this.#context = context;
    this.#agreement = agreement;
    this.#path = path;
    this.#alarm = new Alarm(clock);
    this.#startedAt = this.#heardAt = clock.now();
    this.#bounds = new Bounds(keeper);
    this.#wait = limits.firstTimeout;
  }

  /** A new one, whose handshake `start` begins. */
  static begun(context: AssociationContext, { path, recordSequence, ...start }: AssociationStart): Association {
    const { limits, keysOf, random } = context;
    const association = new Association(context, start.agreement, path);
    association.#handshake = new Handshake({ ...start, limits, keysOf, random });
    association.#isResumed = start.resumed !== undefined;
    association.#writeSequence[0] = recordSequence;
    return association;
  }

  /** An open one, of an earlier process. */
  static restored(context: AssociationContext, kept: KeptAssociation, marks: Marks, path: DtlsPath): Association {
    const association = new Association(context, kept, path);
    association.#identity = kept.identity;
    association.#keys = connectionKeys(kept, kept.keyId, kept.master.reveal());
    association.#state = 'open';
    association.#writeSequence[1] = marks.nextWrite;
    association.#windows[1].mark(marks.nextRead - 1, 'all before');
    association.#heardAt = context.clock.now() - marks.silentFor;
    association.#bounds.restored(kept.id, marks);
    return association;
  }

  /** Answers the ClientHello. `message`: as it came, for the transcript. */
  start(message: HandshakeMessage, hello: ClientHello): void {
    const handshake = this.#handshake;
    if (handshake === undefined) return;
    handshake.begin(message, hello);
    // Of a session that is resumed the keys are known at once.
    this.#keys = handshake.candidates[0];
    this.#flight = handshake.flight;
    this.#fly();
    this.#arm();
  }

  get suite(): CipherSuite {
    return this.#agreement.suite;
  }

  get extendedMasterSecret(): boolean {
    return this.#agreement.extendedMasterSecret;
  }

  get clientRandom(): Buffer {
    return this.#agreement.clientRandom;
  }

  get sessionId(): Buffer {
    return this.#agreement.sessionId;
  }

  get cid(): Buffer | undefined {
    return this.#agreement.cid;
  }

  /** The keys are those of an earlier session. */
  get resumed(): boolean {
    return this.#isResumed;
  }

  /** Who the client is: known once it is open. */
  get identity(): string {
    return this.#identity;
  }

  /** Which of the identity's keys the client has: known once it is open. */
  get keyId(): string {
    return this.#keys?.keyId ?? '';
  }

  /** For resumption; once it is open. */
  get session(): ResumableSession | undefined {
    if (this.#keys === undefined || this.#handshake !== undefined) return undefined;
    const { suite, extendedMasterSecret } = this.#agreement;
    const { master, keyId } = this.#keys;
    return { master, suite, extendedMasterSecret, identity: this.#identity, keyId };
  }

  /** For who keeps it; once it is open. */
  get kept(): KeptAssociation | undefined {
    if (this.#keys === undefined || this.#handshake !== undefined) return undefined;
    const { keyId, master } = this.#keys;
    const id = this.#agreement.serverRandom.toString('hex');
    return { ...this.#agreement, id, identity: this.#identity, keyId, master };
  }

  get path(): DtlsPath {
    return this.#path;
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  /** Bytes that one `send` takes, so that a datagram is not longer than the limits say. */
  get maxBytes(): number {
    const { suite, clientCid, maxFragment } = this.#agreement;
    const room = this.#context.limits.datagram - overhead(suite, clientCid?.length ?? 0);
    return Math.min(room, maxFragment === undefined ? MAX_PLAINTEXT : 2 ** (8 + maxFragment));
  }

  /** One datagram with these bytes. Nothing is sent when the association is not open. */
  send(bytes: Uint8Array): void {
    if (this.#state === 'open') this.#protect(ContentType.ApplicationData, bytes);
  }

  /** Says close_notify. */
  close(reason: EndReason = 'closed'): void {
    if (this.#state === 'open') this.#alert(AlertLevel.Warning, Alert.CloseNotify);
    this.#end(reason);
  }

  /** Ends it here; the next process goes on with it, and the client does not notice. */
  suspend(): void {
    // What nobody has written down cannot be taken up.
    if (this.#state !== 'open' || !this.#bounds.isKept) return this.close();
    this.#end(this.#bounds.close(this.#used) ? 'suspended' : 'failed');
  }

  /** Lets go of it without a word. */
  drop(reason: EndReason): void {
    this.#end(reason);
  }

  /** Sends the last flight once more: the client, at the same place, has repeated its own. */
  repeat(path: DtlsPath): void {
    if (this.#state === 'closed') return;
    this.#path = path;
    this.#fly();
  }

  /** A record of epoch 0 after the ClientHello. Throws nothing: what cannot be is dropped. */
  plain({ type, sequence, fragment }: DtlsRecord): void {
    if (this.#state === 'closed' || !this.#windows[0].fresh(sequence)) return;
    this.#windows[0].mark(sequence);
    // ChangeCipherSpec says what the epoch of the records behind it says too; alerts could be anybody's.
    if (type !== ContentType.Handshake || this.#handshake?.phase !== 'key exchange') return;
    this.#guard(() => {
      for (const piece of readFragments(fragment)) this.#advance(piece);
    });
  }

  /** A record of epoch 1. Returns whether it is genuine. */
  protected(record: DtlsRecord, path: DtlsPath): boolean {
    if (this.#state === 'closed' || record.epoch !== 1) return false;
    if (this.#handshake?.candidates.length === 0) {
      // The client's Finished may overtake its ClientKeyExchange.
      if (this.#early.length < this.#context.limits.earlyRecords) this.#early.push(record);
      return false;
    }
    const window = this.#windows[1];
    if (!window.fresh(record.sequence)) return false;
    const opened = this.#open(record);
    if (opened === undefined) return false;
    // A datagram from elsewhere moves the association only if nothing newer came before (RFC 9146 6).
    const moves = this.#state === 'open' && this.cid !== undefined && window.newest(record.sequence);
    const isElsewhere = moves && path.key !== this.#path.key;
    if (moves || path.key === this.#path.key) this.#path = path;
    window.mark(record.sequence);
    this.#heardAt = this.#context.clock.now();
    if (!this.#bounds.mayRead(this.#used, isElsewhere)) {
      this.#end('failed');
      return true;
    }
    this.#guard(() => this.#take(opened));
    return true;
  }

  // --- What comes ---

  #open(record: DtlsRecord): Opened | undefined {
    if (this.#keys !== undefined) return this.#keys.opens.open(record);
    for (const candidate of this.#handshake?.candidates ?? []) {
      const opened = candidate.opens.open(record);
      if (opened === undefined) continue;
      this.#keys = candidate;
      return opened;
    }
    return undefined;
  }

  #take({ type, content }: Opened): void {
    switch (type) {
      case ContentType.Handshake:
        for (const piece of readFragments(content)) this.#takeProtected(piece);
        return;
      case ContentType.Alert:
        this.#heard(content);
        return;
      case ContentType.ApplicationData:
        if (this.#state !== 'open') return; // before Finished nothing is believed; who has something to say repeats it
        this.#flight = [];
        this.#context.data(this, content);
        return;
      default:
        return;
    }
  }

  #takeProtected(piece: Fragment): void {
    if (this.#handshake?.phase === 'finished') return this.#advance(piece);
    if (this.#state !== 'open') return;
    if (piece.type === HandshakeType.ClientHello) this.#alert(AlertLevel.Warning, Alert.NoRenegotiation);
    // The client has not seen our Finished.
    else if (piece.type === HandshakeType.Finished && piece.offset === 0) this.#fly();
  }

  #advance(piece: Fragment): void {
    const handshake = this.#handshake;
    if (handshake === undefined) return;
    handshake.take(piece, this.#keys);
    if (handshake.phase === 'finished') for (const record of this.#early.splice(0)) this.protected(record, this.#path);
    else if (handshake.phase === 'done') this.#opened(handshake);
  }

  #opened({ flight, identity }: Handshake): void {
    this.#alarm.clear();
    this.#state = 'open';
    this.#flight = flight;
    this.#identity = identity;
    this.#handshake = undefined;
    this.#fly();
    const { kept } = this;
    if (kept) this.#bounds.open(kept, this.#used);
    this.#context.opened(this);
  }

  /** A genuine alert. */
  #heard(content: Buffer): void {
    const [level, description] = content;
    if (content.length !== 2) return;
    if (description === Alert.CloseNotify) this.close('closed by peer');
    else if (level === AlertLevel.Fatal) this.#end('alert');
  }

  // --- What outlives the process ---

  get #used(): Marks {
    return {
      ...{ pathKey: this.#path.key, nextWrite: this.#writeSequence[1], nextRead: this.#windows[1].highest + 1 },
      silentFor: this.#context.clock.now() - this.#heardAt,
    };
  }

  /** Room for so many records; without it the association ends. */
  #mayWrite(records: number): boolean {
    const may = this.#bounds.mayWrite(this.#used, records);
    if (!may) this.#end('failed');
    return may;
  }

  // --- What goes ---

  /** Sends the flight, in as few datagrams as it fits. */
  #fly(): void {
    if (!this.#mayWrite(this.#flight.length)) return;
    const records = this.#flight.flatMap((item) => {
      if (item === 'change-cipher-spec') return [this.#record(0, ContentType.ChangeCipherSpec, Buffer.of(1))];
      const pieces = fragments(item.message, Math.max(this.maxBytes, MESSAGE_HEAD + 1));
      return pieces.map((piece) => this.#record(item.epoch, ContentType.Handshake, piece));
    });
    let datagram: Buffer[] = [];
    let size = 0;
    for (const record of records) {
      if (size > 0 && size + record.length > this.#context.limits.datagram) {
        this.#path.send(Buffer.concat(datagram));
        datagram = [];
        size = 0;
      }
      datagram.push(record);
      size += record.length;
    }
    if (size > 0) this.#path.send(Buffer.concat(datagram));
  }

  #record(epoch: 0 | 1, type: number, content: Uint8Array): Buffer {
    const sequence = this.#writeSequence[epoch]++;
    if (epoch === 0) return plainRecord(type, sequence, content, VERSION);
    if (this.#keys === undefined) throw new Error('no keys yet');
    return this.#keys.seals.seal(type, epoch, sequence, content);
  }

  #protect(type: number, content: Uint8Array): void {
    // Never the same nonce twice: long before, somebody has to make new keys.
    if (this.#writeSequence[1] >= LAST_SEQUENCE) return this.#end('failed');
    if (!this.#mayWrite(1)) return;
    this.#path.send(this.#record(1, type, content));
  }

  #alert(level: number, description: number): void {
    const content = Buffer.concat([uint(level, 1), uint(description, 1)]);
    // Who resumes a session has changed keys with the first flight.
    if (this.#state === 'open' || this.resumed) this.#protect(ContentType.Alert, content);
    else this.#path.send(this.#record(0, ContentType.Alert, content));
  }

  /** The flight again and again until the client has moved on. */
  #arm(): void {
    const { clock, limits } = this.#context;
    const left = this.#startedAt + limits.handshake - clock.now();
    if (left <= this.#wait) {
      this.#alarm.set(Math.max(0, left), () => this.#end('timeout'));
      return;
    }
    this.#alarm.set(this.#wait, () => {
      this.#wait = Math.min(2 * this.#wait, limits.lastTimeout);
      this.#fly();
      this.#arm();
    });
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof DtlsError)) throw error;
      // What an open association gets is genuine, and yet nonsense: the client is not what it says it is.
      this.#alert(AlertLevel.Fatal, error.alert);
      this.#end('failed');
    }
  }

  #end(reason: EndReason): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#alarm.clear();
    this.#flight = [];
    this.#context.ended(this, reason);
  }
}
