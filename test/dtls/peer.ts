// Server programs nobody here wrote, and a client of the kit that talks to them over UDP on loopback, on the real clock, through faults
// that a seed chooses. Debian packages: openssl, gnutls-bin, libcoap3-bin, gcc; Mbed TLS as tools/mbedtls compiles it.
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MS } from '../../host/clock/clock.js';
import { RealClock } from '../../host/clock/real.js';
import { DtlsState, loadKit, type DtlsKit, type DtlsOptions } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { toHex } from '../../host/bytes.js';
import { PSK, ascii, text, type Faults } from './link.js';
import { fileOf } from '../../tools/peers.mjs';
import { freeUdpPort } from '../free-port.js';
import { until } from '../until.js';
import { compileWithMbedtls, MBEDTLS_SUITES } from './mbedtls.js';

export const IDENTITY = 'device-1';
export const clock = new RealClock();
const folder = mkdtempSync(join(tmpdir(), 'akari-dtls-'));
const children = new Set<ChildProcess>();

/** Ends all programs; nothing stays behind. */
export function cleanUp(): void {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true });
}

export interface Program {
  readonly port: number;
  readonly name: string;
  /** What it has written so far. */
  said(): string;
  /** Writes to its standard input. */
  tell(line: string): void;
  stop(): Promise<void>;
}

/** Ports are anybody's: one that was free may be taken by the time a program asks for it. */
const ATTEMPTS = 3;

async function start(...how: Parameters<typeof attempt>): Promise<Program> {
  for (let n = 1; ; n++) {
    try {
      return await attempt(...how);
    } catch (error) {
      if (n === ATTEMPTS) throw error;
    }
  }
}

async function attempt(
  name: string,
  ready: RegExp,
  makeArguments: (port: number) => readonly string[],
  command = name,
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const port = await freeUdpPort();
  const child = spawn(command, makeArguments(port), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.add(child);
  let said = '';
  let failed: Error | undefined;
  child.on('error', (error) => (failed = error));
  child.on('exit', (code) => (failed ??= new Error(`${name} ended with ${code}: ${said}`)));
  child.stdin.on('error', () => undefined);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => failed !== undefined || ready.test(said));
  if (failed) throw failed;
  if (!ready.test(said)) child.kill();
  if (!ready.test(said)) throw new Error(`${name} does not get ready: ${said}`);
  return {
    ...{ port, name },
    said: () => said,
    tell: (line) => child.stdin.write(line),
    async stop() {
      children.delete(child);
      child.kill('SIGKILL');
      await until(() => child.exitCode !== null || child.signalCode !== null);
    },
  };
}

const CIPHERS = { ccm8: 'PSK-AES128-CCM8', gcm: 'PSK-AES128-GCM-SHA256' } as const;
export type Suite = keyof typeof CIPHERS;

export function openssl(suite: Suite, ...options: string[]): Promise<Program> {
  const ems = options.includes('noems');
  const config = join(folder, 'openssl.cnf');
  const lines = ['openssl_conf = conf', '[conf]', 'ssl_conf = ssl', '[ssl]', 'system_default = system'];
  if (ems) writeFileSync(config, [...lines, '[system]', 'Options = -ExtendedMasterSecret', ''].join('\n'));
  const rest = options.filter((option) => option !== 'noems');
  return start(
    'openssl s_server',
    /ACCEPT/,
    (port) => [
      ...['s_server', '-dtls1_2', '-nocert', '-no_ticket', '-timeout', '-psk_identity', IDENTITY, '-psk', toHex(PSK)],
      ...['-cipher', CIPHERS[suite], '-accept', `127.0.0.1:${port}`, ...rest],
    ],
    'openssl',
    ems ? { OPENSSL_CONF: config } : {},
  );
}

const PRIORITIES = { ccm8: '+AES-128-CCM-8', gcm: '+AES-128-GCM' } as const;

export function gnutls(suite: Suite, priority = '', ...options: string[]): Promise<Program> {
  const passwords = join(folder, 'psk.txt');
  writeFileSync(passwords, `${IDENTITY}:${toHex(PSK)}\n`);
  const all = `NONE:+VERS-DTLS1.2:+PSK:+AEAD:${PRIORITIES[suite]}:+SIGN-ALL:+COMP-NULL${priority}`;
  return start('gnutls-serv', /ready|listening/i, (port) => [
    ...['--udp', '--echo', '--noticket', '-p', `${port}`, '--pskpasswd', passwords, '--priority', all, ...options],
  ]);
}

export function coapServer(library: 'openssl' | 'gnutls'): Promise<Program> {
  return start(`coap-server-${library}`, /created DTLS endpoint/, (port) => [
    ...['-A', '127.0.0.1', '-p', `${port - 1}`, '-k', text(PSK16), '-h', 'CoAP', '-v', '7'],
  ]);
}
/** coap-server takes its key as text. */
export const PSK16 = ascii('sixteen byte key');

let mbedtlsProgram: string | undefined;

