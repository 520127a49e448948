// EPS mobility management messages (TS 24.301 8.2): plain, without security header. What this network and this
// baseband say to each other; optional elements that neither uses are read over.

import { concat } from '../../bytes.js';
import { NasError, NasReader, lv, lve, tlv } from './bytes.js';
import type { Guti, MobileIdentity, PlmnDigits } from './elements.js';
import {
  decodeBearers,
  decodeGprsTimer,
  decodeIdentity,
  decodeTaiList,
  encodeBearers,
  encodeGprsTimer,
  encodeIdentity,
  encodeTaiList,
} from './elements.js';

/** Protocol discriminator of EMM (TS 24.007 11.2.3.1.1). */
export const PD_EMM = 0x7;

export type Direction = 'uplink' | 'downlink';

/** Message types of table 9.8.1. */
const TYPE = {
  'ATTACH REQUEST': 0x41,
  'ATTACH ACCEPT': 0x42,
  'ATTACH COMPLETE': 0x43,
  'ATTACH REJECT': 0x44,
  'DETACH REQUEST': 0x45,
  'DETACH ACCEPT': 0x46,
  'TRACKING AREA UPDATE REQUEST': 0x48,
  'TRACKING AREA UPDATE ACCEPT': 0x49,
  'TRACKING AREA UPDATE REJECT': 0x4b,
  'AUTHENTICATION REQUEST': 0x52,
  'AUTHENTICATION RESPONSE': 0x53,
  'AUTHENTICATION REJECT': 0x54,
  'IDENTITY REQUEST': 0x55,
  'IDENTITY RESPONSE': 0x56,
  'AUTHENTICATION FAILURE': 0x5c,
  'SECURITY MODE COMMAND': 0x5d,
  'SECURITY MODE COMPLETE': 0x5e,
  'SECURITY MODE REJECT': 0x5f,
  'EMM STATUS': 0x60,
} as const;

/** EMM causes, annex A, as far as they are used here. */
export const EmmCause = {
  illegalUe: 3,
  servicesNotAllowed: 8,
  identityNotDerived: 9,
  implicitlyDetached: 10,
  networkFailure: 17,
  esmFailure: 19,
  macFailure: 20,
  synchFailure: 21,
  securityCapabilitiesMismatch: 23,
  securityModeRejected: 24,
  nonEpsAuthentication: 26,
  semanticallyIncorrect: 95,
  invalidMandatoryInformation: 96,
  messageTypeNonExistent: 97,
  protocolError: 111,
} as const;

/** "No key is available", 9.9.3.21. */
export const NO_KEY = 7;

