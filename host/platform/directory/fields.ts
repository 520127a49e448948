// Fields that several namespaces of the group configuration have.

import { z } from 'zod';
import { Secret } from '../../secret.js';

/** Text that must not show: a `Secret` from the moment it is read. */
export const secretField = z
  .string()
  .min(1, 'must not be empty')
  .transform((text) => new Secret(Buffer.from(text)));

/** Points into the credentials store. The id may hold the placeholder `#{imsi}`. */
export const referenceField = z.strictObject({ $credentialsId: z.string().min(1) });
export type CredentialsReference = z.output<typeof referenceField>;

/** An absolute URL of one of these schemes (`https:`), without user name and fragment. */
export const urlField = (...schemes: readonly string[]) =>
  z.string().refine(
    (text) => {
      if (!URL.canParse(text)) return false;
      const { protocol, username, password, hash } = new URL(text);
      return schemes.includes(protocol) && username === '' && password === '' && hash === '';
    },
    {
      message: `${schemes.map((s) => `${s}//`).join(' or ')} URL without user name and fragment is wanted`.replace(
        /^/,
        'an ',
      ),
    },
  );

/** How a device's bytes are understood; absent: by what the transport says (SORACOM, "Content type" of a service). */
export const contentTypeField = z.enum(['json', 'text', 'binary']).optional();
export type ContentTypeSetting = z.output<typeof contentTypeField>;

/** True: a service's TCP connections carry frames of SORACOM Binary Format v1. The key is `binaryFormatV1` everywhere. */
export const binaryFormatField = z.boolean().optional();
