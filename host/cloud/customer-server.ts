// A customer's server: takes what Beam forwards, checks the signature with its own code, and keeps what it accepted.

import type { Clock } from '../clock/clock.js';
import { shownBody, type HeaderList } from '../platform/http/text.js';
import type { Secret } from '../secret.js';
import type { Trace } from '../trace/trace.js';
import { BeamVerifier, type BeamIdentity } from './beam-verifier.js';
import type { ServerCertificate } from './ca.js';
import { CloudServer, headerOf, type CloudRequest, type CloudResponse } from './cloud-server.js';

export interface CustomerServerOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  /** The key shared with Beam. */
  readonly psk: Secret;
  /** Absent: plain HTTP. */
  readonly certificate?: ServerCertificate;
  /** Milliseconds; five minutes unless given. */
  readonly maxSkewMs?: number;
  /** The customer's own look at a signed request: what is wrong with it, or undefined. A fault is answered with 422. */
  readonly check?: (body: Buffer, messageId: string | undefined) => string | undefined;
}

/** One accepted request. */
export interface CustomerMessage {
  readonly identity: BeamIdentity;
  /** Header `x-message-id`, by which a repeated message is known. */
  readonly messageId?: string;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  /** Signed by Beam, UNIX milliseconds. */
  readonly timestampMs: number;
  readonly receivedMs: number;
}

export class CustomerServer extends CloudServer {
  readonly #options: CustomerServerOptions;
  readonly #verifier: BeamVerifier;
  readonly #messages: CustomerMessage[] = [];
  readonly #known = new Set<string>();

  constructor(options: CustomerServerOptions) {
    super({ ...options, handle: (request) => this.#judge(request) });
    this.#options = options;
    this.#verifier = new BeamVerifier(options.psk, options.clock, options.maxSkewMs);
  }

  /** Accepted messages, each once, in the order in which they came. */
  get messages(): readonly CustomerMessage[] {
    return this.#messages;
  }

  #judge(request: CloudRequest): CloudResponse {
    const { clock, trace } = this.#options;
    const { method, url, headers, body } = request;
    const shown = shownBody(body);
    const verdict = this.#verifier.verify(headers);
    if (!verdict.ok) {
      trace.emit({ type: 'verified', ok: false, reason: verdict.reason, body: shown });
      return reply(401, { error: verdict.reason });
    }
    const { identity, timestampMs } = verdict;
    const messageId = headerOf(request, 'x-message-id');
    const fault = this.#options.check?.(body, messageId);
    if (fault !== undefined) {
      trace.emit({ type: 'verified', ok: false, reason: fault, body: shown });
      return reply(422, { error: fault });
    }
    const known = messageId !== undefined && this.#isKnown(identity, messageId);
    const who = {
      ...(identity.imsi !== undefined && { imsi: identity.imsi }),
      ...(messageId !== undefined && { messageId }),
    };
    trace.emit({ type: 'verified', ok: true, ...who, ...(known && { reason: 'duplicate' }), body: shown });
    // A repeated message is acknowledged, since its sender may not have got the first answer, but not kept again.
    if (known) return reply(200, { duplicate: true, ...who });
    this.#messages.push({
      identity,
      ...(messageId !== undefined && { messageId }),
      method,
      url,
      headers,
      body,
      timestampMs,
      receivedMs: clock.unixMs(),
    });
    return reply(body.length > 0 ? 201 : 200, { accepted: true, ...who });
  }

  #isKnown(identity: BeamIdentity, messageId: string): boolean {
    const key = JSON.stringify([identity.imsi, identity.imei, identity.msisdn, identity.simId, messageId]);
    if (this.#known.has(key)) return true;
    this.#known.add(key);
    return false;
  }
}

const reply = (status: number, value: object): CloudResponse => ({ status, body: `${JSON.stringify(value)}\n` });
