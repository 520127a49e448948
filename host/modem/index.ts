// The emulated modem: AT commands on one side; a card reader and a radio on the other.
//   at/        the line: characters, command lines, result codes, unsolicited codes between them
//   commands/  V.250 and TS 27.007;  quectel/  the vendor's own words
//   sim.ts, attachment.ts, contexts.ts, sockets.ts  what the commands work on, the same for every vendor
//   data-card.ts  a SIM in a computer: attach and one session, without AT commands
// Not here: the card (../sim), the network (../cellular). The baseband that speaks NAS is baseband/.

export { DataCard, type DataCardOptions } from './data-card.js';
export type { ModemOptions, ModemSerial } from './modem.js';
export { Modem } from './modem.js';
export type { ModemModel } from './identity.js';
export { ModemEnd } from './modem-end.js';
