// EPS session management messages (TS 24.301 8.3): the PDN connection and its default bearer.

import { concat } from '../../bytes.js';
import { NasError, NasReader, lv, tlv } from './bytes.js';
import type { PcoOption } from './pco.js';
import { decodePco, encodePco } from './pco.js';
import { PdnType, decodeApn, decodeIp, encodeApn, encodeIp } from './elements.js';

/** Protocol discriminator of ESM. */
export const PD_ESM = 0x2;

/** Message types of table 9.8.2. */
const TYPE = {
  'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST': 0xc1,
  'ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT': 0xc2,
  'ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT': 0xc3,
  'DEACTIVATE EPS BEARER CONTEXT REQUEST': 0xcd,
  'DEACTIVATE EPS BEARER CONTEXT ACCEPT': 0xce,
  'PDN CONNECTIVITY REQUEST': 0xd0,
  'PDN CONNECTIVITY REJECT': 0xd1,
  'PDN DISCONNECT REQUEST': 0xd2,
  'PDN DISCONNECT REJECT': 0xd3,
  'ESM INFORMATION REQUEST': 0xd9,
  'ESM INFORMATION RESPONSE': 0xda,
  'ESM DUMMY MESSAGE': 0xdc,
  'ESM STATUS': 0xe8,
} as const;

/** ESM causes, annex B. */
export const EsmCause = {
  operatorDeterminedBarring: 8,
  insufficientResources: 26,
  unknownApn: 27,
  unknownPdnType: 28,
  authenticationFailed: 29,
  requestRejected: 31,
  notSubscribed: 33,
  temporarilyOutOfOrder: 34,
  regularDeactivation: 36,
  invalidBearerIdentity: 43,
  ptiMismatch: 47,
  ipv4Only: 50,
  informationNotReceived: 53,
  multipleConnectionsNotAllowed: 55,
  invalidPti: 81,
  messageTypeNonExistent: 97,
  protocolError: 111,
} as const;

/** Bearer identity and procedure transaction identity that every ESM message starts with; 0 for "none". */
interface EsmHeader {
  readonly bearer: number;
  readonly pti: number;
}

export type EsmMessage = EsmHeader &
  (
    | {
        readonly message: 'PDN CONNECTIVITY REQUEST';
        readonly requestType: number;
        readonly pdnType: number;
        /** The modem has an APN or options that it will send when asked by ESM INFORMATION REQUEST. */
        readonly informationTransfer: boolean;
        readonly apn?: string | undefined;
        readonly pco?: readonly PcoOption[] | undefined;
      }
    | {
        readonly message:
          | 'PDN CONNECTIVITY REJECT'
          | 'PDN DISCONNECT REJECT'
          | 'ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT'
          | 'DEACTIVATE EPS BEARER CONTEXT REQUEST'
          | 'ESM STATUS';
        readonly cause: number;
      }
    | { readonly message: 'PDN DISCONNECT REQUEST'; readonly linkedBearer: number }
    | {
        readonly message:
          | 'ESM INFORMATION REQUEST'
          | 'ESM DUMMY MESSAGE'
          | 'ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT'
          | 'DEACTIVATE EPS BEARER CONTEXT ACCEPT';
      }
    | {
        readonly message: 'ESM INFORMATION RESPONSE';
        readonly apn?: string | undefined;
        readonly pco?: readonly PcoOption[] | undefined;
      }
    | {
        readonly message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST';
        readonly qci: number;
        readonly apn: string;
        readonly ip: string;
        readonly pco?: readonly PcoOption[] | undefined;
      }
  );

const IEI = { apn: 0x28, pco: 0x27, informationTransfer: 0xd0 } as const;
const TV = { 0x32: 1, 0x58: 1 } as const;

export function encodeEsm(m: EsmMessage): Uint8Array {
  return concat(Uint8Array.of((m.bearer << 4) | PD_ESM, m.pti, TYPE[m.message]), body(m));
}

function body(m: EsmMessage): Uint8Array {
  switch (m.message) {
    case 'PDN CONNECTIVITY REQUEST':
      return concat(
        Uint8Array.of((m.pdnType << 4) | m.requestType),
        m.informationTransfer ? Uint8Array.of(IEI.informationTransfer | 1) : new Uint8Array(),
        information(m),
      );
    case 'PDN CONNECTIVITY REJECT':
    case 'PDN DISCONNECT REJECT':
    case 'ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT':
    case 'DEACTIVATE EPS BEARER CONTEXT REQUEST':
    case 'ESM STATUS':
      return Uint8Array.of(m.cause);
    case 'PDN DISCONNECT REQUEST':
      return Uint8Array.of(m.linkedBearer);
    case 'ESM INFORMATION REQUEST':
    case 'ESM DUMMY MESSAGE':
    case 'ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT':
    case 'DEACTIVATE EPS BEARER CONTEXT ACCEPT':
      return new Uint8Array();
    case 'ESM INFORMATION RESPONSE':
      return information(m);
    case 'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST':
      return concat(
        lv(Uint8Array.of(m.qci)),
        lv(encodeApn(m.apn)),
        lv(concat(Uint8Array.of(PdnType.ipv4), encodeIp(m.ip))),
        tlv(IEI.pco, m.pco && encodePco(m.pco)),
      );
  }
}

