// A DTLS 1.2 server for pre-shared keys: says whom each datagram belongs to, keeps no state for who has not shown that it
// is where it says (HelloVerifyRequest, RFC 6347 4.2.1), and bounds what it keeps for all others.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock/clock.js';
import type { Random } from '../random.js';
import { Association, type AssociationContext, type DtlsPath, type EndReason } from './association.js';
import { Alert, AlertLevel, CipherSuite, ContentType, HandshakeType, VERSION } from './fields.js';
import type { KeysOf, ResumableSession } from './handshake.js';
import type { AssociationKeeper, KeptAssociation, Marks } from './kept.js';
import { LimitedMap } from './limited-map.js';
import { DTLS_LIMITS, type DtlsLimits } from './limits.js';
import {
  type ClientHello,
  type Fragment,
  type HandshakeMessage,
  helloVerifyRequest,
  isClientHello,
  readClientHello,
  readFragments,
  Reassembly,
  whole,
} from './messages.js';
import { DtlsError } from './reader.js';
import { type DtlsRecord, plainRecord, records } from './record.js';

export interface DtlsServerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The keys of an identity: usually one, two while it is being changed. Undefined: nobody has this identity. */
  readonly keysOf: KeysOf;
  readonly opened?: (association: Association) => void;
  /** One datagram of an open association. */
  readonly data: (association: Association, bytes: Buffer) => void;
  /** Of an association that was open. */
  readonly ended?: (association: Association, reason: EndReason) => void;
  /** Writes down what outlives the process. */
  readonly keeper?: AssociationKeeper | undefined;
  /** Overrides of DTLS_LIMITS. */
  readonly limits?: Partial<DtlsLimits>;
}

/** What a keeper has kept. */
export interface KeptEntry {
  readonly association: KeptAssociation;
  readonly marks: Marks;
}

/** The suites in the server's order: small records before well-known ones. */
const SUITES = [CipherSuite.TLS_PSK_WITH_AES_128_CCM_8, CipherSuite.TLS_PSK_WITH_AES_128_GCM_SHA256] as const;
const CID_BYTES = 4;
/** As from Californium: published clients of SORACOM Inventory read 32 bytes of both, whatever their lengths say. */
const SESSION_ID_BYTES = 32;
const COOKIE_BYTES = 32;
const RANDOM_BYTES = 32;

interface KeptSession {
  readonly session: ResumableSession;
  readonly until: number;
}

export class DtlsServer {
  readonly #options: DtlsServerOptions;
  readonly #limits: DtlsLimits;
  readonly #random: Random;
  readonly #cookieKey: Uint8Array;
  readonly #context: AssociationContext;
  /** By path: handshakes under way. The oldest comes first. */
  readonly #pending: LimitedMap<string, Association>;
  /** By path: open ones. The one silent for longest comes first. */
  readonly #open = new Map<string, Association>();
  readonly #byCid = new Map<string, Association>();
  readonly #lastHeard: LimitedMap<Association, number>;
  /** Open ones that have to make room, and have not ended yet. */
  readonly #evicted = new Set<Association>();
  readonly #sessions: LimitedMap<string, KeptSession>;
  readonly #partial: LimitedMap<string, Reassembly>;

