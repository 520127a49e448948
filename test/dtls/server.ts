// A DTLS 1.2 server with a pre-shared key on node:crypto, made for tests: it does as it is told, also what no server should do.
//
// Bytes in, bytes out, no clock: a test says when it retransmits. It is not what proves the client right (vectors and programs of
// others do that), but it gives a test every order of events and every malformed message.
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { concat, equal } from '../../host/bytes.js';
import { Random } from '../../host/random.js';
import {
  Message,
  Type,
  message,
  messages,
  record,
  records,
  u16,
  u8,
  vector16,
  vector8,
  type WireMessage,
} from './wire.js';

const NONE = new Uint8Array();

export interface ServerOptions {
  readonly psk: Uint8Array;
  /** c0a8 if absent. */
  readonly suite?: number;
  /** Echoes extended master secret; true if absent. */
  readonly ems?: boolean;
  /** Connection ID it asks for; absent: it does not know the extension. */
  readonly cid?: Uint8Array;
  /** Bytes of cookie; 0: no HelloVerifyRequest. 16 if absent. */
  readonly cookie?: number;
  readonly hint?: Uint8Array;
  /** Bytes of session ID; 0: none. 32 if absent. */
  readonly sessionId?: number;
  /** Most bytes of a message's body in a fragment. */
  readonly fragment?: number;
  /** Every record in a datagram of its own. */
  readonly apart?: boolean;
  /** Zeros behind the type of inner plaintexts. */
  readonly padding?: number;
  /** Changes flight 4 before it is hashed and sent. */
  readonly flight4?: (list: WireMessage[]) => WireMessage[];
  /** Changes the verify_data of its Finished. */
  readonly verify?: (data: Uint8Array) => Uint8Array;
  readonly seed?: string;
}

interface Session {
  readonly id: Uint8Array;
  readonly master: Uint8Array;
  readonly ems: boolean;
}

function prf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
  const mac = (data: Uint8Array): Uint8Array => new Uint8Array(createHmac('sha256', secret).update(data).digest());
  const all = concat(new Uint8Array(Buffer.from(label)), seed);
  let out: Uint8Array = NONE;
  for (let a = mac(all); out.length < length; a = mac(a)) out = concat(out, mac(concat(a, all)));
  return out.slice(0, length);
}

const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest());

export class TestServer {
  readonly sessions: Session[] = [];
  /** Application data that came. */
  readonly data: Uint8Array[] = [];
  /** Alerts that came: level, description. */
  readonly alerts: (readonly [number, number])[] = [];
  identity = '';
  state: 'hello' | 'exchange' | 'finished' | 'open' = 'hello';
  /** ClientHello messages that were no retransmissions. */
  hellos: WireMessage[] = [];
  resumed = false;
  /** The client's connection ID, once agreed. */
  clientCid: Uint8Array | undefined;
  clearSequence = 0;
  sealedSequence = 0;
  flight: (readonly [type: number, epoch: number, fragment: Uint8Array])[] = [];
  readonly #random: Random;
  #answered: WireMessage | undefined;
  #transcript: Uint8Array = NONE;
  #randoms: Uint8Array = NONE;
  #master: Uint8Array = NONE;
  #keys: Uint8Array = NONE;
  #sessionId: Uint8Array = NONE;
  #ems = false;
  #sequence = 0;

  constructor(readonly options: ServerOptions) {
    this.#random = new Random(options.seed ?? 'dtls server');
  }

