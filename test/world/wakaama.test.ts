// The example lwm2m-inventory as it is shipped, through its modem and the network, with other servers than the platform's: Eclipse Wakaama's
// bootstrap server stands where the platform's is, and gives it an account with Wakaama's server, of LwM2M 1.0.
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import type { UdpService } from '../../host/cellular/network.js';
import { SECOND } from '../../host/clock/clock.js';
import { releaseBinary } from '../../host/package-root.js';
import { World } from '../../host/world.js';
import { freePort, HOST } from '../lwm2m/socket-device.js';
import { Wakaama, writeAccount } from '../lwm2m/wakaama.js';
import { withPrograms } from '../peers.js';
import { until } from '../until.js';
import { PROFILE } from './demo-world.js';

const { it } = withPrograms('wakaama-bootstrap-server', 'wakaama-server');
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A service of the emulated network that is a program on this computer. */
function programAt(port: number): UdpService {
  const sockets = new Map<string, (bytes: Uint8Array) => void>();
  return (bytes, _session, reply, from) => {
    const known = sockets.get(from);
    if (known !== undefined) {
      known(bytes);
      return;
    }
    const socket = createSocket('udp4');
    open.push(() => socket.close());
    socket.on('message', reply);
    const send = (out: Uint8Array): void => void socket.send(out, port, HOST);
    sockets.set(from, send);
    send(bytes);
  };
}

it("the example gets its account from Wakaama's bootstrap server, and is managed by Wakaama's server", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'world-wakaama-'));
  open.push(() => rmSync(folder, { recursive: true }));
  const [bootstrapPort, serverPort] = [await freePort(), await freePort()];
  const account = join(folder, 'account.ini');
  writeAccount(account, { id: 7, uri: 'coap://wakaama.example:5683' });
  const bootstrap = await Wakaama.start('wakaama-bootstrap-server', '-f', account, '-l', String(bootstrapPort));
  open.push(() => bootstrap.stop());
  const server = await Wakaama.start('wakaama-server', '-l', String(serverPort));
  open.push(() => server.stop());

  const world = await World.create({ clock: 'real', subscribers: [{ profile: PROFILE }] });
  open.push(() => world.close());
  world.platform.inventory.bootstrap.datagram = programAt(bootstrapPort);
  world.network.udp('wakaama.example', 5683, programAt(serverPort));
  const log: string[] = [];
  world.trace.listen((event) => void (event.type === 'log' && log.push(event.text)));
  let millivolts = 715;
  const app = releaseBinary('lwm2m-inventory');
  world.device({ name: 'sensor', app, sim: PROFILE, sensors: { analog: () => millivolts } }).powerOn();
  await world.run({ for: 60 * SECOND, until: () => log.some((line) => line.startsWith('lwm2m: registered')) });
  expect(log).toContain('lwm2m: registered with server 7');
  const registered = await server.prints(/New client #0 registered\.\n[^>]*/);
  expect(registered?.[0]).toMatch(/name: "akari-[0-9a-f]{16}"[^]*objects: \/1\/7, \/3\/0, \/4\/0, \/5\/0, \/3303\/0,/);

  const ask = async (command: string): Promise<string> => {
    await server.say(command);
    return (await server.prints(/Client #0 \S+ : ([^]*?)\n> /))?.[1] ?? '';
  };
  expect(await ask('read 0 /3/0/0')).toMatch(/^2\.05 [^]* 41 6B 61 72 {2}69/);
  // 21.5 degrees, a float of 4 bytes.
  expect(await ask('read 0 /3303/0/5700')).toMatch(/^2\.05 [^]*data \(4 bytes\):\s+41 AC 00 00/);
  expect(await ask('disc 0 /3303')).toContain('</3303/0/5700>');
  expect(await ask('read 0 /3303/0/5605')).toMatch(/^4\.05/);
  expect(await ask('exec 0 /3303/0/5605')).toMatch(/^2\.04/);
  await server.say('observe 0 /3303/0/5700');
  expect(await server.prints(/Notify from client #0 \/3303\/0\/5700 number \d+\n[^>]*41 AC 00 00/)).toBeDefined();
  millivolts = 720;
  // It measures every ten seconds: 22 degrees.
  const told = await server.prints(/Notify from client #0 \/3303\/0\/5700 number \d+\n[^>]*41 B0 00 00/);
  expect(told).toBeDefined();

  // The reboot that it asks for.
  expect(await ask('exec 0 /3/0/4')).toMatch(/^2\.04/);
  expect(await until(() => log.includes('lwm2m-inventory: reboot asked for'))).toBe(true);
  const count = (): number => log.filter((line) => line.startsWith('lwm2m: registered')).length;
  expect(await until(() => count() === 2, 30_000)).toBe(true);
  expect(await ask('read 0 /3/0/0')).toMatch(/^2\.05/);
});
