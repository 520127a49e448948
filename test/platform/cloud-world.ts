// The harness's world with clouds behind the platform, and a group whose services lead to them.

import { MS } from '../../host/clock/clock.js';
import { Clouds, type CloudsConfig } from '../../host/cloud/index.js';
import { AWS_ROLE, type PlatformConfig } from '../../host/platform/index.js';
import { Secret } from '../../host/secret.js';
import { BeamWorld, type BeamWorldOptions, ca, ICCID, IMEI, IMSI, MSISDN, session } from './harness.js';

export const ACCESS_KEY = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
export const AWS_CREDENTIALS = { type: 'aws-credentials', credentials: ACCESS_KEY } as const;
/** The platform's own user at AWS. */
export const PLATFORM_KEY = { accessKeyId: 'AKIAPLATFORMEXAMPLE1', secretAccessKey: 'the-platforms-own-secret-key' };
export const OPERATOR = 'OP0012345678';

export interface CloudWorldOptions extends Pick<BeamWorldOptions, 'limits' | 'upstream'> {
  /** The group's configuration. */
  readonly configuration: NonNullable<PlatformConfig['groups']>[string]['configuration'];
  readonly credentials?: PlatformConfig['credentials'];
  /** Without the platform's own user at AWS. */
  readonly withoutKey?: boolean;
  readonly clouds?: CloudsConfig;
  readonly subscriber?: object;
}

export interface CloudWorld {
  readonly world: BeamWorld;
  readonly clouds: Clouds;
}

export async function cloudWorld(options: CloudWorldOptions): Promise<CloudWorld> {
  const { configuration, credentials = {}, clouds: config = {}, subscriber, withoutKey = false, ...rest } = options;
  const awsKey = { ...PLATFORM_KEY, secretAccessKey: new Secret(Buffer.from(PLATFORM_KEY.secretAccessKey)) };
  const world = new BeamWorld({
    ...rest,
    ...(!withoutKey && { platform: { awsKey } }),
    config: {
      groups: { sensors: { configuration } },
      credentials,
      subscribers: [{ imsi: IMSI, iccid: ICCID, msisdn: MSISDN, groupId: 'sensors', ...subscriber }],
    },
  });
  const keys = (kid: string): Promise<string | undefined> => Promise.resolve(world.platform.keys.published(kid));
  const platformKey = { ...PLATFORM_KEY, accountId: AWS_ROLE.account };
  const clouds = await Clouds.create(config, { clock: world.clock, authority: ca, keys, platformKey });
  for (const [host, server] of clouds.servers) world.upstream.serve(host, 443, (stream) => server.accept(stream));
  return { world, clouds };
}

/** What a device gets for a POST over HTTP: status, body, and all of the answer. */
export async function overHttp(
  world: BeamWorld,
  name: string,
  body: string | Uint8Array,
  contentType = 'application/json',
  caller = session(),
): Promise<{ status: number; body: string; text: string }> {
  const bytes = Buffer.from(body);
  const type = contentType === '' ? '' : `Content-Type: ${contentType}\r\n`;
  const head = `POST / HTTP/1.1\r\nHost: ${name}\r\n${type}Content-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`;
  const text = await world.request(Buffer.concat([Buffer.from(head), bytes]), 80, caller, name);
  const end = text.indexOf('\r\n\r\n');
  return { status: Number(text.slice(9, 12)), body: text.slice(end + 4), text };
}

/** What a device gets for one message over TCP; `ended`: the platform sent its FIN after it. */
export async function overTcp(
  world: BeamWorld,
  name: string,
  body: string | Uint8Array,
  caller = session(),
  port = 23080,
): Promise<{ reply: string; ended: boolean }> {
  const device = world.connect(port, caller, name);
  let ended = false;
  device.stream.once('end', () => (ended = true));
  device.send(body);
  await world.run(() => device.text !== '');
  await world.clock.run({ deadline: world.clock.now() + 500 * MS });
  const reply = device.text;
  device.stream.end();
  return { reply, ended };
}

/** What a device gets for one datagram. */
export async function overUdp(
  world: BeamWorld,
  name: string,
  body: string | Uint8Array,
  caller = session(),
  port = 23080,
): Promise<string> {
  let reply: string | undefined;
  world.clock.stir();
  world.registry.send(
    name,
    port,
    Buffer.from(body),
    caller,
    (bytes) => (reply = Buffer.from(bytes).toString('latin1')),
  );
  await world.run(() => reply !== undefined);
  return reply ?? 'no reply';
}

/** What the platform said of itself in the trace. */
export const reasons = (world: BeamWorld): string[] =>
  world.events.flatMap((event) => (event.type === 'service' ? [`${event.event} ${event.status} ${event.reason}`] : []));

export { IMEI, IMSI, ICCID };
