import { describe, expect, it } from 'vitest';
import { AttachError, SocketError } from '../../host/cellular/network.js';
import { Random } from '../../host/random.js';
import { Bench } from './bench.js';
import type { TestConnection } from './network.js';

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const connection = (bench: Bench, index = -1): TestConnection => {
  const found = bench.radio.session.connections.at(index);
  if (!found) throw new Error('no connection was asked for');
  return found;
};

/** Sends `bytes` at the prompt that `command` gives. */
async function sendData(bench: Bench, command: string, bytes: string): Promise<string> {
  bench.heard = '';
  bench.send(`${command}\r`);
  await bench.until(() => bench.heard === '\r\n> ', 5);
  bench.send(bytes);
  await bench.until(() => /\r\n(SEND OK|SEND FAIL|ERROR)\r\n$/.test(bench.heard));
  return bench.take().slice('\r\n> '.length);
}

describe('contexts', () => {
  it('AT+QICSGP, AT+QIACT: the session has the APN and credentials that were given', async () => {
    const bench = await new Bench().ready();
    expect(await bench.lines('AT+QICSGP=1,1,"soracom.io","sora","sora",1')).toEqual(['OK']);
    expect(await bench.lines('AT+QIACT?')).toEqual(['OK']);
    expect(await bench.lines('AT+QIACT=1')).toEqual(['OK']);
    expect(bench.radio.requests).toEqual([{ apn: 'soracom.io', user: 'sora', password: 'sora', auth: 'pap' }]);
    expect(await bench.lines('AT+QIACT?')).toEqual(['+QIACT: 1,1,1,"10.236.152.129"', 'OK']);
    expect(await bench.lines('AT+QIACT=1')).toEqual(['OK']);
    expect(bench.radio.sessions).toHaveLength(1);
    expect(await bench.lines('AT+QICSGP=1,1,"other"')).toEqual(['ERROR']);
    expect(await bench.lines('AT+CGPADDR=1')).toEqual(['+CGPADDR: 1,"10.236.152.129"', 'OK']);
    expect(await bench.lines('AT+CGCONTRDP=1')).toEqual([
      '+CGCONTRDP: 1,5,"soracom.io","10.236.152.129.255.255.255.255","","100.127.0.53","100.127.1.53"',
      'OK',
    ]);
    expect(await bench.lines('AT+QIDEACT=1')).toEqual(['OK']);
    expect(bench.radio.session.open).toBe(false);
    expect(await bench.lines('AT+QIACT?;+CGCONTRDP=1')).toEqual(['OK']);
  });

  it('the way of TS 27.007: AT+CGDCONT, AT+CGAUTH, AT+CGACT', async () => {
    const bench = await new Bench().ready();
    await bench.at('AT+CGDCONT=1,"IP","soracom.io"');
    expect(await bench.lines('AT+CGAUTH=1,2,"sora","sora"')).toEqual(['OK']);
    expect(await bench.lines('AT+CGDCONT?')).toEqual(['+CGDCONT: 1,"IP","soracom.io","0.0.0.0",0,0', 'OK']);
    expect(await bench.lines('AT+CGAUTH?')).toEqual(['+CGAUTH: 1,2,"sora","sora"', 'OK']);
    expect(await bench.lines('AT+CGACT=1,1')).toEqual(['OK']);
    expect(bench.radio.requests).toEqual([{ apn: 'soracom.io', user: 'sora', password: 'sora', auth: 'chap' }]);
    expect(await bench.lines('AT+CGACT?')).toEqual(['+CGACT: 1,1', 'OK']);
    expect(await bench.lines('AT+CGDCONT=1,"IP","x"')).toEqual(['+CME ERROR: 3']);
    // The stack uses the same session when it is told to.
    expect(await bench.lines('AT+QIACT?')).toEqual(['OK']);
    expect(await bench.lines('AT+QIACT=1')).toEqual(['OK']);
    expect(bench.radio.sessions).toHaveLength(1);
    expect(await bench.lines('AT+CGACT=0,1')).toEqual(['OK']);
    expect(await bench.lines('AT+CGACT?')).toEqual(['+CGACT: 1,0', 'OK']);
    expect(await bench.lines('AT+CGDCONT=1')).toEqual(['OK']);
    expect(await bench.lines('AT+CGDCONT?')).toEqual(['OK']);
    expect(await bench.lines('AT+CGACT=1,1')).toEqual(['+CME ERROR: 3']);
  });

  it.each([
    [new AttachError('rejected', 'authentication', { esm: 29 }), '+CME ERROR: 149'],
    [new AttachError('rejected', 'not subscribed', { esm: 33 }), '+CME ERROR: 133'],
    [new AttachError('rejected', 'unknown APN', { esm: 27 }), '+CME ERROR: 148'],
    [new AttachError('no-network', 'gone'), '+CME ERROR: 30'],
    [new AttachError('timeout', 'no answer'), '+CME ERROR: 31'],
  ])('a refused PDN connection: %s', async (refusal, cme) => {
    const bench = await new Bench().ready();
    bench.radio.refusePdn = () => refusal;
    await bench.at('AT+QICSGP=1,1,"soracom.io","sora","wrong",1');
    expect(await bench.lines('AT+CGACT=1,1')).toEqual([cme]);
    expect(await bench.lines('AT+QIACT=1')).toEqual(['ERROR']);
    expect(await bench.lines('AT+QIGETERROR')).toEqual(['+QIGETERROR: 561,open PDP context failed', 'OK']);
  });

  it('a PDN connection that is never answered ends after 150 s, and is closed if it comes late', async () => {
    const bench = await new Bench().ready();
    const { activate } = bench.radio;
    bench.radio.activate = async (pdn) => {
      await bench.clock.sleep(200e9);
      return activate.call(bench.radio, pdn);
    };
    await bench.at('AT+QICSGP=1,1,"soracom.io"');
    const start = bench.clock.now();
    expect(await bench.lines('AT+QIACT=1')).toEqual(['ERROR']);
    expect((bench.clock.now() - start) / 1e9).toBeCloseTo(150, 0);
    await bench.wait(60_000);
    expect(bench.radio.session.open).toBe(false);
  });

  it.each([
    ['AT+QIACT=2', 'ERROR', 573],
    ['AT+QIACT=17', 'ERROR', 552],
    ['AT+QICSGP=1,1,"a","b","c",7', 'ERROR', 552],
    ['AT+QICSGP=0,1,"a"', 'ERROR', 552],
  ])('%s gives %s, and AT+QIGETERROR %i', async (line, error, code) => {
    const bench = await new Bench().ready();
    expect(await bench.lines(line)).toEqual([error]);
    expect((await bench.lines('AT+QIGETERROR'))[0]).toContain(`+QIGETERROR: ${code},`);
  });

  it('without registration there is no context', async () => {
    const bench = await new Bench().ready();
    await bench.at('AT+QICSGP=1,1,"soracom.io"');
    await bench.at('AT+CGATT=0');
    expect(await bench.lines('AT+QIACT=1')).toEqual(['ERROR']);
    expect(await bench.lines('AT+CGACT=1,1')).toEqual(['+CME ERROR: 30']);
  });

  it('the network takes the session away: pdpdeact once, sockets cannot send, a new context works', async () => {
    const bench = await new Bench().connected(2);
    connection(bench).events.data(ascii('left over'));
    await bench.until(() => bench.heard.endsWith('"recv",2\r\n'));
    bench.take();
    const [session] = bench.radio.sessions;
    session?.close('by the network');
    connection(bench).events.failed(new SocketError('no-session', 'gone'));
    bench.radio.set(1);
    await bench.wait(100);
    expect(bench.take()).toBe('\r\n+QIURC: "pdpdeact",1\r\n');
    expect(await bench.lines('AT+QISEND=2,5')).toEqual(['ERROR']);
    expect(await bench.at('AT+QIRD=2,100')).toBe('\r\n+QIRD: 9\r\nleft over\r\n\r\nOK\r\n');
    expect(await bench.lines('AT+QIACT?')).toEqual(['OK']);
    expect(await bench.lines('AT+QIDEACT=1')).toEqual(['OK']);
    expect(await bench.lines('AT+QISTATE?')).toEqual(['OK']);
    expect(await bench.lines('AT+QIACT=1')).toEqual(['OK']);
    await bench.open(2, 0);
  });
});

