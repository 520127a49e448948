// Bootstrap in a session: who is served, what is written, what of it is kept, and what every kind of trouble leads to.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { Method, parse, uintOption } from '../../host/coap/index.js';
import { ContentError, ContentFormat, pathText, readSenml } from '../../host/lwm2m/index.js';
import { readDiscovered, securityInstanceFor } from '../../host/platform/inventory/discovered.js';
import { Database, type BootstrapKnobs } from '../../host/platform/index.js';
import { INVENTORY_LIMITS } from '../../host/platform/limits.js';
import { Secret } from '../../host/secret.js';
import { session } from '../platform/harness.js';
import {
  ALONE_IMSI,
  ENDPOINT,
  IMSI,
  inventoryConfig,
  InventoryWorld,
  OFF_IMSI,
  OPERATOR,
  OTHER_IMSI,
  OTHER_OPERATOR,
  TestDevice,
} from './world.js';

const world = (knobs: BootstrapKnobs = {}, inventory: object = {}): InventoryWorld => {
  const made = new InventoryWorld({ inventory });
  made.platform.inventory.bootstrap.knobs = knobs;
  return made;
};

describe('the account', () => {
  it('is what the agents expect: Delete /, Discover /0, Security, Server, Finish, in twelve messages', async () => {
    const one = world();
    const device = new TestDevice(one);
    const account = await device.account();
    expect(device.requests.map(({ method, path }) => `${method} /${path.join('/')}`)).toEqual([
      '0.04 /',
      '0.01 /0',
      '0.03 /0/1',
      '0.03 /1/1',
      '0.02 /bs',
    ]);
    expect(one.wire.length).toBe(12);
    const values = Object.fromEntries(
      [...device.written.values()].flat().map(({ path, value }) => [pathText(path), value]),
    );
    expect(values).toMatchObject({
      ...{ '/0/1/0': 'coaps://jp.inventory.soracom.io:5684', '/0/1/1': false, '/0/1/2': 0, '/0/1/10': 123 },
      ...{ '/1/1/0': 123, '/1/1/1': 60, '/1/1/6': false, '/1/1/7': 'U' },
    });
    expect(Buffer.from(account.identity).toString()).toMatch(/^d-[a-z0-9]{20}$/);
    expect(account.key.length).toBe(16);
    expect(one.platform.inventory.devices.get(Buffer.from(account.identity).toString())).toMatchObject({
      ...{ operatorId: OPERATOR, endpoint: ENDPOINT, groupId: 'meters', imsi: IMSI, imei: '860000012345678' },
    });
  });

  it('begins after the answer to the request for it', async () => {
    const one = world();
    await new TestDevice(one).account();
    const codes = one.wire
      .filter(({ from }) => from === 'server')
      .map(({ datagram }) => parse(datagram))
      .map((message) => ('code' in message ? message.code : 'malformed'));
    expect(codes).toEqual(['2.04', '0.04', '0.01', '0.03', '0.03', '0.02']);
  });

  it('has the lifetime and the short server id of the group', async () => {
    const account = await new TestDevice(world({}, { lifetime: 3600, shortServerId: 7 })).account();
    expect(account).toMatchObject({ lifetime: 3600, shortServerId: 7 });
  });

  it.each([ContentFormat.SenmlCbor, ContentFormat.SenmlJson, ContentFormat.Tlv])('comes in format %i', async (pct) => {
    const device = new TestDevice(world());
    expect((await device.bootstrap([`ep=${ENDPOINT}`, `pct=${pct}`])).code).toBe('2.04');
    expect(await device.world.run(() => device.finished)).toBe(true);
    expect(device.accountWritten()).toMatchObject({ shortServerId: 123, lifetime: 60 });
    const formats = device.requests.flatMap(({ options }) => options.filter(({ number }) => number === 12));
    expect(formats.map(({ value }) => Buffer.from(value).readUIntBE(0, value.length))).toEqual([pct, pct]);
  });

  it('comes as one pack to a client of LwM2M 1.2', async () => {
    const device = new TestDevice(world());
    const answer = await device.bootstrap([`ep=${ENDPOINT}`], ['bspack']);
    expect(answer.code).toBe('2.05');
    const records = readSenml(answer.payload, 'cbor', 0);
    expect(records.find(({ path }) => path === '/0/2/0')?.value?.value).toBe('coaps://jp.inventory.soracom.io:5684');
    expect(records.find(({ path }) => path === '/1/1/7')?.value?.value).toBe('U');
  });

  it('is of the same device for the same endpoint, from whatever SIM of the operator; each time with a new key', async () => {
    const one = world();
    const first = await new TestDevice(one).account();
    const again = await new TestDevice(one).account();
    expect(again.identity).toEqual(first.identity);
    expect(toHex(again.key)).not.toBe(toHex(first.key));
    const theirs = await new TestDevice(one, session(OTHER_IMSI)).account();
    expect(theirs.identity).not.toEqual(first.identity);
    const { devices } = one.platform.inventory;
    expect(devices.list(OPERATOR).length).toBe(1);
    expect(devices.list(OTHER_OPERATOR).length).toBe(1);
  });

  it('is sealed at rest, and in no event', async () => {
    const database = new Database();
    const one = new InventoryWorld({ database });
    const { key } = await new TestDevice(one).account();
    const rows = database.all('SELECT * FROM inventory_keys').flatMap((row) => Object.values(row));
    const stored = rows.map((value) => (value instanceof Uint8Array ? toHex(value) : String(value))).join(' ');
    expect(stored).not.toContain(toHex(key));
    const told = JSON.stringify(one.events);
    for (const form of [toHex(key), Buffer.from(key).toString('base64'), Buffer.from(key).toString('latin1')]) {
      expect(told).not.toContain(JSON.stringify(form).slice(1, -1));
    }
    expect(
      one.platform.inventory.keys.of(Buffer.from((await new TestDevice(one).account()).identity).toString())[0]?.key,
    ).toBeInstanceOf(Secret);
  });
});

