// Wireshark (Debian package tshark) reads whole sessions with the key alone, and finds nothing wrong with them.
import { afterAll, expect } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { DtlsState, loadKit, type DtlsOptions } from '../../host/kit/index.js';
import { type OnWire, readByTshark, type Seen } from './capture.js';
import { PSK, ascii, linkTo } from './link.js';
import { Station, cleanUp, gnutls, mbedtls, openssl, type Program } from './peer.js';
import { until } from '../until.js';
import type { ServerOptions } from './server.js';
import { withPrograms } from '../peers.js';

const { it } = withPrograms('gcc', 'gnutls-serv', 'mbedtls-library', 'openssl', 'tshark');

afterAll(cleanUp);

const read = (wire: readonly OnWire[]): Seen => readByTshark(wire, toHex(PSK));

const programs: [string, () => Promise<Program>][] = [
  ['OpenSSL, CCM_8', () => openssl('ccm8', '-listen')],
  ['OpenSSL, GCM', () => openssl('gcm')],
  ['OpenSSL, without extended master secret', () => openssl('ccm8', 'noems')],
  ['GnuTLS, small datagrams', () => gnutls('ccm8', '', '--mtu', '80')],
  ['Mbed TLS, GCM', () => mbedtls('gcm')],
  ['Mbed TLS, CCM_8 and connection IDs', () => mbedtls('ccm8', 'cid=c0ffee')],
  ['Mbed TLS, GCM and connection IDs', () => mbedtls('gcm', 'cid=c0ffee')],
];

it.each(programs)('a session with %s, from ClientHello to close_notify', async (_, make) => {
  const program = await make();
  const station = await Station.to(program);
  expect(await station.handshake({ firstTimeout: 2000 })).toBe(DtlsState.Open);
  const before = station.wire.length;
  station.write(ascii('up and away'));
  await until(() => program.said().includes('up and away') || station.wire.length > before + 1);
  station.close();
  const seen = read(station.wire);
  expect(seen.complaints).toEqual([]);
  expect(seen.data).toContain('up and away');
  expect(seen.alerts).toContain('0');
  expect(seen.extensions).toEqual(expect.arrayContaining(['23', '54']));
  station.end();
  await program.stop();
});

const kit = await loadKit();
const sessions: [string, Partial<ServerOptions>, DtlsOptions][] = [
  ["the server's connection ID", { cid: ascii('srv') }, {}],
  ['connection IDs of both', { cid: ascii('server id'), padding: 9 }, { ownCid: ascii('dev') }],
  ['connection IDs and GCM', { cid: ascii('srv'), suite: 0xa8 }, { ownCid: ascii('dev') }],
  ['fragments and a hint', { fragment: 20, apart: true, hint: ascii('hint') }, {}],
];

it.each(sessions)('a session with %s', (_, options, choices) => {
  const wire = linkTo(kit, options);
  wire.begin(choices);
  expect(wire.handshake()).toBe(DtlsState.Open);
  kit.dtlsWrite(ascii('up and away'));
  wire.flush();
  wire.run();
  wire.send('server', wire.server.send(ascii('down again')));
  wire.run();
  kit.dtlsClose();
  wire.flush();
  const seen = read(wire.sent);
  expect(seen.complaints).toEqual([]);
  expect(seen.data).toEqual(['up and away', 'down again']);
  expect(seen.alerts).toEqual(['0']);
});

it('it does complain of what is wrong', () => {
  const wire = linkTo(kit);
  wire.begin({});
  wire.handshake();
  const bad = wire.sent.map(({ from, datagram }) => ({ from, datagram: datagram.slice() }));
  const hello = bad[0]?.datagram ?? new Uint8Array();
  hello[13 + 12 + 34] = 60;
  expect(read(bad).complaints.length).toBeGreaterThan(0);
});
