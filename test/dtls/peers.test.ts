// The client and servers nobody here wrote: OpenSSL, GnuTLS, Mbed TLS and libcoap over either, on UDP sockets of this machine.
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { DtlsState } from '../../host/kit/index.js';
import { PSK, ascii, type Faults } from './link.js';
import { Station, cleanUp, coapServer, gnutls, mbedtls, openssl, type Program } from './peer.js';
import { until } from '../until.js';
import { Message, Type, messages, records } from './wire.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms(
  'coap-server-gnutls',
  'coap-server-openssl',
  'gcc',
  'gnutls-serv',
  'mbedtls-library',
  'openssl',
);

afterAll(cleanUp);

/** Short waits: these lines have no length. */
const QUICK = { firstTimeout: 200, patience: 30_000 };

const stations: Station[] = [];
afterEach(() => {
  for (const station of stations.splice(0)) {
    station.close();
    station.end();
  }
});

async function station(program: Program, faults: Faults = {}, seed = program.name): Promise<Station> {
  const one = await Station.to(program, { faults, seed });
  one.kit.dtlsNew(QUICK);
  stations.push(one);
  return one;
}

/** Bytes on the wire. */
const bytes = ({ wire }: Station, from?: string): number =>
  wire.filter((each) => (from ?? each.from) === each.from).reduce((sum, { datagram }) => sum + datagram.length, 0);

/** What the programs that echo have in common. */
const echo: [string, () => Promise<Program>, object?][] = [
  ['GnuTLS, CCM_8', () => gnutls('ccm8')],
  ['GnuTLS, GCM', () => gnutls('gcm')],
  ['GnuTLS, no extended master secret', () => gnutls('ccm8', ':%NO_SESSION_HASH')],
  ['GnuTLS, no cookie', () => gnutls('ccm8', '', '--nocookie')],
  ['GnuTLS, an identity hint', () => gnutls('ccm8', '', '--pskhint', 'which device?')],
  ['GnuTLS, datagrams of 80 bytes', () => gnutls('ccm8', '', '--mtu', '80')],
  ['Mbed TLS, CCM_8', () => mbedtls('ccm8', 'sid')],
  ['Mbed TLS, GCM', () => mbedtls('gcm', 'sid')],
  ['Mbed TLS, its choice of suites', () => mbedtls('sid')],
  ['Mbed TLS, no extended master secret', () => mbedtls('ccm8', 'noems', 'sid')],
  ['Mbed TLS, no cookie', () => mbedtls('ccm8', 'nocookie', 'sid')],
  ['Mbed TLS, datagrams of 90 bytes', () => mbedtls('ccm8', 'mtu=90', 'sid')],
  ['Mbed TLS, a maximum of 512 bytes to a fragment', () => mbedtls('ccm8', 'sid'), { maxFragment: 1 }],
  [
    'Mbed TLS, a client with CCM_8 alone and no connection ID',
    () => mbedtls('sid'),
    { onlyCcm8: true, withoutCid: true },
  ],
];

describe.each(echo)('%s', (name, make, options) => {
  it('handshake, data of every size, close, resumption, data again', async () => {
    const program = await make();
    const one = await station(program);
    expect(await one.handshake({ ...QUICK, ...options })).toBe(DtlsState.Open);
    const most = Number(/datagrams of (\d+)/.exec(name)?.[1] ?? 300) - 50;
    for (const length of [1, 15, 16, 17, most]) {
      const data = 'x'.repeat(length);
      expect(await one.exchange(data)).toBe(data);
    }
    one.close();
    expect(await one.handshake()).toBe(DtlsState.Open);
    expect(one.kit.dtlsStatus().resumed).toBe(true);
    expect(await one.exchange('once more')).toBe('once more');
    await program.stop();
  });
});

