// A card on a virtual clock, for the tests of this folder.

import type { UartDelivery } from '../../host/board/index.js';
import { MemoryStore } from '../../host/board/store.js';
import { fromHex, toHex } from '../../host/bytes.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import {
  CardSlot,
  type CardReader,
  Terminal,
  type TerminalOptions,
  directCard,
  exchange,
  parseSimProfile,
  personalise,
} from '../../host/sim/index.js';
import { releaseBinary } from '../../host/package-root.js';
import { Trace } from '../../host/trace/trace.js';
import type { TraceEvent } from '../../host/trace/events.js';

export const module = new WebAssembly.Module(releaseBinary('sim'));

export const ATR = '3b9e95801fc78031e073fe210066414b4153494dd4';
export const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
export const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';
export const AID = 'a0000000871002ffffffff8907090000';

export const PROFILE = {
  imsi: '440103123456789',
  iccid: '8981100000123456784',
  k: K,
  opc: OPC,
  pin1: '1234',
  puk1: '12345678',
  adm1: '88888888',
  spn: 'SORACOM',
} as const;

export type ProfileJson = { readonly [Field in keyof typeof PROFILE]?: string | undefined } & Record<string, unknown>;

export function storeOf(profile: ProfileJson = {}): MemoryStore {
  return new MemoryStore({ values: personalise(parseSimProfile({ ...PROFILE, ...profile }, 'test')) });
}

/** A reader with a card, and the clock they run on. */
export class Bench {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly trace = new Trace(this.clock);
  readonly events: TraceEvent[] = [];
  readonly store: MemoryStore;
  readonly slot: CardSlot;
  readonly terminal: Terminal;
  /** What commands go through: the terminal unless `link` is direct. */
  readonly reader: CardReader;

  constructor(
    options: {
      store?: MemoryStore;
      link?: 't0' | 'direct';
      terminal?: Partial<TerminalOptions>;
      seed?: string;
      delivery?: UartDelivery;
    } = {},
  ) {
    const { clock, trace } = this;
    const random = new Random(options.seed ?? 'bench');
    this.trace.listen((event) => this.events.push(event));
    this.store = options.store ?? storeOf();
    const card = { module, store: this.store };
    this.slot = new CardSlot({ clock, trace, random, ...(options.delivery && { delivery: options.delivery }) });
    this.slot.insert(card);
    this.terminal = new Terminal({ slot: this.slot, clock, trace, ...options.terminal });
    this.reader = options.link === 'direct' ? directCard({ card, clock, trace, random }) : this.terminal;
  }

  /** Runs the clock until `promise` is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    watched.catch(() => undefined);
    this.clock.stir(); // it may be settled without the clock's help
    const why = await this.clock.run({ until: () => settled });
    if (why !== 'until') throw new Error('nothing is left to happen, and the promise is still open');
    return watched;
  }

  async powerOn(): Promise<string> {
    return toHex(await this.until(this.reader.powerOn()));
  }

  async reset(): Promise<string> {
    return toHex(await this.until(this.reader.reset()));
  }

  /** One command as the line shows it: `data SW` in hexadecimal. */
  async send(command: string): Promise<string> {
    return toHex(await this.until(this.reader.transmit(fromHex(command.replaceAll(' ', '')))));
  }

  /** One command with 61xx and 6Cxx followed. */
  async ask(command: string): Promise<{ data: string; sw: string }> {
    const { data, sw } = await this.until(exchange(this.reader, fromHex(command.replaceAll(' ', ''))));
    return { data: toHex(data), sw: sw.toString(16) };
  }

  /** Several commands in a row; the status word of each. */
  async statusWords(...commands: string[]): Promise<string[]> {
    const words: string[] = [];
    for (const command of commands) words.push((await this.send(command)).slice(-4));
    return words;
  }

  /** Powers on and selects the USIM. */
  async usim(): Promise<this> {
    await this.powerOn();
    await this.send(`00a4040c10${AID}`);
    return this;
  }
}

export const challenge = (rand: string, autn: string): string => `0088008122 10${rand} 10${autn}`;
