// HTTP from outside the cellular network, on any stream: the same front as the devices', with nobody as its caller.

import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import { Trace } from '../../trace/trace.js';
import { type Answer, HttpFront, type RequestHead } from '../http/front.js';
import type { ServiceContext } from '../service.js';
import { toAnswer, toRequest } from './http.js';

const nothing = (): never => {
  throw new Error('a caller from outside has no session');
};

const OUTSIDE: Session = {
  ...{ imsi: '', imei: '', ip: '', apn: '', dns: [], open: true },
  ...{ resolve: nothing, connectTcp: nothing, openUdp: nothing, close: nothing },
};

export interface OutsideFront {
  accept(stream: Duplex): void;
  close(): void;
}

export function outsideFront(context: ServiceContext, fetch: (request: Request) => Promise<Response>): OutsideFront {
  const { clock } = context;
  // Bodies hold passwords and keys: what the front has to tell goes to nobody. The API tells of its use by itself.
  const silent = new Trace(clock);
  const front = new HttpFront({
    ...context,
    traceOf: () => silent,
    service: {
      refuses: (_head: RequestHead) => false,
      answer: async (request): Promise<Answer> => toAnswer(await fetch(toRequest(request)), clock),
      failed: () => undefined,
    },
  });
  return { accept: (stream) => front.accept(stream, OUTSIDE), close: () => front.close() };
}
