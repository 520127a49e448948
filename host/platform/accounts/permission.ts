// What a SAM role or user may do: `{"statements":[{"effect":"allow","api":"FileEntry:getFile","condition":".."}]}`. What no
// statement allows is denied, and what one denies stays denied.

import { z } from 'zod';
import { API_LIMITS } from '../choices.js';
import { faultsOf } from '../directory/schema.js';
import { type Condition, compileCondition, ConditionError, type Facts } from './condition.js';

export type { Facts } from './condition.js';

/** `FileEntry:getFile`, `FileEntry:*`, `*`. */
const apiName = z.string().regex(/^(\*|[A-Za-z]\w*:(\*|[A-Za-z]\w*))$/, '"Name:operation", "Name:*" or "*" is wanted');

const condition = z.string().transform((text, context): Condition => {
  try {
    return compileCondition(text);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

const permission = z.strictObject({
  statements: z
    .array(
      z.strictObject({
        effect: z.enum(['allow', 'deny']),
        api: z.union([apiName.transform((name) => [name]), z.array(apiName).min(1)], {
          error: '"Name:operation", "Name:*", "*" or an array of them is wanted',
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
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new PermissionError(['permission is not JSON']);
  }
  const parsed = permission.safeParse(json);
  if (!parsed.success) throw new PermissionError(faultsOf(parsed.error).map((fault) => `permission: ${fault}`));
  return parsed.data.statements;
}

/** Whether the statements let `api` (`FileEntry:getFile`) be called. */
export function permits(statements: readonly Statement[], api: string, facts: Facts): boolean {
  const said = new Set(
    statements
      .filter((one) => one.api.some((name) => covers(name, api)) && (one.condition?.(facts) ?? true))
      .map(({ effect }) => effect),
  );
  return said.has('allow') && !said.has('deny');
}

const covers = (name: string, api: string): boolean =>
  name === '*' || name === api || (name.endsWith(':*') && api.startsWith(name.slice(0, -1)));
