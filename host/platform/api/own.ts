// What the routes below /v1/operators/{own id} share.

import { z } from 'zod';
import { PermissionError } from '../accounts/index.js';
import { optional } from '../config/fields.js';
import { API_LIMITS } from '../limits.js';
import type { Call, OperatorCaller, Reply } from './call.js';
import { ApiError } from './error.js';

/** The router lets an operator name itself in the path, and no other. */
export const OWN = '/operators/:operator_id';
export type OwnCall = Call<OperatorCaller>;

export const description = optional(z.string().max(API_LIMITS.description));
export const permissionBody = z.object({ permission: z.string(), description });

/** Names of roles and users. */
const NAME = /^[\w.@-]{1,128}$/;

/** Done, and there is nothing to say. */
export const done: Reply = { status: 200 };

/** Throws ApiError. */
export function nameOf(call: OwnCall, parameter: string): string {
  const name = call.param(parameter);
  if (!NAME.test(name)) throw new ApiError('malformed', `${parameter}: must be 1 to 128 letters, digits or ._@-`);
  return name;
}

/** What a permission's own check refuses, as the API's refusal. */
export function understood(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
    throw new ApiError('malformed', error.message);
  }
}