export function mbedtls(...options: string[]): Promise<Program> {
  const command = (mbedtlsProgram ??= compileWithMbedtls('test/dtls/mbedtls-server.c', join(folder, 'mbedtls-server')));
  return start('mbedtls-server', /^ready/m, (port) => [`${port}`, IDENTITY, toHex(PSK), ...options], command);
}

/** The server that Mbed TLS's authors test with: answers each message with a page; `help` tells its options. */
export function sslServer2(suite: Suite, ...options: string[]): Promise<Program> {
  return start(
    'ssl_server2',
    /Waiting for a remote connection/,
    (port) => [
      ...['dtls=1', 'server_addr=127.0.0.1', `server_port=${port}`, `psk=${toHex(PSK)}`, `psk_identity=${IDENTITY}`],
      ...[`force_ciphersuite=${MBEDTLS_SUITES[suite]}`, 'tickets=0', ...options],
    ],
    fileOf('mbedtls-server'),
  );
}

/** A client with a socket of its own. */
export class Station {
  /** Every datagram on the wire in order, as the programs saw it: faults strike before. */
  readonly wire: { readonly from: 'client' | 'server'; readonly datagram: Uint8Array }[] = [];
  readonly data: string[] = [];
  #socket: Socket;
  readonly #random: Random;
  #wake: { cancel(): void } | undefined;
  #closed = false;

  private constructor(
    readonly kit: DtlsKit,
    readonly port: number,
    readonly faults: Faults,
    seed: string,
  ) {
    this.#random = new Random(seed);
    this.#socket = this.#open();
  }

  static async to(
    { port }: Program,
    { faults = {}, seed = 'station' }: { faults?: Faults; seed?: string } = {},
  ): Promise<Station> {
    return new Station(await loadKit(), port, faults, seed);
  }

  #open(): Socket {
    const socket = createSocket('udp4');
    socket.on('message', (datagram) => this.#strike(new Uint8Array(datagram), (copy) => this.#receive(copy)));
    socket.on('error', () => undefined);
    return socket;
  }

  /** From now on it sends from another port and hears nothing of the one before, as when a NAT has forgotten it. */
  rebind(): void {
    this.#socket.close();
    this.#socket = this.#open();
  }

  #now(): number {
    return Math.floor(clock.now() / MS);
  }

  /** Lets a datagram through, twice, late or not at all. */
  #strike(datagram: Uint8Array, deliver: (copy: Uint8Array) => void): void {
    const { loss = 0, repeat = 0, delay = 0 } = this.faults;
    for (let copies = this.#random.next() < repeat ? 2 : 1; copies > 0; copies--) {
      if (this.#random.next() < loss) continue;
      if (delay === 0) deliver(datagram.slice());
      else clock.after(this.#random.below(delay) * MS, () => this.#closed || deliver(datagram.slice()));
    }
  }

  #receive(datagram: Uint8Array): void {
    this.wire.push({ from: 'server', datagram });
    this.data.push(...this.kit.dtlsReceive(this.#now(), datagram).map(text));
    this.#flush();
  }

  #flush(): void {
    for (let datagram = this.kit.dtlsOutput(); datagram; datagram = this.kit.dtlsOutput()) {
      this.#strike(datagram, (copy) => {
        this.wire.push({ from: 'client', datagram: copy });
        this.#socket.send(copy, this.port, '127.0.0.1');
      });
    }
    this.#wake?.cancel();
    const deadline = this.kit.dtlsDeadline();
    if (deadline === Infinity || this.#closed) return;
    this.#wake = clock.at(deadline * MS, () => {
      this.kit.dtlsStep(this.#now());
      this.#flush();
    });
  }

  /** Returns the client's state at the end. */
  async handshake(options?: DtlsOptions, key: Uint8Array = PSK, identity = IDENTITY): Promise<number> {
    if (options) this.kit.dtlsNew(options);
    const random = crypto.getRandomValues(new Uint8Array(32));
    const status = this.kit.dtlsBegin(this.#now(), random, ascii(identity), key);
    if (status !== 0) throw new Error(`begin: ${status}`);
    this.#flush();
    const over = (): boolean => [DtlsState.Open, DtlsState.Closed].includes(this.kit.dtlsStatus().state as 0 | 5);
    await until(over, 120_000);
    return this.kit.dtlsStatus().state;
  }

  write(data: Uint8Array): number {
    const status = this.kit.dtlsWrite(data);
    this.#flush();
    return status;
  }

  /** Writes, until data comes back; returns it. */
  async exchange(data: string, tries = 1): Promise<string | undefined> {
    const before = this.data.length;
    for (let i = 0; i < tries; i++) {
      this.write(ascii(data));
      if (await until(() => this.data.length > before, tries > 1 ? 300 : 5000)) break;
    }
    return this.data[before];
  }

  close(): void {
    this.kit.dtlsClose();
    this.#flush();
  }

  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake?.cancel();
    this.#socket.close();
  }
}
