import { Status } from '../board/abi.js';
import { Board } from '../board/board.js';
import { type Clock, MS } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace/trace.js';
import { toHex } from '../bytes.js';
import { SecrecyWatch, commandName, shown } from './apdu.js';
import { CardError, type CardReader } from './reader.js';
import type { SimCard } from './slot.js';

/** CLA INS P1 P2 P3, 255 bytes of data, Le. */
const COMMAND_MAX_BYTES = 261;

/** Between two calls of a card whose store is busy. */
const BUSY_POLL = 10 * MS;

export interface DirectCardOptions {
  readonly card: SimCard;
  readonly clock: Clock;
  readonly trace: Trace;
  readonly random: Random;
}

/**
 * A reader without contacts: whole APDUs go to the card by its direct call, in no time, and come back with all their
 * data (no 61xx; 6Cxx only when the command named a wrong Le).
 */
export function directCard(options: DirectCardOptions): CardReader {
  return new DirectCard(options);
}

class DirectCard implements CardReader {
  readonly #board: Board;
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #watch = new SecrecyWatch();
  #tail: Promise<unknown> = Promise.resolve();

  constructor({ card, clock, trace, random }: DirectCardOptions) {
    this.#clock = clock;
    this.#trace = trace;
    this.#board = new Board({ name: 'sim', module: card.module, clock, trace, random, store: card.store });
  }

  powerOn(): Promise<Uint8Array> {
    return this.#queued(() => {
      this.#board.powerOn();
      this.#trace.emit({ type: 'contact', event: 'power-on' });
      return this.#answerToReset();
    });
  }

  powerOff(): void {
    this.#board.powerOff();
    this.#trace.emit({ type: 'contact', event: 'power-off' });
  }

  reset(): Promise<Uint8Array> {
    return this.#queued(() => this.#answerToReset());
  }

  transmit(command: Uint8Array): Promise<Uint8Array> {
    return this.#queued(async () => {
      if (command.length > COMMAND_MAX_BYTES) throw new CardError('protocol', `an APDU of ${command.length} bytes`);
      const secrecy = this.#watch.next(command);
      const answer = await this.#call('apdu', command);
      const sw = answer.slice(-2);
      this.#watch.done(((sw[0] ?? 0) << 8) | (sw[1] ?? 0));
      this.#trace.emit({
        type: 'apdu',
        name: commandName(command),
        header: toHex(command.subarray(0, 5)),
        ...(command.length > 5 ? { command: shown(command.slice(5), secrecy.command) } : {}),
        ...(answer.length > 2 ? { response: shown(answer.slice(0, -2), secrecy.response) } : {}),
        sw: toHex(sw),
      });
      return answer;
    });
  }

  async #answerToReset(): Promise<Uint8Array> {
    this.#trace.emit({ type: 'contact', event: 'reset' });
    this.#watch.reset();
    const atr = await this.#call('apdu_reset');
    this.#trace.emit({ type: 'atr', bytes: toHex(atr) });
    return atr;
  }

  /** Puts `input` into the card's buffer, calls until its store is ready for the command, and takes the answer. */
  async #call(name: 'apdu' | 'apdu_reset', input: Uint8Array = new Uint8Array(0)): Promise<Uint8Array> {
    for (;;) {
      const answer = this.#board.call((exports) => {
        const { apdu_buffer: buffer, [name]: run, memory } = exports;
        if (typeof buffer !== 'function' || typeof run !== 'function') {
          throw new CardError('mute', `this card's program has no direct call "${name}"`);
        }
        const at = Number(buffer());
        new Uint8Array(memory.buffer).set(input, at);
        const length = Number(run(input.length));
        return length === Status.Again ? 'again' : new Uint8Array(memory.buffer).slice(at, at + length);
      });
      if (answer === undefined) throw new CardError('mute', 'the card is off');
      if (answer !== 'again') return answer;
      await this.#clock.sleep(BUSY_POLL); // the card itself gives up after a while
    }
  }

  /** One at a time: a second call waits for the first. */
  #queued(action: () => Promise<Uint8Array>): Promise<Uint8Array> {
    this.#clock.stir('promises');
    const turn = this.#tail.then(action);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}
