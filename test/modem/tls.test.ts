// TLS sockets of the emulated modem: AT+QSSLCFG, AT+QSSLOPEN and their like, towards servers of node:tls behind the network.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { CertificateAuthority, selfSigned } from '../../host/cloud/ca.js';
import type { ServerCertificate } from '../../host/cloud/ca.js';
import { Station } from './station.js';

const HOST = 'secure.soracom.io';
let authority: CertificateAuthority;
let good: ServerCertificate;

beforeAll(async () => {
  authority = await CertificateAuthority.create();
  good = await authority.issue([HOST]);
});

interface Seen {
  readonly names: (string | false | null)[];
  readonly sockets: TLSSocket[];
}

/** A registered modem that trusts `authority`, and a TLS server behind port 443 that answers in capitals. */
async function station(certificate: ServerCertificate | undefined, seen: Seen = { names: [], sockets: [] }) {
  const it = new Station({}, { files: { 'cacert.pem': authority.certificate } });
  it.network.name(HOST);
  it.network.tcp(HOST, 443, (stream: Duplex) => {
    stream.on('error', () => undefined);
    if (!certificate) {
      stream.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      return;
    }
    const { certificate: cert, key } = certificate;
    const secure = new TLSSocket(stream as Socket, { isServer: true, cert, key: Buffer.from(key.reveal()) });
    seen.sockets.push(secure);
    secure.on('error', () => undefined);
    secure.on('secure', () => seen.names.push(secure.servername));
    secure.on('data', (bytes: Buffer) => {
      it.clock.stir();
      secure.write(bytes.toString('latin1').toUpperCase());
    });
    secure.on('end', () => secure.end());
  });
  await it.registered();
  await it.online();
  return it;
}

async function verifying(it: Station): Promise<void> {
  for (const setting of [
    '"sslversion",1,4',
    '"ciphersuite",1,0XFFFF',
    '"sni",1,1',
    '"cacert",1,"cacert.pem"',
    '"seclevel",1,1',
  ])
    expect(await it.at(`AT+QSSLCFG=${setting}`)).toEqual(['OK']);
}

/** Error code of +QSSLOPEN. */
async function open(it: Station, command = `AT+QSSLOPEN=1,1,0,"${HOST}",443,0`): Promise<number> {
  it.heard = '';
  it.line.near.send(Buffer.from(`${command}\r`));
  await it.until(() => /\+QSSLOPEN: \d+,\d+\r\n/.test(it.heard), 160);
  return Number(/\+QSSLOPEN: \d+,(\d+)/.exec(it.heard)?.[1]);
}

async function send(it: Station, data: string, id = 0): Promise<void> {
  it.heard = '';
  it.line.near.send(Buffer.from(`AT+QSSLSEND=${id},${data.length}\r`));
  await it.until(() => it.heard.endsWith('> '));
  it.line.near.send(Buffer.from(data));
  await it.until(() => it.heard.includes('SEND OK'));
}

