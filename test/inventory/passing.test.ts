// What devices say by themselves, on its way to Beam, Funnel and Funk.
import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { InProcessUpstream } from '../../host/cloud/index.js';
import type { DeviceRecord } from '../../host/platform/inventory/devices.js';
import { Passing } from '../../host/platform/inventory/passing.js';
import type { Directory } from '../../host/platform/directory/index.js';
import { ContentFormat } from '../../host/lwm2m/index.js';
import type { DeviceLink } from '../../host/platform/inventory/registrar.js';
import {
  COST,
  DESTINATION_BYTES,
  DEVICE_LIMITS,
  INVENTORY_LIMITS,
  NOTIFICATION_LIMITS,
} from '../../host/platform/limits.js';
import type { DeviceMessage, MessageService } from '../../host/platform/message/message.js';
import type { ServiceContext } from '../../host/platform/context.js';
import { IMEI } from '../platform/harness.js';
import { ENDPOINT, IMSI, inventoryConfig, InventoryWorld, OPERATOR, TestDevice } from './world.js';

const BEAM = 'inventory://beam.soracom.io';
const PSK = 'a key';

interface Got {
  readonly host: string;
  readonly head: string;
  readonly body: string;
}

/** A registered device whose group has these namespaces, and servers that answer with 200 unless `silent`. */
async function joined(group: Record<string, unknown>, { silent = [] as readonly string[] } = {}) {
  const config = inventoryConfig() as { groups: { meters: { configuration: object } } };
  const { configuration } = config.groups.meters;
  const got: Got[] = [];
  const world: InventoryWorld = new InventoryWorld({
    config: {
      ...config,
      groups: { ...config.groups, meters: { configuration: { ...configuration, ...group } } },
    },
    upstream: { trustedCas: [], connect: (host, port) => servers.connect(host, port) },
  });
  const servers = new InProcessUpstream({ clock: world.clock });
  for (const host of ['beam.test', 'funnel.test', 'funk.test']) {
    servers.serve(host, 80, (stream) => {
      let text = '';
      stream
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          text += chunk.toString();
          const [, head = '', body = ''] = /^([^]*?)\r\n\r\n([^]*)$/.exec(text) ?? [];
          if (head === '' || Buffer.byteLength(body) < Number(/^content-length: (\d+)/im.exec(head)?.[1])) return;
          got.push({ host, head, body });
          if (!silent.includes(host)) stream.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        });
    });
  }
  const device = new TestDevice(world);
  const account = await device.account();
  await device.connect(account);
  await device.register(['lwm2m=1.1', `ep=${ENDPOINT}`, 'b=U', 'lt=3000']);
  await world.pass(SECOND);
  const root = await world.await(world.root());
  const id = Buffer.from(account.identity).toString();
  await world.await(root.call('POST', `/devices/${id}/3/0/9/observe`));
  const say = async (value: number): Promise<void> => {
    device.resources.set('/3/0/9', { type: 'integer', value });
    await device.notify('/3/0/9');
  };
  await world.pass(SECOND);
  return { world, id, got, say };
}