describe('AT+QIOPEN', () => {
  it('says OK, then how it went', async () => {
    const bench = await new Bench().online();
    bench.heard = '';
    bench.send('AT+QIOPEN=1,0,"TCP","beam.soracom.io",8888,0,0\r');
    await bench.until(() => bench.heard.endsWith('+QIOPEN: 0,0\r\n'));
    expect(bench.take()).toBe('\r\nOK\r\n\r\n+QIOPEN: 0,0\r\n');
    expect(connection(bench).host).toBe('beam.soracom.io');
    expect(await bench.lines('AT+QISTATE=1,0')).toEqual([
      '+QISTATE: 0,"TCP","100.127.127.100",8888,49152,2,1,0,0,"uart1"',
      'OK',
    ]);
    expect(bench.events.filter((event) => event.type === 'socket').map((event) => event.event)).toEqual([
      'connect',
      'connected',
    ]);
  });

  it.each<[string, number, (bench: Bench) => unknown]>([
    [
      'no such name',
      565,
      (b) => void (b.radio.session.connect = (c) => c.events.failed(new SocketError('name-unknown', 'x'))),
    ],
    ['refused', 566, (b) => void (b.radio.session.connect = (c) => c.events.failed(new SocketError('refused', 'x')))],
    [
      'reset at once',
      566,
      (b) => void (b.radio.session.connect = (c) => c.events.failed(new SocketError('reset', 'x'))),
    ],
    ['no answer', 566, (b) => void (b.radio.session.connect = () => undefined)],
    [
      'no session any more',
      561,
      (b) => void (b.radio.session.connect = (c) => c.events.failed(new SocketError('no-session', 'x'))),
    ],
    ['lost while opening', 561, (b) => void (b.radio.session.connect = () => b.radio.lose(2))],
    ['context not active', 561, (b) => b.at('AT+QIDEACT=1')],
    ['number in use', 563, (b) => b.open(0, 0)],
  ])('%s: +QIOPEN: 0,%i', async (_name, code, prepare) => {
    const bench = await new Bench().online();
    await prepare(bench);
    bench.heard = '';
    bench.send('AT+QIOPEN=1,0,"TCP","beam.soracom.io",8888\r');
    await bench.until(() => bench.heard.includes('+QIOPEN: 0'), 160);
    await bench.wait(10);
    expect(bench.heard.startsWith(`\r\nOK\r\n\r\n+QIOPEN: 0,${code}\r\n`)).toBe(true);
    expect((await bench.lines('AT+QIGETERROR'))[0]).toContain(`+QIGETERROR: ${code},`);
    if (code !== 563) expect(await bench.lines('AT+QISTATE?')).toEqual(['OK']);
  });

  it.each([
    ['AT+QIOPEN=1,12,"TCP","h",80', 552],
    ['AT+QIOPEN=1,0,"TCP","h"', 552],
    ['AT+QIOPEN=1,0,"TCP","h",0', 552],
    ['AT+QIOPEN=1,0,"TCP","",80', 552],
    ['AT+QIOPEN=1,0,"TCP","h",65536', 552],
    ['AT+QIOPEN=1,0,"SCTP","h",80', 552],
    ['AT+QIOPEN=1,0,"TCP","h",80,0,2', 555],
    ['AT+QIOPEN=1,0,"TCP LISTENER","127.0.0.1",0,2020', 555],
  ])('%s is an ERROR, %i', async (line, code) => {
    const bench = await new Bench().online();
    expect(await bench.lines(line)).toEqual(['ERROR']);
    expect((await bench.lines('AT+QIGETERROR'))[0]).toContain(`+QIGETERROR: ${code},`);
  });

  it('twelve sockets at a time', async () => {
    const bench = await new Bench().online();
    for (let id = 0; id <= 11; id++) await bench.open(id, id % 2);
    expect(await bench.lines('AT+QISTATE')).toHaveLength(13);
    expect(await bench.lines('AT+QISTATE=0,1')).toHaveLength(13);
    expect(await bench.lines('AT+QISTATE=0,2')).toEqual(['OK']);
  });
});

