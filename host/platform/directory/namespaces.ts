// `group.configuration.{namespace}.{key}`: each service keeps the schema of its namespace in its own folder.

import { z } from 'zod';
import { soracomAir } from '../air/config.js';
import { soracomBeam } from '../beam/config.js';
import { soracomEndorse } from '../endorse/config.js';
import { soracomFunk } from '../funk/config.js';
import { soracomFunnel } from '../funnel/config.js';
import { soracomHarvestFiles } from '../harvest-files/config.js';
import { soracomHarvest } from '../harvest/config.js';
import { soracomInventory } from '../inventory/config.js';
import { unifiedEndpoint } from '../unified/config.js';

export const groupConfiguration = z.object({
  SoracomAir: soracomAir.optional(),
  SoracomBeam: soracomBeam.optional(),
  SoracomEndorse: soracomEndorse.optional(),
  SoracomFunk: soracomFunk.optional(),
  SoracomFunnel: soracomFunnel.optional(),
  SoracomHarvest: soracomHarvest.optional(),
  SoracomHarvestFiles: soracomHarvestFiles.optional(),
  SoracomInventory: soracomInventory.optional(),
  UnifiedEndpoint: unifiedEndpoint.optional(),
});

/** Namespaces of services that the platform has and the emulator does not have yet. */
export const LATER_NAMESPACES: readonly string[] = ['SoracomKrypton', 'SoracomOrbit', 'SoracomFlux'];

/** As it is used: secrets are `Secret`s. */
export type GroupConfiguration = z.output<typeof groupConfiguration>;
/** As an operator writes it. */
export type GroupConfigurationInput = z.input<typeof groupConfiguration>;