describe("a client's own Bootstrap account", () => {
  const writtenBy = async (
    change: (device: TestDevice) => void,
    query = [`ep=${ENDPOINT}`],
  ): Promise<{ at: string[]; device: TestDevice }> => {
    const device = new TestDevice(world());
    change(device);
    expect((await device.bootstrap(query)).code).toBe('2.04');
    expect(await device.world.run(() => device.finished)).toBe(true);
    expect(device.accountWritten().uri).toBe('coaps://jp.inventory.soracom.io:5684');
    return { at: [...device.written.keys()], device };
  };

  it.each([
    [0, '/0/1'],
    [1, '/0/2'],
    [2, '/0/1'],
    [65_534, '/0/1'],
  ])('at /0/%i is not written over', async (instance, path) => {
    expect((await writtenBy((device) => (device.bootstrapAccount = instance))).at).toEqual([path, '/1/1']);
  });

  it('of a client that refuses to be looked at may be at 0 or 1: another instance is written', async () => {
    expect((await writtenBy((device) => (device.discover = 'refuses'))).at).toEqual(['/0/2', '/1/1']);
  });

  it('of a client of 1.0 that says nothing to Discover: 1 is written, as by the real server, within its patience', async () => {
    const { at, device } = await writtenBy((one) => (one.discover = 'silent'));
    expect(at).toEqual(['/0/1', '/1/1']);
    // Published agents give up after 5 s without a message.
    const heard = device.world.wire.filter(({ from }) => from === 'server').map(({ t }) => t);
    const gaps = heard.slice(1).map((time, i) => time - (heard[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(5 * SECOND);
  });

  it('of a client of 1.1 that says nothing to Discover may be at 1', async () => {
    const { at } = await writtenBy((device) => (device.discover = 'silent'), [`ep=${ENDPOINT}`, 'pct=11542']);
    expect(at).toEqual(['/0/2', '/1/1']);
  });

  it('stays when the key changes: the next bootstrap goes the same way', async () => {
    const { device } = await writtenBy((one) => (one.bootstrapAccount = 1));
    const first = device.accountWritten();
    const second = await device.account();
    expect([...device.written.keys()]).toEqual(['/0/2', '/1/1']);
    expect(toHex(second.key)).not.toBe(toHex(first.key));
  });
});

describe('Bootstrap-Discover', () => {
  it.each<[string, string, readonly number[], number]>([
    ['of 1.0', 'lwm2m="1.0",</0/0>;ssid=1,</0/1>,</0/2>;ssid=2', [1], 3],
    ['of 1.0 with blanks', 'lwm2m="1.0", </0/0>;ssid=1, </0/1>', [1], 2],
    ['of 1.1', '</>;lwm2m=1.1,</0>,</0/0>,</0/1>;ssid=7;uri="coaps://a.example:5684",</1/0>;ssid=7,</3/0>', [0], 2],
    ['of 1.0 without a link', 'lwm2m="1.0"', [], 2],
    ['that shows accounts of servers alone', '</0/0>;ssid=1,</0/2>;ssid=2', [], 3],
    ['with nothing in it', '', [], 2],
    ['with ids that cannot be', '</0/99999>;ssid=1,</0/x>,</00/1>,</0/1/2>,</0/3>', [3], 1],
  ])('%s: %s', (_, text, own, instance) => {
    const seen = readDiscovered(Buffer.from(text));
    expect([...seen.own]).toEqual(own);
    expect(securityInstanceFor(seen)).toBe(instance);
  });

  it('of any text is read or refused, and what is chosen is free', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .array(fc.tuple(fc.nat(65_534), fc.boolean()))
            .map((all) => all.map(([id, ssid]) => `</0/${id}>${ssid ? ';ssid=1' : ''}`).join(',')),
        ),
        (text) => {
          try {
            const seen = readDiscovered(Buffer.from(text));
            expect(seen.all.has(securityInstanceFor(seen))).toBe(false);
          } catch (error) {
            expect(error).toBeInstanceOf(ContentError);
          }
        },
      ),
    );
  });
});

