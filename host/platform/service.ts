// What a service of the platform is. Each has a folder, whose index.ts has its definition; services.ts lists them.

import type { ServiceRegistry } from '../cellular/network.js';
import type { Trace } from '../trace/trace.js';
import type { Accounts, TokenSigner } from './accounts/index.js';
import type { OperatorApi } from './api/index.js';
import type { Route } from './api/routes.js';
import type { Namespace } from './config/namespace.js';
import type { ServiceContext } from './context.js';
import type { CertificateSupplier } from './http/tls-entry.js';
import type { SigningKeys } from './keys/keys.js';
import type { MessageService } from './message/message.js';

/** A service of one platform. It defines its own tables in the database when it is made. */
export interface Service {
  /** What takes messages of devices here: the Unified Endpoint and Inventory pass theirs to it. */
  readonly messages?: MessageService;
  /** Puts the service at its names and ports. */
  register(registry: ServiceRegistry): void;
  /** Resets devices' connections; what is under way is abandoned. */
  close(): void;
}

/** What a service is started with. */
export interface StartContext extends ServiceContext {
  /** Operators, their users, and what these may do. */
  readonly accounts: Accounts;
  /** Of tokens and links. */
  readonly signer: TokenSigner;
  /** The platform's own keys, whose public halves it publishes. */
  readonly keys: SigningKeys;
  /** Certificates of entry points over TLS; without it these are not there. */
  readonly certificates: CertificateSupplier | undefined;
  /** The management API for a SIM, about itself. */
  readonly api: Pick<OperatorApi, 'fetchFor'>;
  /** The database outlives the process. */
  readonly lasting: boolean;
  /** The trace of the device that holds this SIM; the world's own where there is none. */
  readonly traceOfSim: (imsi: string | undefined) => Trace;
  /** What takes messages, of the services that were started before this one. */
  readonly messageServices: readonly MessageService[];
  /** A service that was started before this one. Throws Error for any other. */
  readonly use: <S extends Service>(definition: ServiceDefinition<S>) => S;
}

/** A service before there is a platform. */
export interface ServiceDefinition<S extends Service = Service> {
  /** Its folder, and its short name in the trace. */
  readonly name: string;
  /** Its part of a group's configuration. */
  readonly namespace?: Namespace;
  /** `options`: of those that a platform is made with, the ones that the definition asks for. Tables are defined here. */
  readonly start: (platform: StartContext, options: never) => S;
  /** What operators do with what it keeps: its part of the management API. */
  routes?(service: S, platform: StartContext): readonly Route[];
}
