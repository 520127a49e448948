// The device's side of services that take messages over TCP and UDP: one read of the connection (about one segment), or
// one datagram, is one message; where a service wants it, one frame (binary-format.ts). Replies come in the same order.
// HTTP comes in through http.ts.

import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import { Alarm } from '../../alarm.js';
import { MessageStatus } from '../choices.js';
import { storageFaultOf } from '../database.js';
import { HeldBytes, type NoRoom, type Share } from '../held.js';
import { shownBody } from '../http/text.js';
import { HELD_LIMITS } from '../limits.js';
import { pace } from '../pace.js';
import { callerOf } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import { FrameError, FrameReader } from './binary-format.js';
import type { DeviceMessage, MessageAnswer, MessageService, Reply, Sender } from './message.js';

/** Bytes of payload in one IPv4 datagram (RFC 768, RFC 791). */
const MAX_DATAGRAM = 65_507;
const TOO_LONG = new Refusal(MessageStatus.TooLongForDatagram, 'the answer does not fit into a datagram');
const TOO_MANY = new Refusal(MessageStatus.CallerFull, 'too many messages of this SIM are under way');

const noRoom = (fault: NoRoom): Refusal =>
  fault === 'caller'
    ? new Refusal(MessageStatus.CallerFull, 'too many bytes of this SIM are under way')
    : new Refusal(MessageStatus.Full, 'too many bytes are under way');

export class MessageFront {
  readonly #context: ServiceContext;
  readonly #service: MessageService;
  readonly #connections = new Set<Connection>();
  readonly #held: HeldBytes;
  /** Datagrams that are being served, by IMSI. */
  readonly #datagrams = new Map<string, number>();

  constructor(context: ServiceContext, service: MessageService) {
    this.#context = context;
    this.#held = context.held ?? new HeldBytes(HELD_LIMITS);
    this.#service = service;
  }

  /** Serves one TCP connection. The caller is who the session says, whatever the device writes. */
  accept(stream: Duplex, session: Session): void {
    const connection = new Connection(stream, this.#context, {
      take: (protocol, body, signal) => this.#take(protocol, body, session, signal),
      refuse: (reason) => this.#refuse(new Refusal(MessageStatus.BadFrame, reason), session),
      framed: () => this.#framed(session),
      share: () => this.#held.share(session.imsi),
      turn: () => this.#turn(session.imsi),
    });
    this.#connections.add(connection);
    stream.once('close', () => this.#connections.delete(connection));
  }

  /** Serves one datagram. */
  datagram(bytes: Uint8Array, session: Session, reply: (bytes: Uint8Array) => void): void {
    const { clock, messageLimits } = this.#context;
    const { imsi } = session;
    const underWay = this.#datagrams.get(imsi) ?? 0;
    if (underWay >= messageLimits.datagrams) return reply(this.#refuse(TOO_MANY, session, 'udp').bytes);
    this.#datagrams.set(imsi, underWay + 1);
    void this.#take('udp', Buffer.from(bytes), session, new AbortController().signal).then((answer) => {
      const left = (this.#datagrams.get(imsi) ?? 1) - 1;
      if (left > 0) this.#datagrams.set(imsi, left);
      else this.#datagrams.delete(imsi);
      clock.stir();
      // A datagram without a byte would say nothing, and wake a modem for it.
      if (answer.bytes.length === 0) return;
      reply(answer.bytes.length <= MAX_DATAGRAM ? answer.bytes : this.#refuse(TOO_LONG, session, 'udp').bytes);
    });
  }

  /** Resets all connections. */
  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** Undefined: the caller has had no message served in this turn of the event loop. Otherwise resolves in a turn that has no other. */
  #turn(caller: string): Promise<void> | undefined {
    const turn = pace.turn(caller);
    if (turn === undefined) return undefined;
    const release = this.#context.clock.hold();
    return turn.then(release);
  }

