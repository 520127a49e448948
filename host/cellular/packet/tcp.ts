// One end of a TCP connection (RFC 9293), as far as it shows to the two programs: ordered bytes, acknowledgement,
// retransmission with back-off (RFC 6298), flow control with zero-window probes, half-close, reset, giving up.
// Both ends run this; congestion control and options are left out.

import { MS, SECOND } from '../../clock/clock.js';
import type { Clock, Nanoseconds, Timer } from '../../clock/clock.js';
import type { SocketFault } from '../network.js';
import type { Segment } from './packet.js';

/** Largest payload of a segment: an MTU of 1358 on the mobile network, less headers. */
export const MSS = 1318;
/** Room for received bytes that the program has not taken. */
export const WINDOW = 32 * 1024;
const INITIAL_RTO = 1 * SECOND;
const MIN_RTO = 200 * MS;
const MAX_RTO = 64 * SECOND;
/** R2 of RFC 9293 3.8.3: at least 100 s without an acknowledgement, then the connection is given up. */
const GIVE_UP = 100 * SECOND;
/** Six SYN retransmissions after 1, 2, 4, .. s, as widely done: 127 s. */
const SYN_GIVE_UP = 127 * SECOND;
const NOTHING = new Uint8Array();

/** What the program at this end is told, from clock events only (`data` and `ended` also from `resume`). */
export interface TcpEndpointEvents {
  /** The handshake is done. */
  connected(): void;
  /** Returns false to say "no more for now": `resume` when there is room again. */
  data(bytes: Uint8Array): boolean;
  ended(): void;
  failed(fault: SocketFault): void;
  /** Bytes were acknowledged, or a FIN was, or the last thing was said: look at `unacknowledged` and `closed`. */
  progress(): void;
}

export class TcpEndpoint {
  readonly #clock: Clock;
  readonly #transmit: (segment: Segment) => void;
  readonly #events: TcpEndpointEvents;
  #state: 'new' | 'syn-sent' | 'syn-received' | 'established' | 'dead' = 'new';

  // Sending. Bytes from `#una` on; SYN is not counted, FIN is the byte after the last.
  #queue: Uint8Array[] = [];
  #queued = 0;
  #una = 0;
  #next = 0;
  #finAt: number | undefined;
  #peerWindow = WINDOW;
  #timer: Timer | undefined;
  #rto = INITIAL_RTO;
  #srtt: Nanoseconds | undefined;
  #rttvar = 0;
  /** One segment at a time is measured; none that was sent twice (Karn). */
  #measured: { readonly end: number; readonly sent: Nanoseconds } | undefined;
  /** Since when nothing was acknowledged. */
  #stuckSince: Nanoseconds | undefined;
  /** After a time-out one segment is out at a time: the path is most likely gone. */
  #recovering = false;

  // Receiving.
  #received = 0;
  #peerFinished = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #paused = false;
  #endTold = false;

  constructor(clock: Clock, transmit: (segment: Segment) => void, events: TcpEndpointEvents) {
    this.#clock = clock;
    this.#transmit = transmit;
    this.#events = events;
  }

  /** Bytes handed in and not yet acknowledged. */
  get unacknowledged(): number {
    return this.#queued;
  }

  /** Nothing more will happen here: failed, aborted, or both directions finished and acknowledged. */
  get closed(): boolean {
    return this.#state === 'dead' || (this.#endTold && this.#finAt !== undefined && this.#una > this.#finAt);
  }

  connect(): void {
    this.#state = 'syn-sent';
    this.#send('syn');
    this.#arm();
  }