export type EmmMessage =
  | {
      readonly message: 'ATTACH REQUEST';
      readonly attachType: number;
      readonly ksi: number;
      readonly identity: MobileIdentity;
      /** Value of UE network capability (9.9.3.34): EEA, EIA, then more, 2 to 13 bytes. */
      readonly ueNetworkCapability: Uint8Array;
      readonly esm: Uint8Array;
    }
  | {
      readonly message: 'ATTACH ACCEPT';
      readonly result: number;
      /** Seconds; undefined: no periodic update. */
      readonly t3412: number | undefined;
      readonly tai: { readonly plmn: PlmnDigits; readonly tac: number };
      readonly esm: Uint8Array;
      readonly guti?: Guti | undefined;
      /** EPS network feature support (9.9.3.12A), 1 or 2 bytes. */
      readonly features?: Uint8Array | undefined;
    }
  | { readonly message: 'ATTACH COMPLETE'; readonly esm: Uint8Array }
  | {
      readonly message: 'ATTACH REJECT' | 'TRACKING AREA UPDATE REJECT' | 'SECURITY MODE REJECT' | 'EMM STATUS';
      readonly cause: number;
    }
  | {
      readonly message: 'DETACH REQUEST';
      readonly from: 'modem';
      readonly detachType: number;
      readonly ksi: number;
      readonly identity: MobileIdentity;
    }
  | {
      readonly message: 'DETACH REQUEST';
      readonly from: 'network';
      readonly detachType: number;
      readonly cause?: number | undefined;
    }
  | { readonly message: 'DETACH ACCEPT' | 'AUTHENTICATION REJECT' | 'SECURITY MODE COMPLETE' }
  | {
      readonly message: 'TRACKING AREA UPDATE REQUEST';
      readonly updateType: number;
      readonly ksi: number;
      readonly identity: MobileIdentity;
      /** EPS bearer context status: the bearers that are active at the sender (8.2.29.7). */
      readonly bearers?: readonly number[] | undefined;
    }
  | {
      readonly message: 'TRACKING AREA UPDATE ACCEPT';
      readonly result: number;
      /** The same of the network (8.2.26.5). */
      readonly bearers?: readonly number[] | undefined;
    }
  | {
      readonly message: 'AUTHENTICATION REQUEST';
      readonly ksi: number;
      readonly rand: Uint8Array;
      readonly autn: Uint8Array;
    }
  | { readonly message: 'AUTHENTICATION RESPONSE'; readonly res: Uint8Array }
  | { readonly message: 'AUTHENTICATION FAILURE'; readonly cause: number; readonly auts?: Uint8Array | undefined }
  | { readonly message: 'IDENTITY REQUEST'; readonly identityType: number }
  | { readonly message: 'IDENTITY RESPONSE'; readonly identity: MobileIdentity }
  | {
      readonly message: 'SECURITY MODE COMMAND';
      readonly eea: number;
      readonly eia: number;
      readonly ksi: number;
      /** Replayed UE security capabilities (9.9.3.36), 2 to 5 bytes. */
      readonly capabilities: Uint8Array;
    };

const IEI = { guti: 0x50, features: 0x64, cause: 0x53, auts: 0x30, bearers: 0x57 } as const;
/** Value lengths of the elements of format TV: ATTACH and TAU REQUEST/ACCEPT, DETACH REQUEST (8.2.1, 8.2.4, 8.2.11, 8.2.26, 8.2.29). */
const TV_REQUEST = { 0x13: 5, 0x19: 3, 0x52: 5, 0x5c: 2, 0x55: 4, 0x56: 4 } as const;
const TV_ACCEPT = { 0x13: 5, 0x17: 1, 0x53: 1, 0x59: 1, 0x5a: 1 } as const;
const TV_COMMAND = { 0x55: 4, 0x56: 4 } as const;
const AUTN_LENGTH = 16;
const AUTS_LENGTH = 14;

export function encodeEmm(m: EmmMessage): Uint8Array {
  return concat(Uint8Array.of(PD_EMM, TYPE[m.message]), body(m));
}

