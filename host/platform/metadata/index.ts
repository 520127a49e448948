// Metadata: what a device may know and change of itself, without credentials. /v1/subscriber and all below it is the
// management API's /v1/subscribers/{own IMSI}, called in the SIM's own name; /v1/userdata is the group's text. target.ts
// reads the path, selector.ts the dotted fields.

import type { ServiceRegistry, Session } from '../../cellular/network.js';
import type { OperatorApi } from '../api/index.js';
import { withoutNulls } from '../api/subscriber-view.js';
import { MetadataStatus } from '../choices.js';
import { type SoracomAir, soracomAir } from '../air/config.js';
import { type Answer, type DeviceRequest, HttpFront, textAnswer, type RequestHead } from '../http/front.js';
import type { HeaderList } from '../http/text.js';
import { toAnswer } from '../api/http.js';
import { type Caller, subscriberOf } from '../caller.js';
import type { Subscriber } from '../directory/index.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import type { Service, ServiceDefinition } from '../service.js';
import { select } from './selector.js';
import { type MetadataTarget, metadataTarget } from './target.js';

const NAME = 'metadata.soracom.io';
const PORT = 80;
/** Seconds for which a browser may remember what it was allowed. */
const PREFLIGHT_SECONDS = '600';
/** Stands for the management API inside this process. */
const API = 'http://api.soracom.io/v1/subscribers';

/** Programs of devices that do not see a status compare bodies with these (published sketches for Wio LTE do). */
const NO_KEY = 'Specified key does not exist.';
const NOT_ALLOWED = 'You are not allowed to access Metadata Server.';

/** A refusal in words alone, which may be others than the trace's. */
class PlainRefusal extends Refusal {
  constructor(
    status: number,
    message: string,
    readonly text = message,
  ) {
    super(status, message);
  }
}

type Settings = NonNullable<SoracomAir['metadata']>;

export class Metadata implements Service {
  readonly #context: ServiceContext;
  readonly #api: Pick<OperatorApi, 'fetchFor'>;
  readonly #front: HttpFront;

