// The mobile network: home subscriber server, attach with mutual authentication, sessions (IMSI <-> IP address), name
// resolution, the way to the platform's services, impairments.
// network.ts has the contracts with the modem and the services; home-network.ts puts the parts together; mme.ts,
// ue-context.ts, pdn.ts and nas/ are signalling, session.ts and packet/ the bytes of applications, hss/ the subscribers.
// Not here: the modem's half of NAS (host/modem/baseband), and what services do with a caller (host/platform).

export type { Air, BearerPath, CellInfo } from './air.js';
export { HomeNetwork } from './home-network.js';
export type { AttachPoint, HomeNetworkOptions } from './home-network.js';
export { Impairments } from './impairments.js';
export type { LinkQuality } from './impairments.js';
export { MemorySubscribers, SubscriberStoreError } from './hss/index.js';
export type { AuthSubscriber, SubscriberStore } from './hss/index.js';
export type { Apn } from './pdn.js';
