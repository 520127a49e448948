// Eclipse Wakaama's programs (tools/wakaama compiles them), and what stands between them and the parts of ours that they speak with.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { fileOf } from '../../tools/peers.mjs';
import type { Datagram } from '../coap/capture.js';
import { until } from '../until.js';

const HOST = '127.0.0.1';

/** One of its programs, spoken with over its command line. `stop` it. */
export class Wakaama {
  /** All that it has printed; of its standard output when it prompts. */
  text = '';
  readonly #child: ChildProcessWithoutNullStreams;
  #taken = 0;

  constructor(program: 'wakaama-client' | 'wakaama-server' | 'wakaama-bootstrap-server', args: readonly string[]) {
    this.#child = spawn(fileOf(program), ['-4', ...args]);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (data: Buffer) => (this.text += data.toString('latin1').replaceAll('\r', '')));
    }
    // It may be gone when it is told something.
    this.#child.stdin.on('error', () => undefined);
  }

  /** Its prompt takes one command a read: this resolves when it has printed something. */
  async say(line: string): Promise<void> {
    const { length } = this.text;
    this.#child.stdin.write(`${line}\n`);
    await until(() => this.text.length > length);
  }

  /** Waits until it prints this, after what was found last; what matches, or undefined. */
  async prints(pattern: RegExp, milliseconds = 10_000): Promise<RegExpExecArray | undefined> {
    let found: RegExpExecArray | null = null;
    await until(() => (found = pattern.exec(this.text.slice(this.#taken))) !== null, milliseconds);
    const match = found as RegExpExecArray | null;
    if (match === null) return undefined;
    this.#taken += match.index + match[0].length;
    return match;
  }

  /** De-registers and ends. Resolves when it is gone: the client, once it has said all, by a fault of its own. */
  async quit(): Promise<void> {
    const gone = once(this.#child, 'close');
    this.#child.stdin.write('quit\n');
    await gone;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Its programs bind to every address, and send from the one that routing chooses: this speaks for one of them from an address. */
export class UdpRelay {
  /** What passed, from and to the server's port. */
  readonly datagrams: Datagram[] = [];
  readonly #inside = createSocket('udp4');
  readonly #outside = createSocket('udp4');
  #program: { readonly port: number; readonly address: string } | undefined;

  static async open(to: { readonly host: string; readonly port: number }, from = HOST): Promise<UdpRelay> {
    const relay = new UdpRelay(to);
    await Promise.all([bound(relay.#inside, HOST), bound(relay.#outside, from)]);
    return relay;
  }

  private constructor(to: { readonly host: string; readonly port: number }) {
    const { port, host } = to;
    this.#inside.on('message', (bytes, from) => {
      this.#program = from;
      this.datagrams.push({ from: from.port, to: port, bytes });
      this.#outside.send(bytes, port, host);
    });
    this.#outside.on('message', (bytes) => {
      const program = this.#program;
      if (program === undefined) return;
      this.datagrams.push({ from: port, to: program.port, bytes });
      this.#inside.send(bytes, program.port, program.address);
    });
  }

  get port(): number {
    return this.#inside.address().port;
  }

  close(): void {
    this.#inside.close();
    this.#outside.close();
  }
}

async function bound(socket: Socket, address: string): Promise<void> {
  socket.bind(0, address);
  await once(socket, 'listening');
}
