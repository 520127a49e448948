// SAM users of an operator, with their permissions, roles, AuthKeys and passwords. /v1/operators/{own id}/users.

import { z } from 'zod';
import { type Accounts, NO_PERMISSION, type SamUser } from '../accounts/index.js';
import { PASSWORD_LENGTH } from '../limits.js';
import { authKeyRoutes, authKeyShape, authKeyView } from './auth-keys.js';
import { noContent, ok } from './call.js';
import { ApiError } from './error.js';
import { description, done, nameOf, OWN, type OwnCall, permissionBody, understood } from './own.js';
import { listedRoleShape, listedRoleView, roleShape, roleView } from './roles.js';
import { type Route, route } from './routes.js';
import { milliseconds, named } from './shapes.js';

const newPassword = z
  .string()
  .min(PASSWORD_LENGTH.min, `must have at least ${PASSWORD_LENGTH.min} characters`)
  .max(PASSWORD_LENGTH.max, `must have at most ${PASSWORD_LENGTH.max} characters`);

const userBody = z.object({ description });

export const userShape = named(
  'User',
  z.strictObject({
    userName: z.string(),
    description: z.string(),
    /** JSON in a string. */
    permission: z.string(),
    hasPassword: z.boolean(),
    authKeyList: z.array(authKeyShape),
    roleList: z.array(listedRoleShape),
    createDateTime: milliseconds,
    updateDateTime: milliseconds,
  }),
);

export function userView(accounts: Accounts, operatorId: string, user: SamUser): z.output<typeof userShape> {
  const { userName, description, permission, hasPassword, roles, createdMs, modifiedMs } = user;
  return {
    ...{ userName, description, permission, hasPassword },
    authKeyList: accounts.authKeys({ operatorId, userName }).map(authKeyView),
    roleList: roles.flatMap((roleId) => accounts.sam.role(operatorId, roleId) ?? []).map(listedRoleView),
    ...{ createDateTime: createdMs, updateDateTime: modifiedMs },
  };
}

export function userRoutes(accounts: Accounts): Route[] {
  const { sam } = accounts;
  const of = (call: OwnCall): SamUser => {
    const found = sam.user(call.caller.operatorId, call.param('user_name'));
    if (found === undefined) throw new ApiError('no-user');
    return found;
  };
  const view = (call: OwnCall): z.output<typeof userShape> => userView(accounts, call.caller.operatorId, of(call));
  const path = `${OWN}/users/:user_name`;
  return [
    route({
      ...{ method: 'GET', path: `${OWN}/users`, api: 'User:listUsers', for: 'operator' },
      summary: 'SAM users, by name',
      answers: { 200: z.array(userShape) },
      handle: ({ caller: { operatorId } }) =>
        ok(sam.users(operatorId).map((user) => userView(accounts, operatorId, user))),
    }),
    route({
      ...{ method: 'GET', path, api: 'User:getUser', for: 'operator' },
      summary: 'one SAM user',
      answers: { 200: userShape },
      handle: (call) => ok(view(call)),
    }),
    route({
      ...{ method: 'POST', path, api: 'User:createUser', for: 'operator' },
      summary: 'makes a SAM user, who may do nothing yet',
      body: userBody,
      answers: { 201: userShape },
      handle: (call) => {
        const userName = nameOf(call, 'user_name');
        const { operatorId } = call.caller;
        if (sam.user(operatorId, userName) !== undefined) throw new ApiError('user-exists', userName);
        sam.createUser(operatorId, userName, call.input.description ?? '');
        return { status: 201, json: view(call) };
      },
    }),
    route({
      ...{ method: 'PUT', path, api: 'User:updateUser', for: 'operator' },
      summary: 'changes the description of a SAM user',
      body: userBody,
      answers: { 200: userShape },
      handle: (call) => {
        sam.changeUser(call.caller.operatorId, of(call).userName, { description: call.input.description ?? '' });
        return ok(view(call));
      },
    }),
    route({
      ...{ method: 'DELETE', path, api: 'User:deleteUser', for: 'operator' },
      summary: 'deletes a SAM user with all that it could sign in with',
      answers: { 204: 'nothing' },
      handle: (call) => {
        accounts.deleteUser(call.caller.operatorId, of(call).userName);
        return noContent;
      },
    }),
    roleUsersRoute(accounts),
    ...authKeyRoutes(accounts, '/users/:user_name/auth_keys', 'User', (call) => ({
      operatorId: call.caller.operatorId,
      userName: of(call).userName,
    })),
    ...permissionRoutes(accounts, path, of),
    ...passwordRoutes(accounts, `${path}/password`, of),
  ];
}

function roleUsersRoute(accounts: Accounts): Route {
  const { sam } = accounts;
  return route({
    ...{ method: 'GET', path: `${OWN}/roles/:role_id/users`, api: 'Role:listRoleAttachedUsers', for: 'operator' },
    summary: 'users who have a role',
    answers: { 200: z.array(userShape) },
    handle: (call) => {
      const { operatorId } = call.caller;
      const roleId = call.param('role_id');
      if (sam.role(operatorId, roleId) === undefined) throw new ApiError('no-role');
      const users = sam.users(operatorId).filter((user) => user.roles.includes(roleId));
      return ok(users.map((user) => userView(accounts, operatorId, user)));
    },
  });
}

