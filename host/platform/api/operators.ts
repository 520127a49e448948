// An operator's own record, its users and its roles: everything below /v1/operators/{own id}.

import { z } from 'zod';
import {
  type Accounts,
  type AuthKey,
  type Owner,
  PermissionError,
  type Role,
  type SamUser,
} from '../accounts/index.js';
import { API_LIMITS, PASSWORD_LENGTH } from '../choices.js';
import { type Call, noContent, ok, type Reply } from './call.js';
import { ApiError } from './error.js';
import { ownOperator } from './own-operator.js';
import type { Route } from './routes.js';

const description = z.string().max(API_LIMITS.description);
const roleBody = z.strictObject({ permission: z.string(), description: description.optional() });
const userBody = z.strictObject({ description: description.optional() });
const newPassword = z
  .string()
  .min(PASSWORD_LENGTH.min, `at least ${PASSWORD_LENGTH.min} characters are wanted`)
  .max(PASSWORD_LENGTH.max, `at most ${PASSWORD_LENGTH.max} characters are wanted`);
const passwordBody = z.strictObject({ password: newPassword });
const passwordChange = z.strictObject({ currentPassword: z.string(), newPassword });
const attachment = z.strictObject({ roleId: z.string() });

/** Names of roles and users. */
const NAME = /^[\w.@-]{1,128}$/;

const done: Reply = { status: 200 };

