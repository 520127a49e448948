// The TCP/IP commands of BG95 and BG96: "BG95&BG77&BG600L Series TCP/IP Application Note" V1.1, chapters 2 and 4.
// Only words and forms stand here; sockets.ts and contexts.ts do the work.

import { fromHex } from '../../bytes.js';
import { SocketError } from '../../cellular/network.js';
import { SECOND } from '../../clock/clock.js';
import type { Call, CommandTable, Handler } from '../at/command.js';
import { APN_MAX, CREDENTIAL_MAX, deactivate, define } from '../commands/context.js';
import { CONTEXT_MAX, EMPTY_CONTEXT } from '../contexts.js';
import type { ModemCore } from '../core.js';
import { activate } from '../core.js';
import { DeadlineError, within } from '../deadline.js';
import { isDotted } from '../sockets.js';
import type { SocketInfo } from '../sockets.js';
import { QUECTEL_ERRORS } from './errors.js';
import type { LastError } from './stream.js';
import { DELAY, HOST_MAX, READ_MAX, SEND_MAX, SOCKET_CODE, SOCKET_MAX, stateLine, streamCommands } from './stream.js';

/** Longest data of one AT+QISENDEX, bytes. */
const SEND_HEX_MAX = 512;
const RESOLVE_LIMIT = 60 * SECOND;

const SERVICES = ['TCP', 'UDP', 'TCP LISTENER', 'UDP SERVICE'];

export function quectelSocketCommands(core: ModemCore, last: LastError): CommandTable {
  const { contexts, sockets } = core;

  const { fail, entry, idOf, deliver, send, read, close } = streamCommands(sockets, last, '+QISEND', '+QIRD');
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

  const sendHex: Handler = (call) => {
    const id = idOf(call);
    const hex = call.args.expect(2, 3).string(1, 2 * SEND_HEX_MAX);
    call.args.number(2, 0, 2, 0); // RAI: release assistance, nothing to do here
    if (hex === '' || hex.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(hex)) return fail(552);
    return deliver(id, fromHex(hex));
  };

  const states = (call: Call, wanted: (socket: SocketInfo) => boolean): void => {
    const found = sockets.list().filter(wanted);
    if (found.length > 0) call.info(...found.map((one) => stateLine('+QISTATE', one.kind.toUpperCase(), one)));
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
      core.clock.stir('promises');
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
    '+QICLOSE': entry(`+QICLOSE: (0-${SOCKET_MAX}),(0-65535)`, close, DELAY.close),
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
