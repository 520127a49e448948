// The standard card of this project: which files it has and what they hold at first. TS 102 221 13, TS 31.102 4.2.
// The form in which the card keeps them is in personalise.ts.

import { concat, fromHex } from '../bytes.js';
import { dialledNumber, imsiBytes, padded, plmnBytes, swappedBcd } from './encoding.js';
import type { SimProfile } from './profile.js';

/** Who may: 00 always, 01 PIN1, 0A ADM1, FF never. TS 102 221 9.3. */
export const Condition = { Always: 0x00, Pin1: 0x01, Adm1: 0x0a, Never: 0xff } as const;
export type Condition = (typeof Condition)[keyof typeof Condition];

export interface ElementaryFile {
  readonly fid: number;
  readonly name: string;
  /** 1..30. */
  readonly sfi?: number;
  readonly read: Condition;
  readonly update: Condition;
  /** One part: transparent. A list: records of a linear fixed file, all of one length. */
  readonly content: Uint8Array | readonly Uint8Array[];
}

export interface DedicatedFile {
  readonly fid: number;
  readonly name: string;
  /** ADF only. */
  readonly aid?: Uint8Array;
  readonly files: readonly ElementaryFile[];
  readonly folders: readonly DedicatedFile[];
}

/** RID A000000087 (3GPP), application 1002 (USIM), country FFFF, provider FF89, 07090000. TS 101 220 annex E. */
export const AID_USIM = fromHex('a0000000871002ffffffff8907090000');

const { Always, Pin1, Adm1, Never } = Condition;
const ff = (length: number): Uint8Array => new Uint8Array(length).fill(0xff);

/** Access technology identifiers, TS 31.102 4.2.5: E-UTRAN in WB-S1 and NB-S1 mode. */
const ACT_EUTRAN = fromHex('4000');
/** An entry of a PLMN list that says nothing. */
const NO_PLMN_ACT = fromHex('ffffff0000');
/** LAI and TAI of nowhere. */
const NO_AREA = fromHex('ffffff0000');

/** UST: service n is bit (n - 1) % 8 of byte (n - 1) / 8. TS 31.102 4.2.8. */
function serviceTable(services: readonly number[], length: number): Uint8Array {
  const table = new Uint8Array(length);
  for (const service of services) {
    const byte = (service - 1) >> 3;
    table[byte] = (table[byte] ?? 0) | (1 << ((service - 1) & 7));
  }
  return table;
}

/**
 * 12 SMS parameters, 17 GID1, 19 SPN, 20 PLMN selector, 21 MSISDN, 33 (shall be 1), 42 OPLMN selector, 43 HPLMN selector, 45 PNN,
 * 71 EHPLMN, 85 EMM information.
 */
const SERVICES = [12, 17, 19, 20, 21, 33, 42, 43, 45, 71, 85];

/** Application template of EF_DIR: AID and label. TS 102 221 13.1. */
function applicationTemplate(aid: Uint8Array, label: string): Uint8Array {
  const text = new Uint8Array(Buffer.from(label, 'ascii'));
  const body = concat(Uint8Array.of(0x4f, aid.length), aid, Uint8Array.of(0x50, text.length), text);
  return concat(Uint8Array.of(0x61, body.length), body);
}

/** Full name for network in packed 7-bit text, no country initials. TS 24.008 10.5.3.5a. */
function networkName(name: string): Uint8Array {
  const bits = [...name].flatMap((character) =>
    [0, 1, 2, 3, 4, 5, 6].map((bit) => (character.charCodeAt(0) >> bit) & 1),
  );
  const packed = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => (packed[i >> 3] = (packed[i >> 3] ?? 0) | (bit << (i & 7))));
  const spare = packed.length * 8 - bits.length;
  return concat(Uint8Array.of(0x43, packed.length + 1, 0x80 | spare), packed);
}