describe('a TLS socket', () => {
  it('is opened towards a server that the certificate authority vouches for, and carries bytes both ways', async () => {
    const seen: Seen = { names: [], sockets: [] };
    const it = await station(good, seen);
    await verifying(it);
    expect(await open(it)).toBe(0);
    expect(seen.names).toEqual([HOST]);
    expect(seen.sockets[0]?.getProtocol()).toBe('TLSv1.2');
    await send(it, 'hello');
    await it.until(() => it.heard.includes('+QSSLURC: "recv",0'));
    expect(await it.at('AT+QSSLRECV=0,1500')).toEqual(['+QSSLRECV: 5', 'HELLO', 'OK']);
    expect(await it.at('AT+QSSLRECV=0,1500')).toEqual(['+QSSLRECV: 0', 'OK']);
    const [line = ''] = await it.at('AT+QSSLSTATE?');
    expect(line).toMatch(/^\+QSSLSTATE: 0,"SSLClient","100\.127\.\d+\.\d+",443,\d+,2,1,0,0,"uart1"$/);
    expect(await it.at('AT+QSSLCLOSE=0')).toEqual(['OK']);
    expect(await it.at('AT+QSSLSTATE?')).toEqual(['OK']);
  });

  it('in push mode hands bytes over as they come, and says when the server ends', async () => {
    const seen: Seen = { names: [], sockets: [] };
    const it = await station(good, seen);
    await verifying(it);
    expect(await open(it, `AT+QSSLOPEN=1,1,3,"${HOST}",443,1`)).toBe(0);
    await send(it, 'hello', 3);
    await it.until(() => it.heard.includes('+QSSLURC: "recv",3,5\r\nHELLO'));
    expect(await it.at('AT+QSSLRECV=3,1500')).toEqual(['ERROR']);
    it.clock.stir();
    seen.sockets[0]?.end();
    await it.until(() => it.heard.includes('+QSSLURC: "closed",3'));
    expect(await it.at('AT+QSSLCLOSE=3')).toEqual(['OK']);
  });

  it('carries much, both ways, and loses nothing to a reader that is slow', async () => {
    const seen: Seen = { names: [], sockets: [] };
    const it = await station(good, seen);
    await verifying(it);
    await open(it);
    const whole = Buffer.alloc(200_000, 'abcdefghij');
    it.clock.stir();
    seen.sockets[0]?.write(whole);
    let received = '';
    await it.wait(20_000);
    while (received.length < whole.length) {
      it.heard = '';
      it.line.near.send(Buffer.from('AT+QSSLRECV=0,1500\r'));
      await it.until(() => it.heard.endsWith('\r\nOK\r\n'));
      const [, n = '0'] = /\+QSSLRECV: (\d+)/.exec(it.heard) ?? [];
      received += it.heard.slice(it.heard.indexOf('\r\n', 2) + 2).slice(0, Number(n));
      if (n === '0') await it.wait(100);
    }
    expect(received === whole.toString()).toBe(true);
  });

  it.each([
    ['a certificate of somebody else', async () => (await CertificateAuthority.create('other')).issue([HOST])],
    ['a certificate that vouches for itself', () => selfSigned([HOST])],
    ['a certificate for another name', () => authority.issue(['other.soracom.io'])],
    ['a certificate that has run out', () => authority.issue([HOST], { notAfter: new Date(Date.UTC(2021, 0, 1)) })],
    ['a server that does not speak TLS', () => Promise.resolve(undefined)],
  ])('is not opened for %s: 566', async (_what, make) => {
    const it = await station(await make());
    await verifying(it);
    expect(await open(it)).toBe(566);
    expect(await it.at('AT+QIGETERROR')).toEqual(['+QIGETERROR: 566,socket connect failed', 'OK']);
    expect(await it.at('AT+QSSLSTATE?')).toEqual(['OK']);
    expect(await it.at('AT+QSSLSEND=0,5')).toEqual(['ERROR']);
  });

  it('at seclevel 0 asks nobody who they are', async () => {
    const seen: Seen = { names: [], sockets: [] };
    const it = await station(await selfSigned(['whoever']), seen);
    expect(await open(it)).toBe(0);
    expect(seen.names).toEqual([false]);
  });

  it('needs the file that it is told to trust', async () => {
    const it = await station(good);
    await it.at('AT+QSSLCFG="cacert",1,"missing.pem"');
    await it.at('AT+QSSLCFG="seclevel",1,1');
    expect(await open(it)).toBe(552);
    await it.at('AT+QSSLCFG="cacert",1,"UFS:cacert.pem"');
    expect(await open(it)).toBe(0);
  });

  it('has a number of its own beside those of TCP, and a number is not given twice', async () => {
    const it = await station(good);
    it.echo();
    await it.open(0, 0);
    await verifying(it);
    expect(await open(it)).toBe(0);
    expect(await open(it)).toBe(563);
    await it.at('AT+QICLOSE=0');
    await send(it, 'still here');
    expect(await open(it, `AT+QSSLOPEN=2,1,1,"${HOST}",443,0`)).toBe(561);
    expect(await open(it, 'AT+QSSLOPEN=1,1,1,"nobody.soracom.io",443,0')).toBe(565);
  });

  it('ends with its context', async () => {
    const seen: Seen = { names: [], sockets: [] };
    const it = await station(good, seen);
    await verifying(it);
    await open(it);
    expect(await it.at('AT+QIDEACT=1')).toEqual(['OK']);
    expect(await it.at('AT+QSSLSTATE?')).toEqual(['OK']);
    await it.until(() => seen.sockets[0]?.destroyed === true);
  });

  it.each([
    'AT+QSSLCFG="seclevel",1,2',
    'AT+QSSLCFG="seclevel",6,1',
    'AT+QSSLCFG="sslversion",1,1',
    'AT+QSSLCFG="ciphersuite",1,65535',
    'AT+QSSLCFG="nothing",1,1',
    'AT+QSSLCFG="toString",1',
    'AT+QSSLOPEN=1,1,12,"h",443,0',
    'AT+QSSLOPEN=1,1,0,"h",443,2',
    'AT+QSSLOPEN=1,1,0,"",443,0',
    'AT+QSSLOPEN=1,1,0,"h",0,0',
    'AT+QSSLRECV=0,1500',
    'AT+QSSLSEND=0,5',
  ])('%s is an ERROR', async (command) => {
    const it = await station(good);
    expect(await it.at(command)).toEqual(['ERROR']);
  });

  it('tells its settings, and forgets them when the modem restarts', async () => {
    const it = await station(good);
    await verifying(it);
    expect(await it.at('AT+QSSLCFG="seclevel",1')).toEqual(['+QSSLCFG: "seclevel",1,1', 'OK']);
    expect(await it.at('AT+QSSLCFG="cacert",1')).toEqual(['+QSSLCFG: "cacert",1,"cacert.pem"', 'OK']);
    expect(await it.at('AT+QSSLCFG="seclevel",0')).toEqual(['+QSSLCFG: "seclevel",0,0', 'OK']);
    it.modem.reset();
    await it.until(() => it.heard.includes('APP RDY'));
    await it.wait(3_000);
    await it.at('ATE0');
    expect(await it.at('AT+QSSLCFG="seclevel",1')).toEqual(['+QSSLCFG: "seclevel",1,0', 'OK']);
  });
});
