import { toHex } from '../bytes.js';
import type { Clock, Timer } from '../clock/clock.js';
import type { Trace } from '../trace/trace.js';
import { SecrecyWatch, commandName, shown } from './apdu.js';
import { type Atr, AtrError, parseAtr, rateOf } from './atr.js';
import type { LineCharacter, Party } from './line.js';
import { CardError, type CardReader } from './reader.js';
import type { CardSlot } from './slot.js';
import {
  DEFAULT_ETU,
  type Procedure,
  type Receive,
  type Step,
  exchangeTpdu,
  receiveAtr,
  selectRate,
  toTpdu,
} from './t0.js';

/** RST stays low for at least 400 clocks of a running CLK. ISO 7816-3 6.2.2. */
const RST_LOW_CLOCKS = 500;
/**
 * A card is refused after three attempts without a good ATR (TS 102 221 6.3.2): the one that was asked for, then a warm
 * reset, which is enough for a card that was disturbed, then a cold one, for a card that hangs.
 */
const RETRIES = ['warm', 'cold'] as const;
/** Work waiting time is WI x 960 x Fi clocks. ISO 7816-3 10.2. */
const WAITING_UNIT = 960;

export interface TerminalOptions {
  readonly slot: CardSlot;
  readonly clock: Clock;
  readonly trace: Trace;
  /** Default true: goes to the fastest rate of TA1 by PPS. */
  readonly pps?: boolean;
  /**
   * Default true: signals a character with wrong parity, and the card repeats it (ISO 7816-3 7.3). A terminal need not;
   * one that does not gives up at the first.
   */
  readonly errorSignal?: boolean;
}

interface Job {
  run(): Procedure<Uint8Array>;
  resolve(bytes: Uint8Array): void;
  reject(error: unknown): void;
}

/** What the card said of itself and what was agreed with it. */
interface Contract {
  readonly atr: Atr;
  /** Clocks. */
  readonly waitingTime: number;
}

/** The reader's side of the contacts (ISO 7816-3): reset, ATR, PPS, T=0. All time is the clock's. */
export class Terminal implements CardReader {
  readonly #slot: CardSlot;
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #pps: boolean;
  readonly #watch = new SecrecyWatch();
  readonly #jobs: Job[] = [];
  readonly #log: Burst;
  #contract: Contract | undefined;
  /** `touched`: it has done something with the contacts. */
  #current: { procedure: Procedure<Uint8Array>; job: Job; touched: boolean } | undefined;
  #step: Step | undefined;
  #deadline: Timer | undefined;
  /** Characters that no step has taken yet. */
  readonly #early: number[] = [];
  /** Characters that the present step still waits for. */
  #left = 0;

