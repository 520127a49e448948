// The words of a cloud that refused: what a device is told.

import { FUNNEL } from '../choices.js';
import type { Answer } from '../http/front.js';
import { Refusal } from '../refusal.js';

/** A cloud does not give what was to be asked of it first, a token for example. Its success and its redirects are no answer to a device. */
export const refusedBy = (answer: Answer): Refusal =>
  new Refusal(answer.status >= 400 ? answer.status : FUNNEL.oddAnswer, cloudMessage(answer));

/** Out of the forms that clouds give their errors in; the whole body when it has none of them. */
export function cloudMessage({ reason = '', body }: Answer): string {
  const text = Buffer.from(body).toString();
  const words =
    fromJson(text) ?? /<Detail>([^<]+)<\/Detail>/.exec(text)?.[1] ?? /<Message>([^<]+)<\/Message>/.exec(text)?.[1];
  return (words ?? (text.trim() || reason)).slice(0, FUNNEL.maxMessage);
}

/** AWS: `message` or `Message`; OAuth: `error_description`; Google: `error.message`. */
function fromJson(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    const error = value?.['error'];
    const inner = typeof error === 'object' && error !== null ? (error as Record<string, unknown>)['message'] : error;
    const found = [value?.['message'], value?.['Message'], value?.['error_description'], inner];
    return found.find((words): words is string => typeof words === 'string' && words !== '');
  } catch {
    return undefined;
  }
}
