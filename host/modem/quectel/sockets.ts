// The TCP/IP commands of BG95 and BG96: "BG95&BG77&BG600L Series TCP/IP Application Note" V1.1, chapters 2 and 4.
// Only words and forms stand here; sockets.ts and contexts.ts do the work.

import { fromHex } from '../../bytes.js';
import { SocketError } from '../../cellular/network.js';
import { MS, SECOND } from '../../clock/clock.js';
import type { Call, CommandEntry, CommandTable, Handler } from '../at/command.js';
import { AtError } from '../at/result.js';
import { APN_MAX, CREDENTIAL_MAX, deactivate, define } from '../commands/context.js';
import { CONTEXT_MAX, EMPTY_CONTEXT } from '../contexts.js';
import type { ModemCore } from '../core.js';
import { activate } from '../core.js';
import { DeadlineError, within } from '../deadline.js';
import { isDotted } from '../sockets.js';
import type { SocketInfo, SocketListener, SocketState } from '../sockets.js';
import type { QuectelCode } from './errors.js';
import { QUECTEL_ERRORS } from './errors.js';

const SOCKET_MAX = 11;
/** Longest data of one AT+QISEND, of one AT+QISENDEX, and of one AT+QIRD, bytes. */
const SEND_MAX = 1460;
const SEND_HEX_MAX = 512;
const READ_MAX = 1500;
const HOST_MAX = 200;
const RESOLVE_LIMIT = 60 * SECOND;
const DEFAULT_CLOSE_SECONDS = 10;

const SERVICES = ['TCP', 'UDP', 'TCP LISTENER', 'UDP SERVICE'];
const STATE_NUMBER: Readonly<Record<SocketState, number>> = { opening: 1, connected: 2, closing: 4 };

const SOCKET_CODE: Readonly<Record<SocketError['code'], QuectelCode>> = {
  'name-unknown': 565,
  refused: 566,
  timeout: 566,
  reset: 566,
  'no-session': 561,
};

/** Times from command to answer, beyond what the network takes. */
const DELAY = { open: 20 * MS, send: 15 * MS, read: 10 * MS, close: 30 * MS, activate: 200 * MS };

/** What the stack says by itself, in Quectel's words. */
export function quectelListener(
  unsolicited: (line: string, data?: Uint8Array) => void,
  remember: (code: QuectelCode) => void,
  sessionLost: () => void,
  room: () => boolean,
): SocketListener {
  return {
    opened: (id, error) => {
      const code = error ? SOCKET_CODE[error.code] : 0;
      remember(code);
      unsolicited(`+QIOPEN: ${id},${code}`);
    },
    readable: (id) => unsolicited(`+QIURC: "recv",${id}`),
    room,
    pushed: (id, bytes) => unsolicited(`+QIURC: "recv",${id},${bytes.length}`, bytes),
    closed: (id) => unsolicited(`+QIURC: "closed",${id}`),
    sessionLost,
  };
}

/** Code of the last TCP/IP command, for AT+QIGETERROR. */
export interface LastError {
  code: QuectelCode;
}

