// A card in the virtual reader of vsmartcard (vpcd, a driver of pcscd), which makes it a card for every PC/SC program.
//
// The card's side connects by TCP. Messages of both directions: length (2 bytes, big-endian), then so many bytes. From
// the reader one byte is an order and more are a command APDU. ATR and APDU are answered, the other orders are not.

import { connect, type Socket } from 'node:net';
import { concat } from '../bytes.js';
import type { CardReader } from './reader.js';
import { T0Answers } from './t0-answers.js';

export const VPCD_PORT = 35963;
export const VpcdOrder = { Off: 0, On: 1, Reset: 2, Atr: 4 } as const;

const LENGTH_BYTES = 2;
/** CLA INS P1 P2 P3, 255 bytes of data, Le. */
const COMMAND_BYTES = { min: 4, max: 261 };
const WRONG_LENGTH = Uint8Array.of(0x67, 0x00);
const TECHNICAL_PROBLEM = Uint8Array.of(0x6f, 0x00);

/** Puts messages together from what a stream brings. */
export class VpcdMessages {
  #rest: Uint8Array = new Uint8Array(0);

  /** The messages that `chunk` completes. */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = concat(this.#rest, chunk);
    const messages: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      const start = at + LENGTH_BYTES;
      const end = start + ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
      if (start > bytes.length || end > bytes.length) break;
      messages.push(bytes.slice(start, end));
      at = end;
    }
    this.#rest = bytes.slice(at);
    return messages;
  }
}

export function vpcdMessage(body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(body.length >> 8, body.length & 0xff), body);
}

/** What the card does on messages of the reader. Whatever they are, it neither throws nor stops. */
export class VpcdCard {
  readonly #card: CardReader;
  #atr: Uint8Array | undefined;

  constructor(card: CardReader) {
    // The card's ATR offers T=0.
    this.#card = new T0Answers(card);
  }

  /** The answer to one message, if it gets one. */
  async answer(message: Uint8Array): Promise<Uint8Array | undefined> {
    if (message.length > 1) return this.#command(message);
    switch (message[0]) {
      case VpcdOrder.Off:
        this.#card.powerOff();
        break;
      case VpcdOrder.On:
        this.#atr = await this.#card.powerOn();
        break;
      case VpcdOrder.Reset:
        // The reader does not say whether the card is on.
        this.#atr = await this.#card.reset().catch(() => this.#card.powerOn());
        break;
      case VpcdOrder.Atr:
        // Asked about three times a second to see whether the card is there: it must not change its state.
        this.#atr ??= await this.#card.powerOn();
        return this.#atr;
    }
    return undefined;
  }

  async #command(command: Uint8Array): Promise<Uint8Array> {
    if (command.length < COMMAND_BYTES.min || command.length > COMMAND_BYTES.max) return WRONG_LENGTH;
    return this.#card.transmit(command).catch(() => TECHNICAL_PROBLEM);
  }
}

/** Why a card is in the virtual reader no more. */
export type VpcdEnd = 'refused' | 'gone' | 'stopped';

export interface VpcdOptions {
  readonly host: string;
  readonly port: number;
  readonly card: CardReader;
  /** Takes the card out. */
  readonly signal: AbortSignal;
  /** Called when the reader has taken the card. */
  readonly joined?: () => void;
}

/** Puts `card` into the reader at `host`:`port` until one of the two ends it; then the card is off. Never rejects. */
export function joinVpcd(options: VpcdOptions): Promise<VpcdEnd> {
  const { card, signal } = options;
  const answers = new VpcdCard(card);
  const messages = new VpcdMessages();
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve('stopped');
      return;
    }
    let joined = false;
    let working = Promise.resolve();
    const socket = connect(options.port, options.host);
    const stop = (): void => void socket.destroy();
    signal.addEventListener('abort', stop, { once: true });
    socket.setNoDelay(true);
    socket.on('connect', () => {
      joined = true;
      options.joined?.();
    });
    socket.on('data', (chunk) => {
      for (const message of messages.push(chunk)) {
        working = working.then(() => reply(socket, answers, message));
      }
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      signal.removeEventListener('abort', stop);
      void working.then(() => {
        card.powerOff();
        resolve(signal.aborted ? 'stopped' : joined ? 'gone' : 'refused');
      });
    });
  });
}

async function reply(socket: Socket, card: VpcdCard, message: Uint8Array): Promise<void> {
  const answer = await card.answer(message).catch(() => undefined);
  if (answer !== undefined && socket.writable) socket.write(vpcdMessage(answer));
}
