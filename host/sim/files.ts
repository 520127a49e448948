// The standard card of this project: which files it has and what they hold at first. TS 102 221 13, TS 31.102 4.2.
// The form in which the card keeps them is in personalise.ts.

import { concat, fromHex } from '../bytes.js';
import { alphaField, packed, septets, ucs2 } from './alphabet.js';
import { dialledNumber, imsiBytes, padded, plmnBytes, SPN_BYTES, swappedBcd } from './encoding.js';
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
  /** Cyclic files only; default never. */
  readonly increase?: Condition;
  /** Who may deactivate the file and activate it again; default ADM1. */
  readonly activate?: Condition;
  /** One part: transparent. A list: records, all of one length, of a linear fixed file or a `cyclic` one (newest first). */
  readonly content: Uint8Array | readonly Uint8Array[];
  readonly cyclic?: boolean;
  /** Path from the MF of an earlier file: this one shows that one's content, and `content` is not used. */
  readonly shows?: readonly number[];
}

export interface DedicatedFile {
  readonly fid: number;
  readonly name: string;
  /** ADF only. */
  readonly aid?: Uint8Array;
  /** SFI of the EF_ARR of an ADF (default 17 hexadecimal) or of the MF (default 06). */
  readonly arrSfi?: number;
  readonly files: readonly ElementaryFile[];
  readonly folders: readonly DedicatedFile[];
}

/** RID A000000087 (3GPP), application 1002 (USIM), country FFFF, provider FF89, 07090000. TS 101 220 annex E. */
export const AID_USIM = fromHex('a0000000871002ffffffff8907090000');
/** The same, application 1004 (ISIM). */
export const AID_ISIM = fromHex('a0000000871004ffffffff8907090000');

/** Who the subscriber is to the IP multimedia subsystem. What is not given follows from the IMSI. TS 23.003 13. */
export interface ImsIdentity {
  /** Private identity: `user@realm`. */
  readonly impi?: string;
  /** Public identities: SIP or tel URIs. */
  readonly impu?: readonly string[];
  /** Home network domain name. */
  readonly domain?: string;
}

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
 * 12 SMS parameters, 13 advice of charge, 17 GID1, 19 SPN, 20 PLMN selector, 21 MSISDN, 33 (shall be 1), 38 GSM security context, 42 OPLMN
 * selector, 43 HPLMN selector, 45 PNN, 71 EHPLMN, 85 EMM information.
 */
const SERVICES = [12, 13, 17, 19, 20, 21, 33, 38, 42, 43, 45, 71, 85];

/** SST of a 2G card: two bits for each service, allocated and activated. TS 51.011 10.3.7. */
function simServiceTable(services: readonly number[], length: number): Uint8Array {
  const table = new Uint8Array(length);
  for (const service of services) {
    const byte = (service - 1) >> 2;
    table[byte] = (table[byte] ?? 0) | (3 << (((service - 1) & 3) * 2));
  }
  return table;
}

/** 1 CHV1 may be disabled, 5 advice of charge, 7 PLMN selector, 9 MSISDN, 12 SMS parameters, 17 SPN. */
const SIM_SERVICES = [1, 5, 7, 9, 12, 17];

/** Tag 80 of EF_IMPI, EF_DOMAIN and EF_IMPU: an UTF-8 text. TS 31.103 4.2. */
function textObject(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, 'utf8'));
  if (bytes.length > 0x7f) throw new RangeError(`"${text}" is ${bytes.length} bytes, expected at most 127`);
  return concat(Uint8Array.of(0x80, bytes.length), bytes);
}

/** TS 23.003 13.2 to 13.4. */
function imsIdentity(profile: SimProfile & ImsIdentity): Required<ImsIdentity> {
  const mcc = profile.imsi.slice(0, 3);
  const mnc = profile.imsi.slice(3, 3 + profile.mncLength).padStart(3, '0');
  const domain = profile.domain ?? `ims.mnc${mnc}.mcc${mcc}.3gppnetwork.org`;
  const impi = profile.impi ?? `${profile.imsi}@${domain}`;
  return { domain, impi, impu: profile.impu ?? [`sip:${impi}`] };
}

/** Path of a file of the USIM from the MF. */
const inUsim = (...fids: number[]): readonly number[] => [0x7ff0, ...fids];

/** Application template of EF_DIR: AID and label. TS 102 221 13.1. */
function applicationTemplate(aid: Uint8Array, label: string): Uint8Array {
  const text = new Uint8Array(Buffer.from(label, 'ascii'));
  const body = concat(Uint8Array.of(0x4f, aid.length), aid, Uint8Array.of(0x50, text.length), text);
  return concat(Uint8Array.of(0x61, body.length), body);
}

