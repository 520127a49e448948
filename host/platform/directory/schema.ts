// What an operator configures, as one plain object (JSON): groups, credentials, subscribers.

import { z } from 'zod';
import { faultAt, readAs } from '../../faults.js';
import { record } from '../../record.js';
import { iccidFault, plainIccid, plainMsisdn, plainNumber } from '../../numbers.js';
import { Secret } from '../../secret.js';
import { credentialsEntry } from './credentials.js';
import { secretField, unknownKeys } from '../config/fields.js';
import type { Namespaces } from '../config/namespace.js';
import { SUBSCRIBER_STATUS } from './types.js';

/** `plain`: what becomes of a number as it is printed. */
const digits = (from: number, to: number, plain: (text: string) => string) =>
  z
    .string()
    .overwrite(plain)
    .regex(new RegExp(`^\\d{${from},${to}}$`), `must be ${from} to ${to} digits`);

const iccid = z
  .string()
  .overwrite(plainIccid)
  .superRefine((text, context) => {
    const fault = iccidFault(text);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

const subscriber = z.strictObject({
  imsi: digits(6, 15, plainNumber),
  iccid,
  /** The ICCID unless given. */
  simId: z.string().min(1).optional(),
  msisdn: digits(1, 15, plainMsisdn).optional(),
  groupId: z.string().optional(),
  status: z.enum(SUBSCRIBER_STATUS).optional(),
  speedClass: z.string().optional(),
  tags: record(z.string(), z.string()).optional(),
  terminationEnabled: z.boolean().optional(),
});

/** A SIM that nobody has registered yet: the operator who knows its secret may do so through the API. */
const stockSim = subscriber.pick({ imsi: true, iccid: true, simId: true, msisdn: true }).extend({
  registrationSecret: secretField,
});
export type StockSim = z.output<typeof stockSim>;

/** Ways in for an operator. Groups, credentials and subscribers of a configuration are the default operator's. */
const operator = z
  .strictObject({
    email: z.email('must be an e-mail address').optional(),
    password: secretField.optional(),
    authKeys: record(z.string().regex(/^keyId-[\w-]{1,64}$/, 'must be keyId-...'), secretField).default({}),
  })
  .refine(({ email, password }) => (email === undefined) === (password === undefined), {
    message: 'must have email and password together, or neither',
  });

export type OperatorConfig = z.output<typeof operator>;

const operatorId = z.string().regex(/^OP\d{10}$/, 'must be OP and 10 digits');

const operators = record(operatorId, operator).default({});

export const directoryConfig = ({ schema: configuration }: Namespaces) =>
  z
    .strictObject({
      groups: record(z.string(), z.strictObject({ configuration })).default({}),
      credentials: record(z.string(), credentialsEntry).default({}),
      subscribers: z.array(subscriber).default([]),
      stock: z.array(stockSim).default([]),
      operators,
    })
    .superRefine((config, context) => {
      const issue = (path: PropertyKey[], message: string): void => context.addIssue({ code: 'custom', path, message });
      const seen = new Set<string>();
      config.subscribers.forEach(({ imsi, groupId }, i) => {
        if (seen.has(imsi)) issue(['subscribers', i, 'imsi'], `${imsi} is there twice`);
        seen.add(imsi);
        if (groupId !== undefined && !Object.hasOwn(config.groups, groupId)) {
          issue(['subscribers', i, 'groupId'], `there is no group "${groupId}"`);
        }
      });
      config.stock.forEach(({ imsi }, i) => {
        if (seen.has(imsi)) issue(['stock', i, 'imsi'], `${imsi} is there twice`);
        seen.add(imsi);
      });
      for (const { path, id } of references(config.groups, ['groups'])) {
        const found = Object.hasOwn(config.credentials, id) ? config.credentials[id] : undefined;
        if (found === undefined) issue(path, `there are no credentials "${id}"`);
        else if (path.at(-1) === 'psk' && found.type !== 'psk') {
          issue(path, `credentials are ${found.type}, must be psk`);
        }
      }
    });

/** What the operator configures. Secrets are plain text here, and `Secret` from the moment it is read. */
export type DirectoryConfig = z.input<ReturnType<typeof directoryConfig>>;

/** The operators of a configuration that was found right. */
export const operatorsOf = (config: unknown): Readonly<Record<string, OperatorConfig>> =>
  z.object({ operators }).parse(config).operators;

/** All `{"$credentialsId": id}` below a value, but for those whose id depends on the SIM. */
function* references(value: unknown, path: PropertyKey[]): Generator<{ path: PropertyKey[]; id: string }> {
  if (typeof value !== 'object' || value === null || value instanceof Secret) return;
  for (const [key, below] of Object.entries(value) as [string, unknown][]) {
    if (key !== '$credentialsId') yield* references(below, [...path, key]);
    else if (typeof below === 'string' && !below.includes('#{imsi}')) yield { path, id: below };
  }
}

/** "The whole group configuration is limited to 8 KB" (Air limitations). */
export const GROUP_BYTES = 8 * 1024;

/** All that is wrong with a configuration, typing errors in the names of keys included. Quotes no value that may be a secret. `path`: where it is. */
export function configFaults(
  namespaces: Namespaces,
  config: unknown,
  path: readonly PropertyKey[] = [],
): readonly string[] {
  const read = readAs(directoryConfig(namespaces), config, path);
  const others = read.faults ?? unknownKeys(withoutGroups(config), withoutGroups(read.data), path);
  const groups = groupsIn(config);
  const slips = groups.flatMap(([id, configuration]) =>
    namespaces.slips(configuration, [...path, 'groups', id, 'configuration']),
  );
  const sizes = groups.flatMap(([id, configuration]) => {
    const size = Buffer.byteLength(JSON.stringify(configuration) ?? '');
    return size > GROUP_BYTES
      ? [faultAt([...path, 'groups', id], `has ${size} bytes, ${GROUP_BYTES} is the limit`)]
      : [];
  });
  return [...others, ...slips, ...sizes];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const withoutGroups = (config: unknown): unknown => (isObject(config) ? { ...config, groups: undefined } : config);

/** The configurations of groups, whatever is in them. */
function groupsIn(config: unknown): (readonly [string, unknown])[] {
  const groups = isObject(config) ? config['groups'] : undefined;
  return Object.entries(isObject(groups) ? groups : {}).map(([id, group]) => [
    id,
    isObject(group) ? group['configuration'] : undefined,
  ]);
}

/** One line per fault, each with the path of the field. Never quotes a value that may be a secret. */
export class PlatformConfigError extends Error {
  constructor(
    readonly source: string,
    readonly faults: readonly string[],
  ) {
    super(faults.map((fault) => `${source}: ${fault}`).join('\n'));
    this.name = 'PlatformConfigError';
  }
}
