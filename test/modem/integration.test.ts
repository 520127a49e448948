// Card, modem and network, each the real one: nothing is scripted but the far end.

import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { PROFILE, Station } from './station.js';

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

  it('an outage right after AT+QIACT: the modem finds out that its context is gone, and a new one works', async () => {
    const station = new Station();
    station.echo();
    await station.registered();
    await station.online();
    station.network.impairments.outage(true);
    await station.wait(60_000);
    expect([station.heard, station.network.sessionByImsi(PROFILE.imsi)]).toEqual(['\r\nOK\r\n', undefined]);
    station.network.impairments.outage(false);
    await station.wait(5_000);
    expect(station.heard).toBe('\r\nOK\r\n\r\n+QIURC: "pdpdeact",1\r\n');
    await station.at('AT+QIDEACT=1');
    await station.online();
    await station.open(0, 0);
  });

  it('an APN that the network does not have: ERROR, and AT+QIGETERROR says which step', async () => {
    const station = new Station();
    await station.registered();
    await station.at('AT+QICSGP=1,1,"internet"');
    expect(await station.at('AT+QIACT=1')).toEqual(['ERROR']);
    expect(await station.at('AT+QIGETERROR')).toEqual(['+QIGETERROR: 561,open PDP context failed', 'OK']);
    expect(await station.at('AT+CGACT=1,1')).toEqual(['+CME ERROR: 148']);
  });

  it('AT+COPS=? lists the network that is heard, and none without coverage', async () => {
    const station = new Station();
    await station.registered();
    const start = station.clock.now();
    const modes = ',,(0-4),(0-2)';
    expect(await station.at('AT+COPS=?')).toEqual([`+COPS: (2,"NTT DOCOMO","NTT DOCOMO","44010",7)${modes}`, 'OK']);
    expect((station.clock.now() - start) / SECOND).toBeGreaterThan(10);
    station.network.impairments.outage(true);
    expect(await station.at('AT+COPS=?')).toEqual([`+COPS: ${modes}`, 'OK']);
    await station.at('AT+CFUN=4');
    expect(await station.at('AT+COPS=?')).toEqual(['+CME ERROR: 3']);
  });

  it('idle for an hour, and cut by the platform: pdpdeact, and a new context works', async () => {
    const station = new Station({}, { network: { idleCut: 3600 * SECOND } });
    station.echo();
    await station.registered();
    await station.online();
    await station.open(0, 0);
    await station.wait(3590_000);
    expect(station.heard).toBe('');
    await station.wait(20_000);
    expect(station.heard).toBe('\r\n+QIURC: "pdpdeact",1\r\n');
    expect(await station.at('AT+CEREG?;+QIACT?')).toEqual(['+CEREG: 0,1', 'OK']);
    await station.at('AT+QIDEACT=1');
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

  /** A service that sends `bytes` as fast as it is let, and says how many of them have left its hands. */
  const flood = (station: Station, bytes: Uint8Array): (() => number) => {
    let left = 0;
    station.network.name('echo.soracom.io');
    station.network.tcp('echo.soracom.io', 7, (stream) => {
      for (let at = 0; at < bytes.length; at += 1000) {
        const part = bytes.subarray(at, at + 1000);
        stream.write(part, () => (left += part.length));
      }
      stream.on('error', () => undefined);
    });
    return () => left;
  };
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

  it('a device that does not read makes the service wait, and gets every byte when it does', async () => {
    const station = new Station();
    const bytes = new Uint8Array(300_000).map((_, i) => 0x20 + ((i * 7) % 90));
    const left = flood(station, bytes);
    await station.registered();
    await station.online();
    await station.open(0, 0);
    await station.wait(600_000);
    // What the modem holds, the window, and what the service's stack has under way.
    expect(left()).toBeLessThan(10_240 + 2 * 1318 + 32 * 1024 + 64 * 1024 + 1000);
    let got = '';
    while (got.length < bytes.length) {
      station.heard = '';
      station.line.near.send(Buffer.from('AT+QIRD=0,1500\r'));
      await station.until(() => station.heard.endsWith('\r\nOK\r\n'));
      const [, length = '', rest = ''] = /\+QIRD: (\d+)\r\n([^]*)$/.exec(station.heard) ?? [];
      got += rest.slice(0, Number(length));
      if (length === '0') await station.wait(100);
    }
    expect(got).toBe(text(bytes));
  });

  it('push mode at the speed of the line: a service waits, nothing is lost, and commands are answered meanwhile', async () => {
    const station = new Station();
    const bytes = new Uint8Array(200_000).map((_, i) => 0x20 + ((i * 7) % 90));
    const left = flood(station, bytes);
    await station.registered();
    await station.online();
    station.heard = '';
    station.line.near.send(Buffer.from('AT+QIOPEN=1,0,"TCP","echo.soracom.io",7,0,1\r'));
    // A prompt that nobody answers for a minute: everything waits behind it.
    await station.wait(3_000);
    station.line.near.send(Buffer.from('AT+QISEND=0\r'));
    await station.wait(60_000);
    expect(left()).toBeLessThan(170_000);
    station.line.near.send(Buffer.from('\x1b'));
    for (let i = 0; i < 10; i++) {
      await station.wait(1_000);
      station.line.near.send(Buffer.from('AT\r'));
    }
    await station.wait(60_000);
    let got = '';
    let rest = station.heard;
    for (;;) {
      const match = /\+QIURC: "recv",0,(\d+)\r\n/.exec(rest);
      if (!match) break;
      const start = match.index + match[0].length;
      got += rest.slice(start, start + Number(match[1]));
      rest = rest.slice(start + Number(match[1]));
    }
    expect(got).toBe(text(bytes));
    expect(station.heard.split('\r\nOK\r\n')).toHaveLength(12);
  });
});
