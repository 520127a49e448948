// Reading a UICC's files, as a modem does at start: SELECT, FCP, READ. What is missing or may not be read is empty.

import { concat } from '../bytes.js';
import type { CardAnswer } from '../sim/reader.js';
import { CardError } from '../sim/reader.js';
import type { Fcp } from './uicc.js';
import { aidOfDirRecord, Fid, isOk, parseFcp, USIM_AID_START } from './uicc.js';

/** More than this of one file is not read, whatever its FCP says. */
const FILE_LIMIT = 1024;
const RECORD_LIMIT = 10;
/** Bytes of one READ BINARY. */
const READ_MAX = 255;

export class CardFiles {
  readonly #transmit: (command: Uint8Array) => Promise<CardAnswer>;

  /** `transmit`: one whole command, 61xx and 6Cxx followed. */
  constructor(transmit: (command: Uint8Array) => Promise<CardAnswer>) {
    this.#transmit = transmit;
  }

  /** The AID of the first USIM of EF_DIR, or the start of every USIM's AID. */
  async findUsim(): Promise<Uint8Array> {
    for (const record of await this.read(Fid.DIR)) {
      const aid = aidOfDirRecord(record);
      if (aid && aid.length <= 16 && USIM_AID_START.every((byte, i) => byte === aid[i])) return aid.slice();
    }
    return USIM_AID_START;
  }

  /** SELECT of an ADF. Throws CardError when it is not there. */
  async selectUsim(aid: Uint8Array): Promise<Fcp> {
    const answer = await this.#transmit(concat(Uint8Array.of(0x00, 0xa4, 0x04, 0x04, aid.length), aid));
    if (!isOk(answer.sw)) {
      throw new CardError('protocol', `no USIM on this card: SELECT of its ADF answered ${answer.sw.toString(16)}`);
    }
    return parseFcp(answer.data);
  }

  /** A transparent EF as one piece, or the records of another. */
  async read(fid: number): Promise<Uint8Array[]> {
    const selected = await this.#transmit(Uint8Array.of(0x00, 0xa4, 0x00, 0x04, 0x02, fid >> 8, fid & 0xff));
    if (!isOk(selected.sw)) return [];
    const fcp = parseFcp(selected.data);
    if (fcp.structure === 'transparent') return this.#readTransparent(Math.min(fcp.size, FILE_LIMIT));
    if (fcp.structure === 'records') return this.#readRecords(fcp);
    return [];
  }

  /** What `parse` makes of a transparent EF; undefined without one. */
  async parsed<T>(fid: number, parse: (file: Uint8Array) => T | undefined): Promise<T | undefined> {
    const [file] = await this.read(fid);
    return file && parse(file);
  }

  async #readTransparent(size: number): Promise<Uint8Array[]> {
    const parts: Uint8Array[] = [];
    for (let offset = 0; offset < size;) {
      const length = Math.min(size - offset, READ_MAX);
      const { data, sw } = await this.#transmit(Uint8Array.of(0x00, 0xb0, offset >> 8, offset & 0xff, length));
      if (!isOk(sw) || data.length === 0) return [];
      parts.push(data);
      offset += data.length;
    }
    return parts.length === 0 ? [] : [concat(...parts)];
  }

  async #readRecords(fcp: Fcp): Promise<Uint8Array[]> {
    const records: Uint8Array[] = [];
    if (fcp.recordLength === 0 || fcp.recordLength > 255) return records;
    for (let number = 1; number <= Math.min(fcp.recordCount, RECORD_LIMIT); number++) {
      const { data, sw } = await this.#transmit(Uint8Array.of(0x00, 0xb2, number, 0x04, fcp.recordLength));
      if (!isOk(sw)) break;
      records.push(data);
    }
    return records;
  }
}
