// One client of the server, from its ClientHello with a good cookie on: handshake, resumption, data, close (RFC 6347 4.2,
// RFC 5246 7.3). The server beside it (server.ts) finds out whom a datagram belongs to.

import { timingSafeEqual } from 'node:crypto';
import { Alarm } from '../alarm.js';
import type { Clock } from '../clock/clock.js';
import type { Random } from '../random.js';
import { Secret } from '../secret.js';
import {
  Alert,
  AlertLevel,
  CipherSuite,
  ContentType,
  HandshakeType,
  LAST_SEQUENCE,
  MAX_PLAINTEXT,
  MESSAGE_HEAD,
  VERSION,
} from './fields.js';
import { type AssociationKeeper, Bounds, type KeptAssociation, type Marks } from './kept.js';
import { keyBlock, masterSecret, type Randoms, verifyData } from './key-schedule.js';
import type { DtlsLimits } from './limits.js';
import {
  type ClientHello,
  type Fragment,
  fragments,
  type HandshakeMessage,
  readClientKeyExchange,
  readFragments,
  Reassembly,
  serverHello,
  whole,
} from './messages.js';
import { DtlsError, uint } from './reader.js';
import { type DtlsRecord, type Opened, overhead, plainRecord, Protection, ReplayWindow } from './record.js';

/** Where datagrams of a client come from and go to. */
export interface DtlsPath {
  /** Its transport address: the same for all datagrams from there. */
  readonly key: string;
  send(datagram: Uint8Array): void;
}

/** A key that an identity may use; `id` tells it from others of the same identity. */
export interface PskKey {
  readonly id: string;
  readonly key: Secret;
}

/** What a session is resumed from (RFC 5246 7.3). */
export interface ResumableSession {
  readonly master: Secret;
  readonly suite: CipherSuite;
  readonly extendedMasterSecret: boolean;
  readonly identity: string;
  readonly keyId: string;
}

/** What an association needs of its server. */
export interface AssociationContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: DtlsLimits;
  /** Undefined: nobody has this identity. */
  readonly keysOf: (identity: string) => readonly PskKey[] | undefined;
  readonly opened: (association: Association) => void;
  readonly data: (association: Association, bytes: Buffer) => void;
  readonly ended: (association: Association, reason: EndReason) => void;
  /** Who writes down what outlives the process; nothing does unless given. */
  readonly keeper?: AssociationKeeper | undefined;
}

/** Why an association ended: by whom or what. `suspended`: only here, to be taken up by the next process. */
export type EndReason =
  ('closed by peer' | 'closed' | 'alert' | 'failed' | 'timeout' | 'replaced' | 'evicted') | 'suspended';

/** What of a ClientHello an association lives by. */
type Hello = Pick<ClientHello, 'random' | 'extendedMasterSecret' | 'cid' | 'maxFragment'>;

export interface AssociationStart<H extends Hello = ClientHello> {
  readonly hello: H;
  /** message_seq of the ClientHello; the server's first message has the same. */
  readonly sequence: number;
  /** Record sequence number of the ClientHello, with which the server begins (RFC 6347 4.2.1). */
  readonly recordSequence: number;
  readonly path: DtlsPath;
  readonly suite: CipherSuite;
  readonly cid: Buffer | undefined;
  readonly sessionId: Buffer;
  /** The session that the ClientHello names, if it may be resumed. */
  readonly resumed: ResumableSession | undefined;
  /** By chance unless given. */
  readonly serverRandom?: Buffer;
}

/** One way in which the client may have made its keys: identities whose key is being changed have two. */
interface Candidate {
  readonly keyId: string;
  readonly master: Secret;
  readonly opens: Protection;
  readonly seals: Protection;
}

/** A message of the flight that is sent until the client has moved on. */
type Flown = { readonly epoch: 0 | 1; readonly message: HandshakeMessage } | 'change-cipher-spec';

type State = 'hello' | 'finish' | 'open' | 'closed';

export class Association {
  readonly sessionId: Buffer;
  readonly cid: Buffer | undefined;
  readonly clientRandom: Buffer;
  readonly suite: CipherSuite;
  readonly extendedMasterSecret: boolean;
  readonly #context: AssociationContext;
  readonly #hello: Hello;
  readonly #resumed: ResumableSession | undefined;
  readonly #randoms: Randoms;
  readonly #alarm: Alarm;
  readonly #startedAt: number;
  readonly #windows = [new ReplayWindow(), new ReplayWindow()] as const;
  readonly #early: DtlsRecord[] = [];
  readonly #reassembly = new Map<number, Reassembly>();
  readonly #transcript: Buffer[] = [];
  #path: DtlsPath;
  #state: State = 'hello';
  #candidates: readonly Candidate[] = [];
  #keys: Candidate | undefined;
  #identity: string | undefined;
  #flight: readonly Flown[] = [];
  #wait: number;
  /** message_seq that the client sends next, and that the server does. */
  #next: number;
  #nextOwn: number;
  #writeSequence: [number, number];
  readonly #bounds: Bounds;
  #heardAt: number;

