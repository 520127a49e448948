// The TLS commands of BG95 and BG96: "BG95&BG77 SSL Application Note" V1.0, chapter 2. TLS sockets are counted by
// themselves, apart from those of AT+QIOPEN.
//
// TLS 1.2 is what the emulated modem speaks. `seclevel` 0 asks nobody who they are; 1 wants the server's certificate to
// come from `cacert` and to be for the name that was asked for; 2, which adds a certificate of the device, is refused.
// Settings live until the modem restarts.

import type { CommandTable, Handler } from '../at/command.js';
import { AtError } from '../at/result.js';
import type { ModemCore } from '../core.js';
import type { SocketInfo, Sockets } from '../sockets.js';
import type { LastError } from './stream.js';
import { DELAY, HOST_MAX, READ_MAX, SEND_MAX, SOCKET_MAX, stateLine, streamCommands } from './stream.js';

const CONTEXTS = 6;
const FILE_NAME_MAX = 80;

interface Settings {
  /** 3 TLS 1.2, 4 all that there is. */
  sslversion: number;
  ciphersuite: string;
  seclevel: number;
  cacert: string;
  sni: number;
  /** Certificates are looked at by the clock of the machine that emulates; the modem's own is not asked. */
  ignorelocaltime: number;
  negotiatetime: number;
}

const DEFAULTS: Settings = {
  sslversion: 4,
  ciphersuite: '0XFFFF',
  seclevel: 0,
  cacert: '',
  sni: 0,
  ignorelocaltime: 1,
  negotiatetime: 300,
};

const RANGES: Readonly<Partial<Record<keyof Settings, readonly [least: number, most: number]>>> = {
  sslversion: [3, 4],
  seclevel: [0, 1],
  sni: [0, 1],
  ignorelocaltime: [0, 1],
  negotiatetime: [10, 300],
};

export function quectelTlsCommands(core: ModemCore, sockets: Sockets, last: LastError): CommandTable {
  const { contexts } = core;
  const { first, last: most } = contexts.limits;
  const { fail, entry, send, read, close } = streamCommands(sockets, last, '+QSSLSEND', '+QSSLRECV');
  const settings = new Map<number, Settings>();
  let epoch = core.epoch;
  const settingsOf = (context: number): Settings => {
    if (epoch !== core.epoch) settings.clear();
    epoch = core.epoch;
    const found = settings.get(context) ?? { ...DEFAULTS };
    settings.set(context, found);
    return found;
  };

  const configure: Handler = ({ args, info }) => {
    const name = args.expect(2, 3).string(0, 32) as keyof Settings;
    const context = args.number(1, 0, CONTEXTS - 1);
    const current = settingsOf(context);
    if (!Object.hasOwn(DEFAULTS, name)) throw new AtError();
    if (args.count === 2) {
      info(`+QSSLCFG: "${name}",${context},${name === 'cacert' ? `"${current.cacert}"` : current[name]}`);
      return;
    }
    if (name === 'cacert') current.cacert = args.string(2, FILE_NAME_MAX);
    else if (name === 'ciphersuite') current.ciphersuite = args.word(2, /^0X[0-9A-F]{4}$/i).toUpperCase();
    else current[name] = args.number(2, ...(RANGES[name] ?? [0, 0]));
  };

  const open: Handler = (call) => {
    const { args } = call;
    const cid = args.expect(5, 6).number(0, first, most);
    const context = args.number(1, 0, CONTEXTS - 1);
    const id = args.number(2, 0, SOCKET_MAX);
    const host = args.string(3, HOST_MAX);
    const port = args.number(4, 1, 0xffff);
    const mode = args.number(5, 0, 2, 0);
    if (mode === 2) fail(555);
    if (host === '') fail(552);
    const { seclevel, cacert, sni } = settingsOf(context);
    call.afterwards(() => {
      const session = contexts.usedByStack(cid) ? contexts.session(cid) : undefined;
      // Files may be named with the place where they lie.
      const authority = core.files.get(cacert.replace(/^UFS:/, ''));
      const code = sockets.get(id) ? 563 : !session ? 561 : seclevel > 0 && authority === undefined ? 552 : 0;
      if (code !== 0 || !session) {
        last.code = code;
        core.line.unsolicited(`+QSSLOPEN: ${id},${code}`);
        return;
      }
      const trusted = seclevel > 0 && authority !== undefined ? [authority] : undefined;
      sockets.open(session, {
        id,
        kind: 'tcp',
        context: cid,
        mode: mode === 0 ? 'buffer' : 'push',
        host,
        port,
        localPort: 0,
        tls: { trusted, sendName: sni === 1, version: 'TLSv1.2' },
      });
    });
  };

  const states = (wanted: (socket: SocketInfo) => boolean): string[] =>
    sockets
      .list()
      .filter(wanted)
      .map((one) => stateLine('+QSSLSTATE', 'SSLClient', one));

  return {
    '+QSSLCFG': entry(
      [
        '+QSSLCFG: "sslversion",(0-5),(3,4)',
        '+QSSLCFG: "ciphersuite",(0-5),(0XFFFF)',
        '+QSSLCFG: "seclevel",(0-5),(0,1)',
        '+QSSLCFG: "cacert",(0-5),<cacertpath>',
        '+QSSLCFG: "sni",(0-5),(0,1)',
        '+QSSLCFG: "ignorelocaltime",(0-5),(0,1)',
        '+QSSLCFG: "negotiatetime",(0-5),(10-300)',
      ].join('\r\n'),
      configure,
    ),
    '+QSSLOPEN': entry(
      `+QSSLOPEN: (${first}-${most}),(0-${CONTEXTS - 1}),(0-${SOCKET_MAX}),<serveraddr>,(1-65535),(0,1)`,
      open,
      DELAY.open,
    ),
    '+QSSLSEND': entry(`+QSSLSEND: (0-${SOCKET_MAX}),(0-${SEND_MAX})`, send, DELAY.send),
    '+QSSLRECV': entry(`+QSSLRECV: (0-${SOCKET_MAX}),(0-${READ_MAX})`, read, DELAY.read),
    '+QSSLSTATE': {
      // With one number it is a socket's; with two as AT+QISTATE has it, which drivers in the field send.
      ...entry(`+QSSLSTATE: (0-${SOCKET_MAX})`, (call) => {
        const { args } = call;
        const byContext = args.expect(1, 2).count === 2 && args.number(0, 0, 1) === 0;
        const number = byContext ? args.number(1, first, most) : args.number(args.count - 1, 0, SOCKET_MAX);
        call.info(...states((socket) => (byContext ? socket.context : socket.id) === number));
      }),
      read: ({ info }) => info(...states(() => true)),
    },
    '+QSSLCLOSE': entry(`+QSSLCLOSE: (0-${SOCKET_MAX}),(0-65535)`, close, DELAY.close),
  };
}