/** The file tree of a card, from the MF down, without the EF_ARRs: personalise.ts derives those from the conditions. */
export function standardFiles(profile: SimProfile): DedicatedFile {
  const mcc = profile.imsi.slice(0, 3);
  const mnc = profile.imsi.slice(3, 3 + profile.mncLength);
  const home = plmnBytes(mcc, mnc);
  const homeAct = concat(home, ACT_EUTRAN);
  const spn = new Uint8Array(Buffer.from(profile.spn, 'ascii'));
  return {
    fid: 0x3f00,
    name: 'MF',
    files: [
      {
        fid: 0x2f00,
        name: 'EF_DIR',
        sfi: 0x1e,
        read: Always,
        update: Adm1,
        content: [padded(applicationTemplate(AID_USIM, 'USim1'), 38), ff(38)],
      },
      { fid: 0x2f05, name: 'EF_PL', sfi: 0x05, read: Always, update: Pin1, content: fromHex('656effff') },
      { fid: 0x2f08, name: 'EF_UMPC', read: Always, update: Adm1, content: fromHex('3c05020000') },
      {
        fid: 0x2fe2,
        name: 'EF_ICCID',
        sfi: 0x02,
        read: Always,
        update: Never,
        content: padded(swappedBcd(profile.iccid), 10),
      },
    ],
    folders: [
      {
        fid: 0x7ff0,
        name: 'ADF_USIM',
        aid: AID_USIM,
        folders: [],
        // prettier-ignore
        files: [
          { fid: 0x6f05, name: 'EF_LI', sfi: 0x02, read: Always, update: Pin1, content: fromHex('656effff') },
          { fid: 0x6f07, name: 'EF_IMSI', sfi: 0x07, read: Pin1, update: Adm1, content: imsiBytes(profile.imsi) },
          { fid: 0x6f08, name: 'EF_Keys', sfi: 0x08, read: Pin1, update: Pin1, content: concat(Uint8Array.of(7), ff(32)) },
          { fid: 0x6f09, name: 'EF_KeysPS', sfi: 0x09, read: Pin1, update: Pin1, content: concat(Uint8Array.of(7), ff(32)) },
          { fid: 0x6f31, name: 'EF_HPPLMN', sfi: 0x12, read: Pin1, update: Adm1, content: Uint8Array.of(5) },
          { fid: 0x6f38, name: 'EF_UST', sfi: 0x04, read: Pin1, update: Adm1, content: serviceTable(SERVICES, 16) },
          { fid: 0x6f3e, name: 'EF_GID1', read: Pin1, update: Adm1, content: ff(4) },
          { fid: 0x6f40, name: 'EF_MSISDN', read: Pin1, update: Pin1, content: [concat(ff(14), dialledNumber(profile.msisdn))] },
          { fid: 0x6f42, name: 'EF_SMSP', read: Pin1, update: Pin1, content: [ff(40)] },
          { fid: 0x6f46, name: 'EF_SPN', read: Always, update: Adm1, content: concat(Uint8Array.of(0), padded(spn, 16)) },
          { fid: 0x6f5b, name: 'EF_START-HFN', sfi: 0x0f, read: Pin1, update: Pin1, content: fromHex('f00000f00000') },
          { fid: 0x6f5c, name: 'EF_THRESHOLD', sfi: 0x10, read: Pin1, update: Adm1, content: ff(3) },
          { fid: 0x6f60, name: 'EF_PLMNwAcT', sfi: 0x0a, read: Pin1, update: Pin1, content: concat(...Array<Uint8Array>(8).fill(NO_PLMN_ACT)) },
          { fid: 0x6f61, name: 'EF_OPLMNwAcT', sfi: 0x11, read: Pin1, update: Adm1, content: concat(homeAct, ...Array<Uint8Array>(7).fill(NO_PLMN_ACT)) },
          { fid: 0x6f62, name: 'EF_HPLMNwAcT', sfi: 0x13, read: Pin1, update: Adm1, content: homeAct },
          { fid: 0x6f73, name: 'EF_PSLOCI', sfi: 0x0c, read: Pin1, update: Pin1, content: concat(ff(7), NO_AREA, fromHex('ff01')) },
          { fid: 0x6f78, name: 'EF_ACC', sfi: 0x06, read: Pin1, update: Adm1, content: profile.acc },
          { fid: 0x6f7b, name: 'EF_FPLMN', sfi: 0x0d, read: Pin1, update: Pin1, content: ff(12) },
          { fid: 0x6f7e, name: 'EF_LOCI', sfi: 0x0b, read: Pin1, update: Pin1, content: concat(ff(4), NO_AREA, fromHex('ff01')) },
          { fid: 0x6fad, name: 'EF_AD', sfi: 0x03, read: Always, update: Adm1, content: Uint8Array.of(0, 0, 0, profile.mncLength) },
          { fid: 0x6fb7, name: 'EF_ECC', sfi: 0x01, read: Always, update: Adm1, content: [fromHex('11f2ff00'), fromHex('19f1ff00')] },
          { fid: 0x6fc4, name: 'EF_NETPAR', read: Pin1, update: Pin1, content: ff(64) },
          { fid: 0x6fc5, name: 'EF_PNN', sfi: 0x19, read: Always, update: Adm1, content: [padded(profile.spn === '' ? ff(0) : networkName(profile.spn), 24)] },
          { fid: 0x6fd9, name: 'EF_EHPLMN', sfi: 0x1d, read: Pin1, update: Adm1, content: home },
          { fid: 0x6fe3, name: 'EF_EPSLOCI', sfi: 0x1e, read: Pin1, update: Pin1, content: concat(ff(12), NO_AREA, Uint8Array.of(1)) },
          { fid: 0x6fe4, name: 'EF_EPSNSC', sfi: 0x18, read: Pin1, update: Pin1, content: [ff(54)] },
        ],
      },
    ],
  };
}
