// The part of a SIM profile that says how the card authenticates: which algorithm set, its parameters, and the limits on SQN.
//
// `algorithmFields` are the fields of the profile's schema, `algorithmFaults` what no single field can tell, `algorithmOf` the result.

import { z } from 'zod';
import { fromHex } from '../bytes.js';
import { type Algorithm, topcOf } from '../cellular/hss/index.js';
import { Secret } from '../secret.js';

/** How a card authenticates, besides K and MILENAGE's OPc. */
export interface Authentication {
  readonly algorithm: Algorithm;
  /** Bits of IND at the end of SQN, 0..5 (TS 33.102 C.3.2). */
  readonly indBits: number;
  /** Delta, the most that SEQ may run ahead (C.2.1). */
  readonly sqnDelta: number;
  /** L, the most that SEQ may be behind the highest one (C.2.2); 0 for no such limit. */
  readonly sqnLimit: number;
}

/** What C.3 recommends, and MILENAGE. */
export const STANDARD_AUTHENTICATION: Authentication = {
  algorithm: { name: 'milenage' },
  indBits: 5,
  sqnDelta: 2 ** 28,
  sqnLimit: 0,
};

const SEQ_MAX = 2 ** 43 - 1;

const hexOf = (what: string, ...lengths: readonly number[]) =>
  z.string().superRefine((value, ctx) => {
    if (!lengths.includes(value.length)) {
      const message = `is ${value.length} hex digits, expected ${lengths.join(' or ')} (${what})`;
      ctx.addIssue({ code: 'custom', message });
    } else if (!/^[0-9a-fA-F]*$/.test(value)) {
      const at = value.search(/[^0-9a-fA-F]/);
      ctx.addIssue({
        code: 'custom',
        message: `has a character that is not a hex digit at position ${at + 1} (${what})`,
      });
    }
  });

const numberOf = (min: number, max: number, what: string) =>
  z.number().refine((value) => Number.isInteger(value) && value >= min && value <= max, {
    error: `is not a whole number from ${min} to ${max} (${what})`,
  });

const bitsOf = (...lengths: readonly number[]) =>
  z.number().refine((value) => lengths.includes(value), { error: `is not ${lengths.join(' or ')} (bits)` });

/** Fields of a profile's schema. `k` takes both lengths: `algorithmFaults` knows which one is right. */
export const algorithmFields = {
  k: hexOf('128-bit key, for TUAK also 256-bit', 32, 64),
  algorithm: z.enum(['milenage', 'tuak', 'xor'], { error: 'is none of "milenage", "tuak", "xor"' }).default('milenage'),
  op: hexOf("operator's 128-bit key", 32).optional(),
  opc: hexOf("operator's 128-bit key, bound to k", 32).optional(),
  /** MILENAGE: the operator's own r1..r5 in bits, and c1..c5. */
  r: z
    .array(numberOf(0, 127, 'bits'))
    .length(5, { error: 'is not a list of 5 (r1 to r5)' })
    .optional(),
  c: z.array(hexOf('a constant of MILENAGE', 32)).length(5, { error: 'is not a list of 5 (c1 to c5)' }).optional(),
  top: hexOf("operator's 256-bit key", 64).optional(),
  topc: hexOf("operator's 256-bit key, bound to k", 64).optional(),
  /** TUAK: runs of Keccak for each output. */
  iterations: numberOf(1, 255, 'runs of Keccak').optional(),
  /** TUAK and XOR, in bits. */
  resLength: bitsOf(32, 64, 128).optional(),
  /** TUAK, in bits. */
  ckLength: bitsOf(128, 256).optional(),
  ikLength: bitsOf(128, 256).optional(),
  sqnDelta: numberOf(1, SEQ_MAX, 'steps of SEQ').default(STANDARD_AUTHENTICATION.sqnDelta),
  sqnLimit: numberOf(0, SEQ_MAX, 'steps of SEQ, 0 for no limit').default(STANDARD_AUTHENTICATION.sqnLimit),
  indBits: numberOf(0, 5, 'bits of IND').default(STANDARD_AUTHENTICATION.indBits),
};

export type AlgorithmFields = z.infer<z.ZodObject<typeof algorithmFields>>;

/** Parameters that belong to one algorithm, and which of each pair is required. */
const BELONGS = {
  milenage: { fields: ['op', 'opc', 'r', 'c'], pair: ['op', 'opc'] },
  tuak: { fields: ['top', 'topc', 'iterations', 'resLength', 'ckLength', 'ikLength'], pair: ['top', 'topc'] },
  xor: { fields: ['resLength'], pair: undefined },
} as const;
const PARAMETERS = ['op', 'opc', 'r', 'c', 'top', 'topc', 'iterations', 'resLength', 'ckLength', 'ikLength'] as const;

/** What is wrong between the fields, one sentence each; works on JSON that has not passed the schema. Shows no value. */
export function algorithmFaults(json: Readonly<Record<string, unknown>>): string[] {
  const name = json['algorithm'] ?? 'milenage';
  if (name !== 'milenage' && name !== 'tuak' && name !== 'xor') return [];
  const faults: string[] = [];
  const { fields, pair } = BELONGS[name];
  const own: readonly string[] = fields;
  for (const field of PARAMETERS) {
    if (json[field] !== undefined && !own.includes(field))
      faults.push(`"${field}" does not belong to algorithm "${name}"`);
  }
  if (pair) {
    const given = pair.filter((field) => json[field] !== undefined).length;
    if (given === 2) faults.push(`"${pair[0]}" and "${pair[1]}" are both given, expected exactly one`);
    if (given === 0) faults.push(`neither "${pair[0]}" nor "${pair[1]}" is given, expected exactly one`);
  }
  if ((json['r'] === undefined) !== (json['c'] === undefined)) {
    faults.push('"r" and "c" are the constants of MILENAGE: expected both, or neither');
  }
  const k = json['k'];
  if (typeof k === 'string' && k.length === 64 && name !== 'tuak') {
    faults.push(`"k" is 64 hex digits, expected 32 (128-bit key of algorithm "${name}")`);
  }
  return faults;
}

/** Of fields without faults. TOPc is computed when TOP is given. */
export function algorithmOf(fields: AlgorithmFields): Authentication {
  const { indBits, sqnDelta, sqnLimit } = fields;
  return { algorithm: setOf(fields), indBits, sqnDelta, sqnLimit };
}

function setOf(fields: AlgorithmFields): Algorithm {
  switch (fields.algorithm) {
    case 'milenage': {
      const { r, c } = fields;
      return r && c ? { name: 'milenage', constants: { r, c: c.map(fromHex) } } : { name: 'milenage' };
    }
    case 'tuak': {
      const { iterations = 1, resLength = 64, ckLength = 128, ikLength = 128 } = fields;
      const topc = fields.topc
        ? fromHex(fields.topc)
        : topcOf(fromHex(fields.k), fromHex(fields.top ?? ''), iterations);
      const lengths = { resBytes: resLength / 8, ckBytes: ckLength / 8, ikBytes: ikLength / 8 };
      return { name: 'tuak', topc: new Secret(topc), iterations, ...lengths };
    }
    case 'xor':
      return { name: 'xor', resBytes: (fields.resLength ?? 128) / 8 };
  }
}
