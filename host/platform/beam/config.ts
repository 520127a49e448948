// SoracomBeam in a group's configuration: one key per entry point.

import { z } from 'zod';
import { referenceField, secretField, urlField } from '../directory/fields.js';
import { isReserved } from './headers.js';
import { entryPoint } from './route.js';

/** RFC 9110 5.6.2 token. */
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
  .refine((name) => !isReserved(name), 'belongs to Beam and cannot be a custom header');

const customHeader = z
  .strictObject({
    action: z.enum(['append', 'replace', 'delete']),
    headerKey: headerName,
    headerValue: z
      .string()
      .regex(/^[\t\x20-\x7e]*$/, 'must be visible ASCII')
      .optional(),
  })
  .refine(({ action, headerValue }) => action === 'delete' || headerValue !== undefined, {
    path: ['headerValue'],
    message: 'is wanted for append and replace',
  });

const entry = z
  .strictObject({
    name: z.string().optional(),
    enabled: z.boolean(),
    destination: urlField('http:', 'https:'),
    addSubscriberHeader: z.boolean().optional(),
    addEquipmentHeader: z.boolean().optional(),
    addMsisdnHeader: z.boolean().optional(),
    addSimIdHeader: z.boolean().optional(),
    addSignature: z.boolean().optional(),
    /** Pre-shared key of the signature (UTF-8 text), or a reference to credentials of type psk. */
    psk: z.union([secretField, referenceField], { error: 'text or {"$credentialsId": ...} is wanted' }).optional(),
    /** Credentials of which the Authorization header is made: psk and token give Bearer, user name and password Basic. */
    authorization: referenceField.optional(),
    customHeaders: z.record(z.string(), customHeader).optional(),
  })
  .superRefine((value, context) => {
    if (value.addSignature !== true) return;
    if (value.psk === undefined) {
      context.addIssue({ code: 'custom', path: ['psk'], message: 'is wanted for a signature' });
    }
    const { addSubscriberHeader, addEquipmentHeader, addMsisdnHeader, addSimIdHeader } = value;
    if (![addSubscriberHeader, addEquipmentHeader, addMsisdnHeader, addSimIdHeader].includes(true)) {
      const message = 'needs at least one of addSubscriberHeader, addEquipmentHeader, addMsisdnHeader, addSimIdHeader';
      context.addIssue({ code: 'custom', path: ['addSignature'], message });
    }
  });

const key = z.string().refine((text) => entryPoint(text) !== undefined, {
  message: 'is not an entry point that is emulated: http://beam.soracom.io:8888/... or http://beam.soracom.io:18080/',
});

export const soracomBeam = z
  .record(key, entry)
  .refine((entries) => Object.keys(entries).filter((text) => entryPoint(text)?.kind === 'website').length <= 1, {
    message: 'has more than one website entry point',
  });

/** One entry point of Beam, as an operator configures it. */
export type BeamEntry = z.output<typeof entry>;
export type CustomHeader = z.output<typeof customHeader>;