describe('is refused', () => {
  it.each([
    ['a SIM whose group has Inventory off', OFF_IMSI, [`ep=${ENDPOINT}`], '4.03'],
    ['a SIM in no group', ALONE_IMSI, [`ep=${ENDPOINT}`], '4.03'],
    ['a SIM that nobody knows', '001010000000001', [`ep=${ENDPOINT}`], '4.03'],
    ['a request without endpoint', IMSI, [], '4.00'],
    ['an empty endpoint', IMSI, ['ep='], '4.00'],
    ['an endpoint with a control character', IMSI, ['ep=a\nb'], '4.00'],
    ['an endpoint of 129 bytes', IMSI, [`ep=${'x'.repeat(129)}`], '4.00'],
    ['a format that is not known', IMSI, [`ep=${ENDPOINT}`, 'pct=11543'], '4.15'],
  ])('%s', async (_, imsi, query, code) => {
    const one = world();
    const device = new TestDevice(one, session(imsi));
    expect((await device.bootstrap(query)).code).toBe(code);
    await one.pass(MINUTE);
    expect(device.requests).toEqual([]);
    expect(one.platform.inventory.devices.list(OPERATOR)).toEqual([]);
  });

  it('a session that has closed', async () => {
    const one = world();
    const caller = session();
    caller.open = false;
    expect((await new TestDevice(one, caller).bootstrap()).code).toBe('4.03');
  });

  it('other paths and methods', async () => {
    const device = new TestDevice(world());
    expect((await device.bootstrap([], ['rd'])).code).toBe('4.04');
    expect((await device.bootstrap([`ep=${ENDPOINT}`], ['bs', 'x'])).code).toBe('4.04');
  });

  it('a pack in a format that it has not', async () => {
    const one = world();
    const device = new TestDevice(one);
    device.world.platform.inventory.bootstrap.knobs = { refusePack: '5.01' };
    expect((await device.bootstrap([`ep=${ENDPOINT}`], ['bspack'])).code).toBe('5.01');
  });
});

