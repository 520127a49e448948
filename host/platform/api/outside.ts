// HTTP from outside the cellular network, on any stream: the same front as the devices', with nobody as its caller.

import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import { Trace } from '../../trace/trace.js';
import { BodyError, HttpFront, type RequestHead } from '../http/front.js';
import { FILES_LIMITS } from '../choices.js';
import { isFileUpload } from '../harvest-files/api.js';
import type { ServiceContext } from '../service.js';
import { toPassedAnswer, toRequest } from './http.js';

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

/** `streamed`: the request's body comes as time passes. */
type Fetch = (request: Request, streamed: boolean) => Promise<Response>;

export function outsideFront(context: ServiceContext, fetch: Fetch): OutsideFront {
  const { clock } = context;
  // Bodies hold passwords and keys: what the front has to tell goes to nobody. The API tells of its use by itself.
  const silent = new Trace(clock);
  const front = new HttpFront({
    ...context,
    traceOf: () => silent,
    service: {
      refuses: (_head: RequestHead) => false,
      answer: async (request) => toPassedAnswer(await fetch(toRequest(request), false), clock),
      stream: {
        limit: ({ method, target }) => (isFileUpload(method, target) ? FILES_LIMITS.fileBytes : undefined),
        answer: async (request) => {
          let cut: BodyError | undefined;
          const body = watched(request.body, (error) => (cut = error));
          const response = await fetch(toRequest({ ...request, body }), true);
          if (cut !== undefined) throw cut;
          return toPassedAnswer(response, clock);
        },
      },
      failed: () => undefined,
    },
  });
  return { accept: (stream) => front.accept(stream, OUTSIDE), close: () => front.close() };
}

/** The same pieces; tells of the error that ends them early. */
async function* watched(body: AsyncIterable<Buffer>, tell: (error: BodyError) => void): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    if (error instanceof BodyError) tell(error);
    throw error;
  }
}