  constructor(options: TerminalOptions) {
    this.#slot = options.slot;
    this.#clock = options.clock;
    this.#trace = options.trace;
    this.#pps = options.pps ?? true;
    this.#slot.line.errorSignal = options.errorSignal ?? true;
    this.#log = new Burst(options.trace);
    this.#slot.removed = () => this.#stop(new CardError('no-card', 'the card was taken out'));
    this.#slot.line.terminal = {
      received: (bytes) => this.#received(bytes),
      sent: () => this.#sent(),
      failed: (from) => this.#failed(from),
      repeating: (character) => this.#repeating(character),
    };
  }

  /** Fi/Di, guard and waiting times of the card that is on; undefined while none is. */
  get atr(): Atr | undefined {
    return this.#contract?.atr;
  }

  powerOn(): Promise<Uint8Array> {
    return this.#enqueue(() => this.#start(true));
  }

  reset(): Promise<Uint8Array> {
    return this.#enqueue(() => this.#start(false));
  }

  powerOff(): void {
    this.#stop(new CardError('mute', 'the card was switched off'));
  }

  transmit(command: Uint8Array): Promise<Uint8Array> {
    const copy = Uint8Array.from(command);
    return this.#enqueue(() => this.#exchange(copy));
  }

  // --- Procedures ---

  /** Cold reset (or warm, of a card that is on), ATR, PPS. */
  *#start(cold: boolean): Procedure<Uint8Array> {
    if (this.#slot.card === undefined) throw new CardError('no-card', 'there is no card in the slot');
    if (!cold && this.#contract === undefined) throw notOn();
    const retries = RETRIES.values();
    let pps = this.#pps;
    for (let kind: 'cold' | 'warm' = cold ? 'cold' : 'warm'; ;) {
      try {
        const atr = yield* this.#answerToReset(kind);
        const wanted = pps;
        pps = false; // a card that fails at it once is not asked again
        yield* this.#agreeOnRate(atr, wanted);
        return atr.bytes;
      } catch (error) {
        this.#log.flush();
        const retry = retries.next();
        if (!(error instanceof CardError) || retry.done) throw error;
        kind = retry.value;
      }
    }
  }

  /** RST low, RST high, ATR. Throws CardError. */
  *#answerToReset(kind: 'cold' | 'warm'): Procedure<Atr> {
    this.#contract = undefined;
    this.#watch.reset();
    if (kind === 'cold') {
      this.#slot.powerOff();
      this.#slot.powerOn();
    } else {
      this.#slot.rstLow();
    }
    this.#early.length = 0;
    yield { kind: 'wait', clocks: RST_LOW_CLOCKS };
    this.#slot.rstHigh();
    const bytes = yield* receiveAtr();
    this.#log.flush();
    this.#trace.emit({ type: 'atr', bytes: toHex(bytes) });
    try {
      return this.#accept(parseAtr(bytes));
    } catch (error) {
      throw error instanceof AtrError ? new CardError('protocol', error.message) : error;
    }
  }

  #accept(atr: Atr): Atr {
    if (!atr.protocols.includes(0)) throw new AtrError(`ATR ${toHex(atr.bytes)}: the card does not offer T=0`);
    this.#setContract(atr, DEFAULT_ETU);
    this.#slot.line.extraGuard = atr.extraGuard;
    return atr;
  }

  #setContract(atr: Atr, f: number): void {
    this.#contract = { atr, waitingTime: atr.waitingInteger * WAITING_UNIT * f };
  }

  *#agreeOnRate(atr: Atr, pps: boolean): Procedure<void> {
    const rate = rateOf(atr.ta1);
    if (atr.specific) {
      if (rate === undefined)
        throw new CardError('protocol', 'the card insists on a rate that this terminal does not have');
    } else if (!pps || rate === undefined || rate.etu === DEFAULT_ETU || !(yield* selectRate(atr.ta1))) {
      return;
    }
    this.#slot.line.setTerminalEtu(rate.etu);
    this.#setContract(atr, rate.f);
  }

  *#exchange(command: Uint8Array): Procedure<Uint8Array> {
    if (this.#slot.card === undefined) throw new CardError('no-card', 'there is no card in the slot');
    if (this.#contract === undefined) throw notOn();
    const tpdu = toTpdu(command);
    const secrecy = this.#watch.next(command);
    const answer = yield* exchangeTpdu(tpdu, this.#contract.waitingTime, secrecy);
    this.#log.flush();
    const sw = answer.slice(-2);
    this.#watch.done(((sw[0] ?? 0) << 8) | (sw[1] ?? 0));
    if (this.#trace.active) {
      this.#trace.emit({
        type: 'apdu',
        name: commandName(command),
        header: toHex(tpdu.header),
        ...(tpdu.data.length > 0 ? { command: shown(tpdu.data, secrecy.command) } : {}),
        ...(answer.length > 2 ? { response: shown(answer.slice(0, -2), secrecy.response) } : {}),
        sw: toHex(sw),
      });
    }
    return answer;
  }

  // --- Running them ---

  #enqueue(run: () => Procedure<Uint8Array>): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ run, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const job = this.#jobs.shift();
    if (job === undefined) return;
    const procedure = job.run();
    this.#current = { procedure, job, touched: false };
    this.#early.length = 0;
    this.#advance(() => procedure.next());
  }

  /** Resumes the procedure, and does what it asks for next, until it has to wait. */
  #advance(resume: () => IteratorResult<Step, Uint8Array>): void {
    const current = this.#current;
    if (current === undefined) return;
    const { procedure, job } = current;
    for (let next: typeof resume | undefined = resume; next !== undefined;) {
      this.#deadline?.cancel();
      this.#deadline = undefined;
      this.#step = undefined;
      let result: IteratorResult<Step, Uint8Array>;
      try {
        result = next();
      } catch (error) {
        this.#fail(job, current.touched, error);
        return;
      }
      if (result.done) {
        const { value } = result;
        this.#finish(() => job.resolve(value));
        return;
      }
      this.#step = result.value;
      current.touched = true;
      next = this.#carryOut(result.value, procedure);
    }
  }

  /** Returns what resumes the procedure at once; undefined: something else will. */
  #carryOut(step: Step, procedure: Procedure<Uint8Array>): (() => IteratorResult<Step, Uint8Array>) | undefined {
    if (step.kind === 'wait') {
      this.#deadline = this.#clock.after(this.#slot.line.clocks(step.clocks), () => {
        this.#advance(() => procedure.next(0));
      });
      return undefined;
    }
    if (step.kind === 'send') {
      this.#log.add('terminal', step.bytes, step.secret === true);
      this.#slot.line.send(step.bytes);
      return undefined;
    }
    this.#left = step.several?.count ?? 1;
    return this.#take(step, procedure);
  }

  /** What has come of the characters that a step waits for. Returns what resumes the procedure when they are complete. */
  #take(step: Receive, procedure: Procedure<Uint8Array>): (() => IteratorResult<Step, Uint8Array>) | undefined {
    const bytes = this.#early.splice(0, this.#left);
    if (bytes.length > 0) {
      this.#left -= bytes.length;
      this.#log.add('card', bytes, step.secret === true);
      step.several?.into.push(...bytes);
    }
    if (this.#left === 0) return () => procedure.next(bytes.at(-1) ?? 0);
    this.#await(step, procedure);
    return undefined;
  }

  /** Waiting times run to the leading edge: a character that is on its way when time is up came in time. */
  #await(step: Receive, procedure: Procedure<Uint8Array>): void {
    const { line } = this.#slot;
    this.#deadline?.cancel();
    this.#deadline = this.#clock.after(line.clocks(step.within), () => {
      if (line.cardTalking) this.#await(step, procedure);
      else this.#advance(() => procedure.throw(new CardError(step.late.code, step.late.message)));
    });
  }

  #received(bytes: readonly number[]): void {
    if (this.#current === undefined) return;
    this.#early.push(...bytes);
    if (this.#step?.kind !== 'receive') return;
    const resume = this.#take(this.#step, this.#current.procedure);
    if (resume !== undefined) this.#advance(resume);
  }

  #sent(): void {
    const procedure = this.#current?.procedure;
    if (procedure !== undefined && this.#step?.kind === 'send') this.#advance(() => procedure.next(0));
  }

  #failed(from: Party): void {
    const current = this.#current;
    if (current === undefined) return;
    const error = new CardError('protocol', `a character of the ${from} did not get across: parity error`);
    this.#advance(() => current.procedure.throw(error));
  }

  #repeating(character: LineCharacter): void {
    this.#log.note(`parity error, the ${character.from} repeats`);
  }

  /** What a card did wrong ends in deactivation (ISO 7816-3 6.4); a command that T=0 cannot carry never reached it. */
  #fail(job: Job, touched: boolean, error: unknown): void {
    this.#log.flush();
    if (touched) this.#deactivate();
    this.#finish(() => job.reject(error));
  }

  #finish(settle: () => void): void {
    this.#current = undefined;
    this.#step = undefined;
    this.#clock.stir('promises');
    settle();
    this.#next();
  }

  #deactivate(): void {
    this.#contract = undefined;
    this.#slot.powerOff();
  }

  /** Ends what is under way and what waits. */
  #stop(error: CardError): void {
    const waiting = this.#jobs.splice(0);
    const current = this.#current;
    this.#current = undefined;
    this.#step = undefined;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    this.#log.flush();
    if (this.#contract !== undefined || current !== undefined) this.#deactivate();
    this.#clock.stir('promises');
    for (const job of [...(current ? [current.job] : []), ...waiting]) job.reject(error);
  }
}

const notOn = (): CardError => new CardError('mute', 'the card is off: powerOn() comes first');

/** Gathers characters of one direction into one `line` event. */
class Burst {
  readonly #trace: Trace;
  #from: Party = 'terminal';
  #secret = false;
  #bytes: number[] = [];
  #note: string | undefined;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  add(from: Party, bytes: Iterable<number>, secret: boolean): void {
    if (from !== this.#from || secret !== this.#secret) this.flush();
    this.#from = from;
    this.#secret = secret;
    this.#bytes.push(...bytes);
  }

  note(text: string): void {
    this.#note = text;
  }

  flush(): void {
    const bytes = Uint8Array.from(this.#bytes);
    const note = this.#note === undefined ? {} : { note: this.#note };
    if (bytes.length > 0)
      this.#trace.emit({ type: 'line', from: this.#from, bytes: shown(bytes, this.#secret), ...note });
    this.#bytes = [];
    this.#note = undefined;
  }
}
