// The TCP/IP commands of BG95 and BG96: "BG95&BG77&BG600L Series TCP/IP Application Note" V1.1, chapters 2 and 4.
// Only words and forms stand here; ../sockets.ts and ../contexts.ts do the work.

import { fromHex } from '../../bytes.js';
import type { Session } from '../../cellular/network.js';
import { SocketError } from '../../cellular/network.js';
import { SECOND } from '../../clock/clock.js';
import type { Arguments } from '../at/arguments.js';
import type { Call, CommandEntry, CommandTable, Handler } from '../at/command.js';
import type { ModemCore } from '../core.js';
import { DeadlineError, within } from '../deadline.js';
import type { SocketInfo, SocketRequest, Sockets } from '../sockets.js';
import { isDotted } from '../sockets.js';
import { QUECTEL_ERRORS } from './errors.js';
import type { LastError, StreamCommands } from './stream.js';
import { DELAY, HOST_MAX, READ_MAX, SEND_MAX, SOCKET_CODE, SOCKET_MAX, stateLine, streamCommands } from './stream.js';

/** Longest data of one AT+QISENDEX, bytes. */
const SEND_HEX_MAX = 512;
const RESOLVE_LIMIT = 60 * SECOND;
/** What AT+QIDNSGIP shows: the emulated name service has no lifetimes. */
const DNS_TTL_SECONDS = 600;

const SERVICES = ['TCP', 'UDP', 'TCP LISTENER', 'UDP SERVICE'];

/** What the commands work on. */
interface Stack extends StreamCommands {
  readonly core: ModemCore;
  readonly sockets: Sockets;
  readonly last: LastError;
  /** Of the contexts, for `=?`. */
  readonly range: string;
  cidOf(args: Arguments): number;
  /** The session that AT+QIACT has brought up. */
  sessionOf(cid: number): Session | undefined;
}

export function quectelSocketCommands(core: ModemCore, sockets: Sockets, last: LastError): CommandTable {
  const { contexts } = core;
  const { first, last: most } = contexts.limits;
  const stack: Stack = {
    ...{ core, sockets, last },
    ...streamCommands(sockets, last, '+QISEND', '+QIRD'),
    range: `(${first}-${most})`,
    cidOf: (args) => args.number(0, first, most),
    sessionOf: (cid) => (contexts.usedByStack(cid) ? contexts.session(cid) : undefined),
  };
  const { entry, send, read, close } = stack;
  return {
    '+QIOPEN': openCommand(stack),
    '+QISEND': entry(`+QISEND: (0-${SOCKET_MAX}),(0-${SEND_MAX})`, send, DELAY.send),
    '+QISENDEX': sendHexCommand(stack),
    '+QIRD': entry(`+QIRD: (0-${SOCKET_MAX}),(0-${READ_MAX})`, read, DELAY.read),
    '+QISTATE': stateCommand(stack),
    '+QICLOSE': entry(`+QICLOSE: (0-${SOCKET_MAX}),(0-65535)`, close, DELAY.close),
    '+QIGETERROR': { test: '', execute: ({ info }) => info(`+QIGETERROR: ${last.code},${QUECTEL_ERRORS[last.code]}`) },
    '+QIDNSGIP': resolveCommand(stack),
    '+QISDE': {
      test: '+QISDE: (0,1)',
      read: ({ info }) => info(`+QISDE: ${core.profile.dataEcho ? 1 : 0}`),
      set: ({ args }) => {
        core.profile.dataEcho = args.expect(1, 1).number(0, 0, 1) === 1;
      },
    },
  };
}

function openCommand(stack: Stack): CommandEntry {
  const { core, sockets, last, entry, range } = stack;
  const open: Handler = ({ args, afterwards }) => {
    const request = parseOpen(stack, args);
    const { id, context } = request;
    // The manual: OK when the parameters are good; the outcome follows as a code of its own.
    afterwards(() => {
      const session = stack.sessionOf(context);
      const code = sockets.get(id) ? 563 : session ? 0 : 561;
      if (code !== 0 || !session) {
        last.code = code;
        core.line.unsolicited(`+QIOPEN: ${id},${code}`);
        return;
      }
      sockets.open(session, request);
    });
  };
  return entry(
    `+QIOPEN: ${range},(0-${SOCKET_MAX}),"TCP/UDP",<IP_address>/<domain_name>,(1-65535),(0-65535),(0,1)`,
    open,
    DELAY.open,
  );
}