  #framed(session: Session): boolean | undefined {
    try {
      return this.#service.framed(callerOf(this.#context.directory, session));
    } catch {
      return undefined;
    }
  }

  /** The reply of the front itself. */
  #refuse(refusal: Refusal, session: Session, protocol: 'tcp' | 'udp' = 'tcp'): Reply {
    const { nextId, traceOf } = this.#context;
    const { name: service } = this.#service;
    const id = nextId();
    const reply = this.#service.reply(failure(this.#context, service, id, session, refusal), undefined);
    traceOf(session).emit(() => {
      return { type: 'message', service, kind: 'response', protocol, id, body: shownBody(reply.bytes) };
    });
    return reply;
  }

  /** Never rejects: whatever goes wrong becomes a reply. */
  async #take(protocol: 'tcp' | 'udp', body: Buffer, session: Session, signal: AbortSignal): Promise<Reply> {
    const { clock, directory, nextId, traceOf } = this.#context;
    const { name } = this.#service;
    const id = nextId();
    const trace = traceOf(session);
    const said = (kind: 'request' | 'response', bytes: Uint8Array): void =>
      trace.emit(() => ({ type: 'message', service: name, kind, protocol, id, body: shownBody(bytes) }));
    said('request', body);
    let message: DeviceMessage | undefined;
    let answer: MessageAnswer;
    const share = this.#held.share(session.imsi);
    try {
      const fault = share.take(body.length);
      if (fault !== undefined) throw noRoom(fault);
      const caller = callerOf(directory, session);
      const unixMs = clock.unixMs();
      message = { id, session, caller, protocol, body, method: 'POST', target: '/', headers: [], unixMs, signal };
      answer = await this.#service.answer(message);
    } catch (error) {
      answer = failure(this.#context, name, id, session, error);
    } finally {
      share.release();
    }
    const reply = this.#service.reply(answer, message);
    said('response', reply.bytes);
    return reply;
  }
}

/** What became of a message that the service did not answer; told in the trace. */
export function failure(
  { traceOf }: ServiceContext,
  service: string,
  id: number,
  session: Sender,
  error: unknown,
): MessageAnswer {
  const known = error instanceof Refusal;
  const storage = storageFaultOf(error);
  const unforeseen = storage === undefined ? MessageStatus.InternalError : MessageStatus.StorageFault;
  const status = known ? error.status : unforeseen;
  // The message of an unforeseen error might hold anything: only its kind is told.
  const kind = error instanceof Error ? error.name : typeof error;
  const reason = known ? error.message : (storage ?? `internal error (${kind})`);
  const { imsi } = session;
  traceOf(session).emit({ type: 'service', service, event: 'refused', id, status, reason, imsi });
  return { status, body: Buffer.from(known ? error.message : (storage ?? 'internal error')) };
}

interface Handlers {
  take(protocol: 'tcp', body: Buffer, signal: AbortSignal): Promise<Reply>;
  /** The reply to bytes that are no message. */
  refuse(reason: string): Reply;
  /** Undefined: the caller is nobody whom the service takes. */
  framed(): boolean | undefined;
  share(): Share;
  /** The caller's turn to have another message served; undefined: now. */
  turn(): Promise<void> | undefined;
}

/** Where messages begin and end in what a connection brings. */
interface MessageReader {
  /** Nothing of a message is kept. */
  readonly idle: boolean;
  take(bytes: Buffer): Iterable<Buffer>;
}

/** What comes in one read is one message. */
class ChunkReader implements MessageReader {
  readonly idle = true;

  constructor(readonly maxBytes: number) {}

  *take(bytes: Buffer): Iterable<Buffer> {
    for (let at = 0; at < bytes.length; at += this.maxBytes) yield bytes.subarray(at, at + this.maxBytes);
  }
}

class Connection {
  readonly #stream: Duplex;
  readonly #context: ServiceContext;
  readonly #handlers: Handlers;
  /** Decided by the connection's first bytes. */
  #messages: MessageReader | undefined;
  readonly #gone = new AbortController();
  readonly #alarm: Alarm;
  /** From a frame's first byte on. */
  readonly #frameAlarm: Alarm;
  /** A message is being served: the stream waits, and so does the device. */
  #busy = false;
  #ended = false;

