// One of each message, for the tests of the codec.

import { fromHex } from '../../../host/bytes.js';
import { encodeEsm, requestPco } from '../../../host/cellular/nas/index.js';
import type { Direction, EmmMessage, EsmMessage } from '../../../host/cellular/nas/index.js';
import { Secret } from '../../../host/secret.js';

export const IMSI = { kind: 'imsi', digits: '440103123456789' } as const;
export const GUTI = { plmn: '44010', mmeGroup: 0x8001, mmeCode: 0x1f, mTmsi: 0xc0ffee01 } as const;

export const credentials = (auth: 'none' | 'pap' | 'chap', password = 'sora') => ({
  auth,
  user: 'sora',
  password: new Secret(Buffer.from(password)),
  chapChallenge: new Uint8Array(16).fill(0x5a),
});

const dummy = encodeEsm({ message: 'ESM DUMMY MESSAGE', bearer: 0, pti: 0 });

export const emmMessages: readonly { readonly direction: Direction; readonly message: EmmMessage }[] = [
  {
    direction: 'uplink',
    message: {
      message: 'ATTACH REQUEST',
      attachType: 1,
      ksi: 7,
      identity: IMSI,
      ueNetworkCapability: fromHex('a02000000020'),
      esm: dummy,
    },
  },
  {
    direction: 'downlink',
    message: {
      message: 'ATTACH ACCEPT',
      result: 1,
      t3412: 3240,
      tai: { plmn: '44010', tac: 0x1a2b },
      esm: dummy,
      guti: GUTI,
      features: Uint8Array.of(0x40),
    },
  },
  { direction: 'uplink', message: { message: 'ATTACH COMPLETE', esm: dummy } },
  { direction: 'downlink', message: { message: 'ATTACH REJECT', cause: 8 } },
  {
    direction: 'uplink',
    message: {
      message: 'DETACH REQUEST',
      from: 'modem',
      detachType: 9,
      ksi: 0,
      identity: { kind: 'guti', guti: GUTI },
    },
  },
  { direction: 'downlink', message: { message: 'DETACH REQUEST', from: 'network', detachType: 2, cause: 10 } },
  { direction: 'downlink', message: { message: 'DETACH ACCEPT' } },
  {
    direction: 'uplink',
    message: { message: 'TRACKING AREA UPDATE REQUEST', updateType: 3, ksi: 0, identity: { kind: 'guti', guti: GUTI } },
  },
  {
    direction: 'uplink',
    message: {
      message: 'TRACKING AREA UPDATE REQUEST',
      updateType: 0,
      ksi: 0,
      identity: { kind: 'guti', guti: GUTI },
      bearers: [5, 15],
    },
  },
  { direction: 'downlink', message: { message: 'TRACKING AREA UPDATE ACCEPT', result: 0 } },
  { direction: 'downlink', message: { message: 'TRACKING AREA UPDATE ACCEPT', result: 0, bearers: [] } },
  { direction: 'downlink', message: { message: 'TRACKING AREA UPDATE ACCEPT', result: 0, bearers: [5, 8] } },
  { direction: 'downlink', message: { message: 'TRACKING AREA UPDATE REJECT', cause: 10 } },
  {
    direction: 'downlink',
    message: {
      message: 'AUTHENTICATION REQUEST',
      ksi: 0,
      rand: fromHex('23553cbe9637a89d218ae64dae47bf35'),
      autn: fromHex('aa689c6483508000904cbb451b65def8'),
    },
  },
  { direction: 'uplink', message: { message: 'AUTHENTICATION RESPONSE', res: fromHex('a54211d5e3ba50bf') } },
  { direction: 'downlink', message: { message: 'AUTHENTICATION REJECT' } },
  { direction: 'downlink', message: { message: 'IDENTITY REQUEST', identityType: 1 } },
  { direction: 'uplink', message: { message: 'IDENTITY RESPONSE', identity: IMSI } },
  {
    direction: 'uplink',
    message: { message: 'IDENTITY RESPONSE', identity: { kind: 'imei', digits: '866425030000004' } },
  },
  { direction: 'uplink', message: { message: 'AUTHENTICATION FAILURE', cause: 20, auts: undefined } },
  {
    direction: 'uplink',
    message: { message: 'AUTHENTICATION FAILURE', cause: 21, auts: fromHex('4f2039392ddd4bb4316ed4a14688') },
  },
  {
    direction: 'downlink',
    message: { message: 'SECURITY MODE COMMAND', eea: 0, eia: 2, ksi: 0, capabilities: fromHex('a020') },
  },
  { direction: 'uplink', message: { message: 'SECURITY MODE COMPLETE' } },
  { direction: 'uplink', message: { message: 'SECURITY MODE REJECT', cause: 24 } },
  { direction: 'uplink', message: { message: 'EMM STATUS', cause: 97 } },
];

const pti = { bearer: 0, pti: 1 };

export const esmMessages: readonly { readonly direction: Direction; readonly message: EsmMessage }[] = [
  {
    direction: 'uplink',
    message: {
      message: 'PDN CONNECTIVITY REQUEST',
      ...pti,
      requestType: 1,
      pdnType: 1,
      informationTransfer: true,
      apn: undefined,
      pco: undefined,
    },
  },
  { direction: 'downlink', message: { message: 'ESM INFORMATION REQUEST', ...pti } },
  {
    direction: 'uplink',
    message: { message: 'ESM INFORMATION RESPONSE', ...pti, apn: 'soracom.io', pco: requestPco(credentials('pap')) },
  },
  {
    direction: 'downlink',
    message: {
      message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST',
      bearer: 5,
      pti: 1,
      qci: 9,
      apn: 'soracom.io',
      ip: '10.236.152.129',
      pco: [
        { id: 0xc023, content: fromHex('0201000500') },
        { id: 0x8021, content: fromHex('030000108106647f00358306647f0135') },
      ],
    },
  },
  { direction: 'uplink', message: { message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT', bearer: 5, pti: 0 } },
  {
    direction: 'uplink',
    message: { message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT', bearer: 5, pti: 0, cause: 31 },
  },
  { direction: 'downlink', message: { message: 'PDN CONNECTIVITY REJECT', ...pti, cause: 27 } },
  { direction: 'uplink', message: { message: 'PDN DISCONNECT REQUEST', bearer: 0, pti: 2, linkedBearer: 5 } },
  { direction: 'downlink', message: { message: 'PDN DISCONNECT REJECT', bearer: 0, pti: 2, cause: 43 } },
  {
    direction: 'downlink',
    message: { message: 'DEACTIVATE EPS BEARER CONTEXT REQUEST', bearer: 5, pti: 0, cause: 36 },
  },
  { direction: 'uplink', message: { message: 'DEACTIVATE EPS BEARER CONTEXT ACCEPT', bearer: 5, pti: 0 } },
  { direction: 'downlink', message: { message: 'ESM STATUS', ...pti, cause: 97 } },
  { direction: 'uplink', message: { message: 'ESM DUMMY MESSAGE', bearer: 0, pti: 0 } },
];