function parseOpen({ cidOf, fail }: Stack, args: Arguments): SocketRequest {
  const context = cidOf(args.expect(5, 7));
  const id = args.number(1, 0, SOCKET_MAX);
  const service = args.string(2, 16);
  const host = args.string(3, HOST_MAX);
  const port = args.number(4, 0, 0xffff);
  const localPort = args.number(5, 0, 0xffff, 0);
  const mode = args.number(6, 0, 2, 0);
  if (!SERVICES.includes(service)) fail(552);
  // Servers and transparent mode are not there: refused by name, so that nobody waits for them.
  if ((service !== 'TCP' && service !== 'UDP') || mode === 2) fail(555);
  if (host === '' || port === 0) fail(552);
  const kind = service === 'TCP' ? 'tcp' : 'udp';
  return { id, kind, context, mode: mode === 0 ? 'buffer' : 'push', host, port, localPort };
}

function sendHexCommand({ entry, idOf, deliver, fail }: Stack): CommandEntry {
  const send: Handler = (call) => {
    const id = idOf(call);
    const hex = call.args.expect(2, 3).string(1, 2 * SEND_HEX_MAX);
    call.args.number(2, 0, 2, 0); // RAI: release assistance, nothing to do here
    if (hex === '' || hex.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(hex)) return fail(552);
    return deliver(id, fromHex(hex));
  };
  return entry(`+QISENDEX: (0-${SOCKET_MAX}),<hex_string>,(0-2)`, send, DELAY.send);
}

function stateCommand({ core, sockets, entry }: Stack): CommandEntry {
  const { last: most } = core.contexts.limits;
  const states = (call: Call, isWanted: (socket: SocketInfo) => boolean): void => {
    const found = sockets.list().filter(isWanted);
    if (found.length > 0) call.info(...found.map((one) => stateLine('+QISTATE', one.kind.toUpperCase(), one)));
  };
  const all: Handler = (call) => states(call, () => true);
  const some = entry(`+QISTATE: (0,1),(0-${most})`, (call) => {
    const byContext = call.args.expect(2, 2).number(0, 0, 1) === 0;
    const number = byContext ? call.args.number(1, 1, most) : call.args.number(1, 0, SOCKET_MAX);
    states(call, (socket) => (byContext ? socket.context : socket.id) === number);
  });
  return { ...some, read: all, execute: all };
}

function resolveCommand({ core, last, entry, range, cidOf, sessionOf, fail }: Stack): CommandEntry {
  const { line, clock } = core;
  const answer = (addresses: readonly string[]): void => {
    line.unsolicited(`+QIURC: "dnsgip",0,${addresses.length},${DNS_TTL_SECONDS}`);
    for (const address of addresses) line.unsolicited(`+QIURC: "dnsgip","${address}"`);
  };
  const failed = (error: unknown): void => {
    last.code = error instanceof DeadlineError ? 569 : error instanceof SocketError ? SOCKET_CODE[error.code] : 550;
    // A name server that does not answer is a failed resolution too.
    line.unsolicited(`+QIURC: "dnsgip",${last.code === 566 ? 565 : last.code}`);
  };
  return entry(`+QIDNSGIP: ${range},<hostname>`, ({ args, afterwards }) => {
    const session = sessionOf(cidOf(args));
    const name = args.expect(2, 2).string(1, HOST_MAX);
    if (!session) return fail(561);
    const { epoch } = core;
    const current =
      <T>(act: (value: T) => void) =>
      (value: T): void => {
        if (epoch === core.epoch) act(value);
      };
    afterwards(() => {
      clock.stir('promises');
      const found = isDotted(name) ? Promise.resolve([name]) : within(clock, RESOLVE_LIMIT, session.resolve(name));
      found.then(current(answer), current(failed));
    });
    return undefined;
  });
}