  get #suite(): number {
    return this.options.suite ?? 0xc0a8;
  }

  get keys(): Uint8Array {
    return this.#keys;
  }

  get master(): Uint8Array {
    return this.#master;
  }

  /** Takes a datagram; returns what it answers with. */
  receive(datagram: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (const each of records(datagram, this.options.cid?.length)) {
      if (each.epoch === 0 && each.type === Type.Handshake) {
        for (const one of messages(each.fragment)) out.push(...this.#clear(one, each.sequence));
      } else if (each.epoch === 0 && each.type === Type.Alert) {
        this.alerts.push([each.fragment[0] ?? 0, each.fragment[1] ?? 0]);
      } else if (each.epoch === 1 && this.#keys.length > 0) {
        const opened = this.#open(each.bytes, each.cid.length);
        if (opened === undefined) continue;
        const [type, content] = opened;
        if (type === Type.Data && this.state === 'open') this.data.push(content);
        if (type === Type.Alert) this.alerts.push([content[0] ?? 0, content[1] ?? 0]);
        if (type === Type.Handshake) for (const one of messages(content)) out.push(...this.#finishedCame(one));
      }
    }
    return out;
  }

  /** The last flight once more. */
  retransmit(): Uint8Array[] {
    return this.#pack(this.flight.map(([type, epoch, fragment]) => this.record(type, fragment, epoch)));
  }

  /** One record in a datagram. */
  record(type: number, fragment: Uint8Array, epoch = 1): Uint8Array {
    return epoch === 0 ? record(type, 0, this.clearSequence++, fragment) : this.seal(type, fragment);
  }

  send(data: Uint8Array): Uint8Array {
    return this.seal(Type.Data, data);
  }

  alert(level: number, description: number, epoch = 1): Uint8Array {
    return this.record(Type.Alert, Uint8Array.of(level, description), epoch);
  }

  #pack(list: Uint8Array[]): Uint8Array[] {
    return this.options.apart ? list : [concat(...list)];
  }

  #clear(one: WireMessage, recordSequence: number): Uint8Array[] {
    if (one.type === Message.ClientHello) return this.#helloCame(one, recordSequence);
    if (one.type === Message.ClientKeyExchange && this.state === 'exchange') {
      this.#exchangeCame(one);
    } else if (one.type === Message.ClientKeyExchange && this.state === 'open') {
      return this.retransmit();
    }
    return [];
  }

  #helloCame(hello: WireMessage, recordSequence: number): Uint8Array[] {
    const { body } = hello;
    const same = (other: WireMessage): boolean => other.sequence === hello.sequence && equal(other.body, body);
    if (this.#answered && same(this.#answered)) return this.retransmit();
    if (this.hellos.some(same)) return this.#verifyRequest(hello, recordSequence);
    this.hellos.push(hello);
    const view = Buffer.from(body);
    const idAt = 34;
    const id = body.slice(idAt + 1, idAt + 1 + view.readUInt8(idAt));
    const cookieAt = idAt + 1 + id.length;
    const cookie = body.slice(cookieAt + 1, cookieAt + 1 + view.readUInt8(cookieAt));
    const wants = this.options.cookie ?? 16;
    if (wants > 0 && cookie.length === 0) return this.#verifyRequest(hello, recordSequence);
    const suitesAt = cookieAt + 1 + cookie.length;
    let at = suitesAt + 2 + view.readUInt16BE(suitesAt) + 2 + 2;
    const offered = new Map<number, Uint8Array>();
    while (at < body.length) {
      const length = view.readUInt16BE(at + 2);
      offered.set(view.readUInt16BE(at), body.slice(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#answered = hello;
    this.#sequence = hello.sequence;
    this.#randoms = concat(body.slice(2, 34), this.#random.bytes(32));
    this.#transcript = message(hello);
    this.#keys = NONE;
    this.sealedSequence = 0;
    const session = this.sessions.find((each) => equal(each.id, id));
    this.resumed = session !== undefined;
    this.#sessionId = session?.id ?? this.#random.bytes(this.options.sessionId ?? 32);
    this.#ems = session?.ems ?? this.options.ems ?? true;
    const cid = this.options.cid;
    this.clientCid = cid && offered.get(54)?.slice(1);
    const extensions = concat(
      ...(this.#ems ? [u16(23), u16(0)] : []),
      ...(cid && this.clientCid ? [u16(54), vector16(vector8(cid))] : []),
      ...(offered.has(1) ? [u16(1), vector16(offered.get(1) ?? NONE)] : []),
      ...[u16(0xff01), vector16(u8(0))],
    );
    const serverHello = concat(
      ...[u16(0xfefd), this.#randoms.slice(32), vector8(this.#sessionId), u16(this.#suite), u8(0)],
      vector16(extensions),
    );
    const { hint, flight4 = (list) => list } = this.options;
    const whole = (type: number, content: Uint8Array): WireMessage => {
      return { type, sequence: this.#sequence++, body: content };
    };
    const list = [whole(Message.ServerHello, serverHello)];
    if (!session) {
      if (hint) list.push(whole(Message.ServerKeyExchange, vector16(hint)));
      list.push(whole(Message.ServerHelloDone, NONE));
    }
    const told = flight4(list);
    for (const each of told) this.#transcript = concat(this.#transcript, message(each));
    this.flight = told.flatMap((each) => this.#fragments(each)).map((fragment) => [Type.Handshake, 0, fragment]);
    this.state = 'exchange';
    if (session) {
      this.#master = session.master;
      this.#makeKeys();
      this.#sayFinished();
      this.state = 'finished';
    }
    return this.retransmit();
  }

  #verifyRequest(hello: WireMessage, recordSequence: number): Uint8Array[] {
    const cookie = sha256(concat(u16(hello.sequence), hello.body)).slice(0, this.options.cookie ?? 16);
    const body = concat(u16(0xfeff), vector8(cookie));
    const request = message({ type: Message.HelloVerifyRequest, sequence: hello.sequence, body });
    this.clearSequence = recordSequence + 1;
    return [record(Type.Handshake, 0, recordSequence, request, { version: 0xfeff })];
  }

  #fragments(whole: WireMessage): Uint8Array[] {
    const most = this.options.fragment ?? Infinity;
    const list = [];
    for (let at = 0; at === 0 || at < whole.body.length; at += most) {
      list.push(message(whole, at, Math.min(most, whole.body.length - at)));
    }
    return list;
  }

  #exchangeCame(exchange: WireMessage): void {
    this.identity = Buffer.from(exchange.body.slice(2)).toString();
    const { psk } = this.options;
    this.#transcript = concat(this.#transcript, message(exchange));
    const premaster = concat(vector16(new Uint8Array(psk.length)), vector16(psk));
    this.#master = this.#ems
      ? prf(premaster, 'extended master secret', sha256(this.#transcript), 48)
      : prf(premaster, 'master secret', this.#randoms, 48);
    this.#makeKeys();
    this.state = 'finished';
  }

  #makeKeys(): void {
    const seed = concat(this.#randoms.slice(32), this.#randoms.slice(0, 32));
    this.#keys = prf(this.#master, 'key expansion', seed, 40);
  }

  #sayFinished(): void {
    const { verify = (data) => data } = this.options;
    const body = verify(prf(this.#master, 'server finished', sha256(this.#transcript), 12));
    const finished = { type: Message.Finished, sequence: this.#sequence++, body };
    this.#transcript = concat(this.#transcript, message(finished));
    const spec = [Type.ChangeCipherSpec, 0, u8(1)] as const;
    this.flight = [
      ...(this.resumed ? this.flight : []),
      spec,
      ...this.#fragments(finished).map((fragment) => [Type.Handshake, 1, fragment] as const),
    ];
  }

  #finishedCame(finished: WireMessage): Uint8Array[] {
    if (finished.type !== Message.Finished || this.state !== 'finished') return [];
    const expected = prf(this.#master, 'client finished', sha256(this.#transcript), 12);
    if (!equal(expected, finished.body)) return [];
    this.state = 'open';
    if (this.resumed) return [];
    this.#transcript = concat(this.#transcript, message(finished));
    if (this.#sessionId.length > 0) {
      this.sessions.push({ id: this.#sessionId, master: this.#master, ems: this.#ems });
    }
    this.#sayFinished();
    return this.retransmit();
  }

  get #cipher(): { name: string; tag: number } {
    return this.#suite === 0xa8 ? { name: 'aes-128-gcm', tag: 16 } : { name: 'aes-128-ccm', tag: 8 };
  }

  #aad(header: Uint8Array, cidLength: number, length: number): Uint8Array {
    if (header[0] !== Type.Cid) return concat(header.slice(3, 11), header.slice(0, 3), u16(length));
    const lead = concat(new Uint8Array(8).fill(255), Uint8Array.of(25, cidLength));
    return concat(lead, header.slice(0, 11 + cidLength), u16(length));
  }

  /** A protected record with the next number, or one's own; `cid` and `type` as agreed. */
  seal(type: number, content: Uint8Array, sequence = this.sealedSequence++): Uint8Array {
    const cid = this.clientCid ?? NONE;
    const withCid = cid.length > 0;
    const plain = withCid ? concat(content, u8(type), new Uint8Array(this.options.padding ?? 0)) : content;
    const { name, tag } = this.#cipher;
    const head = record(withCid ? Type.Cid : type, 1, sequence, NONE, { cid }).slice(0, 11 + cid.length);
    const explicit = head.slice(3, 11);
    const nonce = concat(this.#keys.slice(36, 40), explicit);
    const cipher = createCipheriv(name as 'aes-128-ccm', this.#keys.slice(16, 32), nonce, { authTagLength: tag });
    cipher.setAAD(this.#aad(head, cid.length, plain.length), { plaintextLength: plain.length });
    const sealed = concat(cipher.update(plain.slice()), cipher.final());
    return concat(head, vector16(concat(explicit, sealed, cipher.getAuthTag())));
  }

  #open(bytes: Uint8Array, cidLength: number): readonly [number, Uint8Array] | undefined {
    const { name, tag } = this.#cipher;
    const body = bytes.slice(13 + cidLength);
    const length = body.length - 8 - tag;
    if (length < 0) return undefined;
    const nonce = concat(this.#keys.slice(32, 36), body.slice(0, 8));
    const cipher = createDecipheriv(name as 'aes-128-ccm', this.#keys.slice(0, 16), nonce, { authTagLength: tag });
    cipher.setAuthTag(body.slice(-tag));
    cipher.setAAD(this.#aad(bytes, cidLength, length), { plaintextLength: length });
    try {
      const plain = concat(cipher.update(body.slice(8, -tag)), cipher.final());
      if (bytes[0] !== Type.Cid) return [bytes[0] ?? 0, plain];
      const end = plain.findLastIndex((byte) => byte !== 0);
      return [plain[end] ?? 0, plain.slice(0, end)];
    } catch {
      return undefined;
    }
  }
}
