// The platform: what devices reach through their sessions, and what operators call. Who is calling is told by the session,
// never by a payload. One folder per service; services.ts lists them, service.ts says what one is. Below them: directory/
// is what operators configured, config/ how a group's configuration is read, database.ts where it is kept, http/ and
// message/ the devices' side of all services, outbound/ and cloud-delivery/ the way to customers' servers and clouds,
// accounts/ and api/ the operators' side; choices.ts holds every decision that the platform's documentation leaves open,
// limits.ts what a caller may consume. Subscribers' authentication and addresses are not here (host/cellular), customers'
// servers neither (host/cloud).

import type { Admission, ServiceRegistry, Session, TcpService } from '../cellular/network.js';
import type { Clock } from '../clock/clock.js';
import { Random } from '../random.js';
import type { Trace } from '../trace/trace.js';
import { Accounts, TokenSigner } from './accounts/index.js';
import { admit } from './air/admission.js';
import { OperatorApi } from './api/index.js';
import { Connections } from './connections.js';
import { FrontStatus } from './choices.js';
import { Database, storageFaultOf } from './database.js';
import { withDatagramRate } from './datagrams.js';
import { configFaults, Directory } from './directory/index.js';
import { operatorsOf } from './directory/schema.js';
import { harvestFiles } from './harvest-files/index.js';
import type { FileStore } from './harvest-files/store.js';
import { harvest } from './harvest/index.js';
import type { DataStore } from './harvest/store.js';
import { HeldBytes } from './held.js';
import { type CertificateSupplier, tlsEntry, type TlsEntryOptions } from './http/tls-entry.js';
import { type Inventory, inventory } from './inventory/index.js';
import { SigningKeys } from './keys/keys.js';
import {
  CONNECTION_LIMITS,
  DATAGRAM_LIMITS,
  HELD_LIMITS,
  HTTP_LIMITS,
  type HttpLimits,
  MESSAGE_LIMITS,
  type MessageLimits,
} from './limits.js';
import { Forwarder } from './outbound/forward.js';
import type { Upstream } from './outbound/upstream.js';
import { RateLimit } from './rate.js';
import { RunningTime } from './running-time.js';
import { Seal } from './seal.js';
import { NAMESPACES, type ServiceOptions, SERVICES } from './services.js';
import { StartedServices } from './started.js';
import type { ServiceContext } from './context.js';

export type { BeamEntry } from './beam/config.js';
export { AWS_ROLE } from './choices.js';
export {
  HARVEST_LIMITS,
  type HarvestLimits,
  HTTP_LIMITS,
  type HttpLimits,
  MESSAGE_LIMITS,
  type MessageLimits,
} from './limits.js';
export { Database, DatabaseError, storageFaultOf } from './database.js';
export { Accounts, type NewAuthKey, type Owner } from './accounts/index.js';
export { OperatorApi } from './api/index.js';
export * from './directory/index.js';
export type { BootstrapKnobs } from './inventory/knobs.js';
export { Inventory } from './inventory/index.js';
export type { CertificateSupplier } from './http/tls-entry.js';
export type { SigningKeys } from './keys/keys.js';
export { KEY_HOST, keySite, keyUrl, publishedKey } from './keys/site.js';
export type { AwsCredentials } from './outbound/aws-signature.js';
export type { Upstream } from './outbound/upstream.js';
export { Seal, SealError } from './seal.js';
export type { GroupConfigurationInput, PlatformConfig } from './services.js';
export type { ServiceContext } from './context.js';
export type { Service, ServiceDefinition } from './service.js';

export interface PlatformOptions extends ServiceOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly upstream: Upstream;
  /** Where everything is kept; in memory unless given. */
  readonly database?: Database;
  /** Protects secrets in the database; a key of this process unless given. */
  readonly seal?: Seal;
  readonly random?: Random;
  /** Certificates of the entry points that devices reach over TLS; without it these are not there. */
  readonly certificates?: CertificateSupplier;
  /** Entry points over TLS take simulated TLS as well (host/tls). */
  readonly simulatedTls?: boolean;
  /** What operators have configured: added to what the database already holds. */
  readonly config?: unknown;
  /** Names the configuration in errors, for example its file. */
  readonly configSource?: string;
  /** Overrides of HTTP_LIMITS. */
  readonly limits?: Partial<HttpLimits>;
  /** Overrides of MESSAGE_LIMITS. */
  readonly messageLimits?: Partial<MessageLimits>;
  /** The platform's own user at AWS; without one no `aws-iam-role-credentials` work. */
  readonly awsKey?: ServiceContext['awsKey'];
  /** Name of the device that holds this SIM, for the trace. */
  readonly deviceOf?: (imsi: string) => string | undefined;
  /** The open session of a subscriber, as the network knows it: shown by the API, closed when the SIM is suspended. */
  readonly sessionOf?: (imsi: string) => Session | undefined;
}

