// Datagrams as a capture that tshark reads.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Datagram {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

const LINKTYPE_RAW = 101;
const ADDRESS = [127, 0, 0, 1];

/** A capture of IPv4 packets, as libpcap writes it. */
export function pcap(datagrams: readonly Datagram[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(LINKTYPE_RAW, 20);
  const parts: Buffer[] = [head];
  datagrams.forEach(({ from, to, bytes }, i) => {
    const packet = Buffer.alloc(28);
    packet[0] = 0x45;
    packet.writeUInt16BE(28 + bytes.length, 2);
    packet[8] = 64;
    packet[9] = 17;
    packet.set([...ADDRESS, ...ADDRESS], 12);
    packet.writeUInt16BE(from, 20);
    packet.writeUInt16BE(to, 22);
    packet.writeUInt16BE(8 + bytes.length, 24);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(i / 1_000), 0);
    record.writeUInt32LE((i % 1_000) * 1_000, 4);
    record.writeUInt32LE(packet.length + bytes.length, 8);
    record.writeUInt32LE(packet.length + bytes.length, 12);
    parts.push(record, packet, Buffer.from(bytes));
  });
  return Buffer.concat(parts);
}

/**
 * What tshark says: frames, those it reads as CoAP, and what it says of those with an item of severity warning or error, or malformed.
 * `psk`: what comes from or goes to port 5684 is DTLS with that key.
 */
export function dissect(
  datagrams: readonly Datagram[],
  psk?: Uint8Array,
): { frames: number; coap: number; complaints: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'capture-'));
  try {
    const file = join(folder, 'coap.pcap');
    writeFileSync(file, pcap(datagrams));
    const ports = new Set(datagrams.flatMap(({ from, to }) => [from, to]));
    const decode =
      psk === undefined
        ? [...ports].flatMap((port) => ['-d', `udp.port==${port},coap`])
        : ['-o', `dtls.psk:${Buffer.from(psk).toString('hex')}`];
    const fields = ['frame.number', 'coap.version', '_ws.malformed', '_ws.expert.severity', '_ws.expert.message'];
    const out = execFileSync(
      'tshark',
      ['-r', file, ...decode, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 1 << 28,
      },
    );
    const rows = out
      .trimEnd()
      .split('\n')
      .map((row) => row.split('\t'));
    const WARNING = 0x00600000;
    return {
      frames: rows.length,
      coap: rows.filter(([, version]) => version === '1').length,
      complaints: rows
        .filter(
          ([, , malformed, severity]) => malformed || (severity ?? '').split(',').some((s) => Number(s) >= WARNING),
        )
        .map((row) => (row[4] ?? '').replace(/,Retransmitted$/, '')),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
