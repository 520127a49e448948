// The file that `akari serve` is given: who the subscribers are, what operators configured, what lies behind.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { record } from '../record.js';
import type { CloudsConfig } from '../cloud/index.js';
import { iccidFault, iccidWarnings, luhnWarning, plainIccid, plainNumber } from '../numbers.js';
import { faultsOf, PlatformConfigError, type PlatformConfig } from '../platform/index.js';
import { loadSimRange, ProfileError, type SimProfile } from '../sim/index.js';
import type { CustomerConfig } from '../world.js';

const address = z.string().regex(/^[^\s:]+:\d{1,5}$/, 'must be host:port');

const subscriber = z.strictObject({
  /** A SIM profile, of one card or a range of cards; beside this file. */
  profile: z.string().min(1),
  group: z.string().optional(),
  tags: record(z.string(), z.string()).optional(),
  imei: z
    .string()
    .overwrite(plainNumber)
    .regex(/^\d{15}$/, 'must be 15 digits')
    .optional(),
  /** Whether the SIM attaches when the world starts; true unless given. */
  online: z.boolean().default(true),
});

const serveFile = z.strictObject({
  subscribers: z.array(subscriber).min(1),
  /** Checked by the platform: `groups`, `credentials` and what else it knows. */
  platform: record(z.string(), z.unknown()).default({}),
  customers: z
    .array(
      z.strictObject({
        host: z.string().min(1),
        port: z.number().int().min(1).max(65_535).optional(),
        psk: z.string().min(1),
      }),
    )
    .default([]),
  /** A module beside this file that exports `clouds`: the stand-ins behind Funnel and Funk. */
  clouds: z.string().min(1).optional(),
  upstream: z
    .strictObject({
      /** Where names that the platform is to reach are served: `"api.example.com:443": "127.0.0.1:9443"`. */
      hosts: record(address, address).default({}),
      others: z.enum(['none', 'loopback', 'any']).default('loopback'),
      /** PEM files of certificates to trust besides the public roots; beside this file. */
      trustedCas: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
});

export interface ServedSim {
  readonly profile: SimProfile;
  readonly group: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly imei: string | undefined;
  readonly online: boolean;
}

export interface ServeConfig {
  /** Names the configuration in errors. */
  readonly source: string;
  readonly sims: readonly ServedSim[];
  /** What is worth a look in it, in words. */
  readonly warnings: readonly string[];
  readonly platform: Omit<PlatformConfig, 'subscribers'>;
  readonly customers: readonly CustomerConfig[];
  readonly clouds?: CloudsConfig;
  readonly upstream: {
    readonly hosts: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
    readonly others: 'none' | 'loopback' | 'any';
    readonly trustedCas: readonly string[];
  };
}

/** Rejects with PlatformConfigError, which names the file and the field. */
export async function loadServeConfig(file: string): Promise<ServeConfig> {
  const fail = (fault: string): never => {
    throw new PlatformConfigError(file, [fault]);
  };
  const read = (path: string, what: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      return fail(`${what} ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    }
  };
  let json: unknown;
  try {
    json = JSON.parse(read(file, 'the file'));
  } catch (error) {
    if (error instanceof PlatformConfigError) throw error;
    fail('is not JSON'); // the parser's own message quotes text that may be a secret
  }
  const parsed = serveFile.safeParse(json);
  if (!parsed.success) throw new PlatformConfigError(file, faultsOf(parsed.error));
  const beside = (path: string): string => resolve(dirname(file), path);
  const { subscribers, platform, customers, clouds, upstream } = parsed.data;
  const warnings: string[] = [];
  const sims = subscribers.flatMap(({ profile, group, tags, imei, online }, i) => {
    const cards = cardsOf(beside(profile), warnings, (fault) => fail(`subscribers[${i}].profile ${fault}`));
    if (imei !== undefined) warnings.push(...imeiWarnings(`${file}: subscribers[${i}].imei`, imei));
    return cards.map((card) => ({ profile: card, group, tags, imei, online }));
  });
  warnings.push(...stockWarnings(file, platform));
  return {
    source: file,
    sims,
    warnings,
    platform,
    ...(clouds !== undefined && { clouds: await cloudsOf(beside(clouds), (fault) => fail(`clouds ${fault}`)) }),
    customers: customers.map(({ host, port, psk }) => ({ host, psk, ...(port !== undefined && { port }) })),
    upstream: {
      hosts: Object.fromEntries(Object.entries(upstream.hosts).map(([name, at]) => [name.toLowerCase(), split(at)])),
      others: upstream.others,
      trustedCas: upstream.trustedCas.map((path) => read(beside(path), 'upstream.trustedCas')),
    },
  };
}

async function cloudsOf(path: string, fail: (fault: string) => never): Promise<CloudsConfig> {
  const module = (await import(pathToFileURL(path).href).catch((error: unknown) =>
    fail(`${path}: ${error instanceof Error ? error.message : String(error)}`),
  )) as { clouds?: CloudsConfig };
  return module.clouds ?? fail(`${path} exports no "clouds"`);
}

function cardsOf(path: string, warnings: string[], fail: (fault: string) => never): readonly SimProfile[] {
  try {
    const range = loadSimRange(path);
    warnings.push(...range.warnings);
    return Array.from({ length: range.count }, (_, index) => range.card(index));
  } catch (error) {
    if (error instanceof ProfileError) return fail(error.message);
    throw error;
  }
}

const imeiWarnings = (name: string, imei: string): string[] => [luhnWarning(name, imei) ?? []].flat();

/** Numbers of SIMs that nobody has registered yet; what is wrong there is the platform's to say. */
const stockWarnings = (file: string, { stock }: Readonly<Record<string, unknown>>): string[] =>
  (Array.isArray(stock) ? (stock as readonly unknown[]) : []).flatMap((sim, i) => {
    const given = typeof sim === 'object' && sim !== null && 'iccid' in sim ? sim.iccid : undefined;
    const iccid = typeof given === 'string' ? plainIccid(given) : '';
    return iccidFault(iccid) === undefined ? iccidWarnings(`${file}: platform.stock[${i}].iccid`, iccid) : [];
  });

function split(at: string): { host: string; port: number } {
  const colon = at.lastIndexOf(':');
  return { host: at.slice(0, colon), port: Number(at.slice(colon + 1)) };
}
