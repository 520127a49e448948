// UnifiedEndpoint in a group's configuration.

import { z } from 'zod';

export const unifiedEndpoint = z.strictObject({});
export type UnifiedEndpoint = z.output<typeof unifiedEndpoint>;
