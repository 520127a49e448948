// Who the platform's customers are and what they configured: operators' groups, credentials and subscribers. The
// services read it; the operator API writes it. What a group's configuration may hold is said by
// the services' namespaces (../config), which the directory is given.

export type { Credentials, CredentialsInput } from './credentials.js';
export {
  DEFAULT_OPERATOR,
  Directory,
  DirectoryError,
  writtenConfiguration,
  type CredentialsRecord,
  type DirectoryOptions,
  type GroupRecord,
  type SubscriberChange,
} from './directory.js';
export type { CredentialsReference } from '../config/fields.js';
export { configFaults, type DirectoryConfig, PlatformConfigError } from './schema.js';
export {
  SUBSCRIBER_STATUS,
  type Group,
  type Subscriber,
  type SubscriberDirectory,
  type SubscriberStatus,
} from './types.js';