export function quectelSocketCommands(core: ModemCore, last: LastError): CommandTable {
  const { contexts, sockets } = core;

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
  const idOf = (call: Call): number => call.args.number(0, 0, SOCKET_MAX);
  const cidOf = (call: Call): number => call.args.number(0, 1, CONTEXT_MAX);

  const open: Handler = (call) => {
    const { args } = call;
    const cid = args.expect(5, 7).number(0, 1, CONTEXT_MAX);
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
    // The manual: OK when the parameters are good; the outcome follows as a code of its own.
    call.afterwards(() => {
      const session = contexts.usedByStack(cid) ? contexts.session(cid) : undefined;
      const code = sockets.get(id) ? 563 : session ? 0 : 561;
      if (code !== 0 || !session) {
        last.code = code;
        core.unsolicited(`+QIOPEN: ${id},${code}`);
        return;
      }
      sockets.open(session, {
        id,
        kind: service === 'TCP' ? 'tcp' : 'udp',
        context: cid,
        mode: mode === 0 ? 'buffer' : 'push',
        host,
        port,
        localPort,
      });
    });
  };

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
      call.info(`+QISEND: ${sent.total},${sent.total - sent.unacknowledged},${sent.unacknowledged}`);
      return undefined;
    }
    if (sockets.get(id)?.state !== 'connected') return fail(567);
    const data = await call.prompt(length > 0 ? { length } : { limit: SEND_MAX });
    if (!data) return fail(571);
    if (data.overflow) return fail(552);
    return deliver(id, data.bytes);
  };

  const sendHex: Handler = (call) => {
    const id = idOf(call);
    const hex = call.args.expect(2, 3).string(1, 2 * SEND_HEX_MAX);
    call.args.number(2, 0, 2, 0); // RAI: release assistance, nothing to do here
    if (hex === '' || hex.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(hex)) return fail(552);
    return deliver(id, fromHex(hex));
  };

  const read: Handler = (call) => {
    const id = idOf(call);
    const length = call.args.expect(1, 2).number(1, 0, READ_MAX, READ_MAX);
    const received = sockets.received(id);
    if (!received) return fail(567);
    if (sockets.get(id)?.mode === 'push') return fail(572);
    if (length === 0) {
      call.info(`+QIRD: ${received.total},${received.total - received.unread},${received.unread}`);
      return undefined;
    }
    const bytes = sockets.read(id, length) ?? new Uint8Array();
    if (bytes.length === 0) call.info('+QIRD: 0');
    else call.block(`+QIRD: ${bytes.length}`, bytes);
    return undefined;
  };

  const stateLine = (socket: SocketInfo): string =>
    [
      `+QISTATE: ${socket.id}`,
      `"${socket.kind.toUpperCase()}"`,
      `"${socket.remoteIp}"`,
      socket.remotePort,
      socket.localPort,
      STATE_NUMBER[socket.state],
      socket.context,
      socket.id,
      socket.mode === 'push' ? 1 : 0,
      '"uart1"',
    ].join(',');
  const states = (call: Call, wanted: (socket: SocketInfo) => boolean): void => {
    const lines = sockets.list().filter(wanted).map(stateLine);
    if (lines.length > 0) call.info(...lines);
  };
  const allStates: Handler = (call) => states(call, () => true);

  const resolve: Handler = (call) => {
    const session = contexts.usedByStack(cidOf(call)) ? contexts.session(cidOf(call)) : undefined;
    const name = call.args.expect(2, 2).string(1, HOST_MAX);
    if (!session) return fail(561);
    const answer = (addresses: readonly string[]): void => {
      core.unsolicited(`+QIURC: "dnsgip",0,${addresses.length},${DNS_TTL_SECONDS}`);
      for (const address of addresses) core.unsolicited(`+QIURC: "dnsgip","${address}"`);
    };
    const epoch = core.epoch;
    call.afterwards(() => {
      core.clock.stir();
      const found = isDotted(name) ? Promise.resolve([name]) : within(core.clock, RESOLVE_LIMIT, session.resolve(name));
      found.then(
        (addresses) => {
          if (epoch === core.epoch) answer(addresses);
        },
        (error: unknown) => {
          if (epoch !== core.epoch) return;
          last.code =
            error instanceof DeadlineError ? 569 : error instanceof SocketError ? SOCKET_CODE[error.code] : 550;
          // A name server that does not answer is a failed resolution too.
          core.unsolicited(`+QIURC: "dnsgip",${last.code === 566 ? 565 : last.code}`);
        },
      );
    });
    return undefined;
  };

  return {
    '+QICSGP': entry(`+QICSGP: (1-${CONTEXT_MAX}),(1-3),<APN>,<username>,<password>,(0-3)`, (call) => {
      const { args } = call;
      const cid = cidOf(call);
      if (args.expect(1, 6).count === 1) {
        const { type, apn, user, password, auth } = contexts.definitions.get(cid) ?? EMPTY_CONTEXT;
        call.info(`+QICSGP: ${CONTEXT_TYPES.indexOf(type)},"${apn}","${user}","${password}",${auth}`);
        return;
      }
      const type = CONTEXT_TYPES[args.number(1, 1, 3)] ?? 'IP';
      const apn = args.string(2, APN_MAX);
      const user = args.string(3, CREDENTIAL_MAX, '');
      const password = args.string(4, CREDENTIAL_MAX, '');
      const auth = args.number(5, 0, 3, 0);
      if (contexts.session(cid)) fail(572);
      define(core, cid, { type, apn, user, password, auth });
    }),
    '+QIACT': {
      ...entry(
        `+QIACT: (1-${CONTEXT_MAX})`,
        async (call) => {
          const cid = call.args.expect(1, 1) && cidOf(call);
          if (!contexts.definitions.has(cid)) fail(573);
          try {
            await activate(core, cid, true);
          } catch {
            fail(561);
          }
        },
        DELAY.activate,
      ),
      read: ({ info }) => {
        const lines = Array.from({ length: CONTEXT_MAX }, (_, i) => i + 1)
          .filter((cid) => contexts.usedByStack(cid))
          .map((cid) => `+QIACT: ${cid},1,1,"${contexts.session(cid)?.ip ?? ''}"`);
        if (lines.length > 0) info(...lines);
      },
    },
    '+QIDEACT': entry(
      `+QIDEACT: (1-${CONTEXT_MAX})`,
      (call) => {
        call.args.expect(1, 1);
        deactivate(core, cidOf(call));
      },
      DELAY.activate,
    ),
    '+QIOPEN': entry(
      `+QIOPEN: (1-${CONTEXT_MAX}),(0-${SOCKET_MAX}),"TCP/UDP",<IP_address>/<domain_name>,(1-65535),(0-65535),(0,1)`,
      open,
      DELAY.open,
    ),
    '+QISEND': entry(`+QISEND: (0-${SOCKET_MAX}),(0-${SEND_MAX})`, send, DELAY.send),
    '+QISENDEX': entry(`+QISENDEX: (0-${SOCKET_MAX}),<hex_string>,(0-2)`, sendHex, DELAY.send),
    '+QIRD': entry(`+QIRD: (0-${SOCKET_MAX}),(0-${READ_MAX})`, read, DELAY.read),
    '+QISTATE': {
      ...entry('+QISTATE: (0,1),(0-16)', (call) => {
        const byContext = call.args.expect(2, 2).number(0, 0, 1) === 0;
        const number = byContext ? call.args.number(1, 1, CONTEXT_MAX) : call.args.number(1, 0, SOCKET_MAX);
        states(call, (socket) => (byContext ? socket.context : socket.id) === number);
      }),
      read: allStates,
      execute: allStates,
    },
    '+QICLOSE': entry(
      `+QICLOSE: (0-${SOCKET_MAX}),(0-65535)`,
      async (call) => {
        const seconds = call.args.expect(1, 2).number(1, 0, 0xffff, DEFAULT_CLOSE_SECONDS);
        await sockets.close(idOf(call), seconds * SECOND);
      },
      DELAY.close,
    ),
    '+QIGETERROR': { test: '', execute: ({ info }) => info(`+QIGETERROR: ${last.code},${QUECTEL_ERRORS[last.code]}`) },
    '+QIDNSGIP': entry(`+QIDNSGIP: (1-${CONTEXT_MAX}),<hostname>`, resolve),
    '+QISDE': {
      test: '+QISDE: (0,1)',
      read: ({ info }) => info(`+QISDE: ${core.profile.dataEcho ? 1 : 0}`),
      set: ({ args }) => {
        core.profile.dataEcho = args.expect(1, 1).number(0, 0, 1) === 1;
      },
    },
  };
}

/** What AT+QIDNSGIP shows: the emulated name service has no lifetimes. */
const DNS_TTL_SECONDS = 600;

/** `<context_type>` of AT+QICSGP, from 1. */
const CONTEXT_TYPES = ['', 'IP', 'IPV6', 'IPV4V6'];
