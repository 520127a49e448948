// Signing in and out, and further tokens.

import { z } from 'zod';
import { type Accounts, BusyError, type Login } from '../accounts/index.js';
import { TOKEN_SECONDS } from '../choices.js';
import { type Call, ok, type Reply } from './call.js';
import { ApiError } from './error.js';
import type { AnyRoute } from './routes.js';
import { ownOperator } from './own-operator.js';

export const API_KEY_HEADER = 'x-soracom-api-key';
export const TOKEN_HEADER = 'x-soracom-token';

const seconds = z
  .int('whole seconds are wanted')
  .min(TOKEN_SECONDS.min, `at least ${TOKEN_SECONDS.min} seconds are wanted`)
  .max(TOKEN_SECONDS.max, `at most ${TOKEN_SECONDS.max} seconds are wanted`)
  .default(TOKEN_SECONDS.default);

const text = z.string().min(1).max(1024);
const FORMS = [
  ['authKeyId', 'authKey'],
  ['email', 'password'],
  ['operatorId', 'userName', 'password'],
] as const;

const signIn = z
  .strictObject({
    authKeyId: text.optional(),
    authKey: text.optional(),
    email: text.optional(),
    operatorId: text.optional(),
    userName: text.optional(),
    password: text.optional(),
    tokenTimeoutSeconds: seconds,
  })
  .refine(({ tokenTimeoutSeconds: _life, ...fields }) => FORMS.some((form) => isForm(fields, form)), {
    message: `wants ${FORMS.map((form) => form.join(' and ')).join(', or ')}`,
  });

const isForm = (fields: object, form: readonly string[]): boolean =>
  form.every((name) => Object.hasOwn(fields, name)) && Object.keys(fields).length === form.length;

const renewal = z.strictObject({ tokenTimeoutSeconds: seconds });

export function authRoutes(accounts: Accounts): AnyRoute[] {
  const auth = async (call: Call<undefined>): Promise<Reply> => {
    const { tokenTimeoutSeconds, ...login } = await call.body(signIn);
    // Its form was checked.
    const ticket = await accounts.signIn(login as Login, tokenTimeoutSeconds).catch((error: unknown) => {
      throw error instanceof BusyError ? new ApiError('busy') : error;
    });
    if (ticket === undefined) throw new ApiError('auth-failed');
    const { apiKey, token, operatorId, userName } = ticket;
    return ok({ apiKey, token, operatorId, ...(userName !== undefined && { userName }) });
  };

  const renew = async (call: Call): Promise<Reply> => {
    const owner = ownOperator(call);
    const { tokenTimeoutSeconds } = await call.body(renewal);
    return ok({ token: accounts.renew(owner, keyOf(call), tokenTimeoutSeconds) });
  };

  const logout = (call: Call): Reply => {
    accounts.signOut(keyOf(call));
    return { status: 204 };
  };

  return [
    { method: 'POST', path: '/auth', api: 'Auth:auth', for: 'anybody', handle: auth },
    { method: 'POST', path: '/auth/logout', api: 'Auth:logout', for: 'token', handle: logout },
    {
      method: 'POST',
      path: '/operators/:operator_id/token',
      api: 'Operator:generateAuthToken',
      for: 'token',
      handle: renew,
    },
  ];
}

const keyOf = (call: Call): string => call.request.headers.get(API_KEY_HEADER) ?? '';
