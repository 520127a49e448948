// The SIM card seen from outside: what is personalised into it (profile, files, personalise), the slot with its contacts
// (slot, line), and the reader that speaks over them (terminal, t0, atr) or past them (direct). The card itself is
// assembly/sim; what a modem does with a card is in ../modem.

export { type Atr, AtrError, parseAtr } from './atr.js';
export { CharacterCard, type Framing, LineDecoder, encodeLine } from './character-port.js';
export { directCard, type DirectCardOptions } from './direct.js';
export { FileStore, FileStoreError } from './file-store.js';
export { standardFiles } from './files.js';
export { IsoLine, type Contact, type LineCharacter, type LineFaults } from './line.js';
export { type FaultRates, seededFaults } from './line-faults.js';
export { newProfile } from './new-profile.js';
export { personalise, StoreKey } from './personalise.js';
export {
  loadSimProfile,
  loadSimRange,
  parseSimProfile,
  parseSimRange,
  type SimProfile,
  type SimRange,
} from './profile.js';
export { ProfileError, profileJsonSchema } from './profile-schema.js';
export { type CardAnswer, CardError, type CardReader, exchange } from './reader.js';
export { CardSlot, type Chip, type SimCard, type SlotOptions } from './slot.js';
export { Terminal, type TerminalOptions } from './terminal.js';
export { VPCD_PORT, VpcdCard, type VpcdEnd, VpcdMessages, VpcdOrder, joinVpcd, vpcdMessage } from './vpcd.js';
