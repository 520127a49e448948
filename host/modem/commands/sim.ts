// The SIM at the AT interface: TS 27.007 5.6, 7.4, 7.5, 8.3, 8.17, 8.18, 8.43..8.47.

import { concat, fromHex, toHex } from '../../bytes.js';
import { SecrecyWatch } from '../../sim/apdu.js';
import type { CardAnswer } from '../../sim/reader.js';
import type { Arguments } from '../at/arguments.js';
import type { Call, CommandEntry, CommandTable, Handler } from '../at/command.js';
import { AtError, Cme, CmeError } from '../at/result.js';
import type { ModemCore } from '../core.js';
import { Fid, isOk } from '../uicc.js';

/** TS 27.007 8.17: hexadecimal characters of one command APDU. */
const APDU_DIGITS = 522;

/** PIN commands and UPDATE: their INS is the second byte. What the card answers is judged by SecrecyWatch (host/sim/apdu.ts). */
const SECRET_APDU = /[^0-9A-F][0-9A-F]{2}(20|24|26|28|2C|D6|DC)[0-9A-F]{4}/i;
/** Instructions whose P3 is the length of data that follow: TS 102 221 10.1.2 and TS 31.102 7. */
const TAKES_DATA = new Set([0x10, 0x14, 0x20, 0x24, 0x26, 0x28, 0x2c, 0x32, 0x88, 0x89, 0xa2, 0xa4, 0xc2, 0xd6, 0xdc]);
/** UPDATE BINARY and UPDATE RECORD. */
const UPDATE = /^ *= *2(14|20)/;

const CPIN_TEXT: Readonly<Record<string, string>> = { ready: 'READY', pin: 'SIM PIN', puk: 'SIM PUK' };

/** The card's number, under whichever name. */
export function iccidCommand({ sim }: ModemCore, name: string): CommandEntry {
  const run: Handler = ({ info }) => {
    sim.require(true);
    if (sim.iccid === undefined) throw new CmeError(Cme.SimFailure);
    info(`${name}: ${sim.iccid}`);
  };
  return { execute: run, read: run };
}

export function simCommands(core: ModemCore): CommandTable {
  const { sim } = core;
  const watch = new SecrecyWatch();
  /** Logical channels that +CCHO opened. */
  const channels = new Set<number>();

  return {
    '+CIMI': {
      execute: async ({ info }) => {
        sim.require();
        info(await sim.imsi());
      },
    },
    '+CCID': iccidCommand(core, '+CCID'),
    '+ICCID': iccidCommand(core, '+ICCID'),

    '+CPIN': {
      secret: true,
      test: '',
      read: ({ info }) => {
        const text = CPIN_TEXT[sim.state];
        if (text === undefined) sim.require();
        else info(`+CPIN: ${text}`);
      },
      set: async ({ args }) => {
        // 27.007 8.3 has the PIN as a string; modems take it without quotes, too, and much software sends it so.
        const first = args.expect(1, 2).digits(0, 16);
        if (args.has(1)) await sim.unblock(first, args.digits(1, 16));
        else await sim.verify(first);
      },
    },
    '+CLCK': {
      secret: true,
      test: '+CLCK: ("SC")',
      set: async ({ args, info }) => {
        args.expect(2, 3);
        if (args.string(0, 2) !== 'SC') throw new CmeError(Cme.NotSupported);
        const mode = args.number(1, 0, 2);
        if (mode === 2) {
          sim.require();
          info(`+CLCK: ${sim.pinEnabled ? 1 : 0}`);
        } else await sim.setPinEnabled(mode === 1, args.digits(2, 16));
      },
    },
    '+CPWD': {
      secret: true,
      test: '+CPWD: ("SC",8)',
      set: async ({ args }) => {
        if (args.expect(3, 3).string(0, 2) !== 'SC') throw new CmeError(Cme.NotSupported);
        await sim.changePin(args.digits(1, 16), args.digits(2, 16));
      },
    },

    '+CSIM': {
      secret: SECRET_APDU,
      test: '',
      set: async (call) => {
        const apdu = apduArgument(call.args.expect(2, 2), 0);
        await rawAccess(core, call, '+CSIM', apdu, watch);
      },
    },
    '+CRSM': { secret: UPDATE, test: '', set: (call) => restrictedAccess(core, call, watch) },

    '+CCHO': {
      test: '',
      set: async ({ args, info }) => {
        const aid = hexArgument(args.expect(1, 1).string(0, 32));
        if (aid.length < 1) throw new CmeError(Cme.IncorrectParameters);
        const channel = await openChannel(core, aid);
        channels.add(channel);
        info(`+CCHO: ${channel}`);
      },
    },
    '+CCHC': {
      test: '',
      set: async ({ args }) => {
        const channel = args.expect(1, 1).number(0, 0, 255);
        if (!channels.delete(channel)) throw new CmeError(Cme.InvalidIndex);
        await sim.sequence((send) => send(Uint8Array.of(0x00, 0x70, 0x80, channel, 0x00)), true);
      },
    },
    '+CGLA': {
      secret: SECRET_APDU,
      test: '',
      set: async (call) => {
        const channel = call.args.expect(3, 3).number(0, 0, 255);
        if (!channels.has(channel)) throw new CmeError(Cme.InvalidIndex);
        const apdu = apduArgument(call.args, 1);
        apdu[0] = classOnChannel(apdu[0] ?? 0, channel);
        await rawAccess(core, call, '+CGLA', apdu, watch);
      },
    },
  };
}