  constructor(options: DtlsServerOptions) {
    this.#options = options;
    this.#limits = { ...DTLS_LIMITS, ...options.limits };
    const { handshakes, handshakesPerHost, partialHellos, partialHellosPerHost } = this.#limits;
    const { associations, associationsPerIdentity, sessions, sessionsPerIdentity } = this.#limits;
    this.#pending = new LimitedMap({ each: handshakesPerHost, all: handshakes, makesRoom: 'largest' }, hostOf);
    this.#partial = new LimitedMap({ each: partialHellosPerHost, all: partialHellos, makesRoom: 'largest' }, hostOf);
    this.#lastHeard = new LimitedMap(
      { each: associationsPerIdentity, all: associations, makesRoom: 'oldest' },
      ({ identity }) => identity,
    );
    this.#sessions = new LimitedMap(
      { each: sessionsPerIdentity, all: sessions, makesRoom: 'oldest' },
      (_id, { session }) => session.identity,
    );
    this.#random = options.random.fork('dtls');
    this.#cookieKey = this.#random.bytes(32);
    const { clock, keysOf, data, keeper } = options;
    this.#context = {
      ...{ clock, keysOf, data, keeper, random: this.#random, limits: this.#limits },
      opened: (association) => this.#opened(association),
      ended: (association, reason) => this.#ended(association, reason),
    };
  }

  /** Associations that are open, and handshakes under way. */
  get counts(): { readonly open: number; readonly handshakes: number; readonly sessions: number } {
    return { open: this.#lastHeard.size, handshakes: this.#pending.size, sessions: this.#sessions.size };
  }

  /** Takes one datagram. Never throws: what cannot be is dropped or answered as the standard says. */
  receive(datagram: Uint8Array, path: DtlsPath): void {
    for (const record of records(datagram, CID_BYTES)) {
      if (record.epoch === 0) this.#plain(record, path);
      else this.#protected(record, path);
    }
  }

  /** Forgets what an identity could resume, and every association of it but `except`: its key has changed, or it is gone. */
  forget(identity: string, except?: Association): void {
    for (const [id, { session }] of this.#sessions.entries()) {
      if (session.identity === identity && session.keyId !== except?.keyId) this.#sessions.delete(id);
    }
    for (const association of [...this.#lastHeard.keys()]) {
      if (association.identity !== identity || association === except) continue;
      if (except === undefined) association.close('replaced');
      else association.drop('replaced');
    }
  }

  /**
   * Takes up what an earlier process left, longest silent first: without a word to the clients. `pathOf` says how to send to where one
   * was heard last. Returns those that it goes on with; the keys of the others belong to no device any more, or they were silent for too long.
   */
  restore(kept: readonly KeptEntry[], pathOf: (key: string) => DtlsPath): readonly Association[] {
    const now = this.#options.clock.now();
    return kept.flatMap(({ association: one, marks }) => {
      const { silentFor } = marks;
      const isGood = this.#options.keysOf(one.identity)?.some(({ id }) => id === one.keyId) === true;
      if (!isGood || silentFor >= this.#limits.idle || (one.cid && this.#byCid.has(one.cid.toString('latin1')))) {
        this.#forgetKept(one.id);
        return [];
      }
      const association = Association.restored(this.#context, one, marks, pathOf(marks.pathKey));
      if (one.cid) this.#byCid.set(one.cid.toString('latin1'), association);
      this.#open.set(marks.pathKey, association);
      this.#resumableFrom(association, now - silentFor);
      this.#hear(association, now - silentFor);
      return [association];
    });
  }

  /** Says nothing to anybody: the next process restores what was kept. */
  suspend(): void {
    for (const association of [...this.#lastHeard.keys()]) association.suspend();
    this.close();
  }

  /** Says close_notify to all. */
  close(): void {
    for (const association of [...this.#lastHeard.keys(), ...this.#pending.values()]) association.close();
    this.#sessions.clear();
    this.#partial.clear();
  }

  #protected(record: DtlsRecord, path: DtlsPath): void {
    const found =
      record.type === ContentType.Tls12Cid
        ? [this.#byCid.get(record.cid.toString('latin1'))]
        : [this.#open.get(path.key), this.#pending.get(path.key)];
    for (const association of found) {
      if (association === undefined) continue;
      const before = association.path.key;
      if (!association.protected(record, path)) continue;
      if (association.open) this.#heard(association, before);
      return;
    }
  }

  /** It is the one that was heard last; it may have moved. */
  #heard(association: Association, before: string): void {
    const { key } = association.path;
    if (before !== key && this.#open.get(before) === association) this.#open.delete(before);
    this.#keepAt(key, association);
    this.#hear(association, this.#options.clock.now());
  }

  #hear(association: Association, at: number): void {
    for (const [silent] of this.#lastHeard.set(association, at)) {
      // It was open, which is what its end depends on.
      this.#evicted.add(silent);
      silent.close('evicted');
    }
  }

  /** Who was at this place before is still found by its connection ID, if it has one. */
  #keepAt(key: string, association: Association): void {
    const before = this.#open.get(key);
    if (before !== undefined && before !== association && before.cid === undefined) before.drop('replaced');
    this.#open.set(key, association);
  }

  #plain(record: DtlsRecord, path: DtlsPath): void {
    if (record.type !== ContentType.Handshake) return this.#pending.get(path.key)?.plain(record);
    let pieces: readonly Fragment[];
    try {
      pieces = readFragments(record.fragment);
    } catch {
      return;
    }
    const [first] = pieces;
    if (first === undefined) return;
    if (!isClientHello(first)) return this.#pending.get(path.key)?.plain(record);
    const message = this.#wholeHello(first, path);
    if (message !== undefined) this.#clientHello(message, record, path);
  }

  #wholeHello(piece: Fragment, path: DtlsPath): HandshakeMessage | undefined {
    if (piece.offset === 0 && piece.bytes.length === piece.length) {
      return { type: piece.type, sequence: piece.sequence, body: piece.bytes };
    }
    const key = `${path.key}/${piece.sequence}/${piece.length}`;
    try {
      const reassembly = this.#partial.get(key) ?? new Reassembly(piece);
      this.#partial.set(key, reassembly);
      const message = reassembly.add(piece);
      if (message !== undefined) this.#partial.delete(key);
      return message;
    } catch {
      return undefined;
    }
  }

  #clientHello(message: HandshakeMessage, record: DtlsRecord, path: DtlsPath): void {
    let hello: ClientHello;
    try {
      hello = readClientHello(message.body);
    } catch (error) {
      // Only after its cookie would it be known where an alert goes: to send one here is to let oneself be misused.
      if (error instanceof DtlsError) return;
      throw error;
    }
    if (!this.#cookieFits(hello, path)) {
      const body = helloVerifyRequest(this.#cookie(hello, path, this.#age));
      const answer = whole({ type: HandshakeType.HelloVerifyRequest, sequence: 0, body });
      path.send(plainRecord(ContentType.Handshake, record.sequence, answer));
      return;
    }
    const known = this.#pending.get(path.key);
    if (known?.clientRandom.equals(hello.random)) return known.repeat(path);
    // A ClientHello that was under way for long, of a handshake that is over.
    if (this.#open.get(path.key)?.clientRandom.equals(hello.random)) return;
    // DTLS counts its versions downwards.
    if (hello.version > VERSION) return this.#refuse(Alert.ProtocolVersion, record, path);
    const resumed = this.#resumable(hello);
    const suite = resumed?.suite ?? SUITES.find((one) => hello.suites.includes(one));
    if (suite === undefined) return this.#refuse(Alert.HandshakeFailure, record, path);
    known?.drop('replaced');
    const { extendedMasterSecret, random: clientRandom, cid: clientCid, maxFragment } = hello;
    const agreement = {
      ...{ suite, extendedMasterSecret, clientRandom, clientCid, maxFragment },
      cid: clientCid === undefined || !this.#limits.connectionIds ? undefined : this.#newCid(),
      sessionId: resumed === undefined ? Buffer.from(this.#random.bytes(SESSION_ID_BYTES)) : hello.sessionId,
      serverRandom: Buffer.from(this.#random.bytes(RANDOM_BYTES)),
    };
    const association = Association.begun(this.#context, {
      ...{ agreement, sequence: message.sequence, recordSequence: record.sequence, path, resumed },
    });
    if (association.cid) this.#byCid.set(association.cid.toString('latin1'), association);
    for (const [, oldest] of this.#pending.set(path.key, association)) oldest.drop('evicted');
    association.start(message, hello);
  }

  #refuse(alert: Alert, { sequence }: DtlsRecord, path: DtlsPath): void {
    path.send(plainRecord(ContentType.Alert, sequence, Buffer.of(AlertLevel.Fatal, alert)));
  }

  // --- Cookies ---

  /** Counts on with time: a cookie says in which age it was made, without saying it. */
  get #age(): number {
    return Math.floor(this.#options.clock.now() / this.#limits.cookie);
  }

  #cookie({ uncooked }: ClientHello, { key }: DtlsPath, age: number): Buffer {
    const mac = createHmac('sha256', this.#cookieKey).update(`${age}/${key.length}/${key}`).update(uncooked);
    return mac.digest().subarray(0, COOKIE_BYTES);
  }

  #cookieFits(hello: ClientHello, path: DtlsPath): boolean {
    if (hello.cookie.length !== COOKIE_BYTES) return false;
    return [this.#age, this.#age - 1].some((age) => timingSafeEqual(this.#cookie(hello, path, age), hello.cookie));
  }

  // --- What is kept ---

  #newCid(): Buffer {
    for (;;) {
      const cid = Buffer.from(this.#random.bytes(CID_BYTES));
      if (!this.#byCid.has(cid.toString('latin1'))) return cid;
    }
  }

  /** RFC 5246 7.4.1.3, RFC 7627 5.3: same suite, same way to the master secret; and the key is still one of the identity. */
  #resumable({ sessionId, suites, extendedMasterSecret }: ClientHello): ResumableSession | undefined {
    const kept = this.#sessions.get(sessionId.toString('latin1'));
    if (kept === undefined || kept.until < this.#options.clock.now()) return undefined;
    const { session } = kept;
    if (!suites.includes(session.suite) || extendedMasterSecret !== session.extendedMasterSecret) return undefined;
    const keys = this.#options.keysOf(session.identity);
    return keys?.some(({ id }) => id === session.keyId) ? session : undefined;
  }

  #opened(association: Association): void {
    const { key } = association.path;
    const now = this.#options.clock.now();
    for (const [path, pending] of this.#pending.entries()) {
      if (pending === association) this.#pending.delete(path);
    }
    // A client that starts again from the same place has no use for what was before.
    this.#open.get(key)?.drop('replaced');
    this.#open.set(key, association);
    this.#hear(association, now);
    this.#resumableFrom(association, now);
    for (const [oldest, heard] of this.#lastHeard.entries()) {
      if (heard + this.#limits.idle > now) break;
      oldest.drop('evicted');
    }
    this.#options.opened?.(association);
  }

  #resumableFrom({ session, sessionId }: Association, time: number): void {
    if (session === undefined) return;
    const id = sessionId.toString('latin1');
    this.#sessions.set(id, { session, until: time + this.#limits.session });
  }

  /** What stays written down by mistake is looked at again when it is restored. */
  #forgetKept(id: string): void {
    try {
      this.#options.keeper?.ended(id);
    } catch {
      // as said
    }
  }

  #ended(association: Association, reason: EndReason): void {
    const wasOpen = this.#lastHeard.delete(association) || this.#evicted.delete(association);
    const { key } = association.path;
    if (this.#pending.get(key) === association) this.#pending.delete(key);
    if (this.#open.get(key) === association) this.#open.delete(key);
    const { cid } = association;
    if (cid && this.#byCid.get(cid.toString('latin1')) === association) this.#byCid.delete(cid.toString('latin1'));
    // After a fatal alert a session must not be resumed (RFC 5246 7.2.2).
    if (reason === 'alert' || reason === 'failed') this.#sessions.delete(association.sessionId.toString('latin1'));
    const { kept } = association;
    if (wasOpen && kept !== undefined && reason !== 'suspended') this.#forgetKept(kept.id);
    if (wasOpen) this.#options.ended?.(association, reason);
  }
}

/** The host of a transport address. Of what has a path behind it, that host, too. */
const hostOf = (key: string): string => key.replace(/:\d+(\/.*)?$/, '');
