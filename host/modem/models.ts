// The models that can be emulated, by the name that a configuration gives.

import type { Dialect } from './dialect.js';
import { quectel } from './quectel/index.js';

const MODELS: Readonly<Record<string, Dialect>> = { ...quectel };

/** Names for `dialectOf`; the first is the model of a modem for which none is named. */
export const MODEM_MODELS: readonly string[] = Object.keys(MODELS);

/** Throws RangeError, with the names that there are, for any other. */
export function dialectOf(model = MODEM_MODELS[0] ?? ''): Dialect {
  const dialect = Object.hasOwn(MODELS, model) ? MODELS[model] : undefined;
  if (!dialect) throw new RangeError(`modem "${model}" is not known; there are ${MODEM_MODELS.join(', ')}`);
  return dialect;
}
