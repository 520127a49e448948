// What is outside the platform in a world: customers' servers, clouds, the authority that certifies them, and the way to them.

import type { Clock } from './clock/clock.js';
import {
  CertificateAuthority,
  Clouds,
  type CloudHandler,
  type CloudsConfig,
  CloudServer,
  CustomerServer,
  type CustomerServerOptions,
  InProcessUpstream,
  type SocketOptions,
  SocketUpstream,
} from './cloud/index.js';
import { httpsGet } from './cloud/https-get.js';
import { AWS_ROLE, type AwsCredentials, KEY_HOST, keyUrl, type Platform, publishedKey } from './platform/index.js';
import type { Random } from './random.js';
import { Secret } from './secret.js';
import type { Trace } from './trace/trace.js';

/** A customer's HTTPS server, with a certificate of the world's own authority, which the platform trusts. */
export interface CustomerConfig {
  readonly host: string;
  /** 443 unless given. On a real clock the server listens on a free loopback port behind this name. */
  readonly port?: number;
  /** The key of Beam's signature, as the customer was told it. */
  readonly psk: string;
  /** What the customer's application finds wrong with a signed request, if anything; it then answers 422. */
  readonly check?: CustomerServerOptions['check'];
}

export interface OutsideConfig {
  /**
   * On a virtual clock: `simulated` checks certificates, names, dates and versions by a real handshake for each pair of ends, and does not
   * encrypt the records (host/tls). `real` unless given.
   */
  readonly tls?: 'real' | 'simulated';
  readonly customers?: readonly CustomerConfig[];
  /** The clouds behind Funnel and Funk: who may sign, which streams and topics there are, functions as handlers. */
  readonly clouds?: CloudsConfig;
  /** On a real clock: which hosts besides `customers` the platform reaches, and whose certificates it trusts. */
  readonly upstream?: Pick<SocketOptions, 'hosts' | 'others' | 'trustedCas'>;
}

export interface Outside {
  readonly simulatedTls: boolean;
  readonly authority: CertificateAuthority;
  readonly customers: ReadonlyMap<string, CustomerServer>;
  readonly clouds: Clouds;
  readonly servers: readonly CloudServer[];
  readonly keyOrigin: string | undefined;
  readonly upstream: InProcessUpstream | SocketUpstream;
  /** Says whose keys are published. */
  readonly publish: (platform: Platform) => void;
  readonly awsKey: AwsCredentials;
}

export interface OutsideOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  /** Gets each server before it listens. */
  readonly servers: CloudServer[];
}

export async function makeOutside(
  config: OutsideConfig,
  { clock, random, trace, servers }: OutsideOptions,
): Promise<Outside> {
  const { customers: configs = [], upstream: others } = config;
  const authority = await CertificateAuthority.create();
  const trustedCas = [authority.certificate, ...(others?.trustedCas ?? [])];
  const hosts: Record<string, { host: string; port: number }> = { ...others?.hosts };
  const simulatedTls = config.tls === 'simulated' && clock.kind === 'virtual';
  const inProcess = new InProcessUpstream({ clock, trustedCas, simulatedTls });
  const upstream = clock.kind === 'real' ? new SocketUpstream({ clock, ...others, hosts, trustedCas }) : inProcess;
  const serve = async (host: string, port: number, server: CloudServer): Promise<void> => {
    servers.push(server);
    if (clock.kind !== 'real') inProcess.serve(host, port, (stream) => server.accept(stream, { simulatedTls }));
    else hosts[`${host}:${port}`] = { host: '127.0.0.1', port: await server.listen() };
  };

  const customers = new Map<string, CustomerServer>();
  for (const { host, port = 443, psk, check } of configs) {
    const secret = new Secret(Buffer.from(psk));
    const certificate = await authority.issue([host]);
    const server = new CustomerServer({ clock, trace, psk: secret, certificate, ...(check && { check }) });
    customers.set(host, server);
    await serve(host, port, server);
  }

  const keys = (kid: string): Promise<string | undefined> => httpsGet(upstream, clock, new URL(keyUrl(kid)));
  const awsRandom = random.fork('platform at AWS');
  const awsKey = {
    accessKeyId: `AKIA${Buffer.from(awsRandom.bytes(8)).toString('hex').toUpperCase()}`,
    secretAccessKey: Buffer.from(awsRandom.bytes(30)).toString('base64'),
  };
  const platformKey = { ...awsKey, accountId: AWS_ROLE.account };
  const options = { clock, authority, keys, random: random.fork('clouds'), platformKey };
  const clouds = await Clouds.create(config.clouds ?? {}, options);
  for (const [host, server] of clouds.servers) await serve(host, 443, server);

  let platform: Platform | undefined;
  const handle: CloudHandler = ({ method, url }) =>
    platform === undefined ? { status: 503 } : publishedKey(platform.keys, method, url);
  await serve(KEY_HOST, 443, new CloudServer({ clock, handle, certificate: await authority.issue([KEY_HOST]) }));
  let keyOrigin: string | undefined;
  if (clock.kind === 'real') {
    const plain = new CloudServer({ clock, handle });
    servers.push(plain);
    keyOrigin = `http://127.0.0.1:${await plain.listen()}`;
  }
  const publish = (made: Platform): void => void (platform = made);
  const secretAccessKey = new Secret(Buffer.from(awsKey.secretAccessKey));
  return {
    ...{ simulatedTls, authority, customers, clouds, servers, keyOrigin, upstream, publish },
    awsKey: { ...awsKey, secretAccessKey },
  };
}