  constructor(context: AssociationContext, start: AssociationStart<Hello>) {
    const { hello, sequence, recordSequence, path, suite, cid, sessionId, resumed } = start;
    this.#context = context;
    this.#hello = hello;
    this.#path = path;
    this.#alarm = new Alarm(context.clock);
    this.#startedAt = this.#heardAt = context.clock.now();
    this.#bounds = new Bounds(context.keeper);
    this.#wait = context.limits.firstTimeout;
    this.#next = sequence + 1;
    this.#nextOwn = sequence;
    this.#writeSequence = [recordSequence, 0];
    this.suite = suite;
    this.cid = cid;
    this.sessionId = sessionId;
    this.clientRandom = hello.random;
    this.extendedMasterSecret = hello.extendedMasterSecret;
    this.#resumed = resumed;
    this.#randoms = { clientRandom: hello.random, serverRandom: start.serverRandom ?? context.random.bytes(32) };
  }

  /** An open one, of an earlier process. */
  static restored(context: AssociationContext, kept: KeptAssociation, marks: Marks, path: DtlsPath): Association {
    const { clientRandom: random, extendedMasterSecret, clientCid, maxFragment } = kept;
    const { suite, cid, sessionId, serverRandom, keyId, identity, master } = kept;
    const association = new Association(context, {
      hello: { random, extendedMasterSecret, cid: clientCid, maxFragment },
      ...{ sequence: 0, recordSequence: 0, path, suite, cid, sessionId, serverRandom, resumed: undefined },
    });
    association.#identity = identity;
    association.#keys = association.#candidate(keyId, master.reveal());
    association.#candidates = [association.#keys];
    association.#state = 'open';
    association.#writeSequence[1] = marks.nextWrite;
    association.#windows[1].mark(marks.nextRead - 1, 'all before');
    association.#heardAt = context.clock.now() - marks.silentFor;
    association.#bounds.restored(kept.id, marks);
    return association;
  }