function information(m: {
  readonly apn?: string | undefined;
  readonly pco?: readonly PcoOption[] | undefined;
}): Uint8Array {
  return concat(
    tlv(IEI.apn, m.apn === undefined ? undefined : encodeApn(m.apn)),
    tlv(IEI.pco, m.pco && encodePco(m.pco)),
  );
}

/** Parses a plain ESM message. Throws NasError. */
export function decodeEsm(bytes: Uint8Array): EsmMessage {
  const r = new NasReader(bytes);
  const first = r.u8('protocol discriminator');
  if ((first & 0x0f) !== PD_ESM)
    throw new NasError('unknown-message', `protocol discriminator ${first & 0x0f} is not ESM`);
  const header = { bearer: first >> 4, pti: r.u8('procedure transaction identity') };
  const type = r.u8('message type');
  const optionalInformation = (
    more: Map<number, Uint8Array>,
  ): { apn: string | undefined; pco: PcoOption[] | undefined } => {
    const apn = more.get(IEI.apn);
    const pco = more.get(IEI.pco);
    return { apn: apn && decodeApn(apn), pco: pco && decodePco(pco) };
  };
  const cause = (): number => {
    const value = r.u8('ESM cause');
    r.optionals(TV);
    return value;
  };
  switch (type) {
    case TYPE['PDN CONNECTIVITY REQUEST']: {
      const octet = r.u8('PDN type');
      const more = r.optionals(TV);
      const informationTransfer = (more.get(IEI.informationTransfer)?.[0] ?? 0) % 2 === 1;
      const types = { requestType: octet & 7, pdnType: (octet >> 4) & 7 };
      return {
        ...header,
        message: 'PDN CONNECTIVITY REQUEST',
        ...types,
        informationTransfer,
        ...optionalInformation(more),
      };
    }
    case TYPE['PDN CONNECTIVITY REJECT']:
      return { ...header, message: 'PDN CONNECTIVITY REJECT', cause: cause() };
    case TYPE['PDN DISCONNECT REJECT']:
      return { ...header, message: 'PDN DISCONNECT REJECT', cause: cause() };
    case TYPE['ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT']:
      return { ...header, message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT', cause: cause() };
    case TYPE['DEACTIVATE EPS BEARER CONTEXT REQUEST']:
      return { ...header, message: 'DEACTIVATE EPS BEARER CONTEXT REQUEST', cause: cause() };
    case TYPE['ESM STATUS']:
      return { ...header, message: 'ESM STATUS', cause: cause() };
    case TYPE['PDN DISCONNECT REQUEST']:
      return { ...header, message: 'PDN DISCONNECT REQUEST', linkedBearer: r.u8('linked bearer') & 15 };
    case TYPE['ESM INFORMATION REQUEST']:
      return { ...header, message: 'ESM INFORMATION REQUEST' };
    case TYPE['ESM DUMMY MESSAGE']:
      return { ...header, message: 'ESM DUMMY MESSAGE' };
    case TYPE['ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT']:
      return { ...header, message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT' };
    case TYPE['DEACTIVATE EPS BEARER CONTEXT ACCEPT']:
      return { ...header, message: 'DEACTIVATE EPS BEARER CONTEXT ACCEPT' };
    case TYPE['ESM INFORMATION RESPONSE']:
      return { ...header, message: 'ESM INFORMATION RESPONSE', ...optionalInformation(r.optionals(TV)) };
    case TYPE['ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST']: {
      const [qci] = r.lv('EPS QoS');
      const apn = decodeApn(r.lv('access point name'));
      const address = new NasReader(r.lv('PDN address'));
      if (qci === undefined) throw new NasError('bad-element', 'EPS QoS: empty');
      if ((address.u8('PDN address') & 7) !== PdnType.ipv4) throw new NasError('bad-element', 'PDN address: not IPv4');
      const ip = decodeIp(address.rest());
      const { pco } = optionalInformation(r.optionals(TV));
      return { ...header, message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST', qci, apn, ip, pco };
    }
    default:
      throw new NasError('unknown-message', `ESM message type ${type.toString(16)}`);
  }
}
