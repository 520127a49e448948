// A platform that makes groups through its management API as fast as it can, and prints the name of each one that was
// acknowledged. Killed by the test that starts it. Runs the built host.

import { RealClock } from '../../dist/host/clock/real.js';
import { InProcessUpstream } from '../../dist/host/cloud/index.js';
import { Database, Platform, Seal } from '../../dist/host/platform/index.js';
import { Secret } from '../../dist/host/secret.js';
import { Trace } from '../../dist/host/trace/trace.js';

const clock = new RealClock();
const platform = new Platform({
  clock,
  trace: new Trace(clock),
  upstream: new InProcessUpstream({ clock }),
  database: new Database(process.argv[2]),
  seal: new Seal(new Secret(Buffer.alloc(32, 7))),
  config: { operators: { OP0012345678: { authKeys: { 'keyId-main': 'secret-main' } } } },
});

async function call(path, body, ticket = {}) {
  const headers = { 'content-type': 'application/json', ...ticket };
  const request = new Request(`http://api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await platform.api.fetch(request)).json();
}

const { apiKey, token } = await call('/auth', { authKeyId: 'keyId-main', authKey: 'secret-main' });
const ticket = { 'x-soracom-api-key': apiKey, 'x-soracom-token': token };
for (let i = 0; ; i++) {
  const name = `group ${i}`;
  await call('/groups', { tags: { name } }, ticket);
  process.stdout.write(`${name}\n`);
}
