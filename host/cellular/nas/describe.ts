// A NAS message for the trace: its name, and what a person wants to see of it. RES and passwords stay Secret.

import { toHex } from '../../bytes.js';
import { Secret } from '../../secret.js';
import type { TraceBody } from '../../trace/events.js';
import type { EmmMessage } from './emm.js';
import { decodeEsm } from './esm.js';
import type { EsmMessage } from './esm.js';
import type { MobileIdentity } from './elements.js';
import { NasError } from './bytes.js';

export type NasMessage = EmmMessage | EsmMessage;
type Fields = Record<string, string | number | Secret>;

/** The trace event of `message`, which crosses the air as `bytes`. Bytes that hold a secret are a Secret as a whole. */
export function nasEvent(from: 'modem' | 'network', message: NasMessage, bytes: Uint8Array): TraceBody {
  const shown = holdsSecret(message) ? new Secret(bytes) : toHex(bytes);
  return { type: 'nas', from, message: message.message, bytes: shown, fields: fieldsOf(message) };
}

function holdsSecret(m: NasMessage): boolean {
  if (m.message === 'AUTHENTICATION RESPONSE') return true;
  return (m.message === 'ESM INFORMATION RESPONSE' || m.message === 'PDN CONNECTIVITY REQUEST') && m.pco !== undefined;
}

function fieldsOf(m: NasMessage): Fields {
  switch (m.message) {
    case 'ATTACH REQUEST':
      return {
        ...identityFields(m.identity),
        ksi: m.ksi,
        capability: toHex(m.ueNetworkCapability),
        ...embedded(m.esm),
      };
    case 'ATTACH ACCEPT':
      return { plmn: m.tai.plmn, tac: m.tai.tac, ...(m.t3412 !== undefined && { t3412: m.t3412 }), ...embedded(m.esm) };
    case 'ATTACH COMPLETE':
      return embedded(m.esm);
    case 'DETACH REQUEST':
      return { detachType: m.detachType, ...(m.from === 'network' && m.cause !== undefined && { cause: m.cause }) };
    case 'AUTHENTICATION REQUEST':
      return { ksi: m.ksi, rand: toHex(m.rand), autn: toHex(m.autn) };
    case 'AUTHENTICATION RESPONSE':
      return { res: new Secret(m.res) };
    case 'AUTHENTICATION FAILURE':
      return { cause: m.cause, ...(m.auts && { auts: toHex(m.auts) }) };
    case 'IDENTITY REQUEST':
      return { identityType: m.identityType };
    case 'IDENTITY RESPONSE':
      return identityFields(m.identity);
    case 'TRACKING AREA UPDATE REQUEST':
      return { ...identityFields(m.identity), ...bearerFields(m.bearers) };
    case 'TRACKING AREA UPDATE ACCEPT':
      return bearerFields(m.bearers);
    case 'SECURITY MODE COMMAND':
      return { eea: m.eea, eia: m.eia, ksi: m.ksi };
    case 'PDN CONNECTIVITY REQUEST':
    case 'ESM INFORMATION RESPONSE':
      return { pti: m.pti, ...(m.apn !== undefined && { apn: m.apn }) };
    case 'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST':
      return { bearer: m.bearer, pti: m.pti, apn: m.apn, ip: m.ip, qci: m.qci };
    default:
      return { ...('cause' in m && { cause: m.cause }), ...('bearer' in m && { bearer: m.bearer, pti: m.pti }) };
  }
}

function bearerFields(bearers: readonly number[] | undefined): Fields {
  return bearers ? { bearers: bearers.join(' ') } : {};
}

function identityFields(identity: MobileIdentity): Fields {
  if (identity.kind !== 'guti') return { [identity.kind]: identity.digits };
  return { mTmsi: identity.guti.mTmsi };
}

/** The name of the ESM message inside an EMM message. */
function embedded(esm: Uint8Array): Fields {
  try {
    return { esm: decodeEsm(esm).message };
  } catch (error) {
    if (error instanceof NasError) return { esm: error.message };
    throw error;
  }
}
