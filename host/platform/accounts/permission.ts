// What a SAM role or user may do: `{"statements":[{"effect":"allow","api":"FileEntry:getFile","condition":".."}]}`. What no
// statement allows is denied, what one denies stays denied, and what cannot be decided within its budget is denied too.

import { z } from 'zod';
import { readAs } from '../../faults.js';
import { parseJson } from '../../json-text.js';
import { API_LIMITS } from '../limits.js';
import { Budget, UndecidedError } from './budget.js';
import { type Condition, compileCondition, ConditionError, type Facts } from './condition.js';

export type { Facts } from './condition.js';

/** `FileEntry:getFile`, `FileEntry:get*`, `FileEntry:*`, `*`. */
const apiName = z.string().regex(/^(\*|[A-Za-z]\w*:(\*|[A-Za-z]\w*\*?))$/, 'must be "Name:operation", "Name:*" or "*"');

const condition = z.string().transform((text, context): Condition => {
  try {
    return compileCondition(text);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

/** Steps of the budget in which a name is compared. */
const NAME_STEPS = 4;

const permission = z.strictObject({
  statements: z
    .array(
      z.strictObject({
        effect: z.enum(['allow', 'deny']),
        api: z.union([apiName.transform((name) => [name]), z.array(apiName).min(1)], {
          error: 'must be "Name:operation", "Name:*", "*" or an array of them',
        }),
        condition: condition.optional(),
      }),
    )
    .max(100),
});

export type Statement = z.output<typeof permission>['statements'][number];

export class PermissionError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(faults.join('; '));
    this.name = 'PermissionError';
  }
}

/** Reads a permission, which is JSON in a string. Throws PermissionError. */
export function parsePermission(text: string): readonly Statement[] {
  if (Buffer.byteLength(text) > API_LIMITS.permission) {
    throw new PermissionError([`permission: ${API_LIMITS.permission} bytes are the limit`]);
  }
  const parsed = parseJson(text);
  if (parsed.fault !== undefined) throw new PermissionError([`permission ${parsed.fault}`]);
  const read = readAs(permission, parsed.json);
  if (read.faults !== undefined) throw new PermissionError(read.faults.map((fault) => `permission: ${fault}`));
  return read.data.statements;
}

export interface Decision {
  readonly permitted: boolean;
  /** Why it could not be decided: the answer is no then. */
  readonly fault?: string;
}

/** What is to be called: `FileEntry:getFile`, and the name that the definition had for it formerly, if another. */
export interface Asked {
  readonly api: string;
  readonly formerApi?: string | undefined;
}

/**
 * Whether the statements let this be called. All of them together have one budget; one that comes as they are read may be
 * too much for it, too (UndecidedError).
 */
export function decide(
  statements: Iterable<Statement>,
  { api, formerApi }: Asked,
  facts: Facts,
  budget = new Budget(),
): Decision {
  let permitted = false;
  try {
    for (const { effect, api: names, condition } of statements) {
      if (permitted && effect === 'allow') continue;
      budget.spend(NAME_STEPS * names.length);
      const isAsked = names.some((name) => name === formerApi || covers(name, api));
      if (!isAsked || condition?.(facts, budget) === false) continue;
      if (effect === 'deny') return { permitted: false };
      permitted = true;
    }
    return { permitted };
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    return { permitted: false, fault: error.message };
  }
}

const covers = (name: string, api: string): boolean =>
  name === api || (name.endsWith('*') && api.startsWith(name.slice(0, -1)));
