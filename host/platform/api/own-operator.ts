import type { Owner } from '../accounts/index.js';
import type { Call } from './call.js';
import { ApiError } from './error.js';

/** The caller, who may name its own operator in the path and no other, whether that is there or not. Throws ApiError. */
export function ownOperator({ caller, params }: Call): Owner {
  if (caller.kind !== 'operator' || params['operator_id'] !== caller.operatorId) throw new ApiError('forbidden');
  return caller;
}
