// One path of a device reads the same way by every operation, whatever its type is and whether its object has a model or none.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import {
  type CoapResponse,
  findUint,
  type IncomingRequest,
  Method,
  Option,
  uintOption,
} from '../../host/coap/index.js';
import {
  ContentFormat,
  type Leaf,
  parsePath,
  parseTlv,
  readSenml,
  RESOURCE_TYPES,
  type ResourceType,
  type Value,
  writeContent,
} from '../../host/lwm2m/index.js';
import type { Answered } from '../platform/api-harness.js';
import { InventoryWorld, OPERATOR, reply, TestDevice } from './world.js';

const arbitrary: Readonly<Record<ResourceType, fc.Arbitrary<Value>>> = {
  string: fc.string({ unit: 'grapheme', maxLength: 20 }),
  integer: fc.maxSafeInteger(),
  unsigned: fc.maxSafeNat(),
  float: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  boolean: fc.boolean(),
  opaque: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  time: fc.integer({ min: 0, max: 4_000_000_000 }),
  objlnk: fc.tuple(fc.nat(65_535), fc.nat(65_535)).map((ids) => ids.join(':')),
};
const shown = (value: Value): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value);

/** A device with one resource of each type in an object that no model is of, in the formats that it names. */
class Thing {
  leaves: Leaf[] = [];
  readonly accepted: number[] = [];

  constructor(
    readonly device: TestDevice,
    readonly formats: readonly number[],
  ) {
    device.override = (request) => this.#answer(request);
  }

  payload(format: number, paths: readonly string[]): Buffer {
    const [first = ''] = paths;
    const below = this.leaves.filter(({ path }) => paths.some((text) => `/${path.join('/')}/`.startsWith(`${text}/`)));
    return writeContent(below, format, paths.length > 1 ? [] : (parsePath(first) ?? []));
  }

  #answer(request: IncomingRequest): CoapResponse | undefined {
    const path = `/${request.path.join('/')}`;
    if (request.method === Method.Fetch) {
      const named = readSenml(request.payload, 'cbor', 0).map((record) => record.path);
      return this.#content(ContentFormat.SenmlCbor, named, request);
    }
    if (request.method !== Method.Get || !path.startsWith('/33000')) return undefined;
    const accept = findUint(request.options, Option.Accept) ?? -1;
    this.accepted.push(accept);
    return this.formats.includes(accept) ? this.#content(accept, [path], request) : reply('4.06');
  }

  #content(format: number, paths: readonly string[], request: IncomingRequest): CoapResponse {
    const observed =
      findUint(request.options, Option.Observe) === 0 ? [uintOption(Option.Observe, this.sequence++)] : [];
    return reply('2.05', this.payload(format, paths), [...observed, uintOption(Option.ContentFormat, format)]);
  }

  sequence = 1;

  notification(format: number, paths: readonly string[]): CoapResponse {
    const options = [uintOption(Option.Observe, this.sequence++), uintOption(Option.ContentFormat, format)];
    return reply('2.05', this.payload(format, paths), options);
  }
}

interface Rig {
  readonly world: InventoryWorld;
  readonly device: TestDevice;
  readonly thing: Thing;
  readonly id: string;
  readonly call: <T>(method: string, path: string, body?: unknown) => Promise<Answered<T>>;
}

async function rig(formats: readonly number[], ct = '', version = '1.1'): Promise<Rig> {
  const world = new InventoryWorld({ inventory: { harvestEnabled: true } });
  const device = await new TestDevice(world).join();
  const thing = new Thing(device, formats);
  await device.register(
    [`lwm2m=${version}`, `ep=${device.endpoint}`, 'lt=86400'],
    `</>;rt="oma.lwm2m"${ct === '' ? '' : `;ct="${ct}"`},</1/0>,</3/0>,</33000/0>`,
  );
  await world.pass(5 * SECOND);
  const root = await world.await(world.root());
  const id = Buffer.from(device.accountWritten().identity).toString();
  const call: Rig['call'] = (method, path, body) => world.await(root.call(method, `/devices/${id}${path}`, body));
  return { world, device, thing, id, call };
}

const PLACES = RESOURCE_TYPES.map((type, i): [string, ResourceType] => [`/33000/0/${i + 1}`, type]);
const PATHS = PLACES.map(([path]) => path);

interface InstanceView {
  readonly resources: Readonly<Record<string, { readonly value: unknown }>>;
}

