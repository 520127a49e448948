// Endorse: gives a device a token, signed by the platform, that says which SIM it uses. A server that is given the token can
// check it with the platform's published key (../keys/site.ts, examples/endorse-verifier).
//
// HTTPS at port 443. Port 80 gives the same answers without TLS: to a modem whose sockets have none, and to callers for
// whom the world's own certificate authority is a bother; the platform is a device's own network either way.

import type { ServiceRegistry, Session } from '../../cellular/network.js';
import { EndorseCaller, EndorseStatus } from '../choices.js';
import { type Answer, type DeviceRequest, HttpFront, type RequestHead } from '../http/front.js';
import type { HeaderList } from '../http/text.js';
import { type CertificateSupplier, tlsEntry } from '../http/tls-entry.js';
import type { SigningKeys } from '../keys/keys.js';
import { ENDORSE_LIMITS } from '../limits.js';
import { type Caller, callerOf, wantOn } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import type { Service, ServiceDefinition } from '../service.js';
import { type SoracomEndorse, soracomEndorse } from './config.js';
import { EndorseRefusal } from './refusal.js';
import { redirectTarget, tokenRequest } from './request.js';
import { tokenClaims } from './token.js';

const NAME = 'endorse.soracom.io';

export interface EndorseOptions {
  readonly keys: SigningKeys;
  /** Absent: there is no HTTPS entry point. */
  readonly certificates: CertificateSupplier | undefined;
}

export class Endorse implements Service {
  readonly #context: ServiceContext;
  readonly #options: EndorseOptions;
  readonly #front: HttpFront;

  constructor(context: ServiceContext, options: EndorseOptions) {
    this.#context = { ...context, random: context.random.fork('endorse') };
    this.#options = options;
    this.#front = new HttpFront({
      ...context,
      limits: {
        ...context.limits,
        maxRequestBody: Math.min(context.limits.maxRequestBody, ENDORSE_LIMITS.maxRequestBody),
      },
      service: {
        refuses: ({ caller }) => this.#refuses(caller),
        answer: (request) => this.#answer(request),
        failed: (id, caller, status, reason) => this.#report(id, caller, status, reason),
      },
    });
  }

  register(registry: ServiceRegistry): void {
    const { certificates } = this.#options;
    const accept = this.#front.accept.bind(this.#front);
    registry.name(NAME);
    registry.tcp(NAME, 80, accept);
    if (certificates !== undefined) {
      const { clock, limits, simulatedTls: simulated = false } = this.#context;
      registry.tcp(NAME, 443, tlsEntry({ clock, names: [NAME], certificates, simulated, limits }, accept));
    }
  }

  close(): void {
    this.#front.close();
  }

  #refuses(session: Session): boolean {
    try {
      this.#caller(session);
      return false;
    } catch {
      return true;
    }
  }

  #caller(session: Session): { subscriber: Caller; config: SoracomEndorse } {
    const subscriber = callerOf(this.#context.directory, session, EndorseCaller);
    const config = soracomEndorse.of(subscriber.group) ?? { enabled: false };
    wantOn(config.enabled, 'Endorse', EndorseStatus.Disabled);
    return { subscriber, config };
  }

  async #answer(request: DeviceRequest): Promise<Answer> {
    try {
      const { subscriber, config } = this.#caller(request.caller);
      if (request.method === 'OPTIONS' && config.allowOrigin !== undefined) {
        return this.#plain(204, '', [...cors(config), ...PREFLIGHT]);
      }
      return await this.#token(request, subscriber, config);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { caller, id } = request;
      this.#report(id, caller, error.status, error.message);
      const code = error instanceof EndorseRefusal ? error.code : 'END0001';
      const config = soracomEndorse.of(this.#context.directory.subscriber(caller.imsi)?.group);
      return this.#json(error.status, { code, message: error.message }, cors(config));
    }
  }

  async #token(request: DeviceRequest, subscriber: Caller, config: SoracomEndorse): Promise<Answer> {
    const { clock, random } = this.#context;
    const { parameters, redirectUrl } = tokenRequest(request, request.body);
    const { authorizedRedirectUrls: authorized = [] } = config;
    // Asked before a token is made as well as with it: a refusal costs no signature.
    if (redirectUrl !== undefined) redirectTarget(redirectUrl, authorized, '');
    const { caller: session } = request;
    const unixMs = clock.unixMs();
    const token = await this.#options.keys.sign(
      tokenClaims({ config, session, subscriber, parameters, unixMs, random }),
    );
    if (redirectUrl !== undefined) {
      const location = redirectTarget(redirectUrl, authorized, token);
      return this.#plain(EndorseStatus.Redirect, '', [['Location', location], ...cors(config)]);
    }
    return { ...this.#json(200, { token }, cors(config)), shown: '{"token":"[redacted]"}' };
  }

  #json(status: number, value: object, headers: HeaderList): Answer {
    return this.#plain(status, JSON.stringify(value), [['Content-Type', 'application/json'], ...headers]);
  }

  #plain(status: number, text: string, headers: HeaderList): Answer {
    const body = Buffer.from(text);
    const length: HeaderList = status === 204 ? [] : [['Content-Length', String(body.length)]];
    const date = new Date(this.#context.clock.unixMs()).toUTCString();
    return { status, headers: [...headers, ['Cache-Control', 'no-store'], ...length, ['Date', date]], body };
  }

  #report(id: number, caller: RequestHead['caller'], status: number, reason: string): void {
    const { imsi } = caller;
    this.#context
      .traceOf(caller)
      .emit({ type: 'service', service: 'endorse', event: 'refused', id, status, reason, imsi });
  }
}

function cors(config: SoracomEndorse | undefined): HeaderList {
  const { allowOrigin } = config ?? {};
  if (allowOrigin === undefined) return [];
  const vary: HeaderList = allowOrigin === '*' ? [] : [['Vary', 'Origin']];
  return [['Access-Control-Allow-Origin', allowOrigin], ...vary];
}

/** What a page may send besides the plainest requests (Fetch standard, CORS preflight). */
const PREFLIGHT: HeaderList = [
  ['Access-Control-Allow-Methods', 'GET, POST'],
  ['Access-Control-Allow-Headers', 'Content-Type'],
  ['Access-Control-Max-Age', '600'],
];

export const endorse = {
  name: 'endorse',
  namespace: soracomEndorse,
  start: (platform) => new Endorse(platform, platform),
} satisfies ServiceDefinition<Endorse>;