describe('what one SIM may use', () => {
  const SECOND_IMSI = '440101111111114';
  const twoSims = (): InventoryWorld => {
    const base = inventoryConfig() as { subscribers: object[] };
    const second = { imsi: SECOND_IMSI, iccid: '8981100005819480004', groupId: 'meters' };
    return new InventoryWorld({ config: { ...base, subscribers: [...base.subscribers, second] } });
  };

  it('of device records: a share, then 4.03; another SIM of the operator gets its device, and what is known is known', async () => {
    const one = twoSims();
    const { devices } = one.platform.inventory;
    for (let i = 0; i < INVENTORY_LIMITS.devicesPerSim; i++) {
      devices.create({ operatorId: OPERATOR, endpoint: `f${i}`, groupId: 'meters', imsi: IMSI });
    }
    expect((await new TestDevice(one, session(), 'more').bootstrap()).code).toBe('4.03');
    expect((await new TestDevice(one, session(), 'f7').bootstrap()).code).toBe('2.04');
    expect((await new TestDevice(one, session(SECOND_IMSI), 'second').bootstrap()).code).toBe('2.04');
    expect(devices.count(OPERATOR)).toBe(INVENTORY_LIMITS.devicesPerSim + 1);
  });

  it('of open bootstraps: a few at a time, then 4.29; another SIM is served, and those that are over make room', async () => {
    const one = twoSims();
    const stuck = Array.from(
      { length: INVENTORY_LIMITS.bootstrapsPerSim },
      (_, i) => new TestDevice(one, session(), `s${i}`),
    );
    for (const device of stuck) {
      device.deaf = true;
      expect((await device.bootstrap()).code).toBe('2.04');
    }
    await one.pass(SECOND);
    expect((await new TestDevice(one, session(), 'more').bootstrap()).code).toBe('4.29');
    expect((await new TestDevice(one, session(SECOND_IMSI), 'second').account()).key.length).toBe(16);
    expect(one.platform.inventory.devices.byEndpoint(OPERATOR, 'more')).toBeUndefined();
    await one.pass(5 * MINUTE);
    expect((await new TestDevice(one, session(), 'more').account()).key.length).toBe(16);
  });

  it('from many ports, one after the other, is served each time', async () => {
    const one = twoSims();
    for (let i = 0; i < 3 * INVENTORY_LIMITS.bootstrapsPerSim; i++) {
      expect((await new TestDevice(one, session(), `port${i}`).account()).key.length).toBe(16);
    }
  });
});

