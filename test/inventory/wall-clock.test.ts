// A wall clock that jumps ends nothing: requests that wait, registrations and associations live by the time that the platform has run.
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/clock/clock.js';
import { Database, Seal } from '../../host/platform/index.js';
import { InventoryWorld, OPERATOR, TestDevice } from './world.js';

const DAY_MS = 86_400_000;

async function scene() {
  const world = new InventoryWorld({ database: new Database(), seal: new Seal() });
  const device = await new TestDevice(world).join();
  await device.update(['lt=86400']);
  const id = Buffer.from(device.accountWritten().identity).toString();
  const { unixMs } = world.clock;
  const jump = (days: number): void => {
    world.clock.unixMs = () => unixMs.call(world.clock) + days * DAY_MS;
  };
  const record = () => world.platform.inventory.devices.get(id);
  const submit = () => {
    const found = record();
    return found && world.platform.inventory.management.submit(found, { kind: 'read', path: '/3/0/0' });
  };
  const stateOf = (request: ReturnType<typeof submit>) =>
    world.platform.inventory.requests.get(id, request?.requestId ?? '')?.state;
  return { world, device, id, jump, record, submit, stateOf };
}

describe.each([41, -41, 36_500])('a wall clock that is %i days off', (days) => {
  it('expires no request that waits for a device, nor does it let one live longer than a day', async () => {
    const { world, device, jump, submit, stateOf } = await scene();
    await device.ask('0.04', device.location);
    const [kept, old] = [submit(), submit()];
    jump(days);
    expect([stateOf(kept), stateOf(old)]).toEqual(['queued', 'queued']);
    await world.pass(23 * HOUR);
    await device.register();
    await world.pass(10 * SECOND);
    expect(stateOf(kept)).toBe('done');
    await device.ask('0.04', device.location);
    const another = submit();
    await world.pass(24 * HOUR + MINUTE);
    expect(stateOf(another)).toBe('expired');
  });

  it.each(['orderly', 'crash'] as const)(
    'at a start (%s) ends no registration and no association; their lifetimes go on',
    async (how) => {
      const { world, device, jump, record, submit, stateOf } = await scene();
      const handshakes = (): number =>
        world.wire.filter(({ port, datagram }) => port === 5684 && datagram[0] === 22).length;
      const before = handshakes();
      const request = submit();
      jump(days);
      world.restart(how);
      await world.pass(10 * SECOND);
      expect(record()?.online).toBe(true);
      expect((await device.update()).code).toBe('2.04');
      await world.pass(10 * SECOND);
      expect(handshakes()).toBe(before);
      expect(['done', 'queued']).toContain(stateOf(request));
      expect(world.platform.inventory.devices.list(OPERATOR)[0]?.registration?.lifetime).toBe(86_400);
      jump(0);
      await world.pass(24 * HOUR + 2 * MINUTE);
      expect(record()?.online).toBe(false);
    },
  );

  it('gives up no firmware update that is under way', async () => {
    const { world, device, id, jump } = await scene();
    const release = world.clock.hold();
    const body = [Buffer.from('an image')] as unknown as AsyncIterable<Uint8Array>;
    await world.platform.files.put({ operatorId: OPERATOR, scope: 'private', path: '/a' }, 'text/plain', body);
    release();
    device.resources.set('/5/0/3', { type: 'integer', value: 1 });
    const root = await world.await(world.root());
    await world.await(root.call('POST', `/devices/${id}/firmware`, { file: '/a', method: 'pull' }));
    await world.pass(10 * SECOND);
    jump(days);
    await world.pass(2 * HOUR);
    const [request] = world.platform.inventory.requests.list(id);
    expect(request?.state).toBe('running');
    expect((await device.ask('0.01', ['fw', 'a'])).payload.toString()).toBe('an image');
  });
});
