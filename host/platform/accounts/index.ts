// Who may use the management API: operators, their AuthKeys and tokens (accounts.ts), their users and roles (sam.ts), and
// what those may do (permission.ts, condition.ts, pattern.ts, budget.ts). What operators configured for their devices is in
// ../directory.

export {
  Accounts,
  type AuthKey,
  type Login,
  type NewAuthKey,
  type Operator,
  type Owner,
  type SignInSource,
  type Ticket,
} from './accounts.js';
export { BusyError } from './busy-error.js';
export type { DecisionTurns } from './decision-turns.js';
export { type Asked, type Decision, type Facts, PermissionError } from './permission.js';
export { NO_PERMISSION, type Role, Sam, type SamUser } from './sam.js';
export { TokenSigner } from './signer.js';
