// An operator's own record: /v1/operators/{own id}. What is below it is in auth-keys.ts, roles.ts and users.ts.

import { z } from 'zod';
import type { Accounts } from '../accounts/index.js';
import { authKeyRoutes } from './auth-keys.js';
import { ok } from './call.js';
import { ApiError } from './error.js';
import { OWN } from './own.js';
import { roleRoutes } from './roles.js';
import { type Route, route } from './routes.js';
import { named } from './shapes.js';
import { userRoutes } from './users.js';

const isoDate = (ms: number): string => new Date(ms).toISOString();

const operatorShape = named(
  'Operator',
  z.strictObject({
    operatorId: z.string(),
    /** Of the operator that this one belongs to: here each is its own. */
    rootOperatorId: z.string().nullable(),
    email: z.string().nullable(),
    description: z.string(),
    createDate: z.iso.datetime(),
    updateDate: z.iso.datetime(),
  }),
);

export function operatorRoutes(accounts: Accounts): Route[] {
  return [
    route({
      ...{ method: 'GET', path: OWN, api: 'Operator:getOperator', for: 'operator' },
      summary: 'the operator itself',
      answers: { 200: operatorShape },
      handle: ({ caller: { operatorId } }) => {
        const found = accounts.operator(operatorId);
        const date = isoDate(found?.createdMs ?? 0);
        return ok({
          ...{ operatorId, rootOperatorId: null, email: found?.email ?? null, description: '' },
          ...{ createDate: date, updateDate: date },
        });
      },
    }),
    ...authKeyRoutes(accounts, '/auth_keys', 'Operator', ({ caller }) => {
      // A user who could make keys of the root would be the root.
      if (caller.userName !== undefined) throw new ApiError('forbidden');
      return { operatorId: caller.operatorId, userName: undefined };
    }),
    ...roleRoutes(accounts),
    ...userRoutes(accounts),
  ];
}
