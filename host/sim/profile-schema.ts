// The fields of a profile and of a key file, and what is wrong with those that are wrong, in words for people.

import { z } from 'zod';
import { nearest } from '../faults.js';
import { record } from '../record.js';
import {
  iccidFault,
  iccidPattern,
  msisdnPattern,
  numberPattern,
  plainIccid,
  plainMsisdn,
  plainNumber,
} from '../numbers.js';
import { algorithmFields } from './algorithm-profile.js';
import { alphaField } from './alphabet.js';
import { SPN_BYTES } from './encoding.js';

/** A profile that cannot be used; the message names the source and every field at fault, never a secret's value. */
export class ProfileError extends Error {
  constructor(
    readonly source: string,
    /** One sentence for each fault. */
    readonly faults: readonly string[],
    what = 'SIM profile',
  ) {
    super(`${what} ${source}: ${faults.join('; ')}`);
    this.name = 'ProfileError';
  }
}

/** Hexadecimal of exactly `digits` digits. `what` tells people what it is. */
const hex = (digits: number, what: string) =>
  z
    .string()
    .superRefine((value, ctx) => {
      if (value.length !== digits) {
        ctx.addIssue({ code: 'custom', message: `is ${value.length} hex digits, expected ${digits} (${what})` });
      } else if (!/^[0-9a-fA-F]*$/.test(value)) {
        const at = value.search(/[^0-9a-fA-F]/);
        ctx.addIssue({
          code: 'custom',
          message: `has a character that is not a hex digit at position ${at + 1} (${what})`,
        });
      }
    })
    .meta({ pattern: `^[0-9a-fA-F]{${digits}}$`, description: what });

/** Decimal digits, `min` to `max` of them. */
const digits = (min: number, max: number, what: string) => digitsOf(z.string(), min, max, what);

const digitsOf = (field: z.ZodString, min: number, max: number, what: string) =>
  field
    .superRefine((value, ctx) => {
      const wanted = min === max ? `${min}` : `${min} to ${max}`;
      if (!/^[0-9]*$/.test(value)) {
        ctx.addIssue({ code: 'custom', message: `is not all decimal digits, expected ${wanted} (${what})` });
      } else if (value.length < min || value.length > max) {
        ctx.addIssue({ code: 'custom', message: `is ${value.length} digits, expected ${wanted} (${what})` });
      }
    })
    .meta({ pattern: `^[0-9]{${min},${max}}$`, description: what });

/** A number as people print it, in groups. */
const printedDigits = (min: number, max: number, what: string, plain: (text: string) => string) =>
  digitsOf(z.string().overwrite(plain), min, max, what);

/** EF_ICCID takes what there is: cards are in use whose numbers have no check digit, or another one. TS 102 221 13.2. */
const iccidField = z
  .string()
  .overwrite(plainIccid)
  .superRefine((value, ctx) => {
    const fault = iccidFault(value);
    if (fault !== undefined) ctx.addIssue({ code: 'custom', message: `${fault} (number of the card)` });
  })
  .meta({
    pattern: iccidPattern(),
    description:
      'number of the card, as it is printed; a last digit that is not its Luhn check digit, a letter, and fewer than 18 digits give warnings',
  });

const ADM_PATTERN = '^([0-9]{4,8}|[0-9a-fA-F]{16})$';
const admField = z
  .string()
  .regex(new RegExp(ADM_PATTERN), { error: 'is neither 4 to 8 decimal digits nor 16 hex digits' })
  .meta({ pattern: ADM_PATTERN, description: "issuer's PIN" });

/** Printable ASCII, as URIs have it. */
const text = (max: number, what: string) =>
  z
    .string()
    .superRefine((value, ctx) => {
      if (value.length > max) {
        ctx.addIssue({ code: 'custom', message: `is ${value.length} characters, expected at most ${max}` });
      }
      if (!/^[\x20-\x7e]*$/.test(value)) {
        ctx.addIssue({ code: 'custom', message: 'has characters that are not printable ASCII' });
      }
    })
    .meta({ pattern: `^[\\x20-\\x7e]{0,${max}}$`, description: what });

/** Told by its bytes on the card: the default alphabet takes one or two for a character, UCS2 one to two and some before them. */
const spnField = z
  .string()
  .superRefine((value, ctx) => {
    const field = alphaField(value);
    if (field === undefined || CONTROL.test(value)) {
      ctx.addIssue({ code: 'custom', message: 'has characters that a card cannot hold' });
    } else if (field.length > SPN_BYTES) {
      const message = `takes ${field.length} bytes on the card, expected at most ${SPN_BYTES} (service provider name)`;
      ctx.addIssue({ code: 'custom', message });
    }
  })
  .meta({ description: 'service provider name, up to 16 bytes in the alphabet of the card' });

/** Line feed and its kin are in the alphabet, and in no name. */
const CONTROL = /[\p{Cc}\p{Cs}]/u;

/** Most characters of an identity on an ISIM, so that its record fits one command. */
const IDENTITY_MAX = 128;
const IMPU_MAX = 4;
const COUNT_MAX = 1_000_000;

const { k, op, opc, top, topc, ...algorithmRest } = algorithmFields;
const hexPattern = (...lengths: number[]) => ({
  pattern: `^(${lengths.map((length) => `[0-9a-fA-F]{${length}}`).join('|')})$`,
});

