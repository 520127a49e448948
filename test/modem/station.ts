// A modem with a real card on its contacts and a real network in the air.

import { expect } from 'vitest';
import { MemoryStore, SerialLine } from '../../host/board/index.js';
import { HomeNetwork, MemorySubscribers } from '../../host/cellular/index.js';
import type { HomeNetworkOptions } from '../../host/cellular/index.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Baseband } from '../../host/modem/baseband/index.js';
import { Modem } from '../../host/modem/index.js';
import { releaseBinary } from '../../host/package-root.js';
import { Random } from '../../host/random.js';
import { CardSlot, parseSimProfile, personalise, Terminal } from '../../host/sim/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';

export const PROFILE = {
  imsi: '440103123456789',
  iccid: '8981100000123456784',
  k: '465b5ce8b199b49faa5f0a2ee238a6bc',
  opc: 'cd63cb71954a9f4e48a5994e37a02baf',
  pin1: '1234',
  puk1: '12345678',
  adm1: '88888888',
};

export interface StationOptions {
  readonly alwaysSettle?: boolean;
  readonly network?: Partial<HomeNetworkOptions>;
  /** The modem's file system. */
  readonly files?: Readonly<Record<string, string>>;
}

export class Station {
  readonly clock: VirtualClock;
  readonly events: TraceEvent[] = [];
  readonly trace: Trace;
  readonly slot: CardSlot;
  readonly network: HomeNetwork;
  readonly modem: Modem;
  readonly line: SerialLine;
  heard = '';

  constructor(card: Partial<Record<keyof typeof PROFILE | 'pin1Enabled', unknown>> = {}, options: StationOptions = {}) {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1), { alwaysSettle: options.alwaysSettle ?? false });
    const trace = new Trace(clock);
    this.clock = clock;
    this.trace = trace;
    this.line = new SerialLine(clock);
    const random = new Random('station');
    trace.listen((event) => this.events.push(event));
    const subscribers = new MemorySubscribers([parseSimProfile(PROFILE, 'the network')]);
    this.network = new HomeNetwork({ clock, trace, random: random.fork('network'), subscribers, ...options.network });
    this.slot = new CardSlot({ clock, trace, random: random.fork('slot') });
    const values = personalise(parseSimProfile({ ...PROFILE, ...card }, 'the card'));
    this.slot.insert({ module: releaseBinary('sim'), store: new MemoryStore({ values }) });
    this.line.near.received = (bytes) => (this.heard += Buffer.from(bytes).toString('latin1'));
    this.modem = new Modem({
      clock,
      trace,
      serial: this.line.far,
      reader: new Terminal({ slot: this.slot, clock, trace }),
      radio: new Baseband({ clock, trace, random: random.fork('radio'), air: this.network.attachPoint('device') }),
      imei: '866425030000004',
      ...(options.files && { files: options.files }),
    });
    this.modem.powerOn();
  }

  async until(condition: () => boolean, seconds = 60): Promise<void> {
    const end = await this.clock.run({ deadline: this.clock.now() + seconds * SECOND, until: condition });
    if (end !== 'until') throw new Error(`waited ${seconds} s in vain; heard ${JSON.stringify(this.heard)}`);
  }

  async wait(ms: number): Promise<void> {
    await this.clock.run({ deadline: this.clock.now() + ms * MS });
  }

  async at(command: string): Promise<string[]> {
    this.heard = '';
    this.line.near.send(Buffer.from(`${command}\r`, 'latin1'));
    await this.until(() => /\r\n(OK|ERROR|\+CME ERROR: \d+|SEND OK)\r\n$/.test(this.heard), 200);
    return this.heard.split('\r\n').filter((line) => line !== '');
  }

  async registered(): Promise<void> {
    await this.until(() => this.events.some((event) => event.type === 'registration' && event.state === 'home'));
    await this.wait(100);
    await this.at('ATE0');
  }

  async online(): Promise<void> {
    await this.at('AT+QICSGP=1,1,"soracom.io","sora","sora",1');
    expect(await this.at('AT+QIACT=1')).toEqual(['OK']);
  }

  async open(id: number, mode: number): Promise<void> {
    this.heard = '';
    this.line.near.send(Buffer.from(`AT+QIOPEN=1,${id},"TCP","echo.soracom.io",7,0,${mode}\r`));
    await this.until(() => this.heard.includes(`+QIOPEN: ${id},0\r\n`));
    this.heard = '';
  }

  echo(): void {
    this.network.name('echo.soracom.io');
    this.network.tcp('echo.soracom.io', 7, (stream, caller) => {
      stream.on('data', (bytes: Buffer) => {
        this.clock.stir();
        stream.write(Buffer.concat([Buffer.from(`${caller.imsi}:`), bytes]));
      });
      stream.on('error', () => undefined);
    });
  }
}
