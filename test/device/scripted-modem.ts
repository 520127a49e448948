// A modem for tests of the device side: a table of commands and a customer's HTTP server behind its sockets. Written
// from the BG95 application notes only to be driven and broken from tests; the emulated modem is another matter.

import type { SerialEnd } from '../../host/board/serial.js';
import type { Clock } from '../../host/clock/clock.js';
import { MS, SECOND } from '../../host/clock/clock.js';

export interface Request {
  readonly head: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly raw: string;
}

export interface Answer {
  readonly text: string;
  /** The far end closes behind it. */
  readonly close?: boolean;
}

/** What the modem does with one command: what it should, nothing, ERROR, or restart in the middle. */
export type Fate = 'ok' | 'silent' | 'reboot' | 'error';

interface Socket {
  readonly kind: 'TCP' | 'UDP' | 'TLS';
  /** Datagrams that wait to be read. */
  readonly datagrams: Buffer[];
  incoming: Buffer;
  outgoing: Buffer;
  push: boolean;
}

const LATENCY = 20 * MS;
const BOOT = 3 * SECOND;

export class ScriptedModem {
  /** Commands as they came, and `<data>` for the payload of a send. */
  readonly commands: string[] = [];
  /** Asked for each of them. */
  fate: ((step: number, command: string) => Fate) | undefined;
  /** Asked at each place where a URC may stand; what it returns is put there. */
  interject: ((place: number) => string | undefined) | undefined;
  places = 0;
  /** Error of +QIOPEN for the next connections. */
  openError = 0;
  stat = 1;
  echoOff = true;
  time = '"2026/11/23,18:41:50+36,0"';
  /** The far end of a UDP socket: what it sends back. */
  serveDatagram: (datagram: Buffer) => readonly Buffer[] = () => [];
  /** The far end of a TCP socket instead of `serve`: what it sends back for what has come so far, of which all is taken. */
  serveBytes: ((bytes: Buffer) => Answer | undefined) | undefined;
  /** Host and port of each socket that was opened. */
  readonly opened: string[] = [];
  serve: (request: Request) => Answer | undefined = () => ({ text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' });

  readonly #clock: Clock;
  readonly #line: SerialEnd;
  readonly #sockets = new Map<number, Socket>();
  #echo = true;
  #input = '';
  #send: { id: number; left: number; data: number[] } | undefined;
  #active = false;
  #running = true;
  #epoch = 0;

  constructor(clock: Clock, line: SerialEnd) {
    this.#clock = clock;
    this.#line = line;
    line.received = (bytes) => this.#receive(bytes);
  }

  get steps(): number {
    return this.commands.length;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  reboot(): void {
    this.#epoch++;
    this.#sockets.clear();
    this.#send = undefined;
    this.#input = '';
    this.#echo = true;
    this.#active = false;
    this.#running = false;
    this.#line.clear();
    this.#clock.after(BOOT, () => {
      this.#running = true;
      this.#say('\r\nRDY\r\n');
      this.#clock.after(1500 * MS, () => this.#say('\r\nAPP RDY\r\n'));
    });
  }

  /** A line of the modem's own. */
  urc(text: string): void {
    this.#say(`\r\n${text}\r\n`);
  }

  /** The modem has closed its sockets; it says so elsewhere, if at all. */
  dropSockets(): void {
    this.#sockets.clear();
  }

  /** The network takes the context away. */
  dropContext(): void {
    this.#active = false;
    this.#sockets.clear();
    this.urc('+QIURC: "pdpdeact",1');
  }

  #say(text: string | Uint8Array): void {
    if (this.#running) this.#line.send(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#running) return;
    for (const byte of bytes) {
      if (this.#send) {
        if (this.#echo) this.#say(Uint8Array.of(byte));
        this.#send.data.push(byte);
        if (this.#send.data.length === this.#send.left) this.#sent();
      } else if (byte === 13) {
        const command = this.#input;
        this.#input = '';
        if (this.#echo) this.#say(`${command}\r`);
        const at = command.indexOf('AT');
        if (at >= 0) this.#command(command.slice(at));
      } else {
        this.#input += String.fromCharCode(byte);
      }
    }
  }

  #later(action: () => void): void {
    const epoch = this.#epoch;
    this.#clock.after(LATENCY, () => {
      if (epoch === this.#epoch) action();
    });
  }

  /** False: the command is not to be carried out. */
  #decide(command: string): boolean {
    const step = this.commands.push(command) - 1;
    const fate = this.fate?.(step, command) ?? 'ok';
    if (fate === 'reboot') this.reboot();
    if (fate === 'error') this.#reply(['ERROR']);
    return fate === 'ok';
  }

  /** Lines one after the other, with a place for a URC before each and after the last. */
  #reply(lines: readonly (string | Buffer)[]): void {
    this.#later(() => {
      for (const line of lines) {
        this.#place();
        this.#say(typeof line === 'string' ? `\r\n${line}\r\n` : line);
      }
      this.#place();
    });
  }

  #place(): void {
    const text = this.interject?.(this.places++);
    if (text !== undefined) this.#say(`\r\n${text}\r\n`);
  }

  #command(command: string): void {
    if (!this.#decide(command)) return;
    const [, name = '', value = ''] = /^AT(\+?\w+\??)=?(.*)$/.exec(command) ?? [];
    const args = value.split(',');
    const id = Number(args[0]);
    switch (name) {
      case 'E0Q0V1':
        this.#echo = !this.echoOff;
        return this.#reply(['OK']);
      case '+CMEE?':
        return this.#reply(['+CMEE: 1', 'OK']);
      case '+CMEE':
      case '+CFUN':
        if (value === '1,1') {
          this.#reply(['OK']);
          this.#clock.after(500 * MS, () => this.reboot());
          return;
        }
        return this.#reply(['OK']);
      case '+QISDE':
      case '+CEREG':
      case '+QICSGP':
        return this.#reply(['OK']);
      case '+CPIN?':
        return this.#reply(['+CPIN: READY', 'OK']);
      case '+CEREG?':
        return this.#reply([`+CEREG: 3,${this.stat},"1A2B","01C3D404",8`, 'OK']);
      case '+QIACT?':
        return this.#reply(this.#active ? ['+QIACT: 1,1,1,"10.1.2.3"', 'OK'] : ['OK']);
      case '+QIACT':
        if (this.stat !== 1) return this.#reply(['ERROR']);
        this.#active = true;
        return this.#reply(['OK']);
      case '+QIDEACT':
        this.#active = false;
        this.#sockets.clear();
        return this.#reply(['OK']);
      case '+QLTS':
        return this.#reply([`+QLTS: ${this.time}`, 'OK']);
      case '+QIOPEN':
        return this.#open(name, Number(args[1]), args[2] === '"UDP"' ? 'UDP' : 'TCP', args.slice(3));
      case '+QSSLCFG':
        return this.#reply(['OK']);
      case '+QSSLOPEN':
        return this.#open(name, Number(args[2]), 'TLS', ['', ...args.slice(3)]);
      case '+QSSLCLOSE':
      case '+QICLOSE':
        this.#sockets.delete(id);
        return this.#reply(['OK']);
      case '+QSSLSEND':
      case '+QISEND':
        if (!this.#sockets.has(id)) return this.#reply(['ERROR']);
        this.#later(() => {
          this.#place();
          this.#say('\r\n> ');
          this.#send = { id, left: Number(args[1]), data: [] };
        });
        return;
      case '+QSSLRECV':
      case '+QIRD':
        return this.#read(name, id, Number(args[1]));
      default:
        return this.#reply(['ERROR']);
    }
  }

  #open(name: string, id: number, kind: Socket['kind'], rest: readonly string[]): void {
    if (!this.#active) return this.#reply(['ERROR']);
    const [host = '', port = ''] = kind === 'TLS' ? rest.slice(1) : rest;
    this.opened.push(`${host.replaceAll('"', '')}:${port}`);
    const push = rest[3] === '1';
    const error = this.#sockets.has(id) ? 563 : this.openError;
    if (error === 0) {
      const [incoming, outgoing] = [Buffer.alloc(0), Buffer.alloc(0)];
      this.#sockets.set(id, { kind, datagrams: [], incoming, outgoing, push });
    }
    this.#reply(['OK', `${name}: ${id},${error}`]);
  }

  #sent(): void {
    const { id, data } = this.#send ?? { id: -1, data: [] };
    this.#send = undefined;
    if (!this.#decide('<data>')) return;
    this.#reply(['SEND OK']);
    const socket = this.#sockets.get(id);
    if (!socket) return;
    if (socket.kind === 'UDP') {
      const datagrams = this.serveDatagram(Buffer.from(data));
      this.#later(() => {
        if (this.#sockets.has(id)) for (const datagram of datagrams) this.#datagram(id, socket, datagram);
      });
      return;
    }
    socket.incoming = Buffer.concat([socket.incoming, Buffer.from(data)]);
    const answer = this.#answer(socket);
    if (!answer) return;
    this.#later(() => {
      if (!this.#sockets.has(id)) return;
      const bytes = Buffer.from(answer.text, 'latin1');
      if (socket.push) {
        for (let i = 0; i < bytes.length; i += 1000) this.#push(id, socket, bytes.subarray(i, i + 1000));
      } else {
        this.#arrive(id, socket, bytes);
      }
      if (answer.close) this.urc(`${urcName(socket)}: "closed",${id}`);
    });
  }

  /** Bytes for the modem's buffer: told once, and not again before all is read. */
  #arrive(id: number, socket: Socket, bytes: Buffer): void {
    const told = socket.outgoing.length > 0;
    socket.outgoing = Buffer.concat([socket.outgoing, bytes]);
    if (bytes.length > 0 && !told) this.urc(`${urcName(socket)}: "recv",${id}`);
  }

  /** The far end of a stream sends something by itself. */
  sendBytes(bytes: Buffer): void {
    for (const [id, socket] of this.#sockets) if (socket.kind !== 'UDP') this.#arrive(id, socket, bytes);
  }

  #answer(socket: Socket): Answer | undefined {
    let answer: Answer | undefined;
    if (this.serveBytes) {
      answer = this.serveBytes(socket.incoming);
    } else {
      const request = parseRequest(socket.incoming.toString('latin1'));
      if (!request) return undefined;
      answer = this.serve(request);
    }
    socket.incoming = Buffer.alloc(0);
    return answer;
  }

  #push(id: number, socket: Socket, part: Buffer): void {
    this.#place();
    this.#say(`\r\n${urcName(socket)}: "recv",${id},${part.length}\r\n`);
    this.#say(part);
  }

  #datagram(id: number, socket: Socket, datagram: Buffer): void {
    if (socket.push) {
      for (let i = 0; i < datagram.length; i += 1460) this.#push(id, socket, datagram.subarray(i, i + 1460));
      return;
    }
    const told = socket.datagrams.length > 0;
    socket.datagrams.push(datagram);
    if (!told) this.urc(`+QIURC: "recv",${id}`);
  }

  /** The far end sends a datagram by itself. */
  sendDatagram(datagram: Buffer): void {
    for (const [id, socket] of this.#sockets) if (socket.kind === 'UDP') this.#datagram(id, socket, datagram);
  }

  #read(name: string, id: number, limit: number): void {
    const socket = this.#sockets.get(id);
    if (!socket) return this.#reply(['ERROR']);
    const [oldest = Buffer.alloc(0)] = socket.datagrams;
    const part = (socket.kind === 'UDP' ? oldest : socket.outgoing).subarray(0, limit);
    socket.outgoing = socket.outgoing.subarray(part.length);
    if (part.length < oldest.length) socket.datagrams[0] = oldest.subarray(part.length);
    else socket.datagrams.shift();
    if (part.length === 0) return this.#reply([`${name}: 0`, 'OK']);
    this.#reply([Buffer.concat([Buffer.from(`\r\n${name}: ${part.length}\r\n`), part, Buffer.from('\r\n')]), 'OK']);
  }
}

const urcName = ({ kind }: Socket): string => (kind === 'TLS' ? '+QSSLURC' : '+QIURC');

/** Undefined while the request is not complete. */
export function parseRequest(text: string): Request | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => [line.split(': ')[0]?.toLowerCase(), line.split(': ')[1]]));
  const body = text.slice(end + 4);
  if (body.length < Number(headers['content-length'] ?? 0)) return undefined;
  return { head: first, path: first.split(' ')[1] ?? '', headers, body, raw: text };
}
