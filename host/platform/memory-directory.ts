// A subscriber directory made from one plain configuration object (JSON).

import { z } from 'zod';
import { Secret } from '../secret.js';
import { isReserved } from './beam/headers.js';
import { entryPoint } from './beam/route.js';
import type { Credentials, Subscriber, SubscriberDirectory } from './directory.js';

const digits = (from: number, to: number, what: string) =>
  z.string().regex(new RegExp(`^\\d{${from},${to}}$`), `${what}: ${from} to ${to} digits are wanted`);

const secret = z
  .string()
  .min(1, 'must not be empty')
  .transform((text) => new Secret(Buffer.from(text)));

const reference = z.strictObject({ $credentialsId: z.string().min(1) });

/** RFC 9110 5.6.2 token. */
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
  .refine((name) => !isReserved(name), 'belongs to Beam and cannot be a custom header');

const customHeader = z
  .strictObject({
    action: z.enum(['append', 'replace', 'delete']),
    headerKey: headerName,
    headerValue: z
      .string()
      .regex(/^[\t\x20-\x7e]*$/, 'must be visible ASCII')
      .optional(),
  })
  .refine(({ action, headerValue }) => action === 'delete' || headerValue !== undefined, {
    path: ['headerValue'],
    message: 'is wanted for append and replace',
  });

const destination = z.string().refine(
  (text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, username, password, hash } = new URL(text);
    return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
  },
  { message: 'an http:// or https:// URL without user name and fragment is wanted' },
);

const beamEntry = z
  .strictObject({
    name: z.string().optional(),
    enabled: z.boolean(),
    destination,
    addSubscriberHeader: z.boolean().optional(),
    addEquipmentHeader: z.boolean().optional(),
    addMsisdnHeader: z.boolean().optional(),
    addSimIdHeader: z.boolean().optional(),
    addSignature: z.boolean().optional(),
    psk: z.union([secret, reference], { error: 'text or {"$credentialsId": ...} is wanted' }).optional(),
    authorization: reference.optional(),
    customHeaders: z.record(z.string(), customHeader).optional(),
  })
  .superRefine((entry, context) => {
    if (entry.addSignature !== true) return;
    if (entry.psk === undefined) {
      context.addIssue({ code: 'custom', path: ['psk'], message: 'is wanted for a signature' });
    }
    const { addSubscriberHeader, addEquipmentHeader, addMsisdnHeader, addSimIdHeader } = entry;
    if (![addSubscriberHeader, addEquipmentHeader, addMsisdnHeader, addSimIdHeader].includes(true)) {
      const message = 'needs at least one of addSubscriberHeader, addEquipmentHeader, addMsisdnHeader, addSimIdHeader';
      context.addIssue({ code: 'custom', path: ['addSignature'], message });
    }
  });

const beamKey = z.string().refine((key) => entryPoint(key) !== undefined, {
  message: 'is not an entry point that is emulated: http://beam.soracom.io:8888/... or http://beam.soracom.io:18080/',
});

const group = z.strictObject({
  configuration: z
    .strictObject({ SoracomBeam: z.record(beamKey, beamEntry).optional() })
    .refine((value) => Object.keys(value.SoracomBeam ?? {}).filter(isWebsite).length <= 1, {
      path: ['SoracomBeam'],
      message: 'has more than one website entry point',
    }),
});

const isWebsite = (key: string): boolean => entryPoint(key)?.kind === 'website';

const credentials = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('psk'), credentials: z.strictObject({ key: secret }) }),
  z.strictObject({ type: z.literal('api-token-credentials'), credentials: z.strictObject({ token: secret }) }),
  z.strictObject({
    type: z.literal('username-password-credentials'),
    credentials: z.strictObject({ username: z.string(), password: secret }),
  }),
]);

const subscriber = z.strictObject({
  imsi: digits(6, 15, 'IMSI'),
  iccid: digits(18, 20, 'ICCID'),
  /** The ICCID unless given. */
  simId: z.string().min(1).optional(),
  msisdn: digits(1, 15, 'MSISDN').optional(),
  groupId: z.string().optional(),
});

