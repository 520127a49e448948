// The account that a device is given: an instance of Security and one of Server, as values (OMA LwM2M Core E.1, E.2).

import type { PskKey } from '../../dtls/index.js';
import type { Leaf, Path, ResourceType, Value } from '../../lwm2m/index.js';
import { INVENTORY } from '../choices.js';
import type { SoracomInventory } from './config.js';
import type { BootstrapKnobs } from './knobs.js';

const PSK = 0;
const NO_SEC = 3;

export interface Account {
  readonly security: { readonly path: Path; readonly leaves: readonly Leaf[] };
  readonly server: { readonly path: Path; readonly leaves: readonly Leaf[] };
}

export interface AccountOptions {
  readonly config: SoracomInventory;
  readonly serverUri: string;
  readonly knobs: BootstrapKnobs;
  /** Of Security. */
  readonly instance: number;
}

export function accountOf(
  deviceId: string,
  { key }: PskKey,
  { config, serverUri, knobs, instance }: AccountOptions,
): Account {
  const { shortServerId = INVENTORY.shortServerId, lifetime = INVENTORY.lifetimeSeconds } = config;
  const security: Path = [0, instance];
  const server: Path = [1, knobs.serverInstance ?? INVENTORY.serverInstance];
  const shortId = (path: Path, resource: number): Leaf[] =>
    knobs.omitShortServerId === true ? [] : [leaf(path, resource, 'integer', shortServerId)];
  return {
    security: {
      path: security,
      leaves: [
        leaf(security, 0, 'string', knobs.serverUri ?? serverUri),
        leaf(security, 1, 'boolean', false),
        leaf(security, 2, 'integer', PSK),
        leaf(security, 3, 'opaque', Buffer.from(deviceId)),
        leaf(security, 4, 'opaque', Buffer.alloc(0)),
        leaf(security, 5, 'opaque', Buffer.from(key.reveal())),
        ...shortId(security, 10),
      ],
    },
    server: {
      path: server,
      leaves: [
        ...shortId(server, 0),
        leaf(server, 1, 'integer', knobs.lifetime ?? lifetime),
        leaf(server, 6, 'boolean', false),
        leaf(server, 7, 'string', 'U'),
        ...(knobs.unknownResource === true ? [leaf(server, 30_000, 'string', 'what is this?')] : []),
      ],
    },
  };
}

/** Another bootstrap account: there may be one only. */
export function secondBootstrapAccount(): Account['security'] {
  const path: Path = [0, 7];
  return {
    path,
    leaves: [
      leaf(path, 0, 'string', 'coap://elsewhere.example:5683'),
      leaf(path, 1, 'boolean', true),
      leaf(path, 2, 'integer', NO_SEC),
      ...[3, 4, 5].map((resource) => leaf(path, resource, 'opaque', Buffer.alloc(0))),
    ],
  };
}

const leaf = (path: Path, resource: number, type: ResourceType, value: Value): Leaf => ({
  ...{ path: [...path, resource], type, value },
});