/** All that is wrong with what an operator configures, one line for each fault. `path`: where it is. */
export const platformConfigFaults = (config: unknown, path: readonly PropertyKey[] = []): readonly string[] =>
  configFaults(NAMESPACES, config, path);

const API_NAME = 'api.soracom.io';

export class Platform {
  readonly directory: Directory;
  /** The keys of its tokens; `keySite` publishes them. */
  readonly keys: SigningKeys;
  /** Operators and their ways in; users and roles. */
  readonly accounts: Accounts;
  /** What operators call. */
  readonly api: OperatorApi;
  /** What devices sent to Harvest Data. */
  readonly data: DataStore;
  /** What Harvest Files keeps. */
  readonly files: FileStore;
  /** Devices with keys of their own, and the servers they talk to. */
  readonly inventory: Inventory;
  readonly #database: Database;
  readonly #running: RunningTime;
  readonly #services: StartedServices;
  #closed = false;
  readonly #tls: Pick<TlsEntryOptions, 'clock' | 'simulated' | 'limits'>;
  readonly #connections = new Connections(CONNECTION_LIMITS);
  readonly #rate: RateLimit;
  readonly #certificates: CertificateSupplier | undefined;

  /** Throws PlatformConfigError, DatabaseError or SealError. */
  constructor(options: PlatformOptions) {
    const { clock, trace, upstream, deviceOf, random = new Random('platform') } = options;
    const { database = new Database(), seal = new Seal() } = options;
    const limits = { ...HTTP_LIMITS, ...options.limits };
    const unixMs = (): number => clock.unixMs();
    this.#database = database;
    database.onLost = ({ message: reason }) => {
      const { StorageFault: status } = FrontStatus;
      trace.emit({ type: 'service', service: 'platform', event: 'storage-fault', id: 0, status, reason, imsi: '' });
    };
    this.#tls = { clock, simulated: options.simulatedTls ?? false, limits };
    this.#certificates = options.certificates;
    this.#running = new RunningTime(database, clock);
    this.#rate = new RateLimit(clock, DATAGRAM_LIMITS);
    this.directory = new Directory({ namespaces: NAMESPACES, database, seal, unixMs });
    this.directory.seed(options.config ?? {}, options.configSource);
    this.keys = new SigningKeys({ clock, database, seal });
    const held = new HeldBytes(HELD_LIMITS);
    let lastId = 0;
    const traceOfSim = (imsi: string | undefined): Trace => {
      const device = imsi === undefined ? undefined : deviceOf?.(imsi);
      return device === undefined ? trace : trace.of(device);
    };
    const context: ServiceContext = {
      ...{ clock, upstream, database, seal, random, limits, awsKey: options.awsKey, running: this.#running },
      simulatedTls: options.simulatedTls ?? false,
      held,
      rate: this.#rate,
      directory: this.directory,
      forwarder: new Forwarder(clock, upstream, limits, held),
      messageLimits: { ...MESSAGE_LIMITS, ...options.messageLimits },
      traceOf: ({ imsi }): Trace => traceOfSim(imsi),
      nextId: () => ++lastId,
    };
    const signer = new TokenSigner(database, seal);
    this.accounts = new Accounts({ database, clock, signer, running: this.#running });
    this.accounts.seed(operatorsOf(options.config ?? {}), options.configSource ?? 'platform configuration');
    this.#services = new StartedServices(
      SERVICES,
      {
        ...{ ...context, accounts: this.accounts, signer, keys: this.keys, certificates: options.certificates },
        ...{ traceOfSim, lasting: options.database !== undefined },
        api: { fetchFor: (caller, request) => this.api.fetchFor(caller, request) },
      },
      options,
    );
    const { sessionOf = () => undefined } = options;
    this.api = new OperatorApi({ context, accounts: this.accounts, trace, sessionOf, routes: this.#services.routes });
    this.data = this.#services.use(harvest).store;
    this.files = this.#services.use(harvestFiles).files;
    this.inventory = this.#services.use(inventory);
  }

  /** Whether a SIM may have a session; one that is ready or on standby becomes active. */
  admit(imsi: string): Admission {
    return admit(this.directory, imsi);
  }

  /** Puts the services at their names and ports. */
  register(network: ServiceRegistry): void {
    const registry = withDatagramRate(this.#connections.before(network), this.#rate);
    this.#services.register(registry);
    // The management API is on the Internet, which a device reaches, too: there a device acts as the user whose token it has.
    registry.name(API_NAME);
    if (this.#certificates !== undefined) {
      const accept: TcpService = (stream, { ip }) => this.api.accept(stream, ip);
      registry.tcp(
        API_NAME,
        443,
        tlsEntry({ ...this.#tls, names: [API_NAME], certificates: this.#certificates }, accept),
      );
    }
  }

  /** Resets the devices' connections; what was under way to customers' servers is abandoned. Closes the database. May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#services.close();
    this.api.close();
    try {
      this.#running.keep();
    } catch (error) {
      if (storageFaultOf(error) === undefined) throw error; // things stay a while longer
    }
    this.#database.close();
  }
}
