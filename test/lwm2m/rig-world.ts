// The world that most tests of the client begin with: a device, a bootstrap server that gives it a key, and the server of that key.
import { BootstrapServer, DmServer, Rig, account, security, serverInstance, type RigOptions } from './rig.js';

export const OLD = new Uint8Array(16).fill(1);
export const NEW = new Uint8Array(16).fill(2);

export interface World {
  readonly rig: Rig;
  readonly server: BootstrapServer;
  readonly dm: DmServer;
}

export async function world(options: RigOptions = {}): Promise<World> {
  const rig = await Rig.create(options);
  const server = new BootstrapServer(rig);
  const dm = new DmServer(rig, 'dm.example:5684');
  dm.keys.set('d-1', OLD);
  server.commands = account(security('dm.example', 123, 'd-1', OLD), serverInstance(123));
  return { rig, server, dm };
}

/** The bootstrap server has another key for the device from now on; the server takes both identities. */
export function rotate({ server, dm }: World, key = NEW): void {
  dm.keys.set('d-2', NEW);
  server.commands = account(security('dm.example', 123, 'd-2', key), serverInstance(123), 2);
}

/** The server asks for a bootstrap, /1/x/9. */
export function trigger({ rig, dm }: World): void {
  const instance = dm.identities.at(-1) === 'd-2' ? 2 : 1;
  dm.coap.ask(dm.device, { method: 'POST', path: `/1/${instance}/9` }, () => undefined);
  rig.run(0);
}