describe('objects without a model', () => {
  it('keep their types: read, observe, notification, composite, Send and Harvest Data say the same', async () => {
    const { world, device, thing, id, call } = await rig([ContentFormat.SenmlCbor]);
    const { readings, devices } = world.platform.inventory;
    const kept = (): unknown => {
      const all = new Map(readings.list(id).map(({ path, value }) => [path, value]));
      return PATHS.map((path) => all.get(path));
    };
    const harvested = (): unknown => {
      const store = { operatorId: OPERATOR, resourceType: 'Device' as const, resourceId: id };
      const [last] = world.platform.data.list(store).entries;
      const { resources } = JSON.parse(last?.content ?? '{}') as InstanceView;
      return PATHS.map((path) => resources[path.split('/')[3] ?? '']?.value);
    };
    const values = fc.tuple(...PLACES.map(([, type]) => arbitrary[type]));
    await fc.assert(
      fc.asyncProperty(values, async (made) => {
        const wanted = made.map(shown);
        thing.leaves = PLACES.map(([path, type], i): Leaf => ({
          path: parsePath(path) ?? [],
          type,
          value: made[i] ?? 0,
        }));
        const single: unknown[] = [];
        for (const path of PATHS) single.push((await call<{ value: unknown }>('GET', path)).json.value);
        expect(single).toEqual(wanted);
        const of = ({ resources }: InstanceView): unknown => Object.values(resources).map(({ value }) => value);
        expect(of((await call<InstanceView>('GET', '/33000/0')).json)).toEqual(wanted);
        const composite = (await call<{ values: { value: unknown }[] }>('POST', '/composite/read', { paths: PATHS }))
          .json;
        expect(composite.values.map(({ value }) => value)).toEqual(wanted);
        expect(kept()).toEqual(wanted);

        expect(of((await call<InstanceView>('POST', '/33000/0/observe')).json)).toEqual(wanted);
        expect(harvested()).toEqual(wanted);
        await device.notify('/33000/0', thing.notification(ContentFormat.SenmlCbor, ['/33000/0']));
        expect([kept(), harvested()]).toEqual([wanted, wanted]);

        const both = await call<{ values: { value: unknown }[] }>('POST', '/composite/observe', { paths: PATHS });
        expect(both.json.values.map(({ value }) => value)).toEqual(wanted);
        await device.notify('/', thing.notification(ContentFormat.SenmlCbor, PATHS));
        expect([kept(), harvested()]).toEqual([wanted, wanted]);

        const { SenmlCbor } = ContentFormat;
        expect((await device.ask('0.02', ['dp'], [], thing.payload(SenmlCbor, PATHS), SenmlCbor)).code).toBe('2.04');
        expect([kept(), harvested()]).toEqual([wanted, wanted]);
        expect(devices.get(id)?.online).toBe(true);
      }),
      { numRuns: 12 },
    );
    expect(new Set(thing.accepted)).toEqual(new Set([ContentFormat.SenmlCbor]));
  }, 120_000);

  it.each([
    ['1.1', '', [112], [112]],
    ['1.2', '60 110 112 11542 11543', [112], [112]],
    ['1.1', '110 11542', [110], [110]],
    ['1.1', '11542', [11_542], [11_542]],
    // What it does not understand after all is asked for in the other.
    ['1.1', '', [11_542], [112, 11_542]],
    ['1.0', '', [11_542], [11_542]],
    ['1.0', '112 11542', [11_542, 112], [11_542]],
    ['1.0', '112', [112], [112]],
    ['1.0', '11543', [11_542], [11_542]],
  ])('version %s, ct="%s", which answers in %j: %j', async (version, ct, formats, asked) => {
    const { thing, call } = await rig(formats, ct, version);
    thing.leaves = [{ path: [33_000, 0, 1], type: 'integer', value: 7 }];
    thing.accepted.length = 0;
    const { status, json } = await call<{ value: unknown }>('GET', '/33000/0/1');
    expect([status, thing.accepted]).toEqual([200, asked]);
    // TLV does not say what it is.
    expect(json.value).toBe(asked.at(-1) === ContentFormat.Tlv ? 'Bw==' : 7);
  });

  it('a device that takes no SenML is written to in TLV', async () => {
    const { device, thing, call } = await rig([ContentFormat.Tlv]);
    const written: number[] = [];
    device.override = (request) => {
      if (request.method !== Method.Put) return undefined;
      const format = findUint(request.options, Option.ContentFormat) ?? -1;
      written.push(format);
      return reply(format === ContentFormat.Tlv ? '2.04' : '4.15');
    };
    expect(thing.formats).toEqual([ContentFormat.Tlv]);
    expect((await call('PUT', '/3/0/15', { value: 'Asia/Tokyo' })).status).toBe(202);
    expect(written).toEqual([ContentFormat.SenmlCbor, ContentFormat.Tlv]);
  });
});

