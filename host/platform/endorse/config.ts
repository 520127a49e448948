// SoracomEndorse in a group's configuration.

import { z } from 'zod';

export const soracomEndorse = z.strictObject({ enabled: z.boolean() });
export type SoracomEndorse = z.output<typeof soracomEndorse>;
