// Signing in and out, and further tokens.

import { z } from 'zod';
import type { Accounts, Login, SignInSource } from '../accounts/index.js';
import { TOKEN_SECONDS } from '../choices.js';
import { optional } from '../config/fields.js';
import { noContent, ok } from './call.js';
import { ApiError } from './error.js';
import { type Route, route } from './routes.js';

export const API_KEY_HEADER = 'x-soracom-api-key';
export const TOKEN_HEADER = 'x-soracom-token';

const seconds = optional(
  z
    .int('must be whole seconds')
    .min(TOKEN_SECONDS.min, `must be at least ${TOKEN_SECONDS.min} seconds`)
    .max(TOKEN_SECONDS.max, `must be at most ${TOKEN_SECONDS.max} seconds`),
);

const text = optional(z.string().min(1).max(1024));
const FORMS = [
  ['authKeyId', 'authKey'],
  ['email', 'password'],
  ['operatorId', 'userName', 'password'],
] as const;

const signIn = z
  .object({
    authKeyId: text,
    authKey: text,
    email: text,
    operatorId: text,
    userName: text,
    password: text,
    /** Nobody here has a second factor: a code is taken and not looked at. */
    mfaOTPCode: text,
    tokenTimeoutSeconds: seconds,
  })
  .refine((body) => loginOf(body) !== undefined, {
    message: `wants ${FORMS.map((form) => form.join(' and ')).join(', or ')}`,
  });

/** The one form whose fields are there, and no field of another. */
function loginOf(body: Readonly<Record<string, unknown>>): Login | undefined {
  const names = new Set<string>(FORMS.flat().filter((name) => body[name] !== undefined));
  const form = FORMS.find((fields) => fields.length === names.size && fields.every((name) => names.has(name)));
  return form && (Object.fromEntries(form.map((name) => [name, body[name]])) as unknown as Login);
}

const ticketShape = z.strictObject({
  apiKey: z.string(),
  token: z.string(),
  operatorId: z.string(),
  userName: z.string().optional(),
});

export function authRoutes(accounts: Accounts): Route[] {
  return [
    route({
      ...{ method: 'POST', path: '/auth', api: 'Auth:auth', for: 'anybody' },
      summary: 'signs in: by an AuthKey, e-mail and password, or a SAM user’s password',
      body: signIn,
      answers: { 200: ticketShape },
      handle: async ({ input: body, from, request }) => {
        const login = loginOf(body);
        if (login === undefined) throw new ApiError('malformed');
        const life = body.tokenTimeoutSeconds ?? TOKEN_SECONDS.default;
        const ticket = await accounts.signIn(login, life, { address: from, signedIn: signedIn(accounts, request) });
        if (ticket === undefined) throw new ApiError('auth-failed');
        const { apiKey, token, operatorId, userName } = ticket;
        return ok({ apiKey, token, operatorId, ...(userName !== undefined && { userName }) });
      },
    }),
    route({
      ...{ method: 'POST', path: '/auth/logout', api: 'Auth:logout', for: 'token' },
      summary: 'ends all tokens of the API key',
      answers: { 204: 'nothing' },
      handle: ({ request }) => {
        accounts.signOut(keyOf(request));
        return noContent;
      },
    }),
    route({
      ...{ method: 'POST', path: '/operators/:operator_id/token', api: 'Operator:generateAuthToken', for: 'token' },
      summary: 'a further token for the same API key',
      body: z.object({ tokenTimeoutSeconds: seconds }),
      answers: { 200: z.strictObject({ token: z.string() }) },
      handle: ({ caller, input, request }) =>
        ok({ token: accounts.renew(caller, keyOf(request), input.tokenTimeoutSeconds ?? TOKEN_SECONDS.default) }),
    }),
  ];
}

function signedIn(accounts: Accounts, { headers }: Request): SignInSource['signedIn'] {
  const [apiKey, token] = [headers.get(API_KEY_HEADER), headers.get(TOKEN_HEADER)];
  return apiKey === null || token === null ? undefined : accounts.callerOf(apiKey, token);
}

const keyOf = (request: Request): string => request.headers.get(API_KEY_HEADER) ?? '';
