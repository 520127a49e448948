// What a command is called, and which of its bytes are secret: for traces.

import { Secret } from '../secret.js';
import { toHex } from '../bytes.js';

/** Names by INS. TS 102 221 10.1.2, TS 31.102 7. */
const NAMES: Readonly<Record<number, string>> = {
  0x04: 'DEACTIVATE FILE',
  0x10: 'TERMINAL PROFILE',
  0x12: 'FETCH',
  0x14: 'TERMINAL RESPONSE',
  0x20: 'VERIFY PIN',
  0x24: 'CHANGE PIN',
  0x26: 'DISABLE PIN',
  0x28: 'ENABLE PIN',
  0x2c: 'UNBLOCK PIN',
  0x32: 'INCREASE',
  0x44: 'ACTIVATE FILE',
  0x70: 'MANAGE CHANNEL',
  0x76: 'SUSPEND UICC',
  0x78: 'GET IDENTITY',
  0x84: 'GET CHALLENGE',
  0x88: 'AUTHENTICATE',
  0x89: 'AUTHENTICATE',
  0xa2: 'SEARCH RECORD',
  0xa4: 'SELECT',
  0xaa: 'TERMINAL CAPABILITY',
  0xb0: 'READ BINARY',
  0xb2: 'READ RECORD',
  0xc0: 'GET RESPONSE',
  0xc2: 'ENVELOPE',
  0xd6: 'UPDATE BINARY',
  0xdc: 'UPDATE RECORD',
  0xf2: 'STATUS',
};

export function commandName(command: Uint8Array): string {
  const ins = command[1] ?? 0;
  return NAMES[ins] ?? `INS ${toHex(Uint8Array.of(ins))}`;
}

/** Which parts of an exchange hold secrets. */
export interface Secrecy {
  readonly command: boolean;
  readonly response: boolean;
}

const PIN_COMMANDS = new Set([0x20, 0x24, 0x26, 0x28, 0x2c]);
const READS = new Set([0xb0, 0xb2]);
const UPDATES = new Set([0xd6, 0xdc]);
/** EF_Keys, EF_KeysPS, EF_Kc and EF_KcGPRS (of a USIM, of DF_GSM), EF_EPSNSC: CK and IK, Kc, KASME. */
const KEY_FILES = new Set([0x6f08, 0x6f09, 0x4f20, 0x4f52, 0x6f20, 0x6f52, 0x6fe4]);
/** The short identifiers that such files have in an ADF USIM; EF_Kc and EF_KcGPRS have 1 and 2 of their own DF. */
const KEY_FILE_SFIS = new Set([0x08, 0x09, 0x18]);

/** Follows the commands of one card as far as it takes to know which data is secret. In doubt, data is. */
export class SecrecyWatch {
  /** Channels whose current EF holds keys. */
  readonly #keyFile = new Set<number>();
  /** The answer that GET RESPONSE would fetch is secret. */
  #waiting = false;
  /** Channel that leaves its key file if the command under way succeeds. */
  #leaving: number | undefined;

  reset(): void {
    this.#keyFile.clear();
    this.#waiting = false;
    this.#leaving = undefined;
  }

  /** Before each command, in order. */
  next(command: Uint8Array): Secrecy {
    const [cla = 0, ins = 0, p1 = 0, p2 = 0] = command;
    const channel = cla & 0x40 ? 4 + (cla & 15) : cla & 3;
    this.#leaving = undefined;
    if (ins === 0xc0) return { command: false, response: this.#waiting };
    this.#waiting = ins === 0x88 || ins === 0x89;
    const reads = READS.has(ins);
    const updates = UPDATES.has(ins);
    if (ins === 0xa4) this.#selects(channel, KEY_FILES.has(lastFid(command)));
    const binary = ins === 0xb0 || ins === 0xd6;
    const sfi = binary ? (p1 & 0x80 ? p1 & 0x1f : 0) : p2 >> 3;
    if ((reads || updates) && sfi !== 0) this.#selects(channel, KEY_FILE_SFIS.has(sfi));
    const keyFile = this.#keyFile.has(channel);
    return {
      command: PIN_COMMANDS.has(ins) || (updates && keyFile),
      response: this.#waiting || (reads && keyFile),
    };
  }

  /** After each command: a selection counts if the status word says so. */
  done(sw: number): void {
    const ok = [0x90, 0x91, 0x61, 0x9f].includes(sw >> 8);
    if (ok && this.#leaving !== undefined) this.#keyFile.delete(this.#leaving);
  }

  #selects(channel: number, keyFile: boolean): void {
    if (keyFile) this.#keyFile.add(channel);
    else this.#leaving = channel;
  }
}

/** The FID that a SELECT ends on, by FID or path; 0 for other forms. */
function lastFid(command: Uint8Array): number {
  const end = 5 + (command[4] ?? 0);
  if (command[2] === 0x04 || end < 7 || end > command.length) return 0;
  return ((command[end - 2] ?? 0) << 8) | (command[end - 1] ?? 0);
}

/** Hexadecimal, or a Secret of the bytes. */
export const shown = (bytes: Uint8Array, secret: boolean): string | Secret =>
  secret ? new Secret(bytes) : toHex(bytes);
