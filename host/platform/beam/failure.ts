import type { Delivery, Reported } from '../cloud-delivery/delivery.js';
import { UpstreamError } from '../outbound/upstream-error.js';
import { Refusal } from '../refusal.js';

/** What a device is told when Beam has no answer of a destination for it. The trace gets the details. Undefined for an error that nobody foresaw. */
export function beamFailure(
  delivery: Delivery,
  error: unknown,
  from: Reported,
): { readonly status: number; readonly text: string } | undefined {
  if (error instanceof UpstreamError) {
    const { status, text } = delivery.failure(error, from);
    return { status, text: `Beam: ${text}` };
  }
  if (!(error instanceof Refusal)) return undefined;
  delivery.report('refused', from, error.status, error.message);
  return { status: error.status, text: `Beam: ${error.message}` };
}
