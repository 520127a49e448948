// The dialect of Quectel BG95 and BG96: the grammar of its own commands and unsolicited codes. The commands of V.250
// and TS 27.007 are in ../commands, the sockets themselves in ../sockets.ts; a further dialect is another folder
// like this one.

export { quectelDeviceCommands } from './device.js';
export { quectelSocketCommands } from './sockets.js';
export type { LastError } from './stream.js';
export { quectelListener } from './stream.js';
export { quectelTlsCommands } from './tls.js';
