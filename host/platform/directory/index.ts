// Who the platform's customers are and what they configured: operators' groups, credentials and subscribers. The
// services read it; the operator API writes it. fields.ts and namespaces.ts say what a configuration may hold, each
// service's own part of it lies in the service's folder.

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
export type { GroupConfiguration, GroupConfigurationInput } from './namespaces.js';
export { faultsOf, PlatformConfigError, type PlatformConfig } from './schema.js';
export {
  SUBSCRIBER_STATUS,
  type Group,
  type Subscriber,
  type SubscriberDirectory,
  type SubscriberStatus,
} from './types.js';
