// Wireshark (Debian package tshark) reads whole sessions with the key alone, and finds nothing wrong with them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { concat, toHex } from '../../host/bytes.js';
import { DtlsState, loadKit, type DtlsOptions } from '../../host/kit/index.js';
import { PSK, ascii, linkTo } from './link.js';
import { Station, cleanUp, gnutls, mbedtls, openssl, type Program } from './peer.js';
import { until } from '../until.js';
import type { ServerOptions } from './server.js';
import { u16 } from './wire.js';
import { withPrograms } from '../peers.js';

const { it } = withPrograms('gcc', 'gnutls-serv', 'libmbedtls', 'openssl', 'tshark');

const folder = mkdtempSync(join(tmpdir(), 'dtls-tshark-'));
afterAll(() => {
  cleanUp();
  rmSync(folder, { recursive: true });
});

interface OnWire {
  readonly from: 'client' | 'server';
  readonly datagram: Uint8Array;
}

/** A capture of IPv4 packets, the client at 10.0.0.1:40000, the server at 10.0.0.2:4433. */
function pcap(wire: readonly OnWire[]): Uint8Array {
  const LINKTYPE_IPV4 = 228;
  const words = (...list: number[]): Uint8Array => new Uint8Array(Uint32Array.from(list).buffer);
  const packets = wire.flatMap(({ from, datagram }, i) => {
    const [client, server] = [Uint8Array.of(10, 0, 0, 1), Uint8Array.of(10, 0, 0, 2)];
    const [ports, hosts] =
      from === 'client' ? [[40_000, 4433], [client, server]] : [[4433, 40_000], [server, client]]; // prettier-ignore
    const udp = concat(...ports.map((port) => u16(port)), u16(8 + datagram.length), u16(0), datagram);
    const head = concat(Uint8Array.of(0x45, 0), u16(20 + udp.length), Uint8Array.of(0, 0, 0, 0, 64, 17, 0, 0));
    const packet = concat(head, ...hosts, udp);
    return [words(i, 0, packet.length, packet.length), packet];
  });
  const header = concat(
    words(0xa1b2c3d4),
    new Uint8Array(Uint16Array.of(2, 4).buffer),
    words(0, 0, 65_535, LINKTYPE_IPV4),
  );
  return concat(header, ...packets);
}

interface Seen {
  /** Application data, as text. */
  readonly data: string[];
  /** Descriptions of alerts. */
  readonly alerts: string[];
  readonly extensions: string[];
  /** What it finds malformed, or worth a word from an expert. */
  readonly complaints: string[];
}

function read(wire: readonly OnWire[]): Seen {
  const file = join(folder, 'session.pcap');
  writeFileSync(file, pcap(wire));
  const fields = [
    'data.data',
    'dtls.alert_message.desc',
    'dtls.handshake.extension.type',
    '_ws.malformed',
    '_ws.expert.message',
  ];
  const lines = execFileSync(
    'tshark',
    [
      ...['-r', file, '-o', `dtls.psk:${toHex(PSK)}`, '-d', 'udp.port==4433,dtls', '-T', 'fields'],
      ...fields.flatMap((name) => ['-e', name]),
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  ).split('\n');
  const column = (n: number): string[] =>
    lines.flatMap((line) => (line.split('\t')[n] ?? '').split(',')).filter((value) => value !== '');
  return {
    data: column(0).map((hex) => Buffer.from(hex, 'hex').toString()),
    alerts: column(1),
    extensions: column(2),
    complaints: [...column(3), ...column(4)],
  };
}

const programs: [string, () => Promise<Program>][] = [
  ['OpenSSL, CCM_8', () => openssl('ccm8', '-listen')],
  ['OpenSSL, GCM', () => openssl('gcm')],
  ['OpenSSL, without extended master secret', () => openssl('ccm8', 'noems')],
  ['GnuTLS, small datagrams', () => gnutls('ccm8', '', '--mtu', '80')],
  ['Mbed TLS, GCM', () => mbedtls('gcm')],
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
