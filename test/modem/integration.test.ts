// Card, modem and network, each the real one: nothing is scripted but the far end.

import { describe, expect, it } from 'vitest';
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