/** What a user may do: by itself, and by its roles. */
function permissionRoutes({ sam }: Accounts, user: string, of: (call: OwnCall) => SamUser): Route[] {
  const path = `${user}/permission`;
  return [
    route({
      ...{ method: 'GET', path, api: 'User:getUserPermission', for: 'operator' },
      summary: 'what a user may do by itself',
      answers: { 200: z.strictObject({ permission: z.string() }) },
      handle: (call) => ok({ permission: of(call).permission }),
    }),
    route({
      ...{ method: 'PUT', path, api: 'User:updateUserPermission', for: 'operator' },
      summary: 'replaces what a user may do by itself',
      body: permissionBody,
      answers: { 200: 'nothing' },
      handle: (call) => {
        const { userName } = of(call);
        const { permission } = call.input;
        understood(() => sam.changeUser(call.caller.operatorId, userName, { permission }));
        return done;
      },
    }),
    route({
      ...{ method: 'DELETE', path, api: 'User:deleteUserPermission', for: 'operator' },
      summary: 'takes away what a user may do by itself',
      answers: { 204: 'nothing' },
      handle: (call) => {
        sam.changeUser(call.caller.operatorId, of(call).userName, { permission: NO_PERMISSION });
        return noContent;
      },
    }),
    route({
      ...{ method: 'GET', path: `${user}/roles`, api: 'Role:listUserRoles', for: 'operator' },
      summary: 'roles of a user',
      answers: { 200: z.array(roleShape) },
      handle: (call) =>
        ok(
          of(call)
            .roles.flatMap((roleId) => sam.role(call.caller.operatorId, roleId) ?? [])
            .map(roleView),
        ),
    }),
    route({
      ...{ method: 'POST', path: `${user}/roles`, api: 'Role:attachRole', for: 'operator' },
      summary: 'gives a user a role',
      body: z.object({ roleId: z.string() }),
      answers: { 200: 'nothing' },
      handle: (call) => {
        const { userName } = of(call);
        const { roleId } = call.input;
        if (sam.role(call.caller.operatorId, roleId) === undefined) throw new ApiError('no-role');
        sam.attach(call.caller.operatorId, userName, roleId);
        return done;
      },
    }),
    route({
      ...{ method: 'DELETE', path: `${user}/roles/:role_id`, api: 'Role:detachRole', for: 'operator' },
      summary: 'takes a role from a user',
      answers: { 200: 'nothing' },
      handle: (call) => {
        const { operatorId } = call.caller;
        if (!sam.detach(operatorId, of(call).userName, call.param('role_id'))) throw new ApiError('no-role');
        return done;
      },
    }),
  ];
}

function passwordRoutes(accounts: Accounts, path: string, of: (call: OwnCall) => SamUser): Route[] {
  const { sam } = accounts;
  return [
    route({
      ...{ method: 'GET', path, api: 'User:hasUserPassword', for: 'operator' },
      summary: 'whether a user has a password',
      answers: { 200: z.strictObject({ hasPassword: z.boolean() }) },
      handle: (call) => ok({ hasPassword: of(call).hasPassword }),
    }),
    route({
      ...{ method: 'POST', path, api: 'User:createUserPassword', for: 'operator' },
      summary: 'gives a user a password',
      body: z.object({ password: newPassword }),
      answers: { 201: 'nothing' },
      handle: async (call) => {
        const { operatorId } = call.caller;
        const { userName } = of(call);
        if (!(await accounts.changePassword({ operatorId, userName }, call.input.password))) {
          throw new ApiError('password-exists');
        }
        return { status: 201 };
      },
    }),
    route({
      ...{ method: 'PUT', path, api: 'User:updateUserPassword', for: 'operator' },
      summary: 'changes a user’s password',
      body: z.object({ currentPassword: z.string(), newPassword }),
      answers: { 200: 'nothing' },
      handle: async (call) => {
        const { operatorId } = call.caller;
        const { userName, hasPassword } = of(call);
        if (!hasPassword) throw new ApiError('no-password');
        const { currentPassword, newPassword } = call.input;
        if (!(await accounts.changePassword({ operatorId, userName }, newPassword, currentPassword))) {
          throw new ApiError('forbidden', 'the current password is another');
        }
        return done;
      },
    }),
    route({
      ...{ method: 'DELETE', path, api: 'User:deleteUserPassword', for: 'operator' },
      summary: 'takes a user’s password away',
      answers: { 204: 'nothing' },
      handle: (call) => {
        const { userName, hasPassword } = of(call);
        if (!hasPassword) throw new ApiError('no-password');
        sam.deletePassword(call.caller.operatorId, userName);
        return noContent;
      },
    }),
  ];
}