const field = ({ head }: Got, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r?$`, 'im').exec(head)?.[1]?.trim();
const content = (id: string, value: number) => ({
  ...{ deviceId: id, path: '/3/0', lastModifiedTime: expect.any(Number) as number },
  resources: { 9: { name: 'Battery Level', value } },
});

describe('Beam', () => {
  it('gets a request with who the device is, and nothing of the SIM unless that is on', async () => {
    const { id, got, say } = await joined({
      SoracomBeam: { [BEAM]: { enabled: true, destination: 'http://beam.test/in?a=1' } },
    });
    await say(94);
    expect(got.map(({ body }) => JSON.parse(body) as unknown)).toEqual([content(id, 95), content(id, 94)]);
    const [, last] = got;
    if (last === undefined) throw new Error('nothing came');
    expect(last.head).toMatch(/^POST \/in\?a=1 HTTP\/1\.1\r\n/);
    expect(field(last, 'content-type')).toBe('application/json');
    expect(field(last, 'x-soracom-device-id')).toBe(id);
    expect(field(last, 'x-soracom-operator-id')).toBe(OPERATOR);
    expect(field(last, 'x-soracom-timestamp')).toMatch(/^\d{13}$/);
    expect(last.head).not.toMatch(/x-soracom-(imsi|imei|signature)/i);
  });

  it('signs what it says of the device', async () => {
    const { id, got } = await joined({
      SoracomBeam: {
        [BEAM]: {
          ...{ enabled: true, destination: 'http://beam.test/', addSignature: true, psk: PSK },
          ...{ addSubscriberHeader: true, addEquipmentHeader: true },
        },
      },
    });
    const [first] = got;
    if (first === undefined) throw new Error('nothing came');
    const signed = ['x-soracom-imei', 'x-soracom-imsi', 'x-soracom-device-id', 'x-soracom-timestamp'];
    const text = signed.map((name) => `${name}=${field(first, name)}`).join('');
    expect(text).toContain(`imei=${IMEI}x-soracom-imsi=${IMSI}x-soracom-device-id=${id}`);
    expect(field(first, 'x-soracom-signature')).toBe(
      createHash('sha256')
        .update(PSK + text)
        .digest('hex'),
    );
  });
});

it('what goes out counts as the work that it is: a device that has much sent has to wait before it says more', async () => {
  const { world, id, got } = await joined({
    SoracomBeam: { [BEAM]: { enabled: true, destination: 'http://beam.test/' } },
  });
  const { management, devices } = world.platform.inventory;
  const record = devices.get(id);
  if (record === undefined) throw new Error('no device');
  const link = { caller: IMSI } as DeviceLink;
  const send = async (count: number): Promise<string> => {
    const values = Array.from({ length: count }, (_, i) => ({ n: '/3/0/9', v: 1, t: -i }));
    const work = management.sent(record, link, Buffer.from(JSON.stringify(values)), ContentFormat.SenmlJson);
    world.clock.stir();
    const { code } = await world.await(work);
    await world.pass(SECOND / 10);
    return code;
  };
  const codes: string[] = [];
  while (codes.at(-1) !== '4.29' && codes.length < 100) codes.push(await send(50));
  expect(codes.at(-1)).toBe('4.29');
  // A half of what it may say when nothing goes out.
  expect(codes.length).toBeLessThan(DEVICE_LIMITS.caller.burst / (COST.write + 50 * COST.value) / 2);
  await world.pass(60 * SECOND);
  const paid = DEVICE_LIMITS.caller.burst + (codes.length * DEVICE_LIMITS.caller.perSecond) / 10;
  expect(got.length * COST.delivery).toBeLessThanOrEqual(paid + 50 * COST.delivery);
  expect(await send(1)).toBe('2.04');
});

it('Funnel puts it into its envelope, as of a device', async () => {
  const { id, got } = await joined({
    SoracomFunnel: {
      enabled: true,
      destination: { provider: 'partner', service: 'x', resourceUrl: 'http://funnel.test/in' },
    },
  });
  const [first] = got;
  const envelope = JSON.parse(first?.body ?? '') as Record<string, unknown>;
  expect(Object.keys(envelope)).toEqual([
    'operatorId',
    'timestamp',
    'destination',
    'payloads',
    'sourceProtocol',
    'deviceId',
  ]);
  expect(envelope).toMatchObject({
    ...{ operatorId: OPERATOR, sourceProtocol: 'device', deviceId: id, payloads: content(id, 95) },
  });
});

it('Funk calls its function, with a token that says which device it was', async () => {
  const { id, got } = await joined({
    SoracomFunk: {
      enabled: true,
      destination: { provider: 'azure', service: 'function-app', resourceUrl: 'http://funk.test/f' },
    },
  });
  const [first] = got;
  if (first === undefined) throw new Error('nothing came');
  expect(JSON.parse(first.body)).toEqual(content(id, 95));
  const [, payload = ''] = field(first, 'x-soracom-token')?.split('.') ?? [];
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    aud: `srn:soracom:${OPERATOR}:jp:Device:${id}`,
    ctx: { resourceType: 'Device', resourceId: id, sourceProtocol: 'device', deviceId: id, operatorId: OPERATOR },
  });
});

it('services that are off get nothing', async () => {
  const { got, say } = await joined({
    SoracomBeam: {
      [BEAM]: { enabled: false, destination: 'http://beam.test/' },
      'http://beam.soracom.io:8888/': { enabled: true, destination: 'http://beam.test/' },
    },
    SoracomFunnel: { enabled: false },
  });
  await say(1);
  expect(got).toEqual([]);
});

it('a destination that says nothing holds up no device and no other service; what waits has a limit', async () => {
  const { world, got, say } = await joined(
    {
      SoracomBeam: { [BEAM]: { enabled: true, destination: 'http://beam.test/' } },
      SoracomFunk: {
        enabled: true,
        destination: { provider: 'azure', service: 'function-app', resourceUrl: 'http://funk.test/f' },
      },
    },
    { silent: ['beam.test'] },
  );
  const count = INVENTORY_LIMITS.waitingNotifications + 5;
  for (let i = 0; i < count; i++) await say(i % 90);
  const of = (host: string): readonly Got[] => got.filter((one) => one.host === host);
  expect(
    of('funk.test').map(({ body }) => (JSON.parse(body) as ReturnType<typeof content>).resources[9].value),
  ).toEqual([95, ...Array.from({ length: count }, (_, i) => i % 90)]);
  expect(of('beam.test').length).toBeLessThanOrEqual(3);
  const told = (text: string): number => world.events.filter((event) => JSON.stringify(event).includes(text)).length;
  expect(told('too many notifications of this device wait')).toBeGreaterThan(0);
  await world.pass(2 * MINUTE);
  expect(told('timeout: no answer in time')).toBeGreaterThan(0);
});

it('many messages on their way listen for the end of the platform without a warning of Node', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const context = { nextId: () => 1, clock: { unixMs: () => 0, stir: () => undefined } };
  const directory = { group: () => ({ configuration: {} }), subscriber: () => undefined };
  let ended = 0;
  const service = {
    ...{ name: 'beam', enabledFor: () => true },
    answer: ({ signal }: DeviceMessage) =>
      new Promise<void>(() => {
        signal.addEventListener('abort', () => ended++);
      }),
  };
  const passing = new Passing(context as unknown as ServiceContext, {
    services: [service as unknown as MessageService],
    directory: directory as unknown as Directory,
  });
  for (let device = 0; device < 20; device++) {
    const record = { deviceId: `d-${device}`, operatorId: 'OP1', groupId: 'g' } as unknown as DeviceRecord;
    passing.notify(record, [{ timeMs: 0, json: '{}' }]);
  }
  passing.close();
  expect(ended).toBe(20);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

it('bytes that wait for a destination have a limit, of a device and of all; a device that says little gets through', async () => {
  const refused: number[] = [];
  const trace = { emit: (event: () => unknown) => void refused.push((event as unknown as { status: number }).status) };
  const context = { nextId: () => 1, clock: { unixMs: () => 0, stir: () => undefined }, traceOf: () => trace };
  const directory = { group: () => ({ configuration: {} }), subscriber: () => undefined };
  const asked: { readonly message: DeviceMessage; readonly answer: () => void }[] = [];
  const service = {
    ...{ name: 'beam', enabledFor: () => true },
    answer: (message: DeviceMessage) =>
      new Promise<void>((resolve) => asked.push({ message, answer: () => resolve() })),
  };
  const passing = new Passing(context as unknown as ServiceContext, {
    services: [service as unknown as MessageService],
    directory: directory as unknown as Directory,
  });
  /** How many of so many are taken. */
  const notify = (device: number, count: number, bytes: number): number => {
    const before = refused.length;
    const record = { deviceId: `d-${device}`, operatorId: `OP${device}`, groupId: 'g' } as unknown as DeviceRecord;
    passing.notify(
      record,
      Array.from({ length: count }, () => ({ timeMs: 0, json: 'x'.repeat(bytes) })),
    );
    return count - (refused.length - before);
  };
  const { caller, all, floor } = NOTIFICATION_LIMITS;
  const size = caller / 4;
  expect(notify(0, 6, size)).toBe(4);
  expect(new Set(refused)).toEqual(new Set([429]));
  let taken = 4;
  for (let i = 1; i <= 2 * (all / caller); i++) taken += notify(i, 6, size);
  expect(taken * size).toBeLessThanOrEqual(all + (all / size) * floor);
  expect(taken * size).toBeGreaterThan(all - caller);
  expect(refused.at(-1)).toBe(503);
  expect(notify(-1, 1, floor)).toBe(1);
  // What was answered makes room.
  for (let i = 0; i < asked.length; i++) {
    asked[i]?.answer();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(notify(0, 6, size)).toBe(4);
});

describe('a customer’s server that says nothing', () => {
  /** Devices of groups of one operator, and services that answer when they are told to. */
  function fleet() {
    const asked: { service: string; group: string; answer: () => void }[] = [];
    const refused: number[] = [];
    const trace = {
      emit: (event: () => unknown) => void refused.push((event as unknown as { status: number }).status),
    };
    const context = { nextId: () => 1, clock: { unixMs: () => 0, stir: () => undefined }, traceOf: () => trace };
    const directory = {
      group: (_operator: string, id: string) => ({ configuration: {}, id }),
      subscriber: () => undefined,
    };
    const service = (name: string): MessageService =>
      ({
        name,
        enabledFor: () => true,
        answer: ({ caller }: DeviceMessage) =>
          new Promise<void>((resolve) => {
            const { id: group } = caller.group as unknown as { id: string };
            asked.push({ service: name, group, answer: () => resolve() });
          }),
      }) as unknown as MessageService;
    const passing = new Passing(context as unknown as ServiceContext, {
      services: [service('beam'), service('funk')],
      directory: directory as unknown as Directory,
    });
    const notify = (device: number, groupId: string, bytes = 100, operatorId = 'OP1'): void => {
      const record = { deviceId: `d-${device}`, operatorId, groupId } as unknown as DeviceRecord;
      passing.notify(record, [{ timeMs: 0, json: 'x'.repeat(bytes) }]);
    };
    const underWay = (name: string, group: string): number =>
      asked.filter((one) => one.service === name && one.group === group).length;
    return { asked, refused, notify, underWay };
  }
  const { destination, operator, floor } = INVENTORY_LIMITS.notificationsUnderWay;

  it('has a share of what its operator may have on its way; the others, of other services and groups, go on', () => {
    const { notify, underWay } = fleet();
    for (let i = 0; i < 1000; i++) notify(i, 'slow');
    expect([underWay('beam', 'slow'), underWay('funk', 'slow')]).toEqual([destination, destination]);
    for (let i = 0; i < 1000; i++) notify(i, 'slower');
    expect(underWay('beam', 'slower') + underWay('funk', 'slower')).toBe(operator - 2 * destination);
    // All that the operator may have is on its way: a few of each further destination go out all the same.
    for (let i = 0; i < 1000; i++) notify(i, 'quick');
    expect([underWay('beam', 'quick'), underWay('funk', 'quick')]).toEqual([floor, floor]);
  });

  it('gives way to the others as soon as one of its messages has ended, in the order of each device', async () => {
    const { asked, notify, underWay } = fleet();
    for (let i = 0; i < 300; i++) notify(i % 100, 'slow');
    for (let i = 0; i < 3; i++) notify(i, 'quick');
    for (let at = 0; at < asked.length; at++) {
      asked[at]?.answer();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([underWay('beam', 'slow'), underWay('funk', 'slow')]).toEqual([300, 300]);
    expect([underWay('beam', 'quick'), underWay('funk', 'quick')]).toEqual([3, 3]);
  });

  it('has a share of the bytes that wait; those of the others are taken', () => {
    const { refused, notify } = fleet();
    const size = NOTIFICATION_LIMITS.caller / 2;
    const most = DESTINATION_BYTES / size;
    for (let i = 0; i < 2 * most; i++) notify(i, 'slow', size);
    expect(refused).toEqual(Array.from({ length: 2 * most }, () => 429)); // of beam and of funk
    for (let i = 0; i < 10; i++) notify(i, 'quick', size);
    expect(refused).toHaveLength(2 * most);
    for (let i = 0; i < 10; i++) notify(9000 + i, 'slow', NOTIFICATION_LIMITS.floor);
    expect(refused).toHaveLength(2 * most);
  });
});
