// SoracomInventory in a group's configuration: whether its SIMs get credentials, and how their devices are managed.

import { z } from 'zod';
import { parsePath } from '../../lwm2m/path.js';
import { optional, switchField } from '../config/fields.js';
import { type Configured, Namespace } from '../config/namespace.js';
import { INVENTORY_LIMITS } from '../limits.js';

const observed = z
  .string()
  .refine((text) => (parsePath(text)?.length ?? 0) >= 2, 'must be an instance or a resource, as /3/0 or /3/0/9');

export const soracomInventory = new Namespace(
  'SoracomInventory',
  z.object({
    enabled: switchField(),
    /** What a bootstrapped device gets: seconds for which a registration is good, and the server's number. */
    lifetime: optional(z.int().min(1).max(4_294_967)),
    shortServerId: optional(z.int().min(1).max(65_534)),
    /** Observed as soon as a device registers. */
    observe: optional(z.array(observed).max(INVENTORY_LIMITS.observations)),
    /** Observed values go to Harvest Data. */
    harvestEnabled: optional(z.boolean()),
  }),
);
export type SoracomInventory = Configured<typeof soracomInventory>;
