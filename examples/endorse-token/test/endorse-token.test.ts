// The device, the platform, and a door whose owner knows neither of them: only the platform's public key.
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { MINUTE, SECOND, World, loadSimProfile } from 'akari';
import { afterEach, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const SIM = loadSimProfile(process.env['SIM_PROFILE'] ?? here('sim.json').pathname);
const ENDORSE = {
  enabled: true,
  parametersToEndorse: { imsi: true, requestParameters: true },
  tokenTimeoutSeconds: 60,
};

let world: World;
const log: string[] = [];
const pins: string[] = [];
/** What the door's owner has found in tokens. */
const visitors: unknown[] = [];

/** RS256, and who, for whom, and when: what any third party has to check. */
function claimsOf(token: string, now: number): Record<string, unknown> {
  const [head = '', body = '', signature = ''] = token.split('.');
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  const { alg, kid } = decode(head);
  const key = world.platform.keys.published(String(kid));
  if (alg !== 'RS256' || key === undefined) throw new Error('unknown key');
  if (!verify('sha256', Buffer.from(`${head}.${body}`), createPublicKey(key), Buffer.from(signature, 'base64url')))
    throw new Error('wrong signature');
  const claims = decode(body);
  if (claims['iss'] !== 'https://soracom.io' || claims['aud'] !== 'soracom-endorse-audience')
    throw new Error('not for us');
  if (now < Number(claims['nbf']) || now >= Number(claims['exp'])) throw new Error('not now');
  return claims;
}

async function start(endorse: { enabled: boolean } = ENDORSE, names = ['door.example']) {
  for (const list of [log, pins, visitors]) list.splice(0);
  world = await World.create({
    subscribers: [{ profile: SIM, group: 'doors' }],
    platform: { groups: { doors: { configuration: { SoracomEndorse: endorse } } } },
  });
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  const server = createServer((request, response) => {
    let token = '';
    request.on('data', (bytes: Buffer) => (token += bytes.toString()));
    request.on('end', () => {
      try {
        visitors.push(claimsOf(token, world.clock.unixMs() / 1000)['soracom-endorse-claim']);
        response.end('welcome');
      } catch (error) {
        response.writeHead(403).end(String(error));
      }
    });
  });
  const { certificate, key } = await world.authority.issue(names);
  world.network.name('door.example');
  world.network.tcp('door.example', 443, (stream) => {
    stream.on('error', () => undefined);
    const secure = new TLSSocket(stream as Socket, {
      ...{ isServer: true, cert: certificate, key: Buffer.from(key.reveal()) },
    });
    secure.on('error', () => undefined);
    server.emit('connection', secure);
  });
  const device = world.device({
    name: 'visitor',
    app: new Uint8Array(readFileSync('build/release/endorse-token.wasm')),
    sim: SIM,
    sensors: { writePin: (pin, level) => pins.push(`${pin}=${level}`) > 0 },
  });
  device.powerOn();
}

afterEach(() => world.close());

it('prints what its README shows, and the door knows the SIM by the token alone', async () => {
  await start();
  await world.run({ for: 12 * MINUTE });
  const [shown = ''] =
    /(?<=\n```\n)endorse-token: started[^`]+(?=\n```)/.exec(readFileSync(here('../README.md'), 'utf8')) ?? [];
  const mask = (text: string): string => text.replace(/of \d+ bytes/g, 'of # bytes');
  expect(mask(log.join('\n'))).toBe(mask(shown));
  expect(visitors).toEqual([
    { imsi: SIM.imsi, requestParameters: { door: 'north', visit: 1 } },
    { imsi: SIM.imsi, requestParameters: { door: 'north', visit: 2 } },
  ]);
  expect(pins).toEqual(['4=1', '4=0', '4=1', '4=0']);
});

it('keeps the token to itself: no log and no line of the trace that is not TLS shows it', async () => {
  const seen: string[] = [];
  await start();
  world.trace.listen((event) => seen.push(JSON.stringify(event)));
  await world.run({ for: MINUTE });
  expect(log).toContain('door: opens');
  expect(seen.some((line) => line.includes('soracom-endorse') || /eyJ[\w-]+\.eyJ/.test(line))).toBe(false);
});

it('shows no token to a server that is not the one it was looking for', async () => {
  await start(ENDORSE, ['thief.example']);
  await world.run({ for: 5 * MINUTE });
  expect(visitors).toEqual([]);
  expect(log.filter((line) => line === 'door: stays closed, status 0, trying again later').length).toBeGreaterThan(1);
});

it('stays outside when its group has Endorse switched off', async () => {
  await start({ enabled: false });
  await world.run({ for: 30 * SECOND });
  expect(log).toContain('endorse: no token, status 403, trying again later');
  expect(pins).toEqual([]);
});