/** `length,"hex"` at `index`; the length counts hexadecimal characters. */
function apduArgument(args: Arguments, index: number): Uint8Array {
  const length = args.number(index, 0, 99_999);
  const text = args.string(index + 1, APDU_DIGITS);
  if (length !== text.length || length < 8) throw new CmeError(Cme.IncorrectParameters);
  return hexArgument(text);
}

function hexArgument(text: string): Uint8Array {
  try {
    return fromHex(text);
  } catch {
    throw new CmeError(Cme.IncorrectParameters);
  }
}

/**
 * An APDU as T=0 carries it (ISO 7816-3 12.2): P3 added to a case 1 command, Le taken from case 4. What T=0 cannot
 * carry is answered here, as the card would.
 */
async function transmit(core: ModemCore, apdu: Uint8Array): Promise<Uint8Array> {
  core.sim.require(true);
  const [cla = 0, ins = 0, , , lc = 0] = apdu;
  const ins1 = ins >> 4;
  if (cla === 0xff) return Uint8Array.of(0x6e, 0x00);
  if (ins1 === 6 || ins1 === 9) return Uint8Array.of(0x6d, 0x00);
  // T=0 has no such command: the card would wait for the data, and the modem for an answer.
  if (apdu.length === 5 && lc > 0 && TAKES_DATA.has(ins)) return Uint8Array.of(0x67, 0x00);
  if (apdu.length === 4) return core.sim.transmit(concat(apdu, Uint8Array.of(0x00)));
  if (apdu.length === 5 || apdu.length === 5 + lc) return core.sim.transmit(apdu);
  if (apdu.length === 6 + lc) return core.sim.transmit(apdu.slice(0, -1));
  return Uint8Array.of(0x67, 0x00);
}

async function rawAccess(
  core: ModemCore,
  call: Call,
  name: string,
  apdu: Uint8Array,
  watch: SecrecyWatch,
): Promise<void> {
  const { response: secret } = watch.next(apdu);
  const answer = await transmit(core, apdu);
  watch.done(((answer[answer.length - 2] ?? 0) << 8) | (answer[answer.length - 1] ?? 0));
  const hex = toHex(answer).toUpperCase();
  const line = `${name}: ${hex.length},"${hex}"`;
  if (secret && answer.length > 2) call.secretInfo(line);
  else call.info(line);
}

/** TS 102 221 10.1.1: the channel in the class byte. */
function classOnChannel(cla: number, channel: number): number {
  return channel < 4 ? (cla & 0xbc) | channel : (cla & 0x80) | 0x40 | (channel - 4);
}

