// The clouds of a world: which there are, and their hosts as servers with certificates of the world's own authority.

import type { Clock } from '../clock/clock.js';
import { Random } from '../random.js';
import { AwsCloud, type AwsConfig } from './aws/index.js';
import { AzureCloud, type AzureConfig } from './azure/index.js';
import type { CertificateAuthority } from './ca.js';
import { type CloudHandler, CloudServer } from './cloud-server.js';
import { GoogleCloud, type GoogleConfig } from './google/index.js';
import { type KeySource, TokenVerifier } from './soracom-token.js';

export interface CloudsConfig {
  readonly aws?: AwsConfig;
  readonly azure?: AzureConfig;
  readonly google?: GoogleConfig;
  /** HTTPS servers of other makers, by host name. */
  readonly others?: Readonly<Record<string, CloudHandler>>;
}

export interface CloudsOptions {
  readonly clock: Clock;
  readonly authority: CertificateAuthority;
  /** Where functions find the keys of `x-soracom-token`. */
  readonly keys: KeySource;
  readonly random?: Random;
  /** The platform's own user at AWS, whom customers' roles may trust. */
  readonly platformKey?: NonNullable<AwsConfig['guests']>[number];
}

export class Clouds {
  readonly aws: AwsCloud;
  readonly azure: AzureCloud;
  readonly google: GoogleCloud;
  /** By host name; each at HTTPS port 443. */
  readonly servers: ReadonlyMap<string, CloudServer>;

  private constructor(makers: Pick<Clouds, 'aws' | 'azure' | 'google'>, servers: ReadonlyMap<string, CloudServer>) {
    this.aws = makers.aws;
    this.azure = makers.azure;
    this.google = makers.google;
    this.servers = servers;
  }

  static async create(config: CloudsConfig, options: CloudsOptions): Promise<Clouds> {
    const { clock, authority, keys, random = new Random('clouds'), platformKey } = options;
    const guests = [...(config.aws?.guests ?? []), ...(platformKey ? [platformKey] : [])];
    const verifier = new TokenVerifier(keys);
    const aws = new AwsCloud(clock, { ...config.aws, guests }, random.fork('aws'));
    const azure = new AzureCloud(clock, verifier, config.azure ?? {}, random.fork('azure'));
    const google = new GoogleCloud(clock, verifier, config.google ?? {}, random.fork('google'));
    const hosts: (readonly [string, CloudHandler])[] = [
      ...(config.aws ? aws.hosts : []),
      ...(config.azure ? azure.hosts : []),
      ...(config.google ? google.hosts : []),
      ...Object.entries(config.others ?? {}),
    ];
    // One certificate for all: making a key takes a while.
    const certificate = hosts.length > 0 ? await authority.issue(hosts.map(([host]) => host)) : undefined;
    const secure = certificate && { certificate };
    const servers = hosts.map(([host, handle]) => [host, new CloudServer({ clock, handle, ...secure })] as const);
    return new Clouds({ aws, azure, google }, new Map(servers));
  }

  /** The server of one host. Throws when there is none: a test has its name wrong. */
  server(host: string): CloudServer {
    const found = this.servers.get(host);
    if (found === undefined) throw new Error(`there is no ${host}, only ${[...this.servers.keys()].join(', ')}`);
    return found;
  }

  async close(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.close()));
  }
}