const platformConfig = z
  .strictObject({
    groups: z.record(z.string(), group).default({}),
    credentials: z.record(z.string(), credentials).default({}),
    subscribers: z.array(subscriber).default([]),
  })
  .superRefine((config, context) => {
    const issue = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    const seen = new Set<string>();
    config.subscribers.forEach(({ imsi, groupId }, i) => {
      if (seen.has(imsi)) issue(['subscribers', i, 'imsi'], `${imsi} is there twice`);
      seen.add(imsi);
      if (groupId !== undefined && !Object.hasOwn(config.groups, groupId)) {
        issue(['subscribers', i, 'groupId'], `there is no group "${groupId}"`);
      }
    });
    for (const [id, { configuration }] of Object.entries(config.groups)) {
      for (const [key, { psk, authorization }] of Object.entries(configuration.SoracomBeam ?? {})) {
        for (const [field, value] of Object.entries({ psk, authorization })) {
          if (value === undefined || value instanceof Secret || value.$credentialsId.includes('#{imsi}')) continue;
          const path = ['groups', id, 'configuration', 'SoracomBeam', key, field];
          const found = Object.hasOwn(config.credentials, value.$credentialsId)
            ? config.credentials[value.$credentialsId]
            : undefined;
          if (found === undefined) issue(path, `there are no credentials "${value.$credentialsId}"`);
          else if (field === 'psk' && found.type !== 'psk') issue(path, `credentials are ${found.type}, psk is wanted`);
        }
      }
    }
  });

/** What the operator configures. Secrets are plain text here, and `Secret` from the moment it is read. */
export type PlatformConfig = z.input<typeof platformConfig>;

/** "The whole group configuration is limited to 8 KB" (Air limitations). */
const GROUP_BYTES = 8 * 1024;

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

export class MemoryDirectory implements SubscriberDirectory {
  readonly #subscribers: ReadonlyMap<string, Subscriber>;
  readonly #credentials: ReadonlyMap<string, Credentials>;

  /** Throws PlatformConfigError. `source` names the configuration in errors, for example its file. */
  constructor(config: unknown, source = 'platform configuration') {
    const parsed = platformConfig.safeParse(config);
    if (!parsed.success) {
      throw new PlatformConfigError(
        source,
        parsed.error.issues.map((issue) => `${pathText(issue.path)} ${issue.message}`),
      );
    }
    for (const [id, { configuration }] of Object.entries((config as PlatformConfig).groups ?? {})) {
      const size = Buffer.byteLength(JSON.stringify(configuration));
      if (size > GROUP_BYTES)
        throw new PlatformConfigError(source, [`groups.${id} has ${size} bytes, ${GROUP_BYTES} is the limit`]);
    }
    const { groups, credentials: store, subscribers } = parsed.data;
    this.#subscribers = new Map(
      subscribers.map(({ imsi, iccid, simId = iccid, msisdn = '', groupId }) => {
        const found = groupId === undefined ? undefined : groups[groupId];
        const group = groupId === undefined || found === undefined ? undefined : { id: groupId, ...found };
        return [imsi, { imsi, iccid, simId, msisdn, group } as Subscriber];
      }),
    );
    this.#credentials = new Map(
      Object.entries(store).map(([id, { type, credentials: fields }]) => [id, { type, ...fields } as Credentials]),
    );
  }

  subscriber(imsi: string): Subscriber | undefined {
    return this.#subscribers.get(imsi);
  }

  credentials(credentialsId: string): Credentials | undefined {
    return this.#credentials.get(credentialsId);
  }
}

/** `groups.g1.configuration.SoracomBeam["http://…"].psk` */
const pathText = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? 'the whole'
    : path
        .map((key) =>
          /^[A-Za-z_$][\w$]*$/.test(String(key))
            ? `.${String(key)}`
            : `[${typeof key === 'number' ? key : JSON.stringify(String(key))}]`,
        )
        .join('')
        .replace(/^\./, '');