  /** Queues bytes. Without effect after `end` or when dead. */
  send(bytes: Uint8Array): void {
    if (this.#state === 'dead' || this.#finAt !== undefined || bytes.length === 0) return;
    this.#queue.push(bytes.slice());
    this.#queued += bytes.length;
    this.#pump();
  }

  /** FIN after what is queued. */
  end(): void {
    if (this.#state === 'dead' || this.#finAt !== undefined) return;
    this.#finAt = this.#una + this.#queued;
    this.#pump();
  }

  /** RST to the other end; no event follows here. */
  abort(): void {
    if (this.#state === 'dead') return;
    this.#send('rst');
    this.vanish();
  }

  /** Gone without a word, as when the power goes. */
  vanish(): void {
    this.#state = 'dead';
    this.#disarm();
    this.#queue = [];
    this.#queued = 0;
    this.#held = [];
  }

  /** As if the other end had sent RST. */
  reset(): void {
    this.#fail('reset');
  }

  /** The program has room again. */
  resume(): void {
    if (!this.#paused || this.#state === 'dead') return;
    this.#paused = false;
    const before = this.#window;
    this.#handOver();
    if (this.#state === 'established' && this.#window > before) this.#send('ack');
  }

  receive(segment: Segment): void {
    if (this.#state === 'dead') return;
    if (segment.flags === 'rst') {
      this.#fail(this.#state === 'syn-sent' ? 'refused' : 'reset');
      return;
    }
    if (segment.flags === 'syn') {
      if (this.#state === 'new') this.#state = 'syn-received';
      if (this.#state !== 'syn-received') return;
      this.#peerWindow = segment.window;
      this.#send('syn-ack');
      this.#arm();
      return;
    }
    if (segment.flags === 'syn-ack') {
      this.#peerWindow = segment.window;
      if (this.#state === 'syn-sent') this.#established();
      if (this.#alive()) this.#send('ack');
      this.#pump();
      return;
    }
    if (this.#state === 'syn-sent') return;
    if (this.#state === 'syn-received') this.#established();
    this.#acknowledge(segment);
    this.#accept(segment);
  }

  #alive(): boolean {
    return this.#state === 'established';
  }

  #established(): void {
    this.#state = 'established';
    this.#stuckSince = undefined;
    this.#rto = INITIAL_RTO;
    this.#disarm();
    this.#events.connected();
  }

  get #window(): number {
    return Math.max(0, WINDOW - this.#heldBytes);
  }

  #acknowledge({ ack, window }: Segment): void {
    const opened = window > this.#peerWindow;
    this.#peerWindow = window;
    if (ack > this.#una && ack <= this.#limit) {
      this.#drop(ack);
      this.#next = Math.max(this.#next, ack);
      if (this.#measured && ack >= this.#measured.end) this.#measure(this.#clock.now() - this.#measured.sent);
      this.#stuckSince = undefined;
      this.#recovering = false;
      this.#disarm();
      this.#events.progress();
    } else if (window === 0 && this.#queued > 0) {
      // A probe was answered: the other end lives, however long it keeps its window shut (RFC 9293 3.8.6.1).
      this.#stuckSince = undefined;
    } else if (!opened) return;
    if (this.#alive()) this.#pump();
  }

  /** Sequence number after the last byte, or after FIN. */
  get #limit(): number {
    return this.#finAt === undefined ? this.#una + this.#queued : this.#finAt + 1;
  }

  #drop(ack: number): void {
    let bytes = Math.min(ack - this.#una, this.#queued);
    this.#queued -= bytes;
    this.#una = ack;
    while (bytes > 0) {
      const first = this.#queue[0] as Uint8Array;
      if (first.length > bytes) {
        this.#queue[0] = first.subarray(bytes);
        break;
      }
      bytes -= first.length;
      this.#queue.shift();
    }
  }

  /** RFC 6298 2. */
  #measure(rtt: Nanoseconds): void {
    if (this.#srtt === undefined) {
      this.#srtt = rtt;
      this.#rttvar = rtt / 2;
    } else {
      this.#rttvar = 0.75 * this.#rttvar + 0.25 * Math.abs(this.#srtt - rtt);
      this.#srtt = 0.875 * this.#srtt + 0.125 * rtt;
    }
    this.#rto = Math.min(MAX_RTO, Math.max(MIN_RTO, this.#srtt + 4 * this.#rttvar));
    this.#measured = undefined;
  }

  #accept(segment: Segment): void {
    const { seq, data } = segment;
    const carries = data.length > 0 || segment.flags === 'fin';
    const end = seq + data.length;
    if (carries && seq <= this.#received && !this.#peerFinished && end - this.#received <= this.#window) {
      const fresh = data.subarray(this.#received - seq);
      if (fresh.length > 0) {
        this.#received = end;
        this.#held.push(fresh);
        this.#heldBytes += fresh.length;
      }
      if (segment.flags === 'fin' && end === this.#received) this.#peerFinished = true;
    }
    // A probe lies before the next byte expected and carries nothing; it wants an answer all the same.
    const probe = !carries && seq < this.#received;
    this.#handOver();
    if ((carries || probe) && this.#alive()) this.#send('ack');
  }

  #handOver(): void {
    while (!this.#paused && this.#held.length > 0 && this.#alive()) {
      const bytes = this.#held.shift() as Uint8Array;
      this.#heldBytes -= bytes.length;
      this.#paused = !this.#events.data(bytes);
    }
    if (this.#peerFinished && this.#held.length === 0 && !this.#endTold && this.#alive()) {
      this.#endTold = true;
      this.#events.ended();
    }
  }

  /** Sends what the window allows. */
  #pump(): void {
    if (!this.#alive()) return;
    const last = this.#una + this.#queued;
    while (this.#next < last && this.#next - this.#una < this.#peerWindow) {
      if (this.#recovering && this.#next > this.#una) break;
      const room = this.#peerWindow - (this.#next - this.#una);
      const data = this.#slice(this.#next, Math.min(MSS, room, last - this.#next));
      this.#send('ack', this.#next, data);
      this.#next += data.length;
      this.#measured ??= { end: this.#next, sent: this.#clock.now() };
    }
    if (this.#finAt !== undefined && this.#next === this.#finAt) {
      this.#send('fin', this.#next);
      this.#next = this.#finAt + 1;
    }
    if (this.#una < this.#limit) this.#arm();
    else this.#disarm();
  }

  #slice(from: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    let skip = from - this.#una;
    let filled = 0;
    for (const chunk of this.#queue) {
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      const part = chunk.subarray(skip, skip + length - filled);
      out.set(part, filled);
      filled += part.length;
      skip = 0;
      if (filled === length) break;
    }
    return out;
  }

  #send(flags: Segment['flags'], seq = this.#next, data: Uint8Array = NOTHING): void {
    const ack = this.#received + (this.#peerFinished ? 1 : 0);
    this.#transmit({ flags, seq, ack, window: this.#window, data });
  }

  #arm(): void {
    this.#stuckSince ??= this.#clock.now();
    this.#timer ??= this.#clock.after(this.#rto, () => this.#expired());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** No acknowledgement in time: again, after twice the time, until patience ends. */
  #expired(): void {
    this.#timer = undefined;
    const patience = this.#alive() ? GIVE_UP : SYN_GIVE_UP;
    if (this.#clock.now() - (this.#stuckSince ?? this.#clock.now()) >= patience) {
      this.#fail('timeout');
      return;
    }
    this.#rto = Math.min(MAX_RTO, this.#rto * 2);
    this.#measured = undefined;
    // Everything from the first unacknowledged byte is sent again.
    this.#next = this.#una;
    if (!this.#alive()) {
      this.#send(this.#state === 'syn-sent' ? 'syn' : 'syn-ack');
      this.#arm();
    } else if (this.#peerWindow === 0 && this.#queued > 0) {
      // A probe: it lies before what the other end expects, so that it has to answer with its window.
      this.#send('ack', this.#una - 1);
      this.#arm();
    } else {
      this.#recovering = true;
      this.#pump();
    }
  }

  #fail(fault: SocketFault): void {
    if (this.#state === 'dead') return;
    // Both programs have said all and heard all; only the acknowledgement of FIN is missing (LAST-ACK, RFC 9293 3.10.7.4).
    const done = this.#endTold && this.#finAt !== undefined && this.#queued === 0;
    this.vanish();
    if (done) this.#events.progress();
    else this.#events.failed(fault);
  }
}
