// A device's request over TLS, made with node:tls at the far end of a session's connection.

import { connect } from 'node:tls';
import type { Session } from '../../host/cellular/network.js';
import { MS } from '../../host/clock/clock.js';
import { duplexPair } from '../../host/cloud/index.js';
import { type BeamWorld, ca, session } from './harness.js';

/** All that comes back until the end, or `error: ..`. `servername`: whom the device takes the server for. */
export async function secure(
  on: BeamWorld,
  name: string,
  text: string,
  { servername = name, caller = session() }: { readonly servername?: string; readonly caller?: Session } = {},
): Promise<string> {
  const [near, far] = duplexPair(on.clock, 20 * MS);
  on.registry.connect(443, far, caller, name);
  const tls = connect({ socket: near, host: servername, servername, ca: ca.certificate });
  let received = '';
  let over: string | undefined;
  tls.on('data', (chunk: Buffer) => (received += chunk.toString()));
  tls.once('end', () => (over = received));
  tls.once('error', (error: Error) => (over = `error: ${error.message}`));
  tls.write(text);
  await on.run(() => over !== undefined);
  return over ?? 'no end';
}