describe('what a device answers', () => {
  const answering = async (format: number, payload: string): Promise<Answered<Record<string, unknown>>> => {
    const { device, call } = await rig([]);
    device.override = () => reply('2.05', payload, [uintOption(Option.ContentFormat, format)]);
    return call('GET', '/3/0/14');
  };

  it('the JSON of LwM2M 1.0 is read', async () => {
    const { json } = await answering(ContentFormat.Json, '{"bn":"/3/0/","e":[{"n":"14","sv":"+09:00"}]}');
    expect(json).toEqual({ id: 14, name: 'UTC Offset', value: '+09:00' });
  });

  it('in a format that is not read here: the message does not say that the device refuses', async () => {
    const { status, json } = await answering(11_599, 'x');
    expect([status, json['code']]).toEqual([400, 'DEV0008']);
    expect(json['message']).toBe(
      'the answer of the device cannot be understood: content format 11599 is not read here',
    );
  });
});

describe('create, attributes and instances of resources', () => {
  it.each([
    [{}, '', ContentFormat.Tlv],
    [{ resources: [] }, '', ContentFormat.Tlv],
    [{ id: 3 }, '0003', ContentFormat.Tlv],
    [{ id: 3, resources: {} }, '0003', ContentFormat.Tlv],
    [{}, '80', ContentFormat.SenmlCbor],
    [{ id: 3 }, undefined, ContentFormat.SenmlCbor],
    // Of a device that has both, and of one that does not say.
    [{ id: 3 }, '0003', ContentFormat.Tlv, '112 11542'],
    [{}, '', ContentFormat.Tlv, ''],
  ])('%j is an instance without resources, in format %i', async (body, payload, format, listed = String(format)) => {
    const { device, call } = await rig([], listed);
    const got: IncomingRequest[] = [];
    device.override = (request) => {
      got.push(request);
      return reply('2.01');
    };
    expect((await call('POST', '/33605', body)).status).toBe(200);
    const [request] = got;
    expect(request && findUint(request.options, Option.ContentFormat)).toBe(format);
    if (payload !== undefined) expect(request?.payload.toString('hex')).toBe(payload);
    else expect(readSenml(request?.payload ?? Buffer.alloc(0), 'cbor', 0)).toMatchObject([{ path: '/33605/3' }]);
  });

  it('an instance whose id the device is to choose: resources alone in TLV, an id that is free in SenML', async () => {
    const body = { resources: [{ id: 5750, value: 'pump' }] };
    const sent = async (ct: string): Promise<IncomingRequest> => {
      const { device, call } = await rig([], ct);
      await device.register(undefined, `</>;rt="oma.lwm2m";ct="${ct}",</1/0>,</3/0>,</3336/0>,</3336/1>`);
      const got: IncomingRequest[] = [];
      device.override = (request) => {
        got.push(request);
        return reply('2.01');
      };
      expect((await call('POST', '/3336', body)).status).toBe(200);
      const request = got.find(({ method, path }) => method === Method.Post && path[0] === '3336');
      if (request === undefined) throw new Error('nothing came');
      return request;
    };
    const tlv = await sent('112 11542');
    expect(parseTlv(tlv.payload)).toMatchObject([{ kind: 'resource', id: 5750 }]);
    const cbor = await sent('112');
    expect(readSenml(cbor.payload, 'cbor', 0)).toMatchObject([{ path: '/3336/2/5750' }]);
  });

  it('what is updated of a resource is written to its instance: a POST to a resource would be Execute', async () => {
    const { device, call } = await rig([], '11542');
    const update = async (path: string, body: object): Promise<readonly string[]> => {
      device.requests.length = 0;
      expect((await call('PUT', `${path}?mode=update`, body)).status).toBe(202);
      return device.requests.map(({ method, path: at, payload }) => {
        const values = parseTlv(payload).map(({ kind, id }) => `${kind} ${id}`);
        return `${method} /${at.join('/')} ${values.join()}`;
      });
    };
    expect(await update('/3/0/14', { value: '+09:00' })).toEqual(['0.02 /3/0 resource 14']);
    expect(await update('/3/0/6', { values: { 2: 5 } })).toEqual(['0.02 /3/0 multiple resource 6']);
    expect(await update('/3/0/6/2', { value: 5 })).toEqual(['0.02 /3/0 multiple resource 6']);
    expect(device.executed).toEqual([]);
  });

  it('what cannot be written is named by the place that was meant', async () => {
    const { call } = await rig([]);
    const message = async (body: object): Promise<unknown> =>
      (await call<Record<string, unknown>>('POST', '/3336', body)).json['message'];
    expect(await message({ id: 3, resources: [{ id: 9, value: 1 }] })).toContain(
      "/3336/3/9 is not in the object's model",
    );
    expect(await message({ resources: [{ id: 9, value: 1 }] })).toContain("/3336/*/9 is not in the object's model");
    expect(await message({ id: 3, resources: [{ id: 5750, value: 1 }] })).toContain('/3336/3/5750: expected a string');
  });

  it('an instance of a resource is deleted', async () => {
    const { device, call } = await rig([]);
    const got: string[] = [];
    device.override = ({ method, path }) => {
      got.push(`${method} /${path.join('/')}`);
      return reply('2.02');
    };
    expect((await call('DELETE', '/3/0/7/1')).status).toBe(200);
    expect(got).toEqual(['0.04 /3/0/7/1']);
    expect((await call('DELETE', '/3/0/7')).status).toBe(405);
    expect((await call('DELETE', '/0/0/5/1')).status).toBe(403);
  });

  it('attributes of LwM2M 1.2 are set, and only as what they are', async () => {
    const { device, call } = await rig([]);
    const got: (readonly string[])[] = [];
    device.override = ({ query }) => {
      got.push(query);
      return reply('2.04');
    };
    expect((await call('PUT', '/3/0/9/attributes', { con: true, hqmax: 5, edge: 0, pmin: 1 })).status).toBe(200);
    expect((await call('PUT', '/3/0/9/attributes', { con: null, hqmax: null })).status).toBe(200);
    expect(got.map((query) => [...query].sort())).toEqual([
      ['con=1', 'edge=0', 'hqmax=5', 'pmin=1'],
      ['con', 'hqmax'],
    ]);
    for (const wrong of [{ con: 2 }, { hqmax: 0 }, { hqmax: 1.5 }, { edge: 'up' }, { dim: 3 }, {}]) {
      expect((await call('PUT', '/3/0/9/attributes', wrong)).status).toBe(400);
    }
    expect(got.length).toBe(2);
  });
});