describe.each(['ccm8', 'gcm'] as const)('OpenSSL, %s', (suite) => {
  const cases: [string, readonly string[]][] = [
    ['as it is', []],
    ['with a cookie', ['-listen']],
    ['without extended master secret', ['noems']],
    ['with a hint in several fragments', ['-mtu', '256', '-psk_hint', 'h'.repeat(205)]],
  ];
  it.each(cases)('%s: handshake, data both ways, close, resumption', async (name, options) => {
    const program = await openssl(suite, ...options);
    const one = await station(program);
    expect(await one.handshake()).toBe(DtlsState.Open);
    const fragments = one.wire.filter(({ from }) => from === 'server').flatMap(({ datagram }) => records(datagram));
    if (name.includes('fragments'))
      expect(fragments.filter(({ fragment }) => fragment[0] === 12).length).toBeGreaterThan(1);
    one.write(ascii('up and away\n'));
    expect(await until(() => program.said().includes('up and away'))).toBe(true);
    program.tell('down again\n');
    expect(await until(() => one.data.includes('down again\n'))).toBe(true);
    one.close();
    expect(await until(() => /CONNECTION CLOSED|DONE/.test(program.said()))).toBe(true);
    expect(await one.handshake()).toBe(DtlsState.Open);
    expect(one.kit.dtlsStatus().resumed).toBe(true);
    expect(await until(() => program.said().includes('Reused session-id'))).toBe(true);
    await program.stop();
  });

  it('renegotiation is refused, which OpenSSL takes as the end', async () => {
    const program = await openssl(suite);
    const one = await station(program);
    await one.handshake();
    one.write(ascii('before\n'));
    await until(() => program.said().includes('before'));
    const sent = one.wire.length;
    program.tell('r\n');
    expect(await until(() => one.wire.slice(sent).some(({ from }) => from === 'client'))).toBe(true);
    const answer = one.wire.slice(sent).find(({ from }) => from === 'client');
    expect(records(answer?.datagram ?? new Uint8Array()).map(({ type }) => type)).toEqual([Type.Alert]);
    await until(() => one.kit.dtlsStatus().state === DtlsState.Closed);
    expect(one.kit.dtlsStatus()).toMatchObject({ result: Status.Refused, alert: 40 });
    await program.stop();
  });
});

it('Mbed TLS learns that renegotiation is refused, and data goes on', async () => {
  const program = await mbedtls('ccm8');
  const one = await station(program);
  await one.handshake();
  one.write(ascii('renegotiate'));
  expect(await until(() => program.said().includes('renegotiate -0x'))).toBe(true);
  expect(await one.exchange('still here', 3)).toBe('still here');
  await program.stop();
});

describe.each(['openssl', 'gnutls'] as const)('libcoap over %s', (library) => {
  it('answers a CoAP request', async () => {
    const program = await coapServer(library);
    const one = await station(program);
    expect(await one.handshake(undefined, ascii('sixteen byte key'))).toBe(DtlsState.Open);
    // CON GET, message ID 1, token 5a, Uri-Path "time"
    const request = Uint8Array.of(0x41, 0x01, 0x00, 0x01, 0x5a, 0xb4, ...ascii('time'));
    const answer = await one.exchange(String.fromCharCode(...request));
    // ACK 2.05 with the same message ID and token
    expect([...(answer ?? '')].slice(0, 5).map((c) => c.charCodeAt(0))).toEqual([0x61, 0x45, 0x00, 0x01, 0x5a]);
    await program.stop();
  });
});

