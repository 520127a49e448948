// What Wireshark (Debian package tshark) makes of datagrams, with the pre-shared key alone.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat } from '../../host/bytes.js';
import { u16 } from './wire.js';

export interface OnWire {
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

export interface Seen {
  /** Application data, as text. */
  readonly data: string[];
  /** Descriptions of alerts. */
  readonly alerts: string[];
  readonly extensions: string[];
  /** What it finds malformed, or worth a word from an expert. */
  readonly complaints: string[];
}

/** `key`: in hexadecimal. */
export function readByTshark(wire: readonly OnWire[], key: string): Seen {
  const folder = mkdtempSync(join(tmpdir(), 'dtls-tshark-'));
  try {
    const file = join(folder, 'session.pcap');
    writeFileSync(file, pcap(wire));
    return read(file, key);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(file: string, key: string): Seen {
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
      ...['-r', file, '-o', `dtls.psk:${key}`, '-d', 'udp.port==4433,dtls', '-T', 'fields'],
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