describe('shapes of the API definition', () => {
  it('resources are under their ids, each with its name; the model is there when it is asked for', async () => {
    const { call } = await rig([], '11542');
    expect((await call('GET', '/3/0')).json).toMatchObject({
      id: 0,
      resources: { 0: { id: 0, name: 'Manufacturer', value: 'Akari' }, 9: { id: 9, name: 'Battery Level', value: 95 } },
    });
    expect((await call('GET', '/3/0/9?model=true')).json).toEqual({
      ...{ id: 9, name: 'Battery Level', value: 95 },
      ...{ type: 'INTEGER', operations: 'R', multiple: false, mandatory: false },
    });
    expect((await call('GET', '/3/0/9?model=yes')).status).toBe(400);
  });

  it('what was read of an instance can be written as it is', async () => {
    const { device, call } = await rig([], '11542');
    expect(
      (
        await call('PUT', '/3/0?mode=update', {
          id: 0,
          resources: { 14: { id: 14, name: 'UTC Offset', value: '+09:00' } },
        })
      ).status,
    ).toBe(202);
    expect(device.resources.get('/3/0/14')?.value).toBe('+09:00');
  });

  it('objects are an object, each there once; times are date-times', async () => {
    const { device, call } = await rig([]);
    await device.register(undefined, '</1/0>,</10>;ver=1.1,</10/0>,</3303/0>,</3303/1>,</3304>');
    const { json } = await call<Record<string, unknown>>('GET', '');
    expect(json['objects']).toEqual({
      1: { id: 1, instances: { 0: { id: 0 } } },
      10: { id: 10, version: '1.1', instances: { 0: { id: 0 } } },
      3303: { id: 3303, instances: { 0: { id: 0 }, 1: { id: 1 } } },
      3304: { id: 3304, instances: {} },
    });
    for (const name of ['createdTime', 'lastModifiedTime', 'lastRegistrationUpdate']) {
      expect(json[name]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });
});
