// AuthKeys of an operator's root and of its users: an id, and a secret that is told once.

import { z } from 'zod';
import type { Accounts, AuthKey, Owner } from '../accounts/index.js';
import { noContent, ok } from './call.js';
import { ApiError } from './error.js';
import { OWN, type OwnCall } from './own.js';
import { type Route, route } from './routes.js';
import { milliseconds, named } from './shapes.js';

export const authKeyShape = named(
  'AuthKey',
  z.strictObject({
    authKeyId: z.string(),
    createDateTime: milliseconds,
    lastUsedDateTime: milliseconds.nullable(),
  }),
);

const newAuthKeyShape = named('NewAuthKey', z.strictObject({ authKeyId: z.string(), authKey: z.string() }));

/** AuthKeys of the root, or of a user: `ownerOf` says whose. The definition answers the two differently when one is made. */
export function authKeyRoutes(
  accounts: Accounts,
  path: string,
  tag: 'Operator' | 'User',
  ownerOf: (call: OwnCall) => Owner,
): Route[] {
  const of = (call: OwnCall, owner: Owner): AuthKey => {
    const found = accounts.authKeys(owner).find(({ authKeyId }) => authKeyId === call.param('auth_key_id'));
    if (found === undefined) throw new ApiError('no-auth-key');
    return found;
  };
  const whole = `${OWN}${path}`;
  const former = (name: string): { readonly formerApi?: string } =>
    tag === 'Operator' ? { formerApi: `Operator:${name}` } : {};
  const made = tag === 'Operator' ? 201 : 200;
  return [
    route({
      ...{ method: 'GET', path: whole, api: `${tag}:list${tag}AuthKeys`, ...former('listAuthKeys'), for: 'operator' },
      summary: 'AuthKeys, without their secrets',
      answers: { 200: z.array(authKeyShape) },
      handle: (call) => ok(accounts.authKeys(ownerOf(call)).map(authKeyView)),
    }),
    route({
      ...{ method: 'POST', path: whole, api: `${tag}:generate${tag}AuthKey`, ...former('generateAuthKey') },
      ...{ for: 'operator', summary: 'a new AuthKey: its secret is told this once' },
      answers: { [made]: newAuthKeyShape },
      handle: async (call) => {
        const { authKeyId, authKey } = await accounts.makeAuthKey(ownerOf(call));
        return { status: made, json: { authKeyId, authKey: Buffer.from(authKey.reveal()).toString() } };
      },
    }),
    route({
      ...{ method: 'GET', path: `${whole}/:auth_key_id`, api: `${tag}:get${tag}AuthKey`, ...former('getAuthKey') },
      ...{ for: 'operator', summary: 'one AuthKey, without its secret' },
      answers: { 200: authKeyShape },
      handle: (call) => ok(authKeyView(of(call, ownerOf(call)))),
    }),
    route({
      ...{ method: 'DELETE', path: `${whole}/:auth_key_id`, api: `${tag}:delete${tag}AuthKey` },
      ...{ ...former('deleteAuthKey'), for: 'operator', summary: 'deletes an AuthKey' },
      answers: { 204: 'nothing' },
      handle: (call) => {
        const owner = ownerOf(call);
        accounts.deleteAuthKey(owner, of(call, owner).authKeyId);
        return noContent;
      },
    }),
  ];
}

export const authKeyView = ({ authKeyId, createdMs, usedMs }: AuthKey): z.output<typeof authKeyShape> => ({
  ...{ authKeyId, createDateTime: createdMs, lastUsedDateTime: usedMs ?? null },
});