describe('the wrong key', () => {
  const WRONG = PSK.map((byte) => byte ^ 1);
  const cases: [string, () => Promise<Program>, number, number][] = [
    ['OpenSSL stays silent', () => openssl('ccm8'), Status.KeySuspect, -1],
    ['GnuTLS stays silent', () => gnutls('ccm8'), Status.KeySuspect, -1],
    ['libcoap over OpenSSL stays silent', () => coapServer('openssl'), Status.KeySuspect, -1],
    ['libcoap over GnuTLS stays silent', () => coapServer('gnutls'), Status.KeySuspect, -1],
    ['Mbed TLS says bad_record_mac', () => mbedtls('ccm8'), Status.Refused, 20],
  ];
  it.each(cases)('%s', async (_, make, result, alert) => {
    const program = await make();
    const one = await station(program);
    expect(await one.handshake({ firstTimeout: 200, patience: 2500 }, WRONG)).toBe(DtlsState.Closed);
    expect(one.kit.dtlsStatus()).toMatchObject({ result, alert });
    await program.stop();
  });

  it('an identity that Mbed TLS does not know: alert 115', async () => {
    const program = await mbedtls('ccm8');
    const one = await station(program);
    expect(await one.handshake(QUICK, PSK, 'nobody')).toBe(DtlsState.Closed);
    expect(one.kit.dtlsStatus()).toMatchObject({ result: Status.Refused, alert: 115 });
    await program.stop();
  });

  it('a server without our suite: alert 40', async () => {
    const program = await openssl('gcm');
    const one = await station(program);
    expect(await one.handshake({ ...QUICK, onlyCcm8: true })).toBe(DtlsState.Closed);
    expect(one.kit.dtlsStatus()).toMatchObject({ result: Status.Refused, alert: 40 });
    await program.stop();
  });
});

describe('20 of 100 datagrams lost, repeated, and overtaken by others', () => {
  const faults = { loss: 0.2, repeat: 0.2, delay: 30 };
  const cases: [string, () => Promise<Program>][] = [
    ['OpenSSL', () => openssl('ccm8')],
    ['GnuTLS', () => gnutls('ccm8', '', '--mtu', '100')],
    ['Mbed TLS', () => mbedtls('ccm8', 'mtu=100', 'sid')],
    ['libcoap over OpenSSL', () => coapServer('openssl')],
    ['libcoap over GnuTLS', () => coapServer('gnutls')],
  ];
  it.each(cases)('%s: the handshake comes through', async (name, make) => {
    for (let seed = 1; seed <= 3; seed++) {
      const program = await make();
      const one = await station(program, faults, `${name} ${seed}`);
      const key = name.startsWith('libcoap') ? ascii('sixteen byte key') : PSK;
      expect(await one.handshake(QUICK, key), `seed ${seed}`).toBe(DtlsState.Open);
      one.end();
      await program.stop();
    }
  });
});

describe('bytes of a handshake on the wire', () => {
  const WAKAAMA_AND_TINYDTLS = 576;
  const stationWith = async (program: Program, options: object, key: Uint8Array = PSK): Promise<Station> => {
    const one = await station(program);
    expect(await one.handshake({ ...QUICK, firstTimeout: 2000, ...options }, key)).toBe(DtlsState.Open);
    return one;
  };
  let program: Program;
  beforeAll(async () => (program = await openssl('ccm8', '-listen')));

  it('with OpenSSL: six datagrams, no more than Wakaama', async () => {
    const one = await stationWith(program, {});
    expect(one.wire.length).toBe(6);
    expect(bytes(one)).toBeLessThanOrEqual(WAKAAMA_AND_TINYDTLS);
    await program.stop();
  });

  it('with libcoap, where Wakaama with tinydtls takes 573 in 8 datagrams: no more, in 6', async () => {
    const server = await coapServer('openssl');
    const one = await stationWith(server, { onlyCcm8: true, withoutCid: true }, ascii('sixteen byte key'));
    expect(one.wire.length).toBe(6);
    expect(bytes(one)).toBeLessThanOrEqual(573);
    // ClientHello twice, and flight 5: 284 of Wakaama's.
    expect(bytes(one, 'client')).toBeLessThanOrEqual(284);
    await server.stop();
  });

  it('a connection ID is offered with five bytes', async () => {
    const server = await gnutls('ccm8');
    const one = await stationWith(server, {});
    const [first] = one.wire;
    const [hello] = messages(first?.datagram.slice(13) ?? new Uint8Array());
    expect(hello?.type).toBe(Message.ClientHello);
    expect(Buffer.from(hello?.body ?? []).toString('hex')).toMatch(/0036000100$/);
    await server.stop();
  });
});
