// The credentials store: what each type holds, by the platform's own type names. Secrets are UTF-8 text.

import { z } from 'zod';
import { optional, secretField as secret } from '../config/fields.js';

const name = z.string().min(1);
/** The definition's own example is a bare name: it is stored, and AWS refuses it when the role is assumed. */
const roleArn = z
  .string()
  .regex(
    /^(arn:aws(-cn)?:iam::\d{12}:role\/[\w+=,.@/-]{1,512}|[\w+=,.@-]{1,64})$/,
    'must be the ARN or the name of a role',
  );
/** AWS STS API Reference, AssumeRole. */
const externalId = z.string().regex(/^[\w+=,.@:/-]{2,1224}$/, 'must be 2 to 1224 letters, digits and +=,.@:/-');

function entry<T extends string, F extends z.ZodRawShape>(type: T, fields: F) {
  return z.object({
    type: z.literal(type),
    description: optional(z.string().max(1024)),
    credentials: z.object(fields),
  });
}

/** `{type, credentials: {..}, description?}`, as an operator writes it. */
export const credentialsEntry = z.discriminatedUnion('type', [
  entry('psk', { key: secret }),
  entry('api-token-credentials', { token: secret }),
  entry('username-password-credentials', { username: z.string(), password: secret }),
  entry('x509', { key: secret, cert: name, ca: optional(z.string()) }),
  entry('private-key-pem', { key: secret }),
  entry('aws-credentials', { accessKeyId: name, secretAccessKey: secret }),
  entry('aws-iam-role-credentials', { roleArn, externalId }),
  entry('azure-credentials', { policyName: name, key: secret }),
  entry('azureIoT-credentials', { sharedAccessKeyName: name, sharedAccessKey: secret }),
  entry('google-service-account-json', { credentials: secret }),
]);

type Entry = z.output<typeof credentialsEntry>;

/** Type and fields side by side: `{type: 'psk', key}`. */
export type Credentials = {
  [T in Entry['type']]: Readonly<{ type: T } & Extract<Entry, { type: T }>['credentials']>;
}[Entry['type']];

export type CredentialsInput = z.input<typeof credentialsEntry>;
