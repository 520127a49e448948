// HTTP as one more transport of a message service: any path, POST.

import type { Session } from '../../cellular/network.js';
import { MessageStatus } from '../choices.js';
import { type Answer, type DeviceRequest, type HttpService, textAnswer } from '../http/front.js';
import { callerOf } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import { failure } from './front.js';
import type { MessageService } from './message.js';

export function messagesOverHttp(context: ServiceContext, service: MessageService): HttpService {
  const { clock, directory, traceOf } = context;
  return {
    refuses: ({ caller }) => {
      try {
        callerOf(directory, caller);
        return false;
      } catch {
        return true;
      }
    },
    answer: async (request: DeviceRequest): Promise<Answer> => {
      const { id, caller: session, method, target, headers, body, signal } = request;
      try {
        if (method !== 'POST') throw new Refusal(MessageStatus.MethodNotAllowed, `${method} is not served here`);
        const caller = callerOf(directory, session);
        const unixMs = clock.unixMs();
        const message = {
          id,
          session,
          caller,
          protocol: 'http',
          body,
          method,
          target,
          headers,
          unixMs,
          signal,
        } as const;
        const { status, reason, headers: own = [], body: answered } = await service.answer(message);
        const length: [string, string][] = status === 204 ? [] : [['Content-Length', String(answered.length)]];
        const date: [string, string] = ['Date', new Date(clock.unixMs()).toUTCString()];
        const sent = [...own, ...length, date];
        return { status, headers: sent, body: answered, ...(reason !== undefined && { reason }) };
      } catch (error) {
        const { status, body: text } = failure(context, service.name, id, session, error);
        return textAnswer(status, Buffer.from(text).toString(), clock);
      }
    },
    failed: (id: number, session: Session, status: number, reason: string) => {
      const { imsi } = session;
      traceOf(session).emit({ type: 'service', service: service.name, event: 'refused', id, status, reason, imsi });
    },
  };
}
