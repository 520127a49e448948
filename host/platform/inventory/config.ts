// SoracomInventory in a group's configuration: whether its SIMs get credentials, and how their devices are managed.

import { z } from 'zod';
import { parsePath } from '../../lwm2m/path.js';
import { INVENTORY } from '../choices.js';

const observed = z
  .string()
  .refine((text) => (parsePath(text)?.length ?? 0) >= 2, 'an instance or a resource is wanted, as /3/0 or /3/0/9');

export const soracomInventory = z.strictObject({
  enabled: z.boolean(),
  /** What a bootstrapped device gets: seconds for which a registration is good, and the server's number. */
  lifetime: z.int().min(1).max(4_294_967).optional(),
  shortServerId: z.int().min(1).max(65_534).optional(),
  /** Observed as soon as a device registers. */
  observe: z.array(observed).max(INVENTORY.observations).optional(),
  /** Observed values go to Harvest Data. */
  harvestEnabled: z.boolean().optional(),
});
export type SoracomInventory = z.output<typeof soracomInventory>;
