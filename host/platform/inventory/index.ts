// Inventory: gives devices their keys over the session that their SIM authenticated, and manages them from any network
// with those keys (LwM2M).
//   bootstrap.ts, account.ts  5683, in a session only;  registrar.ts  5684, DTLS-PSK;  management.ts  what devices are asked
//   devices.ts, keys.ts, associations.ts, requests.ts, readings.ts, models.ts  what is kept;  images.ts, offers.ts  firmware
//   intake.ts, notifications.ts, passing.ts  what devices say by themselves, and who gets it;  publish-api.ts  what devices without a SIM send over the management API;  api.ts, operations-api.ts, models-api.ts, device-view.ts, view.ts  what operators see
// inventory.ts puts these together. CoAP, DTLS and the payloads are in ../../coap, ../../dtls and ../../lwm2m.

import type { DtlsLimits } from '../../dtls/index.js';
import { harvestFiles } from '../harvest-files/index.js';
import { harvest } from '../harvest/index.js';
import type { HeldLimits } from '../limits.js';
import type { ServiceDefinition } from '../service.js';
import { deviceRoutes } from './api.js';
import { soracomInventory } from './config.js';
import { Inventory } from './inventory.js';
import { objectModelRoutes } from './models-api.js';
import { operationRoutes } from './operations-api.js';
import { publishRoutes } from './publish-api.js';

export { Inventory } from './inventory.js';

export interface InventoryOptions {
  /** Overrides of DTLS_LIMITS, for the device management server. */
  readonly dtlsLimits?: Partial<DtlsLimits> | undefined;
  /** Instead of BLOCK_LIMITS. */
  readonly blockLimits?: HeldLimits;
  /** Where bootstrapped devices are told to register; where the real platform's server is unless given. */
  readonly inventoryUri?: string;
}

export const inventory = {
  name: 'inventory',
  namespace: soracomInventory,
  start: (platform, { dtlsLimits, blockLimits, inventoryUri }: InventoryOptions) =>
    new Inventory(platform, {
      data: platform.use(harvest).store,
      files: platform.use(harvestFiles).files,
      services: platform.messageServices,
      traceOf: platform.traceOfSim,
      lasting: platform.lasting,
      ...{ dtlsLimits, blockLimits, serverUri: inventoryUri },
    }),
  routes: (service, { clock, directory, use }) => [
    ...deviceRoutes(service, directory),
    ...operationRoutes(service),
    ...publishRoutes({
      ...{ clock, directory, devices: service.devices, keys: service.keys },
      keep: (resource, message) => use(harvest).keep(resource, message),
    }),
    ...objectModelRoutes(service.models),
  ],
} satisfies ServiceDefinition<Inventory>;
