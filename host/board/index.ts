// Runs device binaries: the board ABI answered by the host, UART lines with true bit timing, a store that can be made
// to fail. What is at the far end of a line (a modem, a card slot) does not live here.

export { BOARD_ABI, LogLevel, NetKind, NetState, RestartCause, Status, UartEvent, UartFormat } from './abi.js';
export { Board, type BoardOptions } from './board.js';
export { FIRMWARE_HEADER_BYTES, firmwarePackage, type FirmwarePackage } from './firmware-package.js';
export { FirmwareFlash, type FlashFate, type FlashOptions } from './firmware.js';
export { ModuleError, type AppExports } from './module.js';
export type { Sensors } from './sensors.js';
export { SerialEnd, SerialLine, type UartDelivery } from './serial.js';
export { MemoryStore, PowerCut, type Store, type WriteFate } from './store.js';
export type { UartDevice } from './uart.js';
