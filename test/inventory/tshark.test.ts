// Wireshark (Debian package tshark) reads a device's whole way with the platform, given the key alone: bootstrap in the
// clear, handshake, registration, reads, an observation with its notification, De-register. It has nothing to say against it.
import { expect } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { dissect, type Datagram } from '../coap/capture.js';
import { withPrograms } from '../peers.js';
import { ENDPOINT, InventoryWorld, type OnWire, TestDevice } from './world.js';

const { it } = withPrograms('tshark');
const DEVICE_PORT = 40_000;

const captured = (wire: readonly OnWire[]): Datagram[] =>
  wire.map(({ from, port, datagram }) =>
    from === 'client'
      ? { from: DEVICE_PORT, to: port, bytes: datagram }
      : { from: port, to: DEVICE_PORT, bytes: datagram },
  );

async function life(options: object): Promise<{ wire: readonly OnWire[]; key: Uint8Array }> {
  const world = new InventoryWorld({ inventory: { observe: ['/3/0/9'] } });
  const device = new TestDevice(world);
  const account = await device.account();
  expect(await device.connect(account, options)).toBe(true);
  await device.register(['lwm2m=1.1', `ep=${ENDPOINT}`, 'b=U', 'lt=300']);
  await world.pass(5 * SECOND);
  await device.notify('/3/0/9');
  const root = await world.await(world.root());
  const id = Buffer.from(account.identity).toString();
  device.resources.set('/3/0/2', { type: 'string', value: 'x'.repeat(1500) });
  for (const [method, path, expected, body] of [
    ['GET', '/3/0/2', 200, undefined],
    ['PUT', '/3/0/13', 202, { value: 1_700_000_000 }],
    ['POST', '/3/0/4/execute', 202, undefined],
    ['GET', '/3/0/discover', 200, undefined],
    ['POST', '/3/0/9/unobserve', 204, undefined],
  ] as const) {
    const { status } = await world.await(root.call(method, `/devices/${id}${path}`, body));
    expect(status).toBe(expected);
  }
  await device.update();
  await device.ask('0.04', device.location);
  device.kit?.dtlsClose();
  await world.pass(SECOND);
  return { wire: world.wire, key: account.key };
}

it.each([
  ['connection ID of the server', {}],
  ['connection IDs of both', { ownCid: Uint8Array.of(1, 2, 3) }],
  ['no connection ID', { withoutCid: true }],
])('a whole life: %s', async (_, options) => {
  const { wire, key } = await life(options);
  const seen = dissect(captured(wire), key);
  expect(seen.complaints).toEqual([]);
  expect(seen.frames).toBe(wire.length);
  // All of it but the handshake and the goodbye.
  expect(seen.coap).toBeGreaterThan(wire.length - 12);
});

it('with another key it reads the bootstrap alone', async () => {
  const { wire } = await life({});
  const clear = wire.filter(({ port }) => port === 5683).length;
  expect(dissect(captured(wire), new Uint8Array(16)).coap).toBe(clear);
});
