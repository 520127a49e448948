// Published clients of SORACOM Inventory in Go and C++ read what the server sends at fixed places: a cookie and a session id of 32 bytes,
// ServerHello and ServerHelloDone in one datagram, ChangeCipherSpec and Finished in one, no extensions, 1024 bytes of a datagram at most.
// This one does, too; its cryptography is Node's.
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat } from '../../host/bytes.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { DtlsServer } from '../../host/dtls/index.js';
import { Random } from '../../host/random.js';
import { Secret } from '../../host/secret.js';
import { message, Message, record, Type, u8, u16, vector16 } from '../dtls/wire.js';
import { IDENTITY, KEY } from './line.js';

const HEAD = 13;
const MESSAGE_HEAD = 12;
const BUFFER = 1024;

function prf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Buffer {
  const whole = concat(Buffer.from(label), seed);
  const parts: Buffer[] = [];
  let a: Uint8Array = whole;
  while (32 * parts.length < length) {
    a = createHmac('sha256', secret).update(a).digest();
    parts.push(createHmac('sha256', secret).update(a).update(whole).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
}

class FixedPlaceClient {
  readonly clock = new VirtualClock(0);
  readonly heard: string[] = [];
  readonly server: DtlsServer;
  /** Datagrams of the server that have not been read. */
  readonly #inbox: Uint8Array[] = [];
  readonly #random = Buffer.alloc(32, 7);
  #transcript: Uint8Array = new Uint8Array();
  #keys: Record<'client' | 'server' | 'clientIv' | 'serverIv', Buffer> | undefined;
  #master: Buffer = Buffer.alloc(0);

  constructor() {
    this.server = new DtlsServer({
      ...{ clock: this.clock, random: new Random('fixed places') },
      keysOf: (identity) => (identity === IDENTITY ? [{ id: 'one', key: new Secret(KEY) }] : undefined),
      data: (association, bytes) => {
        this.heard.push(bytes.toString('latin1'));
        association.send(bytes);
      },
    });
  }

  #send(datagram: Uint8Array): void {
    this.server.receive(datagram, {
      key: '10.0.0.1:40000',
      send: (back) => this.#inbox.push(back.slice(0, BUFFER)),
    });
  }

  #read(): Buffer {
    const datagram = this.#inbox.shift();
    if (datagram === undefined) throw new Error('the server says nothing');
    return Buffer.from(datagram);
  }

  #hello(cookie: Uint8Array, sequence: number): Uint8Array {
    const body = concat(
      ...[u16(0xfefd), this.#random, u8(0), u8(cookie.length), cookie],
      ...[vector16(u16(0xc0a8)), u8(1), u8(0)],
    );
    const whole = message({ type: Message.ClientHello, sequence, body });
    this.#send(record(Type.Handshake, 0, sequence, whole));
    return whole;
  }

  /** Throws where a server does not do what these clients expect. */
  handshake(): void {
    this.#hello(new Uint8Array(), 0);
    const verify = this.#read();
    if (verify[HEAD] !== Message.HelloVerifyRequest) throw new Error('no HelloVerifyRequest');
    const cookie = Buffer.alloc(32);
    verify.copy(cookie, 0, HEAD + 15, HEAD + 47);
    this.#transcript = this.#hello(cookie, 1);
    const flight = this.#read();
    if (flight[HEAD] !== Message.ServerHello) throw new Error(`message ${flight[HEAD]} is no ServerHello`);
    const serverRandom = flight.subarray(HEAD + 14, HEAD + 46);
    const session = flight.subarray(HEAD + 47, HEAD + 79);
    const first = flight.readUInt16BE(11);
    const done = flight.subarray(HEAD + first);
    if (done[HEAD] !== Message.ServerHelloDone) throw new Error('no ServerHelloDone behind it');
    // Behind the session id: suite and compression, and nothing else.
    expect([session.length, first]).toEqual([32, MESSAGE_HEAD + 2 + 32 + 1 + 32 + 2 + 1]);
    this.#transcript = concat(this.#transcript, flight.subarray(HEAD, HEAD + first), done.subarray(HEAD));
    this.#finish(serverRandom);
  }

  #finish(serverRandom: Uint8Array): void {
    const exchange = message({
      ...{ type: Message.ClientKeyExchange, sequence: 2, body: vector16(Buffer.from(IDENTITY)) },
    });
    this.#transcript = concat(this.#transcript, exchange);
    this.#send(record(Type.Handshake, 0, 2, exchange));
    this.#send(record(Type.ChangeCipherSpec, 0, 3, u8(1)));
    const premaster = concat(vector16(new Uint8Array(KEY.length)), vector16(KEY));
    this.#master = prf(premaster, 'master secret', concat(this.#random, serverRandom), 48);
    const block = prf(this.#master, 'key expansion', concat(serverRandom, this.#random), 40);
    this.#keys = {
      ...{ client: block.subarray(0, 16), server: block.subarray(16, 32) },
      ...{ clientIv: block.subarray(32, 36), serverIv: block.subarray(36, 40) },
    };
    const finished = message({ type: Message.Finished, sequence: 3, body: this.#verify('client finished') });
    this.#transcript = concat(this.#transcript, finished);
    this.#send(this.#seal(Type.Handshake, 0, finished));
    const answer = this.#read();
    const first = answer.readUInt16BE(11);
    if (answer[0] !== Type.ChangeCipherSpec) throw new Error('no ChangeCipherSpec');
    const plain = this.#open(answer.subarray(HEAD + first));
    expect(plain.subarray(MESSAGE_HEAD)).toEqual(this.#verify('server finished'));
  }

  #verify(label: string): Buffer {
    return prf(this.#master, label, createHash('sha256').update(this.#transcript).digest(), 12);
  }

  get #secret(): Record<'client' | 'server' | 'clientIv' | 'serverIv', Buffer> {
    if (this.#keys === undefined) throw new Error('no keys yet');
    return this.#keys;
  }

  #seal(type: number, sequence: number, content: Uint8Array): Uint8Array {
    const head = record(type, 1, sequence, content).subarray(0, HEAD);
    const number = head.subarray(3, 11);
    const cipher = createCipheriv('aes-128-ccm', this.#secret.client, concat(this.#secret.clientIv, number), {
      authTagLength: 8,
    });
    cipher.setAAD(concat(number, head.subarray(0, 3), u16(content.length)), { plaintextLength: content.length });
    const sealed = concat(number, cipher.update(content), cipher.final(), cipher.getAuthTag());
    return record(type, 1, sequence, sealed);
  }

  /** The first record of a datagram. */
  #open(datagram: Buffer): Buffer {
    const content = datagram.subarray(HEAD, HEAD + datagram.readUInt16BE(11));
    const number = content.subarray(0, 8);
    const sealed = content.subarray(8, -8);
    const decipher = createDecipheriv('aes-128-ccm', this.#secret.server, concat(this.#secret.serverIv, number), {
      authTagLength: 8,
    });
    decipher.setAuthTag(content.subarray(-8));
    decipher.setAAD(concat(number, datagram.subarray(0, 3), u16(sealed.length)), { plaintextLength: sealed.length });
    const plain = decipher.update(sealed);
    decipher.final();
    return plain;
  }

  /** Says something; what comes back. */
  talk(text: string, sequence: number): string {
    this.#send(this.#seal(Type.Data, sequence, Buffer.from(text)));
    return this.#open(this.#read()).toString();
  }
}

describe('a client that reads fixed places', () => {
  it('gets through the handshake, is heard and hears', () => {
    const client = new FixedPlaceClient();
    client.handshake();
    expect(client.server.counts.open).toBe(1);
    expect(client.talk('one', 1)).toBe('one');
    expect(client.talk('another', 2)).toBe('another');
    expect(client.heard).toEqual(['one', 'another']);
  });
});
