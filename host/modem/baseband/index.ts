// The baseband: the modem's side of NAS, and its end of the PDN connection.
// radio.ts is what the AT interpreter drives (`Radio` of host/cellular/network.ts); the SIM is asked through `Usim` only.
// Not here: when to attach or try again (../attachment.ts), AT commands, sockets as AT shows them.

export { Baseband } from './radio.js';
export type { BasebandOptions } from './radio.js';