function body(m: EmmMessage): Uint8Array {
  switch (m.message) {
    case 'ATTACH REQUEST':
      return concat(
        Uint8Array.of((m.ksi << 4) | m.attachType),
        lv(encodeIdentity(m.identity)),
        lv(m.ueNetworkCapability),
        lve(m.esm),
      );
    case 'ATTACH ACCEPT':
      return concat(
        Uint8Array.of(m.result, m.t3412 === undefined ? 0xe0 : encodeGprsTimer(m.t3412)),
        lv(encodeTaiList(m.tai.plmn, m.tai.tac)),
        lve(m.esm),
        tlv(IEI.guti, m.guti && encodeIdentity({ kind: 'guti', guti: m.guti })),
        tlv(IEI.features, m.features),
      );
    case 'ATTACH COMPLETE':
      return lve(m.esm);
    case 'ATTACH REJECT':
    case 'TRACKING AREA UPDATE REJECT':
    case 'SECURITY MODE REJECT':
    case 'EMM STATUS':
      return Uint8Array.of(m.cause);
    case 'DETACH REQUEST':
      if (m.from === 'modem') return concat(Uint8Array.of((m.ksi << 4) | m.detachType), lv(encodeIdentity(m.identity)));
      return Uint8Array.of(m.detachType, ...(m.cause === undefined ? [] : [IEI.cause, m.cause]));
    case 'TRACKING AREA UPDATE REQUEST':
      return concat(
        Uint8Array.of((m.ksi << 4) | m.updateType),
        lv(encodeIdentity(m.identity)),
        tlv(IEI.bearers, m.bearers && encodeBearers(m.bearers)),
      );
    case 'TRACKING AREA UPDATE ACCEPT':
      return concat(Uint8Array.of(m.result), tlv(IEI.bearers, m.bearers && encodeBearers(m.bearers)));
    case 'DETACH ACCEPT':
    case 'AUTHENTICATION REJECT':
    case 'SECURITY MODE COMPLETE':
      return new Uint8Array();
    case 'AUTHENTICATION REQUEST':
      return concat(Uint8Array.of(m.ksi), m.rand, lv(m.autn));
    case 'AUTHENTICATION RESPONSE':
      return lv(m.res);
    case 'AUTHENTICATION FAILURE':
      return concat(Uint8Array.of(m.cause), tlv(IEI.auts, m.auts));
    case 'IDENTITY REQUEST':
      return Uint8Array.of(m.identityType);
    case 'IDENTITY RESPONSE':
      return lv(encodeIdentity(m.identity));
    case 'SECURITY MODE COMMAND':
      return concat(Uint8Array.of((m.eea << 4) | m.eia, m.ksi), lv(m.capabilities));
  }
}