  constructor(stream: Duplex, context: ServiceContext, handlers: Handlers) {
    this.#stream = stream;
    this.#context = context;
    this.#handlers = handlers;
    this.#alarm = new Alarm(context.clock);
    this.#frameAlarm = new Alarm(context.clock);
    this.#rest();
    stream.on('error', () => undefined);
    stream.once('close', () => {
      this.#alarm.clear();
      this.#frameAlarm.clear();
      this.#gone.abort();
    });
    stream.on('data', (chunk: Buffer) => void this.#received(chunk).catch(() => stream.destroy()));
    stream.once('end', () => {
      this.#ended = true;
      if (!this.#busy) this.#close();
    });
  }

  destroy(): void {
    this.#stream.destroy();
  }

  /** A device that is silent for too long is let go. */
  #rest(): void {
    this.#alarm.set(this.#context.messageLimits.idle, () => this.#close());
  }

  /** Nothing more is taken. What is left of a frame is refused. */
  #close(): void {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    if (this.#messages?.idle === false) {
      this.#stream.write(this.#handlers.refuse('Binary Format v1: the frame stays without its end').bytes);
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#stream.destroyed) return;
    this.#frameAlarm.clear();
    this.#stream.end();
    this.#stream.resume();
    this.#alarm.set(this.#context.messageLimits.linger, () => this.#stream.destroy());
  }

  async #received(chunk: Buffer): Promise<void> {
    if (this.#stream.writableEnded) return;
    const { clock, messageLimits } = this.#context;
    this.#busy = true;
    this.#stream.pause();
    this.#alarm.clear();
    this.#messages ??= this.#reader();
    if (this.#messages === undefined) {
      // How the bytes are to be read cannot be said: the first of them are refused, the rest are not waited for.
      const reply = await this.#handlers.take('tcp', chunk, this.#gone.signal);
      clock.stir();
      if (!this.#stream.destroyed) this.#stream.write(reply.bytes);
      return this.#finish();
    }
    const fresh = this.#messages.idle;
    try {
      for (const message of this.#messages.take(chunk)) {
        // A piece may hold ten thousand frames, and a SIM have as many connections.
        const turn = this.#handlers.turn();
        if (turn !== undefined) await turn;
        if (this.#stream.destroyed) return;
        this.#frameAlarm.clear();
        const reply = await this.#handlers.take('tcp', message, this.#gone.signal);
        clock.stir();
        if (this.#stream.destroyed) return;
        await this.#write(reply.bytes);
        if (this.#stream.destroyed) return;
        if (reply.close === true) return this.#finish();
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#stream.write(this.#handlers.refuse(error.message).bytes);
      return this.#finish();
    }
    this.#busy = false;
    if (this.#ended) return this.#close();
    if (this.#messages.idle) this.#frameAlarm.clear();
    else if (fresh) this.#frameAlarm.set(messageLimits.frame, () => this.#close());
    this.#rest();
    this.#stream.resume();
  }

  #reader(): MessageReader | undefined {
    const framed = this.#handlers.framed();
    if (framed === undefined) return undefined;
    return framed ? new FrameReader() : new ChunkReader(this.#context.messageLimits.maxBytes);
  }

  /** Resolves when the device has room for more, or is gone: a device that does not read is not read from. */
  #write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0 || this.#stream.write(bytes)) return Promise.resolve();
    const share = this.#handlers.share();
    if (share.take(bytes.length) !== undefined) this.#stream.destroy();
    this.#alarm.set(this.#context.messageLimits.reply, () => this.#stream.destroy());
    return new Promise((resolve) => {
      const go = (): void => {
        this.#stream.off('drain', go).off('close', go);
        this.#alarm.clear();
        share.release();
        resolve();
      };
      this.#stream.once('drain', go).once('close', go);
    });
  }
}
