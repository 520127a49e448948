// HTTP from outside the cellular network, on any stream: the same front as the devices', with nobody as its caller.

import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import type { Clock } from '../../clock/clock.js';
import { Trace } from '../../trace/trace.js';
import { type Answer, BodyError, HttpFront, type RequestHead } from '../http/front.js';
import type { HeaderList } from '../http/text.js';
import { Connections } from '../connections.js';
import type { ServiceContext } from '../context.js';
import { HeldBytes } from '../held.js';
import { API_CONNECTION_LIMITS, API_HELD_LIMITS, API_LIMITS } from '../limits.js';
import { frontFault } from './error.js';
import { toPassedAnswer, toRequest } from './http.js';
import type { Route } from './routes.js';

const nothing = (): never => {
  throw new Error('a caller from outside has no session');
};

const OUTSIDE: Session = {
  ...{ imsi: '', imei: '', ip: '', apn: '', dns: [], open: true },
  ...{ resolve: nothing, connectTcp: nothing, openUdp: nothing, close: nothing },
};

export interface OutsideFront {
  accept(stream: Duplex, from?: string): void;
  close(): void;
}

/** `streamed`: the request's body comes as time passes. `from`: the address that calls. */
type Fetch = (request: Request, how: { readonly streamed: boolean; readonly from: string }) => Promise<Response>;

/** `routes`: those of them that take uploads get them piece by piece. */
export function outsideFront(context: ServiceContext, routes: readonly Route[], fetch: Fetch): OutsideFront {
  const { clock } = context;
  const uploads = routes.flatMap(({ method, upload }) =>
    upload === undefined
      ? []
      : [{ method, bytes: upload.bytes, target: new RegExp(`^(https?://[^/]*)?/v1${upload.below}`, 'i') }],
  );
  const connections = new Connections(API_CONNECTION_LIMITS);
  // Bodies hold passwords and keys: what the front has to tell goes to nobody. The API tells of its use by itself.
  const silent = new Trace(clock);
  const front = new HttpFront({
    ...context,
    traceOf: () => silent,
    held: new HeldBytes(API_HELD_LIMITS),
    service: {
      refuses: (_head: RequestHead) => false,
      // Asked before the body is read, and before it is known who calls.
      maxBody: API_LIMITS.bodyBytes,
      refusal: (status, reason) => {
        const fault = frontFault(status, reason);
        return fault && jsonAnswer(status, fault.body('en'), clock);
      },
      answer: async (request) =>
        toPassedAnswer(await fetch(toRequest(request), { streamed: false, from: request.caller.ip }), clock),
      stream: {
        limit: ({ method, target }) => uploads.find((up) => up.method === method && up.target.test(target))?.bytes,
        answer: async (request) => {
          let cut: BodyError | undefined;
          const body = watched(request.body, (error) => (cut = error));
          const response = await fetch(toRequest({ ...request, body }), { streamed: true, from: request.caller.ip });
          if (cut !== undefined) throw cut;
          return toPassedAnswer(response, clock);
        },
      },
      failed: () => undefined,
    },
  });
  return {
    accept: (stream, from = '') => {
      connections.accept(stream, from, () => front.accept(stream, { ...OUTSIDE, ip: from }));
    },
    close: () => front.close(),
  };
}

function jsonAnswer(status: number, json: unknown, clock: Clock): Answer {
  const body = Buffer.from(JSON.stringify(json));
  const headers: HeaderList = [
    ['Content-Type', 'application/json; charset=utf-8'],
    ['Content-Length', String(body.length)],
    ['Date', new Date(clock.unixMs()).toUTCString()],
  ];
  return { status, headers, body };
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
