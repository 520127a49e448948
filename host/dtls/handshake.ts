// The server's side of one handshake, from a ClientHello with a good cookie on: messages of the client come in, flights and keys come out
// (RFC 5246 7.3, RFC 4279, RFC 6347 4.2). Its association does records, repetition and time.

import { timingSafeEqual } from 'node:crypto';
import type { Random } from '../random.js';
import { Secret } from '../secret.js';
import { Alert, type CipherSuite, HandshakeType } from './fields.js';
import { keyBlock, masterSecret, type Randoms, verifyData } from './key-schedule.js';
import type { DtlsLimits } from './limits.js';
import {
  type ClientHello,
  type Fragment,
  type HandshakeMessage,
  readClientKeyExchange,
  Reassembly,
  serverHello,
  whole,
} from './messages.js';
import { DtlsError } from './reader.js';
import { Protection } from './record.js';

/** A key that an identity may use; `id` tells it from others of the same identity. */
export interface PskKey {
  readonly id: string;
  readonly key: Secret;
}

/** Undefined: nobody has this identity. */
export type KeysOf = (identity: string) => readonly PskKey[] | undefined;

/** What a session is resumed from (RFC 5246 7.3). */
export interface ResumableSession {
  readonly master: Secret;
  readonly suite: CipherSuite;
  readonly extendedMasterSecret: boolean;
  readonly identity: string;
  readonly keyId: string;
}

/** What client and server have agreed on with their Hellos. */
export interface Agreement extends Randoms {
  readonly suite: CipherSuite;
  readonly extendedMasterSecret: boolean;
  readonly clientRandom: Buffer;
  readonly serverRandom: Buffer;
  readonly sessionId: Buffer;
  readonly cid: Buffer | undefined;
  /** What the client wants to be sent; undefined: it does not know connection IDs. */
  readonly clientCid: Buffer | undefined;
  /** As in the extension max_fragment_length. */
  readonly maxFragment: number | undefined;
}

/** Keys of a connection, both ways. */
export interface ConnectionKeys {
  readonly keyId: string;
  readonly master: Secret;
  readonly opens: Protection;
  readonly seals: Protection;
}

const NO_CID = Buffer.alloc(0);

export function connectionKeys(agreement: Agreement, keyId: string, master: Uint8Array): ConnectionKeys {
  const { client, server } = keyBlock(master, agreement);
  const { suite, cid, clientCid = NO_CID } = agreement;
  return {
    ...{ keyId, master: new Secret(master) },
    opens: new Protection(suite, client, cid ?? NO_CID),
    seals: new Protection(suite, server, cid === undefined ? NO_CID : clientCid),
  };
}

/** A message of the flight that is sent until the client has moved on. */
export type Flown = { readonly epoch: 0 | 1; readonly message: HandshakeMessage } | 'change-cipher-spec';

export interface HandshakeStart {
  readonly agreement: Agreement;
  /** message_seq of the ClientHello; the server's first message has the same. */
  readonly sequence: number;
  /** The session that the ClientHello names, if it may be resumed. */
  readonly resumed: ResumableSession | undefined;
  readonly keysOf: KeysOf;
  readonly limits: Pick<DtlsLimits, 'identityBytes' | 'unknownIdentity'>;
  readonly random: Random;
}

/** What it waits for: ClientKeyExchange, Finished, nothing any more. */
type Phase = 'key exchange' | 'finished' | 'done';

export class Handshake {
  readonly #start: HandshakeStart;
  readonly #reassembly = new Map<number, Reassembly>();
  readonly #transcript: Buffer[] = [];
  #phase: Phase = 'key exchange';
  #flight: readonly Flown[] = [];
  #candidates: readonly ConnectionKeys[] = [];
  #identity = '';
  /** message_seq that the client sends next, and that the server does. */
  #next: number;
  #nextOwn: number;

  constructor(start: HandshakeStart) {
    this.#start = start;
    this.#next = start.sequence + 1;
    this.#nextOwn = start.sequence;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** What the server has to say now. */
  get flight(): readonly Flown[] {
    return this.#flight;
  }

  /** The ways in which the client may have made its keys: identities whose key is being changed have two. Empty: too early. */
  get candidates(): readonly ConnectionKeys[] {
    return this.#candidates;
  }

  /** Who the client says that it is: to be believed when the handshake is done. */
  get identity(): string {
    return this.#identity;
  }

  /** Answers the ClientHello. `message`: as it came, for the transcript. */
  begin(message: HandshakeMessage, hello: ClientHello): void {
    const { agreement, resumed } = this.#start;
    const { serverRandom: random, sessionId, suite, cid } = agreement;
    this.#transcript.push(whole(message));
    const answer = this.#own(HandshakeType.ServerHello, serverHello({ random, sessionId, suite, hello, cid }));
    if (resumed === undefined) {
      const done = this.#own(HandshakeType.ServerHelloDone, Buffer.alloc(0));
      this.#flight = [answer, done].map((one) => ({ epoch: 0, message: one }));
      return;
    }
    const keys = connectionKeys(agreement, resumed.keyId, resumed.master.reveal());
    this.#identity = resumed.identity;
    this.#candidates = [keys];
    this.#phase = 'finished';
    this.#flight = [{ epoch: 0, message: answer }, 'change-cipher-spec', this.#finished(keys)];
  }

  /** A fragment of the client's; `keys`: those that it was protected with, if it was. Throws DtlsError. */
  take(piece: Fragment, keys: ConnectionKeys | undefined): void {
    const { sequence } = piece;
    if (sequence < this.#next || sequence > this.#next + 1) return;
    const reassembly = this.#reassembly.get(sequence) ?? new Reassembly(piece);
    this.#reassembly.set(sequence, reassembly);
    const message = reassembly.add(piece);
    if (message === undefined || sequence !== this.#next) return;
    this.#reassembly.delete(sequence);
    this.#next++;
    if (this.#phase === 'key exchange') this.#keyExchange(message);
    else this.#clientFinished(message, keys);
  }

  #keyExchange(message: HandshakeMessage): void {
    const { agreement, keysOf, limits, random } = this.#start;
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
    const seen = agreement.extendedMasterSecret ? Buffer.concat(this.#transcript) : undefined;
    this.#candidates = keys.map(({ id, key }) =>
      connectionKeys(agreement, id, masterSecret(key.reveal(), agreement, seen)),
    );
    this.#identity = name;
    this.#phase = 'finished';
  }

  #clientFinished(message: HandshakeMessage, keys: ConnectionKeys | undefined): void {
    if (keys === undefined || message.type !== HandshakeType.Finished) {
      throw new DtlsError(Alert.UnexpectedMessage, `message ${message.type} instead of Finished`);
    }
    const expected = verifyData(keys.master.reveal(), 'client', Buffer.concat(this.#transcript));
    if (message.body.length !== expected.length || !timingSafeEqual(message.body, expected)) {
      throw new DtlsError(Alert.DecryptError, 'Finished does not fit the handshake');
    }
    this.#transcript.push(whole(message));
    this.#phase = 'done';
    // When a session is resumed, the client's Finished is the last message.
    this.#flight = this.#start.resumed === undefined ? ['change-cipher-spec', this.#finished(keys)] : [];
  }

  #own(type: number, body: Buffer): HandshakeMessage {
    const message = { type, sequence: this.#nextOwn++, body };
    this.#transcript.push(whole(message));
    return message;
  }

  #finished({ master }: ConnectionKeys): Flown {
    const body = verifyData(master.reveal(), 'server', Buffer.concat(this.#transcript));
    return { epoch: 1, message: this.#own(HandshakeType.Finished, body) };
  }
}
