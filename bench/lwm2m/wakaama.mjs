// What Eclipse Wakaama's client with tinydtls (PSK alone) sends and gets for the same: a key by the SIM of a served world, and a
// registration with it.
import { spawn } from 'node:child_process';
import { SECOND, loadSimProfile } from '../../dist/host/index.js';
import { Serve } from '../../dist/host/serve/index.js';
import { fileOf } from '../../tools/peers.mjs';
import { UdpRelay } from '../../tools/wakaama/relay.mjs';

/** Second byte of the world's addresses: one that neither `akari serve` has nor a test, nor hopefully another run of this. */
const BLOCK = 100 + (process.pid % 27);
/** Where its bootstrap sends a device, to port 5684. */
export const SERVED_HOST = `127.${BLOCK}.0.1`;

/** All datagrams from the first one until it is registered, those in clear first. `platform`: as of a world. */
export async function captureWakaama(endpoint, platform) {
  const profile = loadSimProfile('examples/profiles/soracom-demo.json');
  const sims = [{ profile, group: 'meters', online: true }];
  const served = await Serve.start({ config: { sims, platform, customers: [], upstream: {} }, block: BLOCK });
  const { inventory } = served.world.platform;
  const secure = [];
  const take = inventory.fromAnywhere.bind(inventory);
  inventory.fromAnywhere = (bytes, path) => {
    secure.push(bytes);
    const send = (out) => {
      secure.push(Buffer.from(out));
      path.send(out);
    };
    take(bytes, { ...path, send });
  };
  const { host, hostPort } = served.entryPoints.find(({ name, port }) => /^bootstrap/.test(name) && port === 5683);
  const relay = await UdpRelay.open({ host, port: hostPort }, served.sessions[0].session.ip);
  const server = ['-h', '127.0.0.1', '-p', String(relay.port)];
  const client = spawn(fileOf('wakaama-client'), ['-4', '-b', '-n', endpoint, '-l', '0', ...server], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  try {
    // Or else it waits for ten seconds.
    client.stdin.write('bootstrap\n');
    const isRegistered = () => inventory.devices.online().length > 0;
    await served.world.run({ for: 30 * SECOND, until: isRegistered });
    if (!isRegistered()) throw new Error('Wakaama has not registered');
    return [...relay.datagrams.map(({ bytes }) => bytes), ...secure];
  } finally {
    client.kill('SIGKILL');
    relay.close();
    await served.close();
  }
}
