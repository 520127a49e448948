// The services that the platform has: each is a folder and a line here.

import type { z } from 'zod';
import { soracomAir } from './air/config.js';
import { beam } from './beam/index.js';
import { type Namespace, Namespaces } from './config/namespace.js';
import type { DirectoryConfig } from './directory/index.js';
import { endorse } from './endorse/index.js';
import { funk } from './funk/index.js';
import { funnel } from './funnel/index.js';
import { harvestFiles } from './harvest-files/index.js';
import { harvest } from './harvest/index.js';
import { inventory } from './inventory/index.js';
import { metadata } from './metadata/index.js';
import type { Service, ServiceDefinition } from './service.js';
import { unified } from './unified/index.js';

/** Those that take messages, in the order in which the documentation of the Unified Endpoint lists their answers. */
export const MESSAGE_SERVICES = [beam, funnel, funk, harvest] as const;

/** In the order in which they are started: a service may use those above it. */
export const SERVICES = [
  ...MESSAGE_SERVICES,
  harvestFiles,
  endorse,
  metadata,
  unified(MESSAGE_SERVICES),
  inventory,
] as const satisfies readonly ServiceDefinition<Service>[];

type Listed = (typeof SERVICES)[number];

/** Namespaces of services that the platform has and the emulator does not have yet. */
const LATER = ['SoracomKrypton', 'SoracomOrbit', 'SoracomFlux'];

/** What a group may be configured for: the SIMs' own settings, and each service's. */
export const NAMESPACES = new Namespaces(
  [soracomAir, ...SERVICES.flatMap((service): Namespace[] => ('namespace' in service ? [service.namespace] : []))],
  LATER,
);

type ListedNamespace = typeof soracomAir | Extract<Listed, { readonly namespace: Namespace }>['namespace'];

/** A group's configuration as an operator writes it. */
export type GroupConfigurationInput = {
  readonly [N in ListedNamespace as N['name']]?: z.input<N['schema']> | undefined;
};

/** What the operator configures. Secrets are plain text here, and `Secret` from the moment it is read. */
export type PlatformConfig = Omit<DirectoryConfig, 'groups'> & {
  readonly groups?: Readonly<Record<string, { readonly configuration: GroupConfigurationInput }>> | undefined;
};

type Asks<S> = S extends (platform: never, options: infer O) => unknown ? (options: O) => void : never;

/** What the services ask of who makes a platform, all together. */
export type ServiceOptions = Asks<Listed['start']> extends (options: infer All) => void ? All : never;
