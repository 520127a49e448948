// Non-access stratum of EPS (TS 24.301): what a modem and the network say to each other.
// Here: the codec of EMM and ESM messages and their elements, protocol configuration options, and the protection of
// messages by MAC, cipher and NAS COUNT. Each parser throws NasError and nothing else, whatever it is given.
// Not here: who says what when (../mme.ts for the network, host/modem/baseband for the modem).

export { NasError } from './bytes.js';
export { IdentityType, PdnType, encodePlmn } from './elements.js';
export type { Guti, MobileIdentity, PlmnDigits } from './elements.js';
export { EmmCause, NO_KEY, decodeEmm, encodeEmm } from './emm.js';
export type { Direction, EmmMessage } from './emm.js';
export { EsmCause, PD_ESM, decodeEsm, encodeEsm } from './esm.js';
export type { EsmMessage } from './esm.js';
export { answerPco, dnsOf, requestPco } from './pco.js';
export type { PcoOption } from './pco.js';
export { repeat } from './repeat.js';
export { Eea, Eia, NasSecurity, SecurityHeader, openProtected, securityHeaderOf } from './security.js';
export { nasEvent } from './describe.js';
export type { NasMessage } from './describe.js';