  /** Answers the ClientHello. `helloMessage`: the ClientHello itself, for the transcript. */
  start(helloMessage: HandshakeMessage, clientHello: ClientHello): void {
    const resumed = this.#resumed;
    this.#transcript.push(whole(helloMessage));
    const hello = this.#own(
      HandshakeType.ServerHello,
      serverHello({
        random: this.#randoms.serverRandom,
        sessionId: this.sessionId,
        suite: this.suite,
        hello: clientHello,
        cid: this.cid,
      }),
    );
    if (resumed === undefined) {
      const done = this.#own(HandshakeType.ServerHelloDone, Buffer.alloc(0));
      this.#flight = [
        { epoch: 0, message: hello },
        { epoch: 0, message: done },
      ];
    } else {
      this.#identity = resumed.identity;
      this.#keys = this.#candidate(resumed.keyId, resumed.master.reveal());
      this.#candidates = [this.#keys];
      this.#state = 'finish';
      this.#flight = [{ epoch: 0, message: hello }, 'change-cipher-spec', this.#finished(this.#keys)];
    }
    this.#fly();
    this.#arm();
  }

  /** The keys are those of an earlier session. */
  get resumed(): boolean {
    return this.#resumed !== undefined;
  }

  /** Who the client is: known once it is open. */
  get identity(): string {
    return this.#identity ?? '';
  }

  /** Which of the identity's keys the client has. */
  get keyId(): string {
    return this.#keys?.keyId ?? '';
  }

  /** For resumption; once it is open. */
  get session(): ResumableSession | undefined {
    if (this.#keys === undefined || this.#identity === undefined) return undefined;
    const { suite, extendedMasterSecret } = this;
    const { master, keyId } = this.#keys;
    return { master, suite, extendedMasterSecret, identity: this.#identity, keyId };
  }

  /** For who keeps it; once it is open. */
  get kept(): KeptAssociation | undefined {
    if (this.#keys === undefined || this.#identity === undefined) return undefined;
    const { suite, extendedMasterSecret, sessionId, clientRandom, cid } = this;
    const { cid: clientCid, maxFragment } = this.#hello;
    const serverRandom = Buffer.from(this.#randoms.serverRandom);
    return {
      ...{
        id: serverRandom.toString('hex'),
        identity: this.#identity,
        keyId: this.#keys.keyId,
        master: this.#keys.master,
      },
      ...{ suite, extendedMasterSecret, sessionId, clientRandom, serverRandom, cid, clientCid, maxFragment },
    };
  }

  get path(): DtlsPath {
    return this.#path;
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  /** Bytes that one `send` takes, so that a datagram is not longer than the limits say. */
  get maxBytes(): number {
    const room = this.#context.limits.datagram - overhead(this.suite, this.#hello.cid?.length ?? 0);
    const { maxFragment } = this.#hello;
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
    if (type !== ContentType.Handshake || this.#state !== 'hello') return;
    this.#guard(() => {
      for (const piece of readFragments(fragment)) this.#collect(piece);
    });
  }

  /** A record of epoch 1. Returns whether it is genuine. */
  protected(record: DtlsRecord, path: DtlsPath): boolean {
    if (this.#state === 'closed' || record.epoch !== 1) return false;
    if (this.#candidates.length === 0) {
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
    for (const candidate of this.#candidates) {
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
    if (this.#state === 'finish') return this.#collect(piece);
    if (this.#state !== 'open') return;
    if (piece.type === HandshakeType.ClientHello) this.#alert(AlertLevel.Warning, Alert.NoRenegotiation);
    // The client has not seen our Finished.
    else if (piece.type === HandshakeType.Finished && piece.offset === 0) this.#fly();
  }

  /** Puts fragments together, and takes messages in their order. */
  #collect(piece: Fragment): void {
    const { sequence } = piece;
    if (sequence < this.#next || sequence > this.#next + 1) return;
    const reassembly = this.#reassembly.get(sequence) ?? new Reassembly(piece);
    this.#reassembly.set(sequence, reassembly);
    const message = reassembly.add(piece);
    if (message === undefined || sequence !== this.#next) return;
    this.#reassembly.delete(sequence);
    this.#next++;
    if (this.#state === 'hello') this.#keyExchange(message);
    else this.#clientFinished(message);
  }

  #keyExchange(message: HandshakeMessage): void {
    const { limits, keysOf, random } = this.#context;
    if (message.type !== HandshakeType.ClientKeyExchange) {
      throw new DtlsError(Alert.UnexpectedMessage, `message ${message.type} instead of ClientKeyExchange`);
    }
    const identity = readClientKeyExchange(message.body);
    this.#transcript.push(whole(message));
    const name = identity.toString('utf8');
    const known = identity.length <= limits.identityBytes && Buffer.from(name).equals(identity);
    let keys = known ? keysOf(name) : undefined;
    if (keys === undefined || keys.length === 0) {
      if (limits.unknownIdentity === 'alert') throw new DtlsError(Alert.UnknownPskIdentity, 'unknown identity');
      // Goes on as with a wrong key, so that nobody learns which identities there are (RFC 4279 2).
      keys = [{ id: '', key: new Secret(random.bytes(16)) }];
    }
    const seen = this.extendedMasterSecret ? Buffer.concat(this.#transcript) : undefined;
    this.#candidates = keys.map(({ id, key }) => this.#candidate(id, masterSecret(key.reveal(), this.#randoms, seen)));
    this.#identity = name;
    this.#state = 'finish';
    for (const record of this.#early.splice(0)) this.protected(record, this.#path);
  }

  #clientFinished(message: HandshakeMessage): void {
    const keys = this.#keys;
    if (keys === undefined || message.type !== HandshakeType.Finished) {
      throw new DtlsError(Alert.UnexpectedMessage, `message ${message.type} instead of Finished`);
    }
    const expected = verifyData(keys.master.reveal(), 'client', Buffer.concat(this.#transcript));
    if (message.body.length !== expected.length || !timingSafeEqual(message.body, expected)) {
      throw new DtlsError(Alert.DecryptError, 'Finished does not fit the handshake');
    }
    this.#transcript.push(whole(message));
    this.#alarm.clear();
    this.#state = 'open';
    // When a session is resumed, the client's Finished is the last message.
    this.#flight = this.resumed ? [] : ['change-cipher-spec', this.#finished(keys)];
    this.#fly();
    this.#transcript.length = 0;
    this.#reassembly.clear();
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

  #own(type: number, body: Buffer): HandshakeMessage {
    const message = { type, sequence: this.#nextOwn++, body };
    this.#transcript.push(whole(message));
    return message;
  }

  #finished({ master }: Candidate): Flown {
    const body = verifyData(master.reveal(), 'server', Buffer.concat(this.#transcript));
    return { epoch: 1, message: this.#own(HandshakeType.Finished, body) };
  }

  #candidate(keyId: string, master: Uint8Array): Candidate {
    const { client, server } = keyBlock(master, this.#randoms);
    return {
      keyId,
      master: new Secret(master),
      opens: new Protection(this.suite, client, this.cid ?? Buffer.alloc(0)),
      seals: new Protection(
        this.suite,
        server,
        this.cid === undefined ? Buffer.alloc(0) : (this.#hello.cid ?? Buffer.alloc(0)),
      ),
    };
  }

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
