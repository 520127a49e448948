// The services that the platform has.

import type { z } from 'zod';
import { soracomAir } from './air/config.js';
import { soracomBeam } from './beam/config.js';
import { Namespaces } from './config/namespace.js';
import type { DirectoryConfig } from './directory/index.js';
import { soracomEndorse } from './endorse/config.js';
import { soracomFunk } from './funk/config.js';
import { soracomFunnel } from './funnel/config.js';
import { soracomHarvestFiles } from './harvest-files/config.js';
import { soracomHarvest } from './harvest/config.js';
import { soracomInventory } from './inventory/config.js';
import { unifiedEndpoint } from './unified/config.js';

const ALL = [
  soracomAir,
  soracomBeam,
  soracomEndorse,
  soracomFunk,
  soracomFunnel,
  soracomHarvest,
  soracomHarvestFiles,
  soracomInventory,
  unifiedEndpoint,
] as const;

/** What a group may be configured for. */
export const NAMESPACES = new Namespaces(ALL, ['SoracomKrypton', 'SoracomOrbit', 'SoracomFlux']);

/** A group's configuration as an operator writes it. */
export type GroupConfigurationInput = {
  readonly [N in (typeof ALL)[number] as N['name']]?: z.input<N['schema']> | undefined;
};

/** What the operator configures. Secrets are plain text here, and `Secret` from the moment it is read. */
export type PlatformConfig = Omit<DirectoryConfig, 'groups'> & {
  readonly groups?: Readonly<Record<string, { readonly configuration: GroupConfigurationInput }>> | undefined;
};