/** Full name for network, no country initials: the default alphabet, packed, or UCS2. TS 24.008 10.5.3.5a. */
function networkName(name: string): Uint8Array {
  const codes = septets(name);
  if (codes !== undefined) {
    const text = packed(codes);
    const spare = text.length * 8 - codes.length * 7;
    return concat(Uint8Array.of(0x43, text.length + 1, 0x80 | spare), text);
  }
  const text = ucs2(name) ?? new Uint8Array(0);
  return concat(Uint8Array.of(0x43, text.length + 1, 0x90), text);
}

/** Least length of a record of EF_PNN; longer when the name needs it. */
const PNN_BYTES = 24;

/** The file tree of a card, from the MF down, without the EF_ARRs: personalise.ts derives those from the conditions. */
export function standardFiles(profile: SimProfile & ImsIdentity): DedicatedFile {
  const nothing = new Uint8Array(0);
  const ims = imsIdentity(profile);
  const impuLength = Math.max(...ims.impu.map((impu) => textObject(impu).length));
  const mcc = profile.imsi.slice(0, 3);
  const mnc = profile.imsi.slice(3, 3 + profile.mncLength);
  const home = plmnBytes(mcc, mnc);
  const homeAct = concat(home, ACT_EUTRAN);
  const spn = alphaField(profile.spn) ?? nothing;
  const pnn = profile.spn === '' ? nothing : networkName(profile.spn);
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
        content: [
          padded(applicationTemplate(AID_USIM, 'USim1'), 38),
          padded(applicationTemplate(AID_ISIM, 'ISim1'), 38),
        ],
      },
      { fid: 0x2f05, name: 'EF_PL', sfi: 0x05, read: Always, update: Pin1, content: fromHex('656effff') },
      { fid: 0x2f08, name: 'EF_UMPC', sfi: 0x08, read: Always, update: Adm1, content: fromHex('3c05020000') },
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
        // TS 31.102 4.4.3; a 2G terminal has its keys here too. Without service 27 AUTHENTICATE in 3G context gives no Kc.
        folders: [
          {
            fid: 0x5f3b,
            name: 'DF_GSM-ACCESS',
            folders: [],
            // prettier-ignore
            files: [
              { fid: 0x4f20, name: 'EF_Kc', sfi: 0x01, read: Pin1, update: Pin1, content: concat(ff(8), Uint8Array.of(7)) },
              { fid: 0x4f52, name: 'EF_KcGPRS', sfi: 0x02, read: Pin1, update: Pin1, content: concat(ff(8), Uint8Array.of(7)) },
            ],
          },
        ],
        // prettier-ignore
        files: [
          { fid: 0x6f05, name: 'EF_LI', sfi: 0x02, read: Always, update: Pin1, content: fromHex('656effff') },
          { fid: 0x6f07, name: 'EF_IMSI', sfi: 0x07, read: Pin1, update: Adm1, content: imsiBytes(profile.imsi) },
          { fid: 0x6f08, name: 'EF_Keys', sfi: 0x08, read: Pin1, update: Pin1, content: concat(Uint8Array.of(7), ff(32)) },
          { fid: 0x6f09, name: 'EF_KeysPS', sfi: 0x09, read: Pin1, update: Pin1, content: concat(Uint8Array.of(7), ff(32)) },
          { fid: 0x6f31, name: 'EF_HPPLMN', sfi: 0x12, read: Pin1, update: Adm1, content: Uint8Array.of(5) },
          { fid: 0x6f37, name: 'EF_ACMmax', read: Pin1, update: Pin1, content: new Uint8Array(3) },
          { fid: 0x6f39, name: 'EF_ACM', read: Pin1, update: Pin1, increase: Pin1, cyclic: true, content: Array<Uint8Array>(3).fill(new Uint8Array(3)) },
          { fid: 0x6f41, name: 'EF_PUCT', read: Pin1, update: Pin1, content: concat(ff(3), new Uint8Array(2)) },
          { fid: 0x6f38, name: 'EF_UST', sfi: 0x04, read: Pin1, update: Adm1, content: serviceTable(SERVICES, 16) },
          { fid: 0x6f3e, name: 'EF_GID1', read: Pin1, update: Adm1, content: ff(4) },
          { fid: 0x6f40, name: 'EF_MSISDN', read: Pin1, update: Pin1, content: [concat(ff(14), dialledNumber(profile.msisdn))] },
          { fid: 0x6f42, name: 'EF_SMSP', read: Pin1, update: Pin1, content: [ff(40)] },
          { fid: 0x6f46, name: 'EF_SPN', read: Always, update: Adm1, content: concat(Uint8Array.of(0), padded(spn, SPN_BYTES)) },
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
          { fid: 0x6fc5, name: 'EF_PNN', sfi: 0x19, read: Always, update: Adm1, content: [padded(pnn, Math.max(PNN_BYTES, pnn.length))] },
          { fid: 0x6fd9, name: 'EF_EHPLMN', sfi: 0x1d, read: Pin1, update: Adm1, content: home },
          { fid: 0x6fe3, name: 'EF_EPSLOCI', sfi: 0x1e, read: Pin1, update: Pin1, content: concat(ff(12), NO_AREA, Uint8Array.of(1)) },
          { fid: 0x6fe4, name: 'EF_EPSNSC', sfi: 0x18, read: Pin1, update: Pin1, content: [ff(54)] },
        ],
      },
      {
        fid: 0x7ff1,
        name: 'ADF_ISIM',
        aid: AID_ISIM,
        folders: [],
        arrSfi: 0x06,
        // prettier-ignore
        files: [
          { fid: 0x6f02, name: 'EF_IMPI', sfi: 0x02, read: Pin1, update: Adm1, content: textObject(ims.impi) },
          { fid: 0x6f03, name: 'EF_DOMAIN', sfi: 0x05, read: Pin1, update: Adm1, content: textObject(ims.domain) },
          { fid: 0x6f04, name: 'EF_IMPU', sfi: 0x04, read: Pin1, update: Adm1, content: ims.impu.map((impu) => padded(textObject(impu), impuLength)) },
          { fid: 0x6f07, name: 'EF_IST', sfi: 0x07, read: Pin1, update: Adm1, content: Uint8Array.of(0) },
          { fid: 0x6fad, name: 'EF_AD', sfi: 0x03, read: Always, update: Adm1, content: Uint8Array.of(0, 0, 0) },
        ],
      },
      // What a 2G terminal knows, for the most part the USIM's own. TS 51.011 10.3, 10.5.
      {
        fid: 0x7f10,
        name: 'DF_TELECOM',
        folders: [],
        files: [
          { fid: 0x6f40, name: 'EF_MSISDN', read: Pin1, update: Pin1, shows: inUsim(0x6f40), content: nothing },
          { fid: 0x6f42, name: 'EF_SMSP', read: Pin1, update: Pin1, shows: inUsim(0x6f42), content: nothing },
        ],
      },
      {
        fid: 0x7f20,
        name: 'DF_GSM',
        folders: [],
        // prettier-ignore
        files: [
          { fid: 0x6f05, name: 'EF_LP', read: Always, update: Pin1, content: fromHex('01ffffff') },
          { fid: 0x6f07, name: 'EF_IMSI', read: Pin1, update: Adm1, shows: inUsim(0x6f07), content: nothing },
          { fid: 0x6f20, name: 'EF_Kc', read: Pin1, update: Pin1, shows: inUsim(0x5f3b, 0x4f20), content: nothing },
          { fid: 0x6f30, name: 'EF_PLMNsel', read: Pin1, update: Pin1, content: ff(24) },
          { fid: 0x6f31, name: 'EF_HPPLMN', read: Pin1, update: Adm1, shows: inUsim(0x6f31), content: nothing },
          { fid: 0x6f37, name: 'EF_ACMmax', read: Pin1, update: Pin1, shows: inUsim(0x6f37), content: nothing },
          { fid: 0x6f38, name: 'EF_SST', read: Pin1, update: Adm1, content: simServiceTable(SIM_SERVICES, 5) },
          { fid: 0x6f39, name: 'EF_ACM', read: Pin1, update: Pin1, increase: Pin1, cyclic: true, shows: inUsim(0x6f39), content: [] },
          { fid: 0x6f3e, name: 'EF_GID1', read: Pin1, update: Adm1, shows: inUsim(0x6f3e), content: nothing },
          { fid: 0x6f41, name: 'EF_PUCT', read: Pin1, update: Pin1, shows: inUsim(0x6f41), content: nothing },
          { fid: 0x6f46, name: 'EF_SPN', read: Always, update: Adm1, shows: inUsim(0x6f46), content: nothing },
          { fid: 0x6f52, name: 'EF_KcGPRS', read: Pin1, update: Pin1, shows: inUsim(0x5f3b, 0x4f52), content: nothing },
          { fid: 0x6f53, name: 'EF_LOCIGPRS', read: Pin1, update: Pin1, shows: inUsim(0x6f73), content: nothing },
          { fid: 0x6f74, name: 'EF_BCCH', read: Pin1, update: Pin1, content: ff(16) },
          { fid: 0x6f78, name: 'EF_ACC', read: Pin1, update: Adm1, shows: inUsim(0x6f78), content: nothing },
          { fid: 0x6f7b, name: 'EF_FPLMN', read: Pin1, update: Pin1, shows: inUsim(0x6f7b), content: nothing },
          { fid: 0x6f7e, name: 'EF_LOCI', read: Pin1, update: Pin1, shows: inUsim(0x6f7e), content: nothing },
          { fid: 0x6fad, name: 'EF_AD', read: Always, update: Adm1, shows: inUsim(0x6fad), content: nothing },
          // Phase 2 and profile download. 10.3.16.
          { fid: 0x6fae, name: 'EF_Phase', read: Always, update: Adm1, content: Uint8Array.of(3) },
        ],
      },
    ],
  };
}