  constructor(context: ServiceContext, api: Pick<OperatorApi, 'fetchFor'>) {
    this.#context = context;
    this.#api = api;
    this.#front = new HttpFront({
      ...context,
      service: {
        refuses: (head: RequestHead) => this.#refuses(head),
        answer: (request: DeviceRequest) => this.#answer(request),
        failed: (id: number, caller: Session, status: number, reason: string) =>
          this.#refused(id, caller, status, reason),
      },
    });
  }

  register(registry: ServiceRegistry): void {
    registry.name(NAME);
    registry.tcp(NAME, PORT, (stream, caller) => this.#front.accept(stream, caller));
  }

  close(): void {
    this.#front.close();
  }

  #refuses({ caller, method }: RequestHead): boolean {
    try {
      this.#permit(this.#caller(caller).settings, method);
      return false;
    } catch {
      return true;
    }
  }

  /** Throws Refusal. */
  #caller(session: Session): { readonly caller: Caller; readonly settings: Settings } {
    const { group, ...subscriber } = this.#subscriber(session);
    if (group === undefined) throw new PlainRefusal(MetadataStatus.NoGroup, 'the SIM is in no group', NOT_ALLOWED);
    const settings = soracomAir.of(group)?.metadata;
    if (settings?.enabled === true) return { caller: { ...subscriber, group }, settings };
    throw new PlainRefusal(MetadataStatus.Off, 'Metadata is not enabled for the group', NOT_ALLOWED);
  }

  /** Throws PlainRefusal. */
  #subscriber(session: Session): Subscriber {
    try {
      return subscriberOf(this.#context.directory, session, MetadataStatus);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new PlainRefusal(error.status, error.message);
    }
  }

  /** Throws Refusal. */
  #permit({ readonly }: Settings, method: string): void {
    if (readonly === true && !/^(GET|HEAD|OPTIONS)$/.test(method)) {
      throw new Refusal(MetadataStatus.ReadOnly, 'Metadata is read-only for the group');
    }
  }

  async #answer(request: DeviceRequest): Promise<Answer> {
    let settings: Settings = {};
    try {
      const found = this.#caller(request.caller);
      ({ settings } = found);
      return withOrigin(await this.#serve(request, found.caller, settings), settings);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refused(request.id, request.caller, error.status, error.message);
      const { status, message } = error;
      const answer =
        error instanceof PlainRefusal
          ? this.#body(status, error.text, 'text/plain')
          : this.#json(status, { code: 'MTD0001', message });
      return withOrigin(answer, settings);
    }
  }

  async #serve(request: DeviceRequest, caller: Caller, settings: Settings): Promise<Answer> {
    const { method } = request;
    this.#permit(settings, method);
    if (method === 'OPTIONS' && settings.allowOrigin !== undefined) return this.#preflight(settings);
    const target = metadataTarget(request.target);
    if (target === undefined) {
      if (request.target.startsWith('/v1/subscriber.')) throw new PlainRefusal(MetadataStatus.Missing, NO_KEY);
      throw new Refusal(MetadataStatus.Missing, 'there is nothing at this path');
    }
    if (target.kind !== 'api' && !/^(GET|HEAD)$/.test(method)) {
      throw new Refusal(MetadataStatus.MethodNotAllowed, `${method} is not served here`);
    }
    switch (target.kind) {
      case 'userdata':
        return this.#userdata(caller);
      case 'selector':
        return this.#selected(request, caller, target.path, settings);
      case 'api':
        return this.#own(request, caller, target, settings);
    }
  }

  #userdata(caller: Caller): Answer {
    const text = soracomAir.of(caller.group)?.userdata ?? '';
    if (text === '') throw new PlainRefusal(MetadataStatus.Missing, NO_KEY);
    return this.#body(200, text, 'text/plain; charset=utf-8');
  }

  async #selected(request: DeviceRequest, caller: Caller, path: string, settings: Settings): Promise<Answer> {
    const subscriber = { kind: 'api', segments: [], query: '' } as const;
    const whole = await this.#ask({ ...request, method: 'GET' }, caller, subscriber);
    if (whole.status !== 200) return toAnswer(whole, this.#context.clock);
    const found = select(await whole.json(), path);
    if (found === undefined || found === null) throw new PlainRefusal(MetadataStatus.Missing, NO_KEY);
    if (typeof found === 'object') return this.#json(200, settings.minimizeResponseBody ? withoutNulls(found) : found);
    return this.#body(200, String(found), 'text/plain; charset=utf-8');
  }

  async #own(
    request: DeviceRequest,
    caller: Caller,
    target: Extract<MetadataTarget, { kind: 'api' }>,
    { minimizeResponseBody }: Settings,
  ): Promise<Answer> {
    const response = await this.#ask(request, caller, target);
    if (minimizeResponseBody !== true || response.status !== 200) return toAnswer(response, this.#context.clock);
    return this.#json(response.status, withoutNulls(await response.json()), [...response.headers]);
  }

  /** The management API, in the name of this SIM. The path is made again from its checked parts. */
  #ask(
    { method, headers, body, caller: session }: DeviceRequest,
    subscriber: Caller,
    { segments, query }: Extract<MetadataTarget, { kind: 'api' }>,
  ): Promise<Response> {
    const path = [subscriber.imsi, ...segments].map(encodeURIComponent).join('/');
    const read = method === 'GET' || method === 'HEAD';
    const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
    const request = new Request(`${API}/${path}${query}`, {
      method: read ? 'GET' : method,
      headers: type === undefined ? {} : { 'content-type': type },
      ...(!read && { body }),
    });
    const { operatorId } = subscriber;
    return this.#api.fetchFor({ kind: 'sim', operatorId, subscriber, session }, request);
  }

  #preflight({ readonly }: Settings): Answer {
    const headers: HeaderList = [
      ['Access-Control-Allow-Methods', readonly === true ? 'GET, HEAD' : 'GET, HEAD, POST, PUT, DELETE'],
      ['Access-Control-Allow-Headers', 'Content-Type'],
      ['Access-Control-Max-Age', PREFLIGHT_SECONDS],
      ['Date', new Date(this.#context.clock.unixMs()).toUTCString()],
    ];
    return { status: 204, headers, body: Buffer.alloc(0) };
  }

  #json(status: number, value: unknown, more: HeaderList = []): Answer {
    return this.#body(status, JSON.stringify(value), 'application/json; charset=utf-8', more);
  }

  #body(status: number, text: string, type: string, more: HeaderList = []): Answer {
    const { headers } = textAnswer(status, '', this.#context.clock);
    const body = Buffer.from(text);
    const own: HeaderList = [
      ['Content-Type', type],
      ['Content-Length', String(body.length)],
      ...headers.filter(([name]) => name === 'Date'),
    ];
    return { status, headers: [...own, ...more.filter(([name]) => name !== 'content-type')], body };
  }

  #refused(id: number, caller: Session, status: number, reason: string): void {
    const { imsi } = caller;
    const event = { type: 'service', service: 'metadata', event: 'refused', id, status, reason, imsi } as const;
    this.#context.traceOf(caller).emit(event);
  }
}

const withOrigin = (answer: Answer, { allowOrigin }: Settings): Answer =>
  allowOrigin === undefined
    ? answer
    : { ...answer, headers: [...answer.headers, ['Access-Control-Allow-Origin', allowOrigin]] };

/** Its settings are the SIMs' own, in SoracomAir. */
export const metadata = {
  name: 'metadata',
  start: (platform) => new Metadata(platform, platform.api),
} satisfies ServiceDefinition<Metadata>;
