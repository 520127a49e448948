// Serves the example on a disk that becomes full, in a mount namespace of its own, and prints what each request was
// answered. Arguments: mount point (a folder), block. Run by storage.test.ts under `unshare --mount`.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXAMPLE_WORLD } from '../../dist/host/cli/demo.js';
import { DataFolder, loadServeConfig, Serve } from '../../dist/host/serve/index.js';
import { ask } from './ask.mjs';

const [place, block] = process.argv.slice(2);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', place]);
const data = join(place, 'data');
const faults = [];
process.on('uncaughtException', (error) => faults.push(String(error)));
process.on('unhandledRejection', (error) => faults.push(String(error)));

const config = await loadServeConfig(EXAMPLE_WORLD);
const open = () => Serve.start({ config, block: Number(block), folder: new DataFolder(data) });
const served = await open();

const json = { 'content-type': 'application/json' };
const api = (method, path, headers = {}, body = '') =>
  ask({ ...served.api, method, path: `/v1${path}`, headers: { ...json, ...headers } }, body);
const key = readFileSync(join(data, 'operator.json'), 'utf8');
const imsi = config.sims[0].profile.imsi;
const device = (name, port, method, path, body) => {
  const { host, hostPort } = served.entryPoints.find(
    (point) => point.name.includes(name) && point.port === port && point.protocol === 'tcp',
  );
  return ask({ host, port: hostPort, localAddress: '127.64.0.1', method, path, headers: json }, body);
};
const signedIn = await api('POST', '/auth', {}, key);
const ticket = JSON.parse(signedIn.text);
const held = { 'x-soracom-api-key': ticket.apiKey, 'x-soracom-token': ticket.token };
/** CoAP over UDP in the session: POST /bs?ep=NAME; the code of the answer. */
async function bootstrap(name) {
  const { host, hostPort } = served.entryPoints.find((point) => point.protocol === 'udp' && point.port === 5683);
  const socket = createSocket('udp4').bind(0, '127.64.0.1');
  await once(socket, 'listening');
  const ep = Buffer.from(`ep=${name}`);
  const datagram = Buffer.concat([
    Buffer.from([0x40, 2, 1, ep[3]]),
    Buffer.from([0xb2]),
    Buffer.from('bs'),
    Buffer.from([0x40 | ep.length]),
    ep,
  ]);
  socket.send(datagram, hostPort, host);
  const answer = await Promise.race([once(socket, 'message'), sleep(10_000)]);
  socket.close();
  return answer === undefined ? 'nothing' : `${answer[0][1] >> 5}.${String(answer[0][1] & 31).padStart(2, '0')}`;
}

const round = async (at) => ({
  at,
  signIn: (await api('POST', '/auth', {}, key)).status,
  tags: (
    await api(
      'PUT',
      `/subscribers/${imsi}/tags`,
      held,
      JSON.stringify([{ tagName: 'at', tagValue: at + 'x'.repeat(200) }]),
    )
  ).status,
  group: (await api('POST', '/groups', held, '{"tags":{}}')).status,
  device: (await api('POST', '/devices', held, JSON.stringify({ endpoint: `e-${at}` }))).status,
  harvest: (await device('harvest.', 80, 'POST', '/', '{"a":1}')).status,
  files: (await device('files', 80, 'PUT', `/${at}.txt`, 'x'.repeat(20_000))).status,
  metadataRead: (await device('metadata', 80, 'GET', '/v1/subscriber.imsi')).status,
  endorse: (await device('endorse', 80, 'GET', '/')).status,
  bootstrap: await bootstrap(`b-${at}`),
});

const rounds = [];
const fill = join(place, 'fill');
const { bavail, bsize } = statfsSync(place);
writeFileSync(fill, Buffer.alloc(Math.max(0, bavail * bsize - 4096)));
try {
  writeFileSync(join(place, 'fill2'), Buffer.alloc(1 << 20));
} catch {
  // full to the last page
}
rounds.push(await round('full'));
const [card] = served.sessions;
rmSync(fill);
rmSync(join(place, 'fill2'), { force: true });
rounds.push(await round('room'));
await served.close();
console.log(JSON.stringify({ signedIn: signedIn.status, rounds, session: card?.session !== undefined, faults }));
process.exit(0);
