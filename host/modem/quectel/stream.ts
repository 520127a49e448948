// What the commands of TCP/IP and of TLS sockets have in common: sending, reading, closing, the codes that say what went
// wrong, and what the stack tells by itself.

import { SocketError } from '../../cellular/network.js';
import { MS, SECOND } from '../../clock/clock.js';
import type { Call, CommandEntry, Handler } from '../at/command.js';
import { AtError } from '../at/result.js';
import type { SocketCodes } from '../core.js';
import type { SocketInfo, Sockets, SocketState } from '../sockets.js';
import type { QuectelCode } from './errors.js';
import { QUECTEL_ERRORS } from './errors.js';

export const SOCKET_MAX = 11;
/** Longest data of one AT+QISEND and of one AT+QIRD, bytes; the same for TLS. */
export const SEND_MAX = 1460;
export const READ_MAX = 1500;
export const HOST_MAX = 200;
const DEFAULT_CLOSE_SECONDS = 10;

export const SOCKET_CODE: Readonly<Record<SocketError['code'], QuectelCode>> = {
  'name-unknown': 565,
  refused: 566,
  timeout: 566,
  reset: 566,
  'no-session': 561,
};

/** Times from command to answer, beyond what the network takes. */
export const DELAY = { open: 20 * MS, send: 15 * MS, read: 10 * MS, close: 30 * MS, activate: 200 * MS };

const STATE_NUMBER: Readonly<Record<SocketState, number>> = { opening: 1, connected: 2, closing: 4 };

/** One line of +QISTATE or +QSSLSTATE; the word tells what kind of socket it is. */
export const stateLine = (command: string, word: string, socket: SocketInfo): string =>
  [
    `${command}: ${socket.id}`,
    `"${word}"`,
    `"${socket.remoteIp}"`,
    socket.remotePort,
    socket.localPort,
    STATE_NUMBER[socket.state],
    socket.context,
    socket.id,
    socket.mode === 'push' ? 1 : 0,
    '"uart1"',
  ].join(',');

/** Code of the last TCP/IP command, for AT+QIGETERROR. */
export interface LastError {
  code: QuectelCode;
}

/** What the stack says by itself, in Quectel's words; `last` remembers the outcome. */
export const quectelCodes = (opened: string, event: string, last: LastError): SocketCodes => ({
  opened: (id, error) => {
    last.code = error ? SOCKET_CODE[error.code] : 0;
    return `${opened}: ${id},${last.code}`;
  },
  readable: (id) => `${event}: "recv",${id}`,
  pushed: (id, length) => `${event}: "recv",${id},${length}`,
  closed: (id) => `${event}: "closed",${id}`,
});

export interface ErrorCommands {
  fail(code: QuectelCode): never;
  /** A command that sets the code. */
  entry(test: string, set: Handler, delay?: number): CommandEntry;
}

export interface StreamCommands extends ErrorCommands {
  idOf(call: Call): number;
  deliver(id: number, bytes: Uint8Array): string;
  readonly send: Handler;
  readonly read: Handler;
  readonly close: Handler;
}

export function errorCommands(last: LastError): ErrorCommands {
  const fail = (code: QuectelCode): never => {
    last.code = code;
    throw new AtError(QUECTEL_ERRORS[code]);
  };
  /** Parameters that do not fit are ERROR, and 552 for AT+QIGETERROR; what succeeds clears the code. */
  const checked =
    (handler: Handler): Handler =>
    async (call) => {
      const before = last.code;
      last.code = 0;
      try {
        return await handler(call);
      } catch (error) {
        if (last.code === 0) last.code = error instanceof AtError ? 552 : before;
        throw error;
      }
    };
  const entry = (test: string, set: Handler, delay?: number): CommandEntry => ({
    test,
    set: checked(set),
    ...(delay === undefined ? {} : { delay }),
  });
  return { fail, entry };
}

/** The handlers for one set of sockets; `sendName` and `readName` are what their answers begin with. */
export function streamCommands(sockets: Sockets, last: LastError, sendName: string, readName: string): StreamCommands {
  const { fail, entry } = errorCommands(last);
  const idOf = (call: Call): number => call.args.number(0, 0, SOCKET_MAX);

  const deliver = (id: number, bytes: Uint8Array): string => {
    const outcome = sockets.send(id, bytes);
    if (outcome === 'no') return fail(567);
    if (outcome === 'full') last.code = 558;
    return outcome === 'full' ? 'SEND FAIL' : 'SEND OK';
  };

  const send: Handler = async (call) => {
    const id = idOf(call);
    const length = call.args.expect(1, 2).number(1, 0, SEND_MAX, -1);
    if (length === 0) {
      const sent = sockets.sent(id);
      if (!sent) return fail(567);
      call.info(`${sendName}: ${sent.total},${sent.total - sent.unacknowledged},${sent.unacknowledged}`);
      return undefined;
    }
    if (sockets.get(id)?.state !== 'connected') return fail(567);
    const data = await call.prompt(length > 0 ? { length } : { limit: SEND_MAX });
    if (!data) return fail(571);
    if (data.overflow) return fail(552);
    return deliver(id, data.bytes);
  };

  const read: Handler = (call) => {
    const id = idOf(call);
    const length = call.args.expect(1, 2).number(1, 0, READ_MAX, READ_MAX);
    const received = sockets.received(id);
    if (!received) return fail(567);
    if (sockets.get(id)?.mode === 'push') return fail(572);
    if (length === 0) {
      call.info(`${readName}: ${received.total},${received.total - received.unread},${received.unread}`);
      return undefined;
    }
    const bytes = sockets.read(id, length) ?? new Uint8Array();
    if (bytes.length === 0) call.info(`${readName}: 0`);
    else call.block(`${readName}: ${bytes.length}`, bytes);
    return undefined;
  };

  const close: Handler = async (call) => {
    const seconds = call.args.expect(1, 2).number(1, 0, 0xffff, DEFAULT_CLOSE_SECONDS);
    await sockets.close(idOf(call), seconds * SECOND);
  };
  return { fail, entry, idOf, deliver, send, read, close };
}