describe('AT+QISEND', () => {
  // Everything that could be taken for something else.
  const BINARY = `${Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')}\r\nOK\r\n+QIURC: "closed",0\r\n\x1a\x1bAT\r`;

  it('takes exactly as many bytes as it was told, of any value', async () => {
    const bench = await new Bench().connected();
    expect(await sendData(bench, `AT+QISEND=0,${BINARY.length}`, BINARY)).toBe('\r\nSEND OK\r\n');
    expect(connection(bench).text).toBe(BINARY);
    expect(await bench.lines('AT+QISEND=0,0')).toEqual([`+QISEND: ${BINARY.length},${BINARY.length},0`, 'OK']);
    connection(bench).unacknowledged = 100;
    expect(await bench.lines('AT+QISEND=0,0')).toEqual([`+QISEND: ${BINARY.length},${BINARY.length - 100},100`, 'OK']);
  });

  it('data may come with the command, and the next command with the data', async () => {
    const bench = await new Bench().connected();
    bench.heard = '';
    bench.send('AT+QISEND=0,5\rhelloAT+QISEND=0,0\r');
    await bench.until(() => bench.heard.endsWith('\r\nOK\r\n'));
    expect(bench.take()).toBe('\r\n> \r\nSEND OK\r\n\r\n+QISEND: 5,5,0\r\n\r\nOK\r\n');
  });

  it('without a length: up to Ctrl-Z; ESC cancels', async () => {
    const bench = await new Bench().connected();
    expect(await sendData(bench, 'AT+QISEND=0', 'line 1\r\nline 2\x1a')).toBe('\r\nSEND OK\r\n');
    expect(await sendData(bench, 'AT+QISEND=0', 'never mind\x1b')).toBe('\r\nERROR\r\n');
    expect((await bench.lines('AT+QIGETERROR'))[0]).toBe('+QIGETERROR: 571,cancel send');
    expect(await sendData(bench, 'AT+QISEND=0', `${'x'.repeat(1461)}\x1a`)).toBe('\r\nERROR\r\n');
    expect(connection(bench).text).toBe('line 1\r\nline 2');
  });

  it('echoes data if echo and AT+QISDE want it', async () => {
    const bench = await new Bench().connected();
    await bench.at('ATE1');
    const dialogue = async (): Promise<string> => {
      bench.heard = '';
      bench.send('AT+QISEND=0,3\r');
      await bench.until(() => bench.heard.endsWith('> '), 5);
      bench.send('abc');
      await bench.until(() => bench.heard.endsWith('SEND OK\r\n'), 5);
      return bench.take();
    };
    expect(await dialogue()).toBe('AT+QISEND=0,3\r\r\n> abc\r\nSEND OK\r\n');
    await bench.at('AT+QISDE=0');
    expect(await dialogue()).toBe('AT+QISEND=0,3\r\r\n> \r\nSEND OK\r\n');
  });

  it('AT+QISENDEX sends what hexadecimal digits say', async () => {
    const bench = await new Bench().connected();
    expect(await bench.lines('AT+QISENDEX=0,"3132333435"')).toEqual(['SEND OK']);
    expect(connection(bench).text).toBe('12345');
    for (const bad of ['"313"', '"3Z"', '""', '3132', `"${'31'.repeat(513)}"`]) {
      expect(await bench.lines(`AT+QISENDEX=0,${bad}`)).toEqual(['ERROR']);
    }
  });

  it('SEND FAIL while the send buffer is full, ERROR without a connection', async () => {
    const bench = await new Bench().connected();
    connection(bench).unacknowledged = 16_380;
    expect(await sendData(bench, 'AT+QISEND=0,5', 'hello')).toBe('\r\nSEND FAIL\r\n');
    connection(bench).unacknowledged = 0;
    expect(await sendData(bench, 'AT+QISEND=0,5', 'hello')).toBe('\r\nSEND OK\r\n');
    for (const line of ['AT+QISEND=1,5', 'AT+QISEND=1', 'AT+QISEND=1,0', 'AT+QISEND=12,5', 'AT+QISEND=0,1461']) {
      expect(await bench.lines(line)).toEqual(['ERROR']);
    }
  });

  it('a connection that closes while data is typed: ERROR, then the code', async () => {
    const bench = await new Bench().connected();
    bench.send('AT+QISEND=0,5\r');
    await bench.until(() => bench.heard.endsWith('> '));
    connection(bench).events.ended();
    bench.send('hello');
    await bench.wait(100);
    expect(bench.take()).toBe('\r\n> \r\nERROR\r\n\r\n+QIURC: "closed",0\r\n');
  });

  it('a device that falls silent at the prompt is not waited for without end', async () => {
    const bench = await new Bench().connected();
    bench.send('AT+QISEND=0,100\r');
    await bench.wait(1000);
    bench.send('half');
    await bench.wait(121_000);
    expect(bench.take()).toBe('\r\n> \r\nERROR\r\n');
    expect(connection(bench).text).toBe('');
    expect(await bench.at('AT')).toBe('\r\nOK\r\n');
  });
});