/** Parses a plain EMM message. Throws NasError. */
export function decodeEmm(bytes: Uint8Array, direction: Direction): EmmMessage {
  const r = new NasReader(bytes);
  const first = r.u8('protocol discriminator');
  if ((first & 0x0f) !== PD_EMM)
    throw new NasError('unknown-message', `protocol discriminator ${first & 0x0f} is not EMM`);
  if (first >> 4 !== 0) throw new NasError('protected', 'expected a plain message, got a protected one');
  const type = r.u8('message type');
  switch (type) {
    case TYPE['ATTACH REQUEST']: {
      const octet = r.u8('attach type');
      const identity = decodeIdentity(r.lv('EPS mobile identity'));
      const ueNetworkCapability = within(r.lv('UE network capability'), 2, 13, 'UE network capability');
      const esm = r.lve('ESM message container');
      r.optionals(TV_REQUEST);
      return {
        message: 'ATTACH REQUEST',
        attachType: octet & 7,
        ksi: (octet >> 4) & 7,
        identity,
        ueNetworkCapability,
        esm,
      };
    }
    case TYPE['ATTACH ACCEPT']: {
      const result = r.u8('attach result') & 7;
      const t3412 = decodeGprsTimer(r.u8('T3412'));
      const tai = decodeTaiList(r.lv('TAI list'));
      const esm = r.lve('ESM message container');
      const more = r.optionals(TV_ACCEPT);
      const id = more.get(IEI.guti);
      const identity = id && decodeIdentity(id);
      const guti = identity?.kind === 'guti' ? identity.guti : undefined;
      return { message: 'ATTACH ACCEPT', result, t3412, tai, esm, guti, features: more.get(IEI.features) };
    }
    case TYPE['ATTACH COMPLETE']:
      return { message: 'ATTACH COMPLETE', esm: r.lve('ESM message container') };
    case TYPE['ATTACH REJECT']:
      return { message: 'ATTACH REJECT', cause: r.u8('EMM cause') };
    case TYPE['TRACKING AREA UPDATE REJECT']:
      return { message: 'TRACKING AREA UPDATE REJECT', cause: r.u8('EMM cause') };
    case TYPE['SECURITY MODE REJECT']:
      return { message: 'SECURITY MODE REJECT', cause: r.u8('EMM cause') };
    case TYPE['EMM STATUS']:
      return { message: 'EMM STATUS', cause: r.u8('EMM cause') };
    case TYPE['DETACH REQUEST']: {
      const octet = r.u8('detach type');
      if (direction === 'downlink') {
        const cause = r.optionals(TV_ACCEPT).get(IEI.cause)?.[0];
        return { message: 'DETACH REQUEST', from: 'network', detachType: octet & 7, cause };
      }
      const identity = decodeIdentity(r.lv('EPS mobile identity'));
      return { message: 'DETACH REQUEST', from: 'modem', detachType: octet & 15, ksi: (octet >> 4) & 7, identity };
    }
    case TYPE['DETACH ACCEPT']:
      return { message: 'DETACH ACCEPT' };
    case TYPE['TRACKING AREA UPDATE REQUEST']: {
      const octet = r.u8('EPS update type');
      const identity = decodeIdentity(r.lv('old GUTI'));
      const bearers = bearersOf(r.optionals(TV_REQUEST));
      return {
        message: 'TRACKING AREA UPDATE REQUEST',
        updateType: octet & 7,
        ksi: (octet >> 4) & 7,
        identity,
        ...(bearers && { bearers }),
      };
    }
    case TYPE['TRACKING AREA UPDATE ACCEPT']: {
      const result = r.u8('EPS update result') & 7;
      const bearers = bearersOf(r.optionals(TV_ACCEPT));
      return { message: 'TRACKING AREA UPDATE ACCEPT', result, ...(bearers && { bearers }) };
    }
    case TYPE['AUTHENTICATION REQUEST']: {
      const ksi = r.u8('NAS key set identifier') & 7;
      const rand = r.take(16, 'RAND');
      return {
        message: 'AUTHENTICATION REQUEST',
        ksi,
        rand,
        autn: within(r.lv('AUTN'), AUTN_LENGTH, AUTN_LENGTH, 'AUTN'),
      };
    }
    case TYPE['AUTHENTICATION RESPONSE']:
      return { message: 'AUTHENTICATION RESPONSE', res: within(r.lv('RES'), 4, 16, 'RES') };
    case TYPE['AUTHENTICATION REJECT']:
      return { message: 'AUTHENTICATION REJECT' };
    case TYPE['IDENTITY REQUEST']:
      return { message: 'IDENTITY REQUEST', identityType: r.u8('identity type') & 7 };
    case TYPE['IDENTITY RESPONSE']:
      return { message: 'IDENTITY RESPONSE', identity: decodeIdentity(r.lv('mobile identity')) };
    case TYPE['AUTHENTICATION FAILURE']: {
      const cause = r.u8('EMM cause');
      const auts = r.optionals().get(IEI.auts);
      if (cause === EmmCause.synchFailure && !auts)
        throw new NasError('missing-element', 'a synchronisation failure without AUTS');
      return { message: 'AUTHENTICATION FAILURE', cause, auts: auts && within(auts, AUTS_LENGTH, AUTS_LENGTH, 'AUTS') };
    }
    case TYPE['SECURITY MODE COMMAND']: {
      const algorithms = r.u8('NAS security algorithms');
      const ksi = r.u8('NAS key set identifier') & 7;
      const capabilities = within(r.lv('UE security capability'), 2, 5, 'UE security capability');
      r.optionals(TV_COMMAND);
      return { message: 'SECURITY MODE COMMAND', eea: (algorithms >> 4) & 7, eia: algorithms & 7, ksi, capabilities };
    }
    case TYPE['SECURITY MODE COMPLETE']:
      r.optionals();
      return { message: 'SECURITY MODE COMPLETE' };
    default:
      throw new NasError('unknown-message', `EMM message type ${type.toString(16)}`);
  }
}

function bearersOf(more: Map<number, Uint8Array>): number[] | undefined {
  const value = more.get(IEI.bearers);
  return value && decodeBearers(value);
}

function within(value: Uint8Array, min: number, max: number, what: string): Uint8Array {
  if (value.length < min || value.length > max)
    throw new NasError('bad-element', `${what} of ${value.length} bytes, expected ${min} to ${max}`);
  return value;
}