/** MANAGE CHANNEL, then SELECT by AID; a channel whose application is not there is closed again. */
function openChannel(core: ModemCore, aid: Uint8Array): Promise<number> {
  return core.sim.sequence(async (send) => {
    const opened = await send(Uint8Array.of(0x00, 0x70, 0x00, 0x00, 0x01));
    const channel = opened.data[0];
    if (!isOk(opened.sw) || channel === undefined) throw new CmeError(Cme.SimFailure);
    const cla = classOnChannel(0x00, channel);
    const selected = await send(concat(Uint8Array.of(cla, 0xa4, 0x04, 0x04, aid.length), aid));
    if (isOk(selected.sw)) return channel;
    await send(Uint8Array.of(0x00, 0x70, 0x80, channel, 0x00));
    throw new CmeError(Cme.NotFound);
  }, true);
}

/** Commands of AT+CRSM by their decimal number, with the instruction they become. */
const RESTRICTED = {
  readBinary: 176,
  readRecord: 178,
  getResponse: 192,
  updateBinary: 214,
  updateRecord: 220,
  status: 242,
};
const UPDATES = new Set([RESTRICTED.updateBinary, RESTRICTED.updateRecord]);

async function restrictedAccess(core: ModemCore, call: Call, watch: SecrecyWatch): Promise<void> {
  const { args } = call;
  args.expect(1, 7);
  const ins = args.number(0, 0, 255);
  if (!Object.values(RESTRICTED).includes(ins)) throw new CmeError(Cme.NotAllowed);
  const hasFile = args.has(1);
  if (!hasFile && ins !== RESTRICTED.status) throw new AtError();
  const fid = args.number(1, 0, 0xffff, Fid.MF);
  const [p1, p2, p3] = [2, 3, 4].map((index) => args.number(index, 0, 255, 0)) as [number, number, number];
  const data = args.has(5) ? hexArgument(args.string(5, APDU_DIGITS)) : new Uint8Array();
  if (UPDATES.has(ins) ? data.length !== p3 : data.length > 0) throw new CmeError(Cme.IncorrectParameters);
  const path = args.has(6) ? hexArgument(args.string(6, 32)) : undefined;

  let secret = false;
  const answer = await core.sim.sequence(async (transmit) => {
    const send = async (apdu: Uint8Array): Promise<CardAnswer> => {
      secret = watch.next(apdu).response;
      const answer = await transmit(apdu);
      watch.done(answer.sw);
      return answer;
    };
    if (hasFile) {
      const selected = await send(select(fid, path));
      // The file's FCP is what GET RESPONSE fetches after SELECT.
      if (!isOk(selected.sw) || ins === RESTRICTED.getResponse) return selected;
    }
    const cla = ins === RESTRICTED.status ? 0x80 : 0x00;
    return send(concat(Uint8Array.of(cla, ins, p1, p2, p3), data));
  }, true);
  const hex = toHex(answer.data).toUpperCase();
  const line = `+CRSM: ${answer.sw >> 8},${answer.sw & 0xff}${hex === '' ? '' : `,"${hex}"`}`;
  if (secret) call.secretInfo(line);
  else call.info(line);
}

/** SELECT by path from the MF: the path that was given, or the place where files with such an identifier live. */
function select(fid: number, path: Uint8Array | undefined): Uint8Array {
  const file = Uint8Array.of(fid >> 8, fid & 0xff);
  if (fid === Fid.MF && !path?.length) return concat(Uint8Array.of(0x00, 0xa4, 0x00, 0x04, 0x02), file);
  const from = path ?? (fid >> 8 === 0x2f ? new Uint8Array() : Uint8Array.of(0x7f, 0xff));
  const relative = from[0] === 0x3f && from[1] === 0x00 ? from.subarray(2) : from;
  const full = concat(relative, file);
  return concat(Uint8Array.of(0x00, 0xa4, 0x08, 0x04, full.length), full);
}
