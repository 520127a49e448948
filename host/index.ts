// The host API: what tests of firmware, and tools around it, build on.

export {
  Board,
  FirmwareFlash,
  MemoryStore,
  ModuleError,
  SerialLine,
  type UartDelivery,
  firmwarePackage,
  type BoardOptions,
  type FirmwarePackage,
  type Sensors,
} from './board/index.js';
export { HOUR, MINUTE, MS, SECOND, US, type Clock, type Nanoseconds } from './clock/clock.js';
export { RealClock } from './clock/real.js';
export { VirtualClock } from './clock/virtual.js';
export { CustomerServer, type CustomerMessage } from './cloud/index.js';
export { MODEM_MODELS } from './modem/index.js';
export { releaseBinary } from './package-root.js';
export { Platform, PlatformConfigError, type PlatformConfig } from './platform/index.js';
export { Secret } from './secret.js';
export {
  FileStore,
  ProfileError,
  loadSimProfile,
  loadSimRange,
  parseSimProfile,
  seededFaults,
  type SimCard,
  type SimProfile,
  type SimRange,
} from './sim/index.js';
export type { TraceEvent } from './trace/events.js';
export { toJsonLine } from './trace/json-lines.js';
export { Trace } from './trace/trace.js';
export {
  Device,
  World,
  makeCard,
  type CustomerConfig,
  type DeviceConfig,
  type SubscriberConfig,
  type WorldConfig,
} from './world.js';
