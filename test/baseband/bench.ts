// A network with one subscriber, a card to go with it, and a modem's baseband between them, on the virtual clock.

import { concat, fromHex, xor } from '../../host/bytes.js';
import type { Air } from '../../host/cellular/air.js';
import { HomeNetwork } from '../../host/cellular/home-network.js';
import type { HomeNetworkOptions } from '../../host/cellular/home-network.js';
import { MemorySubscribers, Milenage } from '../../host/cellular/hss/index.js';
import { AttachError } from '../../host/cellular/network.js';
import type { AuthOutcome, PdnRequest, Session, Usim } from '../../host/cellular/network.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Baseband } from '../../host/modem/baseband/index.js';
import { Random } from '../../host/random.js';
import { Secret } from '../../host/secret.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';

export const IMSI = '440103123456789';
export const IMEI = '866425030000004';
export const SORACOM: PdnRequest = { apn: 'soracom.io', user: 'sora', password: 'sora', auth: 'pap' };
const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';

/**
 * A card by the book: MAC, then freshness by the highest SEQ, then RES. The applet that devices carry is tested
 * elsewhere; here it is the script that the network plays against.
 */
export class ScriptedCard implements Usim {
  challenges = 0;
  readonly #milenage: Milenage;
  readonly #clock: VirtualClock;
  #highest: bigint;

  constructor(
    clock: VirtualClock,
    options: { readonly k?: string; readonly sqn?: string; readonly imsi?: string } = {},
  ) {
    this.#clock = clock;
    this.#milenage = new Milenage(new Secret(fromHex(options.k ?? K)), new Secret(fromHex(OPC)));
    this.#highest = BigInt(`0x${options.sqn ?? '0'}`);
    this.imsi = async () => {
      await clock.sleep(20 * MS);
      return options.imsi ?? IMSI;
    };
  }

  imsi: () => Promise<string>;

  /** For tests that make the card say something else. */
  change: (outcome: AuthOutcome) => AuthOutcome = (outcome) => outcome;

  async authenticate(rand: Uint8Array, autn: Uint8Array): Promise<AuthOutcome> {
    this.challenges++;
    await this.#clock.sleep(150 * MS);
    return this.change(this.#answer(rand, autn));
  }

  #answer(rand: Uint8Array, autn: Uint8Array): AuthOutcome {
    const { res, ck, ik, ak, akStar } = this.#milenage.f2345(rand);
    const sqn = xor(autn.slice(0, 6), ak);
    const { macA } = this.#milenage.f1(rand, sqn, autn.slice(6, 8));
    if (Buffer.compare(macA, autn.slice(8)) !== 0) return { kind: 'mac-failure' };
    const value = BigInt(`0x${Buffer.from(sqn).toString('hex')}`);
    if (value >> 5n <= this.#highest >> 5n) {
      const sqnMs = fromHex(this.#highest.toString(16).padStart(12, '0'));
      const { macS } = this.#milenage.f1(rand, sqnMs, new Uint8Array(2));
      return { kind: 'resync', auts: concat(xor(sqnMs, akStar), macS) };
    }
    this.#highest = value;
    return { kind: 'ok', res, ck, ik };
  }
}

export interface BenchOptions {
  readonly seed?: string;
  readonly network?: Partial<HomeNetworkOptions>;
  readonly card?: ConstructorParameters<typeof ScriptedCard>[1];
  readonly amf?: string;
  /** Stands between the two; gets the real air. */
  readonly air?: (air: Air) => Air;
}

export function bench(options: BenchOptions = {}) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const trace = new Trace(clock);
  const events: TraceEvent[] = [];
  trace.listen((event) => events.push(event));
  const subscribers = new MemorySubscribers([
    {
      imsi: IMSI,
      k: new Secret(fromHex(K)),
      opc: new Secret(fromHex(OPC)),
      amf: fromHex(options.amf ?? '8000'),
      sqn: fromHex('000000000020'),
    },
  ]);
  const random = new Random(options.seed ?? 'bench');
  const network = new HomeNetwork({ clock, trace, random, subscribers, ...options.network });
  const modem = (device: string) => {
    const air = network.attachPoint(device);
    return new Baseband({
      clock,
      trace: trace.of(device),
      random: random.fork(device),
      air: options.air?.(air) ?? air,
    });
  };
  const radio = modem('device');
  const card = new ScriptedCard(clock, options.card);

  /** Lets time pass until `work` has ended, and gives its result; an Error is a result too. */
  const settle = async <T>(work: Promise<T>, limit = 300 * SECOND): Promise<T | Error> => {
    let result: { readonly value: T | Error } | undefined;
    work.then(
      (value) => (result = { value }),
      (error: unknown) => (result = { value: error instanceof Error ? error : new Error(String(error)) }),
    );
    clock.stir();
    await clock.run({ deadline: clock.now() + limit, until: () => result !== undefined });
    const ended = result as { readonly value: T | Error } | undefined;
    return ended ? ended.value : new Error(`not ended after ${limit / SECOND} s of emulated time`);
  };
  const must = async <T>(work: Promise<T>, limit?: number): Promise<T> => {
    const result = await settle(work, limit);
    if (result instanceof Error) throw result;
    return result;
  };
  const run = (time: number) => clock.run({ deadline: clock.now() + time });
  const names = () => events.flatMap((e) => (e.type === 'nas' ? [`${e.from}: ${e.message}`] : []));
  const steps = () => events.flatMap((e) => (e.type === 'aka' ? [`${e.side}: ${e.step}`] : []));
  const online = async (): Promise<Session> => {
    await must(radio.attach(card, IMEI));
    return must(radio.activate(SORACOM));
  };
  return { clock, trace, events, subscribers, network, modem, radio, card, settle, must, run, names, steps, online };
}

/** The AttachError that `work` gave; anything else fails the test. */
export function attachError(result: unknown): AttachError {
  if (result instanceof AttachError) return result;
  throw result instanceof Error ? result : new Error(`an AttachError was expected, got ${String(result)}`);
}