export function operatorRoutes(accounts: Accounts): Route[] {
  const { sam } = accounts;

  const nameOf = (call: Call, parameter: string): string => {
    const name = call.param(parameter);
    if (!NAME.test(name)) throw new ApiError('malformed', `${parameter}: 1 to 128 letters, digits or ._@- are wanted`);
    return name;
  };
  const roleOf = (call: Call, { operatorId }: Owner): Role => {
    const found = sam.role(operatorId, call.param('role_id'));
    if (found === undefined) throw new ApiError('no-role');
    return found;
  };
  const userOf = (call: Call, { operatorId }: Owner): SamUser => {
    const found = sam.user(operatorId, call.param('user_name'));
    if (found === undefined) throw new ApiError('no-user');
    return found;
  };
  const userView = (owner: Owner, user: SamUser): unknown => {
    const { userName, description, permission, hasPassword, roles, createdMs, modifiedMs } = user;
    return {
      userName,
      description,
      permission,
      hasPassword,
      authKeyList: accounts.authKeys({ ...owner, userName }).map(authKeyView),
      roleList: roles.map((roleId) => ({ roleId })),
      createDateTime: createdMs,
      updateDateTime: modifiedMs,
    };
  };
  const route = (
    method: Route['method'],
    path: string,
    api: string,
    handle: (call: Call, own: Owner) => Made,
  ): Route => ({
    ...{ method, path: `/operators/:operator_id${path}`, api, for: 'operator' },
    handle: (call) => handle(call, ownOperator(call)),
  });
  type Made = Reply | Promise<Reply>;

  const operator = [
    route('GET', '', 'Operator:getOperator', (_call, { operatorId }) => {
      const found = accounts.operator(operatorId);
      return ok({ operatorId, email: found?.email ?? null, createDate: isoDate(found?.createdMs ?? 0) });
    }),
    ...authKeyRoutes('/auth_keys', 'Operator', (call, own) => {
      // A user who could make keys of the root would be the root.
      if (own.userName !== undefined) throw new ApiError('forbidden');
      return { ...own, userName: undefined };
    }),
  ];

  function authKeyRoutes(path: string, tag: string, ownerOf: (call: Call, own: Owner) => Owner): Route[] {
    const of = (call: Call, owner: Owner): AuthKey => {
      const found = accounts.authKeys(owner).find(({ authKeyId }) => authKeyId === call.param('auth_key_id'));
      if (found === undefined) throw new ApiError('no-auth-key');
      return found;
    };
    const who = tag === 'User' ? 'User' : '';
    return [
      route('GET', path, `${tag}:list${who}AuthKeys`, (call, own) =>
        ok(accounts.authKeys(ownerOf(call, own)).map(authKeyView)),
      ),
      route('POST', path, `${tag}:generate${who}AuthKey`, (call, own) => {
        const { authKeyId, authKey } = accounts.makeAuthKey(ownerOf(call, own));
        return ok({ authKeyId, authKey: Buffer.from(authKey.reveal()).toString() });
      }),
      route('GET', `${path}/:auth_key_id`, `${tag}:get${who}AuthKey`, (call, own) =>
        ok(authKeyView(of(call, ownerOf(call, own)))),
      ),
      route('DELETE', `${path}/:auth_key_id`, `${tag}:delete${who}AuthKey`, (call, own) => {
        const owner = ownerOf(call, own);
        accounts.deleteAuthKey(owner, of(call, owner).authKeyId);
        return noContent;
      }),
    ];
  }

  const roles = [
    route('GET', '/roles', 'Role:listRoles', (_call, { operatorId }) => ok(sam.roles(operatorId).map(roleView))),
    route('GET', '/roles/:role_id', 'Role:getRole', (call, own) => ok(roleView(roleOf(call, own)))),
    route('POST', '/roles/:role_id', 'Role:createRole', async (call, { operatorId }) => {
      const roleId = nameOf(call, 'role_id');
      const { permission, description } = await call.body(roleBody);
      if (sam.role(operatorId, roleId) !== undefined) throw new ApiError('role-exists', roleId);
      understood(() => sam.putRole(operatorId, roleId, permission, description));
      return ok({ roleId });
    }),
    route('PUT', '/roles/:role_id', 'Role:updateRole', async (call, own) => {
      const { permission, description } = await call.body(roleBody);
      const role = roleOf(call, own);
      understood(() => sam.putRole(own.operatorId, role.roleId, permission, description ?? role.description));
      return done;
    }),
    route('DELETE', '/roles/:role_id', 'Role:deleteRole', (call, own) => {
      sam.deleteRole(own.operatorId, roleOf(call, own).roleId);
      return done;
    }),
    route('GET', '/roles/:role_id/users', 'Role:listRoleAttachedUsers', (call, own) => {
      const { roleId } = roleOf(call, own);
      const users = sam.users(own.operatorId).filter((user) => user.roles.includes(roleId));
      return ok(users.map((user) => userView(own, user)));
    }),
  ];

  const users = [
    route('GET', '/users', 'User:listUsers', (_call, own) =>
      ok(sam.users(own.operatorId).map((user) => userView(own, user))),
    ),
    route('GET', '/users/:user_name', 'User:getUser', (call, own) => ok(userView(own, userOf(call, own)))),
    route('POST', '/users/:user_name', 'User:createUser', async (call, own) => {
      const userName = nameOf(call, 'user_name');
      const { description = '' } = await call.body(userBody);
      if (sam.user(own.operatorId, userName) !== undefined) throw new ApiError('user-exists', userName);
      sam.createUser(own.operatorId, userName, description);
      return { status: 201, json: userView(own, userOf(call, own)) };
    }),
    route('PUT', '/users/:user_name', 'User:updateUser', async (call, own) => {
      const { description = '' } = await call.body(userBody);
      sam.changeUser(own.operatorId, userOf(call, own).userName, { description });
      return ok(userView(own, userOf(call, own)));
    }),
    route('DELETE', '/users/:user_name', 'User:deleteUser', (call, own) => {
      accounts.deleteUser(own.operatorId, userOf(call, own).userName);
      return noContent;
    }),
    ...authKeyRoutes('/users/:user_name/auth_keys', 'User', (call, own) => ({
      ...own,
      userName: userOf(call, own).userName,
    })),
    route('GET', '/users/:user_name/permission', 'User:getUserPermission', (call, own) =>
      ok({ permission: userOf(call, own).permission }),
    ),
    route('PUT', '/users/:user_name/permission', 'User:updateUserPermission', async (call, own) => {
      const change = await call.body(roleBody);
      const { userName } = userOf(call, own);
      understood(() => sam.changeUser(own.operatorId, userName, { permission: change.permission }));
      return done;
    }),
    route('GET', '/users/:user_name/roles', 'Role:listUserRoles', (call, own) =>
      ok(
        userOf(call, own)
          .roles.flatMap((roleId) => sam.role(own.operatorId, roleId) ?? [])
          .map(roleView),
      ),
    ),
    route('POST', '/users/:user_name/roles', 'Role:attachRole', async (call, own) => {
      const { roleId } = await call.body(attachment);
      const { userName } = userOf(call, own);
      if (sam.role(own.operatorId, roleId) === undefined) throw new ApiError('no-role');
      sam.attach(own.operatorId, userName, roleId);
      return done;
    }),
    route('DELETE', '/users/:user_name/roles/:role_id', 'Role:detachRole', (call, own) => {
      if (!sam.detach(own.operatorId, userOf(call, own).userName, call.param('role_id'))) throw new ApiError('no-role');
      return done;
    }),
  ];

  const password = '/users/:user_name/password';
  const passwords = [
    route('GET', password, 'User:hasUserPassword', (call, own) => ok({ hasPassword: userOf(call, own).hasPassword })),
    route('POST', password, 'User:createUserPassword', async (call, own) => {
      const { password: text } = await call.body(passwordBody);
      const { userName, hasPassword } = userOf(call, own);
      if (hasPassword) throw new ApiError('password-exists');
      sam.changeUser(own.operatorId, userName, { password: text });
      return done;
    }),
    route('PUT', password, 'User:updateUserPassword', async (call, own) => {
      const change = await call.body(passwordChange);
      const { userName, hasPassword } = userOf(call, own);
      if (!hasPassword) throw new ApiError('no-password');
      if (!(await accounts.isPassword(own.operatorId, userName, change.currentPassword))) {
        throw new ApiError('forbidden', 'the current password is another');
      }
      sam.changeUser(own.operatorId, userName, { password: change.newPassword });
      return done;
    }),
    route('DELETE', password, 'User:deleteUserPassword', (call, own) => {
      const { userName, hasPassword } = userOf(call, own);
      if (!hasPassword) throw new ApiError('no-password');
      sam.changeUser(own.operatorId, userName, { password: null });
      return noContent;
    }),
  ];

  return [...operator, ...roles, ...users, ...passwords];
}

const roleView = ({ roleId, description, permission, createdMs, modifiedMs }: Role): unknown => ({
  ...{ roleId, description, permission, createDateTime: createdMs, updateDateTime: modifiedMs },
});

const authKeyView = ({ authKeyId, createdMs, usedMs }: AuthKey): unknown => ({
  ...{ authKeyId, createDateTime: createdMs, lastUsedDateTime: usedMs ?? null },
});

const isoDate = (ms: number): string => new Date(ms).toISOString();

function understood(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
    throw new ApiError('malformed', error.message);
  }
}
