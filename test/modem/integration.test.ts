// The modem with a real card on its contacts and a real network in the air: nothing is scripted but the far end.

import { describe, expect, it } from 'vitest';
import { MemoryStore, SerialLine } from '../../host/board/index.js';
import { HomeNetwork, MemorySubscribers } from '../../host/cellular/index.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Baseband } from '../../host/modem/baseband/index.js';
import { Modem } from '../../host/modem/index.js';
import { releaseBinary } from '../../host/package-root.js';
import { Random } from '../../host/random.js';
import { CardSlot, parseSimProfile, personalise, Terminal } from '../../host/sim/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';

const PROFILE = {
  imsi: '440103123456789',
  iccid: '8981100000123456784',
  k: '465b5ce8b199b49faa5f0a2ee238a6bc',
  opc: 'cd63cb71954a9f4e48a5994e37a02baf',
  pin1: '1234',
  puk1: '12345678',
  adm1: '88888888',
};

class Station {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly events: TraceEvent[] = [];
  readonly trace = new Trace(this.clock);
  readonly network: HomeNetwork;
  readonly modem: Modem;
  readonly line = new SerialLine(this.clock);
  heard = '';

  constructor(card: Partial<typeof PROFILE> = {}) {
    const { clock, trace } = this;
    const random = new Random('station');
    trace.listen((event) => this.events.push(event));
    const subscribers = new MemorySubscribers([parseSimProfile(PROFILE, 'the network')]);
    this.network = new HomeNetwork({ clock, trace, random: random.fork('network'), subscribers });
    const slot = new CardSlot({ clock, trace, random: random.fork('slot') });
    const values = personalise(parseSimProfile({ ...PROFILE, ...card }, 'the card'));
    slot.insert({ module: releaseBinary('sim'), store: new MemoryStore({ values }) });
    this.line.near.received = (bytes) => (this.heard += Buffer.from(bytes).toString('latin1'));
    this.modem = new Modem({
      clock,
      trace,
      serial: this.line.far,
      reader: new Terminal({ slot, clock, trace }),
      radio: new Baseband({ clock, trace, random: random.fork('radio'), air: this.network.attachPoint('device') }),
      imei: '866425030000004',
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

describe('card, modem and network', () => {
  it('from power-on to an echo with the name of the caller', async () => {
    const station = new Station();
    station.echo();
    await station.registered();
    expect(await station.at('AT+CIMI')).toEqual([PROFILE.imsi, 'OK']);
    expect(await station.at('AT+QCCID')).toEqual([`+QCCID: ${PROFILE.iccid}`, 'OK']);
    await station.online();
    expect((await station.at('AT+CGCONTRDP=1'))[0]).toContain('"100.127.0.53","100.127.1.53"');
    await station.open(0, 0);
    await station.at('AT+QISENDEX=0,"68656C6C6F"');
    await station.until(() => station.heard.endsWith('+QIURC: "recv",0\r\n'));
    expect(await station.at('AT+QIRD=0,1500')).toEqual(['+QIRD: 21', `${PROFILE.imsi}:hello`, 'OK']);
  });

  it('AUTHENTICATE by +CSIM works with nothing selected by the device', async () => {
    const station = new Station();
    await station.registered();
    const wrong = `008800812210${'00'.repeat(16)}10${'00'.repeat(16)}`;
    expect(await station.at(`AT+CSIM=78,"${wrong}"`)).toEqual(['+CSIM: 4,"9862"', 'OK']);
  });

  it('a card with another key: denied, and no storm of attempts', async () => {
    const station = new Station({ k: '00'.repeat(16) });
    await station.wait(600_000);
    const attaches = station.events.filter((event) => event.type === 'nas' && event.message === 'ATTACH REQUEST');
    expect(attaches.length).toBeGreaterThan(0);
    expect(attaches.length).toBeLessThan(5);
    await station.at('ATE0');
    expect((await station.at('AT+CEREG?'))[0]).toMatch(/^\+CEREG: 0,3/);
  });

  it('wrong credentials of the APN: no context', async () => {
    const station = new Station();
    await station.registered();
    await station.at('AT+QICSGP=1,1,"soracom.io","sora","wrong",1');
    expect(await station.at('AT+QIACT=1')).toEqual(['ERROR']);
    expect(await station.at('AT+CGACT=1,1')).toEqual(['+CME ERROR: 149']);
  });

  it('an hour without the network, and back', async () => {
    const station = new Station();
    station.echo();
    await station.registered();
    await station.online();
    await station.at('AT+CEREG=1');
    await station.wait(1000);
    station.network.impairments.outage(true);
    await station.wait(3600_000);
    expect(await station.at('AT+CEREG?')).toEqual(['+CEREG: 1,2', 'OK']);
    station.network.impairments.outage(false);
    await station.until(() => station.heard.includes('+CEREG: 1\r\n'), 120);
    if ((await station.at('AT+QIACT?')).length === 1) await station.online();
    await station.open(1, 1);
    await station.at('AT+QISENDEX=1,"41"');
    await station.until(() => station.heard.endsWith(`\r\n+QIURC: "recv",1,17\r\n${PROFILE.imsi}:A\r\n`));
  });

  it('suspended by the operator: the context is taken away, the modem is told', async () => {
    const station = new Station();
    station.echo();
    await station.registered();
    await station.online();
    await station.open(0, 0);
    station.network.detach(PROFILE.imsi, true);
    await station.until(() => station.heard.endsWith('"pdpdeact",1\r\n'));
    expect(station.heard).toBe('\r\n+QIURC: "pdpdeact",1\r\n');
    await station.wait(30_000);
    expect(await station.at('AT+CEREG?')).toEqual(['+CEREG: 0,1', 'OK']);
    expect(await station.at('AT+QIDEACT=1')).toEqual(['OK']);
    await station.online();
    await station.open(0, 0);
  });

  it('a modem that resets in the middle of a connection gets a new one', async () => {
    const station = new Station();
    station.echo();
    await station.registered();
    await station.online();
    await station.open(0, 0);
    station.events.length = 0;
    station.modem.reset();
    await station.registered();
    await station.online();
    await station.open(0, 0);
    await station.at('AT+QISENDEX=0,"42"');
    await station.until(() => station.heard.endsWith('+QIURC: "recv",0\r\n'));
  });
});