describe('what a test can make it do', () => {
  it('refuse', async () => {
    expect((await new TestDevice(world({ refuse: '4.00' })).bootstrap()).code).toBe('4.00');
  });

  it('lose its first Acknowledgement: the device asks again, and its answers are not asked for twice', async () => {
    const device = new TestDevice(world({ dropFirstAck: true }));
    await device.account();
    expect(device.world.inventoryEvents('bootstrap-request').length).toBe(1);
  });

  it('say everything twice: nothing is done twice', async () => {
    const device = new TestDevice(world({ duplicate: true }));
    await device.account();
    expect(device.requests.length).toBe(5);
  });

  it('wait before Finish, or never come to it', async () => {
    const late = new TestDevice(world({ finishDelay: 300 * SECOND }));
    await late.bootstrap();
    await late.world.pass(299 * SECOND);
    expect(late.finished).toBe(false);
    await late.world.pass(2 * SECOND);
    expect(late.finished).toBe(true);
    const never = new TestDevice(world({ finishDelay: Infinity }));
    await never.bootstrap();
    await never.world.pass(60 * MINUTE);
    expect(never.finished).toBe(false);
    expect(never.written.size).toBe(2);
  });

  it('leave the short server id out', async () => {
    const device = new TestDevice(world({ omitShortServerId: true }));
    await device.account();
    const resources = [...device.written.values()].flat().map(({ path }) => pathText(path));
    expect(resources).not.toContain('/0/1/10');
    expect(resources).not.toContain('/1/1/0');
  });

  it('cut the TLV of the Security instance', async () => {
    const device = new TestDevice(world({ malformedTlv: true }));
    await device.bootstrap();
    await device.world.run(() => device.world.inventoryEvents('bootstrap-failed').length > 0);
    expect(device.world.inventoryEvents('bootstrap-failed')[0]?.detail).toMatch(/0\.03 \/0\/1/);
    expect(device.finished).toBe(false);
  });

  it('write in blocks of 64 bytes', async () => {
    const device = new TestDevice(world({ blockBytes: 64 }));
    const { key } = await device.account();
    expect(key.length).toBe(16);
    const blocks = device.world.wire.filter(({ from, datagram }) => from === 'server' && datagram.length > 64);
    expect(blocks.length).toBe(1);
    expect(device.world.wire.length).toBe(14);
  });

  it('write over the bootstrap account, and a second one', async () => {
    const device = new TestDevice(world({ securityInstance: 0, serverInstance: 3, secondBootstrapAccount: true }));
    await device.account();
    expect([...device.written.keys()]).toEqual(['/0/0', '/0/7', '/1/3']);
  });

  it('look first, delete object by object, write what nobody knows', async () => {
    const device = new TestDevice(world({ deletes: ['/0', '/1'], unknownResource: true }));
    await device.account();
    expect(device.requests.slice(0, 2).map(({ path }) => path.join('/'))).toEqual(['0', '1']);
    expect([...device.written.values()].flat().map(({ path }) => path[2])).toContain(30_000);
  });
});

it('a device that starts again in the middle gets a whole account', async () => {
  const one = world();
  const device = new TestDevice(one);
  await device.bootstrap();
  const account = await device.account();
  expect(account.key.length).toBe(16);
  await one.pass(5 * MINUTE);
  const { keys } = one.platform.inventory;
  expect(keys.of(Buffer.from(account.identity).toString()).map(({ key }) => toHex(key.reveal()))).toContain(
    toHex(account.key),
  );
});

it('two SIMs that ask at the same time, from the same address and port, do not meet', async () => {
  const one = world();
  const [ours, theirs] = [new TestDevice(one), new TestDevice(one, session(OTHER_IMSI))];
  const [a, b] = [ours.bootstrap(), theirs.bootstrap()];
  await Promise.allSettled([a, b]);
  await one.run(() => ours.finished && theirs.finished);
  expect(ours.accountWritten().identity).not.toEqual(theirs.accountWritten().identity);
});

it('an unknown critical option is 4.02', async () => {
  const device = new TestDevice(world());
  const answer = await device.raw({
    method: Method.Post,
    path: ['bs'],
    query: [`ep=${ENDPOINT}`],
    options: [uintOption(9, 1)],
  });
  expect(answer.code).toBe('4.02');
});

it('thirty datagrams of a hundred lost, repeated, and late: the account is whole all the same', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const one = new InventoryWorld({ seed: `loss ${seed}` });
    one.faults = { loss: 0.3, repeat: 0.3, delay: 3 * SECOND };
    const device = new TestDevice(one);
    let account: { key: Uint8Array } | undefined;
    // As a device does: again, when no Finish has come.
    for (let attempt = 0; attempt < 20 && account === undefined; attempt++) {
      account = await device.account().catch(() => undefined);
    }
    expect(account?.key.length, `seed ${seed}`).toBe(16);
  }
});
