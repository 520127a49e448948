// Worlds for the Harvest tests: SIMs with Harvest on or off, raw HTTP and datagrams, and an operator's calls.

import type { Session } from '../../host/cellular/network.js';
import { MINUTE } from '../../host/clock/clock.js';
import { type ApiCaller, ApiError } from '../../host/platform/api/index.js';
import { Call } from '../../host/platform/api/call.js';
import { readQuery } from '../../host/platform/api/read.js';
import type { Route } from '../../host/platform/api/routes.js';
import { DEFAULT_OPERATOR, type PlatformOptions } from '../../host/platform/index.js';
import { BeamWorld, ICCID, IMSI, session } from './harness.js';

export const OTHER = '440109876543210';
export const OTHER_ICCID = '8981100005819480018';

/** Two SIMs: IMSI in the group `sensors` with this configuration, OTHER in a group of its own. */
export function harvestWorld(
  configuration: object,
  platform: Partial<PlatformOptions> = {},
  others: object = configuration,
): BeamWorld {
  return new BeamWorld({
    platform,
    config: {
      groups: { sensors: { configuration }, others: { configuration: others } },
      subscribers: [
        { imsi: IMSI, iccid: ICCID, groupId: 'sensors' },
        { imsi: OTHER, iccid: OTHER_ICCID, groupId: 'others' },
      ],
    },
  });
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export function parseAnswer(text: string): Answered {
  const bytes = Buffer.from(text, 'latin1');
  const end = bytes.indexOf('\r\n\r\n');
  const [line = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  return {
    status: Number(line.split(' ')[1]),
    headers: Object.fromEntries(
      lines.map((field) => [field.split(':')[0]?.toLowerCase() ?? '', field.replace(/^[^:]*: */, '')]),
    ),
    body: bytes.subarray(end + 4),
  };
}

export interface Asked {
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly caller?: Session;
}

/** One request over a connection of its own, on port 80 of `host`. */
export async function ask(
  world: BeamWorld,
  host: string,
  method: string,
  target: string,
  { body, headers = {}, caller = session() }: Asked = {},
): Promise<Answered> {
  const fields = {
    Host: host,
    Connection: 'close',
    ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const message = Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${head.join('')}\r\n`, 'latin1'),
    Buffer.from(body ?? ''),
  ]);
  return parseAnswer(await world.request(message, 80, caller, host));
}

/** What comes back for one datagram. */
export async function datagram(
  world: BeamWorld,
  host: string,
  port: number,
  body: string | Uint8Array,
  caller: Session = session(),
): Promise<string> {
  let reply: string | undefined;
  world.registry.send(host, port, Buffer.from(body), caller, (bytes) => (reply = Buffer.from(bytes).toString()));
  world.clock.stir();
  await world.run(() => reply !== undefined, MINUTE);
  return reply ?? 'nothing came back';
}

export const operator = (operatorId = DEFAULT_OPERATOR): ApiCaller => ({
  kind: 'operator',
  operatorId,
  userName: undefined,
});

/** What the route that fits answers this operator; an ApiError as its status. */
export async function call(
  routes: readonly Route[],
  method: string,
  path: string,
  { caller = operator(), body }: { caller?: ApiCaller; body?: Uint8Array } = {},
): Promise<{ status: number; json: unknown; headers: Readonly<Record<string, string>>; body: Buffer }> {
  const url = new URL(`http://api.test${path}`);
  for (const route of routes) {
    const pattern = route.path.replace(/:(\w+)(?:\{(.*?)\})?/g, (_, name, own) => `(?<${name}>${own ?? '[^/]+'})`);
    const params = new RegExp(`^${pattern}$`).exec(url.pathname)?.groups;
    if (route.method !== method || params === undefined || route.for === 'anybody') continue;
    const decoded = Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
    const request = new Request(url, { method, ...(body && { body }) });
    try {
      const query = readQuery(route, url.searchParams);
      const reply = await route.handle(
        new Call(caller, request, route.normalise?.(decoded) ?? decoded, query, undefined) as never,
      );
      if (!(reply instanceof Response)) {
        const { status, json, headers = {} } = reply;
        return { status, json: JSON.parse(JSON.stringify(json ?? null)), headers, body: Buffer.alloc(0) };
      }
      const { status, headers } = reply;
      return {
        status,
        json: undefined,
        headers: Object.fromEntries(headers),
        body: Buffer.from(await reply.arrayBuffer()),
      };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: error.status, json: error.body('en'), headers: {}, body: Buffer.alloc(0) };
    }
  }
  throw new Error(`no route for ${method} ${path}`);
}
