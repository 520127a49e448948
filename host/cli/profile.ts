import { loadSimRange, ProfileError, type SimProfile, type SimRange } from '../sim/index.js';
import { complain, UsageError } from './output.js';

/** The cards of a profile; what is worth a look in it is told on standard error. Throws UsageError with the file and the field. */
export function rangeOf(path: string): SimRange {
  try {
    const range = loadSimRange(path);
    for (const warning of range.warnings) complain(warning);
    return range;
  } catch (error) {
    throw error instanceof ProfileError ? new UsageError(error.message) : error;
  }
}

/** The card number `index` of a profile. Throws UsageError, as `rangeOf`. */
export function profileOf(path: string, index = 0): SimProfile {
  const range = rangeOf(path);
  try {
    return range.card(index);
  } catch (error) {
    throw error instanceof ProfileError ? new UsageError(error.message) : error;
  }
}
