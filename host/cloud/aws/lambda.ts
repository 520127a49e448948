// AWS Lambda as a stand-in: Invoke, and a runtime for functions in JavaScript (AWS Lambda API reference, Invoke; Lambda
// developer guide, Node.js handler).

import { MS, SECOND, type Nanoseconds } from '../../clock/clock.js';
import { Alarm } from '../../alarm.js';
import { type CloudRequest, type CloudResponse, headerOf } from '../cloud-server.js';
import { type AwsAccount, requestId, restError } from './account.js';

export interface LambdaContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly awsRequestId: string;
  /** What the caller put into the client context. */
  readonly clientContext: Readonly<Record<string, unknown>> | undefined;
  getRemainingTimeInMillis(): number;
}

export type LambdaHandler = (event: unknown, context: LambdaContext) => unknown;

export interface LambdaFunction {
  readonly handler: LambdaHandler;
  /** 3 seconds unless given, as at AWS. */
  readonly timeout?: Nanoseconds;
}

/** By name, or `name:version` and `name:alias` for what an invocation may be qualified with. */
export type LambdaFunctions = Readonly<Record<string, LambdaHandler | LambdaFunction>>;

const MAX_EVENT = 6 * 1024 * 1024;
/** Bytes of the client context before base64. */
const MAX_CONTEXT = 3583;
const DEFAULT_TIMEOUT = 3 * SECOND;

const PATH = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?Qualifier=([^&]+))?$/;
const NAME = /^(?:(?:arn:aws:lambda:([a-z0-9-]+):)?(\d{12}):function:)?([\w-]{1,64})(?::(\$LATEST|[\w-]+))?$/;

export class LambdaService {
  readonly #account: AwsAccount;
  readonly #functions: Map<string, LambdaHandler | LambdaFunction>;

  constructor(account: AwsAccount, functions: LambdaFunctions = {}) {
    this.#account = account;
    this.#functions = new Map(Object.entries(functions));
  }

  /** Puts a function in place, or replaces it. */
  register(name: string, handler: LambdaHandler | LambdaFunction): void {
    this.#functions.set(name, handler);
  }

  async handle(request: CloudRequest): Promise<CloudResponse> {
    const [, encoded, qualified] = PATH.exec(request.url) ?? [];
    if (encoded === undefined || request.method !== 'POST') {
      return restError(this.#account, 403, {
        code: 'AccessDeniedException',
        message: 'Unable to determine service/operation name to be authorized',
      });
    }
    const [, region = this.#account.region, accountId = this.#account.accountId, name = '', inName] =
      NAME.exec(decodeURIComponent(encoded)) ?? [];
    const qualifier = qualified === undefined ? inName : decodeURIComponent(qualified);
    const plainArn = this.#account.arn('lambda', `function:${name}`);
    const arn = qualifier === undefined ? plainArn : `${plainArn}:${qualifier}`;
    const refusal = this.#account.refusal(request, 'lambda', 'lambda:InvokeFunction', arn);
    if (refusal !== undefined) return restError(this.#account, 403, refusal);
    if (request.body.length > MAX_EVENT) {
      return restError(this.#account, 413, {
        code: 'RequestTooLargeException',
        message: `Request must be smaller than ${MAX_EVENT} bytes for the InvokeFunction operation`,
      });
    }
    const own = region === this.#account.region && accountId === this.#account.accountId;
    const found = own
      ? this.#functions.get(qualifier === undefined || qualifier === '$LATEST' ? name : `${name}:${qualifier}`)
      : undefined;
    if (found === undefined) {
      return restError(this.#account, 404, {
        code: 'ResourceNotFoundException',
        message: `Function not found: ${arn}`,
      });
    }
    return this.#invoke(request, found, { name, arn, version: qualifier ?? '$LATEST' });
  }

  async #invoke(
    request: CloudRequest,
    found: LambdaHandler | LambdaFunction,
    { name, arn, version }: { name: string; arn: string; version: string },
  ): Promise<CloudResponse> {
    const awsRequestId = requestId(this.#account);
    let event: unknown;
    try {
      event = request.body.length === 0 ? {} : JSON.parse(request.body.toString());
    } catch {
      return restError(this.#account, 400, {
        code: 'InvalidRequestContentException',
        message: 'Could not parse request body into json',
      });
    }
    const clientContext = contextOf(request);
    if (clientContext === 'invalid') {
      return restError(this.#account, 400, {
        code: 'InvalidRequestContentException',
        message: 'Client context must be a valid Base64-encoded JSON object.',
      });
    }
    const type = headerOf(request, 'x-amz-invocation-type') ?? 'RequestResponse';
    if (type === 'DryRun') return { status: 204 };
    const { handler, timeout = DEFAULT_TIMEOUT } = typeof found === 'function' ? { handler: found } : found;
    const { clock } = this.#account;
    const deadline = clock.now() + timeout;
    const outcome = run(clock, timeout, awsRequestId, () =>
      handler(event, {
        ...{ functionName: name, functionVersion: version, invokedFunctionArn: arn, awsRequestId, clientContext },
        getRemainingTimeInMillis: () => Math.max(0, Math.round((deadline - clock.now()) / MS)),
      }),
    );
    if (type === 'Event') return { status: 202 };
    const { body, error } = await outcome;
    return {
      status: 200,
      headers: [
        ['x-amzn-RequestId', awsRequestId],
        ['X-Amz-Executed-Version', version],
        ...(error === undefined ? [] : ([['X-Amz-Function-Error', error]] as [string, string][])),
      ],
      body,
    };
  }
}

function contextOf(request: CloudRequest): Readonly<Record<string, unknown>> | undefined | 'invalid' {
  const header = headerOf(request, 'x-amz-client-context');
  if (header === undefined) return undefined;
  const bytes = Buffer.from(header, 'base64');
  if (bytes.length > MAX_CONTEXT || bytes.toString('base64') !== header) return 'invalid';
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : 'invalid';
  } catch {
    return 'invalid';
  }
}

/** What the runtime makes of a function's end: its value as JSON, or an error object. Never rejects. */
async function run(
  clock: AwsAccount['clock'],
  timeout: Nanoseconds,
  id: string,
  call: () => unknown,
): Promise<{ body: string; error?: 'Unhandled' }> {
  const failed = (errorType: string, errorMessage: string): { body: string; error: 'Unhandled' } => ({
    body: JSON.stringify({ errorType, errorMessage, trace: [] }),
    error: 'Unhandled',
  });
  const alarm = new Alarm(clock);
  const late = new Promise<{ body: string; error: 'Unhandled' }>((resolve) => {
    const text = `RequestId: ${id} Error: Task timed out after ${(timeout / SECOND).toFixed(2)} seconds`;
    alarm.set(timeout, () => resolve(failed('Sandbox.Timedout', text)));
  });
  const done = Promise.resolve()
    .then(call)
    .then(
      (value) => {
        try {
          return { body: JSON.stringify(value) ?? 'null' };
        } catch {
          return failed('Runtime.MarshalError', 'Unable to stringify response body');
        }
      },
      (error: unknown) =>
        error instanceof Error ? failed(error.name, error.message) : failed('string', String(error)),
    );
  try {
    return await Promise.race([done, late]);
  } finally {
    alarm.clear();
    clock.stir();
  }
}
