import { SerialLine } from '../../host/board/serial.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { type Dialect, Modem } from '../../host/modem/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';
import { TestCard } from './card.js';
import { TestRadio } from './network.js';

export const IMEI = '866425030123456';

/** A modem on a bench: its serial line, a card, a radio, and what it said. */
export class Bench {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  readonly events: TraceEvent[] = [];
  readonly trace = new Trace(this.clock);
  readonly line = new SerialLine(this.clock);
  readonly card = new TestCard(this.clock);
  readonly radio = new TestRadio(this.clock);
  readonly modem: Modem;
  /** What came from the modem and was not looked at yet, one character a byte. */
  heard = '';

  constructor(model: string | Dialect = 'BG95') {
    this.trace.listen((event) => this.events.push(event));
    this.line.near.received = (bytes) => (this.heard += Buffer.from(bytes).toString('latin1'));
    this.modem = new Modem({
      clock: this.clock,
      trace: this.trace,
      serial: this.line.far,
      reader: this.card,
      radio: this.radio,
      imei: IMEI,
      model,
    });
  }

  send(text: string | Uint8Array): void {
    this.line.near.send(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  async wait(ms: number): Promise<void> {
    await this.clock.run({ deadline: this.clock.now() + ms * MS });
  }

  /** Runs until what was heard ends so; the limit is in seconds. */
  async until(condition: () => boolean, limit = 200): Promise<void> {
    const end = await this.clock.run({ deadline: this.clock.now() + limit * SECOND, until: condition });
    if (end !== 'until') throw new Error(`waited ${limit} s in vain; heard ${JSON.stringify(this.heard)}`);
  }

  take(): string {
    const { heard } = this;
    this.heard = '';
    return heard;
  }

  /** Sends a command line, returns everything up to and with its final result code. */
  async at(command: string, final = /\r\n(OK|ERROR|\+CME ERROR: .*|SEND OK|SEND FAIL)\r\n$/): Promise<string> {
    this.heard = '';
    this.send(`${command}\r`);
    await this.until(() => final.test(this.heard));
    return this.take();
  }

  /** The same, as lines without the empty ones. */
  async lines(command: string): Promise<string[]> {
    return (await this.at(command)).split('\r\n').filter((line) => line !== '');
  }

  /** On, booted, echo off, registered. */
  async ready(): Promise<this> {
    this.modem.powerOn();
    await this.until(() => this.radio.registration === 1);
    await this.wait(500);
    await this.at('ATE0');
    return this;
  }

  /** With an active context of Soracom's. */
  async online(): Promise<this> {
    await this.ready();
    await this.at('AT+QICSGP=1,1,"soracom.io","sora","sora",1');
    await this.at('AT+QIACT=1');
    return this;
  }

  /** With an open TCP socket. */
  async connected(id = 0, mode = 0): Promise<this> {
    await this.online();
    await this.open(id, mode);
    return this;
  }

  async open(id: number, mode: number): Promise<void> {
    this.heard = '';
    this.send(`AT+QIOPEN=1,${id},"TCP","beam.soracom.io",8888,0,${mode}\r`);
    await this.until(() => this.heard.includes(`+QIOPEN: ${id},0\r\n`));
    this.heard = '';
  }
}
