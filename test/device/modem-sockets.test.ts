// UDP and TLS sockets of the BG95 driver against the scripted modem; TCP is in modem.test.ts.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetState, Status } from '../../host/board/abi.js';
import { Driver, kit } from './driver.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const NetKind = { Udp: 0, Tcp: 1, Tls: 2 };
const MODES = [
  ['buffer mode', false],
  ['push mode', true],
] as const;

async function opened(driver: Driver, kind: number): Promise<number> {
  await driver.until(() => kit.bg95Ready());
  const handle = kit.bg95Open(bytes('funnel.soracom.io'), 23_080, kind);
  await driver.until(() => kit.bg95Status(handle) === NetState.Open);
  return handle;
}

/** What has come, read in pieces of at most `limit` bytes until `n` pieces are there. */
async function pieces(driver: Driver, handle: number, n: number, limit = 2000): Promise<Buffer[]> {
  const read: Buffer[] = [];
  await driver.until(() => {
    const piece = Buffer.from(kit.bg95Read(handle, limit));
    if (piece.length > 0) read.push(piece);
    return read.length >= n;
  });
  return read;
}

describe('a UDP socket of the BG95 driver', () => {
  test.each(MODES)('%s: one write is one datagram, one read is one datagram', async (_what, push) => {
    const driver = new Driver(push);
    const seen: string[] = [];
    driver.modem.serveDatagram = (datagram) => {
      seen.push(datagram.toString());
      return ['200', 'second', 'x'.repeat(1459)].map((text) => Buffer.from(text));
    };
    const handle = await opened(driver, NetKind.Udp);
    expect(driver.modem.commands.at(-1)).toBe(`AT+QIOPEN=1,0,"UDP","funnel.soracom.io",23080,0,${push ? 1 : 0}`);
    expect(kit.bg95Write(handle, bytes('{"t":1}'))).toBe(7);
    expect(kit.bg95Write(handle, bytes('not yet'))).toBe(0);
    const read = await pieces(driver, handle, 3);
    expect(read.map(String)).toEqual(['200', 'second', 'x'.repeat(1459)]);
    expect(seen).toEqual(['{"t":1}']);
    expect(kit.bg95Status(handle)).toBe(NetState.Open);
  });

  test.each(MODES)('%s: what a read has no room for is gone, the next datagram is not', async (_what, push) => {
    const driver = new Driver(push);
    driver.modem.serveDatagram = () => [Buffer.from('0123456789'), Buffer.from('next')];
    const handle = await opened(driver, NetKind.Udp);
    kit.bg95Write(handle, bytes('?'));
    expect((await pieces(driver, handle, 2, 4)).map(String)).toEqual(['0123', 'next']);
  });

  test.each(MODES)('%s: a datagram that the modem may have cut is lost, and the socket lives', async (_what, push) => {
    const driver = new Driver(push);
    driver.modem.serveDatagram = () => [Buffer.alloc(1460), Buffer.from('small')];
    const handle = await opened(driver, NetKind.Udp);
    kit.bg95Write(handle, bytes('?'));
    expect((await pieces(driver, handle, 1)).map(String)).toEqual(['small']);
    expect(kit.bg95Status(handle)).toBe(NetState.Open);
  });

  test('a datagram that was taken right before the end still goes out, then the socket is closed, and that is all', async () => {
    const driver = new Driver(false);
    const seen: string[] = [];
    driver.modem.serveDatagram = (datagram) => {
      seen.push(datagram.toString());
      return [];
    };
    const handle = await opened(driver, NetKind.Udp);
    kit.bg95Write(handle, bytes('goodbye'));
    kit.bg95Close(handle);
    await driver.until(() => driver.modem.commands.at(-1) === 'AT+QICLOSE=0');
    await driver.run(60);
    expect(seen).toEqual(['goodbye']);
    expect(driver.modem.commands.filter((command) => /QISEND|QICLOSE/.test(command))).toEqual([
      'AT+QISEND=0,7',
      'AT+QICLOSE=0',
    ]);
  });

  test('the modem takes no more: the last datagram is lost, the socket is closed all the same', async () => {
    const driver = new Driver(false);
    driver.modem.fate = (_, command) => (command.includes('QISEND') ? 'error' : 'ok');
    const handle = await opened(driver, NetKind.Udp);
    kit.bg95Write(handle, bytes('goodbye'));
    kit.bg95Close(handle);
    await driver.run(60);
    expect(driver.modem.commands.filter((command) => /QISEND|QICLOSE/.test(command))).toEqual([
      'AT+QISEND=0,7',
      'AT+QICLOSE=0',
    ]);
  });

  test('push mode: a reader that is too slow loses datagrams, never parts of one', async () => {
    const driver = new Driver(true);
    const sent = Array.from({ length: 40 }, (_, i) => Buffer.alloc(100 + i, i));
    driver.modem.serveDatagram = () => sent;
    const handle = await opened(driver, NetKind.Udp);
    kit.bg95Write(handle, bytes('?'));
    await driver.run(5);
    const read = await pieces(driver, handle, 15);
    expect(read.length).toBeLessThan(sent.length);
    for (const piece of read) expect(sent.some((datagram) => datagram.equals(piece))).toBe(true);
    expect(kit.bg95Status(handle)).toBe(NetState.Open);
    driver.modem.sendDatagram(Buffer.from('later'));
    await driver.until(() => Buffer.from(kit.bg95Read(handle, 100)).toString() === 'later');
  });

  test('a datagram larger than the modem takes is refused, not cut', async () => {
    const handle = await opened(new Driver(false), NetKind.Udp);
    expect(kit.bg95Write(handle, new Uint8Array(1461))).toBe(Status.TooLong);
    expect(kit.bg95Write(handle, new Uint8Array(1460))).toBe(1460);
  });

  test.each([
    [565, Status.NameUnknown],
    [566, Status.Refused],
    [554, Status.Busy],
    [561, Status.Io],
  ])('error %i of the modem is status %i', async (error, status) => {
    const driver = new Driver(false);
    await driver.until(() => kit.bg95Ready());
    driver.modem.openError = error;
    const handle = kit.bg95Open(bytes('h'), 1, NetKind.Udp);
    await driver.until(() => kit.bg95Status(handle) < 0);
    expect(kit.bg95Status(handle)).toBe(status);
  });

  test('the modem restarts: the socket is closed, and a new one works', async () => {
    const driver = new Driver(false);
    driver.modem.serveDatagram = () => [Buffer.from('200')];
    const handle = await opened(driver, NetKind.Udp);
    driver.modem.reboot();
    await driver.until(() => kit.bg95Status(handle) === Status.Closed);
    kit.bg95Close(handle);
    const again = await opened(driver, NetKind.Udp);
    kit.bg95Write(again, bytes('?'));
    expect((await pieces(driver, again, 1)).map(String)).toEqual(['200']);
  });

  test.each(MODES)('%s: any datagrams come as they were sent, in order', async (_what, push) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 1459 }), { minLength: 1, maxLength: 6 }),
        async (sent) => {
          const driver = new Driver(push);
          driver.modem.serveDatagram = (datagram) => [datagram];
          const handle = await opened(driver, NetKind.Udp);
          for (const datagram of sent) {
            await driver.until(() => kit.bg95Write(handle, datagram) > 0);
            const [echo] = await pieces(driver, handle, 1);
            expect(echo).toEqual(Buffer.from(datagram));
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe.each(MODES)('a stream of the BG95 driver that breaks in the middle of a request, %s', (_what, push) => {
  const REFUSAL = `HTTP/1.1 403 Forbidden\r\nContent-Length: 3000\r\n\r\n${'n'.repeat(3000)}`;

  async function refused(kind: number, refusal: string): Promise<{ received: string; status: number; driver: Driver }> {
    const driver = new Driver(push);
    driver.modem.serveBytes = () => ({ text: refusal });
    let sends = 0;
    driver.modem.fate = (_, command) => (/SEND=/.test(command) && ++sends > 1 ? 'error' : 'ok');
    const handle = await opened(driver, kind);
    // As much as it takes, as a client that uploads does, until it takes no more.
    let received = '';
    let status = 0;
    await driver.until(() => {
      kit.bg95Write(handle, new Uint8Array(1460));
      received += Buffer.from(kit.bg95Read(handle, 700)).toString();
      status = kit.bg95Status(handle);
      return status !== NetState.Open;
    });
    expect(sends).toBe(2);
    expect(kit.bg95Write(handle, bytes('x'))).toBe(Status.Closed);
    kit.bg95Close(handle);
    await driver.until(() => driver.modem.openSockets === 0);
    // The next one in its place knows nothing of it.
    sends = 0;
    const next = await opened(driver, kind);
    kit.bg95Write(next, bytes('y'));
    await driver.until(() => kit.bg95Read(next, 700).length > 0 || refusal === '');
    expect(kit.bg95Status(next)).toBe(NetState.Open);
    return { received, status, driver };
  }

  test.each([
    ['TCP', NetKind.Tcp],
    ['TLS', NetKind.Tls],
  ])('%s: the answer that came before is read to its end, then the break is told', async (_kind, kind) => {
    const { received, status } = await refused(kind, REFUSAL);
    expect(received).toBe(REFUSAL);
    expect(status).toBe(Status.Closed);
  });

  test('without an answer the break is told at once, and nothing is read for ever', async () => {
    const { received, status, driver } = await refused(NetKind.Tcp, '');
    expect([received, status]).toEqual(['', Status.Closed]);
    expect(driver.modem.commands.filter((command) => command.startsWith('AT+QIRD')).length).toBe(push ? 0 : 1);
  });
});

describe('a TLS socket of the BG95 driver', () => {
  const SETTINGS = [
    'AT+QSSLCFG="sslversion",1,4',
    'AT+QSSLCFG="ciphersuite",1,0XFFFF',
    'AT+QSSLCFG="sni",1,1',
    'AT+QSSLCFG="cacert",1,"cacert.pem"',
    'AT+QSSLCFG="seclevel",1,1',
  ];
  const settingsOf = (driver: Driver): string[] =>
    driver.modem.commands.filter((command) => command.startsWith('AT+QSSLCFG'));

  test.each(MODES)('%s: settings once, then connections, and bytes both ways', async (_what, push) => {
    const driver = new Driver(push);
    driver.modem.serve = () => ({ text: 'y'.repeat(5000), close: true });
    for (const id of [0, 1]) {
      const handle = await opened(driver, NetKind.Tls);
      expect(driver.modem.commands.at(-1)).toBe(`AT+QSSLOPEN=1,1,${id},"funnel.soracom.io",23080,${push ? 1 : 0}`);
      kit.bg95Write(handle, bytes('GET / HTTP/1.1\r\n\r\n'));
      let received = '';
      await driver.until(() => {
        received += Buffer.from(kit.bg95Read(handle, 700)).toString();
        return kit.bg95Status(handle) === NetState.Ended;
      });
      expect(received).toBe('y'.repeat(5000));
      kit.bg95Close(handle);
      await driver.until(() => driver.modem.openSockets === 0);
      expect(driver.modem.commands.at(-1)).toBe(`AT+QSSLCLOSE=${id}`);
    }
    expect(settingsOf(driver)).toEqual(SETTINGS);
  });

  test('a modem that does not take a setting gets no connection without it', async () => {
    for (const setting of SETTINGS) {
      const driver = new Driver(false);
      let fails = true;
      driver.modem.fate = (_step, command) => (fails && command === setting ? 'error' : 'ok');
      await driver.until(() => kit.bg95Ready());
      for (let i = 0; i < 2; i++) {
        const handle = kit.bg95Open(bytes('h'), 443, NetKind.Tls);
        await driver.until(() => kit.bg95Status(handle) < 0);
        expect(kit.bg95Status(handle)).toBe(Status.Unsupported);
        kit.bg95Close(handle);
      }
      expect(driver.modem.opened).toEqual([]);
      fails = false;
      await opened(driver, NetKind.Tls);
      expect(settingsOf(driver).slice(-SETTINGS.length)).toEqual(SETTINGS);
    }
  });

  test('a modem that restarts gets its settings again', async () => {
    const driver = new Driver(false);
    await opened(driver, NetKind.Tls);
    driver.modem.reboot();
    await driver.until(() => !kit.bg95Ready());
    await opened(driver, NetKind.Tls);
    expect(settingsOf(driver)).toEqual([...SETTINGS, ...SETTINGS]);
  });

  test('a number of TLS is not that of TCP', async () => {
    const driver = new Driver(false);
    const handle = await opened(driver, NetKind.Tls);
    driver.modem.urc('+QIURC: "closed",0');
    await driver.run(1);
    expect(kit.bg95Status(handle)).toBe(NetState.Open);
    driver.modem.urc('+QSSLURC: "closed",0');
    await driver.until(() => kit.bg95Status(handle) === NetState.Ended);
  });
});
