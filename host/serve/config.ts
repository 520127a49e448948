// The file that `akari serve` is given: who the subscribers are, what operators configured, which servers are behind it.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { record } from '../record.js';
import type { CloudsConfig } from '../cloud/index.js';
import { iccidFault, iccidWarnings, luhnWarning, plainIccid, plainNumber } from '../numbers.js';
import { nearest, readAs } from '../faults.js';
import { parseJson } from '../json-text.js';
import { PlatformConfigError, platformConfigFaults, type PlatformConfig } from '../platform/index.js';
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
  const json = jsonOf(file);
  const read = readAs(serveFile, json);
  const faults = [...(read.faults ?? [])];
  const written = isObject(json) ? json['platform'] : undefined;
  if (isObject(written)) faults.push(...platformConfigFaults(written, ['platform']));
  if (read.faults !== undefined) {
    throw new PlatformConfigError(file, faults);
  }
  const beside = (path: string): string => resolve(dirname(file), path);
  const { subscribers, platform, customers, clouds, upstream } = read.data;
  const warnings: string[] = [];
  const groups = isObject(platform['groups']) ? platform['groups'] : {};
  const sims = subscribers.flatMap(({ profile, group, tags, imei, online }, i) => {
    const cards = cardsOf(beside(profile), warnings, (fault) => faults.push(`subscribers[${i}].profile: ${fault}`));
    if (imei !== undefined) warnings.push(...imeiWarnings(`${file}: subscribers[${i}].imei`, imei));
    if (group !== undefined && !Object.hasOwn(groups, group)) {
      const near = nearest(group, Object.keys(groups));
      const meant = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
      faults.push(`subscribers[${i}].group: there is no group ${JSON.stringify(group)} in platform.groups${meant}`);
    }
    return cards.map((card) => ({ profile: card, group, tags, imei, online }));
  });
  warnings.push(...stockWarnings(file, platform));
  const trustedCas = upstream.trustedCas.flatMap((path, i) => {
    const text = textOf(beside(path));
    if (text.fault === undefined) return [text.text];
    faults.push(`upstream.trustedCas[${i}]: ${beside(path)}: ${text.fault}`);
    return [];
  });
  const standIns = clouds === undefined ? undefined : await cloudsOf(beside(clouds));
  if (standIns?.fault !== undefined) faults.push(`clouds: ${standIns.fault}`);
  if (faults.length > 0) throw new PlatformConfigError(file, faults);
  return {
    source: file,
    sims,
    warnings,
    platform,
    ...(standIns?.clouds !== undefined && { clouds: standIns.clouds }),
    customers: customers.map(({ host, port, psk }) => ({ host, psk, ...(port !== undefined && { port }) })),
    upstream: {
      hosts: Object.fromEntries(Object.entries(upstream.hosts).map(([name, at]) => [name.toLowerCase(), split(at)])),
      others: upstream.others,
      trustedCas,
    },
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type TextOrFault = { readonly text: string; readonly fault?: undefined } | { readonly fault: string };

function textOf(path: string): TextOrFault {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const words: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EISDIR: 'it is a folder' };
    return { fault: words[code] ?? `it cannot be read (${code})` };
  }
}

/** Throws PlatformConfigError. */
function jsonOf(file: string): unknown {
  const text = textOf(file);
  if (text.fault !== undefined) throw new PlatformConfigError(file, [text.fault]);
  const parsed = parseJson(text.text);
  if (parsed.fault !== undefined) throw new PlatformConfigError(file, [parsed.fault]);
  return parsed.json;
}

interface CloudsOrFault {
  readonly clouds?: CloudsConfig | undefined;
  readonly fault?: string;
}

async function cloudsOf(path: string): Promise<CloudsOrFault> {
  if (!existsSync(path)) return { fault: `${path}: there is no such file` };
  try {
    const { clouds } = (await import(pathToFileURL(path).href)) as { clouds?: CloudsConfig };
    return clouds === undefined ? { fault: `${path} exports no "clouds"` } : { clouds };
  } catch (error) {
    return { fault: `${path}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function cardsOf(path: string, warnings: string[], fault: (words: string) => void): readonly SimProfile[] {
  try {
    const range = loadSimRange(path);
    warnings.push(...range.warnings);
    return Array.from({ length: range.count }, (_, index) => range.card(index));
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    fault(error.message);
    return [];
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