describe('receiving', () => {
  it('buffer mode: "recv" once until emptied, AT+QIRD in pieces', async () => {
    const bench = await new Bench().connected();
    const { events } = connection(bench);
    const data = 'a\r\nOK\r\n\r\n+QIURC: "closed",0\r\n\x00\xff';
    events.data(ascii(data));
    events.data(ascii('more'));
    await bench.wait(50);
    expect(bench.take()).toBe('\r\n+QIURC: "recv",0\r\n');
    const total = data.length + 4;
    expect(await bench.lines('AT+QIRD=0,0')).toEqual([`+QIRD: ${total},0,${total}`, 'OK']);
    expect(await bench.at('AT+QIRD=0,1')).toBe('\r\n+QIRD: 1\r\na\r\n\r\nOK\r\n');
    events.data(ascii('!'));
    await bench.wait(50);
    expect(bench.take()).toBe('');
    bench.send('AT+QIRD=0\r');
    await bench.wait(100);
    expect(bench.take()).toBe(`\r\n+QIRD: ${total}\r\n${data.slice(1)}more!\r\n\r\nOK\r\n`);
    expect(await bench.at('AT+QIRD=0,1500')).toBe('\r\n+QIRD: 0\r\n\r\nOK\r\n');
    expect(await bench.lines('AT+QIRD=0,0')).toEqual([`+QIRD: ${total + 1},${total + 1},0`, 'OK']);
    events.data(ascii('x'));
    await bench.wait(50);
    expect(bench.take()).toBe('\r\n+QIURC: "recv",0\r\n');
    for (const line of ['AT+QIRD=1,10', 'AT+QIRD=0,1501', 'AT+QIRD=0,10,10'])
      expect(await bench.lines(line)).toEqual(['ERROR']);
  });

  it('push mode: data with its length, in pieces of at most 1460', async () => {
    const bench = await new Bench().connected(0, 1);
    const random = new Random('push').bytes(3000);
    connection(bench).events.data(random);
    await bench.wait(500);
    const text = Buffer.from(random).toString('latin1');
    const piece = (from: number, to: number): string =>
      `\r\n+QIURC: "recv",0,${to - from}\r\n${text.slice(from, to)}\r\n`;
    expect(bench.take()).toBe(piece(0, 1460) + piece(1460, 2920) + piece(2920, 3000));
    expect(await bench.lines('AT+QIRD=0,10')).toEqual(['ERROR']);
  });

  it('the far end closes: "closed" at once, what came before can still be read, the number is free after AT+QICLOSE', async () => {
    const bench = await new Bench().connected();
    const { events } = connection(bench);
    events.data(ascii('last words'));
    events.ended();
    await bench.wait(50);
    expect(bench.take()).toBe('\r\n+QIURC: "recv",0\r\n\r\n+QIURC: "closed",0\r\n');
    expect((await bench.lines('AT+QISTATE=1,0'))[0]).toContain(',8888,49152,4,');
    expect(await bench.lines('AT+QISEND=0,5')).toEqual(['ERROR']);
    expect(await bench.at('AT+QIRD=0,1500')).toBe('\r\n+QIRD: 10\r\nlast words\r\n\r\nOK\r\n');
    expect(await bench.lines('AT+QICLOSE=0')).toEqual(['OK']);
    expect(connection(bench).ended).toBe(true);
    expect(await bench.lines('AT+QIRD=0,1500')).toEqual(['ERROR']);
    await bench.open(0, 0);
  });

  it('a reset connection is closed too', async () => {
    const bench = await new Bench().connected();
    connection(bench).events.failed(new SocketError('reset', 'by peer'));
    await bench.wait(50);
    expect(bench.take()).toBe('\r\n+QIURC: "closed",0\r\n');
    expect(await bench.lines('AT+QICLOSE=0')).toEqual(['OK']);
  });

  it('nothing of a closed socket reaches the one that has its number now', async () => {
    const bench = await new Bench().connected();
    const old = connection(bench);
    await bench.at('AT+QICLOSE=0');
    await bench.open(0, 0);
    old.events.data(ascii('ghost'));
    old.events.ended();
    old.events.failed(new SocketError('reset', 'late'));
    await bench.wait(100);
    expect(bench.take()).toBe('');
    expect(await bench.lines('AT+QIRD=0,0')).toEqual(['+QIRD: 0,0,0', 'OK']);
  });

  it('a stream that outruns the device is stopped at 10 KiB, and goes on when half of it was read', async () => {
    const bench = await new Bench().connected();
    const { events } = connection(bench);
    const said = Array.from({ length: 10 }, () => events.data(new Uint8Array(1024)));
    expect(said).toEqual([true, true, true, true, true, true, true, true, true, false]);
    for (let i = 0; i < 3; i++) await bench.at('AT+QIRD=0,1500');
    expect(connection(bench).resumed).toBe(0);
    await bench.at('AT+QIRD=0,1500');
    expect(connection(bench).resumed).toBe(1);
    expect(await bench.lines('AT+QIRD=0,0')).toEqual(['+QIRD: 10240,6000,4240', 'OK']);
    expect(events.data(new Uint8Array(1))).toBe(true);
  });

  it('push mode: "closed" comes after all that was received', async () => {
    const bench = await new Bench().connected(0, 1);
    const { events } = connection(bench);
    const said = Array.from({ length: 14 }, () => events.data(new Uint8Array(1000).fill(0x61)));
    expect(said.at(0)).toBe(true);
    expect(said.at(-1)).toBe(false);
    events.failed(new SocketError('reset', 'by peer'));
    await bench.wait(3000);
    const heard = bench.take();
    expect(heard.match(/a/g)).toHaveLength(14_000);
    expect(heard.indexOf('"closed"')).toBe(heard.length - '"closed",0\r\n'.length);
    expect(heard.match(/closed/g)).toHaveLength(1);
  });
});

