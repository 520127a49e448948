// What a device announces says in which format it is asked; else its version does.
import { expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { findUint, Method, Option, uintOption } from '../../host/coap/index.js';
import { ENDPOINT, InventoryWorld, reply, TestDevice } from './world.js';

it('a device of LwM2M 1.0 that announces its JSON alone is asked for that where it refuses TLV', async () => {
  const world = new InventoryWorld();
  const device = new TestDevice(world);
  const accepts: (number | undefined)[] = [];
  device.override = ({ method, path, options }) => {
    if (method !== Method.Get || path.join('/') !== '3/0/0') return undefined;
    accepts.push(findUint(options, Option.Accept));
    if (accepts.at(-1) !== 11_543) return reply('4.06');
    return reply('2.05', '{"bn":"/3/0/0","e":[{"sv":"ACME"}]}', [uintOption(Option.ContentFormat, 11_543)]);
  };
  await device.connect(await device.account());
  await device.register(
    ['lwm2m=1.0', `ep=${ENDPOINT}`, 'b=U', 'lt=300'],
    '</>;rt="oma.lwm2m";ct=11543,</1/0>,</3303/0>',
  );
  await world.pass(2 * SECOND);
  const root = await world.await(world.root());
  const id = Buffer.from(device.accountWritten().identity).toString();
  const { status, json } = await world.await(root.call<{ value: string }>('GET', `/devices/${id}/3/0/0`));
  expect([status, json.value, accepts]).toEqual([200, 'ACME', [11_542, 11_543]]);
});
