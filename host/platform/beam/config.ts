// SoracomBeam in a group's configuration: one key per entry point. Each kind of entry point has fields of its own.

import { z } from 'zod';
import { wording } from '../../faults.js';
import { record } from '../../record.js';
import { binaryFormatField, optional, referenceField, secretField, switchField, urlField } from '../config/fields.js';
import { Namespace } from '../config/namespace.js';
import { entryPoint, type EntryPoint } from './entry-point.js';
import { isReserved } from './reserved-headers.js';

/** RFC 9110 5.6.2 token. */
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
  .refine((name) => !isReserved(name), 'belongs to Beam and cannot be a custom header');

const customHeader = z
  .object({
    action: z.enum(['append', 'replace', 'delete']),
    headerKey: headerName,
    headerValue: optional(z.string().regex(/^[\t\x20-\x7e]*$/, 'must be visible ASCII')),
  })
  .refine(({ action, headerValue }) => action === 'delete' || headerValue !== undefined, {
    path: ['headerValue'],
    message: 'must be given for append and replace',
  });

/** By names that say nothing; rows that a form left empty are none. */
const customHeaders = z
  .record(z.string(), optional(customHeader))
  .transform((rows): Readonly<Record<string, CustomHeader>> =>
    Object.fromEntries(Object.entries(rows).flatMap(([name, row]) => (row === undefined ? [] : [[name, row]]))),
  );

/** An entry that is not enabled may do without: it is empty then. */
const destinationField = (schema: z.ZodType<string, string>) => optional(schema).transform((text) => text ?? '');

/** What every entry point has. */
const common = {
  name: optional(z.string()),
  enabled: switchField(),
  addSubscriberHeader: optional(z.boolean()),
  addEquipmentHeader: optional(z.boolean()),
  addMsisdnHeader: optional(z.boolean()),
  addSimIdHeader: optional(z.boolean()),
  addSignature: optional(z.boolean()),
  /** Pre-shared key of the signature (UTF-8 text), or a reference to credentials of type psk. */
  psk: optional(z.union([secretField, referenceField], { error: 'must be text or {"$credentialsId": ...}' })),
};

/** To an HTTP server. */
const toHttp = {
  ...common,
  destination: destinationField(urlField('http:', 'https:')),
  /** Credentials of which the Authorization header is made: psk and token give Bearer, user name and password Basic. */
  authorization: optional(referenceField),
  customHeaders: optional(customHeaders),
};

const udpToHttp = {
  ...toHttp,
  /** Platform version; 201509 unless given. */
  version: optional(z.enum(['201509', '202411'])),
  /** The reply is the body alone. */
  skipStatusCode: optional(z.boolean()),
};

const tcpToHttp = {
  ...udpToHttp,
  binaryFormatV1: binaryFormatField,
  /** End-of-data bytes after each reply, hexadecimal; unless given none in version 202411, 0a in 201509. */
  eodBytes: optional(
    z.string().regex(/^([0-9A-Fa-f]{2}){0,16}$/, 'must be up to 16 bytes in hexadecimal, such as 0d0a'),
  ),
};

const tcpToTcp = {
  ...common,
  destination: destinationField(
    z.string().refine((text) => streamDestination(text) !== undefined, {
      message: 'must be tcp://host:port or tcps://host:port',
    }),
  ),
};

export interface StreamDestination {
  /** An IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** `tcp://host:port`, or `tcps://` for TLS. */
export function streamDestination(text: string): StreamDestination | undefined {
  const [, scheme, address, name, digits] =
    /^(tcps?):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Za-z._-]+)):(\d{1,5})\/?$/.exec(text) ?? [];
  const host = address ?? name;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port, tls: scheme === 'tcps' };
}

type Fields = typeof tcpToHttp | typeof tcpToTcp | typeof udpToHttp | typeof toHttp;

/** `known`: there is an identity to sign whatever is switched on. */
function entry<T extends Fields>(fields: T, known = false) {
  return z.object(fields).superRefine((value, context) => {
    const {
      enabled,
      destination,
      addSignature,
      psk,
      addSubscriberHeader,
      addEquipmentHeader,
      addMsisdnHeader,
      addSimIdHeader,
    } = value as z.output<z.ZodObject<typeof toHttp>>;
    if (enabled && destination === '') {
      context.addIssue({
        code: 'custom',
        path: ['destination'],
        message: 'must be given for an entry that is enabled',
      });
    }
    if (addSignature !== true) return;
    if (psk === undefined) {
      context.addIssue({ code: 'custom', path: ['psk'], message: 'must be given for a signature' });
    }
    if (!known && ![addSubscriberHeader, addEquipmentHeader, addMsisdnHeader, addSimIdHeader].includes(true)) {
      const message = 'needs at least one of addSubscriberHeader, addEquipmentHeader, addMsisdnHeader, addSimIdHeader';
      context.addIssue({ code: 'custom', path: ['addSignature'], message });
    }
  });
}

const ENTRIES: Readonly<Record<EntryPoint['kind'], z.ZodType<BeamEntry, BeamEntryInput>>> = {
  http: entry(toHttp),
  website: entry(toHttp),
  'tcp-http': entry(tcpToHttp),
  'udp-http': entry(udpToHttp),
  'tcp-tcp': entry(tcpToTcp),
  'device-http': entry(toHttp, true),
};

/** One entry point of Beam, as an operator configures it: the fields of all kinds, each kind with its own of them. */
export type BeamEntry = z.output<z.ZodObject<typeof tcpToHttp>>;
type BeamEntryInput = z.input<z.ZodObject<typeof tcpToHttp>>;
export type CustomHeader = z.output<typeof customHeader>;

const KINDS = [
  'http://beam.soracom.io:8888/...',
  'http://beam.soracom.io:18080/',
  'tcp://beam.soracom.io:23080',
  'udp://beam.soracom.io:23080',
  'tcp://beam.soracom.io:8023',
  'inventory://beam.soracom.io',
];

const entries = record(z.string(), z.unknown()).transform((record, context) => {
  const read: [string, BeamEntry][] = [];
  const kinds: EntryPoint['kind'][] = [];
  for (const [key, value] of Object.entries(record)) {
    const kind = entryPoint(key)?.kind;
    if (kind === undefined) {
      const message = `is not an entry point that is emulated: ${KINDS.join(', ')}`;
      context.addIssue({ code: 'custom', path: [key], message });
      continue;
    }
    if (kind !== 'http' && kinds.includes(kind)) {
      context.addIssue({ code: 'custom', message: `has more than one ${kind} entry point` });
    }
    kinds.push(kind);
    const parsed = ENTRIES[kind].safeParse(value, { error: wording });
    if (parsed.success) read.push([key, parsed.data]);
    for (const { path, message } of parsed.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: [key, ...path], message });
    }
  }
  return Object.fromEntries(read);
}) as unknown as z.ZodType<Readonly<Record<string, BeamEntry>>, Readonly<Record<string, BeamEntryInput>>>;

export const soracomBeam = new Namespace('SoracomBeam', entries);
