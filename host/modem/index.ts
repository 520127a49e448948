// The emulated modem: AT commands on one side; a card reader and a radio on the other.
//   at/        the line: characters, command lines, result codes, unsolicited codes between them
//   commands/  V.250 and TS 27.007
//   dialect.ts  what makers do differently; each has a folder, models.ts lists their models
//   core.ts and sim.ts, attachment.ts, contexts.ts, sockets.ts  what the commands work on, the same for every modem
//   data-card.ts  a SIM in a computer: attach and one session, without AT commands
// Not here: the card (../sim), the network (../cellular). The baseband that speaks NAS is baseband/.

export { DataCard, type DataCardOptions } from './data-card.js';
export type { ModemOptions, ModemSerial } from './modem.js';
export { Modem } from './modem.js';
export type { Dialect } from './dialect.js';
export { MODEM_MODELS } from './models.js';
export { ModemEnd } from './modem-end.js';
