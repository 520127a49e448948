// The device's side of services that take messages over TCP and UDP: one read of the connection (about one segment), or
// one datagram, is one message; replies come in the same order. HTTP comes in through http.ts.

import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import { Alarm } from '../alarm.js';
import { MessageStatus } from '../choices.js';
import { shownBody } from '../http/text.js';
import { callerOf, Refusal } from '../refusal.js';
import type { ServiceContext } from '../service.js';
import type { DeviceMessage, MessageAnswer, MessageService, Reply, SourceProtocol } from './message.js';

export class MessageFront {
  readonly #context: ServiceContext;
  readonly #service: MessageService;
  readonly #connections = new Set<Connection>();

  constructor(context: ServiceContext, service: MessageService) {
    this.#context = context;
    this.#service = service;
  }

  /** Serves one TCP connection. The caller is who the session says, whatever the device writes. */
  accept(stream: Duplex, session: Session): void {
    const connection = new Connection(stream, this.#context, (protocol, body, signal) =>
      this.#take(protocol, body, session, signal),
    );
    this.#connections.add(connection);
    stream.once('close', () => this.#connections.delete(connection));
  }

  /** Serves one datagram. */
  datagram(bytes: Uint8Array, session: Session, reply: (bytes: Uint8Array) => void): void {
    const { clock } = this.#context;
    void this.#take('udp', Buffer.from(bytes), session, new AbortController().signal).then((answer) => {
      clock.stir();
      reply(answer.bytes);
    });
  }

  /** Resets all connections. */
  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** Never rejects: whatever goes wrong becomes a reply. */
  async #take(protocol: SourceProtocol, body: Buffer, session: Session, signal: AbortSignal): Promise<Reply> {
    const { clock, directory, nextId, traceOf } = this.#context;
    const { name } = this.#service;
    const id = nextId();
    const trace = traceOf(session);
    trace.emit({ type: 'message', service: name, kind: 'request', protocol, id, body: shownBody(body) });
    let message: DeviceMessage | undefined;
    let answer: MessageAnswer;
    try {
      const caller = callerOf(directory, session);
      const unixMs = clock.unixMs();
      message = { id, session, caller, protocol, body, method: 'POST', target: '/', headers: [], unixMs, signal };
      answer = await this.#service.answer(message);
    } catch (error) {
      answer = failure(this.#context, name, id, session, error);
    }
    const reply = this.#service.reply(answer, message);
    trace.emit({ type: 'message', service: name, kind: 'response', protocol, id, body: shownBody(reply.bytes) });
    return reply;
  }
}

/** What became of a message that the service did not answer; told in the trace. */
export function failure(
  { traceOf }: ServiceContext,
  service: string,
  id: number,
  session: Session,
  error: unknown,
): MessageAnswer {
  const known = error instanceof Refusal;
  const status = known ? error.status : MessageStatus.InternalError;
  // The message of an unforeseen error might hold anything: only its kind is told.
  const kind = error instanceof Error ? error.name : typeof error;
  const reason = known ? error.message : `internal error (${kind})`;
  const { imsi } = session;
  traceOf(session).emit({ type: 'service', service, event: 'refused', id, status, reason, imsi });
  return { status, body: Buffer.from(known ? error.message : 'internal error') };
}

type Take = (protocol: 'tcp', body: Buffer, signal: AbortSignal) => Promise<Reply>;

class Connection {
  readonly #stream: Duplex;
  readonly #context: ServiceContext;
  readonly #take: Take;
  readonly #gone = new AbortController();
  readonly #alarm: Alarm;
  /** A message is being served: the stream waits, and so does the device. */
  #busy = false;
  #ended = false;

  constructor(stream: Duplex, context: ServiceContext, take: Take) {
    this.#stream = stream;
    this.#context = context;
    this.#take = take;
    this.#alarm = new Alarm(context.clock);
    this.#rest();
    stream.on('error', () => undefined);
    stream.once('close', () => {
      this.#alarm.clear();
      this.#gone.abort();
    });
    stream.on('data', (chunk: Buffer) => void this.#received(chunk));
    stream.once('end', () => {
      this.#ended = true;
      if (!this.#busy) this.#finish();
    });
  }

  destroy(): void {
    this.#stream.destroy();
  }

  /** A device that is silent for too long is let go. */
  #rest(): void {
    this.#alarm.set(this.#context.messageLimits.idle, () => this.#finish());
  }

  #finish(): void {
    if (this.#stream.destroyed) return;
    this.#stream.end();
    this.#alarm.set(this.#context.messageLimits.linger, () => this.#stream.destroy());
  }

  async #received(chunk: Buffer): Promise<void> {
    const { maxBytes } = this.#context.messageLimits;
    this.#busy = true;
    this.#stream.pause();
    this.#alarm.clear();
    for (let at = 0; at < chunk.length && !this.#stream.destroyed; at += maxBytes) {
      const reply = await this.#take('tcp', chunk.subarray(at, at + maxBytes), this.#gone.signal);
      if (this.#stream.destroyed || this.#stream.writableEnded) return;
      this.#context.clock.stir();
      if (reply.bytes.length > 0) this.#stream.write(reply.bytes);
      if (reply.close === true) {
        this.#stream.resume();
        this.#finish();
        return;
      }
    }
    this.#busy = false;
    if (this.#ended) this.#finish();
    else this.#rest();
    this.#stream.resume();
  }
}
