import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { fromHex, xor } from '../bytes.js';
import { Secret } from '../secret.js';
import { luhnDigit, pinBytes } from './encoding.js';

/** What makes one SIM different from another. The card is personalised from it, and the HSS knows the same subscriber. */
export interface SimProfile {
  /** 6 to 15 digits. */
  readonly imsi: string;
  /** Digits of the network code in the IMSI: 2 or 3. */
  readonly mncLength: 2 | 3;
  /** 18 to 20 digits, the last one Luhn. */
  readonly iccid: string;
  /** 128-bit subscriber key. */
  readonly k: Secret;
  /** 128 bits; computed from `op` when the profile gives that. */
  readonly opc: Secret;
  /** 2 bytes; bit 8 of the first is the separation bit (8000 for EPS). */
  readonly amf: Uint8Array;
  /** 6 bytes: the home network's next SQN starts here; the card starts at its own `cardSqn`. */
  readonly sqn: Uint8Array;
  /** 6 bytes: highest SQN the card has seen (0 on a new card). */
  readonly cardSqn: Uint8Array;
  /** PINs, PUKs and ADM1 are 8 bytes, as the card compares them. */
  readonly pin1: { readonly value: Secret; readonly enabled: boolean };
  readonly puk1: Secret;
  readonly pin2: Secret;
  readonly puk2: Secret;
  readonly adm1: Secret;
  /** Service provider name, up to 16 characters. */
  readonly spn: string;
  /** Access control class bits (2 bytes). */
  readonly acc: Uint8Array;
  /** Digits, without +. */
  readonly msisdn: string;
  readonly simId: string;
}

/** A profile that cannot be used; the message names the source and every field at fault, never a secret's value. */
export class ProfileError extends Error {
  constructor(
    readonly source: string,
    /** One sentence for each fault. */
    readonly faults: readonly string[],
  ) {
    super(`SIM profile ${source}: ${faults.join('; ')}`);
    this.name = 'ProfileError';
  }
}

/** Hexadecimal of exactly `digits` digits. `what` tells people what it is. */
const hex = (digits: number, what: string) =>
  z.string().superRefine((value, ctx) => {
    if (value.length !== digits) {
      ctx.addIssue({ code: 'custom', message: `is ${value.length} hex digits, ${digits} wanted (${what})` });
    } else if (!/^[0-9a-fA-F]*$/.test(value)) {
      const at = value.search(/[^0-9a-fA-F]/);
      ctx.addIssue({
        code: 'custom',
        message: `has a character that is not a hex digit at position ${at + 1} (${what})`,
      });
    }
  });

/** Decimal digits, `min` to `max` of them. */
const digits = (min: number, max: number, what: string) =>
  z.string().superRefine((value, ctx) => {
    const wanted = min === max ? `${min}` : `${min} to ${max}`;
    if (!/^[0-9]*$/.test(value)) {
      ctx.addIssue({ code: 'custom', message: `is not all decimal digits, ${wanted} wanted (${what})` });
    } else if (value.length < min || value.length > max) {
      ctx.addIssue({ code: 'custom', message: `is ${value.length} digits, ${wanted} wanted (${what})` });
    }
  });

const iccidField = digits(18, 20, 'number of the card').superRefine((value, ctx) => {
  if (!/^[0-9]{18,20}$/.test(value)) return;
  const wanted = luhnDigit(value.slice(0, -1));
  if (Number(value.at(-1)) !== wanted) {
    ctx.addIssue({ code: 'custom', message: `ends in ${value.at(-1)}, its Luhn check digit is ${wanted}` });
  }
});

const admField = z.union([z.string().regex(/^[0-9]{4,8}$/), z.string().regex(/^[0-9a-fA-F]{16}$/)], {
  error: 'is neither 4 to 8 decimal digits nor 16 hex digits',
});

const spnField = z.string().superRefine((value, ctx) => {
  if (value.length > 16) ctx.addIssue({ code: 'custom', message: `is ${value.length} characters, at most 16 wanted` });
  if (!/^[\x20-\x7e]*$/.test(value)) {
    ctx.addIssue({ code: 'custom', message: "has characters outside of the card's 7-bit alphabet" });
  }
});

