// The server on a UDP socket of this machine, and client programs nobody here wrote.
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '../../host/bytes.js';
import { RealClock } from '../../host/clock/real.js';
import { type Association, type DtlsLimits, DtlsServer, type EndReason } from '../../host/dtls/index.js';
import { Random } from '../../host/random.js';
import { Secret } from '../../host/secret.js';
import { until } from '../until.js';

export const clock = new RealClock();
export const PSK = '00112233445566778899aabbccddeeff';
export const IDENTITY = 'd-0123456789abcdefghij';
const folder = mkdtempSync(join(tmpdir(), 'akari-dtls-server-'));
const children = new Set<ChildProcess>();
const stations = new Set<ServerStation>();

/** Ends all programs; nothing stays behind. */
export function cleanUp(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const station of stations) station.end();
  rmSync(folder, { recursive: true });
}

export const inFolder = (name: string): string => join(folder, name);

export interface OnWire {
  readonly from: 'client' | 'server';
  readonly datagram: Uint8Array;
}

export class ServerStation {
  readonly server: DtlsServer;
  readonly opened: Association[] = [];
  readonly ended: EndReason[] = [];
  readonly data: string[] = [];
  readonly wire: OnWire[] = [];
  /** Of clients, in the order in which they were heard first. */
  readonly ports = new Set<number>();
  /** What is answered to data. */
  answer: (bytes: Buffer) => Uint8Array | undefined = (bytes) => bytes;
  readonly #socket: Socket;

  private constructor(socket: Socket, limits: Partial<DtlsLimits>, keys: Readonly<Record<string, readonly string[]>>) {
    this.#socket = socket;
    stations.add(this);
    this.server = new DtlsServer({
      ...{ clock, limits, random: new Random(Random.freshSeed()) },
      keysOf: (identity) => keys[identity]?.map((key, i) => ({ id: String(i), key: new Secret(fromHex(key)) })),
      opened: (association) => void this.opened.push(association),
      data: (association, bytes) => {
        this.data.push(bytes.toString('latin1'));
        const answer = this.answer(bytes);
        if (answer !== undefined) association.send(answer);
      },
      ended: (_, reason) => void this.ended.push(reason),
    });
    socket.on('message', (datagram, { address, port }) => {
      this.wire.push({ from: 'client', datagram });
      this.ports.add(port);
      this.server.receive(datagram, {
        key: `${address}:${port}`,
        send: (out) => {
          this.wire.push({ from: 'server', datagram: out });
          socket.send(out, port, address);
        },
      });
    });
  }

  static async start(
    limits: Partial<DtlsLimits> = {},
    keys: Readonly<Record<string, readonly string[]>> = { [IDENTITY]: [PSK] },
  ): Promise<ServerStation> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new ServerStation(socket, limits, keys);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  end(): void {
    if (!stations.delete(this)) return;
    this.server.close();
    this.#socket.close();
  }
}

export interface Client {
  said(): string;
  tell(line: string): void;
  /** Ends its input. */
  end(): void;
  /** Its exit code. */
  ended(milliseconds?: number): Promise<number | null>;
  stop(): void;
}

export function start(command: string, ...args: readonly string[]): Client {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  let said = '';
  let failed: Error | undefined;
  child.on('error', (error) => (failed = error));
  child.stdin.on('error', () => undefined);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return {
    said() {
      if (failed) throw failed;
      return said;
    },
    tell: (line) => child.stdin.write(line),
    end: () => child.stdin.end(),
    async ended(milliseconds) {
      const over = await until(() => failed !== undefined || child.exitCode !== null, milliseconds);
      if (failed) throw failed;
      if (!over) throw new Error(`${command} does not end: ${said}`);
      return child.exitCode;
    },
    stop: () => child.kill('SIGKILL'),
  };
}

const CIPHERS = { ccm8: 'PSK-AES128-CCM8', gcm: 'PSK-AES128-GCM-SHA256' } as const;
export type Suite = keyof typeof CIPHERS;

export const openssl = (port: number, suite: Suite, ...options: readonly string[]): Client =>
  start(
    'openssl',
    ...['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, '-cipher', CIPHERS[suite]],
    ...['-psk_identity', IDENTITY, '-psk', PSK, ...options],
  );

export const gnutls = (port: number, cipher: string, ...options: readonly string[]): Client =>
  start(
    'gnutls-cli',
    ...['--udp', '--port', String(port), '--pskusername', IDENTITY, '--pskkey', PSK, '--no-ca-verification'],
    ...['--priority', `NONE:+VERS-DTLS1.2:+PSK:+MAC-ALL:+COMP-NULL:+SIGN-ALL:${cipher}`, ...options, '127.0.0.1'],
  );
