// Roles of an operator: what a SAM user, or a SIM through Harvest Files, may do. /v1/operators/{own id}/roles.

import { z } from 'zod';
import type { Accounts, Role } from '../accounts/index.js';
import { noContent, ok } from './call.js';
import { ApiError } from './error.js';
import { done, nameOf, OWN, type OwnCall, permissionBody, understood } from './own.js';
import { word } from './parameters.js';
import { type Route, route } from './routes.js';
import { milliseconds, named } from './shapes.js';

export const roleShape = named(
  'Role',
  z.strictObject({
    roleId: z.string(),
    description: z.string(),
    /** JSON in a string. */
    permission: z.string(),
    /** No role here is the platform's own. */
    owner: z.literal('operator'),
    createDateTime: milliseconds,
    updateDateTime: milliseconds,
  }),
);
/** As lists have it. */
export const listedRoleShape = named('ListedRole', roleShape.omit({ permission: true }));

export const listedRoleView = ({ roleId, description, createdMs, modifiedMs }: Role) => ({
  ...{ roleId, description, owner: 'operator' as const, createDateTime: createdMs, updateDateTime: modifiedMs },
});

export const roleView = (role: Role): z.output<typeof roleShape> => ({
  ...listedRoleView(role),
  permission: role.permission,
});

export function roleRoutes(accounts: Accounts): Route[] {
  const { sam } = accounts;
  const of = (call: OwnCall): Role => {
    const found = sam.role(call.caller.operatorId, call.param('role_id'));
    if (found === undefined) throw new ApiError('no-role');
    return found;
  };
  const path = `${OWN}/roles/:role_id`;
  return [
    route({
      ...{ method: 'GET', path: `${OWN}/roles`, api: 'Role:listRoles', for: 'operator' },
      summary: 'roles, by id',
      query: { owner: word(['operator', 'soracom', 'all']) },
      answers: { 200: z.array(listedRoleShape) },
      handle: ({ caller, query }) =>
        ok(query.owner === 'soracom' ? [] : sam.roles(caller.operatorId).map(listedRoleView)),
    }),
    route({
      ...{ method: 'GET', path, api: 'Role:getRole', for: 'operator' },
      summary: 'one role',
      answers: { 200: roleShape },
      handle: (call) => ok(roleView(of(call))),
    }),
    route({
      ...{ method: 'POST', path, api: 'Role:createRole', for: 'operator' },
      summary: 'makes a role',
      body: permissionBody,
      answers: { 200: z.strictObject({ roleId: z.string() }) },
      handle: (call) => {
        const roleId = nameOf(call, 'role_id');
        const { operatorId } = call.caller;
        const { permission, description } = call.input;
        if (sam.role(operatorId, roleId) !== undefined) throw new ApiError('role-exists', roleId);
        understood(() => sam.putRole(operatorId, roleId, permission, description));
        return ok({ roleId });
      },
    }),
    route({
      ...{ method: 'PUT', path, api: 'Role:updateRole', for: 'operator' },
      summary: 'replaces what a role lets do',
      body: permissionBody,
      answers: { 200: 'nothing' },
      handle: (call) => {
        const role = of(call);
        const { permission, description = role.description } = call.input;
        understood(() => sam.putRole(call.caller.operatorId, role.roleId, permission, description));
        return done;
      },
    }),
    route({
      ...{ method: 'DELETE', path, api: 'Role:deleteRole', for: 'operator' },
      summary: 'deletes a role; who had it may do less',
      answers: { 204: 'nothing' },
      handle: (call) => {
        sam.deleteRole(call.caller.operatorId, of(call).roleId);
        return noContent;
      },
    }),
  ];
}