/** What must stay with the card and the home network; may be in a file of its own. */
export const secretFields = {
  k: k.meta({ ...hexPattern(32, 64), description: '128-bit key, for TUAK also 256-bit' }).optional(),
  op: op.meta({ ...hexPattern(32), description: "operator's 128-bit key" }),
  opc: opc.meta({ ...hexPattern(32), description: "operator's 128-bit key, bound to k" }),
  top: top.meta({ ...hexPattern(64), description: "operator's 256-bit key of TUAK" }),
  topc: topc.meta({ ...hexPattern(64), description: "operator's 256-bit key of TUAK, bound to k" }),
  pin1: digits(4, 8, 'PIN').optional(),
  puk1: digits(8, 8, 'PUK').optional(),
  pin2: digits(4, 8, 'PIN').optional(),
  puk2: digits(8, 8, 'PUK').optional(),
  adm1: admField.optional(),
};

export const profileSchema = z
  .strictObject({
    imsi: printedDigits(6, 15, 'MCC, MNC and subscriber', plainNumber).meta({ pattern: numberPattern(6, 15) }),
    mncLength: z
      .union([z.literal(2), z.literal(3)], { error: 'is neither 2 nor 3' })
      .meta({ description: "digits of the network's code in the IMSI; by the country unless given" })
      .optional(),
    iccid: iccidField,
    count: z
      .int({ error: 'is no whole number' })
      .min(1, { error: 'is less than 1' })
      .max(COUNT_MAX, { error: `is more than ${COUNT_MAX}` })
      .meta({
        description:
          'cards that this profile stands for: imsi, iccid (without its check digit) and msisdn are those of the first, and count up',
      })
      .default(1),
    keys: z
      .string()
      .min(1, { error: 'is empty' })
      .meta({
        description:
          'file with the keys, relative to this one; only its owner may read it (mode 0600). Keys in the profile itself are for test cards, whose keys are known to all',
      })
      .optional(),
    ...secretFields,
    ...algorithmRest,
    pin1Enabled: z.boolean({ error: 'is neither true nor false' }).default(false),
    amf: hex(4, 'authentication management field').default('8000'),
    sqn: hex(12, "48-bit sequence number, the network's next").default('000000000020'),
    cardSqn: hex(12, '48-bit sequence number, the highest the card has seen').default('000000000000'),
    spn: spnField.default(''),
    acc: hex(4, 'access control class bits').optional(),
    msisdn: printedDigits(0, 15, 'telephone number', plainMsisdn)
      .meta({ pattern: msisdnPattern(0, 15) })
      .default(''),
    simId: z.string().min(1, { error: 'is empty' }).optional(),
    impi: text(IDENTITY_MAX, 'private IMS identity; {imsi} stands for the IMSI').optional(),
    impu: z
      .array(text(IDENTITY_MAX, 'SIP or TEL URI'), { error: 'is not a list of 1 to 4 identities' })
      .min(1, { error: 'is not a list of 1 to 4 identities' })
      .max(IMPU_MAX, { error: 'is not a list of 1 to 4 identities' })
      .meta({ description: 'public IMS identities; {imsi} stands for the IMSI' })
      .optional(),
    domain: text(IDENTITY_MAX, 'home network domain name of the IMS').optional(),
    $schema: z.string().meta({ description: 'for editors' }).optional(),
  })
  .meta({ title: 'Profile of a SIM card or of a range of them' });

export type ProfileFields = z.infer<typeof profileSchema>;

const cardKeys = z.strictObject(secretFields);
export type SecretFields = z.infer<typeof cardKeys>;

const MASTER_PATTERN = '^([0-9a-fA-F]{2}){16,64}$';

/** `cards`: by ICCID. `master`: all is derived from it, but for `op` or `top` if that is given. */
export const keyFileSchema = z.strictObject({
  cards: record(iccidField, cardKeys).optional(),
  master: z
    .string()
    .regex(new RegExp(MASTER_PATTERN), { error: 'is not 32 to 128 hex digits (master key)' })
    .optional(),
  op,
  top,
});

/** JSON Schema (draft 2020-12) of a profile, for editors. What it cannot say (Luhn), the loader says. */
export function profileJsonSchema(): unknown {
  return z.toJSONSchema(profileSchema, { io: 'input' });
}

/** `json` by `schema`, or every fault in words. */
export function check<T>(schema: z.ZodObject & z.ZodType<T>, json: unknown): { fields?: T; faults: string[] } {
  const parsed = schema.safeParse(json, { error: wording });
  if (parsed.success) return { fields: parsed.data, faults: [] };
  return { faults: parsed.error.issues.map((issue) => describe(issue, Object.keys(schema.shape))) };
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Words for what zod finds by itself. Never the value: it may be a key. */
function wording(issue: { code?: string; input?: unknown; expected?: unknown }): string {
  if (issue.input === undefined) return 'is missing';
  if (issue.code === 'invalid_key') return 'is not the number of a card';
  const expected = typeof issue.expected === 'string' ? issue.expected : 'another kind of value';
  return issue.code === 'invalid_type' ? `is not a JSON ${expected}` : 'is wrong';
}

function describe(issue: z.core.$ZodIssue, known: readonly string[]): string {
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => `"${[...issue.path, key].join('.')}"`).join(', ');
    const near = issue.path.length === 0 ? issue.keys.flatMap((key) => nearest(key, known) ?? []) : [];
    const meant = near.length === 0 ? '' : `; did you mean ${near.map((key) => `"${key}"`).join(', ')}?`;
    return `${names}: no such field${issue.path.length === 0 ? ` (known: ${known.join(', ')})` : ''}${meant}`;
  }
  return issue.path.length === 0 ? 'is not a JSON object' : `"${issue.path.join('.')}" ${issue.message}`;
}
