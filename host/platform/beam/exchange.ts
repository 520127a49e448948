// One request of Beam to a destination over HTTP, told in the trace, and what a device is told when it fails.

import { BeamStatus } from '../choices.js';
import type { Answer } from '../http/front.js';
import { shownBody, shownHeaders, type HeaderList } from '../http/text.js';
import type { Sender } from '../message/message.js';
import { DEVICE_TEXT, isOwnFault, UpstreamError } from '../outbound/upstream-error.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../service.js';
import { EntryError } from './identity.js';

export interface Exchange {
  readonly id: number;
  readonly caller: Sender;
  /** For whom its answer is counted; the caller's IMSI unless given. */
  readonly countedFor?: string | undefined;
  readonly destination: URL;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  readonly signal: AbortSignal;
}

/** Rejects with an UpstreamError. */
export async function exchange({ forwarder, traceOf }: ServiceContext, request: Exchange): Promise<Answer> {
  const { id, caller, destination, method, target, headers, body } = request;
  const trace = traceOf(caller);
  trace.emit(() => ({
    ...{ type: 'http', leg: 'customer', kind: 'request', id, method, url: destination.origin + target },
    headers: shownHeaders(headers),
    body: shownBody(body),
  }));
  const answer = await forwarder.send({ ...request, imsi: request.countedFor ?? caller.imsi });
  trace.emit(() => ({
    ...{ type: 'http', leg: 'customer', kind: 'response', id, status: answer.status },
    headers: shownHeaders(answer.headers),
    body: shownBody(answer.body),
  }));
  return answer;
}

/** Status and text for the device; undefined for an error that nobody foresaw. The trace gets the details. */
export function failureOf(
  context: ServiceContext,
  error: unknown,
  { id, caller }: { readonly id: number; readonly caller: Sender },
): { readonly status: number; readonly text: string } | undefined {
  if (error instanceof UpstreamError) {
    const { GatewayTimeout, BadGateway, Busy } = BeamStatus;
    const status = error.fault === 'timeout' ? GatewayTimeout : isOwnFault(error) ? Busy : BadGateway;
    report(context, 'upstream-error', id, caller, status, `${error.fault}: ${error.message}`);
    return { status, text: `Beam: ${DEVICE_TEXT[error.fault]}` };
  }
  if (!(error instanceof Refusal) && !(error instanceof EntryError)) return undefined;
  const status = error instanceof Refusal ? error.status : BeamStatus.Refused;
  report(context, 'refused', id, caller, status, error.message);
  return { status, text: `Beam: ${error.message}` };
}

export function report(
  { traceOf }: ServiceContext,
  event: 'refused' | 'upstream-error',
  id: number,
  caller: Sender,
  status: number,
  reason: string,
): void {
  traceOf(caller).emit({ type: 'service', service: 'beam', event, id, status, reason, imsi: caller.imsi });
}