const fileSchema = z.strictObject({
  imsi: digits(6, 15, 'MCC, MNC and subscriber'),
  mncLength: z.union([z.literal(2), z.literal(3)], { error: 'is neither 2 nor 3' }).optional(),
  iccid: iccidField,
  k: hex(32, '128-bit key'),
  op: hex(32, "operator's 128-bit key").optional(),
  opc: hex(32, "operator's 128-bit key, bound to k").optional(),
  amf: hex(4, 'authentication management field').default('8000'),
  sqn: hex(12, "48-bit sequence number, the network's next").default('000000000020'),
  cardSqn: hex(12, '48-bit sequence number, the highest the card has seen').default('000000000000'),
  pin1: digits(4, 8, 'PIN').default('0000'),
  pin1Enabled: z.boolean({ error: 'is neither true nor false' }).default(false),
  puk1: digits(8, 8, 'PUK').default('00000000'),
  pin2: digits(4, 8, 'PIN').default('0000'),
  puk2: digits(8, 8, 'PUK').default('00000000'),
  adm1: admField.default('00000000'),
  spn: spnField.default(''),
  acc: hex(4, 'access control class bits').optional(),
  msisdn: digits(0, 15, 'telephone number without +').default(''),
  simId: z.string().min(1, { error: 'is empty' }).optional(),
});

/** Countries whose network codes have three digits (ITU-T E.212). Others have two; `mncLength` tells where that is wrong. */
const THREE_DIGIT_MNC = /^(302|31[0-6]|334|338|342|344|346|348|352|354|356|358|360|365|376|708|722|732|750)/;

/**
 * Makes a profile of parsed JSON: an object with `imsi`, `iccid`, `k` and exactly one of `op` and `opc`; all else has
 * defaults. `source` (a file name) is for messages. Throws ProfileError.
 */
export function parseSimProfile(json: unknown, source: string): SimProfile {
  const parsed = fileSchema.safeParse(json, { error: wording });
  const faults = parsed.success ? [] : parsed.error.issues.map(describe);
  if (isObject(json)) {
    if (json['op'] !== undefined && json['opc'] !== undefined) {
      faults.push('"op" and "opc" are both given, exactly one is wanted');
    } else if (json['op'] === undefined && json['opc'] === undefined) {
      faults.push('neither "op" nor "opc" is given, exactly one is wanted');
    }
  }
  if (faults.length > 0 || !parsed.success) throw new ProfileError(source, faults);

  const file = parsed.data;
  const k = fromHex(file.k);
  const opc = file.opc === undefined ? opcOf(k, fromHex(file.op ?? '')) : fromHex(file.opc);
  return {
    imsi: file.imsi,
    mncLength: file.mncLength ?? (THREE_DIGIT_MNC.test(file.imsi) ? 3 : 2),
    iccid: file.iccid,
    k: new Secret(k),
    opc: new Secret(opc),
    amf: fromHex(file.amf),
    sqn: fromHex(file.sqn),
    cardSqn: fromHex(file.cardSqn),
    pin1: { value: new Secret(pinBytes(file.pin1)), enabled: file.pin1Enabled },
    puk1: new Secret(pinBytes(file.puk1)),
    pin2: new Secret(pinBytes(file.pin2)),
    puk2: new Secret(pinBytes(file.puk2)),
    adm1: new Secret(file.adm1.length === 16 ? fromHex(file.adm1) : pinBytes(file.adm1)),
    spn: file.spn,
    acc: file.acc === undefined ? accessClassOf(file.imsi) : fromHex(file.acc),
    msisdn: file.msisdn,
    simId: file.simId ?? file.iccid,
  };
}

/** Reads a profile's JSON file. Throws ProfileError, also for a file that is missing or is not JSON. */
export function loadSimProfile(path: string): SimProfile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new ProfileError(path, [code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`]);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Node's message quotes the text around the fault, and that may be a key.
    throw new ProfileError(path, ['is not JSON']);
  }
  return parseSimProfile(json, path);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Words for what zod finds by itself. Never the value: it may be a key. */
function wording(issue: { code?: string; input?: unknown; expected?: unknown }): string {
  if (issue.input === undefined) return 'is missing';
  const expected = typeof issue.expected === 'string' ? issue.expected : 'another kind of value';
  return issue.code === 'invalid_type' ? `is not a JSON ${expected}` : 'is wrong';
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => `"${key}"`).join(', ');
    return `${names}: no such field (known: ${Object.keys(fileSchema.shape).join(', ')})`;
  }
  return issue.path.length === 0 ? 'is not a JSON object' : `"${issue.path.join('.')}" ${issue.message}`;
}

/** OPc = OP xor E_K(OP). TS 35.206 4.1. */
function opcOf(k: Uint8Array, op: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', k, null).setAutoPadding(false);
  return xor(new Uint8Array(cipher.update(op)), op);
}

/** One class of 0..9 by the last digit of the IMSI. TS 22.011 4.2. */
function accessClassOf(imsi: string): Uint8Array {
  const bits = 1 << Number(imsi.at(-1));
  return Uint8Array.of(bits >> 8, bits & 0xff);
}