describe('AT+QICLOSE', () => {
  it('waits for what is unacknowledged, at most as long as it is told', async () => {
    const bench = await new Bench().connected();
    connection(bench).unacknowledged = 10;
    const start = bench.clock.now();
    expect(await bench.lines('AT+QICLOSE=0,3')).toEqual(['OK']);
    expect((bench.clock.now() - start) / 1e9).toBeCloseTo(3, 0);
    expect(connection(bench).aborted).toBe(true);
  });

  it('is OK for a number that is free, an ERROR for none', async () => {
    const bench = await new Bench().online();
    expect(await bench.lines('AT+QICLOSE=5')).toEqual(['OK']);
    expect(await bench.lines('AT+QICLOSE=12')).toEqual(['ERROR']);
  });

  it('gives up an opening', async () => {
    const bench = await new Bench().online();
    bench.radio.session.connect = () => undefined;
    await bench.at('AT+QIOPEN=1,0,"TCP","beam.soracom.io",8888,0,0');
    expect(await bench.lines('AT+QICLOSE=0')).toEqual(['OK']);
    await bench.wait(200_000);
    expect(bench.take()).toBe('');
    expect(connection(bench).aborted).toBe(true);
  });
});

describe('UDP', () => {
  it('keeps datagrams apart, takes only those of its peer', async () => {
    const bench = await new Bench().online();
    bench.heard = '';
    bench.send('AT+QIOPEN=1,4,"UDP","beam.soracom.io",23080,0,0\r');
    await bench.until(() => bench.heard.endsWith('+QIOPEN: 4,0\r\n'));
    const [udp] = bench.radio.session.udp;
    expect(await sendData(bench, 'AT+QISEND=4,5', 'hello')).toBe('\r\nSEND OK\r\n');
    expect(udp?.sent).toEqual([{ bytes: Uint8Array.from(ascii('hello')), host: '100.127.127.100', port: 23080 }]);
    udp?.events.message(ascii('one'), '100.127.127.100', 23080);
    udp?.events.message(ascii('two'), '100.127.127.100', 23080);
    udp?.events.message(ascii('spoof'), '100.127.127.9', 23080);
    udp?.events.message(ascii('spoof'), '100.127.127.100', 1);
    await bench.wait(50);
    expect(bench.take()).toBe('\r\n+QIURC: "recv",4\r\n');
    expect(await bench.at('AT+QIRD=4,1500')).toBe('\r\n+QIRD: 3\r\none\r\n\r\nOK\r\n');
    expect(await bench.at('AT+QIRD=4,1500')).toBe('\r\n+QIRD: 3\r\ntwo\r\n\r\nOK\r\n');
    expect(await bench.at('AT+QIRD=4,1500')).toBe('\r\n+QIRD: 0\r\n\r\nOK\r\n');
    expect((await bench.lines('AT+QISTATE=1,4'))[0]).toBe(
      '+QISTATE: 4,"UDP","100.127.127.100",23080,49152,2,1,4,0,"uart1"',
    );
    for (let i = 0; i < 20; i++) udp?.events.message(new Uint8Array(1000), '100.127.127.100', 23080);
    expect((await bench.lines('AT+QIRD=4,0')).slice(0, 2)).toEqual(['+QIURC: "recv",4', '+QIRD: 10006,6,10000']);
    await bench.at('AT+QICLOSE=4');
    expect(udp?.closed).toBe(true);
  });

  it('an unknown name: 565', async () => {
    const bench = await new Bench().online();
    bench.send('AT+QIOPEN=1,4,"UDP","nobody.example",5683\r');
    await bench.until(() => bench.heard.endsWith('+QIOPEN: 4,565\r\n'));
  });
});

describe('AT+QIDNSGIP', () => {
  it.each([
    ['beam.soracom.io', ['+QIURC: "dnsgip",0,1,600', '+QIURC: "dnsgip","100.127.127.100"']],
    ['10.1.2.3', ['+QIURC: "dnsgip",0,1,600', '+QIURC: "dnsgip","10.1.2.3"']],
    ['nobody.example', ['+QIURC: "dnsgip",565']],
  ])('%s', async (name, codes) => {
    const bench = await new Bench().online();
    expect(await bench.lines(`AT+QIDNSGIP=1,"${name}"`)).toEqual(['OK']);
    await bench.wait(100);
    expect(bench.take()).toBe(codes.map((code) => `\r\n${code}\r\n`).join(''));
  });

  it('needs an active context', async () => {
    const bench = await new Bench().ready();
    expect(await bench.lines('AT+QIDNSGIP=1,"beam.soracom.io"')).toEqual(['ERROR']);
  });
});
