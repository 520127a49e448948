// A platform with two operators, and callers of its management API.

import type { Session } from '../../host/cellular/network.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { InProcessUpstream } from '../../host/cloud/index.js';
import { Platform, type PlatformOptions } from '../../host/platform/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';
import { EPOCH_MS, ICCID, IMSI, MSISDN } from './harness.js';

export const OPERATOR = 'OP0012345678';
export const OTHER_OPERATOR = 'OP0087654321';
export const AUTH_KEY = { authKeyId: 'keyId-main', authKey: 'secret-main' };
export const OTHER_AUTH_KEY = { authKeyId: 'keyId-other', authKey: 'secret-other' };
export const STOCK_IMSI = '440101111111111';
export const OTHER_STOCK_IMSI = '440102222222222';
export const REGISTRATION_SECRET = 'under-the-scratch-field';

export const apiConfig = {
  operators: {
    [OPERATOR]: {
      email: 'root@operator.example',
      password: 'correct horse',
      authKeys: { [AUTH_KEY.authKeyId]: AUTH_KEY.authKey },
    },
    [OTHER_OPERATOR]: { authKeys: { [OTHER_AUTH_KEY.authKeyId]: OTHER_AUTH_KEY.authKey } },
  },
  groups: { sensors: { configuration: { SoracomAir: { userdata: 'hello' } } } },
  credentials: { 'beam-psk': { type: 'psk', credentials: { key: 'topsecret' } } },
  subscribers: [
    { imsi: IMSI, iccid: ICCID, msisdn: MSISDN, groupId: 'sensors', tags: { name: 'roof' } },
    { imsi: '440101234567891', iccid: '8981100005819480001', tags: { name: 'cellar', site: 'north' } },
    { imsi: '440101234567892', iccid: '8981100005819480002', status: 'ready', speedClass: 's1.fast' },
  ],
  stock: [
    { imsi: STOCK_IMSI, iccid: '8981100005819480011', registrationSecret: REGISTRATION_SECRET },
    { imsi: OTHER_STOCK_IMSI, iccid: '8981100005819480022', registrationSecret: 'another-secret' },
  ],
} as const;

export interface Answered<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: T;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of a JSON body: these bytes, as they are. */
  readonly raw?: string | Uint8Array;
  /** Goes where a 302 sends it, unless told otherwise. */
  readonly follow?: boolean;
}

/** Somebody who calls the API: with a token, or without. */
export class Client {
  constructor(
    readonly fetch: (request: Request) => Promise<Response>,
    readonly ticket?: { readonly apiKey: string; readonly token: string },
  ) {}

  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    { headers = {}, raw, follow = true }: CallOptions = {},
  ): Promise<Answered<T>> {
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const ask = (url: string): Promise<Response> =>
      this.fetch(
        new Request(url, {
          method,
          headers: {
            ...(content !== undefined && { 'content-type': 'application/json' }),
            ...(this.ticket && { 'x-soracom-api-key': this.ticket.apiKey, 'x-soracom-token': this.ticket.token }),
            ...headers,
          },
          ...(content !== undefined && { body: content }),
        }),
      );
    let response = await ask(`http://api.soracom.io/v1${path}`);
    // As SORACOM's clients do.
    if (follow && response.status === 302) {
      response = await ask(new URL(response.headers.get('location') ?? '', 'http://api.soracom.io').href);
    }
    const text = await response.text();
    const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
    const json = (isJson ? JSON.parse(text) : undefined) as T;
    return { status: response.status, headers: response.headers, text, json };
  }

  get<T = Record<string, unknown>>(path: string): Promise<Answered<T>> {
    return this.call<T>('GET', path);
  }

  /** Signs in; throws when that is refused. */
  async signIn(login: object): Promise<Client> {
    const { status, json } = await this.call<{ apiKey: string; token: string }>('POST', '/auth', login);
    if (status !== 200) throw new Error(`POST /v1/auth: ${status} ${JSON.stringify(json)}`);
    return new Client(this.fetch, json);
  }
}

export class ApiWorld {
  readonly clock: VirtualClock;
  readonly trace: Trace;
  readonly events: TraceEvent[] = [];
  readonly platform: Platform;
  /** Open sessions, by IMSI. */
  readonly sessions = new Map<string, Session>();
  readonly anybody: Client;

  constructor(options: Partial<PlatformOptions> = {}, epochMs = EPOCH_MS) {
    this.clock = new VirtualClock(epochMs);
    this.trace = new Trace(this.clock);
    this.trace.listen((event) => this.events.push(event));
    this.platform = new Platform({
      clock: this.clock,
      trace: this.trace,
      upstream: new InProcessUpstream({ clock: this.clock }),
      config: apiConfig,
      sessionOf: (imsi) => this.sessions.get(imsi),
      ...options,
    });
    this.anybody = new Client((request) => this.platform.api.fetch(request));
  }

  root(): Promise<Client> {
    return this.anybody.signIn(AUTH_KEY);
  }

  other(): Promise<Client> {
    return this.anybody.signIn(OTHER_AUTH_KEY);
  }

  /** A SAM user with these statements. */
  async user(root: Client, userName: string, statements: readonly object[]): Promise<Client> {
    const path = `/operators/${OPERATOR}/users/${userName}`;
    await root.call('POST', path, {});
    await root.call('PUT', `${path}/permission`, { permission: JSON.stringify({ statements }) });
    const { json } = await root.call('POST', `${path}/auth_keys`);
    return this.anybody.signIn(json);
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.run({ deadline: this.clock.now() + seconds * 1e9 });
  }
}
